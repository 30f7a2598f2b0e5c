#!lua flags=allow-key-locking,allow-oom
-- Deletes a message, or it and all that follow it, in every branch. Of a single one, what followed it follows what it
-- followed. Goes on where the database takes nothing more: what it frees comes
-- before what it writes, and what cannot be written is left to the next write.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 message: its id
--          7 and_after: '1' to delete what follows too, or '0'
-- Returns  status: 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
--          ids...: deleted by this deletion, or by the one that it repeats
-- Refuses  conversation_not_found
--          message_not_found
--          revision_mismatch, revision, born
-- Billed   8: EVALSHA, HMGET, HMGET, HSET, ZADD, HSET, ZREM, HSET; the head, or with branches, 1 more (ZRANGE); with what
--          follows 2 more (ZRANGE, HMGET); with an open stream 1 more (PUBLISH); one more of HMGET and ZREM for each
--          3,000 messages; where very many were deleted before, now and then 1 more (HDEL)
-- Touches  the messages to delete, and the places of all; of the deleted ones remembers at most 1,000

local MESSAGE, AND_AFTER = ARGV[6], ARGV[7] == '1'
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome = load()

-- The ids that a deletion is remembered with: all, where they are few.
local MOST_ID_BYTES = 1200
local function listed(ids)
  local text = table.concat(ids, ',')
  return #text <= MOST_ID_BYTES and text or ''
end

-- The ids that went by this revision, as far as they are remembered.
local function deleted_by(revision)
  local ids, list, revisions = {}, parse_deleted(c.deleted)
  for _, id in ipairs(list) do
    if revisions[id] == revision and (id == MESSAGE or (AND_AFTER and revision ~= '0')) then ids[#ids + 1] = id end
  end
  -- It is gone, whether or not the deletion is still remembered.
  if #ids == 0 then ids[1] = MESSAGE end
  return ids
end

if outcome then
  -- A repeat that found the message gone is told which deletion removed it.
  local values, known = replay(c, outcome)
  local ids = {}
  for id in string.gmatch(known, '[^,]+') do ids[#ids + 1] = id end
  if known ~= '' then return reply_of(REPLY, values, ids) end
  local _, revisions = parse_deleted(c.deleted)
  return reply_of(REPLY, values, deleted_by(outcome[1] == 'ok' and outcome[2] or revisions[MESSAGE]))
end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)
local counters = c.counters
local body = redis.call('HMGET', BODIES, MESSAGE)[1]
local message = body and parse_body(body)
if not message or not message.record then
  local _, revisions = parse_deleted(c.deleted)
  if not message and not revisions[MESSAGE] then refuse('message_not_found') end
  local known = deleted_by(revisions[MESSAGE])
  return reply_of(REPLY, commit_unchanged(user, c, listed(known)), known)
end
check_match(c)

local member = member_of(message.seq, MESSAGE)
local segments = parse_branches(c.branches)
local members, doomed, is_followed_otherwise = {}, {}, false

-- What follows these messages beside the path, and what follows that.
local function add_followers(is_gone)
  for _, entry in ipairs(in_order(segments)) do
    if is_gone[entry.parent] and not is_gone[entry.id] then
      is_gone[entry.id] = true
      doomed[#doomed + 1] = entry
    end
  end
end

local function work_out()
  local is_beside = index_segments(segments)[MESSAGE] ~= nil
  if is_beside and AND_AFTER then
    local is_gone = { [MESSAGE] = true }
    add_followers(is_gone)
    segments = remove_entries(segments, function(entry) return is_gone[entry.id] end)
  elseif is_beside then
    segments = remove_entries(segments, function(entry) return entry.id == MESSAGE end)
  elseif AND_AFTER or c.state.head == member or #segments > 0 then
    local path = read_path(c)
    local index = path.at[MESSAGE]
    if not index then return end
    if AND_AFTER then
      local is_gone = {}
      for i = index, #path do
        is_gone[path[i].id] = true
        members[#members + 1] = path[i].member
        if i > index then doomed[#doomed + 1] = path[i] end
      end
      add_followers(is_gone)
      cut(path, index - 1, {})
      segments = remove_entries(segments, function(entry) return is_gone[entry.id] end)
    else
      members[1] = member
      path = remove_from_path(path, segments, function(entry) return entry.id == MESSAGE end)
      is_followed_otherwise = true
    end
    set_head(c, path[#path])
  else
    members[1] = member
  end
end

work_out()
set_branches(c, segments)
local from_path, ids, stored = #members, { MESSAGE }, { body }
local others = {}
for i, entry in ipairs(doomed) do others[i] = entry.id end
for i, other in ipairs(call_in_portions('HMGET', BODIES, others, 1)) do
  if is_body_of(doomed[i].member, other) then
    ids[#ids + 1] = others[i]
    stored[#stored + 1] = other
  end
end

touch(user, c)
local forgotten, tombstones = note_deleted(c, ids, {}, integer(counters.revision)), {}
local is_forgotten = {}
for _, id in ipairs(forgotten) do is_forgotten[id] = true end
for i, id in ipairs(ids) do
  local gone = parse_body(stored[i])
  if not is_forgotten[id] then
    tombstones[#tombstones + 1] = id
    tombstones[#tombstones + 1] = format_tombstone(gone)
  end
  counters.tokens = math.max(0, counters.tokens - gone.tokens)
  counters.bytes = math.max(0, counters.bytes - #stored[i])
end
counters.messages = math.max(0, counters.messages - from_path)

-- The branches that followed a message on the path follow another one now, which nothing would tell once it is gone. Other changes of
-- branches come last: what is gone from them is beside the path until then, and without its body nothing.
local early = { ID .. ':deleted', c.deleted }
if is_followed_otherwise then
  early[#early + 1] = ID .. ':branches'
  early[#early + 1] = c.branches
end
local is_marked = call_unless_full('HSET', META, ':user', format_untouched(user), ID .. ':state', format_state(c, '!'),
  unpack(early))
if is_marked then
  put_in_list(user, c, user.change_seq)
else
  -- This serves as a mark, too: the next write recounts.
  redis.call('HDEL', META, ID .. ':state')
end
if #tombstones > 0 and not call_unless_full('HSET', BODIES, unpack(tombstones)) then forgotten = ids end
if #forgotten > 0 then call_in_portions('HDEL', BODIES, forgotten, 1) end
call_in_portions('ZREM', MESSAGES, members, 1)

if c.is_due then expire_conversation(counters, MESSAGES, BODIES) end
-- Nothing of what was deleted is kept.
signature.drop(c)
c.writes = remember(c.writes, outcome_of('ok', user, c, listed(ids)))
local fields = conversation_fields(user, c)
if call_unless_full('HSET', META, ':user', format_user(user), ':account', format_account(user), unpack(fields)) then
  -- The deletion has made room, so other devices can learn of it after all.
  if not is_marked then call_unless_full('ZADD', CONVERSATIONS, integer(sessions.score(c.record, user.change_seq)), ID) end
  if not sessions.has(c.record) then notify('truncate', user, counters) end
else
  -- The totals are no longer right.
  redis.call('HDEL', META, ':account')
end
return reply_of(REPLY, written('ok', user, c), ids)
