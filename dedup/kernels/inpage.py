"""Tokens of one page -> the runs that stand in it again, chained to copies."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.align import index_starts, longest_at
from dedup.kernels.hashes import shingle
from dedup.kernels.text import room, tokenize

_ROLL = uint64(0x9E3779B97F4A7C15)
_SEEN = 1 << 14


@njit(nogil=True, cache=True)
def repeated_runs(tokens, size, hashes, heads, following, taken, runs):  # type: ignore[no-untyped-def]
    """Writes the runs of at least `size` tokens that stand earlier, too, as rows (earlier start, start, length); returns
    how many. They are disjoint, and what they repeat is never itself a repeat.

    Left to right, each time the longest continuation (`longest_at`) of what ends before it. Linear in the tokens.
    """
    count = len(tokens) - size + 1
    index_starts(hashes, count, heads, following)
    taken[: len(tokens)] = 0
    mask = len(heads) - 1
    found = 0
    shift = 0
    i = 0
    while i < count:
        if heads[hashes[i] & mask] == i:  # nothing like it stands before
            i += 1
            continue
        where, best = longest_at(tokens, tokens, i, shift, hashes, hashes, heads, following, taken, i, i)
        if best < size:
            i += 1
            continue
        runs[found, 0], runs[found, 1], runs[found, 2] = where, i, best
        found += 1
        taken[i : i + best] = 1
        shift = where - i
        i += best
    return found


@njit(nogil=True, cache=True)
def link(runs, count, reach, scores, before, heads):  # type: ignore[no-untyped-def]
    """For every run the best chain that ends with it: its score in `scores` (f8), the run before it in `before` (-1: none).

    A chain's score is the tokens of its runs, less what lies between them: half a token for each that both sides have there,
    and a quarter for each that only one has (as in minimap2, Li 2018). Only the last `reach` runs are tried. The first
    place of a chain ends before its second begins (at `heads`, i64).
    """
    for r in range(count):
        scores[r] = runs[r, 2]
        before[r] = -1
        heads[r] = runs[r, 1]
        for q in range(r - 1, max(-1, r - 1 - reach), -1):
            a = runs[r, 0] - runs[q, 0] - runs[q, 2]
            b = runs[r, 1] - runs[q, 1] - runs[q, 2]
            if a < 0 or b < 0 or runs[r, 0] + runs[r, 2] > heads[q]:
                continue
            score = scores[q] + runs[r, 2] - 0.5 * min(a, b) - 0.25 * abs(a - b)
            if score > scores[r]:
                scores[r] = score
                before[r] = q
                heads[r] = heads[q]


@njit(nogil=True, cache=True)
def repeated_words(tokens, size, least):  # type: ignore[no-untyped-def]
    """How many tokens lie in runs of `least` or more that stand earlier, too; `size` as in `repeated_runs`."""
    count = len(tokens)
    if count < 2 * size:
        return 0
    slots = 16
    while slots < count:
        slots *= 2
    hashes = np.empty(count, np.uint32)
    shingle(tokens, size, hashes)
    runs = np.empty((count // size, 3), np.int64)
    found = repeated_runs(
        tokens,
        size,
        hashes,
        np.empty(slots, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.uint8),
        runs,
    )
    total = 0
    for r in range(found):
        if runs[r, 2] >= least:
            total += runs[r, 2]
    return total


@njit(nogil=True, cache=True)
def repeated_in_text(buffer, eights, inside, entries, expansions, size, least):  # type: ignore[no-untyped-def]
    """`repeated_words` of one text: the UTF-8 in `buffer`, without its padding, which is as long as a u64."""
    end = len(eights) - 1
    tokens = np.empty(end + 2, np.uint32)
    pieces = np.empty(end + 2, np.int64)
    count, _ = tokenize(
        buffer, eights, 0, end, inside, entries, expansions, room(end), tokens, uint64(0), pieces, uint64(1)
    )
    return repeated_words(tokens[:count], size, least)


@njit(nogil=True, cache=True)
def repeated_in_all(tokens, ends, size, least, need, found):  # type: ignore[no-untyped-def]
    """found[i] (bool): whether `repeated_words` of text i are `need` or more; its tokens end at `ends[i]`.

    Most texts hold next to no run twice, and are told by one pass: runs of `size` that a table says may stand earlier are
    counted, which are all that do, and a few more. A repeated run is a streak of these.
    """
    long = max(size, least)
    drop = uint64(1)
    for _ in range(size):
        drop *= _ROLL
    seen = np.empty(_SEEN, np.uint8)
    start = 0
    for d in range(len(ends)):
        end = ends[d]
        bits = 3
        while 1 << bits < 8 * (end - start):
            bits += 1
        if 1 << bits > len(seen):
            seen = np.empty(1 << bits, np.uint8)
        seen[: 1 << bits] = 0
        shift = uint64(64 - bits)
        acc = uint64(0)
        for i in range(start, min(end, start + size - 1)):
            acc = acc * _ROLL + uint64(tokens[i])
        old = uint64(0)
        streak = 0
        words = 0
        for i in range(start + size - 1, end):
            acc = acc * _ROLL + (uint64(tokens[i]) - old * drop)
            old = uint64(tokens[i - size + 1])
            slot = ((acc ^ acc >> uint64(32)) * _ROLL) >> shift
            streak = (streak + 1) * seen[slot]
            seen[slot] = 1
            words += (streak == long - size + 1) * long + (streak > long - size + 1)
        found[d] = words >= need and repeated_words(tokens[start:end], size, least) >= need
        start = end
