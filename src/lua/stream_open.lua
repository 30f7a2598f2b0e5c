#!lua flags=allow-key-locking
-- Registers a stream of changes, and says that somebody listens.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 expires_at: until when it may last, ms
--          7 notices_until: until when notices are sent, ms: to this stream, and to those that take its place up again
--          8 max_streams: how many a user may have open
--          9 closed...: slot, expires_at; of each stream that is known to be closed
-- Returns  status: 'ok'
--          slot: the number of the one that it takes
-- Refuses  too_many_streams
-- Billed   3: EVALSHA, HMGET, HSET; of a user without data 1 more (PEXPIREAT)
-- Touches  as many numbers as streams may be open

local EXPIRES_AT, NOTICES_UNTIL, MAX_STREAMS, FIRST_CLOSED = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), 9
local REPLY = { 'status', 'slot' }

local wanted = { ':user', ':account' }
for slot = 1, MAX_STREAMS do wanted[slot + 2] = ':stream:' .. slot end
local row = redis.call('HMGET', META, unpack(wanted))
parse_caller(row[1], row[2])
local closed = {}
for i = FIRST_CLOSED, #ARGV, 2 do closed[ARGV[i]] = ARGV[i + 1] end
local free
for slot = MAX_STREAMS, 1, -1 do
  -- A slot may have been taken again since it was closed.
  local taken_until = row[slot + 2]
  if not taken_until or tonumber(taken_until) <= NOW or closed[integer(slot)] == taken_until then free = slot end
end
if not free then refuse('too_many_streams') end

local user = CALLER
listen(user, NOTICES_UNTIL)
local is_due = user.expires_at < user.listening
if is_due then user.expires_at = user.listening end
local fields = { ':user', format_user(user), ':stream:' .. free, EXPIRES_AT }
if ACCOUNT.was_lost then
  fields[5], fields[6] = ':account', format_account(user)
end
redis.call('HSET', META, unpack(fields))
if is_due then redis.call('PEXPIREAT', META, integer(user.expires_at)) end
return reply_of(REPLY, { status = 'ok', slot = integer(free) })
