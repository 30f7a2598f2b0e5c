#!lua flags=allow-key-locking
-- Creates a conversation, or replaces it with all its messages.
--
-- KEYS     as in the prelude
-- ARGV     5 'create' (never touches another one) or 'replace'
--          6 record  7 created, ms, or ''  8 updated, ms, or ''  9 total tokens, or ''
--          10 digest of the request  11... per message: id, timestamp, tokens, digest, record
-- Returns  {'created' | 'ok' | 'unchanged', record, counters, clock}
--          {'removed'}           this conversation was deleted
--          {'exists'}            another conversation has this id (create only)
--          {'stale', revision}
--          {'conversations quota'}, {'messages quota'}, {'bytes quota'}
-- Billed   7: EVALSHA, HMGET, ZRANGE, ZADD, HSET, HSET, ZADD; where messages went away 2 more (ZREM, HDEL); where
--          somebody listens 1 more (PUBLISH); a new conversation, or the first save of a day, 1 to 4 more; one more of ZADD and
--          HSET for each 3,000 messages

local MODE, RECORD, CREATED, UPDATED, TOKENS, DIGEST = unpack(ARGV, 5, 10)
local FIRST = 11

local user, old_record, counters, deleted = load_conversation(ID)
if deleted then return { 'removed' } end
if counters and counters.saved == DIGEST
  and (MODE == 'create' or counters.saved_revision == counters.revision) then
  return summary('unchanged', user, counters, old_record)
end
if counters and MODE == 'create' then return { 'exists' } end
if EXPECTED ~= '' and tonumber(EXPECTED) ~= (counters and counters.revision or 0) then
  return { 'stale', integer(counters and counters.revision or 0) }
end

local status = 'ok'
local old = { messages = 0, tokens = 0, bytes = 0 }
if counters then
  old = { messages = counters.messages, tokens = counters.tokens, bytes = counters.bytes }
  if counters.messages == 0 then counters.life = 0 end
else
  if redis.call('ZCARD', CONVERSATIONS) >= SETTINGS.max_conversations then
    return { 'conversations quota' }
  end
  counters = { revision = 0, created = NOW, life = 0 }
  user.conversations = user.conversations + 1
  status = 'created'
end

local scores, bodies = {}, {}
counters.seq, counters.messages, counters.tokens, counters.bytes = 0, 0, 0, 0
for at = FIRST, #ARGV, MESSAGE_WIDTH do add_message(counters, at, scores, bodies) end
if TOKENS ~= '' then counters.tokens = tonumber(TOKENS) end
if counters.messages > SETTINGS.max_messages then return { 'messages quota' } end
local refusal = count_bytes(user, counters.bytes - old.bytes)
if refusal then return { refusal } end
-- What an expired conversation of this id may have left behind is not ours.
if status == 'created' and old_record then redis.call('UNLINK', MESSAGES, BODIES) end
local kept = { members = {}, ids = {} }
for i = 1, #scores, 2 do
  kept.members[scores[i + 1]] = true
  kept.ids[bodies[i]] = true
end

-- The new ones first: a key that loses its last member loses its expiry too.
local old_members = old.messages > 0 and redis.call('ZRANGE', MESSAGES, 0, -1) or {}
call_in_portions('ZADD', MESSAGES, scores, 2)
call_in_portions('HSET', BODIES, bodies, 2)
local gone_members, gone_ids = {}, {}
for _, member in ipairs(old_members) do
  local id = id_of(member)
  if not kept.members[member] then gone_members[#gone_members + 1] = member end
  if not kept.ids[id] then gone_ids[#gone_ids + 1] = id end
end
call_in_portions('ZREM', MESSAGES, gone_members, 1)
call_in_portions('HDEL', BODIES, gone_ids, 1)

touch(user, counters)
if CREATED ~= '' then counters.created = tonumber(CREATED) end
counters.saved, counters.saved_revision = DIGEST, counters.revision
user.messages = user.messages + math.max(0, counters.messages - old.messages)
user.tokens = user.tokens + math.max(0, counters.tokens - old.tokens)

local score = place_in_list(user, counters, UPDATED)
commit('save', user, counters, RECORD, score)
return summary(status, user, counters, RECORD)
