#!lua flags=allow-key-locking
-- Appends messages to a conversation.
--
-- KEYS     as in the prelude
-- ARGV     5 title to take where the conversation has none yet, or ''
--          6... per message: id, timestamp, tokens, digest, record
-- Returns  {'ok' | 'unchanged', record, counters, clock, ids appended...}
--          {'missing'}             no such conversation
--          {'conflict', id}        another message has this id
--          {'message removed', id} this very message was deleted
--          {'stale', revision}
--          {'messages quota'}, {'bytes quota'}
-- Billed   7: EVALSHA, HMGET, HMGET, ZADD, HSET, HSET, ZADD; where somebody listens 1 more (PUBLISH); the first
--          append of a conversation, and of a day, 2 or 4 more

local TITLE, FIRST = ARGV[5], 6

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end

local ids = {}
for i = FIRST, #ARGV, MESSAGE_WIDTH do ids[#ids + 1] = ARGV[i] end
local stored = redis.call('HMGET', BODIES, unpack(ids))

local fresh = {}
for i, id in ipairs(ids) do
  local at = FIRST + (i - 1) * MESSAGE_WIDTH
  local known = stored[i] and parse_body(stored[i])
  if not known then
    fresh[#fresh + 1] = at
  elseif known.digest == ARGV[at + 3] then
    if not known.record then return { 'message removed', id } end
  elseif known.record then
    return { 'conflict', id }
  else
    fresh[#fresh + 1] = at
  end
end
if #fresh == 0 then return summary('unchanged', user, counters, record) end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

-- Keys that come into being with this append have no expiry yet.
if counters.messages == 0 then counters.life = 0 end

local scores, bodies, appended = {}, {}, {}
local tokens_before, bytes_before = counters.tokens, counters.bytes
for i, at in ipairs(fresh) do
  add_message(counters, at, scores, bodies)
  appended[i] = ARGV[at]
end
if counters.messages > SETTINGS.max_messages then return { 'messages quota' } end
local refusal = count_bytes(user, counters.bytes - bytes_before)
if refusal then return { refusal } end
user.messages = user.messages + #fresh
user.tokens = user.tokens + counters.tokens - tokens_before
if TITLE ~= '' and not has_member(record, '"title"') then
  record = '"title"' .. US .. TITLE .. RS .. record
end

touch(user, counters)
redis.call('ZADD', MESSAGES, unpack(scores))
redis.call('HSET', BODIES, unpack(bodies))
local notices = {}
for i = 1, #bodies, 2 do notices[#notices + 1] = notice_of(bodies[i], bodies[i + 1]) end
commit('append', user, counters, record, user.clock, table.concat(notices))

local reply = summary('ok', user, counters, record)
for _, id in ipairs(appended) do reply[#reply + 1] = id end
return reply
