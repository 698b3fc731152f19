"""Keys of articles, and the tables of those that came before -> the rows that an article is compared with, if any."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.table import find, insert, insert_new, touch


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


@njit(inline="always")
def _count(entered, table, found):  # type: ignore[no-untyped-def]
    """Adds how many keys entered a table, and how many were refused."""
    entered[table, 0] += found[0]
    entered[table, 1] += found[1]


@njit(nogil=True, cache=True)
def insert_row(tables, keys, owner, limits, alive, entered):  # type: ignore[no-untyped-def]
    """Enters the keys of one row in several tables, `keys` (places, marks) each: as `insert` does.
    `entered` i64[tables, 2]: adds how many entered, and how many were refused.
    """
    owners = np.full(1, owner, np.uint32)
    for t in range(len(tables)):
        more, refused, _ = insert(tables[t], keys[t][0], keys[t][1], owners, limits[t], alive)
        _count(entered, t, (more, refused))


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
    many. `near`, `held`: tables; `keys`: (places, marks) of each.
    """
    room = 2 * max(limits[0] * len(keys[0][0]), limits[1] * len(keys[1][0]))
    found = np.empty(room, np.int64)
    numbers = np.empty(room, np.int64)
    size = find(near, keys[0][0], keys[0][1], alive, found, numbers)
    out[:size] = found[:size]
    asked = len(keys[1][0])
    more = find(held, keys[1][0], keys[1][1], alive, found, numbers)
    written = _sharing(found, more, asked, counts, share, out, size)
    ordered = np.unique(out[:written])
    out[: len(ordered)] = ordered
    return len(ordered)


@njit(nogil=True, cache=True)
def held_often(table, keys, alive, least, out_rows, out_keys):  # type: ignore[no-untyped-def]
    """As `find`, for those keys only that at least so many living rows hold."""
    size = find(table, keys[0], keys[1], alive, out_rows, out_keys)
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
    and what `touch` gives.

    `tables`: near, held, pieces; `keys`: (places, marks) each, of article i at `bounds[0][i]:bounds[1][i]`
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
    owners = np.empty(1, np.uint32)
    touched = uint64(0)
    for i in range(first, last):
        if i + 1 < last:
            for t in range(3):
                touched ^= touch(tables[t][0], keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
        near = keys[0][0][bounds[0][0][i] : bounds[0][1][i]], keys[0][1][bounds[0][0][i] : bounds[0][1][i]]
        held = keys[1][0][bounds[1][0][i] : bounds[1][1][i]], keys[1][1][bounds[1][0][i] : bounds[1][1][i]]
        pieces = keys[2][0][bounds[2][0][i] : bounds[2][1][i]], keys[2][1][bounds[2][0][i] : bounds[2][1][i]]
        if find(tables[0], near[0], near[1], alive, found, numbers):
            return i - first, touched
        shared = find(tables[1], held[0], held[1], alive, found, numbers)
        if shared and _sharing(found, shared, len(held[0]), counts, share, out, 0):
            return i - first, touched
        size = find(tables[2], pieces[0], pieces[1], alive, found, numbers)
        if size and _printed(found, numbers, size, sites, codes[i - first], least):
            return i - first, touched
        owner = np.uint32(row + i - first)
        _count(entered, 0, insert_new(tables[0], near[0], near[1], owner))
        owners[0] = owner
        if shared:
            more, refused, _ = insert(tables[1], held[0], held[1], owners, limits[1], alive)
            _count(entered, 1, (more, refused))
        else:
            _count(entered, 1, insert_new(tables[1], held[0], held[1], owner))
        more, refused, _ = insert(
            tables[2], pieces[0], pieces[1], owners, limits[2], alive
        )  # a text may have a piece twice
        _count(entered, 2, (more, refused))
        alive[owner] = 1
        counts[owner] = min(len(held[0]), 65535)
        sites[owner] = codes[i - first]
    return last - first, touched


@njit(nogil=True, cache=True)
def met(tables, keys, bounds, alive, out):  # type: ignore[no-untyped-def]
    """Which articles (bool[n]) share a key of bands or of passages with a living row. `tables`, `keys`, `bounds`: as in `admit`;
    what it gives is what `touch` gives.
    """
    touched = uint64(0)
    found, numbers = np.empty(1, np.int64), np.empty(1, np.int64)  # one is enough to know
    for i in range(len(out)):
        out[i] = False
        for t in range(2):
            if i + 1 < len(out):
                touched ^= touch(tables[t][0], keys[t][0][bounds[t][0][i + 1] : bounds[t][1][i + 1]])
            start, end = bounds[t][0][i], bounds[t][1][i]
            own = keys[t][0][start:end], keys[t][1][start:end]
            out[i] = out[i] or find(tables[t], own[0], own[1], alive, found, numbers) > 0
    return touched
