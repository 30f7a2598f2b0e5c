#!lua flags=allow-key-locking
-- Sets how long the user's conversations live. It counts for each when that is next used; a longer TTL counts for all from
-- now on, which the purge sees to.
--
-- KEYS     1 to 3 as in base.lua
-- ARGV     6 wanted_ttl: ms; 0 forever
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
-- Billed   3: EVALSHA, HMGET, HSET; the first time, and where the user's keys are to be kept longer, 2 to 4 more (PEXPIREAT);
--          where conversations are counted 2 more, as in statistics_read.lua
-- Touches  the user's numbers; at most the numbers of all conversations

local WANTED_TTL = tonumber(ARGV[6])
local REPLY = { 'conversations', 'messages', 'tokens', 'bytes', 'largest', 'lifetime_conversations', 'lifetime_messages',
  'lifetime_tokens', 'activity', 'models', 'is_recount_due', 'conversation_ttl', 'expiring_soon', 'trashed',
  'trashed_bytes', 'recovery_created', 'read_token_created' }

local row = redis.call('HMGET', META, ':user', ':account', ':settings', ':writes', ':trash', ':models', ':recovery')
local outcome = parse_caller(row[1], row[2], row[4])
local user = CALLER
load_user_settings(row[3])
if outcome then return reply_of(REPLY, statistics_of(user, ACCOUNT, row[5], row[6], row[7])) end

local before = ttl_of('')
local chosen = { ttl = WANTED_TTL, since = CHOSEN.since }
load_user_settings(format_numbers(user_setting_names, chosen))
local ttl = ttl_of('')
if ttl > before then chosen.since = NOW elseif ttl < before then chosen.since = 0 end
if chosen.since > 0 then user.purged = 0 end

-- What was chosen is remembered at least as long as a conversation would live that were made now. Keys that are there get
-- their expiry first, and one that comes into being gets it at once.
local slack = math.min(DAY, ttl / 2)
local needed = math.max(NOW + TTL, expiry_of(NOW, ttl)) + slack
local is_due = user.expires_at < needed - slack
if is_due then
  user.expires_at = needed
  expire_user(user)
end
commit_user({ ':settings', format_numbers(user_setting_names, chosen) }, row[4], 'ok')
if is_due and not row[1] then expire_user(user) end
return reply_of(REPLY, statistics_of(user, ACCOUNT, row[5], row[6], row[7]))
