#!lua flags=allow-key-locking,allow-oom
-- One step of clearing away what has expired: removes the expired conversations it is given and names those of
-- the next step; where there are none, drops old tombstones and counts the account anew. Each step may run twice.
-- Where the user has chosen a longer TTL, conversations that would expire too early are named too, and live longer. What
-- has been in the trash for long enough is named and removed as well.
--
-- KEYS     1 to 3 as in base.lua, then messages and bodies of each conversation named by the step before
-- ARGV     6 max_named: how many to name
--          7 ids...: of those to remove, or to extend
-- Returns  status: 'ok'
--          ids...: of the next step
-- Billed   7: EVALSHA, HMGET, ZRANGE, HMGET, ZRANGE, HMGET, HSET; with conversations to remove 3 more (UNLINK, HDEL, ZREM),
--          with tombstones to drop 2 more (ZREM, HDEL); one more of HMGET for each 1,500 conversations; with conversations
--          to extend HSET, up to 2 more for each of them (PEXPIREAT, PEXPIREAT) and 2 for the user's keys; where the user's
--          keys need not be kept any more for as long as they were, 3 more (HSET, PEXPIREAT, PEXPIREAT); with conversations to
--          remove from the trash 4 more (HMGET, UNLINK, HDEL, HSET), and after a stopped one 3 (ZADD, PEXPIREAT, ZREM)
-- Touches  the numbers of all conversations of the user, and of all tombstones; at most 100 conversations and 1,000 tombstones

local MAX_NAMED, FIRST_ID = tonumber(ARGV[6]), 7
local REPLY = { 'status' }
local DROPPED_AT_ONCE = 1000

local row = redis.call('HMGET', META, ':user', ':account', ':remnants', ':shares', ':writes', ':settings', ':trash')
local user = read_user(row[1])
if user.change_seq == 0 then return reply_of(REPLY, { status = 'ok' }) end
load_account(row[2], user)
load_user_settings(row[6])
-- What is there expires no earlier than a choice of a longer TTL has made it.
local chosen_ttl = ttl_of('')
local slack = math.min(DAY, chosen_ttl / 2)
local least = CHOSEN.since > 0 and expiry_of(CHOSEN.since, chosen_ttl) or 0

local ids, is_listed = redis.call('ZRANGE', CONVERSATIONS, 0, -1), {}
for _, id in ipairs(ids) do is_listed[id] = true end
-- Ids that an earlier release listed as expired but not purged.
for id in string.gmatch(row[3] or '', '(%S+) %d+') do
  if not is_listed[id] then ids[#ids + 1] = id end
end
local fields = {}
for _, id in ipairs(ids) do
  fields[#fields + 1] = id .. ':counters'
  fields[#fields + 1] = id .. ':state'
end
local stored = call_in_portions('HMGET', META, fields, 1)

-- Expiry was not subtracted from the totals, so everything is summed up again.
local totals = { conversations = 0, messages = 0, tokens = 0, bytes = #(row[5] or ''), largest = 0,
  counted_until = NOW + TTL }
local expired, is_expired = {}, {}
local short, numbers_of = {}, {}
local trashed, over, is_over, in_trash, misplaced = trash.parse(row[7]), {}, {}, {}, {}
for _, one in ipairs(trashed) do
  in_trash[one.id] = one
  if one.kept_until <= NOW then
    over[#over + 1] = one.id
    is_over[one.id] = true
  end
end
local latest = CHOSEN.is_set and expiry_of(NOW, chosen_ttl) or 0
for i, id in ipairs(ids) do
  local counters, state = parse_counters(stored[2 * i - 1]), parse_state(stored[2 * i])
  if counters then
    totals.conversations = totals.conversations + 1
    totals.messages = totals.messages + counters.messages
    totals.tokens = totals.tokens + counters.tokens
    totals.bytes = totals.bytes + counters.bytes + (state and state.extra or 0)
    totals.largest = math.max(totals.largest, counters.messages)
    totals.counted_until = math.min(totals.counted_until, counters.expires_at)
    latest = math.max(latest, counters.expires_at)
    if counters.expires_at < least - slack then
      short[#short + 1] = id
      numbers_of[id] = counters
    end
  elseif in_trash[id] and not is_over[id] and string.find(stored[2 * i - 1] or '', '^deleted') then
    -- A deletion or a restoration was stopped: it is in the trash.
    totals.bytes = totals.bytes + (state and state.extra or 0)
    misplaced[#misplaced + 1] = string.match(stored[2 * i - 1], '%d+$')
    misplaced[#misplaced + 1] = id
  elseif state and state.mark == '!' and state.born > NOW - DAY then
    -- Being created at this moment, or to be continued after a stop: what continues it finds its bytes in its state.
    totals.bytes = totals.bytes + state.extra
  else
    expired[#expired + 1] = id
    is_expired[id] = true
  end
end
-- A conversation is kept about as long as its shares: if it is gone earlier, it was deleted while the database was full,
-- which left these rows behind.
local shares = parse_shares(row[4])
for _, share in ipairs(shares) do
  local kept_until = tonumber(share.created) + TTL - math.min(DAY, TTL / 2)
  -- A conversation for which less was chosen may have expired in the usual way.
  local is_orphan = not CHOSEN.is_set and not is_listed[share.conversation] and kept_until > NOW
  if share.conversation ~= '' and is_orphan then
    revoke(user, share)
  end
  totals.bytes = totals.bytes + tonumber(share.bytes)
end

-- Those given, if they are still expired, or still expire too early.
local gone, members, keys, extended, old = {}, {}, {}, {}, {}
for i = FIRST_ID, #ARGV do
  local id, key = ARGV[i], 4 + 2 * (i - FIRST_ID)
  if is_over[id] then
    old[#old + 1] = in_trash[id]
    is_over[id] = nil
  end
  if is_expired[id] then
    gone[#gone + 1] = id .. ':trash'
    push_all_fields(gone, id)
    members[#members + 1] = id
    keys[#keys + 1] = KEYS[key]
    keys[#keys + 1] = KEYS[key + 1]
  elseif numbers_of[id] then
    local counters = numbers_of[id]
    counters.expires_at = least
    expire_conversation(counters, KEYS[key], KEYS[key + 1])
    extended[#extended + 1] = id .. ':counters'
    extended[#extended + 1] = format_counters(counters)
    numbers_of[id] = nil
  end
end
local is_writable = true
if #extended > 0 then
  if user.expires_at < least then
    user.expires_at = least + slack
    expire_user(user)
  end
  is_writable = call_unless_full('HSET', META, ':user', format_user(user), unpack(extended))
end
if #members > 0 then
  redis.call('UNLINK', unpack(keys))
  call_in_portions('HDEL', META, gone, 1)
  redis.call('ZREM', CONVERSATIONS, unpack(members))
end
for _, id in ipairs(members) do is_expired[id] = nil end

-- Those given that have been in the trash for long enough. Their messages go before the list forgets them.
local function empty_trash()
  local set, clear, ids = trash.forget(user, old, trash.counters_of(old))
  local is_gone, has_messages = {}, {}
  for _, one in ipairs(old) do is_gone[one.id] = true end
  for _, id in ipairs(ids) do has_messages[id] = true end
  local theirs = {}
  for i = FIRST_ID, #ARGV do
    if has_messages[ARGV[i]] then
      theirs[#theirs + 1] = KEYS[4 + 2 * (i - FIRST_ID)]
      theirs[#theirs + 1] = KEYS[5 + 2 * (i - FIRST_ID)]
    end
  end
  if #theirs > 0 then redis.call('UNLINK', unpack(theirs)) end
  redis.call('HDEL', META, unpack(clear))
  return call_unless_full('HSET', META, ':user', format_user(user),
    ':trash', trash.format(trash.without(trashed, is_gone)), unpack(set))
end
if #old > 0 and not empty_trash() then is_over = {} end
if #misplaced > 0 then
  redis.call('ZADD', DELETED, unpack(misplaced))
  redis.call('PEXPIREAT', DELETED, integer(NOW + 2 * TTL))
  for i = #misplaced - 1, 1, -2 do table.remove(misplaced, i) end
  redis.call('ZREM', CONVERSATIONS, unpack(misplaced))
end
local next_ids = {}
for _, id in ipairs(expired) do
  if is_expired[id] and #next_ids < MAX_NAMED then next_ids[#next_ids + 1] = id end
end
for _, id in ipairs(over) do
  if is_over[id] and #next_ids < MAX_NAMED then next_ids[#next_ids + 1] = id end
end
for _, id in ipairs(is_writable and short or {}) do
  if numbers_of[id] and #next_ids < MAX_NAMED then next_ids[#next_ids + 1] = id end
end
if #next_ids > 0 then return reply_of(REPLY, { status = 'ok' }, next_ids) end

-- Expired tombstones are dropped, the others are counted. A client whose cursor is older than these deletions has to start
-- over.
local dropped, forgotten, states, kept = {}, {}, {}, 0
local tombstones = redis.call('ZRANGE', DELETED, 0, -1, 'WITHSCORES')
for i = 1, #tombstones, 2 do
  local id, deleted_at = tombstones[i], tonumber(tombstones[i + 1])
  if deleted_at <= NOW - TTL and #dropped < DROPPED_AT_ONCE then
    dropped[#dropped + 1] = id
    -- An id may be in use again, once its tombstone counts no more.
    if not is_listed[id] then push_all_fields(forgotten, id) end
    user.floor = math.max(user.floor, deleted_at)
  else
    kept = kept + 1
    if not is_listed[id] then states[#states + 1] = id .. ':state' end
  end
end
for _, text in ipairs(call_in_portions('HMGET', META, states, 1)) do
  local state = parse_state(text)
  totals.bytes = totals.bytes + (state and state.extra or 0)
end
if #dropped > 0 then call_in_portions('ZREM', DELETED, dropped, 1) end
if #forgotten > 0 then call_in_portions('HDEL', META, forgotten, 1) end

ACCOUNT.conversations, ACCOUNT.messages, ACCOUNT.tokens = totals.conversations, totals.messages, totals.tokens
ACCOUNT.largest, ACCOUNT.counted_until = totals.largest, totals.counted_until
ACCOUNT.tombstones = kept

-- Once nothing is kept forever any more, neither are the user's keys. Should this be stopped, the next write or purge
-- finds an expiry that is due.
local needed = math.max(NOW + TTL, latest, user.listening) + slack
if (user.expires_at > needed + DAY or user.expires_at < NOW) then
  user.expires_at = 0
  if call_unless_full('HSET', META, ':user', format_user(user)) then
    user.expires_at = needed
    expire_user(user)
  end
end
user.bytes, user.purged = totals.bytes, NOW
call_unless_full('HSET', META, ':user', format_user(user), ':account', format_account(user), ':remnants', '',
  ':shares', format_shares(shares))
return reply_of(REPLY, { status = 'ok' })
