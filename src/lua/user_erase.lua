#!lua flags=allow-key-locking,allow-oom
-- One step of the erasure of a user: removes some conversations, and names those of the next step. When
-- none is left, everything else is removed too. Each conversation is removed as a whole, so that a write between two steps
-- finds it unchanged or not at all; and each step may run twice. What frees memory comes first and the list last, so that
-- a stopped step is continued. What is public goes first, and of a conversation what makes it readable, so that it is never
-- shown without its messages.
--
-- KEYS     1 to 3 as in base.lua; 4 current conversation, 5 session, and all else that goes at the end; then messages and
--          bodies of each conversation to remove
-- ARGV     6 max_named: how many to name
--          7 share_prefix: what keys of shares begin with
--          8 last_keys: how many keys go at the end
--          9 may_wait: '1' where the end may be put off, or '0'
--          10 ids...: of those to remove
-- Returns  remaining: conversations that are left
--          wait: ms after which to call again for the end, or '0'
--          ids...: of the next step
-- Refuses  request_too_old: under a key of the client's that is older than all that there is
--          need, keys: call again with these in KEYS too
-- Billed   4: EVALSHA, HMGET, ZRANGE, HSET; with conversations to remove 3 more (HDEL, UNLINK, ZREM); as long as any are
--          left 1 more (ZCARD), at the end UNLINK instead of HSET, and with an open stream 1 more (PUBLISH); where it may
--   wait, at the end 1 more (TIME); with shares, a
--          code for another device or a recovery code 2 more (UNLINK, HDEL); with ids that an earlier release has put aside, or that are in the trash, 1 more (HSET)
-- Touches  at most 100 conversations, 200 rows of shares and those of the trash

local MAX_NAMED, SHARE_PREFIX, LAST_KEYS, MAY_WAIT, FIRST_ID = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), ARGV[9] == '1', 10
local REPLY = { 'remaining', 'wait' }
-- How far ahead of the clock, ms, a change sequence may be to be waited for.
local LONGEST_WAIT = 2000

-- How long until the clock by which an account begins has passed the change sequence, ms. It may be ahead of that clock: by a
-- function whose clock is fast, or by many changes in one millisecond. An account begun before then would pass through values
-- that this one has given out, and a cursor from before the erasure would be taken for one of its own.
local function wait_for_clock(user)
  local time = redis.pcall('TIME')
  if time.err then return 0 end
  local function ahead_of(clock) return user.change_seq + 1 - clock end
  local ahead = ahead_of(time[1] * 1000 + math.floor(time[2] / 1000))
  -- Functions that are further ahead than that are so all alike, and the next account begins by their clock.
  if ahead > LONGEST_WAIT then ahead = ahead_of(NOW) end
  return ahead <= LONGEST_WAIT and ahead or 0
end

local row = redis.call('HMGET', META, ':user', ':account', ':remnants', ':shares', ':code', ':trash', ':recovery')
parse_caller(row[1], row[2])
local user = CALLER
-- After an erasure nothing is left to remember it by. But an account begun after the client made its key is another
-- account, and a late repeat must not erase that.
if not IS_OWN_REQUEST and REQUEST_TIME ~= '' and ACCOUNT.born > tonumber(REQUEST_TIME) then refuse('request_too_old') end

-- What is in the trash goes like all else.
local trashed, last_trashed, is_given = trash.parse(row[6]), 0, {}
for i = FIRST_ID, #ARGV do is_given[ARGV[i]] = true end
for i, one in ipairs(trashed) do
  if is_given[one.id] then last_trashed = i end
end

-- Ids that an earlier release listed as expired but not purged, each with a time.
local unpurged = {}
for id, time in string.gmatch(row[3] or '', '(%S+) (%d+)') do unpurged[id] = time end

local public = {}
for _, share in ipairs(parse_shares(row[4])) do
  if share.conversation ~= '' then public[#public + 1] = key_of_share(SHARE_PREFIX, share.id) end
end
public[#public + 1] = row[5] and string.match(row[5], '^%S+') or nil
public[#public + 1] = row[7] and string.match(row[7], '^%S+') or nil
need(public)
if #public > 0 then
  redis.call('UNLINK', unpack(public))
  redis.call('HDEL', META, ':shares', ':code', ':recovery')
end

-- The totals are no longer right. A conversation's state stays to the end: it tells a write to the same id meanwhile that
-- there may be messages to clear away.
local fields, was_put_aside = { ':account' }, false
for i = FIRST_ID, #ARGV do
  for _, suffix in ipairs({ '', ':counters', ':writes', ':deleted', ':branches', ':signature', ':trash' }) do
    fields[#fields + 1] = ARGV[i] .. suffix
  end
  was_put_aside = was_put_aside or unpurged[ARGV[i]] ~= nil
  unpurged[ARGV[i]] = nil
end
if #fields > 1 then
  call_in_portions('HDEL', META, fields, 1)
  redis.call('UNLINK', unpack(KEYS, 4 + LAST_KEYS, #KEYS - 1))
  redis.call('ZREM', CONVERSATIONS, unpack(ARGV, FIRST_ID))
  -- Deletions are not reported: a client that syncs during the erasure, or after it was stopped, starts over.
  UNTOUCHED.floor = user.change_seq + 1
  if was_put_aside then
    local words = {}
    for id, time in pairs(unpurged) do words[#words + 1] = id .. ' ' .. time end
    -- If the database is full they are named again, until everything is removed at once.
    call_unless_full('HSET', META, ':remnants', table.concat(words, ' '))
  end
  if last_trashed > 0 and call_unless_full('HSET', META, ':trash', trash.format(trash.without(trashed, is_given))) then
    trashed, last_trashed = trash.without(trashed, is_given), 0
  end
end

local ids, left = redis.call('ZRANGE', CONVERSATIONS, 0, MAX_NAMED - 1), 0
for id in pairs(unpurged) do
  left = left + 1
  if #ids < MAX_NAMED then ids[#ids + 1] = id end
end
-- Where what went could not be taken from the list, those behind it are next.
for i = last_trashed + 1, #trashed do
  left = left + 1
  if #ids < MAX_NAMED then ids[#ids + 1] = trashed[i].id end
end
if #ids == 0 then
  local wait = MAY_WAIT and wait_for_clock(user) or 0
  if wait > 0 then return reply_of(REPLY, { remaining = '0', wait = integer(wait) }) end
  redis.call('UNLINK', CONVERSATIONS, DELETED, META, unpack(KEYS, 4, 3 + LAST_KEYS))
  notify('erase', user)
  -- Not even this call is counted.
  user.is_written = true
  return reply_of(REPLY, { remaining = '0', wait = '0' })
end
left = left + redis.call('ZCARD', CONVERSATIONS)
return reply_of(REPLY, { remaining = integer(left), wait = '0' }, ids)
