#!lua flags=allow-key-locking
-- Redeems a code, once. The same attempt may be repeated: its response may have been lost.
--
-- KEYS     1 to 3 as in base.lua (not used), 4 the code, 5 wrong tries of this address
-- ARGV     6 code_ttl: ms
--          7 max_tries: how many wrong ones an address has in that time
-- Returns  status: 'ok'
--          user
--          created: when the code was made, ms
-- Refuses  wrong_code
--          too_many_codes
-- Billed   5: EVALSHA, INCR, GET, GET, SET; a wrong code instead of the last one INCR or SET
-- Touches  two keys

local CODE, TRIES = KEYS[4], KEYS[5]
local CODE_TTL, MAX_TRIES = ARGV[6], tonumber(ARGV[7])
local REPLY = { 'status', 'user', 'created' }

local tries = read_tries(TRIES, MAX_TRIES)
local owner = redis.call('GET', CODE)
local user, created, attempt = string.match(owner or '', '^(%S+) (%d+) ?(%S*)$')
if user and attempt == '' then
  redis.call('SET', CODE, owner .. ' ' .. REQUEST, 'PX', CODE_TTL)
  attempt = REQUEST
end
if user and attempt == REQUEST then
  return reply_of(REPLY, { status = 'ok', user = user, created = created })
end
refuse_wrong_code(TRIES, tries, CODE_TTL)
