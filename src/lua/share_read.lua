#!lua flags=allow-key-locking,no-writes
-- Reads a share, for any caller that knows its id: one part of its messages.
--
-- KEYS     1 to 3 as in base.lua (not used), 4 the share
-- ARGV     6 part: its number
--          7 secret: the secret part of the share's id, or '' in one of an earlier release
-- Returns  status: 'ok'
--          created: ms
--          expires: ms
--          message_count
--          parts: how many
--          title: JSON text, or ''
--          messages...: id, body
-- Refuses  share_not_found
-- Billed   2: EVALSHA, HMGET
-- Touches  one part

local SHARE, PART, SECRET = KEYS[4], ARGV[6], ARGV[7]
local REPLY = { 'status', 'created', 'expires', 'message_count', 'parts', 'title' }

local row = redis.call('HMGET', SHARE, ':share', ':secret', PART)
local created, expires, message_count, parts, title =
  string.match(row[1] or '', '^(%d+) (%d+) (%d+) (%d+)\30(.*)$')
if not created or tonumber(expires) <= NOW or (row[2] or '') ~= SECRET then refuse('share_not_found') end
local messages = {}
-- A slot may still hold what was beyond the parts of this share.
if tonumber(PART) < tonumber(parts) then
  for value in string.gmatch(row[3] or '', '([^\29]*)\29') do messages[#messages + 1] = value end
end
return reply_of(REPLY, { status = 'ok', created = created, expires = expires, message_count = message_count,
  parts = parts, title = title }, messages)
