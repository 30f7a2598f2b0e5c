#!lua flags=allow-key-locking,no-writes
-- A page of what is in the trash, last deleted first.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit
--          7 after_score: when the conversation was deleted behind which the page begins, ms, or ''
--          8 after_member: its id, or ''
-- Returns  change_sequence
--          next_score: of the conversation behind which the next page begins, or ''
--          next_member: its id, or ''
--          conversations...: id, record, counters, state, deleted_at
-- Billed   3: EVALSHA, HMGET, HMGET; 1 less where nothing is in the trash
-- Touches  the rows of the trash, and the metadata of at most 50 conversations, 256 KB each

-- A page ends where its metadata would not fit the response of a function.
local PAGE_BYTES = 3500000

local LIMIT, AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local REPLY = { 'change_sequence', 'next_score', 'next_member' }

local row = redis.call('HMGET', META, ':user', ':trash')
local user = parse_user(row[1])

local function comes_before(a, b)
  if a.deleted_at ~= b.deleted_at then return a.deleted_at > b.deleted_at end
  return is_before(b.id, a.id)
end
local found, after = {}, { deleted_at = tonumber(AFTER_SCORE), id = AFTER_MEMBER }
for _, one in ipairs(trash.parse(row[2])) do
  if one.kept_until > NOW and (AFTER_MEMBER == '' or comes_before(after, one)) then found[#found + 1] = one end
end
table.sort(found, comes_before)

local fields = {}
for i = 1, math.min(#found, LIMIT) do
  fields[#fields + 1] = found[i].id .. ':counters'
  fields[#fields + 1] = found[i].id .. ':trash'
end
local stored = #fields > 0 and redis.call('HMGET', META, unpack(fields)) or {}
local page, bytes, last = {}, 0, 0
for i = 1, #fields / 2 do
  local one, text = found[i], stored[2 * i]
  if trash.is_restorable(one, stored[2 * i - 1], text) then
    if #page > 0 and bytes + #text > PAGE_BYTES then break end
    bytes = bytes + #text
    local entry = trash.parse_entry(text)
    local counters = parse_numbers(counter_names, entry.counters)
    -- From then on it is gone permanently.
    counters.expires_at = one.kept_until
    for _, value in ipairs({ one.id, entry.record, format_counters(counters), '0 0 0 !', integer(one.deleted_at) }) do
      page[#page + 1] = value
    end
  end
  last = i
end
local has_more = last < #found
return reply_of(REPLY, { change_sequence = integer(user.change_seq),
  next_score = has_more and integer(found[last].deleted_at) or '', next_member = has_more and found[last].id or '' }, page)
