-- Shared by the scripts that make a conversation of messages that are somewhere else, behind conversation.lua.

-- What the request is replied where there is nothing to copy: it was carried out before. Refuses where the id is taken.
local function reply_before(user, c, outcome, save_digest)
  if outcome then return (replay(c, outcome)) end
  if c.was_deleted then refuse('conversation_deleted') end
  check_absent(c)
  if c.counters and c.counters.saved == save_digest and c.state.mark == '-' then return commit_unchanged(user, c) end
  if c.counters then refuse('conversation_exists') end
  check_match(c)
end

-- Makes the conversation: its record, and its messages in this order, each as `parse_body` has it, with its id. A message keeps
-- its place where `score` tells it. `words`: the signature of where it is from, or nil. `later`: how many messages, and bytes of them, further calls are going to add.
local function create_copy(user, c, record, messages, save_digest, later, words)
  if redis.call('ZCARD', CONVERSATIONS) >= SETTINGS.max_conversations then refuse('too_many_conversations_kept') end
  prepare(c)
  c.record = record
  c.counters = { revision = 0, messages = 0, tokens = 0, bytes = 0, seq = 0, created = NOW, expires_at = 0,
    saved = save_digest, saved_revision = 1 }
  local copied, bodies = { at = {} }, {}
  for _, message in ipairs(messages) do
    local added = add_message(c.counters, message, bodies)
    added.score = message.score or added.score
    push_entry(copied, added)
  end
  c.counters.messages = #copied
  if words then
    signature.set(c, words)
  else
    signature.drop(c)
  end
  set_head(c, copied[#copied])
  if #copied + later.messages > SETTINGS.max_messages then refuse('conversation_too_long') end
  check_room(user, c.counters.bytes + #c.record + later.bytes)
  -- A copy is nothing that was written now, or received from a model: neither a day's nor a model's.
  user.conversations = user.conversations + 1
  user.messages = user.messages + #copied
  user.tokens = user.tokens + c.counters.tokens

  touch(user, c)
  c.counters.created = c.counters.updated
  begin(user, c, user.change_seq)
  local scores = {}
  push_places(scores, copied)
  call_in_portions('ZADD', MESSAGES, scores, 2)
  call_in_portions('HSET', BODIES, bodies, 2)
  return commit('save', user, c, 'created')
end
