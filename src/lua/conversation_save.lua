#!lua flags=allow-key-locking
-- Creates a conversation, or replaces its active path: what is beside it stays, and follows what is left of what it
-- followed.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 mode: 'create' (never touches another one) or 'replace'
--          7 record
--          8 created: ms, or ''
--          9 updated: ms, or ''
--          10 total_tokens: or ''
--          11 save_digest: of the request
--          12 numbers: of the messages, where they branch, by the order in which they came, separated by commas; or ''
--          13 signature: of the title and the messages; see signature.lua
--          14 messages...: id, timestamp, tokens, digest, record, parent; first the active path, without parents, then
--            those beside it, each behind its parent
-- Returns  status: 'created', 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_deleted: this conversation was deleted
--          conversation_exists: another conversation has this id (create only)
--          claim_unfinished: it is being moved here
--          revision_mismatch, revision, born
--          field_mismatch: whether it is an agent session cannot change
--          too_many_conversations_kept
--          conversation_too_long
-- Billed   8: EVALSHA, HMGET, ZRANGE, HSET, ZADD, ZADD, HSET, HSET; where messages went away 2 more (HMGET, ZREM); where
--          somebody listens 1 more (PUBLISH); a new conversation, or the first save of a day, 1 to 4 more; with branches 1
--          more (HMGET); one more of ZRANGE's, ZADD's and HSET's kind for each 3,000 messages
-- Touches  the messages sent, and of those there are their places; those that go away, and those beside the path, whole

local MODE, RECORD, CREATED, UPDATED, TOTAL_TOKENS = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local SAVE_DIGEST, NUMBERS, SIGNATURE, FIRST_MESSAGE = ARGV[11], ARGV[12], ARGV[13], 14
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome, models, words = load(':models', ID .. ':signature')
usage.load_models(models)
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
-- Numbers that recount need no healing; a claim under way is not to be overtaken.
if c.state.mark == '>' and counters then refuse('claim_unfinished') end
if counters and sessions.has(RECORD) ~= sessions.has(c.record) then refuse('field_mismatch') end
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

-- The previous path, and the messages off it.
local is_empty = old.messages == 0 and c.state.mark == '-' and c.state.has_head
local old_rows = is_empty and {} or redis.call('ZRANGE', MESSAGES, 0, -1, 'WITHSCORES')
local old_path = path_of(old_rows)
local segments = take_entries(parse_branches(c.branches), function(entry) return old_path.at[entry.id] ~= nil end)
-- Where there are branches numbers go on, so that siblings stay in the order in which they came.
local goes_on = #segments > 0
if not goes_on then counters.seq = 0 end
counters.messages, counters.tokens, counters.bytes = 0, 0, 0

local messages, was_beside = read_messages(FIRST_MESSAGE, #ARGV), index_segments(segments)
take_numbers(messages, NUMBERS)
local sent, is_sent, bodies, path, last = {}, {}, {}, { at = {} }, 0
local beside = {}
for _, message in ipairs(messages) do
  local known = goes_on and old_path.at[message.id] and seq_of(old_path[old_path.at[message.id]].member)
  local number = not goes_on and message.number or known and known > last and known or nil
  local entry = add_message(counters, message, bodies, number)
  last = seq_of(entry.member)
  sent[#sent + 1], is_sent[message.id] = message.id, true
  if message.parent == '' then
    push_entry(path, entry)
  else
    entry.parent = message.parent == ROOT and '' or message.parent
    beside[#beside + 1] = entry
  end
end

-- Messages that stay off the path follow their nearest remaining ancestor.
remove_from_path(old_path, segments, function(entry) return not is_sent[entry.id] end)
segments = take_entries(segments, function(entry) return is_sent[entry.id] end)
local places_beside = index_segments(segments)
for _, entry in ipairs(beside) do push_beside(segments, places_beside, entry, entry.parent) end

-- The numbers of what stays beside the path.
local stays = {}
for _, segment in ipairs(segments) do
  for _, entry in ipairs(segment) do
    if not is_sent[entry.id] then stays[#stays + 1] = entry.id end
  end
end
for _, body in ipairs(call_in_portions('HMGET', BODIES, stays, 1)) do
  if body then
    counters.tokens = math.min(LARGEST, counters.tokens + parse_body(body).tokens)
    counters.bytes = counters.bytes + #body
  end
end
counters.messages = #path
set_branches(c, segments)
set_head(c, path[#path])
c.state.offset = 0
if TOTAL_TOKENS ~= '' then
  c.state.offset = tonumber(TOTAL_TOKENS) - counters.tokens
  counters.tokens = tonumber(TOTAL_TOKENS)
end
if counters.messages + c.state.branched > SETTINGS.max_messages then refuse('conversation_too_long') end
check_room(user, counters.bytes + #RECORD + #c.branches - old.bytes - #c.record - #c.old_branches)

local added, gone_members = compare_paths(old_rows, path)
-- Messages that were not sent are deleted.
local left, places = {}, {}
for _, entry in ipairs(old_path) do
  if not is_sent[entry.id] then
    left[#left + 1] = entry.id
    places[#places + 1] = entry.member
  end
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

local gone_bodies, gone = bodies_of(left, places)
touch(user, c)
if status == 'created' then counters.created = counters.updated end
if CREATED ~= '' then counters.created = tonumber(CREATED) end
counters.saved, counters.saved_revision = SAVE_DIGEST, counters.revision
-- What is new here counts, and on the day of the last message what those that were here have gained, or a total that the
-- client knows of.
local gained, head_time = counters.tokens - old.tokens, NOW
for _, message in ipairs(messages) do
  if not (old_path.at[message.id] or was_beside[message.id]) then
    usage.count_new(user, message)
    gained = gained - message.tokens
  end
  if message.parent == '' then head_time = message.timestamp end
end
if gained > 0 then usage.count(user, head_time, 0, gained) end
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
-- It starts over, unless something stays that was not sent.
if #stays == 0 then
  signature.set(c, SIGNATURE)
elseif c.state.mark ~= '-' then
  signature.drop(c)
else
  signature.add(c, words, SIGNATURE, true)
end
local early, scores = { ID .. ':deleted', c.deleted }, {}
if c.branches ~= '' or c.old_branches ~= '' then
  early[#early + 1] = ID .. ':branches'
  early[#early + 1] = branches_meanwhile(c, segments)
end
begin(user, c, score, early)
-- Each message is as before or as after whatever comes between: a member counts only with the body of its number.
push_places(scores, added)
call_in_portions('ZADD', MESSAGES, scores, 2)
call_in_portions('HSET', BODIES, bodies, 2)
if #forgotten > 0 then call_in_portions('HDEL', BODIES, forgotten, 1) end
call_in_portions('ZREM', MESSAGES, gone_members, 1)
-- An expiry has to be set where only tombstones are left.
if body_count == 0 and #bodies > 0 then counters.seq = math.max(counters.seq, 1) end
return reply_of(REPLY, commit('save', user, c, status))
