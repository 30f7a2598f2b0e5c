#!lua flags=allow-key-locking,no-writes
-- Lists the user's shares, in the order of their making.
--
-- KEYS     1 to 3 as in base.lua
-- Returns  shares...: id, conversation, created, expires, message_count, title
-- Billed   2: EVALSHA, HMGET
-- Touches  at most 200 rows of shares

local row = redis.call('HMGET', META, ':user', ':shares')
parse_user(row[1])
local reply = {}
for _, share in ipairs(parse_shares(row[2])) do
  if share.conversation ~= '' then
    for _, value in ipairs(reply_of(SHARE_REPLY, describe_share(share))) do reply[#reply + 1] = value end
  end
end
return reply
