-- The commit of a run of units that do not meet: none touches a row that an earlier one writes, and none adds to a number. Then guards and
-- writes of all units can be taken together, sorted by key, which costs Redis half of what commit.lua does unit by unit. If anything stands against
-- any unit (a request id that is known, a changed version), nothing at all is done, and the caller sends the run to commit.lua.
--
-- KEYS: 1 = meta; group i is about key i + 1.
-- ARGV: seconds to remember request ids, run_id and epoch as in commit.lua, the groups ("r64p64e70": letter and number of items), then the items of each group:
--         r   request id, outcome         request ids, none of them known
--         c   field, expected             rows whose version is still the one read (guards, and guarded puts and deletes)
--         p   field, value                rows to put
--         d   field                       rows to delete
--         x   score, member               sorted index: put, or with an empty score remove
--         e   (whatever their number:) the journal's name, all events as a block
--       expected is 8 bytes of version, or empty for "absent". r and c stand first.
-- Answer: 1 = all is done, 0 = nothing is done.
local WIDTH = { r = 2, c = 2, p = 2, d = 1, x = 2 }

-- Calls with what unpack may put on the stack at a time.
local function in_chunks (command, key, list, first, last)
  local call = redis.call
  for from = first, last, CHUNK do
    call (command, key, unpack (list, from, math.min (from + CHUNK - 1, last)))
  end
end

-- The fields of (field, something) pairs, and what the hash holds of them.
local function read_pairs (key, args, first, last)
  local fields, values, n = {}, {}, 0
  for i = first, last, 2 do
    n = n + 1
    fields[n] = args[i]
  end
  for from = 1, n, CHUNK do
    local read = redis.call ('HMGET', key, unpack (fields, from, math.min (from + CHUNK - 1, n)))
    if n <= CHUNK then return fields, read end
    for i = 1, #read do values[from + i - 1] = read[i] end
  end
  return fields, values
end

local function none_known (key, args, first, last)
  local ids, known = read_pairs (key, args, first, last)
  local seen = {}
  for i = 1, #ids do
    local id = ids[i]
    if known[i] or seen[id] then return false end
    seen[id] = true
  end
  return true
end

local function none_changed (key, args, first, last)
  local fields, values = read_pairs (key, args, first, last)
  local sub = string.sub
  for i = 1, #fields do
    local value = values[i]
    if (value and sub (value, 1, 8) or '') ~= args[first + 2 * i - 1] then return false end
  end
  return true
end

local function index_all (key, args, first, last)
  for i = first, last, 2 do
    if args[i] == '' then
      redis.call ('ZREM', key, args[i + 1])
    else
      redis.call ('ZADD', key, args[i], args[i + 1])
    end
  end
end

local function write_group (keys, args, group, epoch)
  local op, key, first, last = group.op, group.key, group.first, group.last
  if op == 'p' then
    in_chunks ('HSET', key, args, first, last)
  elseif op == 'e' then
    append_block (keys[1], key, args[first], epoch, group.count, args[last])
  elseif op == 'r' then
    in_chunks ('HSET', key, args, first, last)
    keep_bucket (keys[1], key, args[1])
  elseif op == 'x' then
    index_all (key, args, first, last)
  elseif op == 'd' then
    in_chunks ('HDEL', key, args, first, last)
  end
end

local function commit_run (keys, args)
  local groups, n, at, epoch = {}, 0, 5, nil
  for op, count in string.gmatch (args[4], '(%l)(%d+)') do
    n = n + 1
    local last = op == 'e' and at + 1 or at + WIDTH[op] * tonumber (count) - 1
    groups[n] = { op = op, key = keys[n + 1], first = at, last = last, count = count }
    at = last + 1
  end
  local from = ids_known_from (keys[1])
  for i = 1, n do
    local group = groups[i]
    if group.op == 'r' and from and tonumber (number_of_bucket (group.key)) < from then return 0 end
    if group.op == 'r' and not none_known (group.key, args, group.first, group.last) then return 0 end
    if group.op == 'c' and not none_changed (group.key, args, group.first, group.last) then return 0 end
  end
  for i = 1, n do
    local group = groups[i]
    if group.op == 'e' then epoch = epoch or enter_epoch (keys[1], args[2], args[3]) end
    write_group (keys, args, group, epoch)
  end
  return 1
end
