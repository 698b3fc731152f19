"""Keys of articles -> the rows that hold them: an open hash table of six bytes a slot (linear probing, Knuth 6.4)."""

from __future__ import annotations

import numpy as np
from numba import njit, uint16, uint32, uint64

_MIX = uint64(0x9FB21C651E98DF25)
_SPREAD = uint64(0xC4CEB9FE1A85EC53)


@njit(nogil=True, cache=True)
def digest(keys, salt, places, tags):  # type: ignore[no-untyped-def]
    """What a table knows of each key (u64): its place (u32, spread over all of the table) and its tag (u16)."""
    for i in range(len(keys)):
        k = (uint64(keys[i]) ^ salt) * _MIX
        k ^= k >> uint64(32)
        k *= _SPREAD
        k ^= k >> uint64(29)
        places[i] = uint32(k >> uint64(32))
        tags[i] = uint16(k & uint64(0xFFFF))


@njit(inline="always")
def _slot(place, size):  # type: ignore[no-untyped-def]
    """A place of 32 bits on a table of any size (Lemire 2016)."""
    return (uint64(place) * uint64(size)) >> uint64(32)


@njit(nogil=True, cache=True)
def insert(rows, marks, places, tags, owners, limit, alive):  # type: ignore[no-untyped-def]
    """Enters key i for the row `owners[i]` (0 marks a free slot), in the place of a row that holds it and is not `alive`
    (u8 by row) if there is one; returns how many took free slots, and how many did not enter because `limit` living rows
    hold the key already. The table must have room.
    """
    size = len(rows)
    entered = 0
    refused = 0
    for i in range(len(places)):
        slot = _slot(places[i], size)
        held = 0
        dead = np.int64(-1)
        while rows[slot] != 0 and held < limit:
            if marks[slot] == tags[i]:
                if rows[slot] == owners[i]:
                    break
                if alive[rows[slot]]:
                    held += 1
                elif dead < 0:
                    dead = np.int64(slot)
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        if held >= limit:
            refused += 1
        elif rows[slot] == 0:
            if dead >= 0:
                rows[dead] = owners[i]
            else:
                rows[slot] = owners[i]
                marks[slot] = tags[i]
                entered += 1
    return entered, refused


@njit(nogil=True, cache=True)
def find(rows, marks, places, tags, alive, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """Writes the living rows that hold some key, and the number of the key; returns how many there are."""
    size = len(rows)
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
    `entered` i64[tables, 2]: how many entered, and how many were refused.
    """
    for t in range(len(tables)):
        rows, marks = tables[t]
        places, tags = keys[t]
        owners = np.full(len(places), owner, np.uint32)
        done, refused = insert(rows, marks, places, tags, owners, limits[t], alive)
        entered[t, 0] = done
        entered[t, 1] = refused


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
    size = len(rows)
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
