-- The commit: guards, writes and events of a run of units inside one partition, each unit all or none.
--
-- KEYS: 1 = meta; the others are named by their number in the operations.
-- ARGV: seconds to remember request ids, number of units, then each unit:
--       key number of its request-id bucket (0 = none), request id, outcome, number of operations, then operations of five:
--         op  key  a       b         c
--         g   k    field   expected           guard: the row's version is still the one read
--         p   k    field   expected  value    put a row (guarded; expected "*" = blind)
--         d   k    field   expected           delete a row (guarded)
--         n   k    field   delta     min:max  add to a number inside bounds
--         z   k    member  score              put into a sorted index
--         y   k    member                     remove from a sorted index
--         e   k    topic   header    body     event into the journal
--         l   k    log               body     record into a log
--       expected is 8 bytes of version, or empty for "absent".
-- Answer: for each unit its first sequence (0 = no event), or "r" and the remembered outcome, or "c<i>" / "b<i>": operation i (from 0)
--         found a changed version / a bound that would be broken.
-- redis.call and string exist only while a function runs, not while the library loads: hence the locals inside.

local function find_failure (keys, args, first, last)
  local call, sub, match = redis.call, string.sub, string.match
  for i = first, last, 5 do
    local op = args[i]
    if op == 'g' or op == 'p' or op == 'd' then
      local expected = args[i + 3]
      if expected ~= '*' then
        local value = call ('HGET', keys[tonumber (args[i + 1])], args[i + 2])
        if (value and sub (value, 1, 8) or '') ~= expected then
          return 'c' .. (i - first) / 5
        end
      end
    elseif op == 'n' then
      local sum = tonumber (call ('HGET', keys[tonumber (args[i + 1])], args[i + 2]) or 0) + tonumber (args[i + 3])
      local low, high = match (args[i + 4], '^(.-):(.*)$')
      if sum < tonumber (low) or sum > tonumber (high) then
        return 'b' .. (i - first) / 5
      end
    end
  end
  return nil
end

local function append (keys, key, name, heads)
  local call = redis.call
  local head = (heads[name] or tonumber (call ('HGET', keys[1], name) or 0)) + 1
  heads[name] = head
  return keys[key], string.format ('%.0f-0', head), head
end

local function apply (keys, args, first, last, heads)
  local call = redis.call
  local first_sequence = 0
  for i = first, last, 5 do
    local op, key = args[i], tonumber (args[i + 1])
    if op == 'p' then
      call ('HSET', keys[key], args[i + 2], args[i + 4])
    elseif op == 'e' then
      local journal, id, sequence = append (keys, key, 'events', heads)
      call ('XADD', journal, id, 't', args[i + 2], 'h', args[i + 3], 'b', args[i + 4])
      if first_sequence == 0 then first_sequence = sequence end
    elseif op == 'l' then
      local journal, id = append (keys, key, args[i + 2], heads)
      call ('XADD', journal, id, 'b', args[i + 4])
    elseif op == 'n' then
      call ('HINCRBY', keys[key], args[i + 2], args[i + 3])
    elseif op == 'd' then
      call ('HDEL', keys[key], args[i + 2])
    elseif op == 'z' then
      call ('ZADD', keys[key], args[i + 3], args[i + 2])
    elseif op == 'y' then
      call ('ZREM', keys[key], args[i + 2])
    end
  end
  return first_sequence
end

-- The request id is taken first: a second try must find the first outcome, whatever the rows say by now.
local function run_unit (keys, args, at, heads, buckets)
  local call = redis.call
  local bucket, id = tonumber (args[at]), args[at + 1]
  local first, last = at + 4, at + 3 + 5 * tonumber (args[at + 3])
  if bucket > 0 then
    buckets[bucket] = true
    if call ('HSETNX', keys[bucket], id, args[at + 2]) == 0 then
      return 'r' .. call ('HGET', keys[bucket], id), last
    end
  end
  local failure = find_failure (keys, args, first, last)
  if failure then
    if bucket > 0 then call ('HDEL', keys[bucket], id) end
    return failure, last
  end
  return apply (keys, args, first, last, heads), last
end

local function commit (keys, args)
  local call = redis.call
  local results, heads, buckets, at = {}, {}, {}, 3
  for unit = 1, tonumber (args[2]) do
    local result, last = run_unit (keys, args, at, heads, buckets)
    results[unit] = result
    at = last + 1
  end
  for name, head in pairs (heads) do
    call ('HSET', keys[1], name, string.format ('%.0f', head))
  end
  for bucket in pairs (buckets) do
    call ('EXPIRE', keys[bucket], args[1], 'NX')
  end
  return results
end
