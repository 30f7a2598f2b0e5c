#!lua
-- Deletes a conversation and what was shared of it, leaving a tombstone: for sync, and against its
-- resurrection.
--
-- Without the flag that lets scripts run side by side, because shares have keys that nobody knows before meta
-- was read.
--
-- KEYS     as in the prelude
-- ARGV     5 what keys of shares begin with
-- Returns  {'ok' | 'unchanged', clock}
--          {'missing'}           nor was there ever
--          {'stale', revision}
-- Billed   7: EVALSHA, HMGET, HSET, ZREM, ZADD, PEXPIREAT, UNLINK; where somebody listens 1 more (PUBLISH)

local user, _, counters, deleted, text = load_conversation(ID, ':shares')
if deleted then return { 'unchanged', integer(user.clock) } end
if not counters then return { 'missing' } end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

-- A mark rather than nothing: who creates or imports this id again reads the field anyway.
local clock = tick(user)
count_bytes(user, -counters.bytes)
local fields = { ':user', format_user(user), ID, '', ID .. ':counters', 'deleted ' .. integer(clock) }
local gone, shares = { MESSAGES, BODIES }, parse_shares(text)
for _, share in ipairs(shares) do
  if share.conversation == ID then
    gone[#gone + 1] = ARGV[5] .. share.id
    revoke(share)
  end
end
if #gone > 2 then
  fields[#fields + 1] = ':shares'
  fields[#fields + 1] = format_shares(shares)
end
redis.call('HSET', META, unpack(fields))
redis.call('ZREM', CONVERSATIONS, ID)
redis.call('ZADD', DELETED, integer(clock), ID)
-- Longer than a tombstone counts, so that the list finds them all when it clears away.
redis.call('PEXPIREAT', DELETED, integer(NOW + 2 * TTL))
redis.call('UNLINK', unpack(gone))
notify('delete', user)
return { 'ok', integer(clock) }
