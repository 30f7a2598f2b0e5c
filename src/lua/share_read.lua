#!lua flags=allow-key-locking,no-writes
-- Reads a share, for anybody who knows its id: one part of its messages.
--
-- KEYS     1 to 3 as in base.lua (of nobody), 4 the share
-- ARGV     6 number of the part  7 the secret part of its id, or '' in one of an earlier release
-- Returns  {'ok', created, expires, messages, parts, title as JSON text or '', id, body, id, body...}
--          {'share_not_found'}
-- Billed   2: EVALSHA, HMGET
-- Touches  one part

local PART, SECRET = ARGV[6], ARGV[7]

local row = redis.call('HMGET', KEYS[4], ':share', ':secret', PART)
local created, expires, messages, parts, title =
  string.match(row[1] or '', '^(%d+) (%d+) (%d+) (%d+)\30(.*)$')
if not created or tonumber(expires) <= NOW or (row[2] or '') ~= SECRET then refuse('share_not_found') end
local reply = { 'ok', created, expires, messages, parts, title }
-- A slot may still hold what was beyond the parts of this share.
if tonumber(PART) >= tonumber(parts) then return reply end
for value in string.gmatch(row[3] or '', '([^\29]*)\29') do reply[#reply + 1] = value end
return reply
