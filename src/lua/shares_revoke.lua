#!lua flags=allow-key-locking,allow-oom
-- Revokes a share, which makes it unreadable.
--
-- KEYS     1 to 3 as in base.lua, 4 the share
-- ARGV     6 share: its id
-- Returns  status: 'ok', or 'unchanged': it was revoked before
-- Refuses  share_not_found: this user has no such share
-- Billed   4: EVALSHA, HMGET, UNLINK, HSET
-- Touches  at most 200 rows of shares

local SHARE_KEY, SHARE = KEYS[4], ARGV[6]

local row = redis.call('HMGET', META, ':user', ':account', ':shares')
-- A repeat finds the share revoked, so its outcome need not be remembered.
parse_caller(row[1], row[2])
local user, shares = CALLER, parse_shares(row[3])
local share = find_share(shares, SHARE)
if not share then refuse('share_not_found') end
if share.conversation == '' then return { 'unchanged' } end

redis.call('UNLINK', SHARE_KEY)
revoke(user, share)
-- If this is not written, the row lists a share that is gone, until the next revocation or its expiry.
call_unless_full('HSET', META, ':user', format_user(user), ':shares', format_shares(shares))
return { 'ok' }
