#!lua flags=allow-key-locking
-- What has changed since a cursor; or, page by page, everything there is.
--
-- KEYS     1 to 3 as in the prelude
-- ARGV     5 limit  6 'since' or 'all'  7 clock: of the last change the client knows, or of the beginning of
--          the enumeration, '' at its first page  8, 9 score and id behind which the page begins, or ''
--          10 for how long from now on the client listens to notices, ms
-- Returns  {clock, '1' where the client has to start over or '0', '1' where more follow or '0',
--           'since' or 'all', clock, score, id: the next cursor,
--           number of deleted ids, deleted ids..., id, record, counters, id, record, counters...}
-- Billed   3 where nothing has changed: EVALSHA, HMGET, HSET; else 3 more (ZRANGEBYSCORE, ZRANGEBYSCORE, HMGET);
--          a page of everything 4 or 5, as the list; once a day 3 to 7 more, to clear away what has outlived
--          its life

local LIMIT, MODE, CLOCK, SCORE, ID_AFTER = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local LISTENING = tonumber(ARGV[10])

local function note_listener(user)
  if LISTENING > 0 then listen(user, NOW + LISTENING) end
end

local function reply_of(user, reset, more, cursor, deleted, values)
  local reply = { integer(user.clock), reset and '1' or '0', more and '1' or '0',
    cursor.mode, cursor.clock, cursor.score or '', cursor.id or '', integer(#deleted) }
  for _, id in ipairs(deleted) do reply[#reply + 1] = id end
  for _, value in ipairs(values) do reply[#reply + 1] = value end
  return reply
end

-- Whatever changes while the pages are read has a clock after the one the enumeration began at, and
-- is found by the cursor that it ends with.
local function everything(began, score, id, reset)
  local page = page_of_list(LIMIT, score, id)
  note_listener(page.user)
  if began == '' then began = integer(page.user.clock) end
  -- An import meanwhile may have put something into a page already read.
  local void = tonumber(began) < page.user.floor and not reset
  if void then return everything('', '', '', true) end
  purge_daily(page.user)
  if page.id == '' then
    local more = tonumber(began) < page.user.clock
    return reply_of(page.user, reset, more, { mode = 'since', clock = began }, {}, page.values)
  end
  local cursor = { mode = 'all', clock = began, score = page.score, id = page.id }
  return reply_of(page.user, reset, true, cursor, {}, page.values)
end

-- Both sorted sets merged by clock; no two changes of a user share one.
local function changes_since(since)
  local changes = {}
  for _, source in ipairs({ { key = CONVERSATIONS }, { key = DELETED, deleted = true } }) do
    local found = redis.call('ZRANGEBYSCORE', source.key, '(' .. since, '+inf', 'WITHSCORES',
      'LIMIT', 0, LIMIT + 1)
    for i = 1, #found, 2 do
      changes[#changes + 1] = { id = found[i], clock = tonumber(found[i + 1]), deleted = source.deleted }
    end
  end
  table.sort(changes, function(a, b) return a.clock < b.clock end)
  return changes
end

local function changed(user)
  local changes = changes_since(CLOCK)
  local more = #changes > LIMIT
  local last = more and changes[LIMIT].clock or user.clock
  local fields, deleted, values = {}, {}, {}
  for i = 1, math.min(#changes, LIMIT) do
    fields[2 * i - 1], fields[2 * i] = changes[i].id, changes[i].id .. ':counters'
  end
  local stored = #fields > 0 and redis.call('HMGET', META, unpack(fields)) or {}
  for i = 1, #fields / 2 do
    local id, record, counters = fields[2 * i - 1], stored[2 * i - 1], stored[2 * i]
    local is_alive = parse_counters(counters) ~= nil
    -- An id may be in use again, once its tombstone counts no more; then its deletion is no news.
    if changes[i].deleted and not is_alive then
      deleted[#deleted + 1] = id
    elseif is_alive and not changes[i].deleted then
      for _, value in ipairs({ id, record, counters }) do values[#values + 1] = value end
    end
  end
  purge_daily(user)
  return reply_of(user, false, more, { mode = 'since', clock = integer(last) }, deleted, values)
end

if MODE == 'all' then return everything(CLOCK, SCORE, ID_AFTER, false) end

local user = parse_user(redis.call('HMGET', META, ':user')[1])
note_listener(user)
local since = tonumber(CLOCK)
if since < user.floor or since > user.clock then return everything('', '', '', true) end
if since == user.clock then
  return reply_of(user, false, false, { mode = 'since', clock = CLOCK }, {}, {})
end
return changed(user)
