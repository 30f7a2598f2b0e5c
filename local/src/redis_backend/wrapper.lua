-- Stands before a script, on one line, and gives it a `redis` that refuses some commands.
-- No line may end in a comment, for they are joined.
local redis = (function(redis)
    local calls, allowed = 0, {$ALLOWED}
    -- The error to reply instead of running the command, if there is one.
    local function refusal(name)
        calls = calls + 1
        if calls == $NTH then
            redis.pcall('MONITOR')
            return $ERROR
        end
        if $FULL and type(name) == 'string' and not allowed[name:upper()] then
            return $CAPACITY
        end
    end
    local function try(...)
        local text = refusal(...)
        if text then
            return {err = text}
        end
        return redis.pcall(...)
    end
    -- Redis notes where an error was raised, which would be here: the note is given already, and stays. Only
    -- where the script returned the call's reply at once, nobody knows its line any more.
    local function raise(text)
        local _, place = pcall(error, '', 4)
        local line = tostring(place):match(':(%d+):')
        local shown = line and {source = '@user_script', line = line}
        local keep = {__index = shown, __newindex = shown and function() end}
        error(setmetatable({err = text}, keep))
    end
    local function call(...)
        local reply = try(...)
        if type(reply) == 'table' and reply.err then
            raise(reply.err)
        end
        return reply
    end
    return setmetatable({call = call, pcall = try}, {__index = redis})
end)(redis);
