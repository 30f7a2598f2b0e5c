-- Shared by the scripts that reply with the user's statistics, behind base.lua and trash.lua.

-- The period in which an expiry counts as soon, ms.
local SOON = 14 * DAY

-- Counts all conversations: totals, and how many expire soon.
local function count_conversations(account)
  local fields, expiring_soon = {}, 0
  for i, id in ipairs(redis.call('ZRANGE', CONVERSATIONS, 0, -1)) do fields[i] = id .. ':counters' end
  account.conversations, account.messages, account.tokens, account.largest = 0, 0, 0, 0
  for _, text in ipairs(call_in_portions('HMGET', META, fields, 1)) do
    local counters = parse_counters(text)
    if counters then
      account.conversations = account.conversations + 1
      account.messages = account.messages + counters.messages
      account.tokens = account.tokens + counters.tokens
      account.largest = math.max(account.largest, counters.messages)
      if counters.expires_at <= NOW + SOON then expiring_soon = expiring_soon + 1 end
    end
  end
  return expiring_soon
end

-- The statistics by name; the user's settings were read before. `trashed`, `models`, `recovery`: what meta has of the
-- trash, of models, and of the recovery code.
local function statistics_of(user, account, trashed, models, recovery)
  local is_due = user.change_seq > 0 and not (is_counted(account) and account.largest >= 0)
  local expiring_soon = 0
  -- Nothing expires before `counted_until`.
  if is_due or (user.change_seq > 0 and account.counted_until <= NOW + SOON) then
    expiring_soon = count_conversations(account)
  end
  local count, bytes = 0, 0
  for _, row in ipairs(trash.parse(trashed)) do
    if row.kept_until > NOW then count, bytes = count + 1, bytes + row.bytes end
  end
  local ttl = ttl_of('')
  return {
    conversations = integer(account.conversations),
    messages = integer(account.messages),
    tokens = integer(account.tokens),
    bytes = integer(user.bytes),
    largest = integer(account.largest),
    lifetime_conversations = integer(user.conversations),
    lifetime_messages = integer(user.messages),
    lifetime_tokens = integer(user.tokens),
    activity = user.activity,
    models = models or '',
    is_recount_due = flag(is_due),
    conversation_ttl = ttl < math.huge and integer(ttl) or '0',
    expiring_soon = integer(expiring_soon),
    trashed = integer(count),
    trashed_bytes = integer(bytes),
    recovery_created = string.match(recovery or '', ' (%d+)$') or '',
    read_token_created = user.read_token > 0 and integer(user.read_token) or '',
  }
end
