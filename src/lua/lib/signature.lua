-- Shared by the scripts that know of signatures, behind base.lua. A conversation's signature tells whether a search can match
-- it: the fingerprints of the words of its title and its texts; src/search/fingerprint.rs has the form.
--
-- It is kept in meta `<id>:signature`, and its length in the conversation's state: so a signature counts only with the state that was
-- written with it. An earlier release writes a state without the length, a stopped script leaves a mark: such a conversation has no
-- signature and is looked at by every search. The service, which alone can read texts, is told of it by the search, and of what an
-- earlier release has written by the write that meets it, and gives it a new one after its response: it is prepared. The state keeps
-- when: a search that is under way goes on to take it for one without a signature, see signatures_match.lua.
--
-- A signature only gains fingerprints. Those of a deleted message go at once, with all others; those of words that an edit
-- has replaced stay until it is rebuilt. One that would be longer than MOST is given up, which the state says, too: it is tried again
-- once a quarter of its conversation has gone.

-- One name for all of it: a script may have 200 local ones.
-- MOST: bytes of a signature; a conversation that has more words is looked at by every search, and comes last there
-- MOST_AT_ONCE, BYTES_AT_ONCE: how many conversations are given one at once, and how many bytes of messages they have together, at most
-- STEPS: how many places one script compares in vain at most, about 70 ms; beyond that a signature counts as one that may have anything
local signature = { MOST = 98304, EMPTY = '2 ', MOST_AT_ONCE = 50, BYTES_AT_ONCE = 4000000, STEPS = 1000000 }

-- How much room an entry of a group takes up.
local function width_of(key)
  return string.sub(key, 1, 1) == '!' and 3 or 1
end

-- Whether an entry, or what one begins with, is among those of a group.
local function has_entry(group, entry, width)
  local at = string.find(group, entry, 1, true)
  while at do
    if at % width == 1 % width then return true end
    signature.STEPS = signature.STEPS - 1
    at = string.find(group, entry, at + 1, true)
  end
  return false
end

-- Groups with the entries of other groups added.
local function add_groups(stored, added)
  if stored == '' then return added end
  local groups, order = {}, {}
  for key, entries in string.gmatch(stored, '([!#].)([^!#]*)') do
    order[#order + 1], groups[key] = key, entries
  end
  for key, entries in string.gmatch(added, '([!#].)([^!#]*)') do
    local known, width = groups[key], width_of(key)
    if not known then
      order[#order + 1], groups[key] = key, entries
    else
      local new = { known }
      for i = 1, #entries, width do
        local entry = string.sub(entries, i, i + width - 1)
        if not has_entry(known, entry, width) then new[#new + 1] = entry end
      end
      groups[key] = table.concat(new)
    end
  end
  local texts = {}
  for _, key in ipairs(order) do
    texts[#texts + 1] = key
    texts[#texts + 1] = groups[key]
  end
  return table.concat(texts)
end

-- Bytes of the signature that goes with this state.
function signature.size(state)
  return math.max(0, state.signature - 1)
end

-- Whether a signature goes with this state.
function signature.is_valid(state, stored)
  return state.signature > 0 and #stored == state.signature - 1
    and (stored == '' or string.sub(stored, 1, 1) == string.sub(signature.EMPTY, 1, 1))
end

-- One that was given up stays so.
function signature.drop(c)
  c.signature, c.state.signature = '', math.min(c.state.signature, 0)
end

-- The conversation's counters are final.
function signature.set(c, text)
  if text ~= '' and #text <= signature.MOST then
    c.signature, c.state.signature = text, #text + 1
  else
    c.signature, c.state.signature = '', -1 - c.counters.bytes
  end
end

-- Tells the service, in what every script that writes returns, that an earlier release has written the account, so that conversations of
-- it need signatures. What lacks one for another reason waits for the next search: a write pays for no preparing. Nobody searches agent
-- sessions. A repeat does not see what its first attempt found.
function signature.ask(user, c, is_repeat)
  local state = c.state
  if 4 * c.counters.bytes < 3 * (-1 - state.signature) then state.signature = 0 end
  if state.signature == 0 and (state.is_earlier or is_repeat) and not sessions.has(c.record) then user.is_unindexed = true end
end

-- Adds the fingerprints of what is new, `stored` being meta's field; and where there is a new title, takes its fingerprints in place of those
-- of the old one. The conversation's counters are final.
function signature.add(c, stored, added, has_new_title)
  if c.state.signature <= 0 or added == '' then return end
  stored = c.state.signature == 1 and '' or stored or ''
  if not signature.is_valid(c.state, stored) then return signature.drop(c) end
  if stored == '' then stored = signature.EMPTY end
  local title, texts = string.match(stored, '^.([^ ]*) (.*)$')
  local new_title, new_texts = string.match(added, '^.([^ ]*) (.*)$')
  local merged = string.sub(stored, 1, 1) .. (has_new_title and new_title or title) .. ' ' .. add_groups(texts, new_texts)
  if merged ~= stored then signature.set(c, merged) end
end

-- The contents of a probe: see `probe` in src/search/fingerprint.rs.
function signature.parse_probe(text)
  local length, key, entries = tonumber(string.sub(text, 1, 1)), string.sub(text, 2, 3), {}
  for i = 4, #text, math.max(1, length) do entries[#entries + 1] = string.sub(text, i, i + length - 1) end
  return { length = length, key = key, width = width_of(key), entries = entries }
end

-- Where the group ends whose entries begin at `first`. One search for each mark takes a fraction of one for a pattern, and a script
-- that looks at thousands of signatures holds up all others.
local MARKS = { '!', '#', ' ' }
local function end_of_group(text, first)
  local last = #text
  for _, mark in ipairs(MARKS) do
    local at = string.find(text, mark, first, true)
    if at and at <= last then last = at - 1 end
  end
  return last
end

-- Whether a signature, or one half of it, matches a probe.
local function has(text, probe)
  local at = string.find(text, probe.key, 1, true)
  while at do
    if probe.length == 0 then return true end
    local first = at + 2
    local last = end_of_group(text, first)
    local group = string.sub(text, first, last)
    for _, entry in ipairs(probe.entries) do
      if has_entry(group, entry, probe.width) then return true end
    end
    at = string.find(text, probe.key, last + 1, true)
  end
  return false
end

-- Whether a signature may have all of it.
function signature.may_have_all(text, probes)
  for _, probe in ipairs(probes) do
    if signature.STEPS > 0 and not has(text, probe) then return false end
  end
  return true
end

-- How much of it the title has: that is short, and told exactly.
function signature.count_in_title(text, probes)
  local title, count = string.match(text, '^[^ ]*'), 0
  for _, probe in ipairs(probes) do
    if has(title, probe) then count = count + 1 end
  end
  return count
end
