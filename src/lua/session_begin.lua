#!lua flags=allow-key-locking
-- Begins the session of a new user, or renews one.
--
-- KEYS     1 to 3 as in base.lua, 4 current conversation, 5 session, and for a new user
--          6 what the address did today
-- ARGV     6 session_ttl: ms
--          7 max_users: how many new users an address may have a day, or '' for a known user
-- Returns  created: ms
--          last_seen: ms
-- Refuses  too_many_new_users
-- Billed   5: EVALSHA, INCR, HINCRBY, HSET, PEXPIREAT; the first of an address's day 1 more (PEXPIREAT); for a known user
--          5 (EVALSHA, HMGET, HSET, PEXPIREAT, PEXPIREAT)
-- Touches  two fields, and a number of the address

local CURRENT, SESSION, SESSION_TTL, MAX_USERS = KEYS[4], KEYS[5], tonumber(ARGV[6]), ARGV[7]
local REPLY = { 'created', 'last_seen' }

local created = integer(NOW)
if MAX_USERS ~= '' then
  local users = redis.call('HINCRBY', KEYS[6], 'users', 1)
  if users == 1 then expire_new('PEXPIREAT', KEYS[6], integer(NOW + 2 * DAY)) end
  if users > tonumber(MAX_USERS) then refuse('too_many_new_users') end
else
  local row = redis.call('HMGET', SESSION, 'createdAt')
  created = row[1] or created
end
redis.call('HSET', SESSION, 'createdAt', created, 'lastSeenAt', integer(NOW))
if MAX_USERS == '' then
  redis.call('PEXPIREAT', SESSION, integer(NOW + SESSION_TTL))
  redis.call('PEXPIREAT', CURRENT, integer(NOW + SESSION_TTL))
else
  -- The new user's token was not sent yet, so no request could erase what stays.
  expire_new('PEXPIREAT', SESSION, integer(NOW + SESSION_TTL))
end
return reply_of(REPLY, { created = created, last_seen = integer(NOW) })
