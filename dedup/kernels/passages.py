"""Tokens -> passages: shingles chosen so that every long enough shared run has one in common."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

from dedup.kernels.hashes import shingle

_SPREAD = uint32(0x9E3779B1)


@njit(nogil=True, cache=True)
def winnow(hashes, count, window, out):  # type: ignore[no-untyped-def]
    """Writes the passages of `hashes[:count]` to `out`; returns how many: the chosen hashes, spread over all of u32.

    Of every `window` neighbours the least is chosen, the rightmost of equal ones, and each choice once (Schleimer,
    Wilkerson, Aiken 2003). A text of fewer shingles than a window has one.
    """
    chosen = -1
    found = 0
    for end in range(min(window, count), count + 1):
        start = max(0, end - window)
        if count == 0:
            break
        if chosen < start:
            before = chosen
            chosen = start
            for i in range(start, end):
                if hashes[i] <= hashes[chosen]:
                    chosen = i
            if chosen != before:
                out[found] = uint32(hashes[chosen] * _SPREAD)
                found += 1
        elif hashes[end - 1] <= hashes[chosen]:
            chosen = end - 1
            out[found] = uint32(hashes[chosen] * _SPREAD)
            found += 1
    return found


@njit(nogil=True, cache=True)
def winnow_all(tokens, starts, ends, size, window, out, counts):  # type: ignore[no-untyped-def]
    """Writes the distinct passages of every token sequence to `out`, one after another, `counts[i]` of sequence i."""
    longest = 0
    for d in range(len(ends)):
        longest = max(longest, ends[d] - starts[d])
    scratch = np.empty(longest + 1, np.uint32)
    total = 0
    for d in range(len(ends)):
        count = shingle(tokens[starts[d] : ends[d]], size, scratch)
        found = winnow(scratch, count, window, out[total:])
        mine = out[total : total + found]
        mine.sort()
        kept = 0
        for i in range(found):
            if i == 0 or mine[i] != mine[kept - 1]:
                mine[kept] = mine[i]
                kept += 1
        counts[d] = kept
        total += kept
    return total


@njit(nogil=True, cache=True)
def tally(passages, table):  # type: ignore[no-untyped-def]
    """Counts every passage in its slot of `table` (u8, a power of two), up to 2."""
    mask = uint64(len(table) - 1)
    for x in passages:
        slot = uint64(x) & mask
        table[slot] = min(2, table[slot] + 1)


@njit(nogil=True, cache=True)
def shared(passages, counts, alive, table, low, high, first, out):  # type: ignore[no-untyped-def]
    """Writes `passage << 32 | text` for every passage in [low, high) of an `alive` text that another may have too.

    `passages` are those of texts from number `first` on, in order, `counts` of each. Returns how many there are; `out` may hold
    fewer.
    """
    mask = uint64(len(table) - 1)
    found = 0
    i = 0
    for d in range(len(counts)):
        for _ in range(counts[d]):
            x = passages[i]
            i += 1
            if alive[d] and low <= x and x < high and table[uint64(x) & mask] > 1:
                if found < len(out):
                    out[found] = uint64(x) << uint64(32) | uint64(first + d)
                found += 1
    return found
