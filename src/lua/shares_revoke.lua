#!lua flags=allow-key-locking,allow-oom
-- Revokes a share: from now on nobody can read it.
--
-- KEYS     1 to 3 as in base.lua, 4 the share
-- ARGV     6 share: its id
-- Returns  status: 'ok', or 'unchanged': it was revoked before
-- Refuses  share_not_found: it is none of this user's
-- Billed   4: EVALSHA, HMGET, UNLINK, HSET
-- Touches  at most 200 rows of shares

local SHARE_KEY, SHARE = KEYS[4], ARGV[6]

local row = redis.call('HMGET', META, ':user', ':account', ':shares')
-- A repeat finds its own work done: it needs no memory.
parse_caller(row[1], row[2])
local user, shares = CALLER, parse_shares(row[3])
local share = find_share(shares, SHARE)
if not share then refuse('share_not_found') end
if share.conversation == '' then return { 'unchanged' } end

redis.call('UNLINK', SHARE_KEY)
revoke(user, share)
-- The row says that there is one more than there is: the next revocation, or its expiry, puts that right.
call_unless_full('HSET', META, ':user', format_user(user), ':shares', format_shares(shares))
return { 'ok' }
