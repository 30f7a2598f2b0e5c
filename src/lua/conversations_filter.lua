#!lua flags=allow-key-locking,no-writes
-- A page of those conversations of the user that fit a filter, last changed first, and how many there are of them.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit
--          7 archived: '1', '0', or '' for both
--          8 pinned: '1', '0', or '' for both
--          9 expires_by: ms, or '' for all
--          10 after_score: of the conversation behind which the page begins, or ''
--          11 after_member: its id, or ''
--          12 tag...: as JSON text, in every spelling; none for all
-- Returns  change_sequence
--          is_purge_due: '1' or '0'
--          count: of all that fit, or '' where not all could be looked at
--          next_score: of the conversation behind which the next page begins, or ''
--          next_member: its id, or ''
--          conversations...: id, record, counters, state
-- Billed   4: EVALSHA, ZREVRANGEBYSCORE, HMGET, HMGET; where nothing can fit 1 less
-- Touches  the list; the numbers of at most 3,500 conversations, and metadata of about 16 MB: where that does not suffice, the
--          page ends early

local LIMIT, ARCHIVED, PINNED, EXPIRES_BY = tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[9])
local AFTER_SCORE, AFTER_MEMBER, FIRST_TAG = tonumber(ARGV[10]), ARGV[11], 12
local REPLY = { 'change_sequence', 'is_purge_due', 'count', 'next_score', 'next_member' }

-- The most conversations whose numbers one command reads, and the most bytes of metadata.
local MOST_LOOKED_AT, MOST_BYTES = 3500, 16000000
-- What metadata takes up at most, and about what it does where an earlier release has not said.
local LARGEST_RECORD, USUAL_RECORD = 300000, 16000

local is_wanted, has_tag = {}, #ARGV >= FIRST_TAG
for i = FIRST_TAG, #ARGV do is_wanted[ARGV[i]] = true end
local reads_records = ARCHIVED ~= '' or PINNED ~= '' or has_tag

-- Whether one of the texts of a JSON array is the tag.
local function is_tagged(record)
  local tags = string.match(RS .. record, '\30"tags"\31([^\30]*)\30') or ''
  local at = string.find(tags, '"', 1, true)
  while at do
    local last = at + 1
    while string.sub(tags, last, last) ~= '"' do
      last = string.find(tags, '["\\]', last)
      if not last then return false end
      if string.sub(tags, last, last) == '\\' then last = last + 2 end
    end
    if is_wanted[string.sub(tags, at, last)] then return true end
    at = string.find(tags, '"', last + 1, true)
  end
  return false
end

local function fits(record)
  if ARCHIVED ~= '' and flag(is_true(record, '"archived"')) ~= ARCHIVED then return false end
  if PINNED ~= '' and flag(is_true(record, '"pinned"')) ~= PINNED then return false end
  return not has_tag or is_tagged(record)
end

local function is_behind_cursor(score, id)
  if AFTER_MEMBER == '' then return true end
  score = tonumber(score)
  return score < AFTER_SCORE or (score == AFTER_SCORE and is_before(id, AFTER_MEMBER))
end

-- What is looked at: from the first one on, where that is possible, or else from the cursor.
local rows = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, '+inf', sessions.LOWEST_CHAT, 'WITHSCORES')
local is_whole, first = #rows / 2 <= MOST_LOOKED_AT, 1
local function skip_to_cursor()
  is_whole = false
  while rows[first] and not is_behind_cursor(rows[first + 1], rows[first]) do first = first + 2 end
end
if not is_whole then skip_to_cursor() end
local last = math.min(#rows, first + 2 * MOST_LOOKED_AT - 1)
local fields, origin = { ':user' }, first
for i = first, last, 2 do
  fields[#fields + 1] = rows[i] .. ':counters'
  fields[#fields + 1] = rows[i] .. ':state'
end
local stored = redis.call('HMGET', META, unpack(fields))
local user = parse_user(stored[1])

-- Those that can fit by their numbers: place in the list, counters, state.
local function candidates()
  local found, bytes = {}, 0
  for i = first, last, 2 do
    local at = 2 + (i - origin)
    local counters = parse_counters(stored[at])
    if counters and (not EXPIRES_BY or counters.expires_at <= EXPIRES_BY) then
      local state = parse_state(stored[at + 1])
      local size = state and math.min(LARGEST_RECORD, state.extra) or USUAL_RECORD
      if reads_records and #found > 0 and bytes + size > MOST_BYTES then return found, i - 2 end
      bytes = bytes + size
      found[#found + 1] = { place = i, counters = stored[at], state = stored[at + 1] }
    end
  end
  return found, last - 1
end

local found, seen = candidates()
if is_whole and seen < last - 1 then
  -- Not all metadata can be read at once, so it is read from the cursor on.
  skip_to_cursor()
  found, seen = candidates()
end

-- Without a filter that needs the metadata, only what is shown is read.
local shown = {}
for _, one in ipairs(found) do
  local is_behind = is_behind_cursor(rows[one.place + 1], rows[one.place])
  if reads_records or (is_behind and #shown <= LIMIT) then
    shown[#shown + 1] = one
    one.is_behind = is_behind
  end
end
local ids = {}
for i, one in ipairs(shown) do ids[i] = rows[one.place] end
local records = #ids > 0 and redis.call('HMGET', META, unpack(ids)) or {}

local page, bytes, count = {}, 0, 0
local values = { change_sequence = integer(user.change_seq), is_purge_due = flag(is_purge_due(user)), next_score = '',
  next_member = '' }
local shown_last, is_full
for i, one in ipairs(shown) do
  local record = records[i] or ''
  if not reads_records or fits(record) then
    count = count + 1
    if one.is_behind and not is_full then
      is_full = #page / 4 >= LIMIT or (#page > 0 and bytes + #record > PAGE_BYTES)
      if not is_full then
        bytes = bytes + #record
        for _, value in ipairs({ ids[i], record, one.counters, one.state or '0 0 0 !' }) do page[#page + 1] = value end
        shown_last = one.place
      end
    end
  end
end
if not is_full and seen < #rows - 1 then shown_last, is_full = seen, true end
if is_full then
  values.next_score, values.next_member = rows[shown_last + 1], rows[shown_last]
end
values.count = is_whole and integer(reads_records and count or #found) or ''
return reply_of(REPLY, values, page)
