"""What the store itself does for the journal: each script is one step, on keys of one duel."""

from python_duel.platform.pipelined import HotScript
from python_duel.platform.redis import UNSTARVED

# The same edit twice is one: the answer to the first may have been lost. Where an earlier pen was put back, a later one
# is forgotten, not taken.
# KEYS live, log; ARGV pen field, base field, epoch, keep, seq, changes. Gives who watches, or why not as a number.
APPEND = HotScript("""
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'watched')
if live[1] ~= ARGV[3] then
  if live[1] == 'closed' then return 2 end
  return live[1] and live[1] ~= redis.call('HGET', KEYS[1], 'put_back' .. string.sub(ARGV[1], 4)) and 1 or 4
end
local base, seq = tonumber(live[2] or 0), tonumber(ARGV[5])
local length = base + redis.call('RPUSH', KEYS[2], ARGV[6])
if length == seq then
  if seq == base + 1 then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
  return live[3] or ''
end
redis.call('RPOP', KEYS[2])
if seq > base and redis.call('LINDEX', KEYS[2], seq - base - 1) == ARGV[6] then return live[3] or '' end
return 3
""")

# An epoch begins with the store's time in microseconds, so that of two pens one knows which is the later.
# KEYS live, mark, log; ARGV pen field, page field, id, page, '1' to take it from another page, '1' to take it though
# the store may have lost one, keep. Gives a `Before`, the epoch, and what `READ` does.
TAKE_PEN = HotScript(
    UNSTARVED
    + """
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'begun')
if live[1] == 'closed' then return {'closed', '', false, {}} end
local before = not live[1] and 'nobody' or (live[2] or '') == ARGV[4] and 'own' or 'other'
if before == 'nobody' and not live[3] and ARGV[6] == '0' then return {'unknown', '', false, {}} end
if before == 'other' and ARGV[5] == '0' then return {'held', '', false, {}} end
local now = redis.call('TIME')
local last = tonumber(string.match(live[1] or '', '^(%d+):') or 0)
local epoch = string.format('%.0f:%s', math.max(now[1] * 1e6 + now[2], last + 1), ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], epoch, ARGV[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {before, epoch, redis.call('GET', KEYS[2]), redis.call('LRANGE', KEYS[3], 0, -1)}
"""
)

# Where there is a pen, nothing is put back, but over an earlier pen that was put back: a pen reads the log after it has
# fenced the earlier ones, so the latest knows all that was acknowledged.
# KEYS live, mark, log, past; ARGV pen field, base field, page field, put-back field, epoch, page, seq, mark, chunk,
# keep. Gives whether it was done.
PUT_BACK = HotScript("""
local live = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[4])
local seq = tonumber(ARGV[7])
local function taken(epoch) return tonumber(string.match(epoch, '^%d+')) end
if live[1] and (live[1] ~= live[2] or taken(ARGV[5]) <= taken(live[1])) then return 0 end
if redis.call('EXISTS', KEYS[3]) == 1 or not live[1] and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[5], ARGV[2], seq, ARGV[3], ARGV[6], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[10])
redis.call('DEL', KEYS[2], KEYS[4])
if seq == 0 then return 1 end
redis.call('SET', KEYS[2], ARGV[8], 'EX', ARGV[10])
redis.call('RPUSH', KEYS[4], ARGV[9])
redis.call('EXPIRE', KEYS[4], ARGV[10])
return 1
""")

# KEYS live; ARGV keep
BEGIN = HotScript(
    UNSTARVED
    + """
redis.call('HSET', KEYS[1], 'begun', 1)
return redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
)

# KEYS live; ARGV field ...
FIELDS = HotScript("return redis.call('HMGET', KEYS[1], unpack(ARGV))")

# KEYS live; ARGV process, '1' to begin or '0' to end, keep. A process is in the list once.
WATCH = HotScript(
    UNSTARVED
    + """
local kept = {}
for name in string.gmatch(redis.call('HGET', KEYS[1], 'watched') or '', '%S+') do
  if name ~= ARGV[1] then kept[#kept + 1] = name end
end
if ARGV[2] == '1' then kept[#kept + 1] = ARGV[1] end
if #kept == 0 then return redis.call('HDEL', KEYS[1], 'watched') end
redis.call('HSET', KEYS[1], 'watched', table.concat(kept, ' '))
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
)

# KEYS live, mark and log of each document; ARGV keep, pen field of each. What `READ` gives, of each.
CLOSE = HotScript(
    UNSTARVED
    + """
local read = {}
for i = 2, #ARGV do
  redis.call('HSET', KEYS[1], ARGV[i], 'closed')
  read[i - 1] = {redis.call('GET', KEYS[2 * i - 2]), redis.call('LRANGE', KEYS[2 * i - 1], 0, -1)}
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return read
"""
)

# KEYS mark or past, log. What was before, and the edits since.
READ = HotScript("return {redis.call('GET', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1)}")
READ_PAST = HotScript("return {redis.call('LRANGE', KEYS[1], 0, -1), redis.call('LRANGE', KEYS[2], 0, -1)}")

# KEYS live, log, mark, past; ARGV base field, base before, base after, mark, chunk, keep
COMPACT = HotScript("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('LTRIM', KEYS[2], ARGV[3] - ARGV[2], -1)
redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[6])
redis.call('RPUSH', KEYS[4], ARGV[5])
redis.call('EXPIRE', KEYS[4], ARGV[6])
return 1
""")
