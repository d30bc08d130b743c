-- Stands in front of scripts that say what the nodes of a fleet should run (fleet-desired.ts).
-- Makes a version the desired one and tells the nodes of it by an entry of the feed, whose id it returns.
-- `base` is the digest of the desired version before, and `delta` the sealed way from there; '' where nodes are to read
-- the version from its manifest and blobs.
local function desire(key, feed, entriesToKeep, to)
  local id = redis.call('XADD', feed, 'MAXLEN', '~', entriesToKeep, '*',
    'epoch', to.epoch, 'version', to.version, 'digest', to.digest, 'base', to.base, 'revision', to.revision,
    'at', to.at, 'delta', to.delta)
  redis.call('HSET', key, desiredField.epoch, to.epoch, desiredField.version, to.version,
    desiredField.digest, to.digest, desiredField.feedId, id)
  return id
end
