#!lua flags=allow-key-locking
-- Adds a conversation to the postings of words, in the form that postings_match.lua has.
--
-- KEYS     1 postings
-- ARGV     1 the conversation's two characters  2 words...: field and word, those of one field behind one another
-- Returns  how many words were new, how many bytes were written
-- Billed   3: EVALSHA, HMGET, HSET; 2 where it is part of another script

local POSTINGS, NUMBER, FIRST_WORD = KEYS[1], ARGV[1], 2

local function has_number(field, first, last)
  for i = first, last - 1, 2 do
    if string.sub(field, i, i + 1) == NUMBER then return true end
  end
  return false
end

-- The field with the conversation added to a word; the same where it was there.
local function with_word(field, word)
  local _, before = string.find(field, '\n' .. word .. ' ', 1, true)
  if not before then return field .. '\n' .. word .. ' ' .. NUMBER end
  local last = (string.find(field, '\n', before, true) or #field + 1) - 1
  if has_number(field, before + 1, last) then return field end
  return string.sub(field, 1, last) .. NUMBER .. string.sub(field, last + 1)
end

local names, words = {}, {}
for i = FIRST_WORD, #ARGV, 2 do
  local name = ARGV[i]
  if not words[name] then
    names[#names + 1], words[name] = name, {}
  end
  table.insert(words[name], ARGV[i + 1])
end

local written, new, bytes = {}, 0, 0
for i, field in ipairs(redis.call('HMGET', POSTINGS, unpack(names))) do
  local text = field or ''
  for _, word in ipairs(words[names[i]]) do
    local longer = with_word(text, word)
    if #longer > #text then new = new + 1 end
    text = longer
  end
  if text ~= field then
    written[#written + 1] = names[i]
    written[#written + 1] = text
    bytes = bytes + #names[i] + #text
  end
end
if #written > 0 then redis.call('HSET', POSTINGS, unpack(written)) end
return { new, bytes }
