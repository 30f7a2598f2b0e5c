#!lua
-- Keeps a code by which another device becomes this user. It replaces the one before: an erasure has to know what
-- there is.
--
-- Without the flag that lets scripts run side by side, because the code before is known only after meta was read.
--
-- KEYS     1 to 3 as in the prelude, 4 the code
-- ARGV     5 the user  6 life of the code, ms
-- Returns  {'ok'}, {'taken'}: somebody else's code by chance
-- Billed   5: EVALSHA, HMGET, SET, HSET, HSET; where there was a code before 1 more (UNLINK)

local row = redis.call('HMGET', META, ':user', ':code')
parse_user(row[1])
if not redis.call('SET', KEYS[4], ARGV[5] .. ' ' .. integer(NOW), 'PX', ARGV[6], 'NX') then return { 'taken' } end
if row[2] then redis.call('UNLINK', row[2]) end
redis.call('HSET', META, ':code', KEYS[4])
return { 'ok' }
