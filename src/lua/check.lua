#!lua flags=allow-key-locking
-- Does nothing but what every script does: counts the call, and refuses tokens that were signed out.
--
-- KEYS     1 to 3 as in the prelude
-- Returns  {'ok'}
-- Billed   3: EVALSHA, HMGET, HSET

parse_user(redis.call('HMGET', META, ':user')[1])
return { 'ok' }
