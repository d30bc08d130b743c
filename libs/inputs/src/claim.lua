-- Takes a fleet's inputs for one leader: writes of lower terms are refused from now on. It also finds out whether the
-- data is still the one that this writer left: a Redis that came back with an older state has lost revisions that
-- readers may have seen, so that life of the data ends here and the next write begins a new one.
--
-- KEYS  1 meta   2 log
-- ARGV  1 term
--       2 epoch, 3 revision, 4 stamp of this writer's last write ('' without one)
--
-- Returns {'fenced', term}                       a leader of that higher term is at work
--         {'claimed', epoch, revision, stamp}    epoch '' when the next write begins a new life

local meta = redis.call('HMGET', KEYS[1], 'term', 'epoch', 'revision', 'stamp')
local term = tonumber(meta[1]) or 0
if term > tonumber(ARGV[1]) then return { 'fenced', tostring(term) } end
redis.call('HSET', KEYS[1], 'term', ARGV[1])

local epoch = meta[2] or ''
local revision = tonumber(meta[3]) or 0
local stamp = meta[4] or ''
if epoch == '' or epoch ~= ARGV[2] then return { 'claimed', epoch, tostring(revision), stamp } end

local known = tonumber(ARGV[3])
local same = revision >= known
if revision == known then
  same = stamp == ARGV[4]
elseif revision > known then
  -- Someone else wrote since. Where the log still has our own entry, it must be ours.
  local entry = redis.call('XRANGE', KEYS[2], known .. '-0', known .. '-0')[1]
  if entry then same = entry[2][2] == ARGV[4] end
end
if same then return { 'claimed', epoch, tostring(revision), stamp } end
redis.call('HDEL', KEYS[1], 'epoch')
return { 'claimed', '', '0', '' }
