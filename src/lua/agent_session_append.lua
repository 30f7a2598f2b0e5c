#!lua flags=allow-key-locking
-- Appends entries to an agent session, which begins with its first ones: behind what is there, whatever their timestamps.
-- One whose id is there already, or was deleted, is passed over, also where it differs.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 record: of a session that is not there yet
--          7 title: to take where the session has none yet, or ''
--          8 entries...: id, timestamp, tokens, digest, record, parent; at most 500
-- Returns  status: 'created', 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
--          appended: for each entry '1' where it was appended, or '0'; '' where all were
-- Refuses  conversation_deleted: this session was deleted
--          conversation_exists: a conversation that is no session has this id
--          revision_mismatch, revision, born
--          too_many_conversations_kept
-- Billed   8: EVALSHA, HMGET, HMGET, HSET, ZADD, ZADD, HSET, HSET; a new session, or the first append of a day, 1 to 5 more
-- Touches  at most 500 entries, as sent and as stored

local RECORD, TITLE, FIRST_ENTRY = ARGV[6], ARGV[7], 8
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'appended' }

local c, user, outcome, models = load(':models')
usage.load_models(models)
if outcome then
  local values, appended = replay(c, outcome)
  values.appended = appended
  return reply_of(REPLY, values)
end
if c.was_deleted then refuse('conversation_deleted') end
if c.counters and not sessions.has(c.record) then refuse('conversation_exists') end
check_absent(c)
check_match(c)

local is_new = not c.counters
prepare(c)
if is_new then
  if redis.call('ZCARD', CONVERSATIONS) >= SETTINGS.max_conversations then refuse('too_many_conversations_kept') end
  c.record = RECORD
  c.counters = { revision = 0, messages = 0, tokens = 0, bytes = 0, seq = 0, created = NOW, updated = NOW, expires_at = 0,
    saved = '-', saved_revision = 0 }
  user.conversations = user.conversations + 1
end

local entries, ids = read_messages(FIRST_ENTRY, #ARGV), {}
for i, entry in ipairs(entries) do ids[i] = entry.id end
local stored = is_new and {} or redis.call('HMGET', BODIES, unpack(ids))
local fresh, flags = {}, {}
for i, entry in ipairs(entries) do
  if not stored[i] then fresh[#fresh + 1] = entry end
  flags[i] = flag(not stored[i])
end
-- Word for word this would fill the log of writes.
local appended = #fresh < #entries and table.concat(flags) or ''
if #fresh == 0 then
  local values = commit_unchanged(user, c, appended)
  values.appended = appended
  return reply_of(REPLY, values)
end

if TITLE ~= '' and not has_member(c.record, '"title"') then
  c.record = '"title"' .. US .. TITLE .. RS .. c.record
end
append_messages(c, user, fresh, {})
local values = commit('append', user, c, is_new and 'created' or 'ok', appended)
values.appended = appended
return reply_of(REPLY, values)
