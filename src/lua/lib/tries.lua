-- Shared by the scripts that redeem codes, behind write.lua: how many wrong ones an address may try.

-- The wrong codes of an address, whose counter this key is; nil where there are none. Refuses where there are too many.
local function read_tries(key, most)
  local tries = redis.call('GET', key)
  if tonumber(tries or 0) >= most then refuse('too_many_codes') end
  return tries
end

-- Counts a wrong code after `tries` others, and refuses it.
local function refuse_wrong_code(key, tries, ttl)
  -- Never without an expiry, or the address could never redeem a code again.
  if tries then redis.call('INCR', key) else redis.call('SET', key, '1', 'PX', ttl) end
  refuse('wrong_code')
end
