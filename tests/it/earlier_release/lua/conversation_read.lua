#!lua flags=allow-key-locking,no-writes
-- A conversation with one page of its messages: the newest, or those behind a cursor.
--
-- KEYS     as in base.lua
-- ARGV     6 limit
--          7 order: 'desc' (newest first) or 'asc'
--          8 after_score: timestamp of the message behind which the page begins, or ''
--          9 after_member: its member, or ''
--          10 known_versions: that the client holds already, "born.revision born.revision", or ''
-- Returns  status: 'ok', or 'unchanged' where the client holds this version: then without messages
--          record
--          counters
--          state
--          change_sequence: twice
--          is_renewal_due: '1' where the expiry is to be renewed, or '0'
--          next_score: timestamp of the message behind which the next page begins, or ''
--          next_member: its member, or ''
--          messages...: id, body
-- Refuses  conversation_not_found
-- Billed   4: EVALSHA, HMGET, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT)
-- Touches  at most 101 messages and those that share the cursor's timestamp

local LIMIT, ORDER, AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local KNOWN_VERSIONS = ARGV[10]
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'is_renewal_due', 'next_score', 'next_member' }

-- Upstash sends at most 10 MB in one response. A page shown to a client is smaller than this.
local BYTES = 6000000

local row = redis.call('HMGET', META, ':user', ID, ID .. ':counters', ID .. ':state')
local user, counters = parse_user(row[1]), parse_counters(row[3])
if not counters or counters.revision == 0 then refuse('conversation_not_found') end
-- Without a state it is of an earlier release, or its last write found the database full: a version that nothing names.
local state_text = row[4] or '0 0 0 !'
local state = parse_state(state_text)

-- Expiry slides with reading too, but a read does not write: it is renewed after the response, which costs a request, and so
-- only where a twelfth of the TTL has passed.
local slack = math.max(math.min(DAY, TTL / 2), TTL / 12)
local is_due = counters.expires_at < NOW + TTL - slack or user.expires_at < counters.expires_at

local change_seq = integer(user.change_seq)
local values = { status = 'ok', record = row[2] or '', counters = format_counters(counters), state = state_text,
  change_sequence = change_seq .. ' ' .. change_seq, is_renewal_due = flag(is_due), next_score = '', next_member = '' }
local version = ' ' .. integer(state.born) .. '.' .. integer(counters.revision) .. ' '
if state.mark == '-' and string.find(' ' .. KNOWN_VERSIONS .. ' ', version, 1, true) then
  values.status = 'unchanged'
  return reply_of(REPLY, values)
end

-- Member, timestamp, member, timestamp...: one more than the page needs. Messages may share a timestamp, so the page
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

local members, ids = read_members(), {}
for i = 1, math.min(#members, 2 * LIMIT), 2 do ids[#ids + 1] = id_of(members[i]) end
local bodies = #ids > 0 and redis.call('HMGET', BODIES, unpack(ids)) or {}
local last, bytes, messages = #ids, 0, {}
for i, id in ipairs(ids) do
  if is_body_of(members[2 * i - 1], bodies[i]) then
    bytes = bytes + #bodies[i]
    if #messages > 0 and bytes > BYTES then
      last = i - 1
      break
    end
    messages[#messages + 1] = id
    messages[#messages + 1] = bodies[i]
  end
end
if last < #members / 2 then
  values.next_score, values.next_member = integer(tonumber(members[2 * last])), members[2 * last - 1]
end
return reply_of(REPLY, values, messages)
