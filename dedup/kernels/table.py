"""Keys of articles -> the rows that hold them: an open hash table, its buckets lines of the processor's cache (Knuth 6.4)."""

from __future__ import annotations

import numpy as np
from numba import njit, uint8, uint16, uint32, uint64

LINE = 8
"""Words (u64) of a bucket, a line of the processor's cache: of nine keys 16 bits (u16) and 8 more (u8); a byte that says how many
keys there are and, above that, how far its own keys stand (`_LOOK`); then of each key the row (u32), above which the last 4 bits
of its mark stand.
"""

SLOTS = 9

MARK = 28
"""Bits of a key that a table holds: the lowest ones."""

MOST_ROWS = (1 << 28) - 1
"""The highest number of a row."""

_LOWS = 18
_STATE = 27
_ROWS = 7

_LOOK = np.array([1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 128, 1 << 40])
"""A bucket's keys stand in it and in those behind it, so many in all."""

_AHEAD = 64
"""So many buckets are read before the first of them is needed: the processor waits for all of them at once."""

_MIX = uint64(0x9FB21C651E98DF25)
_SPREAD = uint64(0xC4CEB9FE1A85EC53)
_ONES = uint64(0x0001000100010001)
_HIGHS = uint64(0x8000800080008000)
_MARKED = uint64((1 << MARK) - 1)
_ROW = uint32(MOST_ROWS)
_TOP = uint32(MARK)
_NOWHERE = uint64(0xFFFFFFFFFFFFFFFF)


@njit(inline="always")
def marked(place, low, extra):  # type: ignore[no-untyped-def]
    """The mark of a key, of which `extra` bits (`low`) are known beyond its place."""
    return uint32((uint64(place) << uint64(extra) | uint64(low)) & _MARKED)


@njit(nogil=True, cache=True)
def digest(keys, salt, extra, places, marks):  # type: ignore[no-untyped-def]
    """What is known of each key (u64): its place (u32, spread over all of the table), and `extra` bits more, which are the lowest
    of its mark (u32).
    """
    mask = (uint64(1) << uint64(extra)) - uint64(1)
    for i in range(len(keys)):
        k = (uint64(keys[i]) ^ salt) * _MIX
        k ^= k >> uint64(32)
        k *= _SPREAD
        k ^= k >> uint64(29)
        places[i] = uint32(k >> uint64(32))
        marks[i] = marked(places[i], k & mask, extra)


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
def touch(cells, places):  # type: ignore[no-untyped-def]
    """Reads the buckets of keys, so that they are at hand when they are asked for; what it gives keeps the compiler from leaving
    that out (group prefetching: Chen, Ailamaki, Gibbons and Mowry 2007).
    """
    size = uint64(len(cells) // LINE)
    found = uint64(0)
    for place in places:
        found ^= cells[slot_of(place, size) * uint64(LINE)]
    return found


@njit(inline="always")
def _farther(state, behind):  # type: ignore[no-untyped-def]
    """The state of a bucket of which a key stands so many buckets behind it."""
    far = state >> uint8(4)
    while _LOOK[far] <= behind:
        far += uint8(1)
    return uint8(far << uint8(4) | (state & uint8(15)))


@njit(inline="always")
def _write(rows, tags, small, line, owner, tag, low):  # type: ignore[no-untyped-def]
    """Puts a key behind those of a bucket that has room; `owner`: its row, and above that the last bits of its mark."""
    state = uint64(64) * line + uint64(_STATE)
    count = uint64(small[state] & uint8(15))
    rows[uint64(16) * line + uint64(_ROWS) + count] = owner
    tags[uint64(32) * line + count] = tag
    small[uint64(64) * line + uint64(_LOWS) + count] = low
    small[state] += uint8(1)


@njit(nogil=True, cache=True)
def insert(table, places, marks, owners, limit, alive):  # type: ignore[no-untyped-def]
    """Enters key i for the row `owners[i]` (or all for the one owner that is given), in the place of a row that holds it and is
    gone (0 in `alive`, u8 by row) if there is one, but not for a row that has it already; returns how many took free slots, how
    many did not enter because `limit` living rows (1 in `alive`) hold the key already or there was no room within reach, and
    what `touch` gives. The table must have room.

    A table is one array as `cells` u64, `rows` u32, `tags` u16 and `small` u8, and in how many buckets a key may stand, its own
    and those behind it, if they are full (`reach`).
    """
    cells, rows, tags, small, reach = table
    size = uint64(len(cells) // LINE)
    step = 0 if len(owners) == 1 else 1
    entered = 0
    refused = 0
    touched = uint64(0)
    for i in range(len(places)):  # no array is passed on for each key: counting who has it takes longer than all else
        if i % _AHEAD == 0:
            touched ^= touch(cells, places[i : i + _AHEAD])
        mark = marks[i]
        tag, low, top = uint16(mark & uint32(0xFFFF)), uint8((mark >> uint32(16)) & uint32(0xFF)), mark >> uint32(24)
        pattern = uint64(tag) * _ONES
        owner = owners[i * step]
        home = slot_of(places[i], size)
        look = _LOOK[small[uint64(64) * home + uint64(_STATE)] >> uint8(4)]
        line = home
        room = _NOWHERE
        behind = 0
        dead = _NOWHERE
        held = 0
        there = False
        for d in range(reach):
            at = line * uint64(LINE)
            count = uint64(small[uint64(8) * at + uint64(_STATE)] & uint8(15))
            if d < look and _may_hold(cells[at], cells[at + uint64(1)], cells[at + uint64(2)], pattern):
                for k in range(count):
                    if tags[uint64(4) * at + k] == tag and small[uint64(8) * at + uint64(_LOWS) + k] == low:
                        slot = uint64(2) * at + uint64(_ROWS) + k
                        if rows[slot] >> _TOP != top:
                            continue
                        row = rows[slot] & _ROW
                        there = there or row == owner
                        if alive[row] == 1:
                            held += 1
                        elif alive[row] == 0 and dead == _NOWHERE:
                            dead = slot
                if there or held >= limit:
                    break
            if room == _NOWHERE and count < SLOTS:
                room = line
                behind = d
            if room != _NOWHERE and d + 1 >= look:
                break
            line += uint64(1)
            if line == size:
                line = uint64(0)
        if there:
            continue
        if held >= limit:
            refused += 1
        elif dead != _NOWHERE:
            rows[dead] = top << _TOP | owner
        elif room == _NOWHERE:
            refused += 1
        else:
            _write(rows, tags, small, room, top << _TOP | owner, tag, low)
            if behind >= look:
                own = uint64(64) * home + uint64(_STATE)
                small[own] = _farther(small[own], behind)
            entered += 1
    return entered, refused, touched


@njit(nogil=True, cache=True)
def insert_new(table, places, marks, owner):  # type: ignore[no-untyped-def]
    """Enters distinct keys that no living row holds, as `find` has just told, for one row; returns how many entered, and how many
    found no room within reach. The table must have room.

    It begins to look where the farthest key of a bucket was entered: all before is full, and stays so.
    """
    cells, rows, tags, small, reach = table
    size = uint64(len(cells) // LINE)
    entered = 0
    for i in range(len(places)):
        home = slot_of(places[i], size)
        own = uint64(64) * home + uint64(_STATE)
        far = small[own] >> uint8(4)
        behind = _LOOK[far - 1] if far else 0
        room = home + uint64(behind)
        if room >= size:
            room -= size
        for d in range(behind, reach):
            if small[uint64(64) * room + uint64(_STATE)] & uint8(15) < SLOTS:
                mark = marks[i]
                tag, low = uint16(mark & uint32(0xFFFF)), uint8((mark >> uint32(16)) & uint32(0xFF))
                _write(rows, tags, small, room, (mark >> uint32(24)) << _TOP | uint32(owner), tag, low)
                small[own] = _farther(small[own], d)
                entered += 1
                break
            room += uint64(1)
            if room == size:
                room = uint64(0)
    return entered, len(places) - entered


@njit(nogil=True, cache=True)
def find(table, places, marks, alive, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """Writes the living rows that hold some key, and the number of the key, key by key; returns how many there are."""
    cells, rows, tags, small, reach = table
    size = uint64(len(cells) // LINE)
    found = 0
    for i in range(len(places)):
        mark = marks[i]
        tag, low, top = uint16(mark & uint32(0xFFFF)), uint8((mark >> uint32(16)) & uint32(0xFF)), mark >> uint32(24)
        pattern = uint64(tag) * _ONES
        line = slot_of(places[i], size)
        look = _LOOK[small[uint64(64) * line + uint64(_STATE)] >> uint8(4)]
        for _ in range(min(look, reach)):
            at = line * uint64(LINE)
            if _may_hold(cells[at], cells[at + uint64(1)], cells[at + uint64(2)], pattern):
                for k in range(uint64(small[uint64(8) * at + uint64(_STATE)] & uint8(15))):
                    if tags[uint64(4) * at + k] == tag and small[uint64(8) * at + uint64(_LOWS) + k] == low:
                        own = rows[uint64(2) * at + uint64(_ROWS) + k]
                        row = own & _ROW
                        if own >> _TOP == top and alive[row] == 1 and found < len(out_rows):
                            out_rows[found] = row
                            out_keys[found] = i
                            found += 1
            line += uint64(1)
            if line == size:
                line = uint64(0)
    return found


@njit(nogil=True, cache=True)
def move(table, larger, extra, first, last, alive):  # type: ignore[no-untyped-def]
    """Enters what buckets `first:last` hold in another table, without the rows that are gone; returns how many keys entered, and
    how many found no room within reach. A bucket and what is known of a key say the key: it stands in one of `reach` buckets,
    and the mark tells the keys of so many apart.
    """
    cells, rows, tags, small, _ = table
    new_cells, new_rows, new_tags, new_small, reach = larger
    size, new_size = uint64(len(cells) // LINE), uint64(len(new_cells) // LINE)
    more = uint64(extra)
    whole = (uint64(1) << (uint64(32) + more)) - uint64(1)
    entered = 0
    refused = 0
    for line in range(uint64(first), uint64(last)):
        highest = (((((line + uint64(1)) << uint64(32)) - uint64(1)) // size + uint64(1)) << more) - uint64(1)
        at = line * uint64(LINE)
        for k in range(uint64(small[uint64(8) * at + uint64(_STATE)] & uint8(15))):
            owner = rows[uint64(2) * at + uint64(_ROWS) + k]
            if alive[owner & _ROW] == 0:
                continue
            tag, low = tags[uint64(4) * at + k], small[uint64(8) * at + uint64(_LOWS) + k]
            mark = uint64(owner >> _TOP) << uint64(24) | uint64(low) << uint64(16) | uint64(tag)
            key = (highest - ((highest - mark) & _MARKED)) & whole
            home = slot_of(key >> more, new_size)
            room = home
            for behind in range(reach):
                if new_small[uint64(64) * room + uint64(_STATE)] & uint8(15) < SLOTS:
                    _write(new_rows, new_tags, new_small, room, owner, tag, low)
                    own = uint64(64) * home + uint64(_STATE)
                    new_small[own] = _farther(new_small[own], behind)
                    entered += 1
                    break
                room += uint64(1)
                if room == new_size:
                    room = uint64(0)
            else:
                refused += 1
    return entered, refused
