#!lua flags=allow-key-locking,allow-oom
-- One step of removing what is in the trash permanently: removes the conversations it is given, and names those of the next
-- step. Each step may run twice.
--
-- KEYS     1 to 3 as in base.lua, then messages and bodies of each conversation to remove
-- ARGV     6 max_named: how many to name
--          7 ids...: of those to remove
-- Returns  remaining: conversations that are left
--          ids...: of the next step
-- Billed   3: EVALSHA, HMGET, HSET; with conversations to remove 4 more (HMGET, UNLINK, HDEL, HSET), or 3 where others are left
-- Touches  the rows of the trash; at most 100 conversations

local MAX_NAMED, FIRST_ID = tonumber(ARGV[6]), 7
local REPLY = { 'remaining' }

local row = redis.call('HMGET', META, ':user', ':account', ':writes', ':trash')
local outcome = parse_caller(row[1], row[2], row[3])
if outcome then return reply_of(REPLY, { remaining = '0' }) end
local user, rows, given, last = CALLER, trash.parse(row[4]), {}, 0
local key_of, is_given = {}, {}
for i = FIRST_ID, #ARGV do key_of[ARGV[i]] = 4 + 2 * (i - FIRST_ID) end
for i, one in ipairs(rows) do
  if key_of[one.id] then
    given[#given + 1], last = one, i
    is_given[one.id] = true
  end
end

-- Messages go before the list forgets them. False where the database takes nothing more.
local function remove()
  local set, clear, ids = trash.forget(user, given, trash.counters_of(given))
  local keys = {}
  for _, id in ipairs(ids) do
    keys[#keys + 1] = KEYS[key_of[id]]
    keys[#keys + 1] = KEYS[key_of[id] + 1]
  end
  if #keys > 0 then redis.call('UNLINK', unpack(keys)) end
  redis.call('HDEL', META, unpack(clear))
  return call_unless_full('HSET', META, ':user', format_user(user), ':account', format_account(user),
    ':trash', trash.format(trash.without(rows, is_given)), unpack(set))
end
if #given > 0 and remove() then rows, last = trash.without(rows, is_given), 0 end

-- Where what went could not be taken from the list, those behind it are next.
local next_ids = {}
for i = last + 1, math.min(#rows, last + MAX_NAMED) do next_ids[#next_ids + 1] = rows[i].id end
if #next_ids > 0 then return reply_of(REPLY, { remaining = integer(#rows - last) }, next_ids) end
local kept = remember(row[3], 'ok')
count_bytes(user, #kept - #(row[3] or ''))
if user.change_seq > 0 then
  call_unless_full('HSET', META, ':user', format_user(user), ':account', format_account(user), ':writes', kept)
end
return reply_of(REPLY, { remaining = '0' })
