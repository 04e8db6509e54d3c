import { createHash } from 'node:crypto';

/** A Lua script, which Redis runs as one step. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** Adds a body to the log: the store's time, then the number one above the last one. The clock may go back; ids may not. */
const ADD = `
local function add(log, head, bodies)
  local time = redis.call('TIME')
  local kept = redis.call('HMGET', head, 'ms', 'n')
  local ms = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(kept[1] or 0))
  local n = tonumber(kept[2] or time[2])
  local at
  for _, body in ipairs(bodies) do
    n = n + 1
    at = string.format('%.0f-%.0f', ms, n)
    redis.call('XADD', log, at, 'b', body)
  end
  redis.call('HSET', head, 'ms', string.format('%.0f', ms), 'n', string.format('%.0f', n))
  return at
end`;

/**
 * Where the log ends. One that is new begins at a number by chance, so that a log whose server has lost everything is not
 * taken for the one before.
 */
const END = `
local function log_end(head, time)
  redis.call('HSETNX', head, 'n', time[2])
  redis.call('HSETNX', head, 'ms', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
  local kept = redis.call('HMGET', head, 'ms', 'n')
  return kept[1] .. '-' .. kept[2]
end`;

/** KEYS: head. */
export const OPEN = script(`${END}
return log_end(KEYS[1], redis.call('TIME'))`);

/** KEYS: log, head, what this node has appended. ARGV: number of the first body, bodies. */
export const APPEND = script(`${ADD}
local done = tonumber(redis.call('GET', KEYS[3]) or 0)
local number = tonumber(ARGV[1])
local bodies = {}
for i = 2, #ARGV do
  if number > done then bodies[#bodies + 1] = ARGV[i] end
  number = number + 1
end
if #bodies == 0 then return nil end
redis.call('SET', KEYS[3], string.format('%.0f', number - 1), 'PX', 86400000)
return add(KEYS[1], KEYS[2], bodies)`);

/**
 * KEYS: session, its direct packets. ARGV: owner, ttl, limit of direct packets, state or '', read or '', got, then place and
 * body of direct packets in turn. Returns 0 if the session is another owner's.
 */
export const SAVE = script(`
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 1
end
if not owner and ARGV[4] == '' then return #ARGV > 6 and 0 or 1 end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'state', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'read', ARGV[5], 'got', ARGV[6]) end
if #ARGV > 6 then
  local function place(at)
    local ms, n, d = string.match(at, '^(%d+)-(%d+)-?(%d*)$')
    return tonumber(ms), tonumber(n), tonumber(d) or 0
  end
  local last = redis.call('LINDEX', KEYS[2], -2)
  local ms, n, d = 0, 0, 0
  if last then ms, n, d = place(last) end
  for i = 7, #ARGV, 2 do
    local ms2, n2, d2 = place(ARGV[i])
    if ms2 > ms or (ms2 == ms and (n2 > n or (n2 == n and d2 > d))) then redis.call('RPUSH', KEYS[2], ARGV[i], ARGV[i + 1]) end
  end
  while redis.call('LLEN', KEYS[2]) > 2 * tonumber(ARGV[3]) do
    redis.call('HSET', KEYS[1], 'dropped', redis.call('LPOP', KEYS[2]))
    redis.call('LPOP', KEYS[2])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1`);

/** KEYS: session, its direct packets, log, head. ARGV: owner, ttl, body, what the client has, limit of handovers. */
export const TAKE = script(`${ADD}
local session = redis.call('HMGET', KEYS[1], 'state', 'read', 'got', 'dropped', 'owner', 'handovers')
if not session[1] then return nil end
local list = session[6] and cjson.decode(session[6]) or {}
list[#list + 1] = { owner = session[5], has = ARGV[4], kept = redis.call('LINDEX', KEYS[2], -2) or '' }
while #list > tonumber(ARGV[5]) do table.remove(list, 1) end
local handovers = cjson.encode(list)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'handovers', handovers)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local at = add(KEYS[3], KEYS[4], { ARGV[3] })
return { session[1], session[2], session[3], session[4] or '', handovers, at, redis.call('LRANGE', KEYS[2], 0, -1) }`);

/** KEYS: log, head. ARGV: milliseconds, bytes. */
export const PRUNE = script(`${END}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', now - ARGV[1]))
local bytes = redis.call('MEMORY', 'USAGE', KEYS[1]) or 0
if bytes > tonumber(ARGV[2]) then
  redis.call('XTRIM', KEYS[1], 'MAXLEN', math.floor(redis.call('XLEN', KEYS[1]) * ARGV[2] / bytes))
end
return log_end(KEYS[2], time)`);

/** KEYS: claim. ARGV: value, ttl, '1' to replace. */
export const CLAIM = script(`
local held = redis.call('GET', KEYS[1])
if held and ARGV[3] == '0' then return { 0, held } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 1, ARGV[1] }`);

function script(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
