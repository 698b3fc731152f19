"""Pairs of token sequences -> the runs they share (anchors), and the gaps between neighbouring runs."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.hashes import shingle

_TRIES = 16
_BITS = 64
_ALL = uint64(0xFFFFFFFFFFFFFFFF)


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
def common_tokens(a, a0, na, b, b0, nb):  # type: ignore[no-untyped-def]
    """The longest common subsequence of `a[a0:a0 + na]`, of at most 64 tokens, and `b[b0:b0 + nb]`: a column of its table is one
    word, of which every 0 is a step (Hyyro 2004).
    """
    steps = _ALL
    for j in range(b0, b0 + nb):
        equal = uint64(0)
        for i in range(na):
            equal |= uint64(a[a0 + i] == b[j]) << uint64(i)
        new = steps & equal
        steps = (steps + new) | (steps - new)
    found = np.int64(0)
    for i in range(na):
        found += np.int64(~steps >> uint64(i) & uint64(1))
    return found


@njit(nogil=True, cache=True)
def gaps_between(runs, count, taken, short, limit, gaps):  # type: ignore[no-untyped-def]
    """Writes the gaps worth scoring as rows (start in a, length, start in b, length, -); returns how many, and how many were
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
    """The room that `find_runs` needs for any of `pairs`: heads, following, two of hashes, taken."""
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
    )


@njit(nogil=True, cache=True)
def find_runs(a, b, size, room, runs):  # type: ignore[no-untyped-def]
    """Writes the common runs of `a` and `b` (`common_runs`); returns how many."""
    heads, following, ha, hb, taken = room
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
def numbers_in(tokens, start, end):  # type: ignore[no-untyped-def]
    """How many of the tokens from `start` to before `end` hold a digit (bit 0)."""
    found = 0
    for i in range(start, end):
        found += tokens[i] & 1
    return found


@njit(nogil=True, cache=True)
def align_pairs(tokens, starts, ends, pairs, size, short, limit, shared, numbers, runs, run_ends, gaps, gap_ends):  # type: ignore[no-untyped-def]
    """For every row (a, b) of `pairs`: tokens in common runs (`shared`), these (`common_runs`), which end at `run_ends` in
    `runs`, and its gaps, which end at `gap_ends` in `gaps`.

    Gaps are rows (start in a, length, start in b, length, common tokens), their positions absolute, in `tokens`; common tokens
    are -1 where a side has more than 64. `numbers[p]`: tokens with a digit in the text that has fewer. Returns how many gaps were
    over `limit`.
    """
    room = room_for(starts, ends, pairs, size)
    taken = room[4]
    held = 0
    found = 0
    capped = 0
    for p in range(len(pairs)):
        a0, a1 = starts[pairs[p, 0]], ends[pairs[p, 0]]
        b0, b1 = starts[pairs[p, 1]], ends[pairs[p, 1]]
        numbers[p] = min(numbers_in(tokens, a0, a1), numbers_in(tokens, b0, b1))
        own = runs[held:]
        count = find_runs(tokens[a0:a1], tokens[b0:b1], size, room, own)
        held += count
        run_ends[p] = held
        shared[p] = np.sum(own[:count, 2])
        more, over = gaps_between(own, count, taken, short, limit, gaps[found:])
        capped += over
        for g in range(found, found + more):
            gaps[g, 0] += a0
            gaps[g, 2] += b0
            na, nb = gaps[g, 1], gaps[g, 3]
            gaps[g, 4] = common_tokens(tokens, gaps[g, 0], na, tokens, gaps[g, 2], nb) if max(na, nb) <= _BITS else -1
        found += more
        gap_ends[p] = found
    return capped
