"""Band keys -> candidate pairs: texts that share a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MERGE_AT: Final = 4_000_000
"""Pairs are made distinct whenever this many have come together, which bounds memory."""


class Candidates(NamedTuple):
    """`pairs` i64[n, 2]: distinct, (lower, higher) text number, sorted. `capped`: buckets over the limit."""

    pairs: NDArray[np.int64]
    capped: int


def propose(bands: Iterable[NDArray[np.uint64]], limit: int) -> Candidates:
    """All pairs of texts with an equal key in some band; `bands` yields u64[texts] each.

    In a bucket of more than `limit` texts each text is paired with the `limit` lowest-numbered ones only, so that a
    flood of n alike texts costs limit * n pairs and not n * n / 2.
    """
    from dedup.kernels import graph as kernel

    codes: list[NDArray[np.int64]] = []
    size = 0
    capped = 0
    for keys in bands:
        order = np.argsort(keys)
        ordered = keys[order]
        room, over = kernel.count_pairs(ordered, limit)
        capped += int(over)
        if room:
            found = np.empty(room, np.int64)
            kernel.bucket_pairs(ordered, order, limit, found)
            codes.append(_distinct(found))
            size += len(codes[-1])
        if size > _MERGE_AT:
            codes = [_distinct(np.concatenate(codes))]
            size = len(codes[0])
    distinct = _distinct(np.concatenate(codes)) if codes else np.empty(0, np.int64)
    return Candidates(np.stack((distinct >> 32, distinct & 0xFFFFFFFF), axis=1), capped)


def _distinct(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each code once, in order; numpy's `unique` hashes integers, which takes ten times as long as sorting them."""
    codes.sort()
    new = np.ones(len(codes), bool)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    return codes[new]
