#!lua flags=allow-key-locking,no-writes
-- Reads conversations with their messages, oldest first: as many as a reply should hold. A reader of
-- everything is no activity: no life is renewed.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6, 7 timestamp and member behind which the first conversation's messages begin, or ''  8... ids
-- Returns  per conversation, until the reply is full: {record, counters, state, its place in the list, timestamp and
--          member behind which its other messages begin or '' and '', id, body, id, body...}, or {} where there is no such
--          conversation
-- Billed   3: EVALSHA, HMGET, ZMSCORE, and per conversation 1 (ZRANGE) and for each 25 messages 1 (HMGET);
--          behind a member 1 more (ZCOUNT)
-- Touches  at most 5,025 messages, and 6 MB and one message

-- Full is a reply of so many bytes, or of so many messages: few round trips for an account of the usual size, and room
-- enough in what Upstash answers at once, 10 MB.
local BYTES, MESSAGES_AT_MOST, PORTION = 6000000, 5000, 25

local TIMESTAMP, MEMBER, FIRST = ARGV[6], ARGV[7], 8

local bytes, count = 0, 0

local function is_full()
  return bytes >= BYTES or count >= MESSAGES_AT_MOST
end

-- At most `wanted` members and their timestamps: from the first on, or behind the cursor as in a page.
local function members_of(key, wanted, behind)
  if not behind then return redis.call('ZRANGE', key, 0, wanted - 1, 'WITHSCORES') end
  local shared = redis.call('ZCOUNT', key, TIMESTAMP, TIMESTAMP)
  local found = redis.call('ZRANGEBYSCORE', key, TIMESTAMP, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted + shared)
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(TIMESTAMP) and not is_before(MEMBER, found[i])
    if not passed and #members < 2 * wanted then
      members[#members + 1] = found[i]
      members[#members + 1] = found[i + 1]
    end
  end
  return members
end

-- Adds messages to a conversation's reply until it is full; where more follow, says behind which.
local function read_messages(reply, messages, bodies, behind)
  -- Up to the portion that fills the reply, and at least one more, to see whether more follow.
  local members = members_of(messages, math.max(0, MESSAGES_AT_MOST - count) + PORTION, behind)
  for at = 1, #members / 2, PORTION do
    local ids = {}
    for i = at, math.min(at + PORTION - 1, #members / 2) do ids[#ids + 1] = id_of(members[2 * i - 1]) end
    for i, body in ipairs(redis.call('HMGET', bodies, unpack(ids))) do
      local index = at + i - 1
      if index > 1 and is_full() then
        reply[5], reply[6] = integer(tonumber(members[2 * index - 2])), members[2 * index - 3]
        return
      end
      if is_body_of(members[2 * index - 1], body) then
        reply[#reply + 1] = ids[i]
        reply[#reply + 1] = body
        bytes = bytes + weight_of(body)
        count = count + 1
      end
    end
  end
end

local fields, ids = { ':user' }, {}
for i = FIRST, #ARGV do
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
    reply = { record, text, state or '0 0 0 !', integer(tonumber(places[i])), '', '' }
    read_messages(reply, KEYS[2 + 2 * i], KEYS[3 + 2 * i], i == 1 and MEMBER ~= '')
  end
  replies[i] = reply
end
return replies
