#!lua flags=allow-key-locking
-- Makes a new conversation of a share's messages: of anybody's share whose id is known.
--
-- KEYS     as in base.lua and write.lua; 6 the share, where it is in this database
-- ARGV     6 share: its id
--          7 secret: the secret part of the id, or '' in one of an earlier release
--          8 place: 'here' where the share is in this database, 'sent' where it was read in another one, 'missing' where
--            it was looked for there in vain
--          9 record: metadata beside the share's title
--          10 save_digest: of the request
--          11 title: of a share that was sent, JSON text, or ''
--          12 later_messages: how many further calls are going to add
--          13 later_bytes: of them
--          14 messages...: id, timestamp, tokens, digest, record, parent; of a share that was sent
-- Returns  status: 'created' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  share_not_found
--          conversation_deleted: the new one was there and was deleted
--          conversation_exists: another conversation has this id
--          revision_mismatch, revision, born
--          too_many_conversations_kept
--          conversation_too_long
-- Billed   11: EVALSHA, HMGET, HMGET, ZCARD, HSET, ZADD, ZADD, HSET, PEXPIREAT, PEXPIREAT, HSET; 1 more (HMGET) where the
--          share has more than one part, or 1 less where it was sent; on the first activity of a day 2 more; where somebody
--          listens 1 more (PUBLISH); one more of ZADD's and HSET's kind for each 3,000 messages
-- Touches  one share of at most 16 MB

local SHARE, SECRET, PLACE, RECORD, SAVE_DIGEST = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local TITLE, LATER_MESSAGES, LATER_BYTES, FIRST_MESSAGE = ARGV[11], ARGV[12], ARGV[13], 14
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

-- The title, and the messages in their order.
local function read_here()
  local share, part = read_share(KEYS[6], SECRET, '0')
  local values, messages = {}, {}
  push_part(values, part)
  if tonumber(share.parts) > 1 then
    for _, further in ipairs(read_parts(KEYS[6], 1, tonumber(share.parts) - 1)) do push_part(values, further) end
  end
  for i = 1, #values, 2 do
    local message = parse_body(values[i + 1])
    message.id = values[i]
    messages[#messages + 1] = message
  end
  return share.title, messages
end

local c, user, outcome = load()
local before = reply_before(user, c, outcome, SAVE_DIGEST)
if before then return reply_of(REPLY, before) end
if PLACE == 'missing' then refuse('share_not_found') end
local title, messages = TITLE, nil
if PLACE == 'here' then
  title, messages = read_here()
else
  messages = read_messages(FIRST_MESSAGE, #ARGV)
end

local own = title ~= '' and '"title"' .. US .. title .. RS or ''
-- Nothing but what the share shows.
local origin = '{"shareId":"' .. SHARE .. '","title":' .. (title ~= '' and title or 'null') .. '}'
local record = merge(own, RECORD .. '"forkedFrom"' .. US .. origin .. RS)
local later = { messages = tonumber(LATER_MESSAGES), bytes = tonumber(LATER_BYTES) }
return reply_of(REPLY, create_copy(user, c, record, messages, SAVE_DIGEST, later))
