#!lua flags=allow-key-locking,no-writes
-- A page of the user's agent sessions, last changed first: conversations of the kind "session", which no other list shows.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit
--          7 prefix: what their ids begin with, or ''
--          8 is_flat: '1' for those only whose ids have no '-' behind the prefix, or '0'
--          9 after_score: of the session behind which the page begins, as a place in the change sequence, or ''
--          10 after_member: its id, or ''
-- Returns  change_sequence
--          is_purge_due: '1' or '0'
--          next_score: of the session behind which the next page begins, or ''
--          next_member: its id, or ''
--          conversations...: id, record, counters, state
-- Billed   3: EVALSHA, ZREVRANGEBYSCORE, HMGET
-- Touches  the places of all sessions; the metadata of at most 51, 256 KB each; ten times as many where these have expired

local LIMIT, PREFIX, IS_FLAT = tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
local AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[9]), ARGV[10]
local REPLY = { 'change_sequence', 'is_purge_due', 'next_score', 'next_member' }

local function is_wanted(id)
  if string.sub(id, 1, #PREFIX) ~= PREFIX then return false end
  return not IS_FLAT or not string.find(id, '-', #PREFIX + 1, true)
end

local function is_behind_cursor(score, id)
  if AFTER_MEMBER == '' then return true end
  return score < AFTER_SCORE or (score == AFTER_SCORE and is_before(id, AFTER_MEMBER))
end

-- Id, place, id, place...: all that can be on the page or behind it, and where each id stands among them.
local rows, wanted, at = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, sessions.HIGHEST, '-inf', 'WITHSCORES'), {}, {}
for i = 1, #rows, 2 do
  local score = tonumber(rows[i + 1]) + sessions.BELOW
  if is_wanted(rows[i]) and is_behind_cursor(score, rows[i]) then
    at[rows[i]] = #wanted + 1
    wanted[#wanted + 1], wanted[#wanted + 2] = rows[i], integer(score)
  end
end
local function sessions_behind(_, id, count)
  local first = id == '' and 1 or at[id] + 2
  return { unpack(wanted, first, math.min(#wanted, first + 2 * count - 1)) }
end

local page = page_of_list(LIMIT, '', '', sessions_behind)
return reply_of(REPLY, { change_sequence = integer(page.user.change_seq), is_purge_due = flag(is_purge_due(page.user)),
  next_score = page.score, next_member = page.id }, page.values)
