#!lua flags=allow-key-locking
-- Appends messages to a conversation.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 title to take where the conversation has none yet, or ''
--          7... per message: id, timestamp, tokens, digest, record; at most 100
-- Returns  {'ok' | 'unchanged', record, counters, state, clocks, for each message '1' where it was appended or '0'}
--          {'conversation_not_found'}
--          {'message_exists', id}    another message has this id
--          {'message_deleted', id}   this very message was deleted
--          {'revision_mismatch', revision, born}, {'conversation_too_long'}, {'too_much_text_kept'}
-- Billed   8: EVALSHA, HMGET, HMGET, HSET, ZADD, ZADD, HSET, HSET; where somebody listens 1 more (PUBLISH); the first
--          append of a conversation, and of a day, 2 or 4 more
-- Touches  at most 100 messages, as sent and as stored

local TITLE, FIRST = ARGV[6], 7

local c, user, outcome = load()
if outcome then
  local reply, appended = replay(c, outcome)
  reply[#reply + 1] = appended
  return reply
end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)
local counters = c.counters

local ids = {}
for i = FIRST, #ARGV, MESSAGE_WIDTH do ids[#ids + 1] = ARGV[i] end
local stored = redis.call('HMGET', BODIES, unpack(ids))

local fresh, back, appended = {}, {}, {}
for i, id in ipairs(ids) do
  local at = FIRST + (i - 1) * MESSAGE_WIDTH
  local known = stored[i] and parse_body(stored[i])
  if known and known.record and known.digest ~= ARGV[at + 3] then refuse('message_exists', id) end
  if known and not known.record and known.digest == ARGV[at + 3] then refuse('message_deleted', id) end
  local is_fresh = not known or not known.record
  if is_fresh then fresh[#fresh + 1] = at end
  if known and is_fresh then back[#back + 1] = id end
  appended[i] = is_fresh and '1' or '0'
end
appended = table.concat(appended)
if #fresh == 0 then
  local reply = commit_unchanged(user, c, appended)
  reply[#reply + 1] = appended
  return reply
end
check_match(c)

-- Keys that come into being with this append have no expiry yet.
if counters.messages == 0 then counters.life = 0 end
local scores, bodies, tokens = {}, {}, counters.tokens
for _, at in ipairs(fresh) do add_message(counters, at, scores, bodies) end
if counters.messages > SETTINGS.max_messages then refuse('conversation_too_long') end
check_room(user, counters.bytes - c.before.bytes)
user.messages = user.messages + #fresh
user.tokens = user.tokens + counters.tokens - tokens
if TITLE ~= '' and not has_member(c.record, '"title"') then
  c.record = '"title"' .. US .. TITLE .. RS .. c.record
end
note_deleted(c, {}, back, '0')

touch(user, c)
-- With what a repeat, which finds the messages there, would not write any more.
begin(user, c, user.clock, { ID, c.record, ID .. ':deleted', c.deleted })
redis.call('ZADD', MESSAGES, unpack(scores))
redis.call('HSET', BODIES, unpack(bodies))
local notices = {}
for i = 1, #bodies, 2 do
  notices[#notices + 1] = notice_of(bodies[i], bodies[i + 1])
  -- All or none: a listener could not know that some are missing.
  if notices[#notices] == '' then
    notices = {}
    break
  end
end
local reply = commit('append', user, c, 'ok', appended, table.concat(notices))
reply[#reply + 1] = appended
return reply
