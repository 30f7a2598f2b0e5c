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
-- Billed   6: EVALSHA, HMGET, HMGET, ZADD, HSET, HSET, ZADD = 7; the first append of a conversation
--          and of a day 2 or 4 more

local TITLE, FIRST, WIDTH = ARGV[5], 6, 5

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end

local ids = {}
for i = FIRST, #ARGV, WIDTH do ids[#ids + 1] = ARGV[i] end
local stored = redis.call('HMGET', BODIES, unpack(ids))

local fresh = {}
for i, id in ipairs(ids) do
  local at = FIRST + (i - 1) * WIDTH
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

local members, bodies, appended = {}, {}, {}
for _, at in ipairs(fresh) do
  local id, timestamp, tokens = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  counters.seq = counters.seq + 1
  local body = format_body(counters.seq, timestamp, tokens, ARGV[at + 3], ARGV[at + 4])
  members[#members + 1] = integer(timestamp)
  members[#members + 1] = member_of(counters.seq, id)
  bodies[#bodies + 1] = id
  bodies[#bodies + 1] = body
  counters.messages = counters.messages + 1
  counters.tokens = counters.tokens + tokens
  counters.bytes = counters.bytes + #body
  user.tokens = user.tokens + tokens
  appended[#appended + 1] = id
end
user.messages = user.messages + #fresh
if TITLE ~= '' and not has_member(record, '"title"') then
  record = '"title"' .. US .. TITLE .. RS .. record
end

touch(user, counters)
redis.call('ZADD', MESSAGES, unpack(members))
redis.call('HSET', BODIES, unpack(bodies))
commit(user, counters, record, user.clock)

local reply = summary('ok', user, counters, record)
for _, id in ipairs(appended) do reply[#reply + 1] = id end
return reply
