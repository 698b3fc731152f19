"""Pairs of token sequences -> the runs they share (anchors), and the gaps between neighbouring runs."""

from __future__ import annotations

import numpy as np
from numba import njit

from dedup.kernels.hashes import shingle

_TRIES = 16


@njit(nogil=True, cache=True)
def index_starts(hashes, count, heads, following):  # type: ignore[no-untyped-def]
    """A chained hash table over `hashes[:count]`, lowest position first: `heads` (i32, a power of two), `following`."""
    mask = len(heads) - 1
    heads[:] = -1
    for i in range(count - 1, -1, -1):
        slot = hashes[i] & mask
        following[i] = heads[slot]
        heads[slot] = i


@njit(nogil=True, cache=True)
def longest_at(a, b, i, shift, ha, hb, heads, following, taken, start, end):  # type: ignore[no-untyped-def]
    """The longest continuation of `a` from `i` on that `b` has: its start in `b` (-1: none), before `start`, and its length.

    Tried are the expected place, `i + shift`, and the first `_TRIES` others, lowest first; of equals the nearest to the
    expected place is taken. It ends before `end`, and before the first token of `b` that is taken.
    """
    best = 0
    where = -1
    expected = i + shift
    j = expected if 0 <= expected < start else -1
    following_j = heads[ha[i] & (len(heads) - 1)]
    tries = 0
    while True:
        if j >= 0 and hb[j] == ha[i]:
            n = 0
            while i + n < len(a) and j + n < end and taken[j + n] == 0 and a[i + n] == b[j + n]:
                n += 1
            if n > best or (n == best and abs(j - expected) < abs(where - expected)):
                best = n
                where = j
        j = following_j
        if j < 0 or j >= start or tries == _TRIES:
            return where, best
        following_j = following[j]
        tries += 1


@njit(nogil=True, cache=True)
def common_runs(a, b, size, ha, hb, heads, following, taken, runs):  # type: ignore[no-untyped-def]
    """Writes the disjoint common runs of at least `size` tokens as rows (start in a, start in b, length); returns how many.

    `ha`, `hb`: hashes of all runs of `size`. Left to right through `a`, each time the longest continuation (`longest_at`).
    Linear in `a` and `b`.
    """
    nb = len(b) - size + 1
    index_starts(hb, nb, heads, following)
    taken[: len(b)] = 0
    count = 0
    shift = 0
    i = 0
    while i <= len(a) - size:
        where, best = longest_at(a, b, i, shift, ha, hb, heads, following, taken, nb, len(b))
        if best < size:
            i += 1
            continue
        runs[count, 0], runs[count, 1], runs[count, 2] = i, where, best
        count += 1
        taken[where : where + best] = 1
        shift = where - i
        i += best
    return count


@njit(nogil=True, cache=True)
def gaps_between(runs, count, taken, short, limit, gaps):  # type: ignore[no-untyped-def]
    """Writes the gaps worth scoring as rows (start in a, length, start in b, length); returns how many, and how many were
    too long.

    A gap lies between two runs that are neighbours in both texts. Left out are gaps that cannot hold a common token
    (neighbouring runs are as long as they go) or cannot agree by half unless `short`, and those over `limit` tokens a side.
    """
    found = 0
    capped = 0
    for r in range(count - 1):
        a0 = runs[r, 0] + runs[r, 2]
        b0 = runs[r, 1] + runs[r, 2]
        na = runs[r + 1, 0] - a0
        nb = runs[r + 1, 1] - b0
        if na < 1 or nb < 1 or na * nb < 3 or (max(na, nb) > short and 4 * min(na, nb) < na + nb):
            continue
        j = b0
        while j < b0 + nb and taken[j] == 0:
            j += 1
        if j < b0 + nb:
            continue
        if max(na, nb) > limit:
            capped += 1
        else:
            gaps[found, 0], gaps[found, 1], gaps[found, 2], gaps[found, 3] = a0, na, b0, nb
            found += 1
    return found, capped


@njit(nogil=True, cache=True)
def room_for(starts, ends, pairs, size):  # type: ignore[no-untyped-def]
    """What `find_runs` writes to, large enough for all of `pairs`: heads, following, two of hashes, taken, runs."""
    longest = size
    for p in range(len(pairs)):
        for side in range(2):
            longest = max(longest, ends[pairs[p, side]] - starts[pairs[p, side]])
    slots = 16
    while slots < longest:
        slots *= 2
    return (
        np.empty(slots, np.int32),
        np.empty(longest, np.int32),
        np.empty(longest, np.uint32),
        np.empty(longest, np.uint32),
        np.empty(longest + 1, np.uint8),
        np.empty((longest // size + 1, 3), np.int64),
    )


@njit(nogil=True, cache=True)
def find_runs(a, b, size, room):  # type: ignore[no-untyped-def]
    """The common runs of `a` and `b` in the room's `runs` (`common_runs`); returns how many."""
    heads, following, ha, hb, taken, runs = room
    if min(len(a), len(b)) < size:
        taken[: len(b)] = 0
        return 0
    shingle(a, size, ha)
    shingle(b, size, hb)
    slots = 16
    while slots < len(b):
        slots *= 2
    return common_runs(a, b, size, ha, hb, heads[:slots], following, taken, runs)


@njit(nogil=True, cache=True)
def align_pairs(tokens, starts, ends, pairs, size, short, limit, shared, numbers, gaps, gap_ends):  # type: ignore[no-untyped-def]
    """For every row (a, b) of `pairs`: tokens in common runs (`shared`), and its gaps, which end at `gap_ends` in `gaps`.

    Gap positions are absolute, in `tokens`. `numbers[p]`: tokens with a digit (bit 0) in the text that has fewer.
    Returns how many gaps were over `limit`.
    """
    room = room_for(starts, ends, pairs, size)
    taken, runs = room[4], room[5]
    found = 0
    capped = 0
    for p in range(len(pairs)):
        a0, b0 = starts[pairs[p, 0]], starts[pairs[p, 1]]
        a = tokens[a0 : ends[pairs[p, 0]]]
        b = tokens[b0 : ends[pairs[p, 1]]]
        numbers[p] = min(np.sum(a & 1), np.sum(b & 1))
        count = find_runs(a, b, size, room)
        shared[p] = np.sum(runs[:count, 2])
        more, over = gaps_between(runs, count, taken, short, limit, gaps[found:])
        gaps[found : found + more, 0] += a0
        gaps[found : found + more, 2] += b0
        found += more
        capped += over
        gap_ends[p] = found
    return capped
