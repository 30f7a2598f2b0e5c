-- Shared by the scripts that go through the list of conversations, behind base.lua.

-- A page ends where its metadata would not fit the response of a function.
local PAGE_BYTES = 3500000

-- At most `wanted` conversations behind (score, id), last changed first: a flat list of id, score.
local function conversations_behind(score, id, wanted)
  if id == '' then
    return redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, '+inf', sessions.LOWEST_CHAT, 'WITHSCORES', 'LIMIT', 0, wanted)
  end
  -- Conversations may share a score, so all that share the cursor's are read, and those up to it dropped.
  local shared = redis.call('ZCOUNT', CONVERSATIONS, score, score)
  local found = redis.call('ZREVRANGEBYSCORE', CONVERSATIONS, score, sessions.LOWEST_CHAT, 'WITHSCORES',
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

-- What a list shows of each conversation is read from these fields.
local SUMMARY_FIELDS = 3
local function push_summary_fields(fields, id)
  for _, suffix in ipairs({ '', ':counters', ':state' }) do fields[#fields + 1] = id .. suffix end
end

-- Adds a conversation's id, record, counters and state.
local function push_summary(values, id, stored, at)
  values[#values + 1] = id
  values[#values + 1] = stored[at] or ''
  values[#values + 1] = stored[at + 1]
  -- Without a state no tag names its version: see conversation_read.lua.
  values[#values + 1] = stored[at + 2] or '0 0 0 !'
  return #(stored[at] or '')
end

-- A page of the list: the user; id, record, counters and state of each conversation in `values`; in `score` and
-- `id` where the next page begins, '' on the last one. `behind`: reads what comes behind a place, as `conversations_behind`.
local function page_of_list(limit, score, id, behind)
  local page, count, bytes = { score = '', id = '', values = {} }, 0, 0
  -- A second round is needed only where conversations expired since they were last purged.
  for _ = 1, 10 do
    local found = (behind or conversations_behind)(score, id, limit + 1)
    local fields = { ':user' }
    for i = 1, #found, 2 do push_summary_fields(fields, found[i]) end
    local stored = redis.call('HMGET', META, unpack(fields))
    page.user = parse_user(stored[1])
    for i = 1, #found, 2 do
      local at = 2 + SUMMARY_FIELDS * (i - 1) / 2
      local is_there = parse_counters(stored[at + 1]) ~= nil
      local size = is_there and #(stored[at] or '') or 0
      if count == limit or (count > 0 and bytes + size > PAGE_BYTES) then
        page.score, page.id = score, id
        return page
      end
      score, id = found[i + 1], found[i]
      if is_there then
        count = count + 1
        bytes = bytes + push_summary(page.values, id, stored, at)
      end
    end
    if #found <= 2 * limit then return page end
  end
  -- Among very many expired ones the page may not get full: what follows is still to be had.
  page.score, page.id = score, id
  return page
end

-- Whether it is time to purge expired conversations: once a day. A user without a change has nothing to purge.
local function is_purge_due(user)
  return user.change_seq > 0 and user.purged <= NOW - DAY
end
