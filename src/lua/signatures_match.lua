#!lua flags=allow-key-locking,no-writes
-- Which conversations of the user may have what a search is for, by their signatures. Agent sessions are not searched.
--
-- A search looks at the list in windows, the last changed first. In each come those whose title has all of it, then those whose title has
-- at least half, then those whose texts have it, then those without a signature, among each the last changed first. What changes while a
-- search goes on must not get lost between two pages. So
--   what is changed after the first page leaves its window, and comes behind all windows, the first changed first: another change moves
--     it further back, and an offset within it counts only where there was none;
--   what is given a signature after the first page stays among those without one, so nothing comes forward in its window: what its
--     signature excludes is left out all the same;
--   a window ends where it ended on its first page, or earlier: others do not come in when some leave it;
--   what moves anywhere else in the list does so by an import or a claim, which the user's `floor` tells: then the search begins
--     again behind all the others.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit: 0 to learn no more than what has no signature
--          7 archived: '1', '0', or '' for both
--          8 pinned: '1', '0', or '' for both
--          9 expires_by: ms, or '' for all
--          10 updated_from: ms, or '' for all
--          11 updated_until: ms, or '' for all
--          12 began: the change sequence on the first page, or '' there
--          13 prepared: the user's number of this name on the first page, or '' there
--          14 window_score: of the conversation behind which the window begins, or ''
--          15 window_member: its id, or ''
--          16 until_score: of the conversation with which it ends, or '' on its first page
--          17 until_member: its id, or ''
--          18 tier: of the conversation behind which the page begins, or ''; 5 behind the windows
--          19 after_score: its score, or ''
--          20 after_member: its id, or ''
--          21 goes_on: '1' where the page begins with this conversation
--          22 tag_count
--          23 tag...: as JSON text, in every spelling; none for all
--          24 probe...: all of which a signature has to have, see `probe` in src/search/fingerprint.rs
-- Returns  began: as above
--          prepared: as above
--          total: how many conversations there are
--          looked_at: how many of them were looked at
--          indexed: how many of these have a signature, or too many words to get one
--          has_more: '1' where more of them may have what the search is for than are returned
--          then: what comes behind them: 'window', 'changed', 'again' for all of it, or ''
--          last_score: of the last conversation looked at, or ''
--          last_member: its id, or ''
--          unindexed_count
--          unindexed...: ids of some that have no signature, to be given one: not of what has to be recounted first, by its next write
--          candidates...: id, tier, score, bytes, messages
-- Billed   4: EVALSHA, ZREVRANGEBYSCORE, HMGET, HMGET; where no conversation has a signature and no filter needs its metadata, or the
--          limit is 0, 1 less
-- Touches  the list; the numbers of at most 2,500 conversations, and signatures and metadata of about 16 MB

local LIMIT, ARCHIVED, PINNED, EXPIRES_BY = tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[9])
local UPDATED_FROM, UPDATED_UNTIL = tonumber(ARGV[10]), tonumber(ARGV[11])
local BEGAN, PREPARED = tonumber(ARGV[12]), tonumber(ARGV[13])
local WINDOW_SCORE, WINDOW_MEMBER = tonumber(ARGV[14]), ARGV[15]
local UNTIL_SCORE, UNTIL_MEMBER = tonumber(ARGV[16]), ARGV[17]
local TIER, AFTER_SCORE, AFTER_MEMBER, GOES_ON = tonumber(ARGV[18]), tonumber(ARGV[19]), ARGV[20], ARGV[21] == '1'
local TAG_COUNT, FIRST_TAG = tonumber(ARGV[22]), 23
local REPLY = { 'began', 'prepared', 'total', 'looked_at', 'indexed', 'has_more', 'then', 'last_score', 'last_member',
  'unindexed_count' }

-- The most conversations that one call looks at, and the most bytes of what is stored of them.
local MOST_LOOKED_AT, MOST_BYTES = 2500, 16000000
local USUAL_RECORD = 16000
-- Of what has no signature that tells its place, and of what was changed.
local UNKNOWN, CHANGED = 4, 5

local wanted = filter.parse(ARCHIVED, PINNED, { unpack(ARGV, FIRST_TAG, FIRST_TAG + TAG_COUNT - 1) })
local probes = {}
for i = FIRST_TAG + TAG_COUNT, #ARGV do probes[#probes + 1] = signature.parse_probe(ARGV[i]) end

local function is_behind(score, id, after_score, after_id)
  return score < after_score or (score == after_score and is_before(id, after_id))
end

local function is_place(score, id)
  return score == AFTER_SCORE and id == AFTER_MEMBER
end

local rows = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, '+inf', sessions.LOWEST_CHAT, 'WITHSCORES')
-- Where in `rows` those stand that are looked at, whether others come behind them, and whether any was changed.
local picked, is_rest, is_any_changed = {}, false, false
local function pick(i)
  if #picked < MOST_LOOKED_AT then picked[#picked + 1] = i else is_rest = true end
end

local function pick_from_window()
  for i = 1, #rows, 2 do
    local id, score = rows[i], tonumber(rows[i + 1])
    if BEGAN and score > BEGAN then
      is_any_changed = true
    elseif UNTIL_SCORE and is_behind(score, id, UNTIL_SCORE, UNTIL_MEMBER) then
      is_rest = true
      return
    elseif not WINDOW_SCORE or is_behind(score, id, WINDOW_SCORE, WINDOW_MEMBER) then
      pick(i)
      if is_rest then return end
    end
  end
end

local function pick_changed()
  for i = #rows - 1, 1, -2 do
    local id, score = rows[i], tonumber(rows[i + 1])
    local is_to_come = not AFTER_SCORE or is_behind(AFTER_SCORE, AFTER_MEMBER, score, id) or (GOES_ON and is_place(score, id))
    if score > BEGAN and is_to_come then pick(i) end
  end
end

if TIER == CHANGED and BEGAN then pick_changed() else pick_from_window() end

local fields = { ':user' }
for _, i in ipairs(picked) do
  fields[#fields + 1] = rows[i] .. ':counters'
  fields[#fields + 1] = rows[i] .. ':state'
end
local stored = redis.call('HMGET', META, unpack(fields))
local user = parse_user(stored[1])
local began = BEGAN or math.max(user.change_seq, user.floor, tonumber(rows[2]) or 0)
local prepared = PREPARED or user.prepared

-- The numbers of a conversation, as far as they are needed here: parsing all of thousands would take longer than all the rest.
local function read_numbers(counters, state)
  local messages, bytes, updated, expires_at = string.match(counters or '',
    '^%d+ (%d+) %S+ (%d+) %S+ %S+ (%d+) (%d+)')
  if not messages or tonumber(expires_at) <= NOW then return nil end
  local extra, size, since = string.match(state or '', '^%S+ (%d+) %S+ %S+ %S+ %S+ (%-?%d+) (%d+) %S+$')
  if not extra then extra = string.match(state or '', '^%S+ (%d+)') or USUAL_RECORD end
  local is_whole = string.sub(state or '', -1) == '-'
  return { messages = messages, bytes = bytes, updated = tonumber(updated), expires_at = tonumber(expires_at),
    extra = tonumber(extra), is_whole = is_whole, prepared = tonumber(since),
    state = { signature = is_whole and tonumber(size) or 0 } }
end

local function fits_numbers(numbers)
  return (not EXPIRES_BY or numbers.expires_at <= EXPIRES_BY)
    and (not UPDATED_FROM or numbers.updated >= UPDATED_FROM)
    and (not UPDATED_UNTIL or numbers.updated <= UPDATED_UNTIL)
end

local last, looked_at, indexed, bytes, found = nil, 0, 0, 0, {}
local unindexed, unindexed_bytes = {}, 0
for at, i in ipairs(picked) do
  local numbers = read_numbers(stored[2 * at], stored[2 * at + 1])
  if numbers then
    if bytes > MOST_BYTES then
      is_rest = true
      break
    end
    looked_at = looked_at + 1
    numbers.id, numbers.score = rows[i], tonumber(rows[i + 1])
    if numbers.state.signature ~= 0 then
      indexed = indexed + 1
    elseif numbers.is_whole and #unindexed < signature.MOST_AT_ONCE
      and unindexed_bytes + tonumber(numbers.bytes) <= signature.BYTES_AT_ONCE then
      unindexed[#unindexed + 1] = numbers.id
      unindexed_bytes = unindexed_bytes + tonumber(numbers.bytes)
    end
    if LIMIT > 0 and fits_numbers(numbers) then
      bytes = bytes + numbers.extra + signature.size(numbers.state)
      found[#found + 1] = numbers
    end
  end
  last = i
end

local wishes = {}
local function wish(field)
  wishes[#wishes + 1] = field
  return #wishes
end
for _, numbers in ipairs(found) do
  if numbers.state.signature > 0 then numbers.signature_at = wish(numbers.id .. ':signature') end
  if wanted.reads_records then numbers.record_at = wish(numbers.id) end
end
local texts = #wishes > 0 and redis.call('HMGET', META, unpack(wishes)) or {}

-- nil: not all of it is there.
local function tier_of(numbers)
  local text = texts[numbers.signature_at] or ''
  local is_known = signature.is_valid(numbers.state, text)
  if is_known and not signature.may_have_all(text, probes) then return nil end
  if TIER == CHANGED then return CHANGED end
  if not is_known or numbers.prepared > prepared then return UNKNOWN end
  local count = signature.count_in_title(text, probes)
  if count == #probes then return 1 end
  return 2 * count >= #probes and 2 or 3
end

local function is_to_come(tier, numbers)
  if not TIER or TIER == CHANGED or tier > TIER then return true end
  if tier < TIER then return false end
  return is_behind(numbers.score, numbers.id, AFTER_SCORE, AFTER_MEMBER) or (GOES_ON and is_place(numbers.score, numbers.id))
end

local tiers, count = { {}, {}, {}, {}, {} }, 0
for _, numbers in ipairs(found) do
  if not wanted.reads_records or filter.fits(wanted, texts[numbers.record_at] or '') then
    local tier = tier_of(numbers)
    if tier and is_to_come(tier, numbers) then
      count = count + 1
      table.insert(tiers[tier], numbers)
    end
  end
end

local function what_comes_then()
  if is_rest then return TIER == CHANGED and 'changed' or 'window' end
  if is_any_changed then return 'changed' end
  return user.floor > began and 'again' or ''
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
local last_score = last and rows[last + 1] or UNTIL_SCORE and integer(UNTIL_SCORE) or ''
return reply_of(REPLY, { began = integer(began), prepared = integer(prepared), total = integer(#rows / 2),
  looked_at = integer(looked_at), indexed = integer(indexed), has_more = flag(count > returned), ['then'] = what_comes_then(),
  last_score = last_score, last_member = last and rows[last] or UNTIL_MEMBER, unindexed_count = integer(unindexed_count) },
  candidates)
