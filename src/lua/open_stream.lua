#!lua flags=allow-key-locking
-- Registers a stream of changes, and says that somebody listens.
--
-- KEYS     1 to 3 as in base.lua, 4 the streams
-- ARGV     6 name of the stream  7 until when it may last, ms  8 how many a user may have open
-- Returns  {'ok'}
--          {'too_many_streams'}
-- Billed   7: EVALSHA, HMGET, ZREMRANGEBYSCORE, ZCARD, ZADD, PEXPIREAT, HSET; of a user without data 1 more (PEXPIREAT)
-- Touches  as many names as streams may be open

local STREAMS, NAME, UNTIL, MOST = KEYS[4], ARGV[6], ARGV[7], tonumber(ARGV[8])

local row = redis.call('HMGET', META, ':user', ':account')
parse_caller(row[1], row[2])
redis.call('ZREMRANGEBYSCORE', STREAMS, '-inf', ARGV[1])
if redis.call('ZCARD', STREAMS) >= MOST then refuse('too_many_streams') end
redis.call('ZADD', STREAMS, UNTIL, NAME)
redis.call('PEXPIREAT', STREAMS, UNTIL)
listen(CALLER, tonumber(UNTIL))
return { 'ok' }
