"""Pairs of aligned token sequences -> where they differ: openings, and words that stand in the place of others."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32

from dedup.kernels.align import numbers_in

_PAIRS = 32
_TOKEN = 256
_THERE = 1 << 12
_SCAN = 10_000
"""Words of both texts from which on they are sorted, to be searched."""


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
def match_gap(a, a0, a1, b, b0, b1, steps, mates):  # type: ignore[no-untyped-def]
    """mates[i]: the token of `b[b0:b1]` that token i of `a[a0:a1]` is matched with in a longest common subsequence, else -1; of
    equally long ones in one that has most tokens without digits, as numbers are more often equal by chance.

    `steps` (i16) needs room for a row and a column more than there are tokens, at most 127 a side. Gaps are told by where they
    lie here and below: making a view of an array takes longer than reading most of them.
    """
    n = a1 - a0
    m = b1 - b0
    for j in range(m + 1):
        steps[n, j] = 0
    for i in range(n - 1, -1, -1):
        steps[i, m] = 0
        for j in range(m - 1, -1, -1):
            steps[i, j] = max(steps[i + 1, j], steps[i, j + 1])
            if a[a0 + i] == b[b0 + j]:
                steps[i, j] = max(steps[i, j], steps[i + 1, j + 1] + _TOKEN - np.int16(a[a0 + i] & 1))
    for i in range(n):
        mates[i] = -1
    i = 0
    j = 0
    while i < n and j < m:
        if a[a0 + i] == b[b0 + j] and steps[i, j] == steps[i + 1, j + 1] + _TOKEN - np.int16(a[a0 + i] & 1):
            mates[i] = j
            i += 1
            j += 1
        elif steps[i + 1, j] >= steps[i, j + 1]:
            i += 1
        else:
            j += 1


@njit(nogil=True, cache=True)
def _tally(text, table):  # type: ignore[no-untyped-def]
    """Counts every token of a text in its slot of `table` (u8[_THERE]), up to 2."""
    table[:] = 0
    for t in text:
        slot = t >> uint32(1) & uint32(_THERE - 1)
        table[slot] = min(2, table[slot] + 1)


@njit(nogil=True, cache=True)
def _holds(text, token, times):  # type: ignore[no-untyped-def]
    """Whether a token stands so many times in a text; most that do stand near its start."""
    for t in text:
        if t == token:
            times -= 1
            if times == 0:
                return True
    return False


@njit(nogil=True, cache=True)
def _only_here(own, other, token):  # type: ignore[no-untyped-def]
    """Whether a token without a digit stands twice or more in one text, and never in the other.

    Each is given as it is, sorted, and as a table (`_tally`). The table spares reading a text for a token that it does not hold
    so often; a long text, which has many places, is searched. Others are not sorted.
    """
    if token & 1:
        return False
    if len(own[1]) == 0:
        slot = token >> uint32(1) & uint32(_THERE - 1)
        if own[2][slot] < 2 or (other[2][slot] and _holds(other[0], token, 1)):
            return False
        return _holds(own[0], token, 2)
    at = np.searchsorted(own[1], token)
    if at + 1 >= len(own[1]) or own[1][at + 1] != token:
        return False
    at = np.searchsorted(other[1], token)
    return at == len(other[1]) or other[1][at] != token


@njit(nogil=True, cache=True)
def _note_names(a, b, a0, a1, b0, b1, theirs, names, used):  # type: ignore[no-untyped-def]
    """Counts the pairs of a token from `a0` to `a1` and one from `b0` to `b1` of which each stands in its own text only
    (`_only_here`), twice or more; returns how many pairs. `theirs`: room for the tokens of `b`.
    """
    n = 0
    for i in range(a0, a1):
        p = a[0][i]
        if not _only_here(a, b, p):
            continue
        if n == 0:
            for j in range(b0, b1):
                if _only_here(b, a, b[0][j]):
                    theirs[n] = b[0][j]
                    n += 1
            if n == 0:
                return used
        for j in range(n):
            q = theirs[j]
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
def _read_gap(a, b, a0, a1, b0, b1, short, mates, theirs, counts, names, used):  # type: ignore[no-untyped-def]
    """Adds what one text (`_only_here`) has from `a0` to `a1` in the place of what the other has from `b0` to `b1`, between
    matched tokens (`mates`), to `counts`.
    """
    i = a0
    j = b0
    while i < a1 or j < b1:
        i2 = i
        while i2 < a1 and mates[i2 - a0] < 0:
            i2 += 1
        j2 = b1 if i2 == a1 else b0 + mates[i2 - a0]
        if max(i2 - i, j2 - j) > short:
            counts[3] += 1
        elif i2 > i and j2 > j:
            x = numbers_in(a[0], i, i2)
            y = numbers_in(b[0], j, j2)
            counts[0] += min(x, y)
            counts[1] += abs(x - y)
            counts[2] += 1
            used = _note_names(a, b, i, i2, j, j2, theirs, names, used)
        i = i2 + 1
        j = j2 + 1
        if i2 == a1:
            break
    return used


@njit(nogil=True, cache=True)
def _is_frame(a, a0, a1, b, b0, b1, least):  # type: ignore[no-untyped-def]
    """Whether two edges are frames of two printers, as bylines and stamps are: no word without a digit stands in both, each has
    `least` of them or more, and they do not have equally many numbers. Other facts of one template are equally many.
    """
    x = numbers_in(a, a0, a1)
    y = numbers_in(b, b0, b1)
    if x == y or min(a1 - a0 - x, b1 - b0 - y) < least:
        return False
    for i in range(a0, a1):
        for j in range(b0, b1):
            if a[i] == b[j] and a[i] & 1 == 0:
                return False
    return True


@njit(nogil=True, cache=True)
def read_gaps(a, b, runs, count, longest, short, framing, room, counts, names):  # type: ignore[no-untyped-def]
    """Reads the gaps between runs that are neighbours in both texts. What stands before the first run and behind the last
    one is often furniture: it counts when it has at most `short` words on each side, or when half of it agrees.

    `counts`: numbers in the place of numbers, numbers in the place of other words, places with words in the place of
    others, places of more than `short` words (gaps of more than `longest` tokens among them), words of both texts between the
    first and the last run that are not matched; and of the first two, what stands in frames (`_is_frame`, of `framing` words).
    Returns how many rows `names` has.
    """
    taken, steps, mates, theirs, there = room
    taken[: len(b)] = 0
    for r in range(count):
        taken[runs[r, 1] : runs[r, 1] + runs[r, 2]] = 1
    used = 0
    sa, sb = theirs[:0], theirs[:0]
    if len(a) + len(b) > _SCAN:
        sa, sb = np.sort(a), np.sort(b)
    else:
        _tally(a, there[0])
        _tally(b, there[1])
    one, two = (a, sa, there[0]), (b, sb, there[1])
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
                match_gap(a, a0, a1, b, b0, b1, steps, mates)
                for i in range(a1 - a0):
                    same += mates[i] >= 0
            if size <= longest and (inner or size <= short or 4 * same >= a1 - a0 + b1 - b0):
                matched += same if inner else 0
                swaps, lone = counts[0], counts[1]
                used = _read_gap(one, two, a0, a1, b0, b1, short, mates, theirs, counts, names, used)
                if not inner and _is_frame(a, a0, a1, b, b0, b1, framing):
                    counts[5] += counts[0] - swaps
                    counts[6] += counts[1] - lone
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
def contrast_pairs(tokens, starts, ends, pairs, runs, size, limits, lead, leads, counts, names):  # type: ignore[no-untyped-def]
    """For every row (a, b) of `pairs`, of which the common runs of `size` or more tokens are known (`runs`: all of them, where
    those of each pair begin, and where they end; `limits`: `longest`, `short` and `framing` of `read_gaps`): `leads` f64[2],
    `counts` i64[8] (seven of `read_gaps`, then `common_numbers`),
    and in `names` i64[n, k, 3] the tokens that replace each other most consistently: (token of a, token of b, times).
    """
    widest = 0
    for p in range(len(pairs)):
        widest = max(widest, ends[pairs[p, 1]] - starts[pairs[p, 1]])
    longest, short, framing = limits
    steps, there = np.empty((longest + 1, longest + 1), np.int16), np.empty((2, _THERE), np.uint8)
    room = np.empty(widest, np.uint8), steps, np.empty(longest + 1, np.int64), np.empty(longest + 1, np.uint32), there
    table = np.empty((_PAIRS, 3), np.int64)
    counts[:] = 0
    names[:] = 0
    for p in range(len(pairs)):
        a = tokens[starts[pairs[p, 0]] : ends[pairs[p, 0]]]
        b = tokens[starts[pairs[p, 1]] : ends[pairs[p, 1]]]
        leads[p, 0] = lead_share(a, b, lead[0], lead[1], lead[2])
        leads[p, 1] = lead_share(b, a, lead[0], lead[1], lead[2])
        counts[p, 7] = common_numbers(a, b)
        if min(len(a), len(b)) < size:
            continue
        own = runs[0][runs[1][p] : runs[2][p]]
        used = read_gaps(a, b, own, len(own), longest, short, framing, room, counts[p], table)
        for k in range(names.shape[1]):
            best = -1
            for x in range(used):
                if table[x, 2] > 0 and (best < 0 or table[x, 2] > table[best, 2]):
                    best = x
            if best >= 0:
                names[p, k] = table[best]
                table[best, 2] = 0
