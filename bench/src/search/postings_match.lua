#!lua flags=allow-key-locking,no-writes
-- Which conversations have all of these words, last changed first. What a field of the postings holds: for each word a line feed, the
-- word, a space, and two characters for each conversation that has it.
--
-- KEYS     1 conversations: the service's list  2 postings  3 numbers: the two characters of each conversation
-- ARGV     1 limit  2 the conversation behind which the page begins, or ''
--          3 terms...: '=' for a word or '^' for a beginning, the word, and the field that a word is in
-- Returns  '1' where there are more, then ids
-- Billed   4: EVALSHA, HMGET, ZREVRANGE, HMGET; with a beginning 1 more (HVALS)

local CONVERSATIONS, POSTINGS, NUMBERS = KEYS[1], KEYS[2], KEYS[3]
local LIMIT, AFTER, FIRST_TERM = tonumber(ARGV[1]), ARGV[2], 3

-- Adds the conversations of the line that begins at `at`; returns where the next one does.
local function add_line(field, at, set)
  local first = string.find(field, ' ', at, true) + 1
  local stop = string.find(field, '\n', first, true) or #field + 1
  for i = first, stop - 2, 2 do set[string.sub(field, i, i + 1)] = true end
  return stop
end

local fields, everything = {}, nil
for i = FIRST_TERM, #ARGV, 3 do
  if ARGV[i] == '=' then fields[#fields + 1] = ARGV[i + 2]
  else everything = everything or redis.call('HVALS', POSTINGS) end
end
local read, next_read = #fields > 0 and redis.call('HMGET', POSTINGS, unpack(fields)) or {}, 1

local function of_word(word)
  local set, field = {}, read[next_read] or ''
  next_read = next_read + 1
  local at = string.find(field, '\n' .. word .. ' ', 1, true)
  if at then add_line(field, at, set) end
  return set
end

local function of_beginning(word)
  local set, start = {}, '\n' .. word
  for _, field in ipairs(everything) do
    local at = string.find(field, start, 1, true)
    while at do at = string.find(field, start, add_line(field, at, set), true) end
  end
  return set
end

local sets = {}
for i = FIRST_TERM, #ARGV, 3 do
  sets[#sets + 1] = (ARGV[i] == '=' and of_word or of_beginning)(ARGV[i + 1])
end

local function is_in_all(number)
  for _, set in ipairs(sets) do
    if not set[number] then return false end
  end
  return true
end

local ids = redis.call('ZREVRANGE', CONVERSATIONS, 0, -1)
if #ids == 0 then return { '0' } end
local numbers, found, is_behind = redis.call('HMGET', NUMBERS, unpack(ids)), { '0' }, AFTER == ''
for i, id in ipairs(ids) do
  if is_behind and numbers[i] and is_in_all(numbers[i]) then
    if #found > LIMIT then
      found[1] = '1'
      break
    end
    found[#found + 1] = id
  end
  is_behind = is_behind or id == AFTER
end
return found
