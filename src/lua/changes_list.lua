#!lua flags=allow-key-locking,no-writes
-- What has changed since a cursor; or, page by page, everything there is.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit  7 'since' or 'all'  8 clock: of the last change the client knows, or of the beginning of
--          the enumeration, '' at its first page  9, 10 score and id behind which the page begins, or ''
-- Returns  {clock, '1' where it is time to purge or '0', '1' where the client has to start over or '0',
--           '1' where more follow or '0', 'since' or 'all', clock, score, id: the next cursor,
--           number of deleted ids, deleted ids..., id, record, counters, state, id, record, counters, state...}
-- Billed   2 where nothing has changed: EVALSHA, HMGET; else 3 more (ZRANGEBYSCORE, ZRANGEBYSCORE, HMGET);
--          a page of everything 3 or 4, as the list
-- Touches  the metadata of at most 51 conversations, 256 KB each

local LIMIT, MODE, CLOCK, SCORE, ID_AFTER = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]

local function reply_of(user, reset, more, cursor, deleted, values)
  local reply = { integer(user.clock), is_purge_due(user) and '1' or '0', reset and '1' or '0', more and '1' or '0',
    cursor.mode, cursor.clock, cursor.score or '', cursor.id or '', integer(#deleted) }
  for _, id in ipairs(deleted) do reply[#reply + 1] = id end
  for _, value in ipairs(values) do reply[#reply + 1] = value end
  return reply
end

-- Whatever changes while the pages are read has a clock after the one the enumeration began at, and
-- is found by the cursor that it ends with.
local function everything(began, score, id, reset)
  local page = page_of_list(LIMIT, score, id)
  if began == '' then began = integer(page.user.clock) end
  -- An import meanwhile may have put something into a page already read.
  local void = tonumber(began) < page.user.floor and not reset
  if void then return everything('', '', '', true) end
  if page.id == '' then
    local more = tonumber(began) < page.user.clock
    return reply_of(page.user, reset, more, { mode = 'since', clock = began }, {}, page.values)
  end
  local cursor = { mode = 'all', clock = began, score = page.score, id = page.id }
  return reply_of(page.user, reset, true, cursor, {}, page.values)
end

-- Both sorted sets merged by clock: at least one more than a page where there are more.
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

-- How many of the changes make a page. It never ends between two of one clock, which a stopped script may have left:
-- the next page begins behind a clock.
local function length_of_page(changes)
  local length = math.min(#changes, LIMIT)
  if length == #changes then return length end
  local end_of = length
  while end_of > 0 and changes[end_of].clock == changes[length + 1].clock do end_of = end_of - 1 end
  if end_of > 0 then return end_of end
  return #changes
end

local function changed(user)
  local changes = changes_since(CLOCK)
  local length = length_of_page(changes)
  local fields, deleted, values = { ':user' }, {}, {}
  for i = 1, length do push_summary_fields(fields, changes[i].id) end
  local stored, bytes = redis.call('HMGET', META, unpack(fields)), 0
  for i = 1, length do
    local at, change = 2 + SUMMARY_FIELDS * (i - 1), changes[i]
    local is_alive = parse_counters(stored[at + 1]) ~= nil
    local size = is_alive and #(stored[at] or '') or 0
    if bytes > 0 and bytes + size > PAGE_BYTES and change.clock > changes[i - 1].clock then
      length = i - 1
      break
    end
    -- An id may be in use again, once its tombstone counts no more; then its deletion is no news.
    if change.deleted and not is_alive then
      deleted[#deleted + 1] = change.id
    elseif is_alive and not change.deleted then
      bytes = bytes + push_summary(values, change.id, stored, at)
    end
  end
  local more = length < #changes
  local last = more and changes[length].clock or user.clock
  return reply_of(user, false, more, { mode = 'since', clock = integer(last) }, deleted, values)
end

if MODE == 'all' then return everything(CLOCK, SCORE, ID_AFTER, false) end

local user = parse_user(redis.call('HMGET', META, ':user')[1])
local since = tonumber(CLOCK)
if since < user.floor or since > user.clock then return everything('', '', '', true) end
if since == user.clock then
  return reply_of(user, false, false, { mode = 'since', clock = CLOCK }, {}, {})
end
return changed(user)
