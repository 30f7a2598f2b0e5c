#!lua flags=allow-key-locking
-- Keeps a code that brings this user back, for as long as there is anything of the user. It replaces the one before.
--
-- KEYS     1 to 3 as in base.lua, 4 the code, 5 the code before, where there is one
-- ARGV     6 owner: the user
-- Returns  status: 'ok'
--          created: when the code was made, ms
-- Refuses  need, keys: call again with the code before
-- Billed   5: EVALSHA, HMGET, HSET, SET, HSET; where there was a code before 1 more (UNLINK); where the user's keys
--          are to be kept longer 2 more (PEXPIREAT)
-- Touches  two keys

local CODE, OWNER = KEYS[4], ARGV[6]
local REPLY = { 'status', 'created' }

local row = redis.call('HMGET', META, ':user', ':account', ':writes', ':recovery')
local outcome = parse_caller(row[1], row[2], row[3])
if outcome then return reply_of(REPLY, { status = 'ok', created = outcome[1] }) end
local user = CALLER
local before = parse_recovery(row[4])
if before and before ~= CODE then need({ before }) end

-- The one before goes first: from then on its key is not stored anywhere.
if before and before ~= CODE then redis.call('UNLINK', before) end
-- Noted before it exists, and for as long as it does.
redis.call('HSET', META, ':recovery', CODE .. ' ' .. integer(NOW))
if user.expires_at < NOW + TTL then
  user.expires_at = NOW + TTL + math.min(DAY, TTL / 2)
  expire_user(user)
end
user.recovery, user.is_recovery_due = recovery_expiry(user), false
redis.call('SET', CODE, OWNER .. ' ' .. integer(NOW), 'PX', integer(user.recovery - NOW))
commit_user({}, row[3], integer(NOW))
return reply_of(REPLY, { status = 'ok', created = integer(NOW) })
