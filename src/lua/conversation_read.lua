#!lua flags=allow-key-locking,no-writes
-- A conversation with one page of its messages: the newest, or those behind a cursor.
--
-- KEYS     as in base.lua
-- ARGV     6 limit  7 'desc' (newest first) or 'asc'  8, 9 timestamp and member behind which the page
--          begins, or ''  10 versions the client holds already, "born.revision born.revision", or ''
-- Returns  {'ok', record, counters, state, clock twice, '1' where a life is due to be renewed or '0',
--           timestamp and member behind which the next page begins or '' and '', id, body, id, body...}
--          {'unchanged', record, counters, state, clock twice, '1' or '0'}   where the client holds this version
--          {'conversation_not_found'}
-- Billed   4: EVALSHA, HMGET, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT)
-- Touches  at most 101 messages and those that share the cursor's timestamp

local LIMIT, ORDER, TIMESTAMP, MEMBER, KNOWN = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]

-- Upstash answers no more than 10 MB at once. Whoever asked shows less than this.
local BYTES = 6000000

local row = redis.call('HMGET', META, ':user', ID, ID .. ':counters', ID .. ':state')
local user, counters = parse_user(row[1]), parse_counters(row[3])
if not counters or counters.revision == 0 then refuse('conversation_not_found') end
-- Without a state it is of an earlier release, or its last write found the database full: a version that nothing names.
local state_text = row[4] or '0 0 0 !'
local state = parse_state(state_text)

-- Lives slide with reading too, but a read does not write: they are renewed after the answer, which costs a request, and so
-- only where a twelfth of a life has passed.
local slack = math.max(math.min(DAY, TTL / 2), TTL / 12)
local is_due = counters.life < NOW + TTL - slack or user.life < counters.life

local clock = integer(user.clock)
local reply = { 'ok', row[2] or '', format_counters(counters), state_text, clock .. ' ' .. clock,
  is_due and '1' or '0' }
local version = ' ' .. integer(state.born) .. '.' .. integer(counters.revision) .. ' '
if state.mark == '-' and string.find(' ' .. KNOWN .. ' ', version, 1, true) then
  reply[1] = 'unchanged'
  return reply
end

-- Member, timestamp, member, timestamp...: one more than the page needs. Messages may share a timestamp, so the page
-- behind a cursor is read with all that share the cursor's, and those up to the cursor's member are dropped.
local function read_members()
  if MEMBER == '' then
    return redis.call(ORDER == 'desc' and 'ZREVRANGE' or 'ZRANGE', MESSAGES, 0, LIMIT, 'WITHSCORES')
  end
  local wanted = LIMIT + 1 + redis.call('ZCOUNT', MESSAGES, TIMESTAMP, TIMESTAMP)
  local found
  if ORDER == 'desc' then
    found = redis.call('ZREVRANGEBYSCORE', MESSAGES, TIMESTAMP, '-inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  else
    found = redis.call('ZRANGEBYSCORE', MESSAGES, TIMESTAMP, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  end
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(TIMESTAMP)
      and (found[i] == MEMBER or is_before(found[i], MEMBER) == (ORDER == 'asc'))
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
local last, bytes, count = #ids, 0, 0
reply[7], reply[8] = '', ''
for i, id in ipairs(ids) do
  if is_body_of(members[2 * i - 1], bodies[i]) then
    bytes = bytes + #bodies[i]
    if count > 0 and bytes > BYTES then
      last = i - 1
      break
    end
    count = count + 1
    reply[#reply + 1] = id
    reply[#reply + 1] = bodies[i]
  end
end
if last < #members / 2 then reply[7], reply[8] = integer(tonumber(members[2 * last])), members[2 * last - 1] end
return reply
