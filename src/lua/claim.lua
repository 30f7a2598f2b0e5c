#!lua flags=allow-key-locking
-- One step of moving everything of an anonymous user, the source, into the account of this user: moves some
-- conversations, and names those of the next step. Each goes whole, with its revision, its dates, its place
-- in the list and its shares; and each step may run twice.
--
-- From the first step on the source is this user's to claim and nobody else's, and its tokens are void, so
-- that nothing is written any more to what is about to move.
--
-- KEYS     1 to 3 as in the prelude, of the source 4 conversations, 5 meta, 6 deleted, 7 current conversation,
--          8 session, then per conversation to move: its messages and bodies, where they go, and where they go if its
--          id is taken there
-- ARGV     5 the mark of this user  6 when the source's token was issued, ms  7 life of a token, ms  8 how many to name
--          9... per conversation to move: its id, and another one for where that is taken
-- Returns  {number of conversations left, number moved by this step, ids...}
--          {'claimed'}           the source is somebody else's by now
--          {'voided'}            the source had signed out since the token was issued
--          {'conversations quota'}, {'bytes quota'}   nothing was moved by this step
-- Billed   6: EVALSHA, HMGET, HMGET, ZRANGE, HSET, and where any are left ZCARD; for the first step 2 or 3 more (HSET,
--          PEXPIREAT, PUBLISH); with conversations to move up to 11 more (HMGET, HMGET, ZCARD, ZMSCORE, ZADD, HSET,
--          ZREM, HDEL, PEXPIREAT, PEXPIREAT, PUBLISH), and for each of them 2 (RENAME, RENAME); for the last step 3
--          (UNLINK, HSET, PEXPIREAT)

local SOURCE_CONVERSATIONS, SOURCE_META = KEYS[4], KEYS[5]
local CLAIMER, ISSUED, TOKEN_LIFE, WANTED = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local FIRST_KEY, KEY_WIDTH, FIRST = 9, 6, 9

local source_row = redis.call('HMGET', SOURCE_META, ':user', ':claimed', ':shares')
local row = redis.call('HMGET', META, ':user', ':shares')
local user, source, claimer = parse_user(row[1]), read_user(source_row[1]), source_row[2]
if claimer and claimer ~= CLAIMER then return { 'claimed' } end
if not claimer and ISSUED < source.epoch then return { 'voided' } end

-- Kept for as long as one of its tokens could be used.
local function mark_source()
  source.epoch = NOW
  source.life = math.max(source.life, NOW + TOKEN_LIFE)
  redis.call('HSET', SOURCE_META, ':user', format_user(source), ':claimed', CLAIMER)
  redis.call('PEXPIREAT', SOURCE_META, integer(source.life + DAY))
end

if not claimer then
  mark_source()
  if source.listening > NOW then
    local channel = string.gsub(SOURCE_CONVERSATIONS, 'conversations$', 'events')
    local clock = integer(source.clock)
    redis.call('PUBLISH', channel, '{"type":"signOut","clock":' .. clock .. ',"previous":' .. clock .. '}')
  end
end

-- Whether the two are the same import or save, unchanged since in both places.
local function is_copy(counters, other)
  return other and counters.saved == other.saved and counters.revision == counters.saved_revision
    and other.revision == other.saved_revision
end

-- Where a conversation of the source goes: under its own id, or under another where that is taken.
local function plan(index, stored, here)
  local at = FIRST + 2 * (index - 1)
  local key = FIRST_KEY + KEY_WIDTH * (index - 1)
  local move = { id = ARGV[at], record = stored[2 * index - 1], counters = parse_counters(stored[2 * index]),
    messages = KEYS[key], bodies = KEYS[key + 1] }
  local own, other = here[2 * index - 1], here[2 * index]
  move.to, move.new_messages, move.new_bodies = ARGV[at], KEYS[key + 2], KEYS[key + 3]
  if not move.counters then return move end
  move.is_copy = is_copy(move.counters, parse_counters(own))
  if own and not move.is_copy then
    if other then error('no id is free') end
    move.to, move.new_messages, move.new_bodies = ARGV[at + 1], KEYS[key + 4], KEYS[key + 5]
  end
  return move
end

local function read_plans()
  local wanted, here = {}, {}
  for at = FIRST, #ARGV, 2 do
    wanted[#wanted + 1] = ARGV[at]
    wanted[#wanted + 1] = ARGV[at] .. ':counters'
    here[#here + 1] = ARGV[at] .. ':counters'
    here[#here + 1] = ARGV[at + 1] .. ':counters'
  end
  local stored, found = redis.call('HMGET', SOURCE_META, unpack(wanted)), redis.call('HMGET', META, unpack(here))
  local plans = {}
  for index = 1, #wanted / 2 do plans[index] = plan(index, stored, found) end
  return plans
end

local function refusal(plans)
  local count, bytes = redis.call('ZCARD', CONVERSATIONS), user.bytes
  for _, move in ipairs(plans) do
    if move.counters and not move.is_copy then
      count, bytes = count + 1, bytes + move.counters.bytes
    end
  end
  if count > SETTINGS.max_conversations then return 'conversations quota' end
  if bytes > SETTINGS.max_bytes then return 'bytes quota' end
end

-- Moves the messages, and adds what is to be written to the user's keys.
local function carry_out(move, fields, places, score)
  local counters = move.counters
  if counters.messages > 0 then redis.call('RENAME', move.messages, move.new_messages) end
  if counters.seq > 0 then redis.call('RENAME', move.bodies, move.new_bodies) end
  user.bytes = user.bytes + counters.bytes
  for _, field in ipairs({ move.to, move.record, move.to .. ':counters', format_counters(counters) }) do
    fields[#fields + 1] = field
  end
  places[#places + 1] = score
  places[#places + 1] = move.to
end

-- The shares of what has moved go with it. Returns those that stay.
local function move_shares(plans, shares)
  local to, here, stay = {}, parse_shares(row[2]), {}
  for _, move in ipairs(plans) do
    if move.counters then to[move.id] = move.to end
  end
  for _, share in ipairs(shares) do
    if to[share.conversation] then
      share.conversation = to[share.conversation]
      here[#here + 1] = share
    else
      stay[#stay + 1] = share
    end
  end
  row[2] = format_shares(here)
  return stay
end

-- A step's conversations. Returns how many were moved.
local function move_all(plans)
  local ids, scores = {}, {}
  for i, move in ipairs(plans) do ids[i] = move.id end
  for i, score in ipairs(redis.call('ZMSCORE', SOURCE_CONVERSATIONS, unpack(ids))) do
    scores[i] = score and integer(score) or integer(NOW)
  end
  local fields, places, gone, removed, moved, life = {}, {}, {}, {}, 0, 0
  for i, move in ipairs(plans) do
    if move.counters and not move.is_copy then
      carry_out(move, fields, places, scores[i])
      life = math.max(life, move.counters.life)
      moved = moved + 1
    else
      gone[#gone + 1] = move.messages
      gone[#gone + 1] = move.bodies
    end
    removed[#removed + 1] = move.id
    removed[#removed + 1] = move.id .. ':counters'
  end
  if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
  if moved > 0 then
    -- They stand where they stood, which no sync cursor passes.
    tick(user)
    user.floor = user.clock
    local stay = move_shares(plans, parse_shares(source_row[3]))
    local user_due = user.life < life
    if user_due then user.life = life + math.min(DAY, TTL / 2) end
    redis.call('HSET', META, ':user', format_user(user), ':shares', row[2], unpack(fields))
    redis.call('ZADD', CONVERSATIONS, unpack(places))
    redis.call('HSET', SOURCE_META, ':shares', format_shares(stay))
    if user_due then expire_user(user) end
    notify('claim', user)
  end
  redis.call('ZREM', SOURCE_CONVERSATIONS, unpack(ids))
  redis.call('HDEL', SOURCE_META, unpack(removed))
  return moved
end

-- What the source ever did counts as this user's doing.
local function add_totals()
  for _, name in ipairs({ 'messages', 'tokens', 'conversations' }) do user[name] = user[name] + source[name] end
  user.counted_messages, user.counted_tokens = user.messages, user.tokens
  local days, order = {}, {}
  for day, messages, tokens in string.gmatch(user.activity .. source.activity, ';(%d+) (%d+) (%d+)') do
    if not days[day] then
      days[day] = { 0, 0 }
      order[#order + 1] = day
    end
    days[day] = { days[day][1] + tonumber(messages), days[day][2] + tonumber(tokens) }
  end
  table.sort(order, function(a, b) return tonumber(a) < tonumber(b) end)
  local entries = {}
  for i, day in ipairs(order) do
    entries[i] = table.concat({ ';' .. day, integer(days[day][1]), integer(days[day][2]) }, ' ')
  end
  user.activity = table.concat(entries)
end

local moved = 0
if #ARGV >= FIRST then
  local plans = read_plans()
  local refused = refusal(plans)
  if refused then return { refused } end
  moved = move_all(plans)
end

local ids = redis.call('ZRANGE', SOURCE_CONVERSATIONS, 0, WANTED - 1)
if #ids > 0 then
  return { integer(redis.call('ZCARD', SOURCE_CONVERSATIONS)), integer(moved), unpack(ids) }
end
if source.conversations > 0 then
  add_totals()
  redis.call('HSET', META, ':user', format_user(user))
end
redis.call('UNLINK', SOURCE_CONVERSATIONS, SOURCE_META, KEYS[6], KEYS[7], KEYS[8])
source = read_user()
mark_source()
return { '0', integer(moved) }
