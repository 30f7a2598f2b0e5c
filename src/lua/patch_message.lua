#!lua flags=allow-key-locking
-- Changes members of one message.
--
-- KEYS     as in the prelude
-- ARGV     5 message id  6 record of the members to change; a null removes
--          7 tokens, or '' as they are  8 timestamp, or '' as it is
-- Returns  {'ok' | 'unchanged', record, counters, clock, body}
--          {'missing'}           no such conversation
--          {'no message'}
--          {'stale', revision}
--          {'bytes quota'}
-- Billed   6: EVALSHA, HMGET, HMGET, HSET, HSET, ZADD; where somebody listens 1 more (PUBLISH); a changed timestamp 1
--          more

local MESSAGE, PATCH, TOKENS, TIMESTAMP = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end
local body = redis.call('HMGET', BODIES, MESSAGE)[1]
local message = body and parse_body(body)
if not message or not message.record then return { 'no message' } end

local tokens = TOKENS ~= '' and tonumber(TOKENS) or message.tokens
local timestamp = TIMESTAMP ~= '' and tonumber(TIMESTAMP) or message.timestamp
local changed = format_body(message.seq, timestamp, tokens, message.digest, merge(message.record, PATCH))
if changed == body then
  local reply = summary('unchanged', user, counters, record)
  reply[5] = body
  return reply
end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

local refusal = count_bytes(user, #changed - #body)
if refusal then return { refusal } end
touch(user, counters)
counters.tokens = math.max(0, counters.tokens + tokens - message.tokens)
counters.bytes = counters.bytes + #changed - #body
user.tokens = user.tokens + math.max(0, tokens - message.tokens)
redis.call('HSET', BODIES, MESSAGE, changed)
if timestamp ~= message.timestamp then
  redis.call('ZADD', MESSAGES, integer(timestamp), member_of(message.seq, MESSAGE))
end
commit('edit', user, counters, record, user.clock, notice_of(MESSAGE, changed))

local reply = summary('ok', user, counters, record)
reply[5] = changed
return reply
