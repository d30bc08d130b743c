-- Writes one revision of a fleet's inputs, or says why not. All of it or nothing. Sending the same write twice is
-- harmless: its stamp is recognised.
--
-- KEYS  1 meta   2 inputs   3 log   4 staged fields (of this write alone)
--       5 accepted: what HAProxy took last of entries that changed since; `+` and the value or `-` for none, and at
--         `@` and the field the revision that changed it last
-- ARGV  1 term   2 expected epoch ('' to begin a new life)   3 expected revision
--       4 epoch of a new life   5 stamp of this write   6 position of the source   7 time (ISO 8601)
--       8 log entries to keep   9 objects that caused it (JSON, bounded)      10 how many objects caused it
--      11 changed fields, one a line ('*': too many, a reader reads all)
--      12 count of staged fields               13 count of fields in ARGV
--      14 the parts whose accepted values are remembered, each between two spaces
--      then each of these fields and its value, then each field that is gone
--
-- A new life takes the staged fields as all there is; in a life that goes on they are set beside the others.
--
-- Returns {'fenced', term}                                  a leader of that higher term is at work
--         {'moved'}                                         the data is not what the writer knows: compare again
--         {'written', epoch, revision, count of fields}

local meta = readHash(KEYS[1])
local term = tonumber(meta.term) or 0
if term > tonumber(ARGV[1]) then return { 'fenced', tostring(term) } end

local epoch = meta.epoch or ''
local revision = tonumber(meta.revision) or 0
if epoch ~= '' and meta.stamp == ARGV[5] then
  return { 'written', epoch, tostring(revision), tostring(redis.call('HLEN', KEYS[2])) }
end
if epoch ~= ARGV[2] then return { 'moved' } end
if epoch ~= '' and revision ~= tonumber(ARGV[3]) then return { 'moved' } end
if redis.call('HLEN', KEYS[4]) ~= tonumber(ARGV[12]) then return { 'moved' } end

-- When all that is there was rendered and checked, it is what was accepted.
local isAccepted = meta.artifactEpoch == epoch and tonumber(meta.artifactRevision) == revision
  and meta.version == meta.checkedVersion
local begins = epoch == ''
if begins or isAccepted then redis.call('DEL', KEYS[5]) end

local function remember(field)
  if begins or not string.find(ARGV[14], ' ' .. string.match(field, '^[^/]*') .. ' ', 1, true) then return end
  if redis.call('HEXISTS', KEYS[5], field) == 0 then
    local old = redis.call('HGET', KEYS[2], field)
    redis.call('HSET', KEYS[5], field, old and '+' .. old or '-')
  end
  redis.call('HSET', KEYS[5], '@' .. field, revision + 1)
end

if begins then
  epoch = ARGV[4]
  revision = 0
  redis.call('DEL', KEYS[2], KEYS[3])
  if tonumber(ARGV[12]) > 0 then
    redis.call('RENAME', KEYS[4], KEYS[2])
    redis.call('PERSIST', KEYS[2])
  end
elseif tonumber(ARGV[12]) > 0 then
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', KEYS[4], cursor, 'COUNT', 256)
    cursor = page[1]
    for at = 1, #page[2], 2 do
      remember(page[2][at])
      redis.call('HSET', KEYS[2], page[2][at], page[2][at + 1])
    end
  until cursor == '0'
  redis.call('DEL', KEYS[4])
end

local at = 15
for _ = 1, tonumber(ARGV[13]) do
  remember(ARGV[at])
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for gone = at, #ARGV do
  remember(ARGV[gone])
  redis.call('HDEL', KEYS[2], ARGV[gone])
end

revision = revision + 1
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[8], revision .. '-0',
  'stamp', ARGV[5], 'fields', ARGV[11], 'objects', ARGV[9], 'count', ARGV[10], 'position', ARGV[6])
redis.call('HSET', KEYS[1], metaField.term, ARGV[1], metaField.epoch, epoch, metaField.revision, revision,
  metaField.stamp, ARGV[5], metaField.position, ARGV[6], metaField.updatedAt, ARGV[7])
redis.call('HDEL', KEYS[1], metaField.index)
return { 'written', epoch, tostring(revision), tostring(redis.call('HLEN', KEYS[2])) }
