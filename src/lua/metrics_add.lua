#!lua flags=allow-key-locking
-- Adds a batch of numbers to the service's metrics, once: a batch that is sent again is recognised.
--
-- KEYS     1 the metrics
-- ARGV     1 batch: its name
--          2 ttl: of the metrics, ms
--          3 series...: name, number
-- Returns  'OK'
-- Billed   3: EVALSHA, GET, SET
-- Touches  at most 3,000 series
--
-- What the key holds: a line of the names of the last batches, then per series a line: number, space, series.

local METRICS, BATCH, TTL, FIRST_SERIES = KEYS[1], ARGV[1], ARGV[2], 3
local REMEMBERED, MOST_SERIES = 64, 3000

local stored = redis.call('GET', METRICS) or '\n'
local names, series = string.match(stored, '^([^\n]*)\n(.*)$')
if string.find(' ' .. names .. ' ', ' ' .. BATCH .. ' ', 1, true) then return redis.status_reply('OK') end

local numbers, order = {}, {}
local function add(name, number)
  if not numbers[name] then
    if #order == MOST_SERIES then return end
    order[#order + 1] = name
  end
  numbers[name] = (numbers[name] or 0) + tonumber(number)
end
for number, name in string.gmatch(series, '(%d+) ([^\n]*)\n') do add(name, number) end
for i = FIRST_SERIES, #ARGV, 2 do add(ARGV[i], ARGV[i + 1]) end

local kept = { BATCH }
for name in string.gmatch(names, '%S+') do
  if #kept < REMEMBERED then kept[#kept + 1] = name end
end
local lines = { table.concat(kept, ' ') .. '\n' }
for i, name in ipairs(order) do lines[i + 1] = string.format('%.0f %s\n', numbers[name], name) end
redis.call('SET', METRICS, table.concat(lines), 'PX', TTL)
return redis.status_reply('OK')
