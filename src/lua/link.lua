#!lua flags=allow-key-locking
-- Keeps a code by which another device becomes this user.
--
-- KEYS     1 to 3 as in the prelude, 4 the code
-- ARGV     5 the user  6 life of the code, ms
-- Returns  {'ok'}, {'taken'}: somebody else's code by chance
-- Billed   4: EVALSHA, HMGET, SET, HSET

parse_user(redis.call('HMGET', META, ':user')[1])
if not redis.call('SET', KEYS[4], ARGV[5] .. ' ' .. integer(NOW), 'PX', ARGV[6], 'NX') then return { 'taken' } end
return { 'ok' }
