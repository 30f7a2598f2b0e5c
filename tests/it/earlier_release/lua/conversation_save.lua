#!lua flags=allow-key-locking
-- Creates a conversation, or replaces it with all its messages.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 mode: 'create' (never touches another one) or 'replace'
--          7 record
--          8 created: ms, or ''
--          9 updated: ms, or ''
--          10 total_tokens: or ''
--          11 save_digest: of the request
--          12 messages...: id, timestamp, tokens, digest, record
-- Returns  status: 'created', 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_deleted: this conversation was deleted
--          conversation_exists: another conversation has this id (create only)
--          claim_unfinished: it is being moved here
--          revision_mismatch, revision, born
--          too_many_conversations_kept
--          conversation_too_long
-- Billed   8: EVALSHA, HMGET, ZRANGE, HSET, ZADD, ZADD, HSET, HSET; where messages went away 2 more (HMGET, ZREM); where
--          somebody listens 1 more (PUBLISH); a new conversation, or the first save of a day, 1 to 4 more; one more of
--          ZRANGE's, ZADD's and HSET's kind for each 3,000 messages
-- Touches  the messages sent, and of those there are their places; those that go away whole

local MODE, RECORD, CREATED, UPDATED, TOTAL_TOKENS = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local SAVE_DIGEST, FIRST_MESSAGE = ARGV[11], 12
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome = load()
if outcome then return reply_of(REPLY, (replay(c, outcome))) end
if c.was_deleted then refuse('conversation_deleted') end
check_absent(c)
local counters = c.counters
if counters and c.state.mark == '-' and counters.saved == SAVE_DIGEST
  and (MODE == 'create' or counters.saved_revision == counters.revision) then
  return reply_of(REPLY, commit_unchanged(user, c))
end
if counters and MODE == 'create' then refuse('conversation_exists') end
check_match(c)
-- Numbers that count anew need no healing; a claim under way is not to be overtaken.
if c.state.mark == '>' and counters then refuse('claim_unfinished') end
if not counters then prepare(c) end

local status = 'ok'
local old = { messages = 0, tokens = 0, bytes = 0 }
if counters then
  old = { messages = counters.messages, tokens = counters.tokens, bytes = counters.bytes }
  if counters.messages == 0 then counters.expires_at = 0 end
else
  if redis.call('ZCARD', CONVERSATIONS) >= SETTINGS.max_conversations then
    refuse('too_many_conversations_kept')
  end
  counters = { revision = 0, created = NOW, expires_at = 0, saved = '-', saved_revision = 0 }
  c.counters = counters
  user.conversations = user.conversations + 1
  status = 'created'
end

local scores, bodies = {}, {}
counters.seq, counters.messages, counters.tokens, counters.bytes = 0, 0, 0, 0
for _, message in ipairs(read_messages(FIRST_MESSAGE, #ARGV)) do add_message(counters, message, scores, bodies) end
c.state.offset = 0
if TOTAL_TOKENS ~= '' then
  c.state.offset = tonumber(TOTAL_TOKENS) - counters.tokens
  counters.tokens = tonumber(TOTAL_TOKENS)
end
if counters.messages > SETTINGS.max_messages then refuse('conversation_too_long') end
check_room(user, counters.bytes + #RECORD - old.bytes - #c.record)

local is_kept, sent = {}, {}
for i = 1, #scores, 2 do
  is_kept[scores[i + 1]] = true
  sent[#sent + 1] = bodies[i]
end
local is_sent = {}
for _, id in ipairs(sent) do is_sent[id] = true end

-- What is there and was not sent: members of messages that got another place, and messages that go away.
local function left_out()
  if old.messages == 0 and c.state.mark == '-' then return {}, {}, {} end
  local members, gone, places = {}, {}, {}
  for _, member in ipairs(redis.call('ZRANGE', MESSAGES, 0, -1)) do
    local id = id_of(member)
    if not is_kept[member] then members[#members + 1] = member end
    if not is_sent[id] then
      gone[#gone + 1] = id
      places[#places + 1] = member
    end
  end
  return members, gone, places
end

-- Of these the messages, by id; a place without its body is what a stopped script left.
local function bodies_of(ids, places)
  local stored, found, there = #ids > 0 and call_in_portions('HMGET', BODIES, ids, 1) or {}, {}, {}
  for i, id in ipairs(ids) do
    if is_body_of(places[i], stored[i]) then
      found[id] = stored[i]
      there[#there + 1] = id
    end
  end
  return found, there
end

local gone_members, left, places = left_out()
local gone_bodies, gone = bodies_of(left, places)
touch(user, c)
if status == 'created' then counters.created = counters.updated end
if CREATED ~= '' then counters.created = tonumber(CREATED) end
counters.saved, counters.saved_revision = SAVE_DIGEST, counters.revision
user.messages = user.messages + math.max(0, counters.messages - old.messages)
user.tokens = user.tokens + math.max(0, counters.tokens - old.tokens)
local score = place_in_list(user, counters, UPDATED)

-- A message that goes away leaves the same as one that was deleted.
local forgotten, is_forgotten = note_deleted(c, gone, sent, '0'), {}
for _, id in ipairs(forgotten) do is_forgotten[id] = true end
local tombstones = {}
for _, id in ipairs(gone) do
  if not is_forgotten[id] then
    tombstones[#tombstones + 1] = id
    tombstones[#tombstones + 1] = format_tombstone(parse_body(gone_bodies[id]))
  end
end
local body_count = #bodies
for _, value in ipairs(tombstones) do bodies[#bodies + 1] = value end

c.record = RECORD
begin(user, c, score, { ID .. ':deleted', c.deleted })
-- Each message is as before or as after whatever comes between: a member counts only with the body of its number.
call_in_portions('ZADD', MESSAGES, scores, 2)
call_in_portions('HSET', BODIES, bodies, 2)
if #forgotten > 0 then call_in_portions('HDEL', BODIES, forgotten, 1) end
call_in_portions('ZREM', MESSAGES, gone_members, 1)
-- An expiry has to be set where only tombstones are left.
if body_count == 0 and #bodies > 0 then counters.seq = math.max(counters.seq, 1) end
return reply_of(REPLY, commit('save', user, c, status))
