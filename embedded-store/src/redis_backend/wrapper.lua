-- The wrapper of a script: gives it a `redis` table that refuses some commands.
-- The lines are joined into one, so no line may end in a comment.
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
    -- Redis records where an error was raised, which would be this line, so the record is set here and protected.
    -- The line is unknown only where the script returned the reply of the call directly (a tail call).
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
