#!lua flags=allow-key-locking,no-writes
-- Reads a share, for any caller that knows its id: one part of its messages, or as many as a reply holds.
--
-- KEYS     1 to 3 as in base.lua (not used), 4 the share
-- ARGV     6 part: the number of the first one
--          7 secret: the secret part of the share's id, or '' in one of an earlier release
--          8 max_bytes: further parts are added as long as all of them have no more bytes together
-- Returns  status: 'ok'
--          created: ms
--          expires: ms
--          message_count
--          title: JSON text, or ''
--          next: the number of the part that follows, or ''
--          messages...: id, body
-- Refuses  share_not_found
-- Billed   2: EVALSHA, HMGET; where further parts are wanted and there are any 1 more (HMGET)
-- Touches  one part; where further ones are wanted at most 20, all of a share's parts together having 16 MB

local SHARE, PART, SECRET, MAX_BYTES = KEYS[4], ARGV[6], ARGV[7], tonumber(ARGV[8])
local REPLY = { 'status', 'created', 'expires', 'message_count', 'title', 'next' }
local MOST_PARTS = 20

local share, part = read_share(SHARE, SECRET, PART)
local messages, number, bytes = {}, tonumber(PART), #part
push_part(messages, part)
local last = math.min(tonumber(share.parts), number + MOST_PARTS) - 1
if bytes < MAX_BYTES and number < last then
  for _, further in ipairs(read_parts(SHARE, number + 1, last)) do
    bytes = bytes + #(further or '')
    if bytes > MAX_BYTES then break end
    push_part(messages, further)
    number = number + 1
  end
end
share.status, share.next = 'ok', number + 1 < tonumber(share.parts) and integer(number + 1) or ''
return reply_of(REPLY, share, messages)
