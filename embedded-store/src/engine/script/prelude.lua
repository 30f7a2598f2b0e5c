-- Builds the environment of scripts, as close to that of Redis as unpatched Lua allows.
--
-- Called once with `host`, a table of functions of the engine:
--   host.sha1hex(string)    redis.sha1hex
--   host.raised(problem)    the text of an error that a function of the engine raised, or nil
--   host.line()             the line of the script that is running, or nil
--   host.timed_out()        whether the script has used up its time
-- Returns the table of globals and a function that runs one script:
--   run(script, call, pcall, keys, argv) -> true, result | false, {err = ..., line = ...}
-- where call and pcall become redis.call and redis.pcall. They are not Lua functions, because
-- `return redis.call(...)` would then be a tail call, which loses the script's line.

local host = ...
local error, type, tostring, raw_pcall, raw_xpcall = error, type, tostring, pcall, xpcall
local getmetatable, rawget, rawset, loadstring, select = getmetatable, rawget, rawset, loadstring, select
local raw_pairs, raw_next = pairs, next

local READONLY = "Attempt to modify a readonly table"
local contents = setmetatable({}, { __mode = "k" }) -- what stands behind each read-only table

-- An empty table that shows `content` and refuses to be changed.
local function readonly(content)
    local shown = setmetatable({}, {
        __index = content,
        __newindex = function()
            error(READONLY, 2)
        end,
        __metatable = false,
    })
    contents[shown] = content
    return shown
end

-- A script that ran out of time must not go on by catching the error that says so.
local function unless_timed_out(ok, ...)
    if not ok and host.timed_out() then
        error("script ran out of time", 0)
    end
    return ok, ...
end

-- As in Redis, a caught error table is seen as its text.
local function plain(ok, problem, ...)
    if ok then
        return ok, problem, ...
    end
    local text = type(problem) == "table" and rawget(problem, "err") or host.raised(problem)
    return ok, type(text) == "string" and text or problem
end

local function to_error_table(problem)
    local text
    if type(problem) == "table" then
        text = rawget(problem, "err")
    else
        text = host.raised(problem) or "ERR " .. tostring(problem)
    end
    return { err = text, line = host.line() }
end

local redis = {
    LOG_DEBUG = 0,
    LOG_VERBOSE = 1,
    LOG_NOTICE = 2,
    LOG_WARNING = 3,
    log = function() end,
    sha1hex = host.sha1hex,
    status_reply = function(...)
        if select("#", ...) ~= 1 or type((...)) ~= "string" then
            return { err = "ERR wrong number or type of arguments" }
        end
        return { ok = (...) }
    end,
    error_reply = function(...)
        if select("#", ...) ~= 1 or type((...)) ~= "string" then
            return { err = "ERR wrong number or type of arguments" }
        end
        local text = (...):gsub("[\r\n]+$", ""):gsub("^%-", "", 1)
        if not text:find(" ", 1, true) then
            text = "ERR " .. text
        end
        return { err = text }
    end,
}

-- string.dump and binary chunks could crash the interpreter.
local visible_string = {}
for name, value in raw_pairs(string) do
    if name ~= "dump" then
        visible_string[name] = value
    end
end
local string_library = readonly(visible_string)
local string_metatable = getmetatable("")
string_metatable.__index = string_library
string_metatable.__metatable = readonly({ __index = string_library })

local globals = {
    _VERSION = _VERSION,
    assert = assert,
    error = error,
    getmetatable = getmetatable,
    ipairs = ipairs,
    math = readonly(math),
    rawequal = rawequal,
    redis = readonly(redis),
    select = select,
    setmetatable = setmetatable,
    string = string_library,
    table = readonly(table),
    tonumber = tonumber,
    tostring = tostring,
    type = type,
    unpack = unpack,
    loadstring = function(source, name)
        if type(source) == "string" and source:byte() == 27 then
            return nil, "binary chunks are not allowed"
        end
        return loadstring(source, name)
    end,
    next = function(shown, key)
        return raw_next(contents[shown] or shown, key)
    end,
    pairs = function(shown)
        return raw_pairs(contents[shown] or shown)
    end,
    pcall = function(...)
        return plain(unless_timed_out(raw_pcall(...)))
    end,
    rawget = function(shown, key)
        return rawget(contents[shown] or shown, key)
    end,
    rawset = function(shown, key, value)
        if contents[shown] then
            error(READONLY, 0)
        end
        return rawset(shown, key, value)
    end,
    xpcall = function(f, handler)
        return unless_timed_out(raw_xpcall(f, function(problem)
            local text = host.raised(problem)
            return handler(text and { err = text } or problem)
        end))
    end,
}

globals._G = readonly(globals)
setmetatable(globals, {
    __index = function(_, name)
        error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
    end,
})

local function run(script, call, try, keys, argv)
    redis.call, redis.pcall = call, try
    globals.KEYS, globals.ARGV = keys, argv
    local ok, result = raw_xpcall(script, to_error_table)
    if not ok and type(result) ~= "table" then
        -- Out of memory: Lua does not ask the handler then.
        result = { err = "ERR " .. tostring(result) }
    end
    return ok, result
end

return globals._G, run
