#!lua flags=allow-key-locking,no-writes
-- A page of the user's conversations, last changed first.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit  7, 8 score and id behind which the page begins, or ''
-- Returns  {clock, '1' where it is time to purge or '0', score and id behind which the next page begins or '' and '',
--           id, record, counters, state, id, record, counters, state...}
-- Billed   3: EVALSHA, ZREVRANGE, HMGET; behind a cursor 1 more (ZCOUNT)
-- Touches  the metadata of at most 51 conversations, 256 KB each; ten times as many where these have expired

local LIMIT, SCORE, AFTER = tonumber(ARGV[6]), ARGV[7], ARGV[8]

local page = page_of_list(LIMIT, SCORE, AFTER)
local reply = { integer(page.user.clock), is_purge_due(page.user) and '1' or '0', page.score, page.id }
for _, value in ipairs(page.values) do reply[#reply + 1] = value end
return reply
