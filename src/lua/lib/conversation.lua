-- Shared by the scripts that change conversations, behind write.lua.
--
-- A conversation here is a table: id, record, counters (nil where there is none), state, writes (its log), deleted
-- (its deleted messages, see base.lua), branches (their text, see branches.lua), signature (what it is to be, see signature.lua;
-- nil where it stays what it is), before (counters and extra bytes as the
-- user's numbers have them), messages_key, bodies_key.

-- Deleted messages are remembered, so that a late repeat of their append does not bring them back; the oldest are
-- forgotten, many at once, so that this costs next to nothing.
local MOST_DELETED, KEPT_DELETED = 1000, 750
-- About what a deleted message takes up in bodies beside its id.
local TOMBSTONE_BYTES = 60

-- The fields of meta that a conversation is read from.
local CONVERSATION_FIELDS = 6
local function push_fields(fields, id)
  for _, suffix in ipairs({ '', ':counters', ':state', ':writes', ':deleted', ':branches' }) do
    fields[#fields + 1] = id .. suffix
  end
end

-- Of a conversation in which the search has nothing to look for yet.
local function new_state()
  return { born = 0, extra = 0, offset = 0, branched = 0, head_score = 0, head = '-', has_head = true, signature = 1, prepared = 0,
    mark = '-' }
end

-- Whether a counters field has no numbers.
local function is_blank(text)
  return text == '' or string.find(text, '^deleted') ~= nil
end

-- All of a conversation's fields but for that of the trash: to remove them.
local function push_all_fields(fields, id)
  push_fields(fields, id)
  fields[#fields + 1] = id .. ':signature'
end

-- What these fields hold, beginning at `at`.
local function read_conversation(id, row, at, messages_key, bodies_key)
  local counters, state = parse_counters(row[at + 1]), parse_state(row[at + 2])
  local c = { id = id, record = row[at] or '', old_record = row[at] or '', counters = counters,
    was_deleted = is_tombstone(row[at + 1]), counters_text = row[at + 1] or '', writes = row[at + 3] or '',
    deleted = row[at + 4] or '', branches = row[at + 5] or '', old_branches = row[at + 5] or '',
    messages_key = messages_key, bodies_key = bodies_key, is_known = state ~= nil, state = state or new_state() }
  if counters and not state then c.state.signature, c.state.is_earlier = 0, true end
  -- As in ETags: a conversation left by a stopped script has no version.
  c.born_there = c.state.mark == '-' and c.state.born or -1
  c.version = counters and c.state.mark == '-' and integer(c.state.born) .. '.' .. integer(counters.revision) or '!'
  -- One that has expired counts until it is purged.
  local counted = not is_blank(c.counters_text) and parse_numbers(counter_names, c.counters_text)
  c.before = { extra = c.state.extra, bytes = counted and counted.bytes or 0 }
  if counted then c.before.totals = { messages = counted.messages, tokens = counted.tokens } end
  return c
end

local function extra_bytes(c)
  local _, count = string.gsub(c.deleted, RS, '')
  return #c.record + #c.writes + 2 * #c.deleted + TOMBSTONE_BYTES * count + #c.branches
end

-- As an earlier release has it, where the head is not known.
local function format_state(c, mark)
  return format_numbers(c.state.has_head and state_names or PATHLESS_STATE_NAMES, c.state) .. ' ' .. mark
end

-- The active path. Reads the place of each of its messages: at most SETTINGS.max_messages.
local function read_path(c)
  return path_of(redis.call('ZRANGE', c.messages_key, 0, -1, 'WITHSCORES'))
end

local function set_head(c, entry)
  c.state.head_score, c.state.head = entry and entry.score or 0, entry and entry.member or '-'
  c.state.has_head = true
end

-- The last message of the path as an entry, or nil.
local function head_of(c)
  if c.state.head == '-' then return nil end
  return { id = id_of(c.state.head), member = c.state.head, score = c.state.head_score }
end

local function find_head(c)
  local rows = redis.call('ZREVRANGE', c.messages_key, 0, 0, 'WITHSCORES')
  set_head(c, path_of(rows)[1])
end

local function set_branches(c, segments)
  c.branches = format_branches(segments)
  c.state.branched = 0
  for _, segment in ipairs(segments) do c.state.branched = c.state.branched + #segment end
end

-- What is beside the path during a change of it: what will be, and what still is. A message that is on the path as well
-- counts as on it.
local function branches_meanwhile(c, segments)
  local places, all = index_segments(segments), {}
  for _, segment in ipairs(segments) do all[#all + 1] = segment end
  for _, segment in ipairs(parse_branches(c.old_branches)) do
    local parent = segment.parent
    for _, entry in ipairs(segment) do
      if not places[entry.id] then all[#all + 1] = { parent = parent, entry } end
      parent = entry.id
    end
  end
  return format_branches(all)
end

-- Takes what ZADD is to be called with from entries.
local function push_places(scores, entries)
  for _, entry in ipairs(entries) do
    scores[#scores + 1] = integer(entry.score)
    scores[#scores + 1] = entry.member
  end
end

-- What a path has become: entries that are new or have another place, and members that are not on it any more.
local function compare_paths(old_rows, path)
  local old, added, removed = {}, {}, {}
  for i = 1, #old_rows, 2 do
    local member = old_rows[i]
    old[member] = tonumber(old_rows[i + 1])
    local index = path.at[id_of(member)]
    if not index or path[index].member ~= member then removed[#removed + 1] = member end
  end
  for _, entry in ipairs(path) do
    if old[entry.member] ~= entry.score then added[#added + 1] = entry end
  end
  return added, removed
end

-- Members and bodies, of which those that do not belong together are purged; numbers as a count finds them. What is
-- both on the active path and beside it was left by a stopped change of branch, and is on it.
-- Touches the whole conversation: at most SETTINGS.max_messages messages.
local function heal(c)
  local counters = c.counters
  local path = read_path(c)
  local beside, ids, members = parse_branches(c.branches), {}, {}
  for _, entry in ipairs(path) do
    ids[#ids + 1], members[#members + 1] = entry.id, entry.member
  end
  beside = take_entries(beside, function(entry) return path.at[entry.id] ~= nil end)
  for _, segment in ipairs(beside) do
    for _, entry in ipairs(segment) do
      ids[#ids + 1], members[#members + 1] = entry.id, entry.member
    end
  end
  local bodies = call_in_portions('HMGET', c.bodies_key, ids, 1)
  local messages, bytes, tokens, seq, is_there, stray = 0, 0, 0, 0, {}, {}
  for i, member in ipairs(members) do
    seq = math.max(seq, seq_of(member))
    if is_body_of(member, bodies[i]) then
      is_there[ids[i]] = true
      bytes, tokens = bytes + #bodies[i], tokens + parse_body(bodies[i]).tokens
      if i <= #path then messages = messages + 1 end
    elseif i <= #path then
      stray[#stray + 1] = member
    end
  end
  if #stray > 0 then call_in_portions('ZREM', c.messages_key, stray, 1) end
  local function is_gone(entry) return not is_there[entry.id] end
  path = remove_from_path(path, beside, is_gone)
  beside = remove_entries(beside, is_gone)
  local places = index_segments(beside)
  for _, segment in ipairs(beside) do
    if not (path.at[segment.parent] or places[segment.parent]) then segment.parent = '' end
  end
  -- Where messages are missing, the difference is theirs.
  if not c.is_known and messages == counters.messages then c.state.offset = counters.tokens - tokens end
  c.is_healed = c.state.mark == '!' or messages ~= counters.messages
  -- A stopped deletion may not have come to all that it noted as deleted.
  c.deleted = string.gsub(c.deleted, '(%S+) %d+\30', function(id) return is_there[id] and '' or nil end)
  -- Keys that came into being before the stop have no expiry yet.
  if c.is_healed then counters.expires_at = 0 end
  -- Nothing tells what of it the signature has.
  signature.drop(c)
  counters.messages, counters.bytes = messages, bytes
  counters.tokens = math.max(0, tokens + c.state.offset)
  counters.seq = math.max(counters.seq, seq)
  set_head(c, path[#path])
  set_branches(c, beside)
end

-- Makes a conversation fit to be changed: one that a stopped script left is recounted, and so is one of an earlier
-- release, once. What a stopped creation or an expired conversation of this id has left is purged.
local function prepare(c)
  if c.state.mark == '>' and c.counters then refuse('claim_unfinished') end
  if c.counters then
    -- What an earlier release wrote into a conversation with branches counts the active path only.
    if not c.is_known or c.state.mark == '!' or (not c.state.has_head and c.branches ~= '') then
      heal(c)
    elseif not c.state.has_head then
      find_head(c)
    end
    if c.state.born == 0 then c.state.born = CALLER.change_seq end
  else
    if c.counters_text ~= '' or c.is_known then redis.call('UNLINK', c.messages_key, c.bodies_key) end
    c.state, c.deleted, c.branches, c.record = new_state(), '', '', ''
    c.state.extra = c.before.extra
  end
end

-- The conversation that the call is about, and where they are asked for further fields of meta. Returns it, the user,
-- the outcome of this request where it is remembered, and these fields.
local function load(...)
  local fields = { ':user', ':account', ':settings' }
  push_fields(fields, ID)
  for _, field in ipairs({ ... }) do fields[#fields + 1] = field end
  local row = redis.call('HMGET', META, unpack(fields))
  load_user_settings(row[3])
  local c = read_conversation(ID, row, 4, MESSAGES, BODIES)
  local outcome, replaced = parse_caller(row[1], row[2], c.writes)
  c.record_then = replaced or c.record
  return c, CALLER, outcome, unpack(row, 4 + CONVERSATION_FIELDS, #fields)
end

-- One change of one conversation: a new revision, dated by the change sequence.
local function touch(user, c)
  local counters = c.counters
  counters.updated = tick(user)
  counters.revision = counters.revision + 1
  if c.state.born == 0 then c.state.born = user.change_seq end
end

local function put_in_list(user, c, score)
  redis.call('ZADD', CONVERSATIONS, integer(sessions.score(c.record, score)), c.id)
  local user_due
  c.is_due, user_due = slide(user, c.counters, c.record)
  if user_due then expire_user(user) end
end

-- Marks the conversation before its messages are touched, with these fields of meta besides; `score` is its place in
-- the list.
local function begin(user, c, score, fields)
  redis.call('HSET', META, ':user', format_untouched(user), c.id .. ':state', format_state(c, '!'),
    unpack(fields or {}))
  put_in_list(user, c, score)
end

-- What a conversation's write is remembered by: see `replay`. The last word is the head's member behind a sign that no other word
-- begins with; earlier releases neither write nor read it.
local HEAD_SIGN = '@'
local function outcome_of(status, user, c, extra)
  local counters = c.counters
  return table.concat({ status, integer(counters.revision), integer(counters.messages), integer(counters.tokens),
    integer(counters.updated), integer(c.state.born), change_sequence(user), extra or '', HEAD_SIGN .. c.state.head }, ' ')
end

-- Brings the user's numbers up to what the conversation has become, and returns its fields of meta.
local function conversation_fields(user, c)
  c.state.extra = extra_bytes(c)
  signature.ask(user, c)
  local counters = c.counters
  count_bytes(user, counters.bytes - c.before.bytes + c.state.extra - c.before.extra)
  count_totals(c.before.totals, counters)
  local fields = { c.id, c.record, c.id .. ':counters', format_counters(counters), c.id .. ':state', format_state(c, '-'),
    c.id .. ':writes', c.writes, c.id .. ':deleted', c.deleted }
  if c.branches ~= '' or c.old_branches ~= '' then
    fields[#fields + 1] = c.id .. ':branches'
    fields[#fields + 1] = c.branches
  end
  if c.signature then
    fields[#fields + 1] = c.id .. ':signature'
    fields[#fields + 1] = c.signature
  end
  return fields
end

-- The reply of every write that left a conversation in place, by name.
local function written(status, user, c)
  return { status = status, record = c.record, counters = format_counters(c.counters), state = format_state(c, '-'),
    change_sequence = change_sequence(user) }
end

-- The metadata that a change replaces, for repeats of what came before: the title alone where it is long. Not that of a
-- session, whose summary changes with every append: repeats are told the present one.
local MOST_REPLACED = 1024
local function replaced_record(c)
  if c.before.totals == nil or c.record == c.old_record or sessions.has(c.record) then return nil end
  if #c.old_record <= MOST_REPLACED then return c.old_record end
  local title = string.match(RS .. c.old_record, '\30("title"\31[^\30]*\30)') or ''
  return #title <= MOST_REPLACED and title or nil
end

-- Writes a changed conversation's numbers and publishes a notice. `extra` goes into the outcome, `messages` into the notice.
-- Anything after the last write may be lost without harm.
local function commit(kind, user, c, status, extra, messages)
  if c.is_due then expire_conversation(c.counters, c.messages_key, c.bodies_key) end
  c.writes = remember(c.writes, outcome_of(status, user, c, extra), replaced_record(c))
  local fields = usage.push_fields(conversation_fields(user, c))
  redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user), unpack(fields))
  -- Devices do not have sessions, and the next notice of something else has them sync.
  if not sessions.has(c.record) then notify(kind, user, c.counters, messages) end
  return written(status, user, c)
end

-- For a request that changes nothing: remembers that, and writes what healing has found.
local function commit_unchanged(user, c, extra)
  if c.is_healed then
    touch(user, c)
    begin(user, c, user.change_seq)
    return commit('heal', user, c, 'ok', extra)
  end
  c.writes = remember(c.writes, outcome_of('unchanged', user, c, extra))
  local fields = conversation_fields(user, c)
  redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user), unpack(fields))
  return written('unchanged', user, c)
end

-- What this request was replied the first time, by name, and the word that it left besides. Of a conversation deleted since
-- no metadata is left to show.
local function replay(c, outcome)
  local status, revision, messages, tokens, updated, born, before, after, extra = unpack(outcome)
  local head = string.match(outcome[#outcome], '^' .. HEAD_SIGN .. '(.*)$')
  -- The first reply, which may have been lost, has told of it.
  if c.counters and c.state.mark == '-' then signature.ask(CALLER, c, true) end
  if extra == outcome[#outcome] and head then extra = '' end
  local counters = c.counters or { created = tonumber(updated), expires_at = NOW }
  local text = table.concat({ revision, messages, tokens, '0', '0', integer(counters.created), updated,
    integer(counters.expires_at) }, ' ')
  return { status = status, record = c.counters and c.record_then or '', counters = text, state = born .. ' 0 0 ' .. (head and '0 0 ' .. head .. ' ' or '') .. '-',
    change_sequence = before .. ' ' .. after }, extra or ''
end

-- Deleted messages: a list of ids in the order of deletion, and the revision of each.
local function parse_deleted(text)
  local list, revisions = {}, {}
  for id, revision in string.gmatch(text, '(%S+) (%d+)\30') do
    list[#list + 1] = id
    revisions[id] = revision
  end
  return list, revisions
end

-- Adds ids deleted by this revision ('0' where a save has left them out), and drops those that are there again. Returns the
-- ids to be forgotten permanently.
local function note_deleted(c, gone, back, revision)
  if #gone == 0 and (c.deleted == '' or #back == 0) then return {} end
  local list, revisions = parse_deleted(c.deleted)
  for _, id in ipairs(back) do revisions[id] = nil end
  local kept = {}
  for _, id in ipairs(list) do
    if revisions[id] then kept[#kept + 1] = id end
  end
  for _, id in ipairs(gone) do
    if not revisions[id] then kept[#kept + 1] = id end
    revisions[id] = revision
  end
  local first = #kept > MOST_DELETED and #kept - KEPT_DELETED + 1 or 1
  local forgotten, entries = {}, {}
  for i, id in ipairs(kept) do
    if i < first then
      forgotten[#forgotten + 1] = id
    else
      entries[#entries + 1] = id .. ' ' .. revisions[id] .. RS
    end
  end
  c.deleted = table.concat(entries)
  return forgotten
end

-- What stays of a deleted message, so that a late repeat of its append is recognised.
local function format_tombstone(message)
  return table.concat({ integer(message.seq), integer(message.timestamp), integer(message.tokens),
    message.digest }, ' ')
end

local function format_body(seq, timestamp, tokens, digest, record)
  return table.concat({ integer(seq), integer(timestamp), integer(tokens), digest }, ' ') .. RS .. record
end

-- The messages in ARGV from `first` to `last`. parent: the id of the message that it follows, ROOT where it begins the
-- conversation, or '' where it follows the one before it.
local MESSAGE_WIDTH = 6
local function read_messages(first, last)
  local messages = {}
  for at = first, last, MESSAGE_WIDTH do
    local id, timestamp, tokens, digest, record, parent = unpack(ARGV, at, at + MESSAGE_WIDTH - 1)
    messages[#messages + 1] = { id = id, timestamp = tonumber(timestamp), tokens = tonumber(tokens), digest = digest,
      record = record, parent = parent }
  end
  return messages
end

-- Gives messages the numbers that a client has told of all of them, separated by commas; '' where it has not.
local function take_numbers(messages, numbers)
  local at = 0
  for number in string.gmatch(numbers, '%d+') do
    at = at + 1
    messages[at].number = tonumber(number)
  end
end

-- Numbers a message, counts it, and adds its body to what HSET is to be called with. Returns its entry, see
-- branches.lua. `seq`: to keep, where it had one.
local function add_message(counters, message, bodies, seq)
  if not seq then
    counters.seq = counters.seq + 1
    seq = counters.seq
  end
  counters.seq = math.max(counters.seq, seq)
  local body = format_body(seq, message.timestamp, message.tokens, message.digest, message.record)
  bodies[#bodies + 1] = message.id
  bodies[#bodies + 1] = body
  counters.tokens = math.min(LARGEST, counters.tokens + message.tokens)
  counters.bytes = counters.bytes + #body
  return { id = message.id, member = member_of(seq, message.id), score = message.timestamp }
end

-- The record with the patch's members replaced or added; a null removes.
local function merge(record, patch)
  local values, names, result = {}, {}, {}
  for name, value in string.gmatch(patch, '([^\31]*)\31([^\30]*)\30') do
    values[name] = value
    names[#names + 1] = name
  end
  for name, value in string.gmatch(record, '([^\31]*)\31([^\30]*)\30') do
    local new = values[name] or value
    if values[name] == nil or new ~= 'null' then result[#result + 1] = name .. US .. new .. RS end
    values[name] = nil
  end
  for _, name in ipairs(names) do
    local value = values[name]
    if value and value ~= 'null' then result[#result + 1] = name .. US .. value .. RS end
  end
  return table.concat(result)
end

local function has_member(record, name)
  return string.find(RS .. record, RS .. name .. US, 1, true) ~= nil
end
