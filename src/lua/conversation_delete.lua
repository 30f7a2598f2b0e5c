#!lua flags=allow-key-locking,allow-oom
-- Deletes a conversation and its shares, leaving a tombstone: for sync, and against its
-- resurrection. Its messages stay in the trash for a while, where there is one; of what is there already they can be
-- removed permanently. Where the database takes nothing more, it is removed at once and without a tombstone.
--
-- KEYS     as in base.lua and write.lua; between them those of the user's shares
-- ARGV     6 share_prefix: what keys of shares begin with
--          7 trash_ttl: how long it stays in the trash, ms; 0 where there is no trash
--          8 is_permanent: '1' to remove it permanently, or '0'
--          9 trashed_at: when what is to be removed from the trash was deleted, ms; '' where that may be anything
-- Returns  status: 'ok' or 'unchanged'
--          change_sequence: before and after
-- Refuses  conversation_not_found: nor was there ever; or it was restored since then
--          claim_unfinished: it is being moved here
--          revision_mismatch, revision, born
--          need, keys: call again with these in KEYS too
-- Billed   7: EVALSHA, HMGET, HSET, ZADD, PEXPIREAT, ZREM, HSET; with shares, or permanently, 1 more (UNLINK); where its messages
--          would expire too early or too late for the trash 2 more (PEXPIREAT, PEXPIREAT); with an open stream 1 more
--          (PUBLISH); once a day up to 2 more, for the new expiry; after each 250 deletions 4 more (ZRANGE, HMGET, ZREM, HDEL);
--          where the trash is full 3 more (HMGET, UNLINK, HDEL). Out of the trash 5: EVALSHA, HMGET, UNLINK, HDEL, HSET
-- Touches  at most 200 rows of shares, 500 of the trash and 750 old tombstones

-- Tombstones are kept for this many conversations at most; the oldest go first, so many at once.
local MOST_TOMBSTONES, DROPPED_AT_ONCE = 1000, 250
-- So many conversations are in the trash at most; the oldest go first, down to so many.
local MOST_TRASHED, KEPT_TRASHED = 500, 450

local SHARE_PREFIX, TRASH_TTL, IS_PERMANENT = ARGV[6], tonumber(ARGV[7]), ARGV[8] == '1'
local TRASHED_AT = tonumber(ARGV[9])
local REPLY = { 'status', 'change_sequence' }

local c, user, outcome, shared, trashed, entry = load(':shares', ':trash', ID .. ':trash')
if outcome then
  return reply_of(REPLY, { status = outcome[1], change_sequence = outcome[7] .. ' ' .. outcome[8] })
end
local rows = trash.parse(trashed)
local row = trash.find(rows, ID)
-- What was restored is not to be deleted, nor what was deleted again after that.
if TRASHED_AT and (c.counters or (row and row.deleted_at ~= TRASHED_AT)) then refuse('conversation_not_found') end
local is_trashed = c.was_deleted and row ~= nil and entry and entry ~= ''
local is_stopped = c.was_deleted and c.state.mark == '!'
if c.was_deleted and not is_stopped and not (is_trashed and IS_PERMANENT) then
  return reply_of(REPLY, { status = 'unchanged', change_sequence = change_sequence(user) })
end
if not c.counters and not c.was_deleted then refuse('conversation_not_found') end
check_absent(c)
-- Otherwise the claim would not find it and would put it beside its own tombstone.
if c.counters and c.state.mark == '>' then refuse('claim_unfinished') end
if c.counters then check_match(c) end

-- What is in the trash is a deleted conversation already: only what is left of it goes.
local function remove_from_trash()
  redis.call('UNLINK', MESSAGES, BODIES)
  local set, clear = trash.forget(user, { row }, { c.counters_text })
  c.counters = { revision = 0, messages = 0, tokens = 0, updated = user.change_seq }
  local writes = remember(c.writes, outcome_of('ok', user, c))
  local rest = row.rest + #writes - #c.writes
  count_bytes(user, rest - row.rest)
  set[2] = format_numbers(PATHLESS_STATE_NAMES, { born = 0, extra = rest, offset = 0 }) .. ' -'
  redis.call('HDEL', META, unpack(clear))
  if not call_unless_full('HSET', META, ':user', format_user(user), ':account', format_account(user),
    ':trash', trash.format(trash.without(rows, { [ID] = true })), ID .. ':writes', writes, unpack(set)) then
    -- The totals are no longer right.
    redis.call('HDEL', META, ':account')
  end
  return reply_of(REPLY, { status = 'ok', change_sequence = change_sequence(user) })
end
if is_trashed and not is_stopped then return remove_from_trash() end

-- A repeat of what was stopped continues with what it finds in the trash.
local keeps = not IS_PERMANENT and (is_trashed or (c.counters ~= nil and TRASH_TTL > 0))
local shares, gone = parse_shares(shared), {}
if not keeps then gone = { MESSAGES, BODIES } end
for _, share in ipairs(shares) do
  if share.conversation == ID then
    gone[#gone + 1] = key_of_share(SHARE_PREFIX, share.id)
    revoke(user, share)
  end
end

-- The oldest of a full trash are removed permanently.
local function removed_from_full_trash()
  local oldest = {}
  if not keeps or #rows < MOST_TRASHED then return oldest, {} end
  for i = 1, #rows - KEPT_TRASHED do
    if rows[i].id ~= ID then oldest[#oldest + 1] = rows[i] end
  end
  return oldest, trash.counters_of(oldest)
end
local oldest, numbers_of_oldest = removed_from_full_trash()
local set, clear, ids = trash.forget(user, oldest, numbers_of_oldest)
if row and not keeps then clear[#clear + 1] = ID .. ':trash' end
local prefix = string.sub(MESSAGES, 1, #MESSAGES - #ID - #':messages')
for _, id in ipairs(ids) do
  gone[#gone + 1] = prefix .. id .. ':messages'
  gone[#gone + 1] = prefix .. id .. ':bodies'
end
need(gone)

local change_seq = tick(user)
local before = c.before
if keeps and not is_trashed then
  entry = trash.format_entry(NOW, c.is_known and format_state(c, c.state.mark) or '', c.counters_text, c.record)
end
local is_gone = keeps and {} or { [ID] = true }
for _, old in ipairs(oldest) do is_gone[old.id] = true end
local kept_rows = trash.without(rows, is_gone)
c.record = ''
if not keeps then c.deleted, c.branches = '', '' end
-- If this is stopped, a repeat finds here what the user's numbers still include.
c.state.extra = before.extra + before.bytes
c.counters = { revision = c.counters and c.counters.revision + 1 or 1, messages = 0, tokens = 0, bytes = 0,
  updated = change_seq }
c.writes = remember(without_text(c.writes), outcome_of('ok', user, c))
-- Of its tombstone: nothing but the log.
local rest = #c.writes
if keeps then
  if not row then
    row = { id = ID, deleted_at = NOW, kept_until = NOW + TRASH_TTL }
    kept_rows[#kept_rows + 1] = row
  elseif not is_trashed then
    row.deleted_at, row.kept_until = NOW, NOW + TRASH_TTL
  end
  row.bytes, row.rest = c.state.extra + #entry, rest
end

-- The oldest tombstones are dropped, but for those of what is in the trash; a client whose cursor is older than these
-- deletions has to start over.
local function drop_tombstones()
  ACCOUNT.tombstones = ACCOUNT.tombstones + 1
  if ACCOUNT.tombstones <= MOST_TOMBSTONES then return end
  local last = DROPPED_AT_ONCE + #kept_rows - 1
  local found, dropped, wanted, fields, is_kept = redis.call('ZRANGE', DELETED, 0, last, 'WITHSCORES'), {}, {}, {}, {}
  for _, kept in ipairs(kept_rows) do is_kept[kept.id] = kept.kept_until > NOW end
  for i = 1, #found, 2 do
    if not is_kept[found[i]] and #dropped < DROPPED_AT_ONCE then
      dropped[#dropped + 1] = found[i]
      wanted[#wanted + 1] = found[i] .. ':counters'
      wanted[#wanted + 1] = found[i] .. ':state'
      user.floor = math.max(user.floor, tonumber(found[i + 1]))
    end
  end
  local stored = #dropped > 0 and redis.call('HMGET', META, unpack(wanted)) or {}
  for i, id in ipairs(dropped) do
    -- An id may be in use again, once its tombstone counts no more.
    if id ~= ID and string.find(stored[2 * i - 1] or '', '^deleted') then
      push_all_fields(fields, id)
      fields[#fields + 1] = id .. ':trash'
      local state = parse_state(stored[2 * i])
      count_bytes(user, state and -state.extra or 0)
    end
  end
  if #dropped > 0 then redis.call('ZREM', DELETED, unpack(dropped)) end
  if #fields > 0 then redis.call('HDEL', META, unpack(fields)) end
  ACCOUNT.tombstones = ACCOUNT.tombstones - #dropped
end

local function remove_without_trace()
  redis.call('UNLINK', MESSAGES, BODIES, unpack(gone))
  -- Together with the account's totals, which are no longer right.
  local fields = { ':account', ID .. ':trash' }
  push_all_fields(fields, ID)
  redis.call('HDEL', META, unpack(fields))
  redis.call('ZREM', CONVERSATIONS, ID)
  return reply_of(REPLY, { status = 'ok', change_sequence = change_sequence(user) })
end

local marks = { ':user', format_untouched(user), ID, '', ID .. ':counters', 'deleted ' .. integer(change_seq),
  ID .. ':state', format_state(c, '!'), ID .. ':deleted', c.deleted, ID .. ':signature', '' }
if c.branches ~= c.old_branches then
  marks[#marks + 1], marks[#marks + 2] = ID .. ':branches', c.branches
end
if keeps then
  -- With those that are to go: as long as they are there, an erasure has to find them.
  local all = {}
  for _, list in ipairs({ oldest, kept_rows }) do
    for _, one in ipairs(list) do all[#all + 1] = one end
  end
  for _, value in ipairs({ ID .. ':trash', entry, ':trash', trash.format(all) }) do marks[#marks + 1] = value end
end
if not call_unless_full('HSET', META, unpack(marks)) then return remove_without_trace() end
if keeps then
  -- In time for the trash, but with an end.
  local numbers = parse_numbers(counter_names, trash.parse_entry(entry).counters)
  if numbers.expires_at < row.kept_until or numbers.expires_at > NOW + TTL + DAY then
    numbers.expires_at = row.kept_until
    expire_conversation(numbers, MESSAGES, BODIES)
  end
end
if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
if #clear > 0 then redis.call('HDEL', META, unpack(clear)) end
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

c.state.extra = keeps and row.bytes or rest
count_bytes(user, c.state.extra - before.extra - before.bytes)
count_totals(before.totals, nil)
local fields = { ':user', '', ':account', '', ID .. ':state', format_state(c, '-'), ID .. ':writes', c.writes, unpack(set) }
local kept = format_shares(shares)
-- Also where an earlier release kept more rows than are kept now.
if kept ~= (shared or '') then
  fields[#fields + 1] = ':shares'
  fields[#fields + 1] = kept
end
if #oldest > 0 or (row and not keeps) then
  fields[#fields + 1] = ':trash'
  fields[#fields + 1] = trash.format(kept_rows)
end
fields[2], fields[4] = format_user(user), format_account(user)
redis.call('HSET', META, unpack(fields))
notify('delete', user)
return reply_of(REPLY, { status = 'ok', change_sequence = change_sequence(user) })
