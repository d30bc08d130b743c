-- Puts a job at the head of its fleet's ended jobs; gives the ids of those that are too many, and forgets them.
-- KEYS: the list. ARGV: job id, how many stay, how many more may be there before they are taken away together.
redis.call('LPUSH', KEYS[1], ARGV[1])
local limit = tonumber(ARGV[2])
if redis.call('LLEN', KEYS[1]) <= limit + tonumber(ARGV[3]) then return {} end
local old = redis.call('LRANGE', KEYS[1], limit, -1)
redis.call('LTRIM', KEYS[1], 0, limit - 1)
return old
