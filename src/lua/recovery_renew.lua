#!lua flags=allow-key-locking
-- Keeps the user's recovery code for as long as the user's keys are kept by now.
--
-- KEYS     1 to 3 as in base.lua, 4 the code, where there is one
-- Returns  status: 'ok', or 'unchanged' where there is none
-- Refuses  need, keys: call again with the code
-- Billed   4: EVALSHA, HMGET, PEXPIREAT, HSET
-- Touches  one key

local row = redis.call('HMGET', META, ':user', ':account', ':recovery')
parse_caller(row[1], row[2])
local user, code = CALLER, parse_recovery(row[3])
if not code then return { 'unchanged' } end
need({ code })
user.recovery = recovery_expiry(user)
redis.call('PEXPIREAT', code, integer(user.recovery))
redis.call('HSET', META, ':user', format_user(user))
return { 'ok' }
