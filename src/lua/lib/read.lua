-- Shared by the scripts that only read, behind base.lua. Their calls are counted by a separate command, in the same
-- request; the caller adds what the user's numbers know of writes.

local CALLS = 0

-- The calling user. Every script that acts for a user has to call this.
local function parse_user(text)
  local user = read_user(text)
  CALLS = calls_of(user)
  if is_signed_out(user) then refuse('signed_out') end
  return user
end

-- Calls what is left of the script: every script's own part is the function `run`.
local function finish(run)
  local done, reply = pcall(run)
  if done then return { CALLS, reply, COMMANDS } end
  if type(reply) == 'table' and reply.refusal then return { CALLS, reply.refusal, COMMANDS } end
  if type(reply) == 'table' then return reply end
  return redis.error_reply(tostring(reply))
end
