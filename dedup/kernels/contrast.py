"""Pairs of aligned token sequences -> where they differ: openings, and words that stand in the place of others."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32

from dedup.kernels.align import find_runs, room_for

_PAIRS = 32
_TOKEN = 256
_THERE = 1 << 12
_SCAN = 10_000
"""Words of both texts from which on they are sorted, to be searched: below, a scan is faster."""


@njit(nogil=True, cache=True)
def lead_share(a, b, first, within, run):  # type: ignore[no-untyped-def]
    """The share of the first `first` tokens of `a` that lie in runs of `run` tokens which the first `within` of `b` hold.

    A table tells which tokens `b` may hold, so that a run is only looked for where all of its tokens may be there; first where
    the last one went on.
    """
    n = min(first, len(a))
    m = min(within, len(b))
    if m < run:
        return 0.0
    there = np.zeros(_THERE, np.uint8)
    for j in range(m):
        there[b[j] >> uint32(1) & uint32(_THERE - 1)] = 1
    covered = 0
    reach = 0
    streak = 0
    behind = 0
    for end in range(n):
        streak = (streak + 1) * there[a[end] >> uint32(1) & uint32(_THERE - 1)]
        i = end - run + 1
        if streak < run:
            continue
        j = behind if behind <= m - run else 0
        behind = 0
        scan = 0
        while scan <= m - run + 1:
            k = 0
            while k < run and a[i + k] == b[j + k]:
                k += 1
            if k == run:
                covered += i + run - max(reach, i)
                reach = i + run
                behind = j + 1
                break
            j = scan
            scan += 1
    return covered / n if n else 0.0


@njit(nogil=True, cache=True)
def match_gap(a, b, steps, mates):  # type: ignore[no-untyped-def]
    """mates[i]: the token of `b` that token i of `a` is matched with in a longest common subsequence, else -1; of equally long
    ones in one that has most tokens without digits, as numbers are more often equal by chance.

    `steps` (i16) needs room for `(len(a) + 1, len(b) + 1)`; at most 127 tokens a side.
    """
    n = len(a)
    m = len(b)
    steps[n, : m + 1] = 0
    for i in range(n - 1, -1, -1):
        steps[i, m] = 0
        for j in range(m - 1, -1, -1):
            steps[i, j] = max(steps[i + 1, j], steps[i, j + 1])
            if a[i] == b[j]:
                steps[i, j] = max(steps[i, j], steps[i + 1, j + 1] + _TOKEN - np.int16(a[i] & 1))
    mates[:n] = -1
    i = 0
    j = 0
    while i < n and j < m:
        if a[i] == b[j] and steps[i, j] == steps[i + 1, j + 1] + _TOKEN - np.int16(a[i] & 1):
            mates[i] = j
            i += 1
            j += 1
        elif steps[i + 1, j] >= steps[i, j + 1]:
            i += 1
        else:
            j += 1


@njit(nogil=True, cache=True)
def _scan(own, other, token):  # type: ignore[no-untyped-def]
    """Whether a token stands twice or more in `own`, and never in `other`."""
    found = 0
    for t in own:
        found += t == token
    if found < 2:
        return False
    here = True
    for t in other:
        here = here and t != token
    return here


@njit(nogil=True, cache=True)
def _only_here(own, other, sorted_own, sorted_other, token):  # type: ignore[no-untyped-def]
    """Whether a token without a digit stands twice or more in `own`, and never in `other`.

    Looked up in the sorted texts where there are such, because a long text has many places.
    """
    if token & 1:
        return False
    if len(sorted_own) == 0:
        return _scan(own, other, token)
    at = np.searchsorted(sorted_own, token)
    if at + 1 >= len(sorted_own) or sorted_own[at + 1] != token:
        return False
    at = np.searchsorted(sorted_other, token)
    return at == len(sorted_other) or sorted_other[at] != token


@njit(nogil=True, cache=True)
def _note_names(a, b, sa, sb, u, v, names, used):  # type: ignore[no-untyped-def]
    """Counts the pairs of `u` x `v` of which each stands in its own text only, twice or more; returns how many pairs.

    `sa`, `sb`: the texts sorted, or empty.
    """
    theirs = np.empty(len(v), np.uint32)
    n = 0
    for p in u:
        if not _only_here(a, b, sa, sb, p):
            continue
        if n == 0:
            for q in v:
                if _only_here(b, a, sb, sa, q):
                    theirs[n] = q
                    n += 1
            if n == 0:
                return used
        for q in theirs[:n]:
            k = 0
            while k < used and (names[k, 0] != p or names[k, 1] != q):
                k += 1
            if k == _PAIRS:
                continue
            if k == used:
                names[k, 0], names[k, 1], names[k, 2] = p, q, 0
                used += 1
            names[k, 2] += 1
    return used


@njit(nogil=True, cache=True)
def _read_gap(a, b, sa, sb, a0, a1, b0, b1, short, mates, counts, names, used):  # type: ignore[no-untyped-def]
    """Adds what `a[a0:a1]` has in the place of `b[b0:b1]`, between matched tokens (`mates`), to `counts`."""
    i = a0
    j = b0
    while i < a1 or j < b1:
        i2 = i
        while i2 < a1 and mates[i2 - a0] < 0:
            i2 += 1
        j2 = b1 if i2 == a1 else b0 + mates[i2 - a0]
        u = a[i:i2]
        v = b[j:j2]
        if max(len(u), len(v)) > short:
            counts[3] += 1
        elif len(u) and len(v):
            x = np.sum(u & 1)
            y = np.sum(v & 1)
            counts[0] += min(x, y)
            counts[1] += abs(x - y)
            counts[2] += 1
            used = _note_names(a, b, sa, sb, u, v, names, used)
        i = i2 + 1
        j = j2 + 1
        if i2 == a1:
            break
    return used


@njit(nogil=True, cache=True)
def read_gaps(a, b, runs, count, taken, longest, short, steps, mates, counts, names):  # type: ignore[no-untyped-def]
    """Reads the gaps between runs that are neighbours in both texts. What stands before the first run and behind the last
    one is often furniture: it counts when it has at most `short` words on each side, or when half of it agrees.

    `counts`: numbers in the place of numbers, numbers in the place of other words, places with words in the place of
    others, places of more than `short` words (gaps of more than `longest` tokens among them), words of both texts between the
    first and the last run that are not matched. Returns how many rows `names` has.
    """
    used = 0
    sa = np.empty(0, np.uint32)
    sb = np.empty(0, np.uint32)
    if len(a) + len(b) > _SCAN:
        sa, sb = np.sort(a), np.sort(b)
    a0 = b0 = last = matched = 0
    first = len(b)
    for r in range(count + 1):
        a1, b1 = (runs[r, 0], runs[r, 1]) if r < count else (len(a), len(b))
        clear = b1 >= b0
        j = b0
        while clear and j < b1:
            clear = taken[j] == 0
            j += 1
        inner = 0 < r < count
        if clear and (a1 > a0 or b1 > b0):
            size = max(a1 - a0, b1 - b0)
            same = 0
            if size <= longest:
                match_gap(a[a0:a1], b[b0:b1], steps, mates)
                same = np.sum(mates[: a1 - a0] >= 0)
            if size <= longest and (inner or size <= short or 4 * same >= a1 - a0 + b1 - b0):
                matched += same if inner else 0
                used = _read_gap(a, b, sa, sb, a0, a1, b0, b1, short, mates, counts, names, used)
            else:
                counts[3] += 1
        if r < count:
            a0, b0 = runs[r, 0] + runs[r, 2], runs[r, 1] + runs[r, 2]
            first, last, matched = min(first, runs[r, 1]), max(last, b0), matched + runs[r, 2]
    if count:
        counts[4] = a0 - runs[0, 0] + last - first - 2 * matched
    return used


@njit(nogil=True, cache=True)
def common_numbers(a, b):  # type: ignore[no-untyped-def]
    """How many tokens with a digit (bit 0) of `a` and `b` can be paired, each with an equal one, wherever they stand."""
    x = np.sort(a[a & 1 == 1])
    y = np.sort(b[b & 1 == 1])
    found = 0
    i = 0
    j = 0
    while i < len(x) and j < len(y):
        if x[i] == y[j]:
            found += 1
            i += 1
            j += 1
        elif x[i] < y[j]:
            i += 1
        else:
            j += 1
    return found


@njit(nogil=True, cache=True)
def contrast_pairs(tokens, starts, ends, pairs, size, longest, short, lead, leads, counts, names):  # type: ignore[no-untyped-def]
    """For every row (a, b) of `pairs`: `leads` f64[2], `counts` i64[6] (five of `read_gaps`, then `common_numbers`), and in
    `names` i64[n, k, 3] the tokens that replace each other most consistently: (token of a, token of b, times).
    """
    room = room_for(starts, ends, pairs, size)
    taken, runs = room[4], room[5]
    steps = np.empty((longest + 1, longest + 1), np.int16)
    mates = np.empty(longest + 1, np.int64)
    table = np.empty((_PAIRS, 3), np.int64)
    counts[:] = 0
    names[:] = 0
    for p in range(len(pairs)):
        a = tokens[starts[pairs[p, 0]] : ends[pairs[p, 0]]]
        b = tokens[starts[pairs[p, 1]] : ends[pairs[p, 1]]]
        leads[p, 0] = lead_share(a, b, lead[0], lead[1], lead[2])
        leads[p, 1] = lead_share(b, a, lead[0], lead[1], lead[2])
        counts[p, 5] = common_numbers(a, b)
        count = find_runs(a, b, size, room)
        if min(len(a), len(b)) < size:
            continue
        used = read_gaps(a, b, runs, count, taken, longest, short, steps, mates, counts[p], table)
        for k in range(names.shape[1]):
            best = -1
            for x in range(used):
                if table[x, 2] > 0 and (best < 0 or table[x, 2] > table[best, 2]):
                    best = x
            if best >= 0:
                names[p, k] = table[best]
                table[best, 2] = 0
