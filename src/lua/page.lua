#!lua flags=allow-key-locking
-- A conversation with one page of its messages: the newest, or those behind a cursor.
--
-- KEYS     as in the prelude
-- ARGV     5 limit  6 'desc' (newest first) or 'asc'  7, 8 timestamp and member behind which the page
--          begins, or ''  9 revision the client holds already, or ''
-- Returns  {'ok', record, counters, clocks, '1' where more follow or '0', id, body, id, body...}
--          {'unchanged', record, counters, clocks}   where the client holds this revision
--          {'missing'}
-- Billed   5: EVALSHA, HMGET, ZREVRANGE, HMGET, HSET; behind a cursor 1 more (ZCOUNT); on the first reading
--          of a day up to 4 more, for the new life

local LIMIT, ORDER, TIMESTAMP, MEMBER, KNOWN = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8], ARGV[9]

-- Upstash answers no more than 10 MB at once. Whoever asked shows less than this.
local BYTES = 6000000

local user, record, counters = load_conversation(ID)
if not counters then return { 'missing' } end
if KNOWN ~= '' and tonumber(KNOWN) == counters.revision then
  return summary('unchanged', user, counters, record)
end

-- Messages may share a timestamp, so the page behind a cursor is read with all that share the
-- cursor's, and those up to the cursor's member are dropped.
local function members_behind_cursor()
  local shared = redis.call('ZCOUNT', MESSAGES, TIMESTAMP, TIMESTAMP)
  local wanted = LIMIT + 1 + shared
  local found
  if ORDER == 'desc' then
    found = redis.call('ZREVRANGEBYSCORE', MESSAGES, TIMESTAMP, '-inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  else
    found = redis.call('ZRANGEBYSCORE', MESSAGES, TIMESTAMP, '+inf', 'WITHSCORES', 'LIMIT', 0, wanted)
  end
  local members = {}
  for i = 1, #found, 2 do
    local passed = tonumber(found[i + 1]) == tonumber(TIMESTAMP)
      and (found[i] == MEMBER or is_before(found[i], MEMBER) == (ORDER == 'asc'))
    if not passed and #members <= LIMIT then members[#members + 1] = found[i] end
  end
  return members
end

local members
if MEMBER ~= '' then
  members = members_behind_cursor()
elseif ORDER == 'desc' then
  members = redis.call('ZREVRANGE', MESSAGES, 0, LIMIT)
else
  members = redis.call('ZRANGE', MESSAGES, 0, LIMIT)
end

local more = '0'
if #members > LIMIT then
  more = '1'
  members[#members] = nil
end

local reply = summary('ok', user, counters, record)
reply[5] = more
if #members > 0 then
  local ids = {}
  for i, member in ipairs(members) do ids[i] = id_of(member) end
  local bodies = redis.call('HMGET', BODIES, unpack(ids))
  local bytes = 0
  for i, id in ipairs(ids) do
    bytes = bytes + #bodies[i]
    if i > 1 and bytes > BYTES then
      reply[5] = '1'
      break
    end
    reply[#reply + 1] = id
    reply[#reply + 1] = bodies[i]
  end
end

-- Reading is activity too.
local conversation_due, user_due = slide(user, counters)
if conversation_due then
  redis.call('HSET', META, ':user', format_user(user), ID .. ':counters', format_counters(counters))
  expire_conversation(counters, MESSAGES, BODIES)
end
if user_due then expire_user(user) end
return reply
