#!lua name=duel_judging
-- The judges' queue: each change is one function, so that a web or a judge that dies leaves it whole.
-- The keys are described in protocol/jobs.py. Order: a player has one job on the stream; when it is done, their next
-- one goes to the stream's end. So players take turns, however many jobs one of them has.

local JOBS, GROUP, RESULTS, DEAD = '{judge}:jobs', 'judges', '{judge}:results', '{judge}:dead'
local QUEUED, TURNS, CLOCK = '{judge}:queued', '{judge}:turns', '{judge}:clock'
local DEAD_KEPT = 1000
local CLASS = {submission = 2 ^ 40, run = 2 ^ 41} -- scores of waiting jobs: submissions before runs, each by the clock

local function line(player)
  return '{judge}:line:' .. player
end

local function forget(player, id)
  redis.call('ZREM', line(player), id)
  redis.call('HDEL', QUEUED, id)
end

-- Whether the player has a job on the stream. One whose entry is gone (a stream cut by hand) is forgotten.
local function has_turn(player)
  local first = redis.call('ZRANGE', line(player), 0, 0, 'WITHSCORES')
  if #first == 0 or tonumber(first[2]) > 0 then return false end
  local entry = redis.call('HGET', QUEUED, first[1])
  if entry and #redis.call('XRANGE', JOBS, entry, entry) > 0 then return true end
  forget(player, first[1])
  return false
end

-- Puts the player's first waiting job at the end of the stream.
local function take_turn(player)
  local id = redis.call('ZRANGE', line(player), 0, 0)[1]
  if not id then
    redis.call('ZREM', TURNS, player)
    return
  end
  local job = redis.call('HGET', QUEUED, id)
  redis.call('HSET', QUEUED, id, redis.call('XADD', JOBS, '*', 'job', job, 'id', id, 'player', player))
  redis.call('ZADD', line(player), 0, id)
  redis.call('ZADD', TURNS, redis.call('INCR', CLOCK), player)
end

-- How many jobs come before the player's job that has `own` of their own before it.
local function before(player, own)
  local turn = redis.call('ZRANK', TURNS, player) or redis.call('ZCARD', TURNS)
  if own == 0 then return turn end
  local count = own
  for i, other in ipairs(redis.call('ZRANGE', TURNS, 0, -1)) do
    if other ~= player then
      count = count + math.min(redis.call('ZCARD', line(other)), i <= turn and own + 1 or own)
    end
  end
  return count
end

-- args: player, job id, kind, job as JSON. The same job again, while it is queued, changes nothing.
local function put(_, args)
  local player, id, kind, job = unpack(args)
  local turn = has_turn(player)
  if redis.call('HEXISTS', QUEUED, id) == 0 then
    redis.call('HSET', QUEUED, id, job)
    redis.call('ZADD', line(player), CLASS[kind] + redis.call('INCR', CLOCK), id)
  end
  if not turn then take_turn(player) end
end

-- args: entry, player or '', result as JSON or '', reason or '', job as JSON. A job is finished once: gives 0 when it was
-- before. With a reason it goes to the dead letters.
local function finish(_, args)
  local entry, player, result, reason, job = unpack(args)
  if redis.call('XACK', JOBS, GROUP, entry) == 0 then return 0 end
  redis.call('XDEL', JOBS, entry)
  if reason ~= '' then redis.call('XADD', DEAD, 'MAXLEN', '~', DEAD_KEPT, '*', 'job', job, 'reason', reason) end
  if result ~= '' then redis.call('XADD', RESULTS, '*', 'result', result) end
  if player ~= '' and not has_turn(player) then take_turn(player) end
  return 1
end

-- args: entry. A result is applied, and gone.
local function taken(_, args)
  redis.call('XACK', RESULTS, 'web', args[1])
  return redis.call('XDEL', RESULTS, args[1])
end

-- args: player, job id. Jobs before this one; 0 too when it is judged already.
local function place(_, args)
  local own = redis.call('ZRANK', line(args[1]), args[2])
  return own and before(args[1], own) or 0
end

-- args: player, kind. All jobs, the players who have one, the player's own, and how many would be before a new one.
local function room(_, args)
  local player, kind = unpack(args)
  local own = redis.call('ZCOUNT', line(player), '-inf', '(' .. 2 * CLASS[kind])
  return {
    redis.call('HLEN', QUEUED),
    redis.call('ZCARD', TURNS),
    redis.call('ZCARD', line(player)),
    before(player, own),
  }
end

-- args: player, job id. 1 when no judge will meet the job any more.
local function lost(_, args)
  return (redis.call('HEXISTS', QUEUED, args[2]) == 0 or not has_turn(args[1])) and 1 or 0
end

redis.register_function('duel_put', put)
redis.register_function('duel_room', room)

-- Those that make room, or tell, go on when the store has no memory left.
redis.register_function{function_name = 'duel_finish', callback = finish, flags = {'allow-oom'}}
redis.register_function{function_name = 'duel_taken', callback = taken, flags = {'allow-oom'}}
redis.register_function{function_name = 'duel_place', callback = place, flags = {'allow-oom'}}
redis.register_function{function_name = 'duel_lost', callback = lost, flags = {'allow-oom'}}
