#!lua flags=allow-key-locking
-- Renews the expiry of a conversation that was read, and of the user's keys with it.
--
-- KEYS     as in base.lua and write.lua
-- Returns  status: 'ok'
-- Billed   7: EVALSHA, HMGET, PEXPIREAT, PEXPIREAT, PEXPIREAT, PEXPIREAT, HSET; 2 less where the user's keys are not due, and
--          only 2 where nothing is
-- Touches  the numbers of one conversation

local row = redis.call('HMGET', META, ':user', ID .. ':counters')
local user, counters = read_user(row[1]), parse_counters(row[2])
if not counters then return { 'ok' } end
local conversation_due, user_due = slide(user, counters)
if conversation_due then expire_conversation(counters, MESSAGES, BODIES) end
if user_due then expire_user(user) end
if conversation_due or user_due then
  redis.call('HSET', META, ':user', format_user(user), ID .. ':counters', format_counters(counters))
end
return { 'ok' }
