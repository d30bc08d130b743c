-- Ends the hold of a fleet: from now on its nodes should run the newest version.
--
-- KEYS  1 meta   2 desired   3 feed
-- ARGV  1 feed entries to keep   2 time (ISO 8601)
--
-- Returns 1 when what the nodes should run has moved, else 0.

local meta, desired = readHash(KEYS[1]), readHash(KEYS[2])
redis.call('HDEL', KEYS[2], desiredField.held)
local hasNewest = (meta.version or '') ~= '' and (meta.epoch or '') ~= '' and meta.epoch == meta.artifactEpoch
if not hasNewest or (desired.epoch == meta.epoch and desired.version == meta.version) then return 0 end
local id = desire(KEYS[2], KEYS[3], ARGV[1], {
  epoch = meta.epoch, version = meta.version, digest = meta.digest, base = '', delta = '',
  revision = meta.artifactRevision, at = ARGV[2],
})
redis.call('HSET', KEYS[1], metaField.feedId, id)
return 1
