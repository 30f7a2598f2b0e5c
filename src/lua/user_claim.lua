#!lua flags=allow-key-locking
-- One step of moving everything of an anonymous user, the source, into the account of this user: moves some
-- conversations, and names those of the next step. Each goes whole, with its revision, its dates, its place
-- in the list and its shares; and each step may run twice.
--
-- From the first step on only this user can claim the source, and the tokens of the source are void, so that nothing more
-- is written to what is about to move. Quotas are checked before that, and not again.
--
-- A conversation that is being moved has the mark `>` here until it is gone from the source: writes to it are refused
-- meanwhile, and after a stopped step the mark tells what was begun. What must be counted once (shares, bytes, how many
-- were moved) is written together with these marks.
--
-- KEYS     1 to 3 as in base.lua, of the source 4 conversations, 5 meta, 6 deleted, 7 current conversation,
--          8 session, 9 and 10 the counters of its calls of this day and the one before, then per conversation to move: its
--          messages and bodies, where they go, and where they go if its id is taken there; then keys that a call before has
--          asked for
-- ARGV     6 claimer: a hash of this user
--          7 issued_at: when the source's token was issued, ms
--          8 token_ttl: ms
--          9 max_named: how many to name
--          10 share_prefix: what keys of shares begin with
--          11 max_shares: how many a user may have
--          12 moves...: id, other_id; the other one is for where the id is taken
-- Returns  remaining: conversations that are left
--          moved: conversations moved by now
--          is_trash: '1' where the next ones are those in the trash of the source, which trash_claim.lua moves, or '0'
--          ids...: of the next step
-- Refuses  already_claimed: the source was claimed by another user
--          wrong_token: the source had signed out since the token was issued
--          too_many_conversations_kept
--          too_many_shares
--          need, keys: call again with these in KEYS too
-- Billed   6: EVALSHA, HMGET, HMGET, ZRANGE, HSET, and where any are left ZCARD; for the first step 3 to 5 more (ZCARD, UNLINK,
--          HSET, PEXPIREAT, PUBLISH); with conversations to move up to 13 more (HMGET, HMGET, ZMSCORE, HSET, ZADD, PEXPIREAT,
--          PEXPIREAT, HSET, HDEL, HSET, UNLINK, ZREM, PUBLISH), and for each of them 2 (RENAME, RENAME); for the last step 3
--          (UNLINK, HSET, PEXPIREAT)
-- Touches  the metadata of the conversations to move; for the first step, where quotas are near, the numbers of all

local SOURCE_CONVERSATIONS, SOURCE_META = KEYS[4], KEYS[5]
local CLAIMER, ISSUED_AT, TOKEN_TTL, MAX_NAMED = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local SHARE_PREFIX, MAX_SHARES = ARGV[10], tonumber(ARGV[11])
local FIRST_KEY, KEY_WIDTH, FIRST_MOVE = 11, 6, 12
local REPLY = { 'remaining', 'moved', 'is_trash' }

local source_row = redis.call('HMGET', SOURCE_META, ':user', ':claimed', ':shares', ':account', ':settings', ':trash',
  ':models', ':recovery')
-- ':joined': the source whose totals were added last. ':joining': the source whose conversations were moved last, and how
-- many.
local row = redis.call('HMGET', META, ':user', ':account', ':shares', ':joined', ':joining', ':settings', ':models')
parse_caller(row[1], row[2])
local user, source = CALLER, read_user(source_row[1])
local source_account = read_account(source_row[4], source)
local claimer, moved_before = string.match(source_row[2] or '', '^(%S+) ?(%d*)$')
if claimer and claimer ~= CLAIMER then refuse('already_claimed') end
if not claimer and ISSUED_AT < source.epoch then refuse('wrong_token') end
local SOURCE = redis.sha1hex(SOURCE_META)
local joining, joined_before = string.match(row[5] or '', '^(%S+) (%d+)$')
local moved = math.max(tonumber(moved_before or '') or 0, joining == SOURCE and tonumber(joined_before) or 0)
local shares, source_shares = parse_shares(row[3]), parse_shares(source_row[3])

-- Where the source's conversations live longer, so do all from now on: none is to expire earlier than was chosen for it.
local settings = {}
load_user_settings(row[6])
if source_row[5] then
  local own, own_ttl = CHOSEN, ttl_of('')
  load_user_settings(source_row[5])
  if ttl_of('') > own_ttl then
    settings = { ':settings', source_row[5] }
  else
    CHOSEN = own
  end
end

-- Kept for as long as one of its tokens could be used.
local function mark_source()
  void_tokens(source, ISSUED_AT)
  source.expires_at = math.max(source.expires_at, NOW + TOKEN_TTL)
  redis.call('HSET', SOURCE_META, ':user', format_numbers(user_names, source) .. source.activity,
    ':claimed', CLAIMER .. ' ' .. integer(moved))
  redis.call('PEXPIREAT', SOURCE_META, integer(source.expires_at + DAY))
end

-- Whether both are the same import or save, unchanged since.
local function is_copy(counters, other)
  return counters.saved ~= '-' and counters.saved == other.saved and counters.revision == counters.saved_revision
    and other.revision == other.saved_revision
end

-- What would be added where the sums alone do not fit: copies of what is here do not count.
local function count_without_copies()
  local ids, fields = redis.call('ZRANGE', SOURCE_CONVERSATIONS, 0, -1), {}
  for i, id in ipairs(ids) do fields[i] = id .. ':counters' end
  local theirs = call_in_portions('HMGET', SOURCE_META, fields, 1)
  local ours = call_in_portions('HMGET', META, fields, 1)
  local conversations, bytes = 0, 0
  for i in ipairs(ids) do
    local counters, other = parse_counters(theirs[i]), parse_counters(ours[i])
    if counters and not (other and is_copy(counters, other)) then
      conversations, bytes = conversations + 1, bytes + counters.bytes
    end
  end
  return conversations, bytes
end

local function active(list)
  local _, count = find_share(list, '')
  return count
end

-- Checked once for everything, before anything moves.
local function check_quotas()
  if active(shares) + active(source_shares) > MAX_SHARES then refuse('too_many_shares') end
  local here, there, bytes = redis.call('ZCARD', CONVERSATIONS), redis.call('ZCARD', SOURCE_CONVERSATIONS), source.bytes
  if here + there > SETTINGS.max_conversations or user.bytes + bytes > SETTINGS.max_bytes then
    there, bytes = count_without_copies()
  end
  if here + there > SETTINGS.max_conversations then refuse('too_many_conversations_kept') end
  check_room(user, bytes)
end

if not claimer then
  check_quotas()
  -- Nobody is to come back by it as a user whose data is moving. Before the mark: only a claim without one comes here again.
  if source_row[8] then
    need({ string.match(source_row[8], '^%S+') })
    redis.call('UNLINK', (string.match(source_row[8], '^%S+')))
    source.recovery = 0
  end
  mark_source()
  if source.listening > NOW then
    local channel = string.gsub(SOURCE_CONVERSATIONS, 'conversations$', 'events')
    local change_seq = integer(source.change_seq)
    redis.call('PUBLISH', channel, '{"type":"signOut","clock":' .. change_seq .. ',"previous":' .. change_seq .. '}')
  end
end

-- Where a conversation of the source goes: under its own id, or under another where that is taken.
local function plan(index, stored, here)
  local at, key = FIRST_MOVE + 2 * (index - 1), FIRST_KEY + KEY_WIDTH * (index - 1)
  local first = 1 + (CONVERSATION_FIELDS + 1) * (index - 1)
  local move = read_conversation(ARGV[at], stored, first, KEYS[key], KEYS[key + 1])
  move.signature = stored[first + CONVERSATION_FIELDS] or ''
  local column = 1 + 4 * (index - 1)
  local own, other = parse_counters(here[column]), parse_counters(here[column + 2])
  local own_state, other_state = parse_state(here[column + 1]), parse_state(here[column + 3])
  if not move.counters then
    -- Expired; or an earlier step removed it from the source, and only its mark is left.
    local is_aside = other and other_state and other_state.mark == '>'
    if is_aside or (own and own_state and own_state.mark == '>') then
      move.to, move.state = ARGV[is_aside and at + 1 or at], is_aside and other_state or own_state
      move.is_marked = true
    end
    return move
  end
  -- What an earlier step began to move there has its mark.
  local is_begun = own_state and own_state.mark == '>' and own and own.created == move.counters.created
  local is_begun_aside = other_state and other_state.mark == '>'
  local is_whole = own and not (own_state and own_state.mark == '!')
  move.is_copy = is_whole and not is_begun and not is_begun_aside and is_copy(move.counters, own)
  move.to, move.new_messages, move.new_bodies = ARGV[at], KEYS[key + 2], KEYS[key + 3]
  if is_begun_aside or (own and not is_begun and not move.is_copy) or (not own and is_tombstone(here[column])) then
    move.to, move.new_messages, move.new_bodies = ARGV[at + 1], KEYS[key + 4], KEYS[key + 5]
  end
  move.is_begun = is_begun or is_begun_aside
  return move
end

local function read_plans()
  local wanted, here = {}, {}
  for at = FIRST_MOVE, #ARGV, 2 do
    push_all_fields(wanted, ARGV[at])
    for _, id in ipairs({ ARGV[at], ARGV[at + 1] }) do
      here[#here + 1] = id .. ':counters'
      here[#here + 1] = id .. ':state'
    end
  end
  local stored, found = redis.call('HMGET', SOURCE_META, unpack(wanted)), redis.call('HMGET', META, unpack(here))
  local plans = {}
  for index = 1, (#ARGV - FIRST_MOVE + 1) / 2 do plans[index] = plan(index, stored, found) end
  return plans
end

-- The shares of what has moved go with it, and those of a copy to what is here. Returns those that stay.
local function move_shares(plans)
  local to, stay = {}, {}
  for _, move in ipairs(plans) do
    if move.counters then to[move.id] = move.to end
  end
  for _, share in ipairs(source_shares) do
    if to[share.conversation] then
      share.conversation = to[share.conversation]
      if not find_share(shares, share.id) then
        shares[#shares + 1] = share
        user.bytes = user.bytes + tonumber(share.bytes)
      end
    else
      stay[#stay + 1] = share
    end
  end
  return stay
end

local function rename(from, to)
  local reply = redis.pcall('RENAME', from, to)
  -- An earlier step that was stopped may have moved it already.
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'no such key', 1, true) then error(reply) end
end

local function fields_of(move, mark)
  return { move.to, move.record, move.to .. ':counters', format_counters(move.counters),
    move.to .. ':state', format_state(move, mark), move.to .. ':writes', move.writes, move.to .. ':deleted', move.deleted,
    move.to .. ':branches', move.branches, move.to .. ':signature', move.signature }
end

-- Moves the messages; a stopped write may have left some where the numbers tell of none.
local function move_messages(move)
  local is_whole = move.state.mark ~= '!'
  if move.counters.messages > 0 or not is_whole then rename(move.messages_key, move.new_messages) end
  if move.counters.seq > 0 or not is_whole then rename(move.bodies_key, move.new_bodies) end
end

-- Puts the conversations here, marked, then moves their messages, then takes them from the source, then takes off the
-- marks. The list of the source goes last, so that a stopped step is continued.
local function move_all(plans)
  local ids, marked, places, clear, gone, removed, expires_at = {}, {}, {}, {}, {}, {}, 0
  for i, move in ipairs(plans) do ids[i] = move.id end
  local scores = redis.call('ZMSCORE', SOURCE_CONVERSATIONS, unpack(ids))
  for i, move in ipairs(plans) do
    push_all_fields(removed, move.id)
    if move.counters and not move.is_copy then
      if not signature.is_valid(move.state, move.signature) then signature.drop(move) end
      move.state.prepared = 0
      signature.ask(user, { id = move.to, record = move.record, state = move.state, counters = move.counters })
      if not move.is_known then move.state.born, move.state.extra = source.change_seq, extra_bytes(move) end
      for _, value in ipairs(fields_of(move, '>')) do marked[#marked + 1] = value end
      clear[#clear + 1] = move.to .. ':state'
      clear[#clear + 1] = format_state(move, move.state.mark)
      places[#places + 1] = integer(tonumber(scores[i] or NOW))
      places[#places + 1] = move.to
      expires_at = math.max(expires_at, move.counters.expires_at)
      if not move.is_begun then
        count_bytes(user, move.before.bytes + move.before.extra)
        count_totals(nil, move.counters)
        moved = moved + 1
      end
    else
      gone[#gone + 1] = move.messages_key
      gone[#gone + 1] = move.bodies_key
      if move.is_marked then
        -- The mark before it is lost, so the next write recounts.
        clear[#clear + 1] = move.to .. ':state'
        clear[#clear + 1] = format_state(move, '!')
      end
    end
  end
  local stay, is_user_due = move_shares(plans), false
  if #marked > 0 then
    -- They keep their old place in the list, which no sync cursor passes.
    tick(user)
    user.floor = user.change_seq
    is_user_due = user.expires_at < expires_at
    if is_user_due then user.expires_at = expires_at + math.min(DAY, TTL / 2) end
  end
  local fields = { ':joining', SOURCE .. ' ' .. integer(moved), unpack(settings) }
  for _, value in ipairs(marked) do fields[#fields + 1] = value end
  redis.call('HSET', META, ':user', format_user(user), ':account', format_account(user),
    ':shares', format_shares(shares), unpack(fields))
  if #marked > 0 then
    redis.call('ZADD', CONVERSATIONS, unpack(places))
    if is_user_due then expire_user(user) end
    for _, move in ipairs(plans) do
      if move.counters and not move.is_copy then move_messages(move) end
    end
  end
  redis.call('HSET', SOURCE_META, ':shares', format_shares(stay), ':claimed', CLAIMER .. ' ' .. integer(moved))
  source_shares = stay
  call_in_portions('HDEL', SOURCE_META, removed, 1)
  if #clear > 0 then redis.call('HSET', META, unpack(clear)) end
  if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
  redis.call('ZREM', SOURCE_CONVERSATIONS, unpack(ids))
  if #marked > 0 then notify('claim', user) end
end

-- Adds the source's lifetime totals, its activity and what it has of models to this user's. Returns fields of meta.
local function add_totals()
  for _, name in ipairs({ 'messages', 'tokens', 'conversations' }) do user[name] = user[name] + source[name] end
  usage.join_activity(source.activity)
  usage.load_models(row[7])
  usage.join_models(source_row[7])
  return usage.push_fields({ ':joined', SOURCE })
end

if #ARGV >= FIRST_MOVE then move_all(read_plans()) end

local ids = redis.call('ZRANGE', SOURCE_CONVERSATIONS, 0, MAX_NAMED - 1)
if #ids > 0 then
  local remaining = integer(redis.call('ZCARD', SOURCE_CONVERSATIONS))
  return reply_of(REPLY, { remaining = remaining, moved = integer(moved), is_trash = '0' }, ids)
end
local trashed, left = {}, 0
for id in string.gmatch(source_row[6] or '', '(%S+) [^\30]*\30') do
  left = left + 1
  if left <= MAX_NAMED then trashed[left] = id end
end
if left > 0 then
  return reply_of(REPLY, { remaining = integer(left), moved = integer(moved), is_trash = '1' }, trashed)
end

-- No other user can revoke what the source shared of conversations that no longer exist.
local orphans = {}
for _, share in ipairs(source_shares) do
  if share.conversation ~= '' then orphans[#orphans + 1] = key_of_share(SHARE_PREFIX, share.id) end
end
need(orphans)
-- Once, even if this step was stopped afterwards.
if source.conversations > 0 and row[4] ~= SOURCE then
  local fields = add_totals()
  redis.call('HSET', META, ':user', format_user(user), unpack(fields))
end
for at = 6, 10 do orphans[#orphans + 1] = KEYS[at] end
redis.call('UNLINK', SOURCE_CONVERSATIONS, SOURCE_META, unpack(orphans))
source = read_user()
mark_source()
return reply_of(REPLY, { remaining = '0', moved = integer(moved), is_trash = '0' })
