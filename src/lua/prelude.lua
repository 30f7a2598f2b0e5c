-- Shared by every script: inserted behind its first line.
--
-- KEYS, the same for every script:
--   1 conversations  2 meta  3 deleted, and where it works on one conversation  4 messages  5 bodies;
--   the last one: the counter of an address's calls, or meta again, where the user's are counted
-- ARGV, likewise:
--   1 now, ms  2 settings, see `setting_names`  3 conversation id, or ''
--   4 revision expected by If-Match, or ''
-- Returns
--   {calls in this window, what the script itself returns, commands billed}
--   {calls in this window, {'limited'}, commands billed}      too many: nothing was done
--   {calls in this window, {'signed out'}, commands billed}   the token is older than the user's last
--                                                             sign-out: likewise
-- Billed   for every script EVALSHA, and 1 to count the call: HSET of the user's numbers, which scripts that
--   write them do anyway, or INCR for an address; the first call of a window of an address 1 more (PEXPIRE), and
--   so the first of a user (PEXPIREAT)
--
-- What the keys hold:
--   meta    ':user'          see `user_names`, then for each of the last days with any activity
--                            ;day messages tokens
--           ':remnants'      the dead whose messages Redis may still hold; see `bury` in listing.lua
--           ':shares'        the user's shares; see sharing.lua
--           ':claimed'       who has moved all of this into an account, by a hash of that user; see claim.lua
--           ':code'          the key of the last code for another device; see link.lua
--           <id>             the conversation's record
--           <id>:counters    see `counter_names`; 'deleted' and the clock where it was deleted
--   bodies  <message id>     "seq timestamp tokens digest" RS record; without RS: deleted
--   messages                 member: seq as 8 hex digits and the message id, so that equal timestamps
--                            keep the order of sending; score: timestamp, ms
--
-- A record is a JSON object taken apart into name US value RS, name US value RS, ...: each name and each
-- value as JSON text, which can hold neither of the two control characters. A script can so change one
-- member without knowing JSON, and every value comes back as it was sent. A message's long content is
-- packed before it gets here, into text that holds neither of the two either.

local US, RS, GS = '\31', '\30', '\29'
local DAY = 86400000

local CONVERSATIONS, META, DELETED, MESSAGES, BODIES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NOW, ID, EXPECTED = tonumber(ARGV[1]), ARGV[3], ARGV[4]

-- life: of a conversation, ms. rate_limit: calls per window. window: ms. issued: when the caller's token
-- was, ms. The quotas: conversations of the user, messages of a conversation, bytes of the user.
local setting_names = { 'life', 'rate_limit', 'window', 'issued', 'max_conversations', 'max_messages',
  'max_bytes' }

-- clock: of the last change. life: until when the user's keys live. floor: a change older than this may
-- be missing from the conversations' order. purged: when the dead were last cleared away. The next three
-- are lifetime totals. epoch: tokens issued before are void. bytes: of all messages there are. window and
-- calls: of the rate limit. listening: until when somebody may listen to notices.
local user_names = { 'clock', 'life', 'floor', 'purged', 'messages', 'tokens', 'conversations', 'epoch',
  'bytes', 'window', 'calls', 'listening' }

-- seq: of the last message. saved and saved_revision: digest and revision of the last whole save.
local counter_names = { 'revision', 'messages', 'tokens', 'bytes', 'seq', 'created', 'updated', 'life',
  'saved_revision', 'saved' }

local function integer(number)
  return string.format('%.0f', number)
end

local function parse_numbers(names, text)
  local values, i = {}, 0
  for word in string.gmatch(text, '%S+') do
    i = i + 1
    values[names[i]] = names[i] == 'saved' and word or tonumber(word)
  end
  -- What an older version wrote may lack the last ones.
  for j = i + 1, #names do values[names[j]] = 0 end
  return values
end

local function format_numbers(names, values)
  local words = {}
  for i, name in ipairs(names) do
    words[i] = name == 'saved' and values.saved or integer(values[name])
  end
  return table.concat(words, ' ')
end

local SETTINGS = parse_numbers(setting_names, ARGV[2])
local TTL = SETTINGS.life

-- Every command is billed, so every command is counted: this call of the script is the first.
local COMMANDS, server = 1, redis
local redis = setmetatable({
  call = function(...)
    COMMANDS = COMMANDS + 1
    return server.call(...)
  end,
}, { __index = server })

-- What ends a script early; `finish` turns it into a reply.
local SIGNED_OUT, LIMITED = {}, {}

-- Calls in this window, this one included.
local CALLS = 0
local COUNTED_BY_ADDRESS = KEYS[#KEYS] ~= META
if COUNTED_BY_ADDRESS then
  CALLS = redis.call('INCR', KEYS[#KEYS])
  if CALLS == 1 then redis.call('PEXPIRE', KEYS[#KEYS], SETTINGS.window) end
  if CALLS > SETTINGS.rate_limit then return { CALLS, { 'limited' }, COMMANDS } end
end

-- The user who calls, once `parse_user` has read him; and the same as he is to be written where the script
-- does not write him: whatever it changed before it gave up must not get there.
local CALLER, UNTOUCHED

-- Any user's numbers.
local function read_user(text)
  local numbers, activity = string.match(text or '', '^([^;]*)(.*)$')
  local user = parse_numbers(user_names, numbers)
  user.before = user.clock
  user.activity, user.counted_messages, user.counted_tokens = activity, user.messages, user.tokens
  return user
end

local function count_call(user)
  local window = math.floor(NOW / SETTINGS.window)
  if user.window ~= window then user.window, user.calls = window, 0 end
  user.calls = user.calls + 1
  CALLS = user.calls
  if CALLS > SETTINGS.rate_limit then error(LIMITED) end
end

-- The caller's numbers. Every script that acts for a user has to come past here.
local function parse_user(text)
  if CALLER then return CALLER end
  CALLER = read_user(text)
  if not COUNTED_BY_ADDRESS then count_call(CALLER) end
  UNTOUCHED = {}
  for name, value in pairs(CALLER) do UNTOUCHED[name] = value end
  if SETTINGS.issued < CALLER.epoch then error(SIGNED_OUT) end
  return CALLER
end

-- Counts what was written since the user was read to the day it is (UTC). Here, so that no write can
-- forget it and none pays a command for it.
local ACTIVE_DAYS = 30
local function count_activity(user)
  local messages, tokens = user.messages - user.counted_messages, user.tokens - user.counted_tokens
  if messages == 0 and tokens == 0 then return end
  local today, days = math.floor(NOW / DAY), {}
  for entry, day, m, t in string.gmatch(user.activity, '(;(%d+) (%d+) (%d+))') do
    day = tonumber(day)
    if day >= today then
      -- Later than today only where another instance's clock is a little ahead at midnight.
      today, messages, tokens = day, messages + tonumber(m), tokens + tonumber(t)
    elseif day > today - ACTIVE_DAYS then
      days[#days + 1] = entry
    end
  end
  days[#days + 1] = table.concat({ ';' .. integer(today), integer(messages), integer(tokens) }, ' ')
  user.activity = table.concat(days)
  user.counted_messages, user.counted_tokens = user.messages, user.tokens
end

-- To be written by whoever calls it.
local function format_user(user)
  count_activity(user)
  user.is_written = true
  return format_numbers(user_names, user) .. user.activity
end

-- The ids of the dead whose messages Redis may still hold, each with the time, ms, from which on it does
-- not.
local function parse_remnants(text)
  local remnants = {}
  for id, till in string.gmatch(text or '', '(%S+) (%d+)') do remnants[id] = tonumber(till) end
  return remnants
end

local function format_remnants(remnants)
  local words = {}
  for id, till in pairs(remnants) do
    words[#words + 1] = id
    words[#words + 1] = integer(till)
  end
  return table.concat(words, ' ')
end

-- nil for a conversation that never was, was deleted, or has outlived its life.
local function parse_counters(text)
  if not text or string.find(text, '^deleted') then return nil end
  local counters = parse_numbers(counter_names, text)
  if counters.life <= NOW then return nil end
  return counters
end

local function format_counters(counters)
  return format_numbers(counter_names, counters)
end

-- Whether a counters field says that its conversation was deleted, less than a life ago.
local function is_tombstone(text)
  local clock = text and string.match(text, '^deleted (%d+)$')
  return clock and tonumber(clock) > NOW - TTL
end

-- The user, the conversation's record, its counters, whether it was deleted, and where it is asked for one
-- more field of meta, in one command.
local function load_conversation(id, ...)
  local row = redis.call('HMGET', META, ':user', id, id .. ':counters', ...)
  return parse_user(row[1]), row[2], parse_counters(row[3]), is_tombstone(row[3]), row[4]
end

local function is_stale(counters)
  return EXPECTED ~= '' and tonumber(EXPECTED) ~= counters.revision
end

-- Calls a variadic command in portions: Lua cannot unpack more than some 8,000 values at once.
-- `width` values belong together.
local function call_in_portions(command, key, values, width)
  local replies, step = {}, 3000 * width
  for first = 1, #values, step do
    local last = math.min(first + step - 1, #values)
    local reply = redis.call(command, key, unpack(values, first, last))
    if type(reply) == 'table' then
      for _, value in ipairs(reply) do replies[#replies + 1] = value end
    end
  end
  return replies
end

-- Byte by byte, as sorted sets do it: Lua's own comparison follows the server's locale.
local function is_before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function member_of(seq, id)
  return string.format('%08x', seq) .. id
end

local function id_of(member)
  return string.sub(member, 9)
end

local function format_body(seq, timestamp, tokens, digest, record)
  return table.concat({ integer(seq), integer(timestamp), integer(tokens), digest }, ' ') .. RS .. record
end

-- A stored message; its record is nil where the message was deleted.
local function parse_body(body)
  local seq, timestamp, tokens, digest, rest = string.match(body, '^([^ ]+) ([^ ]+) ([^ ]+) ([^ \30]+)(.*)$')
  return {
    seq = tonumber(seq), timestamp = tonumber(timestamp), tokens = tonumber(tokens), digest = digest,
    record = rest ~= '' and string.sub(rest, 2) or nil,
  }
end

-- Numbers the message at this position of ARGV (id, timestamp, tokens, digest, record), counts it, and adds
-- it to what ZADD and HSET are to be called with.
local MESSAGE_WIDTH = 5
local function add_message(counters, at, scores, bodies)
  local id, timestamp, tokens = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  counters.seq = counters.seq + 1
  local body = format_body(counters.seq, timestamp, tokens, ARGV[at + 3], ARGV[at + 4])
  scores[#scores + 1] = integer(timestamp)
  scores[#scores + 1] = member_of(counters.seq, id)
  bodies[#bodies + 1] = id
  bodies[#bodies + 1] = body
  counters.messages = counters.messages + 1
  counters.tokens = counters.tokens + tokens
  counters.bytes = counters.bytes + #body
end

-- How much room a stored message takes up where it is read: a compressed content says how long it is.
local function weight_of(body)
  return #body + tonumber(string.match(body, US .. '~(%d+):') or 0)
end

-- What stays of a deleted message, so that a late repetition of its append is recognised.
local function format_tombstone(message)
  return table.concat({ integer(message.seq), integer(message.timestamp), integer(message.tokens),
    message.digest }, ' ')
end

local function has_member(record, name)
  return string.find(RS .. record, RS .. name .. US, 1, true) ~= nil
end

-- The record with the patch's members replaced or added; a null removes.
local function merge(record, patch)
  local values, names, result = {}, {}, {}
  for name, value in string.gmatch(patch, '([^\31]*)\31([^\30]*)\30') do
    values[name] = value
    names[#names + 1] = name
  end
  for name, value in string.gmatch(record, '([^\31]*)\31([^\30]*)\30') do
    local new = values[name] or value
    if values[name] == nil or new ~= 'null' then result[#result + 1] = name .. US .. new .. RS end
    values[name] = nil
  end
  for _, name in ipairs(names) do
    local value = values[name]
    if value and value ~= 'null' then result[#result + 1] = name .. US .. value .. RS end
  end
  return table.concat(result)
end

-- The next value of the user's clock: never the same twice, never back.
local function tick(user)
  local is_first = user.clock == 0
  user.clock = math.max(NOW, user.clock + 1)
  -- Cursors from before an erasure, or from before everything expired, are of another account.
  if is_first then user.floor = user.clock end
  return user.clock
end

-- One change of one conversation: a new revision, dated by the user's clock.
local function touch(user, counters)
  counters.updated = tick(user)
  counters.revision = counters.revision + 1
end

-- Dates a change as the client does, where it does, and says where in the list it belongs: at the top,
-- by the clock; but with a date more than a day old (an import, a migration) by that date, which no sync
-- cursor passes: so cursors up to now are void.
local function place_in_list(user, counters, updated)
  if updated == '' then return user.clock end
  counters.updated = tonumber(updated)
  if counters.updated > user.clock - DAY then return user.clock end
  user.floor = user.clock
  return counters.updated
end

-- Lives slide with activity, but are renewed at most once a day, so that sliding costs nothing per
-- write. Tells which keys are due for their new life: the conversation's, the user's.
local function slide(user, counters)
  local slack = math.min(DAY, TTL / 2)
  local conversation_due = counters.life < NOW + TTL - slack
  if conversation_due then counters.life = NOW + TTL end
  local user_due = user.life < counters.life
  if user_due then user.life = counters.life + slack end
  return conversation_due, user_due
end

-- Lives are counted by the service's clock; Redis, whose clock may be ahead, clears away a day later.
-- Only keys that exist can expire: call it after the writes.
local function expire_conversation(counters, messages, bodies)
  local at = integer(counters.life + DAY)
  if counters.messages > 0 then redis.call('PEXPIREAT', messages, at) end
  if counters.seq > 0 then redis.call('PEXPIREAT', bodies, at) end
end

local function expire_user(user)
  local at = integer(user.life + DAY)
  redis.call('PEXPIREAT', CONVERSATIONS, at)
  redis.call('PEXPIREAT', META, at)
end

-- What a notice may carry of messages: small ones, so that a listener need not ask for them. Line ends
-- would break the stream that notices travel in; a value that begins with ~ is compressed, so not small.
local LARGEST_NOTICE = 4096

local function notice_of(id, body)
  if #body > LARGEST_NOTICE or string.find(body, '[\r\n]') or string.find(body, US .. '~', 1, true) then
    return ''
  end
  return GS .. id .. GS .. body
end

-- Tells whoever listens what has changed, if anybody does. The kind, the ids and the numbers need no escaping. `previous`
-- lets a listener see that he has missed a notice, `reset` that cursors are void.
local function notify(kind, user, counters, messages)
  if user.listening <= NOW then return end
  local notice = '{"type":"' .. kind .. '","clock":' .. integer(user.clock)
    .. ',"previous":' .. integer(user.before)
  if user.floor > user.before then notice = notice .. ',"reset":true' end
  if counters then
    notice = notice .. ',"conversationId":"' .. ID .. '","revision":' .. integer(counters.revision)
  elseif ID ~= '' then
    notice = notice .. ',"conversationId":"' .. ID .. '"'
  end
  notice = notice .. '}'
  if messages and #messages <= LARGEST_NOTICE then notice = notice .. messages end
  local channel = string.gsub(CONVERSATIONS, 'conversations$', 'events')
  redis.call('PUBLISH', channel, notice)
end

-- Counts bytes that came or went; the word for it where the user would have too many.
local function count_bytes(user, difference)
  user.bytes = math.max(0, user.bytes + difference)
  if difference > 0 and user.bytes > SETTINGS.max_bytes then return 'bytes quota' end
end

-- Writes a changed conversation back and says so; `score` is its place in the list.
local function commit(kind, user, counters, record, score, messages)
  local conversation_due, user_due = slide(user, counters)
  redis.call('HSET', META, ':user', format_user(user), ID, record,
    ID .. ':counters', format_counters(counters))
  redis.call('ZADD', CONVERSATIONS, integer(score), ID)
  if conversation_due then expire_conversation(counters, MESSAGES, BODIES) end
  if user_due then expire_user(user) end
  notify(kind, user, counters, messages)
end

-- The user's clock before this call and now: who knew the one, and sees it followed by the other, has missed nothing.
local function clocks(user)
  return integer(user.before) .. ' ' .. integer(user.clock)
end

-- The reply of every write that left a conversation in place.
local function summary(status, user, counters, record)
  return { status, record, format_counters(counters), clocks(user) }
end

-- Notes until when somebody may listen to notices.
local function listen(user, till)
  user.listening = math.max(user.listening, till)
  UNTOUCHED.listening = user.listening
end

-- Writes the caller's numbers where the script itself did not: the call has to be counted.
local function write_caller()
  if not CALLER or CALLER.is_written or COUNTED_BY_ADDRESS then return end
  -- Of a user without data nothing is kept for longer than it counts.
  local needed = math.max(NOW + 1, UNTOUCHED.listening)
  local is_due = UNTOUCHED.life < needed
  if is_due then UNTOUCHED.life = math.max(NOW + SETTINGS.window, needed) end
  redis.call('HSET', META, ':user', format_numbers(user_names, UNTOUCHED) .. UNTOUCHED.activity)
  if is_due then redis.call('PEXPIREAT', META, integer(UNTOUCHED.life)) end
end

-- Calls what is left of the script: every script's own part is the function `run`.
local function finish(run)
  local done, reply = pcall(run)
  if reply == LIMITED then return { CALLS, { 'limited' }, COMMANDS } end
  if done or reply == SIGNED_OUT then
    write_caller()
    return { CALLS, done and reply or { 'signed out' }, COMMANDS }
  end
  if type(reply) == 'table' then return reply end
  return redis.error_reply(tostring(reply))
end
