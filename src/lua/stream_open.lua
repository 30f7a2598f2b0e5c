#!lua flags=allow-key-locking
-- Registers a stream of changes, and says that somebody listens.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 until when it may last, ms  7 how many a user may have open  8, 9, 10, 11... place, and until when it was taken, of
--          each stream that is known to be closed
-- Returns  {'ok', number of its place}
--          {'too_many_streams'}
-- Billed   3: EVALSHA, HMGET, HSET; of a user without data 1 more (PEXPIREAT)
-- Touches  as many numbers as streams may be open

local UNTIL, MOST, FIRST_CLOSED = ARGV[6], tonumber(ARGV[7]), 8

local wanted = { ':user', ':account' }
for place = 1, MOST do wanted[place + 2] = ':stream:' .. place end
local row = redis.call('HMGET', META, unpack(wanted))
parse_caller(row[1], row[2])
local closed = {}
for i = FIRST_CLOSED, #ARGV, 2 do closed[ARGV[i]] = ARGV[i + 1] end
local free
for place = MOST, 1, -1 do
  -- A place may have been taken again since it was closed.
  local till = row[place + 2]
  if not till or tonumber(till) <= NOW or closed[integer(place)] == till then free = place end
end
if not free then refuse('too_many_streams') end

local user = CALLER
listen(user, tonumber(UNTIL))
local is_due = user.life < user.listening
if is_due then user.life = user.listening end
local fields = { ':user', format_user(user), ':stream:' .. free, UNTIL }
if ACCOUNT.was_lost then
  fields[5], fields[6] = ':account', format_account(user)
end
redis.call('HSET', META, unpack(fields))
if is_due then redis.call('PEXPIREAT', META, integer(user.life)) end
return { 'ok', integer(free) }
