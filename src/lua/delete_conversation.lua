#!lua flags=allow-key-locking
-- Deletes a conversation, leaving a tombstone: for sync, and against its resurrection.
--
-- KEYS     as in the prelude
-- Returns  {'ok' | 'unchanged', clock}
--          {'missing'}           nor was there ever
--          {'stale', revision}
-- Billed   9: EVALSHA, INCR, HMGET, HSET, ZREM, ZADD, PEXPIREAT, UNLINK, PUBLISH

local user, _, counters, deleted = load_conversation(ID)
if deleted then return { 'unchanged', integer(user.clock) } end
if not counters then return { 'missing' } end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

-- A mark rather than nothing: who creates or imports this id again reads the field anyway.
local clock = tick(user)
count_bytes(user, -counters.bytes)
redis.call('HSET', META, ':user', format_user(user), ID, '', ID .. ':counters', 'deleted ' .. integer(clock))
redis.call('ZREM', CONVERSATIONS, ID)
redis.call('ZADD', DELETED, integer(clock), ID)
-- Longer than a tombstone counts, so that the list finds them all when it clears away.
redis.call('PEXPIREAT', DELETED, integer(NOW + 2 * TTL))
redis.call('UNLINK', MESSAGES, BODIES)
notify('delete', user)
return { 'ok', integer(clock) }
