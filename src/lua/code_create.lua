#!lua flags=allow-key-locking
-- Keeps a code by which another device becomes this user. It replaces the one before: an erasure has to know what
-- there is.
--
-- KEYS     1 to 3 as in base.lua, 4 the code, 5 the code before, where there is one
-- ARGV     6 owner: the user
--          7 code_ttl: ms
-- Returns  status: 'ok', or 'taken': another user has the same code by chance
-- Refuses  need, keys: call again with the code before
-- Billed   5: EVALSHA, HMGET, HSET, SET, HSET; where there was a code before 1 more (UNLINK), or where it is taken (HDEL); of
--          a user without data 1 more (PEXPIREAT)
-- Touches  two keys

local CODE, OWNER, CODE_TTL = KEYS[4], ARGV[6], ARGV[7]

local row = redis.call('HMGET', META, ':user', ':account', ':writes', ':code')
local outcome = parse_caller(row[1], row[2], row[3])
if outcome then return { 'ok' } end
local user = CALLER
local before, before_expires_at = string.match(row[4] or '', '^(%S+) ?(%d*)$')
local is_there = before and before ~= CODE and (before_expires_at == '' or tonumber(before_expires_at) > NOW)
if is_there then need({ before }) end

-- The one before goes first: from then on its key is not stored anywhere.
if is_there then redis.call('UNLINK', before) end
-- Noted before it exists, and for as long as it does.
local expires_at = NOW + tonumber(CODE_TTL)
redis.call('HSET', META, ':code', CODE .. ' ' .. integer(expires_at))
if user.expires_at < expires_at then
  user.expires_at = expires_at
  redis.call('PEXPIREAT', META, integer(expires_at + DAY))
end
if not redis.call('SET', CODE, OWNER .. ' ' .. integer(math.max(NOW, user.epoch)), 'PX', CODE_TTL, 'NX') and before ~= CODE then
  -- The code of another user must not be removed together with this user's data.
  redis.call('HDEL', META, ':code')
  return { 'taken' }
end
commit_user({}, row[3], 'ok')
return { 'ok' }
