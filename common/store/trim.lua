-- Retention: what of a journal may go, what of the request ids, and where journal and consumers stand. Behind commit.lua, whose locals it uses.

-- The first and last sequence of an entry: it holds `n` events, the last of which is its id.
local function span_of (entry)
  local last, count = tonumber (string.match (entry[1], '^%d+')), 1
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'n' then count = tonumber (entry[2][i + 1]) end
  end
  return last - count + 1, last
end

-- The journal's lowest sequence; nil if it is empty.
local function earliest_of (journal)
  local entry = redis.call ('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
  return entry and span_of (entry)
end

-- Marks say where the head was at a time: what lies at or below a mark as old as `keep` is at least as old. At most about keep / spacing + 2 of them.
-- Returns the first sequence that is younger.
local function first_young (marks, head, now, keep, spacing)
  local call, format = redis.call, string.format
  local newest = call ('ZRANGE', marks, -1, -1, 'WITHSCORES')
  if not newest[1] or (tonumber (newest[1]) < head and tonumber (newest[2]) + spacing <= now) then
    call ('ZADD', marks, format ('%.0f', now), format ('%.0f', head))
  end
  local old = call ('ZREVRANGEBYSCORE', marks, format ('%.0f', now - keep), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not old[1] then return 1 end
  call ('ZREMRANGEBYSCORE', marks, '-inf', '(' .. old[2])
  return tonumber (old[1]) + 1
end

-- The first sequence that each consumer group has still to acknowledge: { name, sequence }.
local function groups_of (journal)
  local call, groups = redis.call, {}
  for _, info in ipairs (call ('XINFO', 'GROUPS', journal)) do
    local field = {}
    for i = 1, #info, 2 do field[info[i]] = info[i + 1] end
    local first = tonumber (string.match (field['last-delivered-id'], '^%d+')) + 1
    if field.pending > 0 then
      local oldest = call ('XPENDING', journal, field.name)[2]
      local entry = call ('XRANGE', journal, oldest, oldest)[1]
      first = entry and span_of (entry) or tonumber (string.match (oldest, '^%d+'))
    end
    groups[#groups + 1] = { field.name, first }
  end
  return groups
end

-- The first sequence that some group or consumer has still to acknowledge; nil if there are none.
local function first_held (groups, consumers)
  local held
  for _, group in ipairs (groups) do held = math.min (held or group[2], group[2]) end
  local slowest = redis.call ('ZRANGE', consumers, 0, 0, 'WITHSCORES')
  if slowest[1] then held = math.min (held or 2 ^ 53, tonumber (slowest[2]) + 1) end
  return held, slowest[1]
end

-- What was in [first, last] and is gone: to whom is it lost? { name, events, ... }; counts of consumers are kept.
local function losers (groups, consumers, lost, first, last)
  local call, format, out = redis.call, string.format, {}
  local behind = call ('ZRANGEBYSCORE', consumers, '-inf', format ('(%.0f', last), 'WITHSCORES')
  for i = 1, #behind, 2 do
    local count = format ('%.0f', last - math.max (tonumber (behind[i + 1]), first - 1))
    call ('HINCRBY', lost, behind[i], count)
    out[#out + 1] = behind[i]
    out[#out + 1] = count
  end
  for _, group in ipairs (groups) do
    if group[2] <= last then
      out[#out + 1] = 'group ' .. group[1]
      out[#out + 1] = format ('%.0f', last - math.max (group[2], first) + 1)
    end
  end
  return out
end

-- Counts of consumers that are gone.
local function forget_counts (consumers, lost)
  local call = redis.call
  for _, name in ipairs (call ('HKEYS', lost)) do
    if not call ('ZSCORE', consumers, name) then call ('HDEL', lost, name) end
  end
end

-- Trims one journal below what all have acknowledged and what is younger than `keep`, and in any case below what is more than `cap` behind the head.
-- The entry with the head always stays: positions are compared with its id. Done twice it does nothing more.
--
-- KEYS: meta, the journal, its marks, and for the journal of events the sorted index of consumers and their numbers of lost events.
-- ARGV: name of the journal, now and keep and spacing of marks in ms, cap and most to trim in events.
-- Answer: events trimmed, events trimmed before everybody had acknowledged them, events kept, 1 if there is more to trim, then those who lost.
local function trim (keys, args)
  local call, format = redis.call, string.format
  local journal, head = keys[2], tonumber (call ('HGET', keys[1], args[1]) or 0)
  local now, keep, spacing, cap, most = tonumber (args[2]), tonumber (args[3]), tonumber (args[4]), tonumber (args[5]), tonumber (args[6])
  local first = earliest_of (journal)
  if not first then return { 0, 0, 0, 0 } end
  local groups, held, consumed, target = {}, nil, true, first_young (keys[3], head, now, keep, spacing)
  if keys[4] then
    groups = groups_of (journal)
    held, consumed = first_held (groups, keys[4])
    forget_counts (keys[4], keys[5])
  end
  target = consumed and math.min (target, held or target) or first
  target = math.min (math.max (target, head - cap + 1), head)
  local now_to = math.min (target, first + most)
  local answer = { 0, 0, 0, 0 }
  if now_to > first then
    call ('XTRIM', journal, 'MINID', '=', format ('%.0f', now_to))
    local kept = earliest_of (journal) or head + 1
    answer[1], answer[4] = kept - first, (now_to < target and kept > first) and 1 or 0
    if held and held < kept then
      answer[2] = kept - math.max (held, first)
      for _, item in ipairs (losers (groups, keys[4], keys[5], first, kept - 1)) do answer[#answer + 1] = item end
    end
    first = kept
  end
  answer[3] = head - first + 1
  return answer
end

-- Drops the oldest buckets of request ids while they hold more than ARGV[1] ids in all, but none above the number ARGV[2]. The meta field
-- `ids_from` says from which bucket on ids are known; `buckets` lists those there are.
--
-- KEYS: meta, then the buckets. ARGV[3...]: their numbers. Answer: ids kept, ids dropped.
local function forget (keys, args)
  local call, format = redis.call, string.format
  local most, newest, order, gone = tonumber (args[1]), tonumber (args[2]), {}, {}
  local from = tonumber (call ('HGET', keys[1], 'ids_from') or 0)
  local kept, dropped, full = 0, 0, false
  for i = 2, #keys do order[#order + 1] = { tonumber (args[i + 1]), keys[i] } end
  table.sort (order, function (a, b) return a[1] > b[1] end)
  for _, bucket in ipairs (order) do
    local count = call ('HLEN', bucket[2])
    full = full or (count > 0 and kept + count > most and bucket[1] <= newest)
    if full then
      call ('UNLINK', bucket[2])
      from, dropped = math.max (from, bucket[1] + 1), dropped + count
    else
      kept = kept + count
    end
    if full or count == 0 then gone[format ('%.0f', bucket[1])] = true end
  end
  local left = {}
  for number in string.gmatch (call ('HGET', keys[1], 'buckets') or '', '%d+') do
    if not gone[number] then left[#left + 1] = number end
  end
  if next (gone) then call ('HSET', keys[1], 'buckets', table.concat (left, ' ')) end
  if dropped > 0 then call ('HSET', keys[1], 'ids_from', format ('%.0f', from)) end
  return { kept, dropped }
end

-- Where the journal of events stands, and consumers of it.
--
-- KEYS: meta, journal, index and rows of consumers, their numbers of lost events. ARGV[1]: empty (no consumer), a consumer's name, or "*" (all).
-- Answer: head, lowest sequence kept (0 = none), epoch, the epochs' lines, then name, row and lost events of each consumer.
local function standing (keys, args)
  local call, format = redis.call, string.format
  local known = call ('HMGET', keys[1], 'events', 'epoch', 'epochs')
  local answer = { known[1] or '0', format ('%.0f', earliest_of (keys[2]) or 0), known[2] or '', known[3] or '' }
  local names = args[1] == '*' and call ('ZRANGE', keys[3], 0, -1) or args[1] ~= '' and { args[1] } or {}
  for _, name in ipairs (names) do
    local row = call ('HGET', keys[4], name)
    if row then
      answer[#answer + 1] = name
      answer[#answer + 1] = row
      answer[#answer + 1] = call ('HGET', keys[5], name) or '0'
    end
  end
  return answer
end

-- KEYS: meta. Answer: the numbers of the buckets of request ids as one text, then the names of the partition's journals.
local function inventory (keys)
  local all = redis.call ('HGETALL', keys[1])
  local answer = { '' }
  for i = 1, #all, 2 do
    if all[i] == 'buckets' then
      answer[1] = all[i + 1]
    elseif not RESERVED[all[i]] then
      answer[#answer + 1] = all[i]
    end
  end
  return answer
end
