#!lua flags=allow-key-locking
-- Changes members of one message.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 message: its id
--          7 patch: record of the members to change; a null removes
--          8 tokens: or '' as they are
--          9 timestamp: or '' as it is
--          10 max_bytes: that its fields may have then
--          11 signature: of what the patch says; see signature.lua
-- Returns  status: 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
--          body: or '' where it is gone by now
-- Refuses  conversation_not_found
--          message_not_found
--          message_too_large
--          revision_mismatch, revision, born
-- Billed   7: EVALSHA, HMGET, HMGET, HSET, ZADD, HSET, HSET; with an open stream 1 more (PUBLISH)
-- Touches  one message

local MESSAGE, PATCH, TOKENS, TIMESTAMP, MAX_BYTES = ARGV[6], ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local SIGNATURE = ARGV[11]
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence', 'body' }

local c, user, outcome, models, words = load(':models', ID .. ':signature')
usage.load_models(models)
if not outcome then
  if not c.counters then refuse('conversation_not_found') end
  check_absent(c)
  prepare(c)
end
local body = redis.call('HMGET', BODIES, MESSAGE)[1]
local message = body and parse_body(body)
if outcome then
  local values = replay(c, outcome)
  values.body = message and message.record and body or ''
  return reply_of(REPLY, values)
end
if not message or not message.record then refuse('message_not_found') end

-- How long the message is as JSON, about: what is compressed says how long it is.
local function length_of(body)
  local length = #body
  for number, packed in string.gmatch(body, US .. '~(%d+):([^' .. RS .. ']*)') do
    length = length + tonumber(number) - #packed
  end
  return length
end

-- A content of blocks is kept as parts with a mark. Where another content or other parts take its place, all of it goes.
local function with_blocks_removed(record, patch)
  local is_replaced = has_member(patch, '"content"') or has_member(patch, '"parts"')
  if not is_replaced or not has_member(record, '"contentBlocks"') then return patch end
  for _, name in ipairs({ '"parts"', '"format"', '"contentBlocks"' }) do
    if not has_member(patch, name) then patch = patch .. name .. US .. 'null' .. RS end
  end
  return patch
end

local counters = c.counters
local tokens = TOKENS ~= '' and tonumber(TOKENS) or message.tokens
local timestamp = TIMESTAMP ~= '' and tonumber(TIMESTAMP) or message.timestamp
local record = merge(message.record, with_blocks_removed(message.record, PATCH))
local changed = format_body(message.seq, timestamp, tokens, message.digest, record)
if changed == body then
  local values = commit_unchanged(user, c)
  values.body = body
  return reply_of(REPLY, values)
end
check_match(c)
if #changed > #body and length_of(changed) > MAX_BYTES then refuse('message_too_large') end
check_room(user, #changed - #body)

counters.tokens = math.min(LARGEST, math.max(0, counters.tokens + tokens - message.tokens))
counters.bytes = counters.bytes + #changed - #body
signature.add(c, words, SIGNATURE)
usage.count_edit(user, message, { timestamp = timestamp, tokens = tokens, record = record })
touch(user, c)
begin(user, c, user.change_seq)
redis.call('HSET', BODIES, MESSAGE, changed)
local values = commit('edit', user, c, 'ok', '', notice_of(MESSAGE, changed))
values.body = changed
return reply_of(REPLY, values)
