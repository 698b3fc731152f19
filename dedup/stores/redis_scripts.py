"""What an index in Redis runs in the server: Lua, so that each of these happens as a whole, or not at all.

The keys of an index, `P` being its prefix (see `stores.redis_rows` for what is in them):

* `P:header`: hash, the settings that made it. Never changes.
* `P:state`: hash; `epoch` (drawn when the index was made), `generation` (counts rewritings), `version` (counts commits), `last`
  (the highest row), how much there must be of the rest: `articles`, `names`, `sites`, and the bytes of changes: `history`.
* `P:articles`: hash, row -> what is kept of an article but for its keys.
* `P:rows:N`, `P:keys:N`: strings, what is known of the rows of chunk N, and their keys, one row after the other.
* `P:names`: string, the names of boilerplate. `P:sites`: list, the names of sites.
* `P:notes`: hash, what runs need to know of themselves.
* `P:changes`: list, for each of the last commits its nonce, and what it changed in rows that were there.
* `P:lock`: string, the token of who writes. `P:stage:TOKEN:I`: hash, a part of a large commit that is under way.
"""

from __future__ import annotations

from typing import Final

HISTORY: Final = 65_536
"""Commits whose changes are remembered, while these have no more than `HISTORY_BYTES`. A process that missed more reads the whole
index anew.
"""

HISTORY_BYTES: Final = 16 << 20

CHUNKS: Final = 8
"""Chunks of rows in one answer."""

_HEAD: Final = """
local p = string.sub(KEYS[1], 1, -7)
local call = redis.call
"""
"""KEYS[1]: `P:state`."""

_CHECKED: Final = """
local state = call('HMGET', p .. ':state', 'epoch', 'generation', 'version', 'last', 'articles', 'names', 'sites')
if state[1] ~= ARGV[1] then return {'gone'} end
local held = call('HLEN', p .. ':articles') .. ' ' .. call('STRLEN', p .. ':names') .. ' ' .. call('LLEN', p .. ':sites')
local told = state[5] .. ' ' .. state[6] .. ' ' .. state[7]
if held ~= told then return {'damaged', 'articles, names, sites are ' .. held .. ', expected ' .. told} end
local version = tonumber(state[3])
local history = call('LLEN', p .. ':changes')
call('HLEN', p .. ':notes')
if history == 0 or history > version + 1 then return {'damaged', 'its list of changes is another'} end
"""
"""ARGV[1]: the epoch. Every command that could meet a key of another type stands here, before anything is written."""

_LOOK: Final = """
local known, nonce = tonumber(ARGV[3]), ARGV[4]
local last, size, names, sites = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local behind = version - known
if known >= 0 then
  if behind < 0 then return {'back'} end
  if behind < history and string.sub(call('LINDEX', p .. ':changes', -behind - 1), 1, 8) ~= nonce then return {'back'} end
  if ARGV[5] ~= state[2] or behind >= history then return {'anew'} end
  if behind == 0 and last == tonumber(state[4]) then return {'same'} end
end
local changes = {}
if known < 0 then behind = 1 end
if behind > 0 then changes = call('LRANGE', p .. ':changes', -behind, -1) end
local rows, wide, per = {}, tonumber(ARGV[10]), tonumber(ARGV[11])
local first, final = math.floor(last / per), math.floor((tonumber(state[4]) - 1) / per)
if last == tonumber(state[4]) then final = -1 end
for n = first, math.min(final, first + tonumber(ARGV[12]) - 1) do
  local from, skip = 0, 0
  if n == first then from, skip = (last % per) * wide, size end
  rows[#rows + 1] = n
  rows[#rows + 1] = call('GETRANGE', p .. ':rows:' .. n, from, -1)
  rows[#rows + 1] = call('GETRANGE', p .. ':keys:' .. n, skip, -1)
end
return {'news', state[2], state[3], state[4], state[5], changes, call('GETRANGE', p .. ':names', names, -1),
  call('LRANGE', p .. ':sites', sites, -1), rows}
"""
"""What is new since a version (-1: everything). ARGV: epoch, token (unused), version, its nonce, generation, last row, bytes of
keys known of the chunk of the next row, bytes of names, number of sites, bytes of a row, rows of a chunk, chunks of an answer.
"""

CREATE: Final = (
    _HEAD
    + """
for _, name in ipairs({'header', 'state', 'articles', 'names', 'sites', 'notes', 'changes', 'rows:0', 'keys:0'}) do
  if call('EXISTS', p .. ':' .. name) == 1 then return 0 end
end
for i = 3, #ARGV, 2 do call('HSET', p .. ':header', ARGV[i], ARGV[i + 1]) end
call('HSET', p .. ':state', 'epoch', ARGV[1], 'generation', 0, 'version', 0, 'last', 0, 'articles', 0, 'names', 0, 'sites', 0,
  'history', 0)
call('RPUSH', p .. ':changes', ARGV[2])
return 1
"""
)
"""Makes an index where there is no key of one. ARGV: epoch, nonce, names and values of the header."""

LOOK: Final = _HEAD + _CHECKED + _LOOK

BEGIN: Final = (
    _HEAD
    + """
local lock = p .. ':lock'
local holder = call('GET', lock)
if holder and holder ~= ARGV[2] then return {'busy'} end
"""
    + _CHECKED
    + """
call('SET', lock, ARGV[2], 'PX', ARGV[13])
"""
    + _LOOK
)
"""Takes the lock, if it is free, and looks. ARGV: as `LOOK`, with the token; milliseconds of the lease."""

EXTEND: Final = (
    _HEAD
    + """
local lock = p .. ':lock'
if call('GET', lock) ~= ARGV[1] then return 0 end
for i = 3, #ARGV do call('PEXPIRE', ARGV[i], ARGV[2]) end
return call('PEXPIRE', lock, ARGV[2])
"""
)
"""Keeps the lock, and what is staged. ARGV: token, milliseconds, keys of stages."""

RELEASE: Final = (
    _HEAD
    + """
for i = 2, #ARGV do call('DEL', ARGV[i]) end
if call('GET', p .. ':lock') == ARGV[1] then return call('DEL', p .. ':lock') end
return 0
"""
)
"""Gives the lock back. ARGV: token, keys of stages, which go."""

COMMIT: Final = (
    _HEAD
    + _CHECKED
    + """
local token, known, nonce = ARGV[2], tonumber(ARGV[3]), ARGV[4]
if version == known + 1 and string.sub(call('LINDEX', p .. ':changes', -1), 1, 8) == nonce then return {'done'} end
if version ~= known or string.sub(call('LINDEX', p .. ':changes', -1), 1, 8) ~= ARGV[5] then return {'stale'} end

local at = 6
local function take() at = at + 1; return ARGV[at - 1] end
local function times(doing) for _ = 1, tonumber(take()) do doing() end end
local last, change, names = take(), take(), take()

local parts = {}
times(function()
  local part = {stage = take(), n = take(), from = tonumber(take()), size = tonumber(take()), rows = take(), keys = take(),
    exact = take()}
  local articles = 2 * tonumber(take())
  part.first, at = at, at + articles
  part.final = at - 1
  if part.stage ~= '' then
    local staged = call('HMGET', part.stage, 'rows', 'keys')
    if not staged[1] or not staged[2] then part.stage = false end
    part.rows, part.keys = staged[1], staged[2]
  end
  parts[#parts + 1] = part
end)
local function lists(width)
  local found = {}
  times(function()
    local one = {}
    for i = 1, width do one[i] = take() end
    found[#found + 1] = one
  end)
  return found
end
local sites, changed, gone, dead, anew, noted = lists(1), lists(3), lists(1), lists(1), lists(3), lists(2)
local before, growing = nil, {}
for _, part in ipairs(parts) do
  if not part.stage then return {'stale'} end
  local held = call('STRLEN', p .. ':rows:' .. part.n) .. ' ' .. call('STRLEN', p .. ':keys:' .. part.n)
  local told = part.from .. ' ' .. part.size
  if before ~= part.n and held ~= told then
    return {'damaged', 'chunk ' .. part.n .. ' has bytes ' .. held .. ', expected ' .. told}
  end
  before = part.n
  growing[part.n] = true
end
for _, one in ipairs(changed) do
  if not growing[one[1]] and call('STRLEN', p .. ':rows:' .. one[1]) < one[2] + #one[3] then
    return {'damaged', 'chunk ' .. one[1] .. ' is cut'}
  end
end

for _, part in ipairs(parts) do
  local rows, keys = p .. ':rows:' .. part.n, p .. ':keys:' .. part.n
  call('APPEND', rows, part.rows)
  call('APPEND', keys, part.keys)
  if part.exact == '1' then
    call('SET', rows, call('GET', rows))
    call('SET', keys, call('GET', keys))
  end
  for i = part.first, part.final, 1000 do
    call('HSET', p .. ':articles', unpack(ARGV, i, math.min(i + 999, part.final)))
  end
  if part.stage ~= '' then
    call('HDEL', part.stage, 'rows', 'keys')
    local staged = call('HGETALL', part.stage)
    for i = 1, #staged, 2 do call('HSET', p .. ':articles', staged[i], staged[i + 1]) end
    call('DEL', part.stage)
  end
end
if names ~= '' then call('APPEND', p .. ':names', names) end
for _, one in ipairs(sites) do call('RPUSH', p .. ':sites', one[1]) end
for _, one in ipairs(changed) do call('SETRANGE', p .. ':rows:' .. one[1], one[2], one[3]) end
for _, one in ipairs(gone) do call('HDEL', p .. ':articles', one[1]) end
for _, one in ipairs(dead) do call('DEL', p .. ':rows:' .. one[1], p .. ':keys:' .. one[1]) end
for _, one in ipairs(anew) do
  call('SET', p .. ':rows:' .. one[1], one[2])
  call('SET', p .. ':keys:' .. one[1], one[3])
end
for _, one in ipairs(noted) do
  if one[2] == '' then call('HDEL', p .. ':notes', one[1]) else call('HSET', p .. ':notes', one[1], one[2]) end
end
local most, room = tonumber(take()), tonumber(take())
local length = call('RPUSH', p .. ':changes', nonce .. change)
local size = tonumber(call('HGET', p .. ':state', 'history')) + #change
while length > 1 and (length > most or size > room) do
  size = size - #call('LPOP', p .. ':changes') + 8
  length = length - 1
end
call('HSET', p .. ':state', 'version', known + 1, 'generation', state[2] + math.min(#anew, 1), 'last', last,
  'articles', call('HLEN', p .. ':articles'), 'names', call('STRLEN', p .. ':names'), 'sites', call('LLEN', p .. ':sites'),
  'history', size)
if call('GET', p .. ':lock') == token then call('DEL', p .. ':lock') end
return {'done'}
"""
)
"""Writes one change of the store, if it was made at the version that the store has: who lost the lock meanwhile is refused.

Sent twice, it is done once. ARGV: epoch, token, version, nonce, the version's nonce; last row, changes of rows, names; and with
their number before each: parts (stage or nothing, chunk, bytes of rows and of keys that the chunk has before, rows, keys, whether
to keep no room behind them; articles), sites, changed bytes of rows (chunk, offset, bytes), articles to delete, chunks to delete,
chunks to write anew (chunk, rows, keys), notes (name, value; nothing: to forget); the length of history, and its bytes.
"""
