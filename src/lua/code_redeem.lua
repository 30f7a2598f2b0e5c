#!lua flags=allow-key-locking
-- Redeems a code, once. The same attempt may be repeated: its answer may have been lost.
--
-- KEYS     1 to 3 as in base.lua (of nobody), 4 the code, 5 wrong tries of this address
-- ARGV     6 life of a code, ms  7 wrong tries an address has in that time
-- Returns  {'ok', user, when the code was made}, {'wrong_code'}, {'too_many_codes'}
-- Billed   5: EVALSHA, INCR, GET, GET, SET; a wrong code instead of the last one INCR or SET
-- Touches  two keys

local CODE, TRIES = KEYS[4], KEYS[5]
local LIFE, MOST = ARGV[6], tonumber(ARGV[7])

local tries = redis.call('GET', TRIES)
if tonumber(tries or 0) >= MOST then refuse('too_many_codes') end
local owner = redis.call('GET', CODE)
local user, made, attempt = string.match(owner or '', '^(%S+) (%d+) ?(%S*)$')
if user and attempt == '' then
  redis.call('SET', CODE, owner .. ' ' .. REQUEST, 'PX', LIFE)
  attempt = REQUEST
end
if user and attempt == REQUEST then return { 'ok', user, made } end
-- Never without an expiry, or the address could redeem nothing any more.
if tries then redis.call('INCR', TRIES) else redis.call('SET', TRIES, '1', 'PX', LIFE) end
refuse('wrong_code')
