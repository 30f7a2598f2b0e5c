#!lua flags=allow-key-locking
-- Reads a share, for anybody who knows its id: one part of its messages.
--
-- KEYS     1 to 3 as in the prelude (of nobody), 4 the share
-- ARGV     5 number of the part
-- Returns  {'ok', created, expires, messages, parts, title as JSON text or '', id, body, id, body...}
--          {'no share'}
-- Billed   3: EVALSHA, INCR, HMGET

local row = redis.call('HMGET', KEYS[4], ':share', ARGV[5])
local created, expires, messages, parts, title =
  string.match(row[1] or '', '^(%d+) (%d+) (%d+) (%d+)\30(.*)$')
if not created or tonumber(expires) <= NOW then return { 'no share' } end
local reply = { 'ok', created, expires, messages, parts, title }
for value in string.gmatch(row[2] or '', '([^\29]*)\29') do reply[#reply + 1] = value end
return reply
