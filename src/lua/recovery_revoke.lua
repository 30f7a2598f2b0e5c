#!lua flags=allow-key-locking,allow-oom
-- Revokes the user's recovery code.
--
-- KEYS     1 to 3 as in base.lua, 4 the code, where there is one
-- Returns  status: 'ok', or 'unchanged' where there is none
-- Refuses  need, keys: call again with the code
-- Billed   5: EVALSHA, HMGET, UNLINK, HDEL, HSET
-- Touches  one key

local row = redis.call('HMGET', META, ':user', ':account', ':recovery')
-- A repeat finds none, so its outcome need not be remembered.
parse_caller(row[1], row[2])
local code = parse_recovery(row[3])
if not code then return { 'unchanged' } end
need({ code })
redis.call('UNLINK', code)
redis.call('HDEL', META, ':recovery')
UNTOUCHED.recovery = 0
return { 'ok' }
