#!lua flags=allow-key-locking
-- Opens the user's session, or reads it: the plan's session hash and current conversation.
--
-- KEYS     1 to 3 as in the prelude, 4 current conversation, 5 session
-- ARGV     5 life of a session, ms
-- Returns  {created, last seen, current conversation or nil}
-- Billed   5: EVALSHA, HMGET, GET, HMGET, HSET, for a new user INCR instead of HSET; once a day 2 or 3 more, to let the session live on

local CURRENT, SESSION, LIFE = KEYS[4], KEYS[5], tonumber(ARGV[5])

local row = redis.call('HMGET', SESSION, 'createdAt', 'lastSeenAt')
local created, seen = row[1] or ARGV[1], row[2]

local current = redis.call('GET', CURRENT)
local _, _, counters = load_conversation(current or '')
if not counters then current = false end

if not seen or tonumber(seen) <= NOW - math.min(DAY, LIFE / 2) then
  seen = ARGV[1]
  redis.call('HSET', SESSION, 'createdAt', created, 'lastSeenAt', seen)
  redis.call('PEXPIREAT', SESSION, integer(NOW + LIFE))
  if current then redis.call('PEXPIREAT', CURRENT, integer(NOW + LIFE)) end
end
return { created, seen, current }
