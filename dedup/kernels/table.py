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
def insert(rows, marks, places, tags, owners, limit):  # type: ignore[no-untyped-def]
    """Enters key i for the row `owners[i]` (0 marks a free slot); returns how many entered, and how many did not because
    `limit` rows hold the key already. The table must have room.
    """
    size = len(rows)
    entered = 0
    refused = 0
    for i in range(len(places)):
        slot = _slot(places[i], size)
        held = 0
        while rows[slot] != 0:
            if marks[slot] == tags[i]:
                held += 1
                if held >= limit or rows[slot] == owners[i]:
                    break
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        if rows[slot] == 0:
            rows[slot] = owners[i]
            marks[slot] = tags[i]
            entered += 1
        elif held >= limit:
            refused += 1
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
