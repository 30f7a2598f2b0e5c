-- Shared by the scripts that write, behind write_log.lua: what the messages that were written come to, in all, by the day
-- (UTC) on which each was written, and by model. These sums only grow: a deletion takes nothing away.
--
-- A message is counted where it is new, by its own timestamp: an import of old chats is no activity of today. One that is
-- dated later than now counts as of today. A copy of a message was written before, and is counted in the totals only.

-- One name for all of it: a script may have 200 local ones.
-- days, models    sums by day since the user was read, and by model; order: the models' names in the order in which they came
-- ACTIVE_DAYS     for how many days sums are kept, today included
-- MOST_MODELS     how many models are kept under their names; LONGEST_MODEL: of so many bytes, as JSON text
local usage = { days = {}, ACTIVE_DAYS = 30, MOST_MODELS = 32, LONGEST_MODEL = 130 }

function usage.add_to(sums, key, messages, tokens)
  local sum = sums[key] or { messages = 0, tokens = 0 }
  sums[key] = sum
  sum.messages, sum.tokens = sum.messages + messages, sum.tokens + tokens
end

function usage.add_days(days, activity)
  for day, messages, tokens in string.gmatch(activity, ';(%d+) (%d+) (%d+)') do
    -- Later than today only where another instance's clock is a little ahead at midnight.
    usage.add_to(days, math.min(tonumber(day), math.floor(NOW / DAY)), tonumber(messages), tonumber(tokens))
  end
end

-- Counts messages written at this time, ms, and tokens.
function usage.count(user, timestamp, messages, tokens)
  user.messages, user.tokens = user.messages + messages, user.tokens + tokens
  usage.add_to(usage.days, math.floor(math.min(timestamp, NOW) / DAY), messages, tokens)
end

-- Takes over another user's sums by day.
function usage.join_activity(activity)
  usage.add_days(usage.days, activity)
end

-- The user's activity with what was counted since: in the form of meta's ':user', the oldest day first. Writing the user
-- calls it, so that none needs a command for it.
function usage.update_activity(user)
  if not next(usage.days) then return end
  local days, order, entries = usage.days, {}, {}
  usage.days = {}
  usage.add_days(days, user.activity)
  local oldest = math.floor(NOW / DAY) - usage.ACTIVE_DAYS + 1
  for day in pairs(days) do
    if day >= oldest then order[#order + 1] = day end
  end
  table.sort(order)
  for _, day in ipairs(order) do
    local sum = days[day]
    if sum.messages > 0 or sum.tokens > 0 then
      entries[#entries + 1] = table.concat({ ';' .. integer(day), integer(sum.messages), integer(sum.tokens) }, ' ')
    end
  end
  user.activity = table.concat(entries)
end

-- Reads meta's ':models'. Only behind this can messages be counted.
function usage.load_models(text)
  usage.order, usage.models, usage.is_changed = {}, {}, false
  usage.join_models(text)
  usage.is_changed = false
end

-- Adds to what a model was counted for, under its own name where there is room for it.
function usage.add_model(name, messages, tokens)
  if #name > usage.LONGEST_MODEL then name = '' end
  if not usage.models[name] then
    if name ~= '' and #usage.order >= usage.MOST_MODELS then name = '' end
    if name ~= '' then usage.order[#usage.order + 1] = name end
  end
  usage.add_to(usage.models, name, messages, tokens)
  usage.is_changed = true
end

-- Takes over another user's sums by model, too.
function usage.join_models(text)
  for name, messages, tokens in string.gmatch(text or '', '([^\31]*)\31(%d+) (%d+)\30') do
    usage.add_model(name, tonumber(messages), tonumber(tokens))
  end
end

-- The name of the model that a message is of, as JSON text; '' where it is too long to be kept; nil where there is none.
function usage.model_of(record)
  local member = '"model"' .. US
  local is_first = string.sub(record, 1, #member) == member
  local _, at = string.find(record, (is_first and '' or RS) .. member, 1, true)
  if not at then return nil end
  local value = string.sub(record, at + 1, string.find(record, RS, at, true) - 1)
  local first = string.sub(value, 1, 1)
  if first == '~' then return '' end
  return first == '"' and value ~= '""' and value or nil
end

-- Counts a message that is new.
function usage.count_new(user, message)
  usage.count(user, message.timestamp, 1, message.tokens)
  local model = usage.model_of(message.record)
  if model then usage.add_model(model, 1, message.tokens) end
end

-- Counts the tokens that a message has gained, and the message where it is of another model now: one that is still being
-- written may come to name its model with its last words only.
function usage.count_edit(user, before, after)
  local gained = math.max(0, after.tokens - before.tokens)
  if gained > 0 then usage.count(user, after.timestamp, 0, gained) end
  local model = usage.model_of(after.record)
  if not model then return end
  if model ~= usage.model_of(before.record) then
    usage.add_model(model, 1, after.tokens)
  elseif gained > 0 then
    usage.add_model(model, 0, gained)
  end
end

-- Adds what has to be written of meta, if anything, to these fields; returns them.
function usage.push_fields(fields)
  if not usage.is_changed then return fields end
  local texts = {}
  local function add(name)
    local sum = usage.models[name]
    if sum then texts[#texts + 1] = name .. US .. integer(sum.messages) .. ' ' .. integer(sum.tokens) .. RS end
  end
  for _, name in ipairs(usage.order) do add(name) end
  add('')
  fields[#fields + 1] = ':models'
  fields[#fields + 1] = table.concat(texts)
  return fields
end
