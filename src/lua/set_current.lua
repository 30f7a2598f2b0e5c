#!lua flags=allow-key-locking
-- Sets or clears the user's current conversation.
--
-- KEYS     1 to 3 as in the prelude, 4 current conversation
-- ARGV     5 life of a session, ms  6 conversation id, or '' to clear
-- Returns  {'ok'}, {'missing'}
-- Billed   4: EVALSHA, HMGET, SET, HSET

local CURRENT, LIFE, WANTED = KEYS[4], ARGV[5], ARGV[6]

local _, _, counters = load_conversation(WANTED)
if WANTED == '' then
  redis.call('DEL', CURRENT)
  return { 'ok' }
end
if not counters then return { 'missing' } end
redis.call('SET', CURRENT, WANTED, 'PX', LIFE)
return { 'ok' }
