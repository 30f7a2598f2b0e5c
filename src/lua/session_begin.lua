#!lua flags=allow-key-locking
-- Begins the session of a new user, or lets an old one live on.
--
-- KEYS     1 to 3 as in base.lua, 4 current conversation, 5 session, and where somebody without a token asks
--          6 what the address did today
-- ARGV     6 life of a session, ms  7 how many new users an address may have a day, or '' for a known user
-- Returns  {created, last seen}
--          {'too_many_new_users'}
-- Billed   5: EVALSHA, INCR, HINCRBY, HSET, PEXPIREAT; the first of an address's day 1 more (PEXPIREAT); for a known user
--          5 (EVALSHA, HMGET, HSET, PEXPIREAT, PEXPIREAT)
-- Touches  two fields, and a number of the address

local CURRENT, SESSION, LIFE, MOST = KEYS[4], KEYS[5], tonumber(ARGV[6]), ARGV[7]

local created = ARGV[1]
if MOST ~= '' then
  local users = redis.call('HINCRBY', KEYS[6], 'users', 1)
  if users == 1 then expire_new('PEXPIREAT', KEYS[6], integer(NOW + 2 * DAY)) end
  if users > tonumber(MOST) then refuse('too_many_new_users') end
else
  local row = redis.call('HMGET', SESSION, 'createdAt')
  created = row[1] or created
end
redis.call('HSET', SESSION, 'createdAt', created, 'lastSeenAt', ARGV[1])
if MOST == '' then
  redis.call('PEXPIREAT', SESSION, integer(NOW + LIFE))
  redis.call('PEXPIREAT', CURRENT, integer(NOW + LIFE))
else
  -- Nobody was told of this user yet, so nobody could erase what stays.
  expire_new('PEXPIREAT', SESSION, integer(NOW + LIFE))
end
return { created, ARGV[1] }
