-- The commit: guards, writes and events of a run of units inside one partition, each unit all or none.
--
-- KEYS: 1 = meta; the others are named by their number in the operations.
-- ARGV: seconds to remember request ids, the server's run_id, the epoch that begins if another server wrote last, number of units, then each unit:
--       key number of its request-id bucket (0 = none), request id, outcome, number of operations, then operations of five:
--         op  key  a       b         c
--         g   k    field   expected           guard: the row's version is still the one read
--         p   k    field   expected  value    put a row (guarded; expected "*" = blind)
--         d   k    field   expected           delete a row (guarded)
--         n   k    field   delta     min:max  add to a number inside bounds
--         z   k    member  score              put into a sorted index
--         y   k    member                     remove from a sorted index
--         e   k    journal          event     event into the journal (or record into a log), as it stands in a block
--       expected is 8 bytes of version, or empty for "absent".
-- Answer: for each unit 0 = done, or "r" and the remembered outcome, or "c<i>" / "b<i>": operation i (from 0)
--         found a changed version / a bound that would be broken, or "o<n>": ids are known only from bucket n on.
--
-- A call of Redis from here costs more than the work it does, so hashes are read once for the whole run (HMGET), worked on in tables,
-- and written once (HSET). redis.call and string exist only while a function runs: hence the locals inside.
local CHUNK = 1000 -- arguments that unpack may put on the stack at a time
local EPOCHS = 64  -- that are remembered
local RESERVED = { run = true, epoch = true, epochs = true, confirmed = true, ids_from = true, buckets = true } -- fields of meta that are no journal

-- Before anything is appended: a server that was not the last to write may have come up without the end of the journals, and would give out its
-- sequences again. It begins a new epoch behind what is there, so that everybody who saw more can tell. One line an epoch:
-- "<epoch> <journal>=<first sequence> ...". Returns the epoch that is written in.
local function enter_epoch (meta, run, fresh)
  local call = redis.call
  local known = call ('HMGET', meta, 'run', 'epoch', 'epochs')
  if known[1] == run then return known[2] end
  local line, lines = { fresh }, {}
  local all = call ('HGETALL', meta)
  for i = 1, #all, 2 do
    if not RESERVED[all[i]] then line[#line + 1] = string.format ('%s=%.0f', all[i], tonumber (all[i + 1]) + 1) end
  end
  for old in string.gmatch (known[3] or '', '[^\n]+') do lines[#lines + 1] = old end
  lines[#lines + 1] = table.concat (line, ' ')
  call ('HSET', meta, 'run', run, 'epoch', fresh, 'epochs', table.concat (lines, '\n', math.max (1, #lines - EPOCHS + 1)) .. '\n')
  return fresh
end

-- One entry for all events (their number and their bytes) that a call appends to a journal: its id is the sequence of the last one.
local function append_block (meta, key, name, epoch, count, events)
  local head = string.format ('%.0f', tonumber (redis.call ('HGET', meta, name) or 0) + tonumber (count))
  redis.call ('XADD', key, head .. '-0', 'n', count, 'e', epoch, 'b', events)
  redis.call ('HSET', meta, name, head)
end

-- Outcomes may be dropped before their time (trim.lua): the number from which on buckets are whole; nil = all are.
local function ids_known_from (meta)
  return tonumber (redis.call ('HGET', meta, 'ids_from') or nil)
end

local function number_of_bucket (key)
  return string.match (key, '(%d+)$')
end

-- A bucket that was written to: it ends with its time, and is listed when it is new.
local function keep_bucket (meta, key, seconds)
  local call = redis.call
  if call ('EXPIRE', key, seconds, 'NX') == 0 then return end
  local listed = call ('HGET', meta, 'buckets')
  call ('HSET', meta, 'buckets', (listed and listed ~= '' and listed .. ' ' or '') .. number_of_bucket (key))
end

-- Hash fields that are looked at: fields[key] = { list of fields }.
local function want (fields, seen, key, field)
  local known = seen[key]
  if not known then
    known = {}
    seen[key], fields[key] = known, {}
  end
  if known[field] == nil then
    known[field] = false
    local list = fields[key]
    list[#list + 1] = field
  end
end

local function collect (args)
  local fields, seen, at = {}, {}, 5
  for unit = 1, tonumber (args[4]) do
    local bucket = args[at]
    if bucket ~= '0' then want (fields, seen, bucket, args[at + 1]) end
    local first = at + 4
    at = first + 5 * tonumber (args[at + 3])
    for i = first, at - 1, 5 do
      local op = args[i]
      if op == 'n' or ((op == 'p' or op == 'g' or op == 'd') and args[i + 3] ~= '*') then
        want (fields, seen, args[i + 1], args[i + 2])
      end
    end
  end
  return fields, seen
end

-- values[key][field] = what the hash holds, or false.
local function load (keys, fields, values)
  local call = redis.call
  for key, list in pairs (fields) do
    local known, name = values[key], keys[tonumber (key)]
    for first = 1, #list, CHUNK do
      local last = math.min (first + CHUNK - 1, #list)
      local read = call ('HMGET', name, unpack (list, first, last))
      for i = first, last do known[list[i]] = read[i - first + 1] end
    end
  end
end

local function find_failure (args, first, last, values)
  local sub = string.sub
  for i = first, last, 5 do
    local op = args[i]
    if op == 'p' or op == 'g' or op == 'd' then
      local expected = args[i + 3]
      if expected ~= '*' then
        local value = values[args[i + 1]][args[i + 2]]
        if (value and sub (value, 1, 8) or '') ~= expected then return 'c' .. (i - first) / 5 end
      end
    elseif op == 'n' then
      local sum = tonumber (values[args[i + 1]][args[i + 2]] or 0) + tonumber (args[i + 3])
      local low, high = string.match (args[i + 4], '^(.-):(.*)$')
      if sum < tonumber (low) or sum > tonumber (high) then return 'b' .. (i - first) / 5 end
    end
  end
  return nil
end

-- A new value of a hash field (false = none), seen by the units behind and written at the end.
local function set (values, changed, key, field, value)
  local known, list = values[key], changed[key]
  if not known then
    known = {}
    values[key] = known
  end
  if not list then
    list = {}
    changed[key] = list
  end
  known[field] = value
  list[#list + 1] = field
end

local function append (appended, key, name, event)
  local events = appended[name]
  if not events then
    events = { key = key }
    appended[name] = events
  end
  events[#events + 1] = event
end

local function apply (keys, args, first, last, values, changed, appended)
  local call, format = redis.call, string.format
  for i = first, last, 5 do
    local op, key = args[i], args[i + 1]
    if op == 'e' then
      append (appended, keys[tonumber (key)], args[i + 2], args[i + 4])
    elseif op == 'p' then
      set (values, changed, key, args[i + 2], args[i + 4])
    elseif op == 'n' then
      local sum = tonumber (values[key][args[i + 2]] or 0) + tonumber (args[i + 3])
      set (values, changed, key, args[i + 2], format ('%.0f', sum))
    elseif op == 'd' then
      set (values, changed, key, args[i + 2], false)
    elseif op == 'z' then
      call ('ZADD', keys[tonumber (key)], args[i + 3], args[i + 2])
    elseif op == 'y' then
      call ('ZREM', keys[tonumber (key)], args[i + 2])
    end
  end
  return 0
end

local function write (call, name, puts, deletes)
  for first = 1, #puts, CHUNK do
    call ('HSET', name, unpack (puts, first, math.min (first + CHUNK - 1, #puts)))
  end
  for first = 1, #deletes, CHUNK do
    call ('HDEL', name, unpack (deletes, first, math.min (first + CHUNK - 1, #deletes)))
  end
end

local function store (keys, values, changed)
  local call = redis.call
  for key, list in pairs (changed) do
    local known, puts, deletes, done = values[key], {}, {}, {}
    for i = 1, #list do
      local field = list[i]
      if not done[field] then
        done[field] = true
        local value = known[field]
        if value then
          puts[#puts + 1] = field
          puts[#puts + 1] = value
        else
          deletes[#deletes + 1] = field
        end
      end
    end
    write (call, keys[tonumber (key)], puts, deletes)
  end
end

-- The request id is looked at first: a second try must find the first outcome, whatever the rows say by now.
local function run_unit (keys, args, at, last, values, changed, appended, from)
  local bucket, id = args[at], args[at + 1]
  local remembered = bucket ~= '0' and values[bucket][id]
  if remembered then return 'r' .. remembered end
  if from and bucket ~= '0' and tonumber (number_of_bucket (keys[tonumber (bucket)])) < from then return string.format ('o%.0f', from) end
  local failure = find_failure (args, at + 4, last, values)
  if failure then return failure end
  if bucket ~= '0' then set (values, changed, bucket, id, args[at + 2]) end
  return apply (keys, args, at + 4, last, values, changed, appended)
end

local function commit (keys, args)
  local fields, values = collect (args)
  load (keys, fields, values)
  local from = ids_known_from (keys[1])
  local results, changed, appended, buckets, at, epoch = {}, {}, {}, {}, 5, nil
  for unit = 1, tonumber (args[4]) do
    local last = at + 3 + 5 * tonumber (args[at + 3])
    if args[at] ~= '0' then buckets[args[at]] = true end
    results[unit] = run_unit (keys, args, at, last, values, changed, appended, from)
    at = last + 1
  end
  store (keys, values, changed)
  for name, events in pairs (appended) do
    epoch = epoch or enter_epoch (keys[1], args[2], args[3])
    append_block (keys[1], events.key, name, epoch, #events, table.concat (events))
  end
  for bucket in pairs (buckets) do
    keep_bucket (keys[1], keys[tonumber (bucket)], args[1])
  end
  return results
end
