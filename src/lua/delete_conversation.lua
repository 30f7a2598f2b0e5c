#!lua flags=allow-key-locking
-- Deletes a conversation, leaving a tombstone: for sync, and against its resurrection.
--
-- KEYS     as in the prelude
-- Returns  {'ok' | 'unchanged', clock}
--          {'missing'}           nor was there ever
--          {'stale', revision}
-- Billed   7: EVALSHA, HMGET, HSET, ZREM, ZADD, PEXPIREAT, UNLINK

local user, record, counters = load_conversation(ID)
if record == '' then return { 'unchanged', integer(user.clock) } end
if not counters then return { 'missing' } end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

-- Empty fields rather than none: who creates or imports this id again reads them anyway.
local clock = tick(user)
redis.call('HSET', META, ':user', format_user(user), ID, '', ID .. ':counters', '')
redis.call('ZREM', CONVERSATIONS, ID)
redis.call('ZADD', DELETED, integer(clock), ID)
redis.call('PEXPIREAT', DELETED, integer(NOW + TTL))
redis.call('UNLINK', MESSAGES, BODIES)
return { 'ok', integer(clock) }
