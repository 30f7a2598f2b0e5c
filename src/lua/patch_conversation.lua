#!lua flags=allow-key-locking
-- Changes members of a conversation's metadata.
--
-- KEYS     as in the prelude
-- ARGV     5 record of the members to change; a null removes
-- Returns  {'ok' | 'unchanged', record, counters, clock}, {'missing'}, {'stale', revision}
-- Billed   4: EVALSHA, HMGET, HSET, ZADD; where somebody listens 1 more (PUBLISH)

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end

local merged = merge(record, ARGV[5])
if merged == record then return summary('unchanged', user, counters, record) end
if is_stale(counters) then return { 'stale', integer(counters.revision) } end

touch(user, counters)
commit('patch', user, counters, merged, user.clock)
return summary('ok', user, counters, merged)
