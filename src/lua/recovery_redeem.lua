#!lua flags=allow-key-locking
-- Tells whose a recovery code is. It goes on being good.
--
-- KEYS     1 to 3 as in base.lua (not used), 4 wrong tries of this address, 5, 6... the code by each of the secrets under which
--          it may have been made
-- ARGV     6 tries_ttl: ms
--          7 max_tries: how many wrong ones an address has in that time
-- Returns  status: 'ok'
--          user
--          created: when the code was made, ms
-- Refuses  wrong_code
--          too_many_codes
-- Billed   4: EVALSHA, INCR, GET, MGET; for a wrong code 1 more (INCR or SET)
-- Touches  one key

local TRIES, TRIES_TTL, MAX_TRIES = KEYS[4], ARGV[6], tonumber(ARGV[7])
local REPLY = { 'status', 'user', 'created' }

local tries = read_tries(TRIES, MAX_TRIES)
for _, owner in ipairs(redis.call('MGET', unpack(KEYS, 5, #KEYS - 1))) do
  local user, created = string.match(owner or '', '^(%S+) (%d+)$')
  if user then return reply_of(REPLY, { status = 'ok', user = user, created = created }) end
end
refuse_wrong_code(TRIES, tries, TRIES_TTL)
