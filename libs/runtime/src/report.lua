-- Keeps what a process says of itself, with Redis' time of its arrival in front: {"seenAt":<ms>,...}.
-- KEYS[1] hash: name -> report
-- ARGV[1] name, ARGV[2] report, a JSON object, ARGV[3] how long a report counts, ms; 0: it stays until it is replaced
-- Returns Redis' time in ms, and the report that stood there before, or ''. Other reports that count no more go.
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
redis.call('HSET', KEYS[1], ARGV[1], '{"seenAt":' .. now .. ',' .. string.sub(ARGV[2], 2))
local counts = tonumber(ARGV[3])
if counts > 0 then
  local all = redis.call('HGETALL', KEYS[1])
  for at = 1, #all, 2 do
    local seen = tonumber(string.match(all[at + 1], '^{"seenAt":(%d+),'))
    if not seen or seen + counts < tonumber(now) then redis.call('HDEL', KEYS[1], all[at]) end
  end
  redis.call('PEXPIRE', KEYS[1], counts)
end
return {now, before}
