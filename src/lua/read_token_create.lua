#!lua flags=allow-key-locking
-- Makes a token good that only reads; it replaces the one before.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  status: 'ok'
--          created: when it was made, ms, which is what it is told by
-- Billed   3: EVALSHA, HMGET, HSET; where the user's keys are to be kept longer 2 more (PEXPIREAT), and 1 more where
--          there are none yet
-- Touches  the user's numbers and log

local REPLY = { 'status', 'created' }

local row = redis.call('HMGET', META, ':user', ':account', ':writes')
local outcome = parse_caller(row[1], row[2], row[3])
if outcome then return reply_of(REPLY, { status = 'ok', created = outcome[1] }) end
local user = CALLER
-- Never that of one before: what was revoked stays so.
user.read_token = math.max(NOW, math.abs(user.read_token) + 1, user.epoch)
if user.expires_at < NOW + TTL then
  user.expires_at = NOW + TTL + math.min(DAY, TTL / 2)
  expire_user(user)
end
commit_user({}, row[3], integer(user.read_token))
if UNTOUCHED.expires_at == 0 then redis.call('PEXPIREAT', META, integer(user.expires_at + DAY)) end
return reply_of(REPLY, { status = 'ok', created = integer(user.read_token) })
