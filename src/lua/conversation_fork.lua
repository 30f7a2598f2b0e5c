#!lua flags=allow-key-locking
-- Makes a new conversation of another one's path up to a message.
--
-- KEYS     as in base.lua and write.lua; 6 and 7 messages and bodies of the other one
-- ARGV     6 source: id of the other conversation
--          7 message: id of the message that the new one is to end with, or '' for the head
--          8 record: metadata that differs from the other one's
--          9 save_digest: of the request
-- Returns  status: 'created' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_not_found: the other one
--          message_not_found
--          conversation_deleted: the new one was there and was deleted
--          conversation_exists: another conversation has this id
--          claim_unfinished: the other one is being moved here
--          revision_mismatch, revision, born
--          too_many_conversations_kept
--          conversation_too_long
-- Billed   12: EVALSHA, HMGET, ZRANGE, HMGET, ZCARD, HSET, ZADD, ZADD, HSET, PEXPIREAT, PEXPIREAT, HSET; on the first
--          activity of a day 2 more; with an open stream 1 more (PUBLISH); one more of HMGET's, ZADD's and HSET's kind for
--          each 3,000 messages
-- Touches  the messages of the path, whole, and the places of all

local SOURCE, MESSAGE, RECORD, SAVE_DIGEST = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }
-- Metadata that says something of the other conversation only.
local OWN = { '"pinned"', '"archived"', '"keep"', '"activeStreamId"', '"forkedFrom"' }

local fields = { ':user', ':account', ':settings' }
push_fields(fields, ID)
push_fields(fields, SOURCE)
fields[#fields + 1] = SOURCE .. ':signature'
local row = redis.call('HMGET', META, unpack(fields))
load_user_settings(row[3])
local c = read_conversation(ID, row, 4, MESSAGES, BODIES)
local source = read_conversation(SOURCE, row, 4 + CONVERSATION_FIELDS, KEYS[6], KEYS[7])
local outcome, replaced = parse_caller(row[1], row[2], c.writes)
c.record_then = replaced or c.record
local user = CALLER
local before = reply_before(user, c, outcome, SAVE_DIGEST)
if before then return reply_of(REPLY, before) end
if not source.counters then refuse('conversation_not_found') end
if source.state.mark == '>' then refuse('claim_unfinished') end

local path = read_path(source)
if MESSAGE ~= '' and not move_head(path, parse_branches(source.branches), MESSAGE) then refuse('message_not_found') end
local ids = {}
for i, entry in ipairs(path) do ids[i] = entry.id end
local stored, messages = call_in_portions('HMGET', source.bodies_key, ids, 1), {}
for i, entry in ipairs(path) do
  -- A leftover of a stopped script is no message.
  if is_body_of(entry.member, stored[i]) then
    local message = parse_body(stored[i])
    message.id, message.score = entry.id, entry.score
    messages[#messages + 1] = message
  end
end

local nothing = {}
for i, name in ipairs(OWN) do nothing[i] = name .. US .. 'null' .. RS end
local last = path[#path]
local origin = '{"conversationId":"' .. SOURCE .. '","messageId":' .. (last and '"' .. last.id .. '"' or 'null') .. '}'
local record = merge(merge(source.record, table.concat(nothing)), RECORD .. '"forkedFrom"' .. US .. origin .. RS)
-- It has at most the words of the other one.
local words = row[#fields] or ''
if not signature.is_valid(source.state, words) or source.state.mark ~= '-' then words = nil end
return reply_of(REPLY, create_copy(user, c, record, messages, SAVE_DIGEST, { messages = 0, bytes = 0 }, words))
