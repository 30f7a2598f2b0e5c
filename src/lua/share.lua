#!lua flags=allow-key-locking
-- Makes a read-only snapshot of a conversation, under an id that cannot be guessed.
--
-- KEYS     as in the prelude, 6 the share
-- ARGV     5 id of the share  6 when it expires, ms; at most a life from now  7 how many shares a user may have
--          8 the most bytes of messages in one
-- Returns  {'ok' | 'unchanged', id, conversation, created, expires, messages, title as JSON text or ''}
--          {'missing'}           no such conversation
--          {'no share'}          this very share was made before, and revoked since
--          {'shares quota'}, {'share too large'}, {'bytes quota'}
-- Billed   7: EVALSHA, HMGET, ZRANGE, HMGET, HSET, PEXPIREAT, HSET; on the first activity of a day up to 4
--          more, for the new life; one more of HMGET for each 3,000 messages

local SHARE, SHARE_ID, EXPIRES = KEYS[6], ARGV[5], ARGV[6]
local MOST, MOST_BYTES = tonumber(ARGV[7]), tonumber(ARGV[8])

-- A part is one page of a reader: so many messages, or bytes.
local PART_MESSAGES, PART_BYTES = 100, 500000

-- The fields that hold the messages: number, part, number, part...
local function parts_of(ids)
  local bodies = call_in_portions('HMGET', BODIES, ids, 1)
  local fields, part, weight = {}, {}, 0
  for i, id in ipairs(ids) do
    part[#part + 1] = id .. GS .. bodies[i] .. GS
    weight = weight + weight_of(bodies[i])
    if #part == PART_MESSAGES or weight >= PART_BYTES or i == #ids then
      fields[#fields + 1] = integer(#fields / 2)
      fields[#fields + 1] = table.concat(part)
      part, weight = {}, 0
    end
  end
  return fields
end

local function refusal(user, counters, shares, living)
  if living >= MOST then return 'shares quota' end
  if counters.bytes > MOST_BYTES then return 'share too large' end
  local bytes = user.bytes + counters.bytes
  for _, share in ipairs(shares) do bytes = bytes + tonumber(share.bytes) end
  if bytes > SETTINGS.max_bytes then return 'bytes quota' end
end

local user, record, counters, _, text = load_conversation(ID, ':shares')
local shares = parse_shares(text)
local share, living = find_share(shares, SHARE_ID)
if share and share.conversation == '' then return { 'no share' } end
if share then return { 'unchanged', unpack(describe_share(share)) } end
if not counters then return { 'missing' } end
local refused = refusal(user, counters, shares, living)
if refused then return { refused } end

local ids = {}
for i, member in ipairs(redis.call('ZRANGE', MESSAGES, 0, -1)) do ids[i] = id_of(member) end
local fields = parts_of(ids)
local title = string.match(RS .. record, '\30"title"\31([^\30]*)') or ''
local numbers = table.concat({ integer(NOW), EXPIRES, integer(#ids), integer(#fields / 2) }, ' ')
fields[#fields + 1] = ':share'
fields[#fields + 1] = numbers .. RS .. title
call_in_portions('HSET', SHARE, fields, 2)
redis.call('PEXPIREAT', SHARE, EXPIRES)

share = { id = SHARE_ID, conversation = ID, created = integer(NOW), expires = EXPIRES, messages = integer(#ids),
  bytes = integer(counters.bytes), title = title }
shares[#shares + 1] = share
-- The user's keys have to outlive the share, or nobody would know any more whose it is.
local conversation_due, user_due = slide(user, counters)
redis.call('HSET', META, ':user', format_user(user), ID .. ':counters', format_counters(counters),
  ':shares', format_shares(shares))
if conversation_due then expire_conversation(counters, MESSAGES, BODIES) end
if user_due then expire_user(user) end
return { 'ok', unpack(describe_share(share)) }
