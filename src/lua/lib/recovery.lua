-- Shared by the scripts that keep recovery codes, behind write.lua.
--
-- A code's own key holds "user created". It has to be there for as long as anything of the user is: it outlasts the user's keys by
-- so much that it is extended once a month and not every day.
local RECOVERY_SLACK = 31 * DAY

-- The key of the user's code and when that was made, ms; or nil.
local function parse_recovery(text)
  return string.match(text or '', '^(%S+) (%d+)$')
end

-- When the code's key is to expire, ms.
local function recovery_expiry(user)
  return user.expires_at + RECOVERY_SLACK
end
