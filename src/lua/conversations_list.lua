#!lua flags=allow-key-locking,no-writes
-- A page of the user's conversations, last changed first.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 limit
--          7 after_score: of the conversation behind which the page begins, or ''
--          8 after_member: its id, or ''
-- Returns  change_sequence
--          is_purge_due: '1' or '0'
--          next_score: of the conversation behind which the next page begins, or ''
--          next_member: its id, or ''
--          conversations...: id, record, counters, state
-- Billed   3: EVALSHA, ZREVRANGEBYSCORE, HMGET; behind a cursor 1 more (ZCOUNT)
-- Touches  the metadata of at most 51 conversations, 256 KB each; ten times as many where these have expired

local LIMIT, AFTER_SCORE, AFTER_MEMBER = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local REPLY = { 'change_sequence', 'is_purge_due', 'next_score', 'next_member' }

local page = page_of_list(LIMIT, AFTER_SCORE, AFTER_MEMBER)
return reply_of(REPLY, { change_sequence = integer(page.user.change_seq), is_purge_due = flag(is_purge_due(page.user)),
  next_score = page.score, next_member = page.id }, page.values)
