#!lua flags=allow-key-locking,no-writes
-- The changes since a cursor; or, page by page, everything.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit
--          7 mode: 'since' or 'all'
--          8 since: the change sequence that the client knows, or the one at the beginning of the enumeration, '' at its
--            first page
--          9 after_score: of the conversation behind which the page begins, or ''
--          10 after_member: its id, or ''
-- Returns  change_sequence
--          is_purge_due: '1' or '0'
--          reset: '1' where the client has to start over, or '0'
--          has_more: '1' or '0'
--          mode: of the next cursor
--          since: of the next cursor
--          next_score: of the next cursor
--          next_member: of the next cursor
--          deleted_count
--          deleted...: ids
--          conversations...: id, record, counters, state
-- Billed   2 where nothing has changed: EVALSHA, HMGET; else 3 more (ZRANGEBYSCORE, ZRANGEBYSCORE, HMGET);
--          a page of everything 3 or 4, as the list
-- Touches  the metadata of at most 51 conversations, 256 KB each

local LIMIT, MODE, SINCE, AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local REPLY = { 'change_sequence', 'is_purge_due', 'reset', 'has_more', 'mode', 'since', 'next_score', 'next_member',
  'deleted_count' }

local function page_of(user, reset, has_more, cursor, deleted, conversations)
  local list = {}
  for _, id in ipairs(deleted) do list[#list + 1] = id end
  for _, value in ipairs(conversations) do list[#list + 1] = value end
  return reply_of(REPLY, { change_sequence = integer(user.change_seq), is_purge_due = flag(is_purge_due(user)),
    reset = flag(reset), has_more = flag(has_more), mode = cursor.mode, since = cursor.since,
    next_score = cursor.score or '', next_member = cursor.id or '', deleted_count = integer(#deleted) }, list)
end

-- Whatever changes while the pages are read comes in the change sequence after where the enumeration began, and
-- is found by the cursor that it ends with.
local function everything(began, score, id, reset)
  local page = page_of_list(LIMIT, score, id)
  if began == '' then began = integer(page.user.change_seq) end
  -- An import meanwhile may have put something into a page already read.
  local void = tonumber(began) < page.user.floor and not reset
  if void then return everything('', '', '', true) end
  if page.id == '' then
    local more = tonumber(began) < page.user.change_seq
    return page_of(page.user, reset, more, { mode = 'since', since = began }, {}, page.values)
  end
  local cursor = { mode = 'all', since = began, score = page.score, id = page.id }
  return page_of(page.user, reset, true, cursor, {}, page.values)
end

-- Both sorted sets merged by change sequence: at least one more than a page where there are more.
local function changes_since(since)
  local changes = {}
  for _, source in ipairs({ { key = CONVERSATIONS }, { key = DELETED, deleted = true } }) do
    local found = redis.call('ZRANGEBYSCORE', source.key, '(' .. since, '+inf', 'WITHSCORES',
      'LIMIT', 0, LIMIT + 1)
    for i = 1, #found, 2 do
      changes[#changes + 1] = { id = found[i], change_seq = tonumber(found[i + 1]), deleted = source.deleted }
    end
  end
  table.sort(changes, function(a, b) return a.change_seq < b.change_seq end)
  return changes
end

-- How many of the changes make a page. It never ends between two of the same change sequence, which a stopped script may
-- have left: the next page begins behind one.
local function length_of_page(changes)
  local length = math.min(#changes, LIMIT)
  if length == #changes then return length end
  local end_of = length
  while end_of > 0 and changes[end_of].change_seq == changes[length + 1].change_seq do end_of = end_of - 1 end
  if end_of > 0 then return end_of end
  return #changes
end

local function changed(user)
  local changes = changes_since(SINCE)
  local length = length_of_page(changes)
  local fields, deleted, values = { ':user' }, {}, {}
  for i = 1, length do push_summary_fields(fields, changes[i].id) end
  local stored, bytes = redis.call('HMGET', META, unpack(fields)), 0
  for i = 1, length do
    local at, change = 2 + SUMMARY_FIELDS * (i - 1), changes[i]
    local is_alive = parse_counters(stored[at + 1]) ~= nil
    local size = is_alive and #(stored[at] or '') or 0
    if bytes > 0 and bytes + size > PAGE_BYTES and change.change_seq > changes[i - 1].change_seq then
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
  local last = more and changes[length].change_seq or user.change_seq
  return page_of(user, false, more, { mode = 'since', since = integer(last) }, deleted, values)
end

if MODE == 'all' then return everything(SINCE, AFTER_SCORE, AFTER_MEMBER, false) end

local user = parse_user(redis.call('HMGET', META, ':user')[1])
local since = tonumber(SINCE)
if since < user.floor or since > user.change_seq then return everything('', '', '', true) end
if since == user.change_seq then
  return page_of(user, false, false, { mode = 'since', since = SINCE }, {}, {})
end
return changed(user)
