#!lua flags=allow-key-locking
-- A page of the user's conversations, last changed first.
--
-- KEYS     1 to 3 as in the prelude
-- ARGV     5 limit  6, 7 score and id behind which the page begins, or ''
-- Returns  {clock, score and id behind which the next page begins or '' and '',
--           id, record, counters, id, record, counters...}
-- Billed   4: EVALSHA, INCR, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT); once a day 3 to 7 more, to
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

-- Clears away conversations past their life and tombstones past theirs.
local function purge()
  local dead = {}
  local ids = redis.call('ZRANGE', CONVERSATIONS, 0, -1)
  local fields = {}
  for i, id in ipairs(ids) do fields[i] = id .. ':counters' end
  local counters = call_in_portions('HMGET', META, fields, 1)
  -- Summed up anew, as nobody counted what the dead took with them.
  user.bytes = 0
  for i, id in ipairs(ids) do
    local alive = parse_counters(counters[i])
    if alive then user.bytes = user.bytes + alive.bytes else dead[#dead + 1] = id end
  end
  call_in_portions('ZREM', CONVERSATIONS, dead, 1)

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
  redis.call('HSET', META, ':user', format_user(user))
end

local reply, count = { '0', '', '' }, 0
local score, after = SCORE, AFTER
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
  if count == LIMIT or #found <= 2 * LIMIT then break end
end

-- A user without a clock has never written: there is nothing to clear away, and no key is made.
if user.clock > 0 and user.purged <= NOW - DAY then purge() end

reply[1] = integer(user.clock)
return reply
