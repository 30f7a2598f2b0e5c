-- Shared by the scripts that write, behind write_log.lua and usage.lua: counting the call, and changing one
-- conversation so that a script stopped anywhere leaves nothing wrong.
--
-- KEYS     the last one: the counter of an address's calls, or meta again, where the user's are counted
-- ARGV     4 conditions: "If-Match;If-None-Match", each '' where not sent, '*', or words of what ETags stand for,
--          "born.revision"  5 the request, see write_log.lua
-- Billed   for every script EVALSHA, and 1 to count the call: HSET of the user's numbers, which scripts that
--   write them do anyway, or INCR for an address; the first call of a window of an address 1 more (PEXPIRE), and
--   so the first of a user (PEXPIREAT); the first change of an account 1 more (TIME)
--
-- A change of a conversation's messages has three steps: `begin` marks the conversation and puts it into the list, where
-- an erasure and the purge find it; then the messages are written; then `commit` writes its numbers without the mark. The
-- next write to a conversation that still has a mark recounts it first (`heal`).

-- Gives a key that has just come into being its expiry, and leaves none without.
local function expire_new(command, key, time)
  local reply = redis.pcall(command, key, time)
  if type(reply) ~= 'table' or not reply.err then return end
  redis.call('UNLINK', key)
  error(reply)
end

-- Calls in this window, this one included.
local CALLS = 0
local COUNTED_BY_ADDRESS = KEYS[#KEYS] ~= META
if COUNTED_BY_ADDRESS then
  CALLS = redis.call('INCR', KEYS[#KEYS])
  if CALLS == 1 then expire_new('PEXPIRE', KEYS[#KEYS], SETTINGS.window) end
  if CALLS > SETTINGS.rate_limit then return { CALLS, { 'rate_limited' }, COMMANDS } end
end

-- The calling user, once `parse_caller` has read the numbers; the account's numbers; and the user as it is written where the
-- script itself does not write it: without what the script changed before it refused.
local CALLER, ACCOUNT, UNTOUCHED

-- Whether this attempt belongs to a call that was admitted before: no client knows a name that the service made.
local IS_OWN_REQUEST = DIGEST == '-'

local function count_call(user)
  local window = math.floor(NOW / SETTINGS.window)
  if user.window ~= window then user.window, user.calls = window, 0 end
  user.calls = user.calls + 1
  CALLS = user.calls
  if CALLS > SETTINGS.rate_limit then refuse('rate_limited') end
end

local function refuse_signed_out(user)
  if is_signed_out(user) then refuse('signed_out') end
end

-- A deletion in a full database removes the account's totals too, as it cannot write a tombstone. Clients that follow the
-- changes start over then, and everything is recounted; once also with what an earlier release wrote.
local function start_over(user)
  user.change_seq = math.max(NOW, user.change_seq + 1)
  user.before, user.floor, user.purged = user.change_seq, user.change_seq, 0
end

local function load_account(text, user)
  ACCOUNT = read_account(text, user)
  ACCOUNT.was_lost = not text and user.change_seq > 0
  if ACCOUNT.was_lost then start_over(user) end
end

-- The caller's numbers, from ':user', ':account' and the log that may remember this request. Every script that acts
-- for a user has to call this. Returns the outcome of this request if it is remembered, and metadata as it was
-- then: in that case the script must only reply. `voids_itself`: the write voids the very token that its repeat
-- comes with.
local function parse_caller(user_text, account_text, log, voids_itself)
  CALLER = read_user(user_text)
  load_account(account_text, CALLER)
  if not COUNTED_BY_ADDRESS then count_call(CALLER) end
  UNTOUCHED = {}
  for name, value in pairs(CALLER) do UNTOUCHED[name] = value end
  if not IS_OWN_REQUEST and not voids_itself then refuse_signed_out(CALLER) end
  local outcome, replaced = recall(log)
  if not outcome then refuse_signed_out(CALLER) end
  return outcome, replaced
end

-- The caller of this function writes what it returns.
local function format_user(user)
  usage.update_activity(user)
  user.is_written = true
  return format_numbers(user_names, user) .. user.activity
end

local function format_account(user)
  ACCOUNT.change_seq = user.change_seq
  return format_numbers(account_names, ACCOUNT)
end

-- The user as read, but for the change sequence: what is written before the change itself.
local function format_untouched(user)
  UNTOUCHED.change_seq, UNTOUCHED.floor = user.change_seq, user.floor
  return format_numbers(user_names, UNTOUCHED) .. UNTOUCHED.activity
end

-- The change sequence's next value: never the same twice, never back.
local function tick(user)
  local is_first = user.change_seq == 0
  user.change_seq = math.max(NOW, user.change_seq + 1)
  if is_first then
    -- This call may have been on its way since before an erasure: what began then must not pass for what is now.
    local time = redis.pcall('TIME')
    if not time.err then user.change_seq = math.max(user.change_seq, time[1] * 1000 + math.floor(time[2] / 1000)) end
    -- Cursors from before an erasure, or from before everything expired, are of another account.
    user.floor = user.change_seq
    ACCOUNT.born, ACCOUNT.counted_until, ACCOUNT.largest = user.change_seq, NOW + TTL, 0
  end
  return user.change_seq
end

-- Dates a change as the client does, where it does, and says where in the list it belongs: at the top,
-- by the change sequence; but with a date more than a day old (an import, a migration) by that date, which no sync
-- cursor passes: so cursors up to now are void.
local function place_in_list(user, counters, updated)
  if updated == '' then return user.change_seq end
  counters.updated = tonumber(updated)
  if counters.updated > user.change_seq - DAY then return user.change_seq end
  user.floor = user.change_seq
  return counters.updated
end

-- Expiry slides with activity, but is renewed at most once a day, so that sliding costs nothing per
-- write. Tells which keys are due for a new expiry: the conversation's, the user's. What the user has chosen is
-- remembered for as long as the deployment's TTL, also where conversations live less.
local function slide(user, counters, record)
  local ttl = ttl_of(record)
  local slack = math.min(DAY, ttl / 2)
  local conversation_due = is_misdated(counters.expires_at, ttl, slack)
  if conversation_due then counters.expires_at = expiry_of(NOW, ttl) end
  local needed = CHOSEN.is_set and math.max(counters.expires_at, NOW + TTL) or counters.expires_at
  local user_due = user.expires_at < needed
  if user_due then user.expires_at = needed + slack end
  return conversation_due, user_due
end

-- The service's clock decides what has expired; Redis, whose clock may be ahead, clears away a day later.
-- Only keys that exist can expire: call it after the writes.
local function expire_conversation(counters, messages, bodies)
  local at = integer(counters.expires_at + DAY)
  if counters.messages > 0 then redis.call('PEXPIREAT', messages, at) end
  if counters.seq > 0 then redis.call('PEXPIREAT', bodies, at) end
end

local function expire_user(user)
  local at = integer(user.expires_at + DAY)
  redis.call('PEXPIREAT', CONVERSATIONS, at)
  redis.call('PEXPIREAT', META, at)
  -- Its key cannot be named here: the service is told, and extends it.
  user.is_recovery_due = user.recovery > 0 and user.recovery < user.expires_at + DAY
end

-- What a notice may carry of messages: those that are small as they are stored, long texts compressed, so that a listener
-- need not ask for them. Line ends would break the stream that notices travel in.
local LARGEST_NOTICE = 4096

local function notice_of(id, body)
  if #body > LARGEST_NOTICE or string.find(body, '[\r\n]') then return '' end
  return GS .. id .. GS .. body
end

-- Publishes what has changed, if a stream may be open. The kind, the ids and the numbers need no escaping.
-- `previous` lets a listener see that a notice was missed, `reset` that cursors are void.
local function notify(kind, user, counters, messages)
  if user.listening <= NOW then return end
  local notice = '{"type":"' .. kind .. '","clock":' .. integer(user.change_seq)
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
  -- The change is made: a listener that misses the notice notices by `previous` of the next one.
  redis.pcall('PUBLISH', channel, notice)
end

-- Refuses what would make the user keep more bytes than allowed. Growth of a log is not checked.
local function check_room(user, growth)
  if growth > 0 and user.bytes + growth > SETTINGS.max_bytes then refuse('too_much_text_kept') end
end

local function count_bytes(user, difference)
  user.bytes = math.max(0, user.bytes + difference)
end

-- Keeps the account's totals: what one conversation had (nil: it was not there) and what it has (nil: it is gone).
local NOTHING = { messages = 0, tokens = 0 }
local function count_totals(before, after)
  local old, new = before or NOTHING, after or NOTHING
  ACCOUNT.messages = math.max(0, ACCOUNT.messages + new.messages - old.messages)
  ACCOUNT.tokens = math.max(0, math.min(LARGEST, ACCOUNT.tokens) + new.tokens - old.tokens)
  ACCOUNT.conversations = math.max(0, ACCOUNT.conversations + (after and 1 or 0) - (before and 1 or 0))
  if after then ACCOUNT.counted_until = math.min(ACCOUNT.counted_until, after.expires_at) end
  if ACCOUNT.largest < 0 then return end
  if new.messages >= ACCOUNT.largest then
    ACCOUNT.largest = new.messages
  elseif old.messages == ACCOUNT.largest then
    ACCOUNT.largest = -1
  end
end

-- A request whose conditions do not hold is refused with 412. `c` is a conversation, or nil where there is none.
local IF_MATCH, IF_NONE_MATCH = string.match(ARGV[4], '^([^;]*);?(.*)$')

local function names_version(condition, version)
  return condition == '*' or string.find(' ' .. condition .. ' ', ' ' .. version .. ' ', 1, true)
end

local function refuse_stale(c)
  if c and c.counters then
    refuse('revision_mismatch', integer(c.counters.revision), integer(c.born_there))
  end
  refuse('revision_mismatch', '0', '0')
end

-- If-None-Match: checked before anything else, as it forbids changing what is there.
local function check_absent(c)
  if IF_NONE_MATCH ~= '' and c.counters and names_version(IF_NONE_MATCH, c.version) then refuse_stale(c) end
end

-- If-Match: checked only where there is something to change, so that a repeat without a key finds its own work done.
local function check_match(c)
  if IF_MATCH == '' then return end
  if not c.counters or not names_version(IF_MATCH, c.version) then refuse_stale(c) end
end

-- The change sequence before this call and now: a client that knew the one, and sees it followed by the other, has missed
-- nothing.
local function change_sequence(user)
  return integer(user.before) .. ' ' .. integer(user.change_seq)
end

-- Notes until when a stream may be open.
local function listen(user, expires_at)
  user.listening = math.max(user.listening, expires_at)
  UNTOUCHED.listening = user.listening
end

-- Asks for the keys among these that the call did not name.
local function need(keys)
  local is_named, missing = {}, {}
  for _, key in ipairs(KEYS) do is_named[key] = true end
  for _, key in ipairs(keys) do
    if not is_named[key] then missing[#missing + 1] = key end
  end
  if #missing > 0 then refuse('need', unpack(missing)) end
end

-- Whether an error says that the database takes nothing more.
local function is_full(problem)
  local text = type(problem) == 'table' and problem.err or ''
  return string.find(text, 'OOM', 1, true) == 1 or string.find(text, 'capacity quota exceeded', 1, true) ~= nil
end

-- Calls a command that the script can do without, should the database be full. Returns whether it ran.
local function call_unless_full(...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return true end
  if not is_full(reply) then error(reply) end
  return false
end

-- Writes the caller's numbers where the script itself did not: the call has to be counted. A full database must not
-- prevent the reply.
local function write_caller()
  if not CALLER or CALLER.is_written or COUNTED_BY_ADDRESS then return end
  -- Nothing of a user without data is kept longer than it counts.
  local needed = math.max(NOW + 1, UNTOUCHED.listening)
  local is_due = UNTOUCHED.expires_at < needed
  if is_due then UNTOUCHED.expires_at = math.max(NOW + SETTINGS.window, needed) end
  local fields = { ':user', format_numbers(user_names, UNTOUCHED) .. UNTOUCHED.activity }
  if ACCOUNT.was_lost then
    fields[3], fields[4] = ':account', format_account(UNTOUCHED)
  end
  if call_unless_full('HSET', META, unpack(fields)) and is_due then
    redis.call('PEXPIREAT', META, integer(UNTOUCHED.expires_at))
  end
end

-- Writes the user's numbers, these fields of meta, and the user's log with this request's outcome.
local function commit_user(fields, log, outcome)
  log = log or ''
  local kept = remember(log, outcome)
  count_bytes(CALLER, #kept - #log)
  local needed = NOW + SETTINGS.window
  local is_due = CALLER.expires_at < needed
  if is_due then CALLER.expires_at = needed end
  redis.call('HSET', META, ':user', format_user(CALLER), ':account', format_account(CALLER), ':writes', kept,
    unpack(fields))
  if is_due then redis.call('PEXPIREAT', META, integer(needed)) end
end

-- Calls what is left of the script: every script's own part is the function `run`.
local function finish(run)
  local done, reply = pcall(run)
  if not done then
    if type(reply) ~= 'table' then return redis.error_reply(tostring(reply)) end
    if not reply.refusal then return reply end
    reply = reply.refusal
    if reply[1] == 'rate_limited' then return { CALLS, reply, COMMANDS } end
  end
  write_caller()
  return { CALLS, reply, COMMANDS, CALLER and CALLER.is_recovery_due and 1 or 0, CALLER and CALLER.is_unindexed and 1 or 0 }
end
