#!lua flags=allow-key-locking
-- Reads conversations with their messages, oldest first: as many as a reply should hold. A reader of
-- everything is no activity: no life is renewed.
--
-- KEYS     1 to 3 as in the prelude, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     5, 6 timestamp and member behind which the first conversation's messages begin, or ''  7... ids
-- Returns  per conversation, until the reply is full: {record, counters, its place in the list, '1' where
--          more messages follow or '0', id, body, id, body...}, or {} where there is no such conversation
-- Billed   4: EVALSHA, HMGET, ZMSCORE, HSET, and per conversation 1 (ZRANGE) and for each 25 messages 1 (HMGET);
--          behind a member 1 more (ZCOUNT)

-- Full is a reply of so many bytes, or of so many messages: few round trips for an account of the usual size, and room
-- enough in what Upstash answers at once, 10 MB.
local BYTES, MESSAGES_AT_MOST, PORTION = 6000000, 5000, 25

local TIMESTAMP, MEMBER, FIRST = ARGV[5], ARGV[6], 7

local bytes, count = 0, 0

local function is_full()
  return bytes >= BYTES or count >= MESSAGES_AT_MOST
end

-- At most `wanted` members: from the first on, or behind the cursor as in a page.
local function members_of(key, wanted, behind)
  if not behind then return redis.call('ZRANGE', key, 0, wanted - 1) end
  local shared = redis.call('ZCOUNT', key, TIMESTAMP, TIMESTAMP)
  local found = redis.call('ZRANGEBYSCORE', key, TIMESTAMP, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted + shared)
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(TIMESTAMP) and not is_before(MEMBER, found[i])
    if not passed and #members < wanted then members[#members + 1] = found[i] end
  end
  return members
end

-- Adds messages to a conversation's reply until it is full; tells whether more follow.
local function read_messages(reply, messages, bodies, behind)
  -- Up to the portion that fills the reply, and at least one more, to see whether more follow.
  local members = members_of(messages, math.max(0, MESSAGES_AT_MOST - count) + PORTION, behind)
  local at = 1
  while at <= #members do
    local ids = {}
    for i = at, math.min(at + PORTION - 1, #members) do ids[#ids + 1] = id_of(members[i]) end
    for i, body in ipairs(redis.call('HMGET', bodies, unpack(ids))) do
      if at + i > 2 and is_full() then return true end
      reply[#reply + 1] = ids[i]
      reply[#reply + 1] = body
      bytes = bytes + weight_of(body)
      count = count + 1
    end
    at = at + #ids
  end
  return false
end

local fields, ids = { ':user' }, {}
for i = FIRST, #ARGV do
  ids[#ids + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i] .. ':counters'
end
local rows = redis.call('HMGET', META, unpack(fields))
parse_user(rows[1])
local places = redis.call('ZMSCORE', CONVERSATIONS, unpack(ids))

local replies = {}
for i in ipairs(ids) do
  if i > 1 and is_full() then break end
  local record, counters = rows[2 * i], parse_counters(rows[2 * i + 1])
  local reply = {}
  if counters and places[i] then
    bytes = bytes + #record
    reply = { record, rows[2 * i + 1], integer(places[i]), '0' }
    if read_messages(reply, KEYS[2 + 2 * i], KEYS[3 + 2 * i], i == 1 and MEMBER ~= '') then
      reply[4] = '1'
    end
  end
  replies[i] = reply
end
return replies
