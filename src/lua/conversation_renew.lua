#!lua flags=allow-key-locking
-- Renews the expiry of a conversation that was read, and of the user's keys with it.
--
-- KEYS     as in base.lua and write.lua
-- Returns  status: 'ok'
-- Billed   7: EVALSHA, HMGET, PEXPIREAT, PEXPIREAT, PEXPIREAT, PEXPIREAT, HSET; 2 less where the user's keys are not due, and
--          only 2 where nothing is
-- Touches  the numbers of one conversation

local row = redis.call('HMGET', META, ':user', ID .. ':counters', ID, ':settings', ':account')
local user, counters = read_user(row[1]), parse_counters(row[2])
if not counters then return { 'ok' } end
load_user_settings(row[4])
local conversation_due, user_due = slide(user, counters, row[3] or '')
if conversation_due then expire_conversation(counters, MESSAGES, BODIES) end
if user_due then expire_user(user) end
if conversation_due or user_due then
  local fields = { ':user', format_user(user), ID .. ':counters', format_counters(counters) }
  local account = row[5] and parse_numbers(account_names, row[5])
  -- Where it expires earlier than before, so may the totals go wrong.
  if account and counters.expires_at < account.counted_until then
    account.counted_until = counters.expires_at
    fields[5], fields[6] = ':account', format_numbers(account_names, account)
  end
  redis.call('HSET', META, unpack(fields))
end
return { 'ok' }
