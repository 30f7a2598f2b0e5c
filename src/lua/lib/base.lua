-- Shared by every script, inserted behind its first line: what the keys hold, and how to read it. Nothing in here
-- writes; what only writing scripts need is in write.lua.
--
-- KEYS     1 conversations  2 meta  3 deleted; where a script works on one conversation 4 messages  5 bodies
-- ARGV     1 now, ms  2 settings, see `setting_names`  3 conversation id, or ''
--          4 and 5 concern writing scripts, see write.lua; a script's own arguments begin at 6
-- Returns  {calls counted for the user in this window, what the script itself returns, commands billed}, and from scripts that
--          write 1 where the user's recovery code is to be kept longer, or 0, and 1 where a search needs signatures of what an
--          earlier release has written, or 0, see signature.lua
--
-- The header of each script names its own arguments and the parts of its own reply, one a line; `...` marks a list, of which
-- the names behind it make up one item. The structs in src/store/scripts/ have the same names in the same order, which a
-- test compares. A reply is a flat list of texts. A script that refuses returns one of the API's error codes instead, and
-- what belongs to it.
--
-- What the keys hold:
--   conversations  member: conversation id; score: the change sequence of its last change, or an older date; of an agent
--                  session so much less, see `sessions`, that it stands behind all others
--   deleted        member: id of a deleted conversation; score: the change sequence of its deletion
--   meta    ':user'          see `user_names`, then for each of the last days with any activity
--                            ;day messages tokens
--           ':account'       see `account_names`
--           ':models'        of each model that messages were of: its name as JSON text US messages SP tokens RS; behind them
--                            the same under '' of those for whose names there is no room; see usage.lua
--           ':writes'        outcomes of the user's last writes that belong to no conversation, see write_log.lua
--           ':shares'        the user's shares; see share.lua
--           ':claimed'       a hash of the user whose account all of this was moved into, and how many
--                            conversations; see user_claim.lua
--           ':code'          the key of the last code for another device and when it expires, ms; see code_create.lua
--           ':recovery'      the key of the recovery code and when it was made, ms; see recovery_create.lua
--           ':trash'         what is in the trash, see trash.lua
--           ':settings'      the user's settings, see `user_setting_names`; absent if none were set
--           ':stream:<n>'    until when the n-th open stream of changes may last, ms
--           ':remnants'      written by an earlier release only: ids that expired but were not purged
--           <id>             the conversation's record
--           <id>:counters    see `counter_names`; 'deleted' and the change sequence where it was deleted
--           <id>:state       see `state_names`, and a mark; absent where an earlier release wrote last
--           <id>:writes      outcomes of its last writes, see write_log.lua
--           <id>:trash       of a conversation in the trash: what is needed to restore it, see trash.lua
--           <id>:deleted     its deleted messages, oldest first: id, space, revision of the deletion, RS
--           <id>:signature   the fingerprints of its words, see signature.lua; absent or '' where it has none
--           <id>:branches    its messages beside the active path, see branches.lua; absent or '' where there are none
--   bodies  <message id>     "seq timestamp tokens digest" RS record; without RS: deleted
--   messages                 the active path, root to head. member: seq as 8 hex digits and the message id; score: its
--                            place: the timestamp, ms, or what comes behind the message before, see place_behind
--
-- A record is a JSON object taken apart into name US value RS, name US value RS, ...: each name and each
-- value as JSON text, which can hold neither of the two control characters. So a script changes one
-- member without knowing JSON, and every value comes back as it was sent. A message's long values are
-- packed before they get here, into text that holds neither of the two either: '~', their length, ':' and the rest.
--
-- Redis does not roll a script back. So no order of commands may leave anything that cannot be read: a message is
-- there when both its member and its body are, and a body's seq is that of its member; anything else is skipped.

local US, RS, GS = '\31', '\30', '\29'
local DAY = 86400000
-- The expiry of what never expires, ms: the end of the year 9999.
local NEVER = 253402300799999
-- The largest number that a double holds exactly; sums stop here.
local LARGEST = 9007199254740991

local CONVERSATIONS, META, DELETED, MESSAGES, BODIES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NOW, ID = tonumber(ARGV[1]), ARGV[3]

-- ttl                 of a conversation, ms
-- rate_limit          calls per window
-- window              ms
-- issued              when the caller's token was issued, ms
-- max_conversations   of the user
-- max_messages        of a conversation
-- max_bytes           of the user
-- max_ttl             the longest TTL that a conversation can have, ms; 0 for no bound
-- is_read_token       1 where the caller's token is one that only reads
local setting_names = { 'ttl', 'rate_limit', 'window', 'issued', 'max_conversations', 'max_messages',
  'max_bytes', 'max_ttl', 'is_read_token' }

-- ttl     of each of the user's conversations, ms; 0 where they never expire
-- since   when that became longer than it was, ms, or 0: from then on it counts for what is there already, too
local user_setting_names = { 'ttl', 'since' }

-- change_seq      the change sequence, which never goes back and is at least the time of the last change, ms
-- expires_at      until when the user's keys are kept, ms
-- floor           a change older than this may be missing from the order of the conversations
-- purged          when expired conversations were last purged, ms
-- messages, tokens, conversations   lifetime totals; see usage.lua
-- epoch           tokens issued before are void, ms; ahead of the clock where one of them was
-- bytes           of everything the user keeps
-- window, calls   of the rate limit
-- listening       until when a stream may be open, ms
-- recovery        when the key of the user's recovery code expires, ms; 0 where there is none
-- read_token      when the one token was made that only reads, ms; below 0 where that was revoked; 0 where there was none, also
--                 after a write by a release that knows of no such token
-- prepared        a sequence like the change sequence, of the times when conversations were prepared for searching; see signature.lua
local user_names = { 'change_seq', 'expires_at', 'floor', 'purged', 'messages', 'tokens', 'conversations', 'epoch',
  'bytes', 'window', 'calls', 'listening', 'recovery', 'read_token', 'prepared' }

-- change_seq      the user's when this was written; where it differs, a release that does not know this field wrote since,
--                 and the totals are not to be trusted
-- born            the change sequence of the first change
-- conversations, messages, tokens   what there is now
-- largest         messages in the largest conversation, -1 where that is not known
-- counted_until   when the first conversation may expire, ms, from which on the totals may be too high
-- tombstones      of conversations
local account_names = { 'change_seq', 'born', 'conversations', 'messages', 'tokens', 'largest', 'counted_until',
  'tombstones' }

-- seq                     of the last message
-- expires_at              when the conversation expires, ms
-- saved, saved_revision   digest and revision of the last whole save
local counter_names = { 'revision', 'messages', 'tokens', 'bytes', 'seq', 'created', 'updated', 'expires_at',
  'saved_revision', 'saved' }

-- born     the change sequence of its first change, which tells it from an earlier conversation of the same id
-- extra    bytes it takes up beside its messages
-- offset   what its token count has beyond the sum of its messages'
-- branched how many of its messages are beside the active path; the counters' tokens and bytes are of all messages, their
--          number of messages is that of the active path
-- head_score, head   score and member of the last message of the active path; 0 and '-' where it has none
-- signature  one more than the bytes of its signature, see signature.lua; 0 where it has none; where it was given up one more than
--            the bytes of its messages then, below 0
-- prepared   the user's number of this name when it was given its signature after a search or a write; 0 where its writes brought it
-- An earlier release writes the first three only, and so leaves no head, or all but the last one or two, and so leaves no signature:
-- the words of its own, of version 1, are not folded as queries are now.
-- Behind them a mark:
--   -  nothing is under way   !  a write is under way, or was stopped   >  a claim is moving it here, or was stopped
local state_names = { 'born', 'extra', 'offset', 'branched', 'head_score', 'head', 'signature', 'prepared' }
-- Those without the path, as earlier releases have them.
local PATHLESS_STATE_NAMES = { 'born', 'extra', 'offset' }
-- Names of values that are not numbers.
local TEXTS = { saved = true, head = true }

local function integer(number)
  if number ~= number then return '0' end
  return string.format('%.0f', math.max(-LARGEST, math.min(LARGEST, number)))
end

-- The values by name, and how many there are.
local function parse_numbers(names, text)
  local values, i = {}, 0
  for word in string.gmatch(text, '%S+') do
    i = i + 1
    if TEXTS[names[i]] then
      values[names[i]] = word
    elseif names[i] then
      -- An earlier release summed up without bounds.
      values[names[i]] = math.max(-LARGEST, math.min(LARGEST, tonumber(word) or 0))
    end
  end
  -- What an earlier release wrote may lack the last ones.
  for j = i + 1, #names do values[names[j]] = 0 end
  return values, i
end

local function format_numbers(names, values)
  local words = {}
  for i, name in ipairs(names) do
    words[i] = TEXTS[name] and values[name] or integer(values[name])
  end
  return table.concat(words, ' ')
end

local SETTINGS = parse_numbers(setting_names, ARGV[2])
local TTL = SETTINGS.ttl

-- The user's settings, once `load_user_settings` has read them.
local CHOSEN = { ttl = TTL, since = 0, is_set = false }

local function load_user_settings(text)
  if not text or text == '' then return end
  CHOSEN = parse_numbers(user_setting_names, text)
  CHOSEN.is_set = true
  if CHOSEN.ttl == 0 then CHOSEN.ttl = math.huge end
end

local function is_true(record, name)
  return string.find(RS .. record, RS .. name .. US .. 'true' .. RS, 1, true) ~= nil
end

-- Conversations of the kind "session" keep what an agent's SDK stores. They stand below all others in the order of the
-- conversations, where no list of chats and no sync comes to: no date is as old. In one table, as a script may have 200 local names.
-- BELOW     by how much, ms
-- HIGHEST   below which score they are, as a bound of ranges; LOWEST_CHAT: above which all others are
local sessions = { BELOW = 1000000000000000, HIGHEST = '(-500000000000000', LOWEST_CHAT = '(-500000000000000' }

function sessions.has(record)
  return string.find(RS .. record, '\30"kind"\31"session"\30', 1, true) ~= nil
end

-- The score of a conversation with this record that was changed at this place in the change sequence.
function sessions.score(record, place)
  return sessions.has(record) and place - sessions.BELOW or place
end

-- The TTL of a conversation with this record when it is used, ms; math.huge: no expiry.
local function ttl_of(record)
  local ttl = (is_true(record, '"keep"') or is_true(record, '"pinned"')) and math.huge or CHOSEN.ttl
  return SETTINGS.max_ttl > 0 and math.min(ttl, SETTINGS.max_ttl) or ttl
end

-- The expiry for this TTL from a time on, ms.
local function expiry_of(time, ttl)
  return math.min(NEVER, time + ttl)
end

-- Whether an expiry is not what the TTL makes of it, but for `slack`, ms: too early, or too late.
local function is_misdated(expires_at, ttl, slack)
  local wanted = expiry_of(NOW, ttl)
  return expires_at < wanted - slack or expires_at > wanted + slack
end

-- Every command is billed, so every command is counted: this call of the script is the first.
local COMMANDS, server = 1, redis
local redis = setmetatable({
  call = function(...)
    COMMANDS = COMMANDS + 1
    return server.call(...)
  end,
  pcall = function(...)
    COMMANDS = COMMANDS + 1
    return server.pcall(...)
  end,
}, { __index = server })

-- Ends the script with a refusal: an error code, and its details.
local function refuse(...)
  error({ refusal = { ... } })
end

-- A script's own reply: its values in the order of these names, then the items of a list, if there is one.
local function reply_of(names, values, list)
  local reply = {}
  for i, name in ipairs(names) do
    if values[name] == nil then error('the reply lacks ' .. name) end
    reply[i] = values[name]
  end
  for _, value in ipairs(list or {}) do reply[#reply + 1] = value end
  return reply
end

local function flag(condition)
  return condition and '1' or '0'
end

-- Any user's numbers.
local function read_user(text)
  local numbers, activity = string.match(text or '', '^([^;]*)(.*)$')
  local user = parse_numbers(user_names, numbers)
  user.before = user.change_seq
  user.activity = activity
  return user
end

-- Whether the caller's token is void.
local function is_signed_out(user)
  if SETTINGS.issued < user.epoch then return true end
  return SETTINGS.is_read_token == 1 and SETTINGS.issued ~= user.read_token
end

-- Voids whatever was issued to the user until now, also in this very millisecond, or by a clock that is ahead: the token issued
-- then, and the one that only reads.
local function void_tokens(user, issued)
  local read_token = math.abs(user.read_token)
  user.epoch = math.max(user.epoch, NOW + 1, issued + 1, read_token + 1)
  user.read_token = -read_token
end

-- Calls of the user in this window that the user's numbers have counted.
local function calls_of(user)
  return user.window == math.floor(NOW / SETTINGS.window) and user.calls or 0
end

local function read_account(text, user)
  local account = parse_numbers(account_names, text or '')
  if account.change_seq ~= user.change_seq then account.counted_until, account.largest = 0, -1 end
  return account
end

-- Whether the account's totals agree with a recount.
local function is_counted(account)
  return account.counted_until > NOW
end

-- nil for a conversation that never was, was deleted, or has expired.
local function parse_counters(text)
  if not text or text == '' or string.find(text, '^deleted') then return nil end
  local counters = parse_numbers(counter_names, text)
  if counters.expires_at <= NOW then return nil end
  return counters
end

local function format_counters(counters)
  return format_numbers(counter_names, counters)
end

-- Whether a counters field says that its conversation was deleted, less than a TTL ago.
local function is_tombstone(text)
  local deleted_at = text and string.match(text, '^deleted (%d+)$')
  return deleted_at and tonumber(deleted_at) > NOW - TTL
end

-- As `state_names` has it, and the mark; nil where there is none.
local function parse_state(text)
  local numbers, mark = string.match(text or '', '^(.*) (%S+)$')
  if not numbers then return nil end
  local state, count = parse_numbers(state_names, numbers)
  state.mark, state.is_earlier = mark, count < #state_names
  if state.is_earlier then state.signature = 0 end
  state.has_head = state.head ~= 0
  if not state.has_head then state.head = '-' end
  return state
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

local function seq_of(member)
  return tonumber(string.sub(member, 1, 8), 16)
end

local function member_of(seq, id)
  return string.format('%08x', seq) .. id
end

local function id_of(member)
  return string.sub(member, 9)
end

-- A stored message; its record is nil where the message was deleted.
local function parse_body(body)
  local seq, timestamp, tokens, digest, rest = string.match(body, '^([^ ]+) ([^ ]+) ([^ ]+) ([^ \30]+)(.*)$')
  return {
    seq = tonumber(seq), timestamp = tonumber(timestamp), tokens = math.min(LARGEST, tonumber(tokens)),
    digest = digest, record = rest ~= '' and string.sub(rest, 2) or nil,
  }
end

-- Whether the body is that of this member: a body that a stopped save left behind belongs to no member.
local function is_body_of(member, body)
  if not body or not string.find(body, RS, 1, true) then return false end
  return tonumber(string.match(body, '^%d+')) == seq_of(member)
end

-- How much room a stored message takes up where it is read: what is compressed says how long it is.
local function weight_of(body)
  local weight = #body
  for length in string.gmatch(body, US .. '~(%d+):') do weight = weight + tonumber(length) end
  return weight
end
