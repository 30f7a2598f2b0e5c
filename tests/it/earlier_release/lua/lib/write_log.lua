-- Outcomes of the last writes, so that a repeat gets the reply of the first one, whatever happened in between.
--
-- A log is the time, ms, up to which outcomes may have been forgotten, RS, and then per write, the oldest first:
--   request, digest, time ms, outcome..., each ended by RS, its words separated by spaces; where the write replaced a
--   conversation's metadata, GS and what that was before, its RS as FS.
-- request: names the API call, and is the same in every attempt. digest: of what a client sent under a key of its
-- own, or '-' where the service made the name itself.

local MOST_WRITES, MOST_LOG_BYTES, REMEMBERED_FOR = 64, 100000, 7 * DAY
local FS = '\28'

-- time: when the request was made, ms, where its name tells, or ''.
local REQUEST, DIGEST, REQUEST_TIME = string.match(ARGV[5], '^(%S+) (%S+) (%d*)$')

-- The words of this very request's outcome, and the metadata as it was then where it was replaced since; or nil. Refuses
-- a request that may have been forgotten.
local function recall(log)
  log = log or ''
  local _, at = string.find(log, RS .. REQUEST .. ' ', 1, true)
  if at then
    local words, entry_end = {}, string.find(log, RS, at, true)
    local entry = string.match(string.sub(log, at + 1, entry_end - 1), '^[^\29]*')
    for word in string.gmatch(entry, '%S+') do words[#words + 1] = word end
    if words[1] ~= DIGEST then refuse('idempotency_key_reused') end
    local replaced = string.match(log, '\29([^\30]*)', entry_end)
    return { unpack(words, 3) }, replaced and string.gsub(replaced, FS, RS)
  end
  local horizon = math.max(tonumber(string.match(log, '^%d+') or 0), NOW - REMEMBERED_FOR)
  if REQUEST_TIME ~= '' and tonumber(REQUEST_TIME) <= horizon then refuse('request_too_old') end
end

-- The log with this request's outcome, and the metadata that it replaced, if any.
local function remember(log, outcome, replaced)
  local horizon, entries, bytes = tonumber(string.match(log or '', '^%d+') or 0), {}, 0
  for entry in string.gmatch(log or '', '\30([^\30]+)') do
    entries[#entries + 1] = entry
    bytes = bytes + #entry + 1
  end
  local entry = table.concat({ REQUEST, DIGEST, integer(NOW), outcome }, ' ')
  if replaced then entry = entry .. GS .. string.gsub(replaced, RS, FS) end
  local first = 1
  while entries[first] do
    local time = tonumber(string.match(entries[first], '^%S+ %S+ (%d+)'))
    local is_full = #entries - first + 2 > MOST_WRITES or bytes + #entry > MOST_LOG_BYTES
    if not is_full and time > NOW - REMEMBERED_FOR then break end
    horizon = math.max(horizon, time)
    bytes = bytes - #entries[first] - 1
    first = first + 1
  end
  local kept = { integer(horizon), unpack(entries, first) }
  kept[#kept + 1] = entry
  return table.concat(kept, RS) .. RS
end

-- The log without what a user wrote.
local function without_text(log)
  return (string.gsub(log, '\29[^\30]*', ''))
end
