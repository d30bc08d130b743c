-- Stands in front of scripts that read a hash by the names of its fields (fleet-records.ts).
-- Returns the hash as a table: field -> value.
local function readHash(key)
  local stored, hash = redis.call('HGETALL', key), {}
  for at = 1, #stored, 2 do hash[stored[at]] = stored[at + 1] end
  return hash
end
