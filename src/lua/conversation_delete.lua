#!lua flags=allow-key-locking,allow-oom
-- Deletes a conversation and what was shared of it, leaving a tombstone: for sync, and against its
-- resurrection. Where the database takes nothing more, it is removed without a tombstone.
--
-- KEYS     as in base.lua and write.lua; between them those of the user's shares
-- ARGV     6 share_prefix: what keys of shares begin with
-- Returns  status: 'ok' or 'unchanged'
--          change_sequence: before and after
-- Refuses  conversation_not_found: nor was there ever
--          claim_unfinished: it is being moved here
--          revision_mismatch, revision, born
--          need, keys: call again with these in KEYS too
-- Billed   8: EVALSHA, HMGET, HSET, UNLINK, ZADD, PEXPIREAT, ZREM, HSET; where somebody listens 1 more (PUBLISH); once a
--          day up to 2 more, for the new expiry; after each 250 deletions 4 more (ZRANGE, HMGET, ZREM, HDEL)
-- Touches  at most 200 rows of shares and 250 old tombstones

-- Tombstones are kept for this many conversations at most; the oldest go first, so many at once.
local MOST_TOMBSTONES, DROPPED_AT_ONCE = 1000, 250

local SHARE_PREFIX = ARGV[6]
local REPLY = { 'status', 'change_sequence' }

local c, user, outcome, shared = load(':shares')
if outcome then
  return reply_of(REPLY, { status = outcome[1], change_sequence = outcome[7] .. ' ' .. outcome[8] })
end
local is_stopped = c.was_deleted and c.state.mark == '!'
if c.was_deleted and not is_stopped then
  return reply_of(REPLY, { status = 'unchanged', change_sequence = change_sequence(user) })
end
if not c.counters and not is_stopped then refuse('conversation_not_found') end
check_absent(c)
-- Otherwise the claim would not find it and would put it beside its own tombstone.
if c.counters and c.state.mark == '>' then refuse('claim_unfinished') end
if not is_stopped then check_match(c) end

local shares, gone = parse_shares(shared), { MESSAGES, BODIES }
for _, share in ipairs(shares) do
  if share.conversation == ID then
    gone[#gone + 1] = key_of_share(SHARE_PREFIX, share.id)
    revoke(user, share)
  end
end
need(gone)
local change_seq = tick(user)
local before = c.before
c.record, c.deleted, c.branches = '', '', ''
-- Should this be stopped, a repeat finds here what the user's numbers still contain of it.
c.state.extra = before.extra + before.bytes
c.counters = { revision = c.counters and c.counters.revision + 1 or 1, messages = 0, tokens = 0, bytes = 0,
  updated = change_seq }

-- The oldest tombstones are dropped; a client whose cursor is older than these deletions has to start over.
local function drop_tombstones()
  ACCOUNT.tombstones = ACCOUNT.tombstones + 1
  if ACCOUNT.tombstones <= MOST_TOMBSTONES then return end
  local rows, ids, wanted, fields = redis.call('ZRANGE', DELETED, 0, DROPPED_AT_ONCE - 1, 'WITHSCORES'), {}, {}, {}
  for i = 1, #rows, 2 do
    ids[#ids + 1] = rows[i]
    wanted[#wanted + 1] = rows[i] .. ':counters'
    wanted[#wanted + 1] = rows[i] .. ':state'
    user.floor = math.max(user.floor, tonumber(rows[i + 1]))
  end
  local stored = #ids > 0 and redis.call('HMGET', META, unpack(wanted)) or {}
  for i, id in ipairs(ids) do
    -- An id may be in use again, once its tombstone counts no more.
    if id ~= ID and string.find(stored[2 * i - 1] or '', '^deleted') then
      push_fields(fields, id)
      local state = parse_state(stored[2 * i])
      count_bytes(user, state and -state.extra or 0)
    end
  end
  if #ids > 0 then redis.call('ZREM', DELETED, unpack(ids)) end
  if #fields > 0 then redis.call('HDEL', META, unpack(fields)) end
  ACCOUNT.tombstones = ACCOUNT.tombstones - #ids
end

local function remove_without_trace()
  redis.call('UNLINK', unpack(gone))
  -- Together with the account's totals, which are no longer right.
  local fields = { ':account' }
  push_fields(fields, ID)
  redis.call('HDEL', META, unpack(fields))
  redis.call('ZREM', CONVERSATIONS, ID)
  return reply_of(REPLY, { status = 'ok', change_sequence = change_sequence(user) })
end

if not call_unless_full('HSET', META, ':user', format_untouched(user), ID, '', ID .. ':counters',
  'deleted ' .. integer(change_seq), ID .. ':state', format_state(c, '!'), ID .. ':deleted', '',
  unpack(c.old_branches ~= '' and { ID .. ':branches', '' } or {})) then
  return remove_without_trace()
end
redis.call('UNLINK', unpack(gone))
drop_tombstones()
redis.call('ZADD', DELETED, integer(change_seq), ID)
-- Longer than a tombstone counts, so that the purge finds them all when it clears away.
redis.call('PEXPIREAT', DELETED, integer(NOW + 2 * TTL))
-- The user's other keys have to last as long as the tombstone.
if user.expires_at < NOW + TTL then
  user.expires_at = NOW + TTL + math.min(DAY, TTL / 2)
  expire_user(user)
end
redis.call('ZREM', CONVERSATIONS, ID)

c.writes = remember(without_text(c.writes), outcome_of('ok', user, c))
c.state.extra = extra_bytes(c)
count_bytes(user, c.state.extra - before.extra - before.bytes)
count_totals(before.totals, nil)
local fields = { ':user', '', ':account', '', ID .. ':state', format_state(c, '-'), ID .. ':writes', c.writes }
local kept = format_shares(shares)
-- Also where an earlier release kept more rows than are kept now.
if kept ~= (shared or '') then
  fields[#fields + 1] = ':shares'
  fields[#fields + 1] = kept
end
fields[2], fields[4] = format_user(user), format_account(user)
redis.call('HSET', META, unpack(fields))
notify('delete', user)
return reply_of(REPLY, { status = 'ok', change_sequence = change_sequence(user) })
