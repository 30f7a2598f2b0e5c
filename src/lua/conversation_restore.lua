#!lua flags=allow-key-locking
-- Takes a conversation out of the trash: with all its messages, its dates and what was told of it, under the next revision.
-- It comes first in the list.
--
-- KEYS     as in base.lua and write.lua
-- Returns  status: 'ok' or 'unchanged': it is not deleted
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_not_found: nor is it in the trash
--          too_many_conversations_kept
--          revision_mismatch, revision, born
-- Billed   10: EVALSHA, HMGET, ZCARD, ZCARD, ZADD, PEXPIREAT, PEXPIREAT, HSET, HDEL, ZREM; where the user's keys are due for a new
--          expiry 2 more (PEXPIREAT, PEXPIREAT); with an open stream 1 more (PUBLISH)
-- Touches  one conversation's metadata and the rows of the trash; messages where they are not what they were

local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome, trashed, text = load(':trash', ID .. ':trash')
if outcome then return reply_of(REPLY, (replay(c, outcome))) end
check_absent(c)
if c.counters then
  prepare(c)
  return reply_of(REPLY, commit_unchanged(user, c))
end
local rows = trash.parse(trashed)
if not trash.is_restorable(trash.find(rows, ID), c.counters_text, text) then refuse('conversation_not_found') end
check_match(c)
if redis.call('ZCARD', CONVERSATIONS) >= SETTINGS.max_conversations then refuse('too_many_conversations_kept') end

local entry = trash.parse_entry(text)
local counters, state = parse_numbers(counter_names, entry.counters), parse_state(entry.state)
-- Redis may have let them expire, where the trash was full of what an earlier release did not know.
local messages = redis.call('ZCARD', MESSAGES)
if messages == 0 and counters.messages > 0 then refuse('conversation_not_found') end
c.counters, c.record, c.is_known = counters, entry.record, state ~= nil
c.state = state or { born = 0, extra = 0, offset = 0, signature = 0, prepared = 0, is_earlier = true, mark = '-' }
signature.drop(c)
if not c.is_known or c.state.mark ~= '-' or messages ~= counters.messages then heal(c) end

local updated = counters.updated
-- The expiry starts over, also that of the keys.
counters.expires_at = 0
touch(user, c)
counters.updated = updated
put_in_list(user, c, user.change_seq)
expire_conversation(counters, MESSAGES, BODIES)
ACCOUNT.tombstones = math.max(0, ACCOUNT.tombstones - 1)
c.writes = remember(c.writes, outcome_of('ok', user, c))
local fields = conversation_fields(user, c)
redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user),
  ':trash', trash.format(trash.without(rows, { [ID] = true })), unpack(fields))
-- Until then it is both, and its counters count.
redis.call('HDEL', META, ID .. ':trash')
redis.call('ZREM', DELETED, ID)
if not sessions.has(c.record) then notify('save', user, counters) end
return reply_of(REPLY, written('ok', user, c))
