-- Publishes one artifact of a fleet as its next version, or says why not. All of it or nothing.
-- What the nodes should run moves along, unless it is held.
--
-- KEYS  1 meta   2 manifests   3 blobs   4 garbage   5 feed   6 desired
-- ARGV  1 epoch the inputs were read in      2 revision that was rendered
--       3 base version (0 without one)       4 base digest ('' without one)
--       5 digest of the new artifact         6 its manifest (JSON, version = base version + 1)
--       7 sealed delta from the base ('' when it is too large)                8 time (ISO 8601)
--       9 versions to keep                  10 feed entries to keep
--      11 count of blobs                    12 count of dropped digests
--      13 '1' when HAProxy has checked the new artifact, '0' when that comes afterwards
--      14 digest of a refused version that the new one withdraws ('' for none)
--      15 entries that HAProxy refused in this render (JSON array of problems, '' for none)
--      then for each blob its digest and its sealed bytes: every digest that the base has not
--      then each digest that the base has and the new artifact has not
--
-- Returns {'epoch-changed'}         the fleet's data began a new life: read the inputs again
--         {'superseded', revision}  a newer revision is published already
--         {'unchanged', version, checked, feed id}
--                                   the newest version has this digest; only the revision that gave it moved;
--                                   checked is '1' when HAProxy has checked it, by now or before; the feed id is that
--                                   of the newest entry, which tells of this version unless the fleet is held
--         {'check-first'}           the artifact is not checked, and neither are so many before it that the last
--                                   checked one would no longer be kept
--         {'stale-base'}            the newest version is not the given base: load it and try again
--         {'published', version, feed id}   as above

local meta, desired = readHash(KEYS[1]), readHash(KEYS[6])
if meta.epoch ~= ARGV[1] then return { 'epoch-changed' } end

-- What another life of the data left behind counts as nothing: versions begin at 1 again.
local sameLife = meta.artifactEpoch == ARGV[1]
local version = sameLife and tonumber(meta.version) or 0
local digest = sameLife and meta.digest or ''
local published = sameLife and tonumber(meta.artifactRevision) or 0
local checked = sameLife and tonumber(meta.checkedVersion) or 0
local isChecked = ARGV[13] == '1'
-- No hold keeps the nodes on a version that HAProxy has refused.
local isHeld = (desired.held or '') ~= '' and (ARGV[14] == '' or desired.digest ~= ARGV[14])

-- Returns the id of the newest entry of the feed.
local function desireUnlessHeld(base, delta)
  local isDesired = desired.epoch == ARGV[1] and desired.version == tostring(version) and desired.feedId == meta.feedId
  if isHeld or isDesired then return desired.feedId or '0-0' end
  local id = desire(KEYS[6], KEYS[5], ARGV[10], {
    epoch = ARGV[1], version = version, digest = ARGV[5], base = base, delta = delta, revision = ARGV[2], at = ARGV[8],
  })
  redis.call('HSET', KEYS[1], metaField.feedId, id)
  return id
end

if ARGV[14] ~= '' then
  -- Going back to what was checked, and only from the version that was refused.
  if digest ~= ARGV[14] then return { 'superseded', published } end
elseif tonumber(ARGV[2]) < published then
  return { 'superseded', published }
end
if version > 0 and digest == ARGV[5] then
  if isChecked then checked = version end
  redis.call('HSET', KEYS[1], metaField.refused, ARGV[15], metaField.checkedVersion, checked,
    metaField.artifactRevision, ARGV[2])
  return { 'unchanged', version, checked == version and '1' or '0', desireUnlessHeld('', '') }
end
if tonumber(ARGV[3]) ~= version or ARGV[4] ~= digest then return { 'stale-base' } end
if not isChecked and version + 1 - checked >= tonumber(ARGV[9]) then return { 'check-first' } end
if version == 0 then redis.call('DEL', KEYS[2], KEYS[3], KEYS[4]) end
version = version + 1

local at = 16
for _ = 1, tonumber(ARGV[11]) do
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1])
  redis.call('ZREM', KEYS[4], ARGV[at])
  at = at + 2
end
for _ = 1, tonumber(ARGV[12]) do
  redis.call('ZADD', KEYS[4], version - 1, ARGV[at])
  at = at + 1
end
redis.call('HSET', KEYS[2], version, ARGV[6])

-- A blob goes with the last version that used it. What a hold keeps the nodes on stays whole.
local oldest = version - tonumber(ARGV[9]) + 1
local isSpared = {}
if isHeld and desired.epoch == ARGV[1] and tonumber(desired.version) < oldest then
  isSpared[desired.version] = true
  local manifest = redis.call('HGET', KEYS[2], desired.version)
  for _, file in ipairs(manifest and cjson.decode(manifest).files or {}) do isSpared[file.digest] = true end
end
for _, old in ipairs(redis.call('HKEYS', KEYS[2])) do
  if tonumber(old) < oldest and not isSpared[old] then redis.call('HDEL', KEYS[2], old) end
end
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. oldest)) do
  if not isSpared[old] then
    redis.call('HDEL', KEYS[3], old)
    redis.call('ZREM', KEYS[4], old)
  end
end

redis.call('HSET', KEYS[1], metaField.artifactEpoch, ARGV[1], metaField.version, version, metaField.digest, ARGV[5],
  metaField.artifactRevision, ARGV[2],
  metaField.refused, ARGV[15], metaField.checkedVersion, isChecked and version or checked)
return { 'published', version, desireUnlessHeld(ARGV[4], ARGV[7]) }
