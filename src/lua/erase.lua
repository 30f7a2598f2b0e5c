#!lua
-- One step of the erasure of a user: removes some conversations, and names those of the next step. Where
-- none is left, everything else goes too. Each conversation goes whole, so that a write between two steps
-- finds it as it was or not at all; and each step may run twice. Shares go first.
--
-- Without the flag that lets scripts run side by side, because shares and the code for another device have keys that
-- nobody knows before meta was read.
--
-- KEYS     1 to 3 as in the prelude, 4 current conversation, 5 session, 6, 7, 8, 9... messages and bodies of each
--          conversation to remove
-- ARGV     5 how many to name  6 what keys of shares begin with  7... the ids of those to remove
-- Returns  {number of conversations left, ids...}
-- Billed   4: EVALSHA, HMGET, ZRANGE, HSET; with conversations to remove 3 more (UNLINK, ZREM, HDEL), and one more
--          (HSET) where one was dead; with shares 2 more (UNLINK, HDEL); as long as any are left 1 more (ZCARD), at
--          the end UNLINK instead of HSET, and where somebody listens 1 more (PUBLISH)

local CURRENT, SESSION, WANTED, FIRST = KEYS[4], KEYS[5], tonumber(ARGV[5]), 7

local row = redis.call('HMGET', META, ':user', ':remnants', ':shares', ':code')
local user = parse_user(row[1])
local shared = {}
for i, share in ipairs(parse_shares(row[3])) do shared[i] = ARGV[6] .. share.id end
if #shared > 0 then
  redis.call('UNLINK', unpack(shared))
  redis.call('HDEL', META, ':shares')
end
local remnants = parse_remnants(row[2])
local fields, was_dead = {}, false
for i = FIRST, #ARGV do
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i] .. ':counters'
  was_dead = was_dead or remnants[ARGV[i]] ~= nil
  remnants[ARGV[i]] = nil
end
if #fields > 0 then
  redis.call('UNLINK', unpack(KEYS, 6, #KEYS - 1))
  redis.call('ZREM', CONVERSATIONS, unpack(ARGV, FIRST))
  redis.call('HDEL', META, unpack(fields))
  if was_dead then redis.call('HSET', META, ':remnants', format_remnants(remnants)) end
end

local ids, left = redis.call('ZRANGE', CONVERSATIONS, 0, WANTED - 1), 0
for id in pairs(remnants) do
  left = left + 1
  if #ids < WANTED then ids[#ids + 1] = id end
end
if #ids == 0 then
  redis.call('UNLINK', CONVERSATIONS, META, DELETED, CURRENT, SESSION, row[4] or SESSION)
  notify('erase', user)
  -- Not even this call is remembered.
  user.is_written = true
  return { '0' }
end
left = left + redis.call('ZCARD', CONVERSATIONS)
return { integer(left), unpack(ids) }
