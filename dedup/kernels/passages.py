"""Tokens -> passages: shingles chosen so that every long enough shared run has one in common."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

from dedup.kernels.hashes import shingle
from dedup.kernels.sorting import sort_part

_SPREAD = uint32(0x9E3779B1)


@njit(inline="always")
def _lesser(before, step, count, after):  # type: ignore[no-untyped-def]
    """after[i] = the lesser of before[i] and before[i + step], for the first `count`."""
    for i in range(uint64(count)):
        after[i] = min(before[i], before[i + uint64(step)])


@njit(nogil=True, cache=True)
def winnow(hashes, count, window, one, two, out):  # type: ignore[no-untyped-def]
    """Writes the passages of `hashes[:count]` to `out`; returns how many: the chosen hashes, spread over all of u32.

    Of every `window` neighbours the least is chosen, the rightmost of equal ones, and each choice once (Schleimer,
    Wilkerson, Aiken 2003). A text of fewer shingles than a window has one. `one`, `two`: room for `count` u64 each. The least of
    ever more neighbours is found for all places at once, without a branch.
    """
    window = min(window, count)
    if window == 0:
        return 0
    for i in range(count):
        one[i] = uint64(hashes[i]) << uint64(32) | uint64(uint32(~i))
    wide = 1
    left = count
    while 2 * wide <= window:
        left -= wide
        _lesser(one, wide, left, two)
        one, two = two, one
        wide *= 2
    _lesser(one, window - wide, count - window + 1, two)
    found = uint64(0)
    last = ~two[0]
    for i in range(count - window + 1):
        out[found] = uint32(two[i] >> uint64(32)) * _SPREAD
        found += uint64(two[i] != last)
        last = two[i]
    return np.int64(found)


@njit(nogil=True, cache=True)
def winnow_all(tokens, starts, ends, size, window, out, counts):  # type: ignore[no-untyped-def]
    """Writes the distinct passages of every token sequence to `out`, one after another, `counts[i]` of sequence i."""
    longest = 0
    for d in range(len(ends)):
        longest = max(longest, ends[d] - starts[d])
    scratch = np.empty(longest + 1, np.uint32)
    one, two = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    total = 0
    for d in range(len(ends)):
        count = shingle(tokens[starts[d] : ends[d]], size, scratch)
        found = winnow(scratch, count, window, one, two, out[total:])
        sort_part(out, total, total + found)
        first = total
        for i in range(first, first + found):
            if i == first or out[i] != out[total - 1]:
                out[total] = out[i]
                total += 1
        counts[d] = total - first
    return total


@njit(nogil=True, cache=True)
def tally(passages, table):  # type: ignore[no-untyped-def]
    """Counts every passage in its slot of `table` (u8, a power of two), up to 2."""
    mask = uint64(len(table) - 1)
    for x in passages:
        slot = uint64(x) & mask
        table[slot] = min(2, table[slot] + 1)


@njit(nogil=True, cache=True)
def spread(passages, counts, alive, table, shift, found):  # type: ignore[no-untyped-def]
    """Counts the passages of `alive` texts that another may have too by their first bits: what `shift` leaves of them.

    `passages` are those of some texts, in order, `counts` of each.
    """
    mask = uint64(len(table) - 1)
    i = 0
    for d in range(len(counts)):
        for _ in range(counts[d]):
            x = passages[i]
            i += 1
            if alive[d] and table[uint64(x) & mask] > 1:
                found[x >> shift] += 1


@njit(nogil=True, cache=True)
def shared(passages, counts, alive, numbers, table, low, high, out):  # type: ignore[no-untyped-def]
    """Writes `passage << 32 | number of the text` for those that `spread` counts in [low, high)."""
    mask = uint64(len(table) - 1)
    found = 0
    i = 0
    for d in range(len(counts)):
        for _ in range(counts[d]):
            x = passages[i]
            i += 1
            if alive[d] and low <= x and x < high and table[uint64(x) & mask] > 1:
                out[found] = uint64(x) << uint64(32) | uint64(numbers[d])
                found += 1
