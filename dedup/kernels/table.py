"""Keys of articles -> the rows that hold them: an open hash table, its buckets lines of the processor's cache (Knuth 6.4)."""

from __future__ import annotations

import numpy as np
from numba import njit, uint16, uint32, uint64

LINE = 8
"""Words (u64) of a bucket, a line of the cache: the tags of ten keys (u16), what else is known of them (u32), their rows (u32).
What else is known: in the lowest four bits how many keys there are, then of each the two lowest bits of its place.
"""

SLOTS = 10
_KNOWN = 5
_ROWS = 6

_AHEAD = 64
"""So many buckets are read before the first of them is needed: the processor waits for all of them at once."""

_MIX = uint64(0x9FB21C651E98DF25)
_SPREAD = uint64(0xC4CEB9FE1A85EC53)
_ONES = uint64(0x0001000100010001)
_HIGHS = uint64(0x8000800080008000)
_NOWHERE = uint64(0xFFFFFFFFFFFFFFFF)


@njit(inline="always")
def made_tag(place, low, extra):  # type: ignore[no-untyped-def]
    """The tag of a key: `extra` bits of its own (`low`), and above them bits that follow from its place."""
    k = uint64(place) * _MIX
    k ^= k >> uint64(29)
    k *= _SPREAD
    return uint16((k >> uint64(48) << extra) | uint64(low))


@njit(nogil=True, cache=True)
def digest(keys, salt, extra, places, tags):  # type: ignore[no-untyped-def]
    """What a table knows of each key (u64): its place (u32, spread over all of the table) and its tag (u16), in which `extra`
    bits more of the key are.
    """
    mask = (uint64(1) << uint64(extra)) - uint64(1)
    for i in range(len(keys)):
        k = (uint64(keys[i]) ^ salt) * _MIX
        k ^= k >> uint64(32)
        k *= _SPREAD
        k ^= k >> uint64(29)
        places[i] = uint32(k >> uint64(32))
        tags[i] = made_tag(places[i], k & mask, uint64(extra))


@njit(nogil=True, cache=True)
def tags_of(places, lows, extra, tags):  # type: ignore[no-untyped-def]
    """The tags of keys of which the places and `extra` bits more (u8) are known."""
    for i in range(len(places)):
        tags[i] = made_tag(places[i], lows[i], uint64(extra))


@njit(inline="always")
def slot_of(place, size):  # type: ignore[no-untyped-def]
    """A place of 32 bits on a table of any size (Lemire 2016)."""
    return (uint64(place) * uint64(size)) >> uint64(32)


@njit(inline="always")
def _may_hold(a, b, c, pattern):  # type: ignore[no-untyped-def]
    """Whether one of the tags in three words is that of the pattern, which has it four times (a zero in a word: Mycroft 1987).
    What else stands in the last word may be taken for one: who asks looks again.
    """
    x, y, z = a ^ pattern, b ^ pattern, c ^ pattern
    return (((x - _ONES) & ~x) | ((y - _ONES) & ~y) | ((z - _ONES) & ~z)) & _HIGHS != 0


@njit(nogil=True, cache=True)
def _touch(cells, places):  # type: ignore[no-untyped-def]
    """Reads the buckets of keys, so that they are at hand when they are asked for; what it gives keeps the compiler from leaving
    that out (group prefetching: Chen, Ailamaki, Gibbons and Mowry 2007).
    """
    size = uint64(len(cells) // LINE)
    found = uint64(0)
    for place in places:
        found ^= cells[slot_of(place, size) * uint64(LINE)]
    return found


@njit(nogil=True, cache=True)
def insert(cells, rows, marks, places, tags, owners, limit, alive):  # type: ignore[no-untyped-def]
    """Enters key i for the row `owners[i]` (or all for the one owner that is given), in the place of a row that holds it and is
    not `alive` (u8 by row) if there is one, but not for a row that has it already; returns how many took free slots, how many
    did not enter because `limit` living rows hold the key already, and what `_touch` gives. The table must have room.

    A table is one array as `cells` u64, `rows` u32 and `marks` u16; a bucket that is full runs over into the next one.
    """
    size = uint64(len(cells) // LINE)
    step = 0 if len(owners) == 1 else 1
    entered = 0
    refused = 0
    touched = uint64(0)
    for i in range(len(places)):  # no array is passed on for each key: counting who has it takes longer than all else
        if i % _AHEAD == 0:
            touched ^= _touch(cells, places[i : i + _AHEAD])
        tag, more = tags[i], places[i] & uint32(3)
        pattern = uint64(tag) * _ONES
        owner = owners[i * step]
        line = slot_of(places[i], size)
        dead = _NOWHERE
        held = 0
        there = False
        while True:
            at = line * uint64(LINE)
            first = line * uint64(2 * LINE)
            known = rows[first + uint64(_KNOWN)]
            count = uint64(known & uint32(15))
            if _may_hold(cells[at], cells[at + uint64(1)], cells[at + uint64(2)], pattern):
                for k in range(count):
                    if (
                        marks[uint64(2) * first + k] == tag
                        and (known >> uint32(uint64(4) + uint64(2) * k)) & uint32(3) == more
                    ):
                        slot = first + uint64(_ROWS) + k
                        row = rows[slot]
                        there = there or row == owner
                        if alive[row]:
                            held += 1
                        elif dead == _NOWHERE:
                            dead = slot
            if there or held >= limit or count < SLOTS:
                break
            line += uint64(1)
            if line == size:
                line = uint64(0)
        if there:
            continue
        if held >= limit:
            refused += 1
        elif dead != _NOWHERE:
            rows[dead] = owner
        else:
            rows[first + uint64(_ROWS) + count] = owner
            marks[uint64(2) * first + count] = tag
            rows[first + uint64(_KNOWN)] = uint32(known + uint32(1)) | more << uint32(uint64(4) + uint64(2) * count)
            entered += 1
    return entered, refused, touched


@njit(nogil=True, cache=True)
def find(cells, rows, marks, places, tags, alive, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """Writes the living rows that hold some key, and the number of the key, key by key; returns how many there are."""
    size = uint64(len(cells) // LINE)
    found = 0
    for i in range(len(places)):
        tag, more = tags[i], places[i] & uint32(3)
        pattern = uint64(tag) * _ONES
        line = slot_of(places[i], size)
        while True:
            at = line * uint64(LINE)
            first = line * uint64(2 * LINE)
            known = rows[first + uint64(_KNOWN)]
            count = uint64(known & uint32(15))
            if _may_hold(cells[at], cells[at + uint64(1)], cells[at + uint64(2)], pattern):
                for k in range(count):
                    if (
                        marks[uint64(2) * first + k] == tag
                        and (known >> uint32(uint64(4) + uint64(2) * k)) & uint32(3) == more
                    ):
                        row = rows[first + uint64(_ROWS) + k]
                        if alive[row] and found < len(out_rows):
                            out_rows[found] = row
                            out_keys[found] = i
                            found += 1
            if count < SLOTS:
                break
            line += uint64(1)
            if line == size:
                line = uint64(0)
    return found


@njit(nogil=True, cache=True)
def tally(rows, count):  # type: ignore[no-untyped-def]
    """The distinct values of `rows[:count]`, in order, and how often each is there."""
    ordered = np.sort(rows[:count])
    distinct = np.empty(count, np.int64)
    times = np.empty(count, np.int64)
    found = 0
    for i in range(count):
        if i == 0 or ordered[i] != ordered[i - 1]:
            distinct[found] = ordered[i]
            times[found] = 0
            found += 1
        times[found - 1] += 1
    return distinct[:found], times[:found]


@njit(nogil=True, cache=True)
def insert_row(tables, keys, owner, limits, alive, entered):  # type: ignore[no-untyped-def]
    """Enters the keys of one row in several tables, (cells, rows, tags) each, `keys` (places, tags) each: as `insert` does.
    `entered` i64[tables, 2]: adds how many entered, and how many were refused.
    """
    owners = np.full(1, owner, np.uint32)
    for t in range(len(tables)):
        cells, rows, tags = tables[t]
        more, refused, _ = insert(cells, rows, tags, keys[t][0], keys[t][1], owners, limits[t], alive)
        entered[t, 0] += more
        entered[t, 1] += refused


@njit(nogil=True, cache=True)
def _sharing(found, size, asked, counts, share, out, written):  # type: ignore[no-untyped-def]
    """Writes to `out`, behind `written` rows, those of `found[:size]` that share enough of `asked` passages with a text; returns
    how many there are then.

    Enough are two (one where a text has one), and `share` of the passages of the text that has fewer; `counts` u16: those of each
    row.
    """
    rows, times = tally(found, size)
    for i in range(len(rows)):
        fewer = min(np.int64(counts[rows[i]]), asked)
        if times[i] >= min(2, fewer) and times[i] >= share * fewer:
            out[written] = rows[i]
            written += 1
    return written


@njit(nogil=True, cache=True)
def propose(near, held, keys, limits, alive, counts, share, out):  # type: ignore[no-untyped-def]
    """Writes the living rows that share a key of `near`, or enough keys of `held` (`_sharing`), each once, in order; returns how
    many. `near`, `held`: tables; `keys`: (places, tags) of each.
    """
    room = 2 * max(limits[0] * len(keys[0][0]), limits[1] * len(keys[1][0]))
    found = np.empty(room, np.int64)
    numbers = np.empty(room, np.int64)
    size = find(near[0], near[1], near[2], keys[0][0], keys[0][1], alive, found, numbers)
    out[:size] = found[:size]
    asked = len(keys[1][0])
    more = find(held[0], held[1], held[2], keys[1][0], keys[1][1], alive, found, numbers)
    written = _sharing(found, more, asked, counts, share, out, size)
    ordered = np.unique(out[:written])
    out[: len(ordered)] = ordered
    return len(ordered)


@njit(nogil=True, cache=True)
def held_often(table, keys, alive, least, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """As `find`, for those keys only that at least so many living rows hold."""
    size = find(table[0], table[1], table[2], keys[0], keys[1], alive, out_rows, out_keys)
    written = 0
    start = 0
    for i in range(size):
        if i + 1 < size and out_keys[i + 1] == out_keys[start]:
            continue
        if i + 1 - start >= least:
            for k in range(start, i + 1):
                out_rows[written] = out_rows[k]
                out_keys[written] = out_keys[k]
                written += 1
        start = i + 1
    return written


@njit(nogil=True, cache=True)
def _printed(found, numbers, size, sites, code, least):  # type: ignore[no-untyped-def]
    """Whether some piece stands in so many (`least`) of the rows that were found, of the site `code`, or of others."""
    here = 0
    elsewhere = 0
    for i in range(size):
        if i == 0 or numbers[i] != numbers[i - 1]:
            here = 0
            elsewhere = 0
        site = sites[found[i]]
        here += site == code
        elsewhere += site >= 0 and site != code
        if here >= least[0] or (code >= 0 and elsewhere >= least[1]):
            return True
    return False


@njit(nogil=True, cache=True)
def admit(tables, keys, bounds, first, last, row, codes, known, limits, share, least, entered):  # type: ignore[no-untyped-def]
    """Enters articles `first:last` as rows from `row` on, up to the first one that some living row may have to do with: one
    that `propose` gives, or three that print one piece of it (`least`: so many rows of its site, or of others); returns how many,
    and what `_touch` gives.

    `tables`: near, held, pieces; `keys`: (places, tags) each, of article i at `bounds[0][i]:bounds[1][i]`
    each; `codes` i32: their sites; `known`: alive, counts, sites by row, with room for the new ones; `entered`:
    as in `insert_row`.
    """
    alive, counts, sites = known
    room = 0
    for t in range(3):
        for i in range(first, last):
            room = max(room, 2 * limits[t] * (bounds[t][1][i] - bounds[t][0][i]))
    found = np.empty(room, np.int64)
    numbers = np.empty(room, np.int64)
    out = np.empty(room, np.int64)
    touched = uint64(0)
    for i in range(first, last):
        if i + 1 < last:
            for t in range(3):
                touched ^= _touch(tables[t][0], keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
        near = keys[0][0][bounds[0][0][i] : bounds[0][1][i]], keys[0][1][bounds[0][0][i] : bounds[0][1][i]]
        held = keys[1][0][bounds[1][0][i] : bounds[1][1][i]], keys[1][1][bounds[1][0][i] : bounds[1][1][i]]
        pieces = keys[2][0][bounds[2][0][i] : bounds[2][1][i]], keys[2][1][bounds[2][0][i] : bounds[2][1][i]]
        if find(tables[0][0], tables[0][1], tables[0][2], near[0], near[1], alive, found, numbers):
            return i - first, touched
        size = find(tables[1][0], tables[1][1], tables[1][2], held[0], held[1], alive, found, numbers)
        if size and _sharing(found, size, len(held[0]), counts, share, out, 0):
            return i - first, touched
        size = find(tables[2][0], tables[2][1], tables[2][2], pieces[0], pieces[1], alive, found, numbers)
        if size and _printed(found, numbers, size, sites, codes[i - first], least):
            return i - first, touched
        owner = np.uint32(row + i - first)
        insert_row(tables, (near, held, pieces), owner, limits, alive, entered)
        alive[owner] = 1
        counts[owner] = min(len(held[0]), 65535)
        sites[owner] = codes[i - first]
    return last - first, touched


@njit(nogil=True, cache=True)
def met(tables, keys, bounds, alive, out):  # type: ignore[no-untyped-def]
    """Which articles (bool[n]) share a key of bands or of passages with a living row. `tables`, `keys`, `bounds`: as in `admit`;
    what it gives is what `_touch` gives.
    """
    touched = uint64(0)
    found, numbers = np.empty(1, np.int64), np.empty(1, np.int64)  # one is enough to know
    for i in range(len(out)):
        out[i] = False
        for t in range(2):
            cells, rows, tags = tables[t]
            if i + 1 < len(out):
                touched ^= _touch(cells, keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
            start, end = bounds[t][0][i], bounds[t][1][i]
            own = keys[t][0][start:end], keys[t][1][start:end]
            out[i] = out[i] or find(cells, rows, tags, own[0], own[1], alive, found, numbers) > 0
    return touched
