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
--          models: as meta has them
--          is_recount_due: '1' where all was recounted, which it will be until the account is purged, or '0'
--          conversation_ttl: of the user's conversations, ms; '0' where they never expire
--          expiring_soon: how many conversations expire within 14 days
--          trashed: conversations in the trash
--          trashed_bytes: that they take up
--          recovery_created: when the user's recovery code was made, ms, or ''
--          read_token_created: when the user's read token was made, ms, or ''
-- Billed   2: EVALSHA, HMGET; where the totals kept are not to be trusted (something may have expired, or the largest
--          conversation has shrunk, since they were last counted), or something may expire soon, 2 more (ZRANGE, HMGET), and
--          one more of HMGET for each 3,000 conversations
-- Touches  the user's numbers; at most the numbers of all conversations

local REPLY = { 'conversations', 'messages', 'tokens', 'bytes', 'largest', 'lifetime_conversations', 'lifetime_messages',
  'lifetime_tokens', 'activity', 'models', 'is_recount_due', 'conversation_ttl', 'expiring_soon', 'trashed',
  'trashed_bytes', 'recovery_created', 'read_token_created' }

local row = redis.call('HMGET', META, ':user', ':account', ':settings', ':trash', ':models', ':recovery')
local user = parse_user(row[1])
load_user_settings(row[3])
return reply_of(REPLY, statistics_of(user, read_account(row[2], user), row[4], row[5], row[6]))
