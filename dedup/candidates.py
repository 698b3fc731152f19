"""Buckets of texts -> candidate pairs: texts that share a bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels

_ROOM: Final = 4_000_000
"""So many pairs are made at once, about, and made distinct whenever as many have come together: this bounds memory."""


class Candidates(NamedTuple):
    """`codes` i64[n]: distinct pairs of text numbers, lower << 32 | higher, sorted. `times` i64[n]: the buckets that each
    shares. `capped`: buckets over the limit.
    """

    codes: NDArray[np.int64]
    times: NDArray[np.int64]
    capped: int

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The pairs as i64[n, 2]."""
        return as_pairs(self.codes)


def as_pairs(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of pairs -> i64[n, 2]: lower, higher."""
    return np.stack((codes >> 32, codes & 0xFFFFFFFF), axis=1)


def ordered(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The keys of a band, sorted, and the text of each."""
    order = np.argsort(keys)
    return keys[order], order


def gather(buckets: Iterable[tuple[NDArray[Any], NDArray[np.int64]]], limit: int) -> Candidates:
    """All pairs of texts in a bucket: `buckets` yields sorted keys, and the text of each (i64).

    In a bucket of more than `limit` texts each text is paired with the `limit` lowest-numbered ones only, so that a
    flood of n alike texts costs limit * n pairs and not n * n / 2.
    """
    codes, times = np.empty(0, np.int64), np.empty(0, np.int64)
    waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    size = 0
    capped = 0
    for keys, texts in buckets:
        for found, over in _pairs(keys, texts, limit):
            capped += over
            waiting.append(_counted(found))
            size += len(waiting[-1][0])
            if size > _ROOM:
                codes, times = _merged([(codes, times), *waiting])
                waiting, size = [], 0
    return Candidates(*_merged([(codes, times), *waiting]), capped)


def _pairs(keys: NDArray[Any], texts: NDArray[np.int64], limit: int) -> Iterator[tuple[NDArray[np.int64], int]]:
    """The codes of all pairs, a stretch of buckets at a time, and how many of these buckets are over the limit."""
    start = 0
    while start < len(keys):
        end, count, capped = kernels.graph.stretch(keys, start, limit, _ROOM)
        found = np.empty(count, np.int64)
        kernels.graph.bucket_pairs(keys[start:end], texts[start:end], limit, found)
        yield found, int(capped)
        start = end


def _counted(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each code once, in order, and how often it was there; numpy's `unique` hashes, which takes ten times as long."""
    codes.sort()
    heads = _heads(codes)
    return codes[heads], np.diff(heads, append=len(codes))


def _merged(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    codes = np.concatenate([c for c, _ in parts])
    times = np.concatenate([t for _, t in parts])
    if len(codes) == 0:
        return codes, times
    order = np.argsort(codes)
    codes = codes[order]
    heads = _heads(codes)
    return codes[heads], np.add.reduceat(times[order], heads)


def _heads(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the runs of equal values of a sorted array begin."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)
