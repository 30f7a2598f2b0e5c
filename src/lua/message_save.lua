#!lua flags=allow-key-locking
-- Creates a message, or replaces it whole. Where it stands does not change.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 is_dated: '1' where the timestamp was sent; without one a message that is there keeps its own
--          7 signature: of the message; see signature.lua
--          8 message...: id, timestamp, tokens, digest, record, parent; one
-- Returns  status: 'created', 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
--          body: or '' where it is gone by now
-- Refuses  conversation_not_found
--          message_not_found, id: of a parent that is not there
--          revision_mismatch, revision, born
--          conversation_too_long
-- Billed   7: EVALSHA, HMGET, HMGET, HSET, ZADD, HSET, HSET; a new one as messages_append; with an open stream 1 more
--          (PUBLISH)
-- Touches  one message; where it begins a branch the places of all

local IS_DATED, SIGNATURE, FIRST_MESSAGE = ARGV[6] == '1', ARGV[7], 8
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'body' }

local new = read_messages(FIRST_MESSAGE, #ARGV)[1]
local c, user, outcome, models, words = load(':models', ID .. ':signature')
usage.load_models(models)
if not outcome then
  if not c.counters then refuse('conversation_not_found') end
  check_absent(c)
  prepare(c)
end
local body = redis.call('HMGET', BODIES, new.id)[1]
local message = body and parse_body(body)
if outcome then
  local values = replay(c, outcome)
  values.body = message and message.record and body or ''
  return reply_of(REPLY, values)
end

if not message or not message.record then
  check_match(c)
  local bodies, is_branch = append_messages(c, user, { new }, { message and new.id })
  signature.add(c, words, SIGNATURE)
  local notice = notice_of(new.id, bodies[2])
  local values = commit(is_branch and 'save' or 'append', user, c, 'created', '', not is_branch and notice or nil)
  values.body = bodies[2]
  return reply_of(REPLY, values)
end

local counters = c.counters
local timestamp = IS_DATED and new.timestamp or message.timestamp
-- With the digest that it was appended with, so that a late repeat of its append still finds it there.
local changed = format_body(message.seq, timestamp, new.tokens, message.digest, new.record)
if changed == body then
  local values = commit_unchanged(user, c)
  values.body = body
  return reply_of(REPLY, values)
end
check_match(c)
check_room(user, #changed - #body)

counters.tokens = math.min(LARGEST, math.max(0, counters.tokens + new.tokens - message.tokens))
counters.bytes = counters.bytes + #changed - #body
signature.add(c, words, SIGNATURE)
usage.count_edit(user, message, { timestamp = timestamp, tokens = new.tokens, record = new.record })
touch(user, c)
begin(user, c, user.change_seq)
redis.call('HSET', BODIES, new.id, changed)
local values = commit('edit', user, c, 'ok', '', notice_of(new.id, changed))
values.body = changed
return reply_of(REPLY, values)
