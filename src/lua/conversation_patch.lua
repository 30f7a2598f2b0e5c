#!lua flags=allow-key-locking
-- Changes members of a conversation's metadata.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 record of the members to change; a null removes  7 the most bytes that the record may have then
-- Returns  {'ok' | 'unchanged', record, counters, state, clocks}
--          {'conversation_not_found'}, {'revision_mismatch', revision, born}, {'metadata_too_large'},
--          {'too_much_text_kept'}
-- Billed   4: EVALSHA, HMGET, ZADD, HSET; where somebody listens 1 more (PUBLISH)
-- Touches  one conversation's metadata

local c, user, outcome = load()
if outcome then return (replay(c, outcome)) end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)

local merged = merge(c.record, ARGV[6])
if merged == c.record then return commit_unchanged(user, c) end
check_match(c)
local growth = #merged - #c.record
if growth > 0 and #merged > tonumber(ARGV[7]) then refuse('metadata_too_large') end
check_room(user, growth)

c.record = merged
touch(user, c)
put_in_list(user, c, user.clock)
return commit('patch', user, c, 'ok')
