-- What changed in a fleet's inputs since a reader's position, in one consistent step.
--
-- KEYS  1 meta   2 inputs   3 log
-- ARGV  1 epoch, 2 revision, 3 stamp of the reader's position ('' without one)   4 values to return at most
--
-- Returns {'absent'}   no inputs were written in this life of the data
--         {'full', epoch, revision, stamp, objects}
--             the log does not reach back to the reader's position, or it belongs to another life: read everything
--         {'delta', epoch, revision, stamp, objects, count, fields, values}
--             the changed fields and the values of the first of them (nil: the field is gone); when there are fewer
--             values than fields, the rest is the reader's to fetch
-- `objects` is a list of JSON lists, newest first; `count` is how many objects caused the changes.

local meta = readHash(KEYS[1])
if not meta.epoch then return { 'absent' } end

-- As many entries as a reader lists objects of at most.
local listed = 20

local function full()
  local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
  return { 'full', meta.epoch, meta.revision, meta.stamp, newest and { newest[2][6] } or {} }
end

if meta.epoch ~= ARGV[1] then return full() end
if meta.revision == ARGV[2] and meta.stamp == ARGV[3] then
  return { 'delta', meta.epoch, meta.revision, meta.stamp, {}, '0', {}, {} }
end

-- The reader's own entry comes first and must bear its stamp; what follows is new.
local entries = redis.call('XRANGE', KEYS[3], ARGV[2] .. '-0', '+')
local own = entries[1]
if not own or own[1] ~= ARGV[2] .. '-0' or own[2][2] ~= ARGV[3] then return full() end

local fields, seen, count, objects = {}, {}, 0, {}
for at = 2, #entries do
  local entry = entries[at][2]
  if entry[4] == '*' then return full() end
  for field in string.gmatch(entry[4], '[^\n]+') do
    if not seen[field] then
      seen[field] = true
      fields[#fields + 1] = field
    end
  end
  count = count + tonumber(entry[8])
end
for at = #entries, math.max(2, #entries - listed + 1), -1 do objects[#objects + 1] = entries[at][2][6] end

-- In pieces: Lua's stack holds some 8,000 values.
local values = {}
local last = math.min(#fields, tonumber(ARGV[4]))
for from = 1, last, 1000 do
  for _, value in ipairs(redis.call('HMGET', KEYS[2], unpack(fields, from, math.min(from + 999, last)))) do
    values[#values + 1] = value
  end
end
return { 'delta', meta.epoch, meta.revision, meta.stamp, objects, tostring(count), fields, values }
