-- Takes a fleet's inputs for one leader: writes of lower terms are refused from now on. It also finds out whether the
-- data is still the newest that is known of: a Redis that came back with an older state has lost revisions and versions
-- that others have seen, so that life of the data ends here and the next write begins a new one.
--
-- KEYS  1 meta   2 log
-- ARGV  1 term
--       2 epoch, 3 revision, 4 stamp of the last write that this writer knows of ('' without one)
--       5 epoch of a life that has to end, as a node has a later version than it ('' for none)
--
-- Returns {'fenced', term}                             a leader of that higher term is at work
--         {'claimed', epoch, revision, stamp, before}  epoch '' when the next write begins a new life;
--                                                      before: the epoch that was found, '' when there was none

local meta = readHash(KEYS[1])
local term = tonumber(meta.term) or 0
if term > tonumber(ARGV[1]) then return { 'fenced', tostring(term) } end
redis.call('HSET', KEYS[1], metaField.term, ARGV[1])

local epoch = meta.epoch or ''
local revision = tonumber(meta.revision) or 0
local stamp = meta.stamp or ''
if epoch == '' then return { 'claimed', '', '0', '', meta.artifactEpoch or '' } end

-- When a life began; one of an earlier release does not tell.
local function began(life) return tonumber(string.match(life, '^(%d+)%.') or '') end

local function isLost()
  if epoch == ARGV[5] then return true end
  if epoch ~= ARGV[2] then
    local ours = began(ARGV[2])
    return ours ~= nil and began(epoch) ~= nil and began(epoch) < ours
  end
  local known = tonumber(ARGV[3])
  if revision <= known then return revision < known or stamp ~= ARGV[4] end
  -- Someone else wrote since. Where the log still has the entry that is known, it must be that one.
  local entry = redis.call('XRANGE', KEYS[2], known .. '-0', known .. '-0')[1]
  return entry ~= nil and entry[2][2] ~= ARGV[4]
end

if not isLost() then return { 'claimed', epoch, tostring(revision), stamp, epoch } end
redis.call('HDEL', KEYS[1], metaField.epoch)
return { 'claimed', '', '0', '', epoch }
