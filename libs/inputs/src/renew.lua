-- Keeps the lead, or gives it up.
--
-- KEYS  1 lock
-- ARGV  1 id of the watcher   2 lease (ms); 0 gives the lead up
--
-- Returns 1 when the watcher led at the time, else 0.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
