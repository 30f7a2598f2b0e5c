#!lua flags=allow-key-locking,no-writes
-- Reads the user's session and current conversation.
--
-- KEYS     1 to 3 as in base.lua, 4 current conversation, 5 session
-- ARGV     6 session_ttl: ms
-- Returns  created: ms, or ''
--          last_seen: ms, or ''
--          current: the current conversation, or nil
--          is_renewal_due: '1' where the session is to be renewed, or '0'
-- Billed   4: EVALSHA, HMGET, GET, HMGET
-- Touches  three fields

local CURRENT, SESSION, SESSION_TTL = KEYS[4], KEYS[5], tonumber(ARGV[6])
local REPLY = { 'created', 'last_seen', 'current', 'is_renewal_due' }

local row = redis.call('HMGET', SESSION, 'createdAt', 'lastSeenAt')
local created, last_seen = row[1] or '', row[2] or ''
local current = redis.call('GET', CURRENT)
local meta = redis.call('HMGET', META, ':user', (current or '') .. ':counters')
parse_user(meta[1])
if not parse_counters(meta[2]) then current = false end
local is_due = last_seen == '' or tonumber(last_seen) <= NOW - math.min(DAY, SESSION_TTL / 2)
return reply_of(REPLY, { created = created, last_seen = last_seen, current = current, is_renewal_due = flag(is_due) })
