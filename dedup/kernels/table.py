"""Keys of articles -> the rows that hold them: an open hash table of six bytes a slot (linear probing, Knuth 6.4)."""

from __future__ import annotations

import numpy as np
from numba import njit, uint16, uint32, uint64

_AHEAD = 64
"""So many slots are read before the first of them is needed: the processor waits for all of them at once."""

_MIX = uint64(0x9FB21C651E98DF25)
_SPREAD = uint64(0xC4CEB9FE1A85EC53)


@njit(inline="always")
def _tag(place, low, extra):  # type: ignore[no-untyped-def]
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
        tags[i] = _tag(places[i], k & mask, uint64(extra))


@njit(nogil=True, cache=True)
def tags_of(places, lows, extra, tags):  # type: ignore[no-untyped-def]
    """The tags of keys of which the places and `extra` bits more (u8) are known."""
    for i in range(len(places)):
        tags[i] = _tag(places[i], lows[i], uint64(extra))


@njit(inline="always")
def _slot(place, size):  # type: ignore[no-untyped-def]
    """A place of 32 bits on a table of any size (Lemire 2016)."""
    return (uint64(place) * uint64(size)) >> uint64(32)


@njit(nogil=True, cache=True)
def _touch(rows, marks, places):  # type: ignore[no-untyped-def]
    """Reads the slots of keys, so that they are at hand when they are asked for; what it gives keeps the compiler from leaving
    that out (group prefetching: Chen, Ailamaki, Gibbons and Mowry 2007).
    """
    size = uint64(len(rows))
    found = uint32(0)
    for place in places:
        slot = _slot(place, size)
        found ^= rows[slot] ^ uint32(marks[slot])
    return found


@njit(nogil=True, cache=True)
def insert(rows, marks, places, tags, owners, limit, alive):  # type: ignore[no-untyped-def]
    """Enters key i for the row `owners[i]` (or all for the one owner that is given; 0 marks a free slot), in the place of a row
    that holds it and is not `alive` (u8 by row) if there is one, but not for a row that has it already; returns how many took
    free slots, how many did not enter because `limit` living rows hold the key already, and what `_touch` gives. The table must
    have room.
    """
    size = uint64(len(rows))
    step = 0 if len(owners) == 1 else 1
    entered = 0
    refused = 0
    touched = uint32(0)
    for i in range(len(places)):  # no array is passed on for each key: counting who has it takes longer than all else
        if i % _AHEAD == 0:
            touched ^= _touch(rows, marks, places[i : i + _AHEAD])
        tag = tags[i]
        owner = owners[i * step]
        slot = _slot(places[i], size)
        dead = size
        held = 0
        known = False
        while True:
            row = rows[slot]
            if row == 0 or held >= limit:
                break
            if marks[slot] == tag:
                if row == owner:
                    known = True
                    break
                if alive[row]:
                    held += 1
                elif dead == size:
                    dead = slot
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        if known:
            continue
        if held >= limit:
            refused += 1
        elif dead != size:
            rows[dead] = owner
        else:
            rows[slot] = owner
            marks[slot] = tag
            entered += 1
    return entered, refused, touched


@njit(nogil=True, cache=True)
def find(rows, marks, places, tags, alive, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """Writes the living rows that hold some key, and the number of the key; returns how many there are."""
    size = uint64(len(rows))
    found = 0
    for i in range(len(places)):
        slot = _slot(places[i], size)
        while rows[slot] != 0:
            if marks[slot] == tags[i] and alive[rows[slot]] and found < len(out_rows):
                out_rows[found] = rows[slot]
                out_keys[found] = i
                found += 1
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
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
    """Enters the keys of one row in several tables, (rows, marks) each, `keys` (places, tags) each: as `insert` does.
    `entered` i64[tables, 2]: adds how many entered, and how many were refused.
    """
    owners = np.full(1, owner, np.uint32)
    for t in range(len(tables)):
        more, refused, _ = insert(tables[t][0], tables[t][1], keys[t][0], keys[t][1], owners, limits[t], alive)
        entered[t, 0] += more
        entered[t, 1] += refused


@njit(nogil=True, cache=True)
def propose(near, held, limits, alive, counts, share, out):  # type: ignore[no-untyped-def]
    """Writes the living rows that share a key of `near`, or enough keys of `held`, each once, in order; returns how many.

    `near`, `held`: (rows, marks, places, tags). Enough are two (one where a text has one), and `share` of the keys of the
    text that has fewer; `counts` u16: the keys of each row.
    """
    few, many = limits
    found = np.empty(2 * few * len(near[2]), np.int64)
    numbers = np.empty(len(found), np.int64)
    size = find(near[0], near[1], near[2], near[3], alive, found, numbers)
    rows, _ = tally(found, size)
    written = len(rows)
    out[:written] = rows
    more = len(held[2])
    if more:
        found = np.empty(2 * many * more, np.int64)
        numbers = np.empty(len(found), np.int64)
        size = find(held[0], held[1], held[2], held[3], alive, found, numbers)
        rows, times = tally(found, size)
        for i in range(len(rows)):
            fewer = min(np.int64(counts[rows[i]]), more)
            if times[i] >= min(2, fewer) and times[i] >= share * fewer:
                out[written] = rows[i]
                written += 1
    ordered = np.unique(out[:written])
    out[: len(ordered)] = ordered
    return len(ordered)


@njit(nogil=True, cache=True)
def held_often(rows, marks, places, tags, alive, least, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """As `find`, for those keys only that at least so many living rows hold."""
    size = uint64(len(rows))
    found = 0
    for i in range(len(places)):
        slot = _slot(places[i], size)
        before = found
        while rows[slot] != 0:
            if marks[slot] == tags[i] and alive[rows[slot]] and found < len(out_rows):
                out_rows[found] = rows[slot]
                out_keys[found] = i
                found += 1
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        if found - before < least:
            found = before
    return found


@njit(nogil=True, cache=True)
def _held_by_any(rows, marks, places, tags, alive):  # type: ignore[no-untyped-def]
    """Whether some living row holds some of the keys."""
    size = uint64(len(rows))
    for i in range(len(places)):
        slot = _slot(places[i], size)
        while rows[slot] != 0:
            if marks[slot] == tags[i] and alive[rows[slot]]:
                return True
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
    return False


@njit(nogil=True, cache=True)
def _printed(rows, marks, places, tags, alive, sites, code, least):  # type: ignore[no-untyped-def]
    """Whether some piece stands in so many living rows (`least`) of the site `code`, or of others."""
    size = uint64(len(rows))
    for i in range(len(places)):
        here = 0
        elsewhere = 0
        slot = _slot(places[i], size)
        while rows[slot] != 0:
            if marks[slot] == tags[i] and alive[rows[slot]]:
                here += sites[rows[slot]] == code
                elsewhere += sites[rows[slot]] >= 0 and sites[rows[slot]] != code
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        if here >= least[0] or (code >= 0 and elsewhere >= least[1]):
            return True
    return False


@njit(nogil=True, cache=True)
def admit(tables, keys, bounds, first, last, row, codes, known, limits, share, least, entered):  # type: ignore[no-untyped-def]
    """Enters articles `first:last` as rows from `row` on, up to the first one that some living row may have to do with: one
    that `propose` gives, or three that print one piece of it (`least`: so many rows of its site, or of others); returns how many,
    and what `_touch` gives.

    `tables`: near, held, pieces, (rows, marks) each; `keys`: (places, tags) each, of article i at `bounds[0][i]:bounds[1][i]`
    each; `codes` i32: their sites; `known`: alive, counts, sites by row, with room for the new ones; `entered`:
    as in `insert_row`.
    """
    alive, counts, sites = known
    spans = np.empty((3, 2), np.int64)
    out = np.empty(0, np.int64)
    nothing = np.empty(0, np.uint32), np.empty(0, np.uint16)
    touched = uint32(0)
    for i in range(first, last):
        for t in range(3):
            if i + 1 < last:
                touched ^= _touch(tables[t][0], tables[t][1], keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
            spans[t, 0] = bounds[t][0][i]
            spans[t, 1] = bounds[t][1][i]
        near = (keys[0][0][spans[0, 0] : spans[0, 1]], keys[0][1][spans[0, 0] : spans[0, 1]])
        held = (keys[1][0][spans[1, 0] : spans[1, 1]], keys[1][1][spans[1, 0] : spans[1, 1]])
        pieces = (keys[2][0][spans[2, 0] : spans[2, 1]], keys[2][1][spans[2, 0] : spans[2, 1]])
        if _held_by_any(tables[0][0], tables[0][1], near[0], near[1], alive):
            return i - first, touched
        if _held_by_any(tables[1][0], tables[1][1], held[0], held[1], alive):
            room = 2 * limits[1] * len(held[0])
            if len(out) < room:
                out = np.empty(room, np.int64)
            if propose(
                (tables[0][0], tables[0][1], nothing[0], nothing[1]),
                (tables[1][0], tables[1][1], held[0], held[1]),
                (limits[0], limits[1]),
                alive,
                counts,
                share,
                out,
            ):
                return i - first, touched
        if _printed(tables[2][0], tables[2][1], pieces[0], pieces[1], alive, sites, codes[i - first], least):
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
    touched = uint32(0)
    for i in range(len(out)):
        out[i] = False
        for t in range(2):
            if i + 1 < len(out):
                touched ^= _touch(tables[t][0], tables[t][1], keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
            start, end = bounds[t][0][i], bounds[t][1][i]
            own = keys[t][0][start:end], keys[t][1][start:end]
            out[i] = out[i] or _held_by_any(tables[t][0], tables[t][1], own[0], own[1], alive)
    return touched


@njit(nogil=True, cache=True)
def put_names(slots, names):  # type: ignore[no-untyped-def]
    """Puts names (u64; 0 is left out) in a hash table that has room for them; 0 is a free slot."""
    size = uint64(len(slots))
    for name in names:
        slot = _slot(uint32((name * _MIX) >> uint64(32)), size)
        while slots[slot] != 0 and slots[slot] != name:
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        slots[slot] = name


@njit(nogil=True, cache=True)
def have_names(slots, names, out):  # type: ignore[no-untyped-def]
    """Which names are in the table (bool[n]); 0 never is."""
    size = uint64(len(slots))
    for i in range(len(names)):
        slot = _slot(uint32((names[i] * _MIX) >> uint64(32)), size)
        while slots[slot] != 0 and slots[slot] != names[i]:
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        out[i] = names[i] != 0 and slots[slot] == names[i]
