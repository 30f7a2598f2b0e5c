#!lua flags=allow-key-locking,no-writes
-- Reads the user's session and current conversation.
--
-- KEYS     1 to 3 as in base.lua, 4 current conversation, 5 session
-- ARGV     6 life of a session, ms
-- Returns  {created or '', last seen or '', current conversation or nil, '1' where the session is due to be renewed or '0'}
-- Billed   4: EVALSHA, HMGET, GET, HMGET
-- Touches  three fields

local CURRENT, SESSION, LIFE = KEYS[4], KEYS[5], tonumber(ARGV[6])

local row = redis.call('HMGET', SESSION, 'createdAt', 'lastSeenAt')
local created, seen = row[1] or '', row[2] or ''
local current = redis.call('GET', CURRENT)
local meta = redis.call('HMGET', META, ':user', (current or '') .. ':counters')
parse_user(meta[1])
if not parse_counters(meta[2]) then current = false end
local is_due = seen == '' or tonumber(seen) <= NOW - math.min(DAY, LIFE / 2)
return { created, seen, current, is_due and '1' or '0' }
