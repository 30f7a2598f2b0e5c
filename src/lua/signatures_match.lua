#!lua flags=allow-key-locking,no-writes
-- Which conversations of the user may have what a search is for, by their signatures: first those whose title has all of it, then those
-- whose texts do, then those without a signature; among each, last changed first. Agent sessions are not searched.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit: 0 to learn no more than what has no signature
--          7 archived: '1', '0', or '' for both
--          8 pinned: '1', '0', or '' for both
--          9 expires_by: ms, or '' for all
--          10 updated_from: ms, or '' for all
--          11 updated_until: ms, or '' for all
--          12 window_score: of the conversation behind which those begin that are looked at, or ''
--          13 window_member: its id, or ''
--          14 tier: of the conversation behind which the page begins, or ''
--          15 after_score: its score, or ''
--          16 after_member: its id, or ''
--          17 goes_on: '1' where the page begins with this conversation
--          18 tag_count
--          19 tag...: as JSON text, in every spelling; none for all
--          20 probe...: all of which a signature has to have, see `probe` in src/search/fingerprint.rs
-- Returns  total: how many conversations were looked at
--          indexed: how many of them have a signature
--          has_more: '1' where more of them may have what the search is for than are returned
--          next_score: of the last conversation looked at, where there are others behind it, or ''
--          next_member: its id, or ''
--          unindexed_count
--          unindexed...: ids of some that have no signature, to be given one: not of what has to be recounted first, by its next write
--          candidates...: id, tier, score, bytes, messages
-- Billed   4: EVALSHA, ZREVRANGEBYSCORE, HMGET, HMGET; where there are no conversations, or the limit is 0, 1 less, or 2
-- Touches  the list; the numbers of at most 2,500 conversations, and signatures and metadata of about 16 MB

local LIMIT, ARCHIVED, PINNED, EXPIRES_BY = tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[9])
local UPDATED_FROM, UPDATED_UNTIL = tonumber(ARGV[10]), tonumber(ARGV[11])
local WINDOW_SCORE, WINDOW_MEMBER = tonumber(ARGV[12]), ARGV[13]
local TIER, AFTER_SCORE, AFTER_MEMBER, GOES_ON = tonumber(ARGV[14]), tonumber(ARGV[15]), ARGV[16], ARGV[17] == '1'
local TAG_COUNT, FIRST_TAG = tonumber(ARGV[18]), 19
local REPLY = { 'total', 'indexed', 'has_more', 'next_score', 'next_member', 'unindexed_count' }

-- The most conversations that one call looks at, and the most bytes of what is stored of them.
local MOST_LOOKED_AT, MOST_BYTES = 2500, 16000000
local USUAL_RECORD = 16000

local wanted = filter.parse(ARCHIVED, PINNED, { unpack(ARGV, FIRST_TAG, FIRST_TAG + TAG_COUNT - 1) })
local probes = {}
for i = FIRST_TAG + TAG_COUNT, #ARGV do probes[#probes + 1] = signature.parse_probe(ARGV[i]) end

local function is_behind(score, id, after_score, after_id)
  return score < after_score or (score == after_score and is_before(id, after_id))
end

local rows, first = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, '+inf', sessions.LOWEST_CHAT, 'WITHSCORES'), 1
if WINDOW_SCORE then
  while rows[first] and not is_behind(tonumber(rows[first + 1]), rows[first], WINDOW_SCORE, WINDOW_MEMBER) do first = first + 2 end
end
local last = math.min(#rows - 1, first + 2 * MOST_LOOKED_AT - 2)
local fields = { ':user' }
for i = first, last, 2 do
  fields[#fields + 1] = rows[i] .. ':counters'
  fields[#fields + 1] = rows[i] .. ':state'
end
local stored = redis.call('HMGET', META, unpack(fields))
parse_user(stored[1])

-- The numbers of a conversation, as far as they are needed here: parsing all of thousands would take longer than all the rest.
local function read_numbers(counters, state)
  local messages, bytes, updated, expires_at = string.match(counters or '',
    '^%d+ (%d+) %S+ (%d+) %S+ %S+ (%d+) (%d+)')
  if not messages or tonumber(expires_at) <= NOW then return nil end
  local extra, size = string.match(state or '', '^%S+ (%d+) %S+ %S+ %S+ %S+ (%-?%d+) %S+$')
  if not extra then extra = string.match(state or '', '^%S+ (%d+)') or USUAL_RECORD end
  local is_whole = string.sub(state or '', -1) == '-'
  return { messages = messages, bytes = bytes, updated = tonumber(updated), expires_at = tonumber(expires_at),
    extra = tonumber(extra), is_whole = is_whole, state = { signature = is_whole and tonumber(size) or 0 } }
end

local function fits_numbers(numbers)
  return (not EXPIRES_BY or numbers.expires_at <= EXPIRES_BY)
    and (not UPDATED_FROM or numbers.updated >= UPDATED_FROM)
    and (not UPDATED_UNTIL or numbers.updated <= UPDATED_UNTIL)
end

local total, indexed, bytes, found = 0, 0, 0, {}
local unindexed, unindexed_bytes = {}, 0
for i = first, last, 2 do
  local numbers = read_numbers(stored[1 + i - first + 1], stored[1 + i - first + 2])
  if numbers then
    if bytes > MOST_BYTES then
      last = i - 2
      break
    end
    total = total + 1
    numbers.id, numbers.score = rows[i], tonumber(rows[i + 1])
    if numbers.state.signature > 0 then
      indexed = indexed + 1
    elseif numbers.state.signature == 0 and numbers.is_whole and #unindexed < signature.MOST_AT_ONCE
      and unindexed_bytes + tonumber(numbers.bytes) <= signature.BYTES_AT_ONCE then
      unindexed[#unindexed + 1] = numbers.id
      unindexed_bytes = unindexed_bytes + tonumber(numbers.bytes)
    end
    if LIMIT > 0 and fits_numbers(numbers) then
      bytes = bytes + numbers.extra + signature.size(numbers.state)
      found[#found + 1] = numbers
    end
  end
end

local wishes, width = {}, wanted.reads_records and 2 or 1
for _, numbers in ipairs(found) do
  wishes[#wishes + 1] = numbers.id .. ':signature'
  if wanted.reads_records then wishes[#wishes + 1] = numbers.id end
end
local texts = #wishes > 0 and redis.call('HMGET', META, unpack(wishes)) or {}

-- 1: the title has all of it; 2: the texts do, or title and texts together; 3: there is no signature; nil: not all of it is there.
local function tier_of(numbers, text)
  if not signature.is_valid(numbers.state, text) then return 3 end
  if not signature.has_all(text, probes) then return nil end
  return signature.has_all(string.match(text, '^[^ ]*'), probes) and 1 or 2
end

local function is_to_come(tier, numbers)
  if not TIER or tier > TIER then return true end
  if tier < TIER then return false end
  return is_behind(numbers.score, numbers.id, AFTER_SCORE, AFTER_MEMBER) or (GOES_ON and numbers.id == AFTER_MEMBER)
end

local tiers, count = { {}, {}, {} }, 0
for i, numbers in ipairs(found) do
  local text, record = texts[width * (i - 1) + 1] or '', texts[width * i] or ''
  if not wanted.reads_records or filter.fits(wanted, record) then
    local tier = tier_of(numbers, text)
    if tier and is_to_come(tier, numbers) then
      count = count + 1
      table.insert(tiers[tier], numbers)
    end
  end
end

local candidates, returned = unindexed, 0
for tier, list in ipairs(tiers) do
  for _, numbers in ipairs(list) do
    if returned < LIMIT then
      returned = returned + 1
      for _, value in ipairs({ numbers.id, integer(tier), integer(numbers.score), numbers.bytes, numbers.messages }) do
        candidates[#candidates + 1] = value
      end
    end
  end
end
local unindexed_count = #candidates - 5 * returned
local is_last = last >= #rows - 1
return reply_of(REPLY, { total = integer(total), indexed = integer(indexed), has_more = flag(count > returned),
  next_score = is_last and '' or rows[last + 1], next_member = is_last and '' or rows[last],
  unindexed_count = integer(unindexed_count) }, candidates)
