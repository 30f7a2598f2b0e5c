#!lua flags=allow-key-locking
-- Changes members of a conversation's metadata.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 patch: record of the members to change; a null removes
--          7 max_bytes: that the record may have then
-- Returns  status: 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_not_found
--          revision_mismatch, revision, born
--          metadata_too_large
-- Billed   4: EVALSHA, HMGET, ZADD, HSET; where somebody listens 1 more (PUBLISH)
-- Touches  one conversation's metadata

local PATCH, MAX_BYTES = ARGV[6], tonumber(ARGV[7])
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome = load()
if outcome then return reply_of(REPLY, (replay(c, outcome))) end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)

local merged = merge(c.record, PATCH)
if merged == c.record then return reply_of(REPLY, commit_unchanged(user, c)) end
check_match(c)
local growth = #merged - #c.record
if growth > 0 and #merged > MAX_BYTES then refuse('metadata_too_large') end
check_room(user, growth)

c.record = merged
touch(user, c)
put_in_list(user, c, user.change_seq)
return reply_of(REPLY, commit('patch', user, c, 'ok'))
