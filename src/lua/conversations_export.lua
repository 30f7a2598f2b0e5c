#!lua flags=allow-key-locking,no-writes
-- Reads conversations with their messages, oldest first: as many as a reply should hold. An export is no activity: no
-- expiry is renewed.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6 after_score: timestamp behind which the first conversation's messages begin, or ''
--          7 after_member: its member, or ''
--          8 ids...
-- Returns  conversations...: record, counters, state, score, rest_score, rest_member, messages...; each a list of its own, {}
--            where there is no such conversation, until the reply is full; score: its place in the list; rest: timestamp and
--            member behind which its other messages begin, or '' and ''; messages: id, body, id, body...
-- Billed   3: EVALSHA, HMGET, ZMSCORE, and per conversation 1 (ZRANGE) and for each 25 messages 1 (HMGET);
--          behind a member 1 more (ZCOUNT)
-- Touches  at most 5,025 messages, and 6 MB and one message

-- Full is a reply of so many bytes, or of so many messages: few round trips for an account of the usual size, and room
-- enough in one response of Upstash, 10 MB.
local BYTES, MESSAGES_AT_MOST, PORTION = 6000000, 5000, 25

local AFTER_SCORE, AFTER_MEMBER, FIRST_ID = ARGV[6], ARGV[7], 8
local EACH = { 'record', 'counters', 'state', 'score', 'rest_score', 'rest_member' }

local bytes, count = 0, 0

local function is_full()
  return bytes >= BYTES or count >= MESSAGES_AT_MOST
end

-- At most `wanted` members and their timestamps: from the first on, or behind the cursor as in a page.
local function members_of(key, wanted, behind)
  if not behind then return redis.call('ZRANGE', key, 0, wanted - 1, 'WITHSCORES') end
  local shared = redis.call('ZCOUNT', key, AFTER_SCORE, AFTER_SCORE)
  local found = redis.call('ZRANGEBYSCORE', key, AFTER_SCORE, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted + shared)
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(AFTER_SCORE) and not is_before(AFTER_MEMBER, found[i])
    if not passed and #members < 2 * wanted then
      members[#members + 1] = found[i]
      members[#members + 1] = found[i + 1]
    end
  end
  return members
end

-- A conversation's messages until the reply is full, and where more follow, the timestamp and member behind which.
local function read_messages(messages, bodies, behind)
  local found = {}
  -- Up to the portion that fills the reply, and at least one more, to see whether more follow.
  local members = members_of(messages, math.max(0, MESSAGES_AT_MOST - count) + PORTION, behind)
  for at = 1, #members / 2, PORTION do
    local ids = {}
    for i = at, math.min(at + PORTION - 1, #members / 2) do ids[#ids + 1] = id_of(members[2 * i - 1]) end
    for i, body in ipairs(redis.call('HMGET', bodies, unpack(ids))) do
      local index = at + i - 1
      if index > 1 and is_full() then
        return found, integer(tonumber(members[2 * index - 2])), members[2 * index - 3]
      end
      if is_body_of(members[2 * index - 1], body) then
        found[#found + 1] = ids[i]
        found[#found + 1] = body
        bytes = bytes + weight_of(body)
        count = count + 1
      end
    end
  end
  return found, '', ''
end

local fields, ids = { ':user' }, {}
for i = FIRST_ID, #ARGV do
  ids[#ids + 1] = ARGV[i]
  for _, suffix in ipairs({ '', ':counters', ':state' }) do fields[#fields + 1] = ARGV[i] .. suffix end
end
local rows = redis.call('HMGET', META, unpack(fields))
parse_user(rows[1])
local places = redis.call('ZMSCORE', CONVERSATIONS, unpack(ids))

local replies = {}
for i in ipairs(ids) do
  if i > 1 and is_full() then break end
  local record, text, state = unpack(rows, 3 * i - 1, 3 * i + 1)
  local reply = {}
  if parse_counters(text) and places[i] then
    record = record or ''
    bytes = bytes + #record
    local messages, rest_score, rest_member =
      read_messages(KEYS[2 + 2 * i], KEYS[3 + 2 * i], i == 1 and AFTER_MEMBER ~= '')
    reply = reply_of(EACH, { record = record, counters = text, state = state or '0 0 0 !',
      score = integer(tonumber(places[i])), rest_score = rest_score, rest_member = rest_member }, messages)
  end
  replies[i] = reply
end
return replies
