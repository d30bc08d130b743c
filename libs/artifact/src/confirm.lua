-- Notes that HAProxy has checked a version that went out before its check.
--
-- KEYS  1 meta
-- ARGV  1 epoch of the version   2 version
--
-- Returns 1, or 0 when it belongs to another life of the data.

local meta = readHash(KEYS[1])
if meta.artifactEpoch ~= ARGV[1] then return 0 end
if (tonumber(meta.checkedVersion) or 0) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], metaField.checkedVersion, ARGV[2])
end
return 1
