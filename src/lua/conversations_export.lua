#!lua flags=allow-key-locking,no-writes
-- Reads conversations with their messages, as many as a reply should hold: the active path, root to head, then what is beside it,
-- each message behind the one that it follows. An export is no activity: no expiry is renewed.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6 after_score: place behind which the first conversation's messages begin, or ''; below 0 beside the path, behind so
--            many messages
--          7 after_member: its member, or ''
--          8 ids...
-- Returns  conversations...: record, counters, state, score, rest_score, rest_member, messages...; each a separate list, {}
--            where there is no such conversation, until the reply is full; score: its place in the list; rest: place and
--            member behind which its other messages begin, or '' and ''; messages: id, body, score, siblings, parent...;
--            siblings: always ''; parent: where there are branches the id of the message that it follows, or '/'; else ''
-- Billed   3: EVALSHA, HMGET, ZMSCORE, and per conversation 1 (ZRANGE) and for each 25 messages 1 (HMGET);
--          behind a member 1 more (ZCOUNT)
-- Touches  at most 5,025 messages, and 6 MB and one message; where there are branches the places of all

-- Full is a reply of so many bytes, or of so many messages: few round trips for an account of the usual size, and room
-- enough in one response of Upstash, 10 MB.
local BYTES, MESSAGES_AT_MOST, PORTION = 6000000, 5000, 25

local AFTER_SCORE, AFTER_MEMBER, FIRST_ID = ARGV[6], ARGV[7], 8
local EACH = { 'record', 'counters', 'state', 'score', 'rest_score', 'rest_member' }

local bytes, count = 0, 0

local function is_full()
  return bytes >= BYTES or count >= MESSAGES_AT_MOST
end

-- At most `wanted` members and their places: from the first on, or behind the cursor as in a page.
local function members_of(key, wanted, behind)
  if not behind then return redis.call('ZRANGE', key, 0, wanted - 1, 'WITHSCORES') end
  local shared = redis.call('ZCOUNT', key, AFTER_SCORE, AFTER_SCORE)
  local found = redis.call('ZRANGEBYSCORE', key, AFTER_SCORE, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted + shared)
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(AFTER_SCORE) and not is_before(AFTER_MEMBER, found[i])
    if not passed and #members < 2 * wanted then
      members[#members + 1] = found[i]
      members[#members + 1] = found[i + 1]
    end
  end
  return members
end

-- What of a conversation is to be read: entries, each with its `parent` where there are branches, and `rest`, behind which
-- what follows begins. Of the path up to the portion that fills the reply, and at least one more, to see whether more
-- follow; all of it where there are branches, for what is on the path is not beside it.
local function entries_of(messages, branches, behind)
  local is_beside = behind and tonumber(AFTER_SCORE) < 0
  if branches == '' then
    local rows = members_of(messages, math.max(0, MESSAGES_AT_MOST - count) + PORTION, behind)
    local entries = path_of(rows)
    for _, entry in ipairs(entries) do entry.rest = integer(entry.score) end
    return entries
  end
  local path, entries = path_of(redis.call('ZRANGE', messages, 0, -1, 'WITHSCORES')), {}
  local segments = take_entries(parse_branches(branches), function(entry) return path.at[entry.id] ~= nil end)
  for i, entry in ipairs(path) do
    local place = behind and tonumber(AFTER_SCORE)
    local is_passed = behind and (is_beside or entry.score < place
      or (entry.score == place and not is_before(AFTER_MEMBER, entry.member)))
    entry.parent, entry.rest = i > 1 and path[i - 1].id or ROOT, integer(entry.score)
    if not is_passed then entries[#entries + 1] = entry end
  end
  for i, entry in ipairs(in_order(segments)) do
    if entry.parent == '' then entry.parent = ROOT end
    entry.rest = integer(-i)
    if not is_beside or i > -tonumber(AFTER_SCORE) then entries[#entries + 1] = entry end
  end
  return entries
end

-- A conversation's messages until the reply is full, and where more follow, the place and member behind which.
local function read_messages(messages, bodies, branches, behind)
  local found, entries = {}, entries_of(messages, branches, behind)
  for at = 1, #entries, PORTION do
    local ids = {}
    for i = at, math.min(at + PORTION - 1, #entries) do ids[#ids + 1] = entries[i].id end
    for i, body in ipairs(redis.call('HMGET', bodies, unpack(ids))) do
      local index = at + i - 1
      local entry, before = entries[index], entries[index - 1]
      if before and is_full() then return found, before.rest, before.member end
      if is_body_of(entry.member, body) then
        for _, value in ipairs({ entry.id, body, integer(entry.score), '', entry.parent or '' }) do
          found[#found + 1] = value
        end
        bytes = bytes + weight_of(body)
        count = count + 1
      end
    end
  end
  return found, '', ''
end

-- The place in the change sequence that a score stands for.
local function place_of(record, score)
  score = tonumber(score)
  return sessions.has(record) and score < -sessions.BELOW / 2 and score + sessions.BELOW or score
end

local FIELDS = { '', ':counters', ':state', ':branches' }
local fields, ids = { ':user' }, {}
for i = FIRST_ID, #ARGV do
  ids[#ids + 1] = ARGV[i]
  for _, suffix in ipairs(FIELDS) do fields[#fields + 1] = ARGV[i] .. suffix end
end
local rows = redis.call('HMGET', META, unpack(fields))
parse_user(rows[1])
local places = redis.call('ZMSCORE', CONVERSATIONS, unpack(ids))

local replies = {}
for i in ipairs(ids) do
  if i > 1 and is_full() then break end
  local at = 2 + #FIELDS * (i - 1)
  local record, text, state, branches = rows[at], rows[at + 1], rows[at + 2], rows[at + 3]
  local reply = {}
  if parse_counters(text) and places[i] then
    record = record or ''
    bytes = bytes + #record
    local messages, rest_score, rest_member =
      read_messages(KEYS[2 + 2 * i], KEYS[3 + 2 * i], branches or '', i == 1 and AFTER_MEMBER ~= '')
    reply = reply_of(EACH, { record = record, counters = text, state = state or '0 0 0 !',
      score = integer(place_of(record, places[i])), rest_score = rest_score, rest_member = rest_member }, messages)
  end
  replies[i] = reply
end
return replies
