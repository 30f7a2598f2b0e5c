#!lua flags=allow-key-locking
-- Sets or clears the user's current conversation.
--
-- KEYS     1 to 3 as in base.lua, 4 current conversation
-- ARGV     6 session_ttl: ms
--          7 wanted: conversation id, or '' to clear
-- Returns  status: 'ok'
-- Refuses  conversation_not_found
-- Billed   4: EVALSHA, HMGET, SET, HSET
-- Touches  one field

local CURRENT, SESSION_TTL, WANTED = KEYS[4], ARGV[6], ARGV[7]

local row = redis.call('HMGET', META, ':user', ':account', ':writes', WANTED .. ':counters')
local outcome = parse_caller(row[1], row[2], row[3])
if outcome then return { 'ok' } end
if WANTED ~= '' and not parse_counters(row[4]) then refuse('conversation_not_found') end
if WANTED == '' then
  redis.call('DEL', CURRENT)
else
  redis.call('SET', CURRENT, WANTED, 'PX', SESSION_TTL)
end
commit_user({}, row[3], 'ok')
return { 'ok' }
