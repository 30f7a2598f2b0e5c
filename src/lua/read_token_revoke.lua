#!lua flags=allow-key-locking,allow-oom
-- Revokes the token that only reads.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  status: 'ok', or 'unchanged' where there is none
-- Billed   3: EVALSHA, HMGET, HSET
-- Touches  the user's numbers

local row = redis.call('HMGET', META, ':user', ':account')
-- A repeat finds none, so its outcome need not be remembered.
parse_caller(row[1], row[2])
local status = UNTOUCHED.read_token > 0 and 'ok' or 'unchanged'
UNTOUCHED.read_token = -math.abs(UNTOUCHED.read_token)
return { status }
