-- Shared by the scripts that know of shares, behind base.lua.
--
-- What a share's own key holds:
--   ':share'     "created expires messages parts" RS title as JSON text, or ''
--   ':secret'    the part of its id that its key does not tell; absent in one of an earlier release
--   0, 1, 2...   a part of the messages, oldest first: id GS body GS id GS body GS...
-- meta ':shares' lists the user's shares in the order of their making, see `share_names`, each ended by RS.
--
-- The first half of an id is one of some slots that follow from the user, and names the key, so that a deletion or an
-- erasure can name all keys beforehand. The keys of shares of an earlier release, and of those that came with a claim,
-- follow only from their ids: a script that finds one asks to be called again with its key.

-- id: of the share. conversation: '' where the share was revoked: its row stays for a while, so that a repeat of
-- the revocation is recognised. created and expires: ms. title: JSON text, or ''.
local share_names = { 'id', 'conversation', 'created', 'expires', 'messages', 'bytes', 'title' }

-- Revoked shares are remembered up to this number.
local MOST_REVOKED = 100
-- Ids of shares, and the part of them that names the key.
local SHARE_ID_LENGTH, SLOT_LENGTH = 32, 16

-- Those that have not expired; of the revoked ones the last.
local function parse_shares(text)
  local shares, revoked = {}, 0
  for row in string.gmatch(text or '', '([^\30]*)\30') do
    local share, i = {}, 0
    for value in string.gmatch(row .. US, '([^\31]*)\31') do
      i = i + 1
      share[share_names[i]] = value
    end
    if tonumber(share.expires) > NOW then
      shares[#shares + 1] = share
      if share.conversation == '' then revoked = revoked + 1 end
    end
  end
  local kept = {}
  for _, share in ipairs(shares) do
    local is_forgotten = share.conversation == '' and revoked > MOST_REVOKED
    if is_forgotten then revoked = revoked - 1 else kept[#kept + 1] = share end
  end
  return kept
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

-- The share itself, and how many there are that were not revoked.
local function find_share(shares, id)
  local found, active = nil, 0
  for _, share in ipairs(shares) do
    if share.id == id then found = share end
    if share.conversation ~= '' then active = active + 1 end
  end
  return found, active
end

-- The caller unlinks the share's key.
local function revoke(user, share)
  user.bytes = math.max(0, user.bytes - tonumber(share.bytes))
  share.conversation, share.messages, share.bytes, share.title = '', '0', '0', ''
end

local function key_of_share(prefix, id)
  return prefix .. (#id == SHARE_ID_LENGTH and string.sub(id, 1, SLOT_LENGTH) or id)
end

-- A share as replies have it, by name.
local SHARE_REPLY = { 'id', 'conversation', 'created', 'expires', 'message_count', 'title' }
local function describe_share(share)
  return { id = share.id, conversation = share.conversation, created = share.created, expires = share.expires,
    message_count = share.messages, title = share.title }
end
