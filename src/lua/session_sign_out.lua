#!lua flags=allow-key-locking
-- Signs the user out everywhere: tokens issued before now are void.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 life of a token, ms
-- Returns  {'ok', when it happened, ms}
-- Billed   5: EVALSHA, HMGET, PEXPIREAT, PEXPIREAT, HSET; where somebody listens 1 more (PUBLISH)
-- Touches  the user's numbers and log

local row = redis.call('HMGET', META, ':user', ':account', ':writes')
local outcome = parse_caller(row[1], row[2], row[3], true)
if outcome then return { 'ok', outcome[1] } end
local user = CALLER
user.epoch = math.max(user.epoch, NOW)
-- Kept for as long as a token could be that this has voided.
user.life = math.max(user.life, NOW + tonumber(ARGV[6]))
expire_user(user)
commit_user({}, row[3], integer(user.epoch))
-- Of a user without data, meta comes into being only now.
if UNTOUCHED.life == 0 then redis.call('PEXPIREAT', META, integer(user.life + DAY)) end
notify('signOut', user)
return { 'ok', integer(user.epoch) }
