#!lua flags=allow-key-locking
-- A page of the user's conversations, last changed first.
--
-- KEYS     1 to 3 as in the prelude
-- ARGV     5 limit  6, 7 score and id behind which the page begins, or ''
-- Returns  {clock, score and id behind which the next page begins or '' and '',
--           id, record, counters, id, record, counters...}
-- Billed   3: EVALSHA, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT); once a day 4 to 8 more, to
--          clear away what has outlived its life

local LIMIT, SCORE, AFTER = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local user

-- One round of at most `wanted` conversations behind (score, id): a flat list of id, score.
local function round(score, after, wanted)
  if after == '' then
    return redis.call('ZREVRANGE', CONVERSATIONS, 0, wanted - 1, 'WITHSCORES')
  end
  local shared = redis.call('ZCOUNT', CONVERSATIONS, score, score)
  local found = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, score, '-inf', 'WITHSCORES',
    'LIMIT', 0, wanted + shared)
  local kept = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(score) and not is_before(found[i], after)
    if not passed and #kept < 2 * wanted then
      kept[#kept + 1] = found[i]
      kept[#kept + 1] = found[i + 1]
    end
  end
  return kept
end

-- Sorts out the conversations past their life. Redis holds their messages up to a day longer, under keys
-- that this script may not touch: until these are gone for sure, what meta says of them stays, and their ids
-- are kept aside, for whoever saves one anew and for the user's erasure. Returns the ids to forget.
local function bury()
  local remnants = parse_remnants(redis.call('HGET', META, ':remnants'))
  local ids = redis.call('ZRANGE', CONVERSATIONS, 0, -1)
  local listed = #ids
  for id in pairs(remnants) do ids[#ids + 1] = id end
  local fields = {}
  for i, id in ipairs(ids) do fields[i] = id .. ':counters' end
  local counters = call_in_portions('HMGET', META, fields, 1)

  local dead, forgotten = {}, {}
  for i, id in ipairs(ids) do
    if parse_counters(counters[i]) or is_tombstone(counters[i]) then
      remnants[id] = nil
    elseif i <= listed then
      dead[#dead + 1] = id
      remnants[id] = NOW + 2 * DAY
    elseif remnants[id] and remnants[id] <= NOW then
      forgotten[#forgotten + 1] = id
      remnants[id] = nil
    end
  end
  call_in_portions('ZREM', CONVERSATIONS, dead, 1)
  return forgotten, remnants
end

-- Clears away conversations past their life and tombstones past theirs.
local function purge()
  local dead, remnants = bury()
  local forgotten = redis.call('ZRANGEBYSCORE', DELETED, '-inf', integer(NOW - TTL), 'WITHSCORES')
  local tombstones = {}
  for i = 1, #forgotten, 2 do
    tombstones[#tombstones + 1] = forgotten[i]
    dead[#dead + 1] = forgotten[i]
    -- Whoever last looked before this deletion will not learn of it any more.
    user.floor = math.max(user.floor, tonumber(forgotten[i + 1]))
  end
  call_in_portions('ZREM', DELETED, tombstones, 1)

  local gone = {}
  for _, id in ipairs(dead) do
    gone[#gone + 1] = id
    gone[#gone + 1] = id .. ':counters'
  end
  call_in_portions('HDEL', META, gone, 1)
  user.purged = NOW
  redis.call('HSET', META, ':user', format_user(user), ':remnants', format_remnants(remnants))
end

local reply, count = { '0', '', '' }, 0
local score, after = SCORE, AFTER
local is_end = false
-- A second round is needed only where conversations died since they were last cleared away.
for _ = 1, 10 do
  local found = round(score, after, LIMIT + 1)
  local fields = { ':user' }
  for i = 1, #found, 2 do
    fields[#fields + 1] = found[i]
    fields[#fields + 1] = found[i] .. ':counters'
  end
  local values = redis.call('HMGET', META, unpack(fields))
  user = parse_user(values[1])
  for i = 1, #found, 2 do
    if count == LIMIT then
      reply[2], reply[3] = score, after
      break
    end
    score, after = found[i + 1], found[i]
    if parse_counters(values[i + 2]) then
      count = count + 1
      reply[#reply + 1] = found[i]
      reply[#reply + 1] = values[i + 1]
      reply[#reply + 1] = values[i + 2]
    end
  end
  is_end = count == LIMIT or #found <= 2 * LIMIT
  if is_end then break end
end
-- Among very many dead the page may not get full: what follows is still to be had.
if not is_end then reply[2], reply[3] = score, after end

-- A user without a clock has never written: there is nothing to clear away, and no key is made.
if user.clock > 0 and user.purged <= NOW - DAY then purge() end

reply[1] = integer(user.clock)
return reply
