#!lua flags=allow-key-locking
-- The user's statistics.
--
-- KEYS     1 to 3 as in the prelude
-- Returns  {conversations, messages, tokens, bytes, messages in the largest conversation,
--           lifetime conversations, messages, tokens, ';day messages tokens' of each active day}
-- Billed   3: EVALSHA, HGETALL, HSET

local row = redis.call('HGETALL', META)
local text
local records, alive = {}, {}
for i = 1, #row, 2 do
  local id = string.match(row[i], '^([^:]+):counters$')
  if row[i] == ':user' then
    text = row[i + 1]
  elseif id then
    alive[id] = parse_counters(row[i + 1])
  else
    records[row[i]] = #row[i + 1]
  end
end

local user = parse_user(text)

local conversations, messages, tokens, bytes, most = 0, 0, 0, 0, 0
for id, counters in pairs(alive) do
  conversations = conversations + 1
  messages = messages + counters.messages
  tokens = tokens + counters.tokens
  bytes = bytes + counters.bytes + (records[id] or 0)
  most = math.max(most, counters.messages)
end
return { integer(conversations), integer(messages), integer(tokens), integer(bytes), integer(most),
  integer(user.conversations), integer(user.messages), integer(user.tokens), user.activity }
