#!lua flags=allow-key-locking
-- Appends messages to a conversation: each behind its parent, or behind what is last on the active path. One that does not
-- follow the head begins a branch, and what followed its parent goes beside the path.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 title: to take where the conversation has none yet, or ''
--          7 signature: of the messages and the title; see signature.lua
--          8 messages...: id, timestamp, tokens, digest, record, parent; at most 3,000
-- Returns  status: 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
--          appended: for each message '1' where it was appended, or '0'
-- Refuses  conversation_not_found
--          message_not_found, id: of a parent that is not there
--          message_exists, id: another message has this id
--          message_deleted, id: this very message was deleted
--          revision_mismatch, revision, born
--          conversation_too_long
-- Billed   8: EVALSHA, HMGET, HMGET, HSET, ZADD, ZADD, HSET, HSET; with an open stream 1 more (PUBLISH); the first
--          append of a conversation, and of a day, 2 or 4 more; where it begins a branch 2 more (ZRANGE, ZREM), and for each
--          3,000 messages that go beside the path 1
-- Touches  at most 3,000 messages, as sent and as stored; where it begins a branch the places of all

local TITLE, SIGNATURE, FIRST_MESSAGE = ARGV[6], ARGV[7], 8
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'appended' }

local c, user, outcome, models, words = load(':models', ID .. ':signature')
usage.load_models(models)
if outcome then
  local values, appended = replay(c, outcome)
  values.appended = appended
  return reply_of(REPLY, values)
end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)
local counters = c.counters

local messages, ids = read_messages(FIRST_MESSAGE, #ARGV), {}
for i, message in ipairs(messages) do ids[i] = message.id end
local stored = redis.call('HMGET', BODIES, unpack(ids))

local fresh, back, appended = {}, {}, {}
for i, message in ipairs(messages) do
  local id = message.id
  local known = stored[i] and parse_body(stored[i])
  if known and known.record and known.digest ~= message.digest then refuse('message_exists', id) end
  if known and not known.record and known.digest == message.digest then refuse('message_deleted', id) end
  local is_fresh = not known or not known.record
  if is_fresh then fresh[#fresh + 1] = message end
  if known and is_fresh then back[#back + 1] = id end
  appended[i] = flag(is_fresh)
end
appended = table.concat(appended)
if #fresh == 0 then
  local values = commit_unchanged(user, c, appended)
  values.appended = appended
  return reply_of(REPLY, values)
end
check_match(c)

local takes_title = TITLE ~= '' and not has_member(c.record, '"title"')
if takes_title then
  c.record = '"title"' .. US .. TITLE .. RS .. c.record
end
local bodies, is_branch = append_messages(c, user, fresh, back)
signature.add(c, words, SIGNATURE, takes_title)
local notices = {}
for i = 1, #bodies, 2 do
  notices[#notices + 1] = notice_of(bodies[i], bodies[i + 1])
  -- All or none: a listener could not know that some are missing.
  if notices[#notices] == '' then
    notices = {}
    break
  end
end
-- A listener knows of one line of messages, to whose end an append adds.
local values = commit(is_branch and 'save' or 'append', user, c, 'ok', appended, not is_branch and table.concat(notices) or nil)
values.appended = appended
return reply_of(REPLY, values)
