#!lua flags=allow-key-locking,no-writes
-- Does nothing but what every script that reads does: refuses tokens that were signed out. The call is counted beside it.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  status: 'ok'
-- Billed   2: EVALSHA, HGET
-- Touches  the user's numbers

parse_user(redis.call('HGET', META, ':user'))
return { 'ok' }
