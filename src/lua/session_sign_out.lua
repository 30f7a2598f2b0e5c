#!lua flags=allow-key-locking
-- Signs the user out everywhere: tokens issued until now are void.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 token_ttl: ms
-- Returns  status: 'ok'
--          since: tokens issued before are void, ms
-- Billed   5: EVALSHA, HMGET, PEXPIREAT, PEXPIREAT, HSET; with an open stream 1 more (PUBLISH)
-- Touches  the user's numbers and log

local TOKEN_TTL = tonumber(ARGV[6])
local REPLY = { 'status', 'since' }

local row = redis.call('HMGET', META, ':user', ':account', ':writes')
local outcome = parse_caller(row[1], row[2], row[3], true)
if outcome then return reply_of(REPLY, { status = 'ok', since = outcome[1] }) end
local user = CALLER
void_tokens(user, SETTINGS.issued)
-- Kept for as long as a token could be that this has voided.
user.expires_at = math.max(user.expires_at, NOW + TOKEN_TTL)
expire_user(user)
commit_user({}, row[3], integer(user.epoch))
-- Of a user without data, meta comes into being only now.
if UNTOUCHED.expires_at == 0 then redis.call('PEXPIREAT', META, integer(user.expires_at + DAY)) end
notify('signOut', user)
return reply_of(REPLY, { status = 'ok', since = integer(user.epoch) })
