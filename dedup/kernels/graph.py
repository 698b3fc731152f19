"""Bands -> candidate pairs; verified pairs -> stars."""

from __future__ import annotations

from numba import njit

from dedup.kernels.sorting import sort_part


@njit(nogil=True, cache=True)
def stretch(keys, start, limit, room):  # type: ignore[no-untyped-def]
    """From `start` on, as many whole buckets of sorted `keys` as `bucket_pairs` makes `room` pairs of, but at least one.

    Returns where they end, how many pairs that is, and how many of the buckets hold more than `limit` texts.
    """
    total = 0
    capped = 0
    for i in range(start + 1, len(keys) + 1):
        if i == len(keys) or keys[i] != keys[start]:
            m = i - start
            pairs = m * (m - 1) // 2 if m <= limit else limit * (limit - 1) // 2 + limit * (m - limit)
            if total and total + pairs > room:
                return start, total, capped
            total += pairs
            capped += m > limit
            start = i
    return start, total, capped


@njit(nogil=True, cache=True)
def bucket_pairs(keys, order, limit, codes):  # type: ignore[no-untyped-def]
    """Writes `low << 32 | high` for every pair that shares a bucket; returns how many.

    `keys` are sorted, `order` has the text of each; each bucket's stretch of it is sorted by text number here. In a
    bucket of more than `limit` texts each is paired with the `limit` lowest-numbered ones only.
    """
    found = 0
    start = 0
    for i in range(1, len(order) + 1):
        if i == len(order) or keys[i] != keys[start]:
            if i - start > 1:  # most texts are alone: calling for each of them takes longer than all else
                sort_part(order, start, i)
            for y in range(start + 1, i):
                for x in range(start, min(y, start + limit)):
                    codes[found] = order[x] << 32 | order[y]
                    found += 1
            start = i
    return found


@njit(nogil=True, cache=True)
def cover(ranked, heads, neighbours, kept):  # type: ignore[no-untyped-def]
    """Best first, keeps every text that no kept text matches: a maximal independent set, so kept texts never match.

    `neighbours[heads[i]:heads[i + 1]]` are the texts that match text i; `kept` (u8) comes back 1 or 0.
    """
    kept[:] = 1
    for t in ranked:
        if kept[t] == 1:
            for k in range(heads[t], heads[t + 1]):
                kept[neighbours[k]] = 0


@njit(nogil=True, cache=True)
def deepen(pairs, depths):  # type: ignore[no-untyped-def]
    """Raises `depths` (i64, zeros) along `pairs` (a, b), a < b, sorted by a: b lies deeper than a."""
    for p in range(len(pairs)):
        depths[pairs[p, 1]] = max(depths[pairs[p, 1]], depths[pairs[p, 0]] + 1)
