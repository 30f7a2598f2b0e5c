#!lua flags=allow-key-locking,no-writes
-- The user's statistics.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  conversations
--          messages
--          tokens
--          bytes
--          largest: messages in the largest conversation
--          lifetime_conversations
--          lifetime_messages
--          lifetime_tokens
--          activity: ';day messages tokens' of each active day
--          is_recount_due: '1' where all was counted anew, which it will be until the account is purged, or '0'
-- Billed   2: EVALSHA, HMGET; where the totals kept are not to be trusted (something may have expired, or the largest
--          conversation has shrunk, since they were last counted) 2 more (ZRANGE, HMGET), and one more of HMGET for
--          each 3,000 conversations
-- Touches  the user's numbers; at most the numbers of all conversations

local REPLY = { 'conversations', 'messages', 'tokens', 'bytes', 'largest', 'lifetime_conversations', 'lifetime_messages',
  'lifetime_tokens', 'activity', 'is_recount_due' }

local row = redis.call('HMGET', META, ':user', ':account')
local user = parse_user(row[1])
local account = read_account(row[2], user)

local function count()
  local fields = {}
  for i, id in ipairs(redis.call('ZRANGE', CONVERSATIONS, 0, -1)) do fields[i] = id .. ':counters' end
  account.conversations, account.messages, account.tokens, account.largest = 0, 0, 0, 0
  for _, text in ipairs(call_in_portions('HMGET', META, fields, 1)) do
    local counters = parse_counters(text)
    if counters then
      account.conversations = account.conversations + 1
      account.messages = account.messages + counters.messages
      account.tokens = account.tokens + counters.tokens
      account.largest = math.max(account.largest, counters.messages)
    end
  end
end

local is_due = user.change_seq > 0 and not (is_counted(account) and account.largest >= 0)
if is_due then count() end
return reply_of(REPLY, {
  conversations = integer(account.conversations),
  messages = integer(account.messages),
  tokens = integer(account.tokens),
  bytes = integer(user.bytes),
  largest = integer(account.largest),
  lifetime_conversations = integer(user.conversations),
  lifetime_messages = integer(user.messages),
  lifetime_tokens = integer(user.tokens),
  activity = user.activity,
  is_recount_due = flag(is_due),
})
