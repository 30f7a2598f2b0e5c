#!lua flags=allow-key-locking
-- Signs the user out everywhere: tokens issued before now are void.
--
-- KEYS     1 to 3 as in the prelude
-- ARGV     5 life of a token, ms
-- Returns  {'ok'}
-- Billed   5: EVALSHA, HMGET, HSET, PEXPIREAT, PEXPIREAT; where somebody listens 1 more (PUBLISH)

local user = parse_user(redis.call('HMGET', META, ':user')[1])
user.epoch = NOW
-- Kept for as long as a token could be that this has voided.
user.life = math.max(user.life, NOW + tonumber(ARGV[5]))
redis.call('HSET', META, ':user', format_user(user))
expire_user(user)
notify('signOut', user)
return { 'ok' }
