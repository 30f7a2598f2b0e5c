-- Shared by the scripts that add messages to the end of a path, behind conversation.lua.

-- Adds messages that are not there, each behind its parent; the caller has loaded ':models', and commits. `back`: the ids of those among them that were
-- deleted once. Returns what was written of each, id, body, id, body..., and whether a branch was begun or switched to.
local function append_messages(c, user, messages, back)
  local counters = c.counters
  -- Keys that come into being with this append have no expiry yet.
  if counters.messages == 0 then counters.expires_at = 0 end
  local path, rows, segments = { at = {}, head_of(c) }, nil, nil
  if path[1] then path.at[path[1].id] = 1 end

  -- Makes the path end with the message that the next one follows. Only where that is not so yet, all of it is read.
  local function find_parent(parent)
    local last = path[#path]
    if parent == '' or (last and last.id == parent) or (parent == ROOT and not last) then return end
    if not rows then
      rows = redis.call('ZRANGE', c.messages_key, 0, -1, 'WITHSCORES')
      local added, whole = path, path_of(rows)
      for i = 2, #added do push_entry(whole, added[i]) end
      if counters.messages == 0 then whole = added end
      path, segments = whole, parse_branches(c.branches)
    end
    if not move_head(path, segments, parent) then refuse('message_not_found', parent) end
  end

  local bodies = {}
  for _, message in ipairs(messages) do
    find_parent(message.parent)
    push_entry(path, add_message(counters, message, bodies))
    usage.count_new(user, message)
  end
  local added, removed = {}, {}
  if rows then
    added, removed = compare_paths(rows, path)
    set_branches(c, segments)
    counters.messages = #path
  else
    for i = head_of(c) and 2 or 1, #path do added[#added + 1] = path[i] end
    counters.messages = counters.messages + #added
  end
  set_head(c, path[#path])
  if counters.messages + c.state.branched > SETTINGS.max_messages then refuse('conversation_too_long') end
  check_room(user, counters.bytes - c.before.bytes + #c.branches - #c.old_branches)
  note_deleted(c, {}, back, '0')

  touch(user, c)
  -- With what a repeat, which finds the messages there, would not write any more.
  local early = { c.id, c.record, c.id .. ':deleted', c.deleted }
  if rows then
    early[#early + 1] = c.id .. ':branches'
    early[#early + 1] = branches_meanwhile(c, segments)
  end
  begin(user, c, user.change_seq, early)
  local scores = {}
  push_places(scores, added)
  call_in_portions('ZREM', c.messages_key, removed, 1)
  call_in_portions('ZADD', c.messages_key, scores, 2)
  redis.call('HSET', c.bodies_key, unpack(bodies))
  return bodies, rows ~= nil
end
