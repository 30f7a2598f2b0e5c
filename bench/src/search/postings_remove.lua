#!lua flags=allow-key-locking
-- Takes a conversation out of the postings of all of its words, in the form that postings_match.lua has.
--
-- KEYS     1 postings  2 numbers
-- ARGV     1 the conversation's id  2 its two characters  3 words...: field and word, those of one field behind one another
-- Returns  how many bytes were written
-- Billed   4: EVALSHA, HMGET, HSET, HDEL; where no conversation has some field any more 1 more (HDEL); 1 less where it is part of
--          another script

local POSTINGS, NUMBERS, ID, NUMBER, FIRST_WORD = KEYS[1], KEYS[2], ARGV[1], ARGV[2], 3

-- The field without the conversation at a word, and without the word where no other has it.
local function without_word(field, word)
  local start, before = string.find(field, '\n' .. word .. ' ', 1, true)
  if not before then return field end
  local last = (string.find(field, '\n', before, true) or #field + 1) - 1
  if last - before == 2 then return string.sub(field, 1, start - 1) .. string.sub(field, last + 1) end
  for i = before + 1, last - 1, 2 do
    if string.sub(field, i, i + 1) == NUMBER then return string.sub(field, 1, i - 1) .. string.sub(field, i + 2) end
  end
  return field
end

local names, words = {}, {}
for i = FIRST_WORD, #ARGV, 2 do
  local name = ARGV[i]
  if not words[name] then
    names[#names + 1], words[name] = name, {}
  end
  table.insert(words[name], ARGV[i + 1])
end

local written, emptied, bytes = {}, {}, 0
for i, field in ipairs(redis.call('HMGET', POSTINGS, unpack(names))) do
  local text = field or ''
  for _, word in ipairs(words[names[i]]) do text = without_word(text, word) end
  if text == '' then
    emptied[#emptied + 1] = names[i]
  else
    written[#written + 1] = names[i]
    written[#written + 1] = text
    bytes = bytes + #names[i] + #text
  end
end
if #written > 0 then redis.call('HSET', POSTINGS, unpack(written)) end
if #emptied > 0 then redis.call('HDEL', POSTINGS, unpack(emptied)) end
redis.call('HDEL', NUMBERS, ID)
return bytes
