-- Shared by the scripts that show some conversations only, behind base.lua.

-- One name for all of it: a script may have 200 local ones.
local filter = {}

-- archived, pinned   '1', '0', or '' for both
-- tags               each the same tag, as JSON text in another spelling; none for all
function filter.parse(archived, pinned, tags)
  local wanted = { archived = archived, pinned = pinned, is_wanted = {}, has_tag = #tags > 0 }
  for _, tag in ipairs(tags) do wanted.is_wanted[tag] = true end
  wanted.reads_records = archived ~= '' or pinned ~= '' or wanted.has_tag
  return wanted
end

-- Whether one of the texts of a JSON array is the tag.
local function is_tagged(is_wanted, record)
  local tags = string.match(RS .. record, '\30"tags"\31([^\30]*)\30') or ''
  local at = string.find(tags, '"', 1, true)
  while at do
    local last = at + 1
    while string.sub(tags, last, last) ~= '"' do
      last = string.find(tags, '["\\]', last)
      if not last then return false end
      if string.sub(tags, last, last) == '\\' then last = last + 2 end
    end
    if is_wanted[string.sub(tags, at, last)] then return true end
    at = string.find(tags, '"', last + 1, true)
  end
  return false
end

function filter.fits(wanted, record)
  if wanted.archived ~= '' and flag(is_true(record, '"archived"')) ~= wanted.archived then return false end
  if wanted.pinned ~= '' and flag(is_true(record, '"pinned"')) ~= wanted.pinned then return false end
  return not wanted.has_tag or is_tagged(wanted.is_wanted, record)
end
