-- Shared by the scripts that go through the list of conversations: inserted behind the prelude.

-- At most `wanted` conversations behind (score, id), last changed first: a flat list of id, score.
local function conversations_behind(score, id, wanted)
  if id == '' then
    return redis.call('ZREVRANGE', CONVERSATIONS, 0, wanted - 1, 'WITHSCORES')
  end
  -- Conversations may share a score, so all that share the cursor's are read, and those up to it dropped.
  local shared = redis.call('ZCOUNT', CONVERSATIONS, score, score)
  local found = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, score, '-inf', 'WITHSCORES',
    'LIMIT', 0, wanted + shared)
  local kept = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(score) and not is_before(found[i], id)
    if not passed and #kept < 2 * wanted then
      kept[#kept + 1] = found[i]
      kept[#kept + 1] = found[i + 1]
    end
  end
  return kept
end

-- A page of the list: the user; id, record and counters of each conversation in `values`; in `score` and
-- `id` where the next page begins, '' on the last one.
local function page_of_list(limit, score, id)
  local page, count = { score = '', id = '', values = {} }, 0
  -- A second round is needed only where conversations died since they were last cleared away.
  for _ = 1, 10 do
    local found = conversations_behind(score, id, limit + 1)
    local fields = { ':user' }
    for i = 1, #found, 2 do
      fields[#fields + 1] = found[i]
      fields[#fields + 1] = found[i] .. ':counters'
    end
    local stored = redis.call('HMGET', META, unpack(fields))
    page.user = parse_user(stored[1])
    for i = 1, #found, 2 do
      if count == limit then
        page.score, page.id = score, id
        return page
      end
      score, id = found[i + 1], found[i]
      if parse_counters(stored[i + 2]) then
        count = count + 1
        for _, value in ipairs({ found[i], stored[i + 1], stored[i + 2] }) do
          page.values[#page.values + 1] = value
        end
      end
    end
    if #found <= 2 * limit then return page end
  end
  -- Among very many dead the page may not get full: what follows is still to be had.
  page.score, page.id = score, id
  return page
end

-- Sorts out the conversations past their life. Redis holds their messages up to a day longer, under keys
-- that this script may not touch: until these are gone for sure, what meta says of them stays, and their ids
-- are kept aside, for whoever saves one anew and for the user's erasure. Returns the ids to forget, the
-- remnants, and which ids are alive.
local function bury(user)
  local remnants = parse_remnants(redis.call('HGET', META, ':remnants'))
  local ids = redis.call('ZRANGE', CONVERSATIONS, 0, -1)
  local listed = #ids
  for id in pairs(remnants) do ids[#ids + 1] = id end
  local fields = {}
  for i, id in ipairs(ids) do fields[i] = id .. ':counters' end
  local counters = call_in_portions('HMGET', META, fields, 1)

  local dead, forgotten, living = {}, {}, {}
  -- Summed up anew, as nobody counted what the dead took with them.
  user.bytes = 0
  for i, id in ipairs(ids) do
    local alive = parse_counters(counters[i])
    if alive then
      user.bytes = user.bytes + alive.bytes
      living[id] = true
    end
    if alive or is_tombstone(counters[i]) then
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
  return forgotten, remnants, living
end

-- Clears away conversations past their life and tombstones past theirs.
local function purge(user)
  local dead, remnants, living = bury(user)
  local forgotten = redis.call('ZRANGEBYSCORE', DELETED, '-inf', integer(NOW - TTL), 'WITHSCORES')
  local tombstones = {}
  for i = 1, #forgotten, 2 do
    tombstones[#tombstones + 1] = forgotten[i]
    -- An id may be in use again, once its tombstone counts no more.
    if not living[forgotten[i]] then dead[#dead + 1] = forgotten[i] end
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

-- Once a day. A user without a clock has never written: there is nothing to clear away, and no key is made.
local function purge_daily(user)
  if user.clock > 0 and user.purged <= NOW - DAY then purge(user) end
end
