#!lua flags=allow-key-locking
-- Makes a read-only snapshot of a conversation, under an id that cannot be guessed.
--
-- KEYS     as in base.lua and write.lua, 6, 7, 8... one for each of the user's slots
-- ARGV     6 expires: ms; at most the TTL of a conversation from now
--          7 max_bytes: of messages in one
--          8 secret: the secret part of its id
--          9 share_prefix: what keys of shares begin with
-- Returns  status: 'ok' or 'unchanged'
--          id
--          conversation
--          created: ms
--          expires: ms
--          message_count
--          title: JSON text, or ''
-- Refuses  conversation_not_found
--          too_many_shares
--          too_large_to_share
-- Billed   8: EVALSHA, HMGET, ZRANGE, HMGET, HSET, PEXPIREAT, HSET, HSET; on the first activity of a day up to 4
--          more, for the new expiry; one more of HMGET for each 3,000 messages
-- Touches  one conversation of at most max_bytes

local EXPIRES, MAX_BYTES, SECRET, SHARE_PREFIX = ARGV[6], tonumber(ARGV[7]), ARGV[8], ARGV[9]
local REPLY = { 'status', 'id', 'conversation', 'created', 'expires', 'message_count', 'title' }
local FIRST_SLOT, LAST_SLOT = 6, #KEYS - 1

-- A part is one page of a reader: so many messages, or bytes.
local PART_MESSAGES, PART_BYTES = 100, 500000

-- The fields that hold the messages: number, part, number, part...; and how many messages they hold.
local function read_parts()
  local members, ids = redis.call('ZRANGE', MESSAGES, 0, -1), {}
  for i, member in ipairs(members) do ids[i] = id_of(member) end
  local bodies = call_in_portions('HMGET', BODIES, ids, 1)
  local fields, part, weight, count = {}, {}, 0, 0
  for i, id in ipairs(ids) do
    if is_body_of(members[i], bodies[i]) then
      part[#part + 1] = id .. GS .. bodies[i] .. GS
      weight, count = weight + weight_of(bodies[i]), count + 1
    end
    if #part == PART_MESSAGES or weight >= PART_BYTES or (i == #ids and #part > 0) then
      fields[#fields + 1] = integer(#fields / 2)
      fields[#fields + 1] = table.concat(part)
      part, weight = {}, 0
    end
  end
  return fields, count
end

-- The first slot without a share that can be read.
local function free_slot(shares)
  local is_taken = {}
  for _, share in ipairs(shares) do
    if share.conversation ~= '' then is_taken[key_of_share(SHARE_PREFIX, share.id)] = true end
  end
  for i = FIRST_SLOT, LAST_SLOT do
    if not is_taken[KEYS[i]] then return KEYS[i] end
  end
end

local c, user, outcome, text = load(':shares')
local shares = parse_shares(text)
local title = string.match(RS .. c.record_then, '\30"title"\31([^\30]*)') or ''
if outcome then
  local id, created, expires, message_count = string.match(outcome[9], '^([^,]*),([^,]*),([^,]*),([^,]*)$')
  return reply_of(REPLY, { status = 'ok', id = id, conversation = ID, created = created, expires = expires,
    message_count = message_count, title = title })
end
if not c.counters then refuse('conversation_not_found') end
local _, active = find_share(shares, '')
local slot = free_slot(shares)
if active >= LAST_SLOT - FIRST_SLOT + 1 or not slot then refuse('too_many_shares') end
if c.counters.bytes > MAX_BYTES then refuse('too_large_to_share') end
check_room(user, c.counters.bytes)
prepare(c)

local parts, count = read_parts()
local id = string.sub(slot, #SHARE_PREFIX + 1) .. SECRET
local numbers = table.concat({ integer(NOW), EXPIRES, integer(count), integer(#parts / 2) }, ' ')
parts[#parts + 1] = ':share'
parts[#parts + 1] = numbers .. RS .. title
-- With an expiry before there is any text.
redis.call('HSET', slot, ':secret', SECRET)
redis.call('PEXPIREAT', slot, EXPIRES)
call_in_portions('HSET', slot, parts, 2)

local share = { id = id, conversation = ID, created = integer(NOW), expires = EXPIRES, messages = integer(count),
  bytes = integer(c.counters.bytes), title = title }
shares[#shares + 1] = share
user.bytes = user.bytes + c.counters.bytes
-- The user's keys have to outlive the share: nothing else tells which user it belongs to.
if c.is_healed then
  -- Other messages than its numbers told of make it another version.
  touch(user, c)
  put_in_list(user, c, user.change_seq)
else
  local user_due
  c.is_due, user_due = slide(user, c.counters, c.record)
  if user_due then expire_user(user) end
end
if c.is_due then expire_conversation(c.counters, MESSAGES, BODIES) end
local extra = table.concat({ id, share.created, share.expires, share.messages }, ',')
c.writes = remember(c.writes, outcome_of('ok', user, c, extra))
local fields = conversation_fields(user, c)
fields[#fields + 1] = ':shares'
fields[#fields + 1] = format_shares(shares)
redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user), unpack(fields))
if c.is_healed and not sessions.has(c.record) then notify('heal', user, c.counters) end
local values = describe_share(share)
values.status = 'ok'
return reply_of(REPLY, values)
