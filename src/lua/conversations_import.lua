#!lua flags=allow-key-locking
-- Imports conversations: new ones whole, and into those already there just the messages they lack: each behind the one before
-- it as far as its time allows, or behind its parent; no import changes which branch is the active one. One that follows a source
-- elsewhere, and that nobody has changed here since it was imported, becomes what its source is now.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6 conversations...: id, record, created, updated, total_tokens, digest, score, head, follows, numbers, is_followed,
--            signature, message_count, messages...;
--            the one changed last comes last; updated, total_tokens, score (its place in the list), head (the message that its
--            path ends with), follows (the message that the first one follows) and numbers (of the messages, where they branch, by the order
--            in which they came, separated by commas) may be ''; per message: id, timestamp, tokens,
--            digest, record, parent
--            signature: of the title and these messages, see signature.lua
--            is_followed: '1' where the conversation follows a source elsewhere, else '0'
-- Returns  change_sequence: after the import
--          outcomes...: one for each conversation: 'imported', 'merged', 'unchanged', or the error code that says why it was
--            not imported: conversation_deleted, claim_unfinished, or the quota that it does not fit
-- Billed   5 (EVALSHA, HMGET, HSET, HSET, ZADD), where somebody listens 1 more (PUBLISH), 3 more where any is new (ZCARD,
--          PEXPIREAT, PEXPIREAT), and per conversation 4 where it is new (ZADD, HSET, PEXPIREAT, PEXPIREAT), 0 where it was
--          imported before, 4 where it has changed since (HMGET, ZRANGE, ZADD, HSET), 5 where its source has switched branches (ZREM); one more of each for each 3,000 messages.
--          Where there is nothing to do 3 (EVALSHA, HMGET, HSET)
-- Touches  what was sent, the metadata of as many conversations, and of those that it adds to the places of all messages; one that
--          a stopped script left is counted anew

local FIRST_CONVERSATION, WIDTH = 6, 13
local REPLY = { 'change_sequence' }
-- As the log has them, a letter for each conversation.
local LETTERS = {
  imported = 'i', merged = 'm', unchanged = 'u', conversation_deleted = 'd', claim_unfinished = 'w',
  too_many_conversations_kept = 'c', conversation_too_long = 'l', too_much_text_kept = 'b',
}

-- Reads the arguments into a list of conversations.
local function read_conversations()
  local list, at = {}, FIRST_CONVERSATION
  while at <= #ARGV do
    local index = #list
    local id, record, created, updated, total_tokens, digest, score, head, follows, numbers, is_followed, words, count =
      unpack(ARGV, at, at + WIDTH - 1)
    local behind = at + WIDTH + MESSAGE_WIDTH * tonumber(count)
    list[index + 1] = {
      id = id, record = record, created = tonumber(created), updated = updated, total_tokens = total_tokens,
      digest = digest, score = tonumber(score), head = head, follows = follows, is_followed = is_followed == '1', words = words, messages = read_messages(at + WIDTH, behind - 1),
      messages_key = KEYS[4 + 2 * index], bodies_key = KEYS[5 + 2 * index],
    }
    take_numbers(list[index + 1].messages, numbers)
    at = behind
  end
  return list
end

-- The messages to store, and with `is_update` those that are there and have changed, with what is there of them as `known`.
local function missing_messages(sent, is_new, is_update)
  if is_new then return sent.messages, {} end
  local ids = {}
  for i, message in ipairs(sent.messages) do ids[i] = message.id end
  -- A message deleted here stays deleted, one edited here stays as it was edited.
  local bodies, missing, changed = call_in_portions('HMGET', sent.bodies_key, ids, 1), {}, {}
  for i, message in ipairs(sent.messages) do
    if not bodies[i] then
      missing[#missing + 1] = message
    elseif is_update then
      message.known = parse_body(bodies[i])
      if message.known.record and message.known.digest ~= message.digest then changed[#changed + 1] = message end
    end
  end
  return missing, changed
end

-- Whether the conversation is as its last import has left it, or a stopped one is leaving it, and what is sent is no older.
local function follows_source(sent, c)
  local counters = c.counters
  return sent.is_followed and counters.saved_revision == counters.revision
    and (tonumber(sent.updated) or 0) >= counters.updated
end

local user, room
local bytes_to_come = 0

-- The error code of the quota that the messages do not fit.
local function quota(c, messages, growth)
  local counters = c.counters or { messages = 0 }
  if counters.messages + c.state.branched + #messages > SETTINGS.max_messages then return 'conversation_too_long' end
  for _, message in ipairs(messages) do growth = growth + #message.record end
  if user.bytes + bytes_to_come + growth > SETTINGS.max_bytes then return 'too_much_text_kept' end
  bytes_to_come = bytes_to_come + growth
end

-- Decides about one conversation: its outcome, and what to write, if anything. `c` is what is there.
local function decide(sent, c)
  if c.was_deleted then return 'conversation_deleted' end
  if not c.counters then
    room = room or SETTINGS.max_conversations - redis.call('ZCARD', CONVERSATIONS)
    if room <= 0 then return 'too_many_conversations_kept' end
    local messages = missing_messages(sent, true)
    local refused = quota(c, messages, #sent.record)
    if refused then return refused end
    room = room - 1
    return 'imported', { c = c, sent = sent, messages = messages, is_new = true }
  end
  if c.counters.saved == sent.digest and c.state.mark == '-' then return 'unchanged' end
  if c.state.mark == '>' then return 'claim_unfinished' end
  local is_update = follows_source(sent, c)
  local messages, changed = missing_messages(sent, false, is_update)
  local head, growth = head_of(c), 0
  local is_other = is_update and (#changed > 0 or sent.record ~= c.record or sent.head ~= '' and not (head and head.id == sent.head))
  if #messages == 0 and c.state.mark == '-' and not is_other then return 'unchanged' end
  for _, message in ipairs(changed) do growth = growth + math.max(0, #message.record - #message.known.record) end
  local refused = quota(c, messages, growth)
  if refused then return refused end
  return 'merged', { c = c, sent = sent, messages = messages, changed = changed, is_update = is_update }
end

-- Numbers a message as it was sent, where all of them come or are put back as they were: so those that follow the same one keep their order.
local function add_numbered(change, message)
  -- A portion of a source elsewhere is not all that there is.
  local is_all = change.is_new or change.restores and not change.sent.is_followed
  return add_message(change.c.counters, message, change.bodies, is_all and message.number or nil)
end

-- Puts the messages of a new conversation on its path, or beside it: first come those of the path.
local function lay_out(change, segments)
  local path, places = { at = {} }, {}
  for _, message in ipairs(change.messages) do
    local entry, parent = add_numbered(change, message), message.parent
    local last = path[#path]
    local follows_last = parent == (last and last.id or ROOT) and not (last and last.id == change.sent.head)
    local is_known = parent == ROOT or path.at[parent] or places[parent]
    -- A parent that is not there is as good as none.
    if follows_last or not is_known then
      push_entry(path, entry)
    else
      push_beside(segments, places, entry, parent == ROOT and '' or parent)
    end
  end
  push_places(change.scores, path)
  change.c.counters.messages = #path
  return path[#path], segments
end

-- Puts messages among those that are there.
local function fit_in(change, segments)
  local c, sent, is_missing = change.c, change.sent, {}
  for _, message in ipairs(change.messages) do is_missing[message] = true end
  local path = read_path(c)
  segments = take_entries(segments, function(entry) return path.at[entry.id] ~= nil end)
  local places, head, added = index_segments(segments), path[#path], {}
  local before = path[path.at[sent.follows] or 0]
  local function add_to_path(entry, behind)
    entry.score = place_behind(behind, entry)
    added[#added + 1], added[entry.id], before = entry, entry, entry
    if not head or entry.score > head.score or (entry.score == head.score and is_before(head.member, entry.member)) then
      head = entry
    end
  end
  for _, message in ipairs(sent.messages) do
    local parent = message.parent
    local is_on_path = parent == ROOT or path.at[parent] or added[parent]
    if not is_missing[message] then
      before = path[path.at[message.id] or 0] or before
    else
      local entry = add_numbered(change, message)
      if parent == '' or not (is_on_path or places[parent]) then
        -- A parent that is not there is as good as none.
        add_to_path(entry, before)
      elseif parent == (head and head.id or ROOT) and parent ~= sent.head then
        add_to_path(entry, head)
      else
        push_beside(segments, places, entry, parent == ROOT and '' or parent)
      end
    end
  end
  push_places(change.scores, added)
  c.counters.messages = c.counters.messages + #added
  return head, segments
end

-- Makes of the conversation what its source is: its messages, and which branch is the active one.
local function update(change, segments)
  local c, sent, is_missing = change.c, change.sent, {}
  for _, message in ipairs(change.changed) do
    local known, seq = message.known, message.known.seq
    c.counters.tokens, c.counters.bytes = c.counters.tokens - known.tokens, c.counters.bytes - #format_body(seq, known.timestamp, known.tokens, known.digest, known.record)
    add_message(c.counters, message, change.bodies, seq)
  end
  for _, message in ipairs(change.messages) do is_missing[message] = true end
  local rows = redis.call('ZRANGE', c.messages_key, 0, -1, 'WITHSCORES')
  local path = path_of(rows)
  segments = take_entries(segments, function(entry) return path.at[entry.id] ~= nil end)
  local places, before, head = index_segments(segments), sent.follows, path[#path]
  for _, message in ipairs(sent.messages) do
    if is_missing[message] then
      local parent = message.parent == '' and before or message.parent
      local is_known = path.at[parent] or places[parent]
      -- A parent that is not there is as good as none: it comes behind what is.
      if parent ~= ROOT and not is_known then parent = head and head.id or ROOT end
      push_beside(segments, places, add_numbered(change, message), parent == ROOT and '' or parent)
    end
    before = message.id
  end
  local last = sent.head ~= '' and sent.head or before
  if path.at[last] or places[last] then move_head(path, segments, last) end
  change.added, change.removed = compare_paths(rows, path)
  push_places(change.scores, change.added)
  c.counters.messages = #path
  c.record = sent.record
  return path[#path], segments
end

-- Numbers the messages and works out what is to be written. Importing an export of a conversation that was not changed
-- since its import, in one line or several, restores it to what it was.
local function number(change)
  local c, sent = change.c, change.sent
  prepare(c)
  if change.is_new then
    c.record = sent.record
    c.counters = { revision = 0, messages = 0, tokens = 0, bytes = 0, seq = 0, expires_at = 0, created = sent.created,
      saved = sent.digest, saved_revision = 1 }
    user.conversations = user.conversations + 1
  end
  local counters = c.counters
  change.restores = change.is_new or change.is_update or (sent.score and counters.saved_revision == counters.revision)
  -- Keys that come into being with these messages have no expiry yet.
  if counters.messages == 0 then counters.expires_at = 0 end
  change.scores, change.bodies = {}, {}
  if #change.messages > 0 or change.is_update then
    local arrange = change.is_new and lay_out or change.is_update and update or fit_in
    local head, segments = arrange(change, parse_branches(c.branches))
    set_head(c, head)
    set_branches(c, segments)
  end
  signature.add(c, sent.stored_words, sent.words, change.is_new or change.is_update)
  for _, message in ipairs(change.messages) do usage.count_new(user, message) end
  if change.restores and sent.total_tokens ~= '' then
    c.state.offset = c.state.offset + tonumber(sent.total_tokens) - counters.tokens
    counters.tokens = tonumber(sent.total_tokens)
  end
  touch(user, c)
  change.score = change.restores and place_in_list(user, counters, sent.updated) or user.change_seq
  if change.restores and sent.score and sent.score < user.change_seq then
    -- Back to its place in the list at the time of the export, which no sync cursor passes either.
    change.score = sent.score
    user.floor = user.change_seq
  end
  if change.restores then counters.saved, counters.saved_revision = sent.digest, counters.revision end
end

-- The outcomes that these letters stand for.
local function outcomes_of(letters)
  local names, outcomes = {}, {}
  for name, letter in pairs(LETTERS) do names[letter] = name end
  for letter in string.gmatch(letters, '.') do outcomes[#outcomes + 1] = names[letter] end
  return outcomes
end

local list = read_conversations()
local wanted = { ':user', ':account', ':writes', ':settings', ':models' }
for _, sent in ipairs(list) do push_all_fields(wanted, sent.id) end
local rows = call_in_portions('HMGET', META, wanted, 1)
local log = rows[3] or ''
load_user_settings(rows[4])
usage.load_models(rows[5])
local known = parse_caller(rows[1], rows[2], log)
if known then return reply_of(REPLY, { change_sequence = known[1] }, outcomes_of(known[2] or '')) end

user = CALLER
local outcomes, letters, changes = {}, {}, {}
for i, sent in ipairs(list) do
  local at = 6 + (CONVERSATION_FIELDS + 1) * (i - 1)
  local c = read_conversation(sent.id, rows, at, sent.messages_key, sent.bodies_key)
  sent.stored_words = rows[at + CONVERSATION_FIELDS]
  outcomes[i], changes[#changes + 1] = decide(sent, c)
  letters[i] = LETTERS[outcomes[i]]
end
letters = table.concat(letters)

if #changes > 0 then
  for _, change in ipairs(changes) do number(change) end
  local marks, places = { ':user', format_untouched(user) }, {}
  for _, change in ipairs(changes) do
    marks[#marks + 1] = change.c.id .. ':state'
    marks[#marks + 1] = format_state(change.c, '!')
    if change.removed and #change.removed > 0 then
      marks[#marks + 1] = change.c.id .. ':branches'
      marks[#marks + 1] = branches_meanwhile(change.c, parse_branches(change.c.branches))
    end
    places[#places + 1] = integer(sessions.score(change.c.record, change.score))
    places[#places + 1] = change.c.id
  end
  call_in_portions('HSET', META, marks, 2)
  call_in_portions('ZADD', CONVERSATIONS, places, 2)
  for _, change in ipairs(changes) do change.is_due = slide(user, change.c.counters, change.c.record) end
  expire_user(user)
end
local fields = {}
for _, change in ipairs(changes) do
  local c = change.c
  call_in_portions('ZREM', c.messages_key, change.removed or {}, 1)
  call_in_portions('ZADD', c.messages_key, change.scores, 2)
  call_in_portions('HSET', c.bodies_key, change.bodies, 2)
  if change.is_due then expire_conversation(c.counters, c.messages_key, c.bodies_key) end
  for _, value in ipairs(conversation_fields(user, c)) do fields[#fields + 1] = value end
end
-- Last, so that a repeat is never told of something that was not written.
local kept = remember(log, integer(user.change_seq) .. ' ' .. letters)
count_bytes(user, #kept - #log)
fields[#fields + 1] = ':writes'
fields[#fields + 1] = kept
fields[#fields + 1] = ':user'
fields[#fields + 1] = format_user(user)
fields[#fields + 1] = ':account'
fields[#fields + 1] = format_account(user)
usage.push_fields(fields)
call_in_portions('HSET', META, fields, 2)
if #changes > 0 then notify('import', user) end
return reply_of(REPLY, { change_sequence = integer(user.change_seq) }, outcomes)
