#!lua flags=allow-key-locking,no-writes
-- Reads all messages of conversations, of every branch, in no order; or of one conversation a part.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6 first: how many messages of the only conversation to pass over, or '' to read conversations whole
--          7 count: how many to read then
--          8 max_weight: unpacked bytes; what exceeds that is not read, except one message of a part
--          9 ids...
-- Returns  conversations...: record, counters, state, next, messages...; each a separate list, {} where there is no such
--            conversation; next: how many messages to pass over next time, or '' where there are no more; messages: id, body
-- Billed   2: EVALSHA, HMGET, and per conversation that is read 1 (HGETALL); of a part 2 (ZRANGE, HMGET)
-- Touches  the conversations, whole: the caller knows how large they are; of a part at most `count` messages

local FIRST, COUNT, MAX_WEIGHT, FIRST_ID = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), 9
local EACH = { 'record', 'counters', 'state', 'next' }

-- Texts that repeat themselves are stored in a hundredth of what they weigh.
local weight = 0

local function read_whole(key)
  if weight > MAX_WEIGHT then return {}, '0' end
  local rows, messages = redis.call('HGETALL', key), {}
  for i = 1, #rows, 2 do
    if string.find(rows[i + 1], RS, 1, true) then
      messages[#messages + 1] = rows[i]
      messages[#messages + 1] = rows[i + 1]
      weight = weight + weight_of(rows[i + 1])
      if weight > MAX_WEIGHT then return {}, '0' end
    end
  end
  return messages, ''
end

-- First come those of the active path, then those beside it.
local function read_part(messages_key, bodies_key, length, branches)
  local entries = path_of(redis.call('ZRANGE', messages_key, FIRST, FIRST + COUNT - 1, 'WITHSCORES'))
  local beside = in_order(parse_branches(branches))
  for i = math.max(0, FIRST - length) + 1, #beside do
    if #entries < COUNT then entries[#entries + 1] = beside[i] end
  end
  local ids = {}
  for i, entry in ipairs(entries) do ids[i] = entry.id end
  local messages, passed = {}, FIRST + #ids
  for i, body in ipairs(#ids > 0 and redis.call('HMGET', bodies_key, unpack(ids)) or {}) do
    if is_body_of(entries[i].member, body) then
      weight = weight + weight_of(body)
      if i > 1 and weight > MAX_WEIGHT then
        passed = FIRST + i - 1
        break
      end
      messages[#messages + 1] = ids[i]
      messages[#messages + 1] = body
    end
  end
  return messages, #ids > 0 and passed < length + #beside and integer(passed) or ''
end

local FIELDS = { '', ':counters', ':state', ':branches' }
local fields, ids = { ':user' }, {}
for i = FIRST_ID, #ARGV do
  ids[#ids + 1] = ARGV[i]
  for _, suffix in ipairs(FIELDS) do fields[#fields + 1] = ARGV[i] .. suffix end
end
local rows = redis.call('HMGET', META, unpack(fields))
parse_user(rows[1])

local replies = {}
for i in ipairs(ids) do
  local at = 2 + #FIELDS * (i - 1)
  local counters, reply = parse_counters(rows[at + 1]), {}
  if counters then
    local messages, next
    if FIRST then
      messages, next = read_part(KEYS[2 + 2 * i], KEYS[3 + 2 * i], counters.messages, rows[at + 3] or '')
    else
      messages, next = read_whole(KEYS[3 + 2 * i])
    end
    reply = reply_of(EACH, { record = rows[at] or '', counters = rows[at + 1], state = rows[at + 2] or '0 0 0 !', next = next },
      messages)
  end
  replies[i] = reply
end
return replies
