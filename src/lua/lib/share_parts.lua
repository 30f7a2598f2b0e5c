-- Shared by the scripts that read what a share holds, behind base.lua. See share.lua for its fields.

-- A share's numbers and title, each as text, and one part of its messages. Refuses where there is no such share, or this is not
-- its secret.
local function read_share(key, secret, part)
  local row = redis.call('HMGET', key, ':share', ':secret', part)
  local share = {}
  share.created, share.expires, share.message_count, share.parts, share.title =
    string.match(row[1] or '', '^(%d+) (%d+) (%d+) (%d+)\30(.*)$')
  local is_readable = share.created and tonumber(share.expires) > NOW and (row[2] or '') == secret
  if not is_readable then refuse('share_not_found') end
  -- A slot may still hold what was beyond the parts of this share.
  return share, tonumber(part) < tonumber(share.parts) and row[3] or ''
end

-- Further parts, from one up to another, with one command.
local function read_parts(key, first, last)
  local names = {}
  for number = first, last do names[#names + 1] = integer(number) end
  return call_in_portions('HMGET', key, names, 1)
end

-- Adds the messages of a part to a list: id, body, id, body...
local function push_part(list, part)
  for value in string.gmatch(part or '', '([^\29]*)\29') do list[#list + 1] = value end
end
