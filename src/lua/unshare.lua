#!lua flags=allow-key-locking
-- Revokes a share: from now on nobody can read it.
--
-- KEYS     1 to 3 as in the prelude, 4 the share
-- ARGV     5 id of the share  6 how many revoked ones are remembered
-- Returns  {'ok'}, {'unchanged'}: it was revoked before, {'no share'}: it is none of this user's
-- Billed   4: EVALSHA, HMGET, UNLINK, HSET

local row = redis.call('HMGET', META, ':user', ':shares')
local user = parse_user(row[1])
local shares = parse_shares(row[2])
local share, _, revoked = find_share(shares, ARGV[5])
if not share then return { 'no share' } end
if share.conversation == '' then return { 'unchanged' } end

redis.call('UNLINK', KEYS[4])
revoke(share)
if revoked >= tonumber(ARGV[6]) then
  for i, other in ipairs(shares) do
    if other.conversation == '' then
      table.remove(shares, i)
      break
    end
  end
end
redis.call('HSET', META, ':user', format_user(user), ':shares', format_shares(shares))
return { 'ok' }
