#!lua flags=allow-key-locking
-- A page of the user's conversations, last changed first.
--
-- KEYS     1 to 3 as in the prelude
-- ARGV     5 limit  6, 7 score and id behind which the page begins, or ''
-- Returns  {clock, score and id behind which the next page begins or '' and '',
--           id, record, counters, id, record, counters...}
-- Billed   4: EVALSHA, ZREVRANGE, HMGET, HSET; behind a cursor 1 more (ZCOUNT); once a day 4 to 8 more, to
--          clear away what has outlived its life

local LIMIT, SCORE, AFTER = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local page = page_of_list(LIMIT, SCORE, AFTER)
purge_daily(page.user)

local reply = { integer(page.user.clock), page.score, page.id }
for _, value in ipairs(page.values) do reply[#reply + 1] = value end
return reply
