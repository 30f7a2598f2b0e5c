#!lua flags=allow-key-locking
-- Changes members of a conversation's metadata, and which of its branches is the active one.
--
-- KEYS     as in base.lua and write.lua
-- ARGV     6 patch: record of the members to change; a null removes
--          7 max_bytes: that the record may have then
--          8 head: id of the message that the active path is to end with, or ''
--          9 expected: record of members and the values that they must have; null for one that must not be there
--          10 signature: of the title, where it changes, or ''; see signature.lua
-- Returns  status: 'ok' or 'unchanged'
--          record
--          counters
--          state
--          change_sequence: before and after
-- Refuses  conversation_not_found
--          message_not_found, id: of the head
--          field_mismatch: a member has another value than expected
--          revision_mismatch, revision, born
--          metadata_too_large
-- Billed   4: EVALSHA, HMGET, ZADD, HSET; where the head changes 4 more (ZRANGE, HSET, ZREM, ZADD), and for each 3,000
--          messages that come or go 1; with an open stream 1 more (PUBLISH)
-- Touches  one conversation's metadata; where the head changes the places of its messages

local PATCH, MAX_BYTES, HEAD, EXPECTED = ARGV[6], tonumber(ARGV[7]), ARGV[8], ARGV[9]
local SIGNATURE = ARGV[10]
local REPLY = { 'status', 'record', 'counters', 'state', 'change_sequence' }

local c, user, outcome, words = load(ID .. ':signature')
if outcome then return reply_of(REPLY, (replay(c, outcome))) end
if not c.counters then refuse('conversation_not_found') end
check_absent(c)
prepare(c)

for name, value in string.gmatch(EXPECTED, '([^\31]*)\31([^\30]*)\30') do
  local _, at = string.find(RS .. c.record, RS .. name .. US, 1, true)
  local found = at and string.match(c.record, '^[^\30]*', at) or 'null'
  if found ~= value then refuse('field_mismatch') end
end
local merged = merge(c.record, PATCH)
local head = head_of(c)
local is_switch = HEAD ~= '' and not (head and head.id == HEAD)
if merged == c.record and not is_switch then return reply_of(REPLY, commit_unchanged(user, c)) end
check_match(c)
local growth = #merged - #c.record
if growth > 0 and #merged > MAX_BYTES then refuse('metadata_too_large') end
check_room(user, growth)

local added, removed, segments = {}, {}, nil
if is_switch then
  local rows = redis.call('ZRANGE', MESSAGES, 0, -1, 'WITHSCORES')
  local path = path_of(rows)
  segments = parse_branches(c.branches)
  if not move_head(path, segments, HEAD) then refuse('message_not_found', HEAD) end
  added, removed = compare_paths(rows, path)
  set_branches(c, segments)
  set_head(c, path[#path])
  c.counters.messages = #path
  check_room(user, growth + #c.branches - #c.old_branches)
end

if sessions.has(merged) ~= sessions.has(c.record) then refuse('field_mismatch') end
c.record = merged
signature.add(c, words, SIGNATURE, true)
touch(user, c)
if is_switch then
  begin(user, c, user.change_seq, { ID .. ':branches', branches_meanwhile(c, segments) })
  local scores = {}
  push_places(scores, added)
  call_in_portions('ZREM', MESSAGES, removed, 1)
  call_in_portions('ZADD', MESSAGES, scores, 2)
else
  put_in_list(user, c, user.change_seq)
end
return reply_of(REPLY, commit(is_switch and 'save' or 'patch', user, c, 'ok'))
