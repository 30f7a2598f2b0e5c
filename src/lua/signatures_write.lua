#!lua flags=allow-key-locking
-- Gives conversations the signatures that were made of what they had, where nothing has changed since.
--
-- KEYS     1 to 3 as in base.lua, 4, 5, 6, 7... messages and bodies of each conversation
-- ARGV     6 entries...: id, version, signature; version: "born.revision"; signature: see signature.lua; '' to give it up
-- Returns  status: 'ok'
-- Billed   3: EVALSHA, HMGET, HSET; where none is as it was 1 less; 1 more (ZREVRANGE) for each conversation that an earlier release has
--          written
-- Touches  the numbers of at most 50 conversations

local FIRST, WIDTH = 6, 3

local wanted = { ':user' }
for at = FIRST, #ARGV, WIDTH do push_fields(wanted, ARGV[at]) end
local rows = redis.call('HMGET', META, unpack(wanted))
local user, fields = read_user(rows[1]), {}
for at = FIRST, #ARGV, WIDTH do
  local index = (at - FIRST) / WIDTH
  local id, version, text = unpack(ARGV, at, at + WIDTH - 1)
  local c = read_conversation(id, rows, 2 + CONVERSATION_FIELDS * index, KEYS[4 + 2 * index], KEYS[5 + 2 * index])
  -- One with branches and without a head has to be counted anew first, by its next write. One that has a signature keeps it: it is the
  -- same, and must not seem to be newer to a search that is under way.
  if c.version == version and c.state.signature == 0 and (c.state.has_head or c.branches == '') then
    if not c.state.has_head then find_head(c) end
    if #fields == 0 then user.prepared = math.max(NOW, user.prepared + 1) end
    c.state.prepared = user.prepared
    signature.set(c, text)
    for _, value in ipairs({ id .. ':signature', c.signature, id .. ':state', format_state(c, '-') }) do
      fields[#fields + 1] = value
    end
  end
end
if #fields > 0 then redis.call('HSET', META, ':user', format_user(user), unpack(fields)) end
return { 'ok' }
