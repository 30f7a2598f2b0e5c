-- Shared by the scripts that know of the trash, behind base.lua.
--
-- A conversation in the trash is a deleted one to everything else: its counters say 'deleted', its id is among the deleted
-- ones, and its record is empty. Its messages stay under their keys. What is needed to restore it is in meta
-- `<id>:trash`:
--   when it was deleted, ms GS state GS counters GS record
-- meta ':trash' lists what is there, the oldest first: id, then see `trash_names`, each ended by RS. The bytes of a
-- conversation in the trash are those that its state tells, as of every deleted one.
--
-- A row whose conversation is no deleted one, or whose `<id>:trash` is missing, is what a stopped script or an earlier
-- release left, and stands for nothing.

-- deleted_at   when it was deleted, ms
-- kept_until   until when it can be restored, ms
-- bytes        that it takes up
-- rest         bytes that stay when it is removed permanently: of its tombstone
local trash_names = { 'deleted_at', 'kept_until', 'bytes', 'rest' }

-- One name for all of it: a script may have 200 local ones.
local trash = {}

function trash.parse(text)
  local rows = {}
  for id, numbers in string.gmatch(text or '', '(%S+) ([^\30]*)\30') do
    local row = parse_numbers(trash_names, numbers)
    row.id = id
    rows[#rows + 1] = row
  end
  return rows
end

function trash.format(rows)
  local texts = {}
  for i, row in ipairs(rows) do texts[i] = row.id .. ' ' .. format_numbers(trash_names, row) .. RS end
  return table.concat(texts)
end

function trash.find(rows, id)
  for _, row in ipairs(rows) do
    if row.id == id then return row end
  end
end

-- The rows but for those of these ids, each a key of the table.
function trash.without(rows, ids)
  local kept = {}
  for _, row in ipairs(rows) do
    if not ids[row.id] then kept[#kept + 1] = row end
  end
  return kept
end

-- Whether a row stands for a conversation that can be restored: by its counters and its `<id>:trash`.
function trash.is_restorable(row, counters_text, text)
  return row and row.kept_until > NOW and text and text ~= '' and string.find(counters_text or '', '^deleted') ~= nil
end

-- What `<id>:trash` holds.
function trash.parse_entry(text)
  local deleted_at, state, counters, record = string.match(text, '^(%d+)\29([^\29]*)\29([^\29]*)\29(.*)$')
  return { deleted_at = deleted_at, state = state, counters = counters, record = record }
end

function trash.format_entry(deleted_at, state, counters, record)
  return table.concat({ integer(deleted_at), state, counters, record }, GS)
end

-- What removing these permanently makes of meta: fields to set, and fields to delete. Their counters tell which are deleted
-- ones still: the ids of those whose messages go.
function trash.forget(user, rows, counters_texts)
  local set, clear, ids = {}, {}, {}
  for i, row in ipairs(rows) do
    local text, id = counters_texts[i] or '', row.id
    clear[#clear + 1] = id .. ':trash'
    local is_deleted = string.find(text, '^deleted') ~= nil
    if is_deleted or text == '' then
      ids[#ids + 1] = id
      clear[#clear + 1] = id .. ':branches'
      clear[#clear + 1] = id .. ':deleted'
      clear[#clear + 1] = id .. ':signature'
    end
    if is_deleted then
      set[#set + 1] = id .. ':state'
      set[#set + 1] = format_numbers(PATHLESS_STATE_NAMES, { born = 0, extra = row.rest, offset = 0 }) .. ' -'
      user.bytes = math.max(0, user.bytes + row.rest - row.bytes)
    end
  end
  return set, clear, ids
end

function trash.counters_of(rows)
  local fields = {}
  for i, row in ipairs(rows) do fields[i] = row.id .. ':counters' end
  return #fields > 0 and redis.call('HMGET', META, unpack(fields)) or {}
end
