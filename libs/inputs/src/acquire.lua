-- Takes the lead when nobody has it, or when an answer that was lost left it with this watcher already.
--
-- KEYS  1 lock   2 term
-- ARGV  1 id of the watcher   2 lease (ms)   3 a term that the new one must be above
--
-- Returns the new term, or nil when another watcher leads.

local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return nil end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- The counter may have been lost while a fleet still knows a higher term.
if (tonumber(redis.call('GET', KEYS[2])) or 0) < tonumber(ARGV[3]) then redis.call('SET', KEYS[2], ARGV[3]) end
return redis.call('INCR', KEYS[2])
