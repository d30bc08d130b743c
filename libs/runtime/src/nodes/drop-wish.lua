-- Takes a wish away, unless another one stands there by now.
-- KEYS[1] the wish of one node; ARGV[1] the sealed wish that is meant
-- Returns 1 when it was taken away, else 0
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
