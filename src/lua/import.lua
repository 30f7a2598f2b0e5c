#!lua flags=allow-key-locking
-- Imports conversations: new ones whole, and into those already there just the messages they lack.
--
-- KEYS     1 to 3 as in the prelude, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     1 now  2 life  (3 and 4 are not used)
--          5... per conversation: id, record, created, updated or '', total tokens or '', digest,
--          place in the list or '', number of messages, then per message: id, timestamp, tokens, digest, record.
--          The conversation changed last comes last.
-- Returns  {clock, status...}: for each conversation 'imported', 'merged', 'unchanged', 'removed', or the quota
--          that it does not fit: 'conversations quota', 'messages quota', 'bytes quota'
-- Billed   4 (EVALSHA, HMGET, HSET, ZADD), where somebody listens 1 more (PUBLISH), 3 more where any is new (ZCARD, PEXPIREAT, PEXPIREAT),
--          and per conversation 4 where it is new (ZADD, HSET, PEXPIREAT, PEXPIREAT), 0 where it was imported
--          before, 3 where it has changed since (HMGET, ZADD, HSET); one more of each for each 3,000 messages

-- Reads the arguments into a list of conversations.
local function read_conversations()
  local list, at = {}, 5
  while at <= #ARGV do
    local index, count = #list, tonumber(ARGV[at + 7])
    list[index + 1] = {
      id = ARGV[at], record = ARGV[at + 1], created = tonumber(ARGV[at + 2]), updated = ARGV[at + 3],
      tokens = ARGV[at + 4], digest = ARGV[at + 5], place = tonumber(ARGV[at + 6]), first = at + 8, count = count,
      messages_key = KEYS[4 + 2 * index], bodies_key = KEYS[5 + 2 * index],
    }
    at = at + 8 + MESSAGE_WIDTH * count
  end
  return list
end

-- The positions in ARGV of the messages to store.
local function missing_messages(conversation, is_new)
  local ids, positions = {}, {}
  for i = 1, conversation.count do
    positions[i] = conversation.first + MESSAGE_WIDTH * (i - 1)
    ids[i] = ARGV[positions[i]]
  end
  if is_new then return positions end
  -- A message deleted here stays deleted, one edited here stays as it was edited.
  local known, missing = call_in_portions('HMGET', conversation.bodies_key, ids, 1), {}
  for i, position in ipairs(positions) do
    if not known[i] then missing[#missing + 1] = position end
  end
  return missing
end

local function store_messages(conversation, counters, positions)
  -- Keys that come into being with these messages have no expiry yet.
  if counters.messages == 0 then counters.life = 0 end
  local scores, bodies = {}, {}
  for _, at in ipairs(positions) do add_message(counters, at, scores, bodies) end
  call_in_portions('ZADD', conversation.messages_key, scores, 2)
  call_in_portions('HSET', conversation.bodies_key, bodies, 2)
end

local user, fields, places, room

local function new_counters(conversation)
  return { revision = 0, messages = 0, tokens = 0, bytes = 0, seq = 0, life = 0,
    created = conversation.created, saved = conversation.digest, saved_revision = 1 }
end

-- Whether the messages fit the user's quotas; the word for it where they do not.
local function refusal(counters, positions)
  if counters.messages + #positions > SETTINGS.max_messages then return 'messages quota' end
  local bytes = 0
  for _, at in ipairs(positions) do bytes = bytes + #ARGV[at + 4] end
  if user.bytes + bytes > SETTINGS.max_bytes then return 'bytes quota' end
end

-- Stores the messages and notes what is to be written to the user's keys. What an export has of a conversation
-- that nobody has changed since it was imported, in one line or in several, restores it to what it was.
local function write(conversation, record, counters, positions, is_new)
  local restores = is_new or (conversation.place and counters.saved_revision == counters.revision)
  local tokens_before, bytes_before = counters.tokens, counters.bytes
  store_messages(conversation, counters, positions)
  user.messages = user.messages + #positions
  user.tokens = user.tokens + counters.tokens - tokens_before
  count_bytes(user, counters.bytes - bytes_before)
  if restores and conversation.tokens ~= '' then counters.tokens = tonumber(conversation.tokens) end
  touch(user, counters)
  local score = restores and place_in_list(user, counters, conversation.updated) or user.clock
  if restores and conversation.place and conversation.place < user.clock then
    -- Back to where an export found it, which no sync cursor passes either.
    score = conversation.place
    user.floor = user.clock
  end
  if restores then counters.saved, counters.saved_revision = conversation.digest, counters.revision end
  if slide(user, counters) then
    expire_conversation(counters, conversation.messages_key, conversation.bodies_key)
  end
  for _, field in ipairs({ conversation.id, record, conversation.id .. ':counters',
    format_counters(counters) }) do
    fields[#fields + 1] = field
  end
  places[#places + 1] = integer(score)
  places[#places + 1] = conversation.id
end

local function import_new(conversation, leftover)
  room = room or SETTINGS.max_conversations - redis.call('ZCARD', CONVERSATIONS)
  if room <= 0 then return 'conversations quota' end
  local counters = new_counters(conversation)
  local positions = missing_messages(conversation, true)
  local refused = refusal(counters, positions)
  if refused then return refused end
  -- What an expired conversation of this id may have left behind is not ours.
  if leftover then redis.call('UNLINK', conversation.messages_key, conversation.bodies_key) end
  room = room - 1
  user.conversations = user.conversations + 1
  write(conversation, conversation.record, counters, positions, true)
  return 'imported'
end

-- Imports one; `record` and `stored` are what the meta hash has of it.
local function import(conversation, record, stored)
  if is_tombstone(stored) then return 'removed' end
  local counters = parse_counters(stored)
  if not counters then return import_new(conversation, stored) end
  if counters.saved == conversation.digest then return 'unchanged' end
  local positions = missing_messages(conversation, false)
  if #positions == 0 then return 'unchanged' end
  local refused = refusal(counters, positions)
  if refused then return refused end
  write(conversation, record, counters, positions, false)
  return 'merged'
end

local list = read_conversations()
local wanted = { ':user' }
for _, conversation in ipairs(list) do
  wanted[#wanted + 1] = conversation.id
  wanted[#wanted + 1] = conversation.id .. ':counters'
end
local rows = call_in_portions('HMGET', META, wanted, 1)

user, fields, places = parse_user(rows[1]), {}, {}
local reply = { '0' }
for i, conversation in ipairs(list) do
  reply[i + 1] = import(conversation, rows[2 * i], rows[2 * i + 1])
end
reply[1] = integer(user.clock)

if #fields > 0 then
  fields[#fields + 1] = ':user'
  fields[#fields + 1] = format_user(user)
  call_in_portions('HSET', META, fields, 2)
  call_in_portions('ZADD', CONVERSATIONS, places, 2)
  expire_user(user)
  notify('import', user)
end
return reply
