#!lua flags=allow-key-locking
-- One step of a claim: moves conversations from the trash of the source into that of this user. Each step may run twice.
--
-- KEYS     1 to 3 as in base.lua, of the source 4 meta, then per conversation to move: its messages and bodies, where they
--          go, and where they go if its id is taken there
-- ARGV     6 claimer: a hash of this user
--          7 moves...: id, other_id; the other one is for where the id is taken
-- Returns  status: 'ok'
-- Refuses  already_claimed: the source was claimed by another user, or by nobody
-- Billed   7: EVALSHA, HMGET, HMGET, HMGET, HSET, HDEL, HSET; where any can be restored 2 more (ZADD, PEXPIREAT), and for each of
--          them 2 (RENAME, RENAME); where others are to be removed 1 more (UNLINK), and where the user's keys are due for a new
--          expiry 3 (PEXPIREAT, PEXPIREAT, HSET)
-- Touches  the metadata of the conversations to move

local SOURCE_META, CLAIMER = KEYS[4], ARGV[6]
local FIRST_KEY, KEY_WIDTH, FIRST_MOVE = 5, 6, 7
local SUFFIXES = { '', ':counters', ':state', ':writes', ':deleted', ':branches', ':trash' }

local source_row = redis.call('HMGET', SOURCE_META, ':claimed', ':trash')
if string.match(source_row[1] or '', '^%S+') ~= CLAIMER then refuse('already_claimed') end
local wanted, here = {}, { ':user', ':account', ':trash' }
for at = FIRST_MOVE, #ARGV, 2 do
  for _, suffix in ipairs(SUFFIXES) do wanted[#wanted + 1] = ARGV[at] .. suffix end
  for _, id in ipairs({ ARGV[at], ARGV[at + 1] }) do
    here[#here + 1] = id .. ':counters'
    here[#here + 1] = id .. ':trash'
  end
end
local stored, found = redis.call('HMGET', SOURCE_META, unpack(wanted)), redis.call('HMGET', META, unpack(here))
parse_caller(found[1], found[2])
local user, rows, source_rows = CALLER, trash.parse(found[3]), trash.parse(source_row[2])

-- Where a conversation goes; what an earlier step began has the same entry there, and counters.
local function destination(index, text)
  local at, column = FIRST_MOVE + 2 * (index - 1), 4 + 4 * (index - 1)
  if found[column + 1] == text then return ARGV[at], 2, found[column] end
  if found[column + 3] == text then return ARGV[at + 1], 4, found[column + 2] end
  local is_free = (found[column] or '') == '' and (found[column + 1] or '') == ''
  return ARGV[is_free and at or at + 1], is_free and 2 or 4
end

local marks, places, renames, gone, removed, is_given = {}, {}, {}, {}, {}, {}
for index = 1, (#ARGV - FIRST_MOVE + 1) / 2 do
  local id, key = ARGV[FIRST_MOVE + 2 * (index - 1)], FIRST_KEY + KEY_WIDTH * (index - 1)
  local values = { unpack(stored, #SUFFIXES * (index - 1) + 1, #SUFFIXES * index) }
  local row, text, counters_text = trash.find(source_rows, id), values[7], values[2]
  is_given[id] = true
  if trash.is_restorable(row, counters_text, text) then
    local to, offset, begun = destination(index, text)
    if not begun then
      local state = parse_state(values[3])
      count_bytes(user, state and state.extra or 0)
      ACCOUNT.tombstones = ACCOUNT.tombstones + 1
      begun = 'deleted ' .. integer(tick(user))
      for i, suffix in ipairs(SUFFIXES) do
        marks[#marks + 1] = to .. suffix
        marks[#marks + 1] = i == 2 and begun or values[i] or ''
      end
      row.id = to
      rows[#rows + 1] = row
    end
    places[#places + 1] = string.match(begun, '%d+$')
    places[#places + 1] = to
    for i = 0, 1 do renames[#renames + 1] = { KEYS[key + i], KEYS[key + offset + i] } end
  elseif row and (not counters_text or string.find(counters_text, '^deleted')) then
    gone[#gone + 1], gone[#gone + 2] = KEYS[key], KEYS[key + 1]
  end
  for _, suffix in ipairs(SUFFIXES) do removed[#removed + 1] = id .. suffix end
end

if #marks > 0 then
  table.sort(rows, function(a, b) return a.deleted_at < b.deleted_at end)
  redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user),
    ':trash', trash.format(rows), unpack(marks))
end
if #places > 0 then
  redis.call('ZADD', DELETED, unpack(places))
  redis.call('PEXPIREAT', DELETED, integer(NOW + 2 * TTL))
  if user.expires_at < NOW + TTL then
    user.expires_at = NOW + TTL + math.min(DAY, TTL / 2)
    expire_user(user)
    redis.call('HSET', META, ':user', format_user(user))
  end
end
for _, one in ipairs(renames) do
  local reply = redis.pcall('RENAME', one[1], one[2])
  -- It had no messages, or an earlier step that was stopped has moved them.
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'no such key', 1, true) then error(reply) end
end
if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
local left = {}
for _, row in ipairs(trash.parse(source_row[2])) do
  if not is_given[row.id] then left[#left + 1] = row end
end
call_in_portions('HDEL', SOURCE_META, removed, 1)
redis.call('HSET', SOURCE_META, ':trash', trash.format(left))
return { 'ok' }
