#!lua flags=allow-key-locking
-- Deletes a message, or it and all that follow it.
--
-- KEYS     as in the prelude
-- ARGV     5 message id  6 '1' to delete what follows too
-- Returns  {'ok' | 'unchanged', record, counters, clock, ids deleted...}
--          {'missing'}           no such conversation
--          {'no message'}        nor was there ever
--          {'stale', revision}
-- Billed   7: EVALSHA, HMGET, HMGET, ZREM, HSET, HSET, ZADD; with what follows 2 more (ZRANGEBYSCORE, HMGET); where
--          somebody listens 1 more (PUBLISH); and one more of HMGET, ZREM, HSET for each 3,000 messages

local MESSAGE, AND_AFTER = ARGV[5], ARGV[6] == '1'

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end
local body = redis.call('HMGET', BODIES, MESSAGE)[1]
if not body then return { 'no message' } end
local message = parse_body(body)
if not message.record then return summary('unchanged', user, counters, record) end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

local members = { member_of(message.seq, MESSAGE) }
local ids, stored = { MESSAGE }, { body }
if AND_AFTER then
  local from = redis.call('ZRANGEBYSCORE', MESSAGES, integer(message.timestamp), '+inf', 'WITHSCORES')
  local later = {}
  for i = 1, #from, 2 do
    -- Those that share the timestamp but were sent before stay.
    if is_before(members[1], from[i]) or tonumber(from[i + 1]) > message.timestamp then
      members[#members + 1] = from[i]
      later[#later + 1] = id_of(from[i])
    end
  end
  for i, other in ipairs(call_in_portions('HMGET', BODIES, later, 1)) do
    ids[#ids + 1] = later[i]
    stored[#stored + 1] = other
  end
end

local tombstones, bytes_before = {}, counters.bytes
for i, id in ipairs(ids) do
  local gone = parse_body(stored[i])
  tombstones[#tombstones + 1] = id
  tombstones[#tombstones + 1] = format_tombstone(gone)
  counters.tokens = math.max(0, counters.tokens - gone.tokens)
  counters.bytes = math.max(0, counters.bytes - #stored[i])
end
counters.messages = counters.messages - #ids

count_bytes(user, counters.bytes - bytes_before)
touch(user, counters)
call_in_portions('HSET', BODIES, tombstones, 2)
call_in_portions('ZREM', MESSAGES, members, 1)
commit('truncate', user, counters, record, user.clock)

local reply = summary('ok', user, counters, record)
for _, id in ipairs(ids) do reply[#reply + 1] = id end
return reply
