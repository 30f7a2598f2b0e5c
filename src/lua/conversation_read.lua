#!lua flags=allow-key-locking,no-writes
-- A conversation with one page of its messages: of the active path the newest, or those behind a cursor; or of all branches in
-- the order in which they came.
--
-- KEYS     as in base.lua
-- ARGV     6 limit
--          7 order: 'desc' (newest first), 'asc', or 'all': every branch, oldest first
--          8 after_score: place of the message behind which the page begins, or ''
--          9 after_member: its member, or ''
--          10 known_versions: that the client holds already, "born.revision born.revision", or ''
--          11 message: the id of the only message to read, with 'all', or ''
-- Returns  status: 'ok', or 'unchanged' where the client holds this version: then without messages
--          record
--          counters
--          state
--          change_sequence: twice
--          is_renewal_due: '1' where the expiry is to be renewed, or '0'
--          next_score: place of the message behind which the next page begins, or ''
--          next_member: its member, or ''
--          messages...: id, body, score, siblings, parent; score: its place; siblings: ids of all that follow the same
--            message, or '' where it is the only one; parent: its id, '/' for none; '' in a page of the path
-- Refuses  conversation_not_found
-- Billed   4: EVALSHA, HMGET, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT)
-- Touches  at most 501 messages, and where there are branches the places of those beside the path, with 'all' of all

local LIMIT, ORDER, AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local KNOWN_VERSIONS, MESSAGE = ARGV[10], ARGV[11]
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'is_renewal_due', 'next_score', 'next_member' }

-- Upstash sends at most 10 MB in one response. A page shown to a client is smaller than this.
local BYTES = 6000000

local row = redis.call('HMGET', META, ':user', ID, ID .. ':counters', ID .. ':state', ':settings', ID .. ':branches')
local user, counters = parse_user(row[1]), parse_counters(row[3])
if not counters or counters.revision == 0 then refuse('conversation_not_found') end
-- Without a state it is of an earlier release, or its last write found the database full: a version that nothing names.
local state_text = row[4] or '0 0 0 !'
local state = parse_state(state_text)

-- Expiry slides with reading too, but a read does not write: it is renewed after the response, which costs a request, and so
-- only where a twelfth of the TTL has passed.
load_user_settings(row[5])
local ttl = ttl_of(row[2] or '')
-- Where nothing expires, a twelfth is no time at all.
local slack = ttl < math.huge and math.max(math.min(DAY, ttl / 2), ttl / 12) or DAY
local is_due = is_misdated(counters.expires_at, ttl, slack) or user.expires_at < counters.expires_at

local change_seq = integer(user.change_seq)
local values = { status = 'ok', record = row[2] or '', counters = format_counters(counters), state = state_text,
  change_sequence = change_seq .. ' ' .. change_seq, is_renewal_due = flag(is_due), next_score = '', next_member = '' }
local version = ' ' .. integer(state.born) .. '.' .. integer(counters.revision) .. ' '
if state.mark == '-' and string.find(' ' .. KNOWN_VERSIONS .. ' ', version, 1, true) then
  values.status = 'unchanged'
  return reply_of(REPLY, values)
end

-- Member, place, member, place...: one more than the page needs. Messages may share a place, so the page
-- behind a cursor is read with all that share the cursor's, and those up to the cursor's member are dropped.
local function read_members()
  if AFTER_MEMBER == '' then
    return redis.call(ORDER == 'desc' and 'ZREVRANGE' or 'ZRANGE', MESSAGES, 0, LIMIT, 'WITHSCORES')
  end
  local wanted = LIMIT + 1 + redis.call('ZCOUNT', MESSAGES, AFTER_SCORE, AFTER_SCORE)
  local found
  if ORDER == 'desc' then
    found = redis.call('ZREVRANGEBYSCORE', MESSAGES, AFTER_SCORE, '-inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  else
    found = redis.call('ZRANGEBYSCORE', MESSAGES, AFTER_SCORE, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  end
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(AFTER_SCORE)
      and (found[i] == AFTER_MEMBER or is_before(found[i], AFTER_MEMBER) == (ORDER == 'asc'))
    if not passed and #members < 2 * (LIMIT + 1) then
      members[#members + 1] = found[i]
      members[#members + 1] = found[i + 1]
    end
  end
  return members
end

-- A conversation left by a stopped script has no branches.
local segments = state.mark == '-' and parse_branches(row[6] or '') or {}
local children = children_beside(segments)

-- The members of a page of all branches, and of each message its parent.
local function read_all()
  local path, parents, on_path = path_of(redis.call('ZRANGE', MESSAGES, 0, -1, 'WITHSCORES')), {}, {}
  local entries, members = {}, {}
  for i, entry in ipairs(path) do
    entries[i], parents[entry.id] = entry, i > 1 and path[i - 1].id or ''
    on_path[parents[entry.id]] = entry
  end
  for _, segment in ipairs(segments) do
    for i, entry in ipairs(segment) do
      entries[#entries + 1], parents[entry.id] = entry, i > 1 and segment[i - 1].id or segment.parent
    end
  end
  table.sort(entries, function(a, b) return is_before(a.member, b.member) end)
  for _, entry in ipairs(entries) do
    if #members < 2 * (LIMIT + 1) and (AFTER_MEMBER == '' or is_before(AFTER_MEMBER, entry.member))
      and (MESSAGE == '' or entry.id == MESSAGE) then
      members[#members + 1] = entry.member
      members[#members + 1] = integer(entry.score)
    end
  end
  return members, parents, on_path
end

-- The parents of a page of the path: what comes before each message.
local function parents_of(members)
  local parents, on_path = {}, {}
  local before = ORDER == 'asc' and AFTER_MEMBER ~= '' and id_of(AFTER_MEMBER) or ''
  for i = 1, #members, 2 do
    local id = id_of(members[i])
    local behind = members[i + 2] and id_of(members[i + 2]) or ''
    parents[id] = ORDER == 'asc' and before or behind
    on_path[parents[id]] = { id = id, member = members[i] }
    before = id
  end
  return parents, on_path
end

local members, parents, on_path, ids
if ORDER == 'all' then
  members, parents, on_path = read_all()
else
  members = read_members()
  parents, on_path = parents_of(members)
end
if not state.has_head and ORDER == 'desc' and AFTER_MEMBER == '' and members[1] then
  -- Of an earlier release: the head was not kept, but is here.
  state.head_score, state.head = tonumber(members[2]), members[1]
  values.state = format_numbers(state_names, state) .. ' ' .. state.mark
end
ids = {}
for i = 1, math.min(#members, 2 * LIMIT), 2 do ids[#ids + 1] = id_of(members[i]) end
local bodies = #ids > 0 and redis.call('HMGET', BODIES, unpack(ids)) or {}
local last, bytes, messages, count = #ids, 0, {}, 0
for i, id in ipairs(ids) do
  if is_body_of(members[2 * i - 1], bodies[i]) then
    bytes = bytes + #bodies[i]
    if count > 0 and bytes > BYTES then
      last = i - 1
      break
    end
    count = count + 1
    local parent = parents[id]
    local siblings = children[parent] and sibling_ids(children[parent], on_path[parent]) or ''
    if parent == '' then parent = ROOT end
    for _, value in ipairs({ id, bodies[i], integer(tonumber(members[2 * i])), siblings, ORDER == 'all' and parent or '' }) do
      messages[#messages + 1] = value
    end
  end
end
if last < #members / 2 then
  values.next_score, values.next_member = integer(tonumber(members[2 * last])), members[2 * last - 1]
end
return reply_of(REPLY, values, messages)
