-- Shared by the scripts that know of branches, behind base.lua. Nothing in here writes.
--
-- A conversation is a tree of messages. Its active path, root to head, is the sorted set `messages`; meta '<id>:branches'
-- has the messages beside it, in segments, each a run of messages that follow one another:
--   parent US score SP member GS score SP member GS... RS
-- parent: the id of the message that the first one follows, '' where it begins the conversation.
--
-- An entry is a table: id, member, score. A path is a list of entries, with `at`: the index of each id. Segments are a list of
-- lists of entries, each with its `parent`.

-- What stands for the parent of a message that begins the conversation, where '' has another meaning.
local ROOT = '/'

local function parse_branches(text)
  local segments = {}
  for parent, entries in string.gmatch(text, '([^\31]*)\31([^\30]*)\30') do
    local segment = { parent = parent }
    for score, member in string.gmatch(entries, '(%d+) ([^\29]+)\29') do
      segment[#segment + 1] = { id = id_of(member), member = member, score = tonumber(score) }
    end
    segments[#segments + 1] = segment
  end
  return segments
end

local function format_branches(segments)
  local texts = {}
  for _, segment in ipairs(segments) do
    if #segment > 0 then
      texts[#texts + 1] = segment.parent .. US
      for _, entry in ipairs(segment) do texts[#texts + 1] = integer(entry.score) .. ' ' .. entry.member .. GS end
      texts[#texts + 1] = RS
    end
  end
  return table.concat(texts)
end

-- Of each message beside the path its segment and its index there.
local function index_segments(segments)
  local places = {}
  for _, segment in ipairs(segments) do
    for i, entry in ipairs(segment) do places[entry.id] = { segment = segment, index = i } end
  end
  return places
end

-- A list of members and scores as a path.
local function path_of(rows)
  local path = { at = {} }
  for i = 1, #rows, 2 do
    local id = id_of(rows[i])
    path[#path + 1] = { id = id, member = rows[i], score = tonumber(rows[i + 1]) }
    path.at[id] = #path
  end
  return path
end

-- The entries of all segments, each with its `parent`: in the order in which they came, but each behind the one that it follows;
-- so those that follow the same one are always in the order in which they came.
local function in_order(segments)
  local entries, by_id, ordered, is_done, waiting = {}, {}, {}, {}, {}
  for _, segment in ipairs(segments) do
    for i, entry in ipairs(segment) do
      entry.parent = i > 1 and segment[i - 1].id or segment.parent
      entries[#entries + 1], by_id[entry.id] = entry, entry
    end
  end
  table.sort(entries, function(a, b) return is_before(a.member, b.member) end)
  for _, entry in ipairs(entries) do
    local parent = by_id[entry.parent]
    -- One that came before what it follows now, as a save can make it, waits for that.
    if parent and not is_done[parent] then
      waiting[parent] = waiting[parent] or {}
      table.insert(waiting[parent], entry)
    else
      local due = { entry }
      while #due > 0 do
        local first = table.remove(due)
        is_done[first] = true
        ordered[#ordered + 1] = first
        local late = waiting[first] or {}
        for i = #late, 1, -1 do due[#due + 1] = late[i] end
      end
    end
  end
  return ordered
end

-- The messages that follow each message ('' for those that begin the conversation), among those beside the path.
local function children_beside(segments)
  local children = {}
  local function add(parent, entry)
    children[parent] = children[parent] or {}
    table.insert(children[parent], entry)
  end
  for _, segment in ipairs(segments) do
    for i, entry in ipairs(segment) do add(i == 1 and segment.parent or segment[i - 1].id, entry) end
  end
  return children
end

-- The ids of all messages that follow the same one, in the order in which they came; '' where it is a single one. `children`:
-- those beside the path; `on_path`: the one on it, or nil.
local function sibling_ids(children, on_path)
  local all = { on_path }
  for _, child in ipairs(children or {}) do all[#all + 1] = child end
  if #all < 2 then return '' end
  table.sort(all, function(a, b) return is_before(a.member, b.member) end)
  local ids = {}
  for i, sibling in ipairs(all) do ids[i] = sibling.id end
  return table.concat(ids, ',')
end

-- Where a message comes that follows `before` (nil: it is the first): its own time, unless that would put it before. Behind a
-- clock that was ahead each takes a place of its own, so that not many share one.
local function place_behind(before, entry)
  if not before or entry.score > before.score then return entry.score end
  if entry.score == before.score and is_before(before.member, entry.member) then return entry.score end
  return before.score + 1
end

-- Adds an entry at the end of a path.
local function push_entry(path, entry)
  local placed = { id = entry.id, member = entry.member, score = place_behind(path[#path], entry) }
  path[#path + 1] = placed
  path.at[entry.id] = #path
end

-- Ends a path at this index; what followed becomes a segment.
local function cut(path, index, segments)
  if index >= #path then return end
  local segment = { parent = index > 0 and path[index].id or '' }
  for i = index + 1, #path do
    segment[#segment + 1] = path[i]
    path.at[path[i].id], path[i] = nil, nil
  end
  segments[#segments + 1] = segment
end

-- Makes the path end with this message. Returns whether there is such a message.
local function move_head(path, segments, id)
  if id == ROOT then
    cut(path, 0, segments)
    return true
  end
  if path.at[id] then
    cut(path, path.at[id], segments)
    return true
  end
  local places, pieces, at = index_segments(segments), {}, id
  if not places[id] then return false end
  -- From the message back to the path.
  while places[at] do
    table.insert(pieces, 1, places[at])
    at = places[at].segment.parent
  end
  cut(path, path.at[at] or 0, segments)
  for _, piece in ipairs(pieces) do
    local segment, rest = piece.segment, nil
    if piece.index < #segment then rest = { parent = segment[piece.index].id } end
    for i = piece.index + 1, #segment do rest[#rest + 1] = segment[i] end
    for i = 1, piece.index do push_entry(path, segment[i]) end
    for i = #segment, 1, -1 do segment[i] = nil end
    if rest then segments[#segments + 1] = rest end
  end
  for i = #segments, 1, -1 do
    if #segments[i] == 0 then table.remove(segments, i) end
  end
  return true
end

-- Lets segments whose parents are gone follow what those followed: `instead` has it for each of them.
local function follow_instead(segments, instead)
  for _, segment in ipairs(segments) do
    local parent = segment.parent
    while instead[parent] do parent = instead[parent] end
    -- So that no chain is walked twice.
    if instead[segment.parent] then instead[segment.parent] = parent end
    segment.parent = parent
  end
end

-- A path without messages that are gone; what followed one follows what it followed.
local function remove_from_path(path, segments, is_gone)
  local kept, instead = { at = {} }, {}
  for _, entry in ipairs(path) do
    if is_gone(entry) then
      instead[entry.id] = #kept > 0 and kept[#kept].id or ''
    else
      kept[#kept + 1] = entry
      kept.at[entry.id] = #kept
    end
  end
  follow_instead(segments, instead)
  return kept
end

-- The segments without messages that are gone; what followed one follows what it followed.
local function remove_entries(segments, is_gone)
  local left, instead = {}, {}
  for _, segment in ipairs(segments) do
    local kept, before = { parent = segment.parent }, segment.parent
    for _, entry in ipairs(segment) do
      if is_gone(entry) then
        instead[entry.id] = before
      else
        kept[#kept + 1], before = entry, entry.id
      end
    end
    if #kept > 0 then left[#left + 1] = kept end
  end
  follow_instead(left, instead)
  return left
end

-- The segments without messages that are on the path: what followed one still does.
local function take_entries(segments, is_taken)
  local left = {}
  for _, segment in ipairs(segments) do
    local run = { parent = segment.parent }
    for _, entry in ipairs(segment) do
      if is_taken(entry) then
        if #run > 0 then left[#left + 1] = run end
        run = { parent = entry.id }
      else
        run[#run + 1] = entry
      end
    end
    if #run > 0 then left[#left + 1] = run end
  end
  return left
end

-- Puts a message beside the path, behind its parent. `places`: see `index_segments`.
local function push_beside(segments, places, entry, parent)
  local place = places[parent]
  local segment = place and place.index == #place.segment and place.segment
  if segment then
    entry.score = place_behind(segment[#segment], entry)
  else
    segment = { parent = parent }
    segments[#segments + 1] = segment
  end
  segment[#segment + 1] = entry
  places[entry.id] = { segment = segment, index = #segment }
end
