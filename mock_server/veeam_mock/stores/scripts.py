"""What Redis does in one step, as Lua scripts.

A world `W` is a hash `W` (epoch, ahead, frozen, versions, counters) and keys below it. Records of a kind are a hash
`W:kind`, their order a sorted set `W:kind:order`, their names a hash `W:kind:names`. A script that changes a world is
told the epoch that the caller knows: when the world was reset meanwhile, nothing is changed.
"""

from veeam_mock.stores.link import Script

_RECORDS = """
local function forget(kind, key)
  redis.call('HDEL', kind, key)
  local name = redis.call('HGET', kind .. ':names', 'key:' .. key)
  if name then redis.call('HDEL', kind .. ':names', 'key:' .. key, 'name:' .. name) end
end
local function keep(world, kind, key, record, bound, name)
  if redis.call('HEXISTS', kind, key) == 0 then
    local place = redis.call('HINCRBY', world, 'placed', 1)
    while redis.call('HLEN', kind) >= bound do
      local oldest = redis.call('ZPOPMIN', kind .. ':order')
      if not oldest[1] then break end
      forget(kind, oldest[1])
    end
    redis.call('ZADD', kind .. ':order', place, key)
  end
  redis.call('HSET', kind, key, record)
  if name ~= '' then redis.call('HSET', kind .. ':names', 'key:' .. key, name, 'name:' .. name, key) end
end
local function is_stale(world, epoch) return redis.call('HGET', world, 'epoch') ~= epoch end
local function drop(world)
  redis.call('DEL', world)
  for _, part in ipairs({'settings', 'faults', 'counts', 'logins', 'issued'}) do
    redis.call('DEL', world .. ':' .. part)
  end
  for _, kind in ipairs({'access', 'refresh', 'codes', 'organizations', 'restore-sessions'}) do
    kind = world .. ':' .. kind
    redis.call('DEL', kind, kind .. ':order', kind .. ':names')
  end
end
"""


def _script(text: str) -> Script:
    return Script(_RECORDS + text)


PUT = _script("""
if is_stale(KEYS[1], ARGV[1]) then return 0 end
keep(KEYS[1], KEYS[2], ARGV[2], ARGV[3], tonumber(ARGV[4]), '')
return 1
""")
"""KEYS: world, kind; ARGV: epoch, key, record, bound."""

ADD = _script("""
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
if ARGV[5] ~= '' and redis.call('HEXISTS', KEYS[2] .. ':names', 'name:' .. ARGV[5]) == 1 then return 0 end
if not is_stale(KEYS[1], ARGV[1]) then keep(KEYS[1], KEYS[2], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]) end
return 1
""")
"""KEYS: world, kind; ARGV: epoch, key, record, bound, name. 0 when key or name is taken."""

SWAP = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
""")
"""KEYS: kind; ARGV: key, old record, new record. 0 when the record is another."""

POP = _script("""
local record = redis.call('HGET', KEYS[1], ARGV[1])
if record then
  forget(KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[1] .. ':order', ARGV[1])
end
return record
""")
"""KEYS: kind; ARGV: key. The record that was there."""

VALUES = Script("""
local keys = redis.call('ZRANGE', KEYS[1] .. ':order', ARGV[1], ARGV[2])
return #keys == 0 and {} or redis.call('HMGET', KEYS[1], unpack(keys))
""")
"""KEYS: kind; ARGV: first and last place. At most a thousand records, in their order."""

ENTER = Script("""
local time = redis.call('TIME')
local state = redis.call('HMGET', KEYS[1], 'epoch', 'ahead', 'frozen', 'settings', 'faults')
return {time[1], time[2], unpack(state)}
""")
"""KEYS: world. The store's time in seconds and microseconds, and what the world stands at."""

MAKE = _script("""
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
if ARGV[2] ~= '' then
  local others = redis.call('ZCARD', KEYS[2]) - (redis.call('ZSCORE', KEYS[2], '') and 1 or 0)
  if others >= tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'ahead', ARGV[4], 'frozen', '', 'settings', '0', 'faults', '0')
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[2] .. ':made'), ARGV[2])
for _, seed in ipairs(cjson.decode(ARGV[5])) do
  keep(KEYS[1], KEYS[1] .. ':' .. seed[1], seed[2], seed[3], tonumber(seed[4]), seed[5])
end
for _, fault in ipairs(cjson.decode(ARGV[6])) do
  redis.call('HSET', KEYS[1] .. ':faults', redis.call('HINCRBY', KEYS[1], 'numbered', 1), fault)
end
return 1
""")
"""KEYS: world, worlds; ARGV: epoch, name, most worlds, ahead, seeds (kind, key, record, bound, name), faults.

0 when there is no room.
"""

RESET = _script("drop(KEYS[1]) redis.call('ZREM', KEYS[2], ARGV[1])")
"""KEYS: world, worlds; ARGV: name."""

BEGIN = _script("""
local known = redis.call('GET', KEYS[1] .. ':settings')
redis.call('SET', KEYS[1] .. ':settings', ARGV[1])
if ARGV[2] == 'keep' and (not known or known == ARGV[1]) then return 0 end
for _, name in ipairs(redis.call('ZRANGE', KEYS[1] .. ':worlds', 0, -1)) do drop(KEYS[1] .. ':w:' .. name) end
redis.call('DEL', KEYS[1] .. ':worlds', KEYS[1] .. ':journal', KEYS[1] .. ':journal:counts')
return 1
""")
"""KEYS: prefix; ARGV: digest of the settings, 'keep' or 'anew'. All worlds go when the settings are others, or anew."""

CHANGE = _script("""
if is_stale(KEYS[1], ARGV[1]) then return end
redis.call('HINCRBY', KEYS[1], 'settings', 1)
for number = 2, #ARGV, 2 do redis.call('HSET', KEYS[1] .. ':settings', ARGV[number], ARGV[number + 1]) end
""")
"""KEYS: world; ARGV: epoch, then keys and values of settings."""

TURN = _script("""
if is_stale(KEYS[1], ARGV[1]) then return 1 end
local now = redis.call('HMGET', KEYS[1], 'ahead', 'frozen')
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'ahead', ARGV[4], 'frozen', ARGV[5])
return 1
""")
"""KEYS: world; ARGV: epoch, ahead and frozen as they were, ahead and frozen as they will be. 0 when they are others."""

DRAW = _script("""
if is_stale(KEYS[1], ARGV[1]) then return 0 end
return redis.call('HINCRBY', KEYS[1], 'drawn', 1)
""")
"""KEYS: world; ARGV: epoch. How often chance was asked in this world."""

COUNT = _script("""
if is_stale(KEYS[1], ARGV[1]) then return false end
local now, wait = tonumber(ARGV[2]), 0
local count = redis.call('LLEN', KEYS[2])
for place = 4, #ARGV, 2 do
  local most = tonumber(ARGV[place])
  if count >= most then
    wait = math.max(wait, tonumber(redis.call('LINDEX', KEYS[2], -most)) + tonumber(ARGV[place + 1]) - now)
  end
end
if wait > 0 then return string.format('%.17g', wait) end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[3]), -1)
return false
""")
"""KEYS: world, calls; ARGV: epoch, now, calls to remember, then number and span of each window.

The seconds to wait for a call that is one too many.
"""

ADD_FAULT = _script("""
if is_stale(KEYS[1], ARGV[1]) then return 1 end
if redis.call('HLEN', KEYS[1] .. ':faults') >= tonumber(ARGV[3]) then return 0 end
redis.call('HINCRBY', KEYS[1], 'faults', 1)
local number = redis.call('HINCRBY', KEYS[1], 'numbered', 1)
redis.call('HSET', KEYS[1] .. ':faults', number, ARGV[2])
return number
""")
"""KEYS: world; ARGV: epoch, fault, most. The fault's number; 0 when there are too many."""

REMOVE_FAULTS = _script("""
if is_stale(KEYS[1], ARGV[1]) then return 0 end
redis.call('HINCRBY', KEYS[1], 'faults', 1)
if ARGV[2] == '' then return redis.call('DEL', KEYS[1] .. ':faults', KEYS[1] .. ':counts') end
redis.call('HDEL', KEYS[1] .. ':counts', 'matched:' .. ARGV[2], 'struck:' .. ARGV[2])
return redis.call('HDEL', KEYS[1] .. ':faults', ARGV[2])
""")
"""KEYS: world; ARGV: epoch, number (empty for all)."""

STRIKE = _script("""
if is_stale(KEYS[1], ARGV[1]) then return {} end
local counts, found, chosen = KEYS[1] .. ':counts', {}, {}
for _, rule in ipairs(cjson.decode(ARGV[3])) do
  local number, kind, times, after, probability = unpack(rule)
  local struck = tonumber(redis.call('HGET', counts, 'struck:' .. number) or '0')
  local is_there = redis.call('HEXISTS', KEYS[1] .. ':faults', number) == 1
  if is_there and not chosen[kind] and (times < 0 or struck < times) then
    local matched = redis.call('HINCRBY', counts, 'matched:' .. number, 1)
    local digest = redis.sha1hex(ARGV[2] .. '/' .. number .. '/' .. matched)
    local drawn = tonumber(string.sub(digest, 1, 8), 16) / 4294967296
    if matched > after and (probability >= 1 or drawn < probability) then
      redis.call('HINCRBY', counts, 'struck:' .. number, 1)
      chosen[kind] = true
      found[#found + 1] = {number, matched}
    end
  end
end
return found
""")
"""KEYS: world; ARGV: epoch, seed of chance, rules in their order (number, kind, times or -1, after, probability).

Each counts the request; of a kind (`delay` or `other`) one strikes. The numbers of those that do, and their counts.
"""

RECORD = Script("""
local counts = KEYS[1] .. ':counts'
local number = redis.call('HINCRBY', counts, 'numbered', 1)
redis.call('XADD', KEYS[1], number .. '-0', 'world', ARGV[1], 'cost', ARGV[2], 'exchange', ARGV[3])
local bytes = redis.call('HINCRBY', counts, 'bytes', ARGV[2])
while redis.call('XLEN', KEYS[1]) > tonumber(ARGV[4]) or bytes > tonumber(ARGV[5]) do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if not oldest then break end
  redis.call('XDEL', KEYS[1], oldest[1])
  bytes = redis.call('HINCRBY', counts, 'bytes', -tonumber(oldest[2][4]))
  redis.call('HINCRBY', counts, 'forgotten:' .. oldest[2][2], 1)
end
return number
""")
"""KEYS: journal; ARGV: world, cost, exchange, most entries, most bytes. The number of the exchange."""

FORGET = Script("""
local last = false
redis.call('HDEL', KEYS[1] .. ':counts', 'forgotten:' .. ARGV[1])
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', 1000)) do
  last = entry[1]
  if entry[2][2] == ARGV[1] then
    redis.call('XDEL', KEYS[1], last)
    redis.call('HINCRBY', KEYS[1] .. ':counts', 'bytes', -tonumber(entry[2][4]))
  end
end
return last
""")
"""KEYS: journal; ARGV: world, where to begin. Drops those of a world among the next thousand; where it ended."""
