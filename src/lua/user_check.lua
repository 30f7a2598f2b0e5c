#!lua flags=allow-key-locking
-- Does nothing but what every script does: counts the call, and refuses tokens that were signed out.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  status: 'ok'
-- Billed   3: EVALSHA, HMGET, HSET
-- Touches  the user's numbers

local row = redis.call('HMGET', META, ':user', ':account')
parse_caller(row[1], row[2])
return { 'ok' }
