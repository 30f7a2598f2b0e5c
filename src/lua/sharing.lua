-- Shared by the scripts that know of shares: inserted behind the prelude.
--
-- What a share's own key holds:
--   ':share'     "created expires messages parts" RS title as JSON text, or ''
--   0, 1, 2...   a part of the messages, oldest first: id GS body GS id GS body GS...
-- meta ':shares' lists the user's shares in the order of their making, see `share_names`, each ended by RS.

-- id: of the share. conversation: '' where the share was revoked: its row stays, so that a repetition of
-- the revocation is recognised. created and expires: ms. title: JSON text, or ''.
local share_names = { 'id', 'conversation', 'created', 'expires', 'messages', 'bytes', 'title' }

-- Those that have not expired.
local function parse_shares(text)
  local shares = {}
  for row in string.gmatch(text or '', '([^\30]*)\30') do
    local share, i = {}, 0
    for value in string.gmatch(row .. US, '([^\31]*)\31') do
      i = i + 1
      share[share_names[i]] = value
    end
    if tonumber(share.expires) > NOW then shares[#shares + 1] = share end
  end
  return shares
end

local function format_shares(shares)
  local rows = {}
  for _, share in ipairs(shares) do
    local values = {}
    for i, name in ipairs(share_names) do values[i] = share[name] end
    rows[#rows + 1] = table.concat(values, US) .. RS
  end
  return table.concat(rows)
end

-- The share itself, and how many there are that were revoked and that were not.
local function find_share(shares, id)
  local found, living, revoked = nil, 0, 0
  for _, share in ipairs(shares) do
    if share.id == id then found = share end
    if share.conversation == '' then revoked = revoked + 1 else living = living + 1 end
  end
  return found, living, revoked
end

local function revoke(share)
  share.conversation, share.messages, share.bytes, share.title = '', '0', '0', ''
end

-- As answers have a share.
local function describe_share(share)
  return { share.id, share.conversation, share.created, share.expires, share.messages, share.title }
end
