"""Token sequences -> pairs that share passages: one may hold the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import Tokens
from dedup.candidates import Candidates, gather
from dedup.stretches import in_order, shares, stretches

SHINGLE: Final = 6
"""Tokens in a passage."""

WINDOW: Final = 24
"""Of so many neighbouring shingles one is a passage: two texts that share a run of SHINGLE + WINDOW - 1 = 29 tokens share
a passage (winnowing: Schleimer, Wilkerson, Aiken 2003). A text has about two passages for WINDOW + 1 tokens."""

SHARE: Final = 1 / 8
"""A pair is proposed when it shares at least this part of the passages of the text that has fewer, and two of them (one
when it has only one)."""

_SLOTS: Final = 1 << 27
"""The most slots that passages are counted in."""

_PART: Final = 5_000_000
"""So many passages are sorted at once, about."""

_BITS: Final = 8
"""Passages are told apart by so many first bits, to be sorted in parts."""


class Passages(NamedTuple):
    """`values` u32[total]: the distinct passages of every text, one text after another; `counts` i64[n] of each; `numbers` i64[n]
    of the texts, None where they are in order.
    """

    values: NDArray[np.uint32]
    counts: NDArray[np.int64]
    numbers: NDArray[np.int64] | None = None


def chosen(tokens: Tokens) -> Passages:
    """The passages of some texts."""
    out = np.empty(int((tokens.ends - tokens.starts).sum()) + len(tokens.ends), np.uint32)
    counts = np.empty(len(tokens.ends), np.int64)
    total = kernels.passages.winnow_all(tokens.values, tokens.starts, tokens.ends, SHINGLE, WINDOW, out, counts)
    return Passages(out[:total].copy(), counts)


def propose(
    found: Passages,
    alive: NDArray[np.bool_],
    limit: int,
    release: Callable[[], None] = lambda: None,
    pool: Executor | None = None,
) -> Candidates:
    """The pairs of `alive` texts (bool[n]) that share enough passages.

    A passage that more than `limit` texts hold pairs each with the `limit` lowest-numbered ones only, and is counted.
    `release` is called after every stretch of `found.values`, to give memory of them back.
    """
    numbers = np.arange(len(found.counts)) if found.numbers is None else found.numbers
    shared = gather(_buckets(found, numbers, alive[numbers], release, pool), limit)
    counts = np.empty_like(found.counts)
    counts[numbers] = found.counts
    low, high = shared.pairs.T
    fewer = np.minimum(counts[low], counts[high])
    enough = (shared.times >= np.minimum(2, fewer)) & (shared.times >= SHARE * fewer)
    return Candidates(shared.codes[enough], shared.times[enough], shared.capped)


def _buckets(
    found: Passages,
    numbers: NDArray[np.int64],
    alive: NDArray[np.bool_],
    release: Callable[[], None],
    pool: Executor | None,
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """The passages that several texts may hold, sorted, with the text of each; in parts, which bounds memory. `numbers` and
    `alive` are in the order of the passages.
    """
    total = len(found.values)
    slots = 1 << 16
    while slots < min(2 * total, _SLOTS):
        slots *= 2
    table = np.zeros(slots, np.uint8)
    parted = list(stretches(np.cumsum(found.counts)))
    for _, place in parted:
        kernels.passages.tally(found.values[place], table)
        release()

    def counted(part: tuple[slice, slice]) -> NDArray[np.int64]:
        texts, place = part
        counts = np.zeros(1 << _BITS, np.int64)
        kernels.passages.spread(
            found.values[place], found.counts[texts], alive[texts], table, np.uint32(32 - _BITS), counts
        )
        release()
        return counts

    spread = np.array([*in_order(pool, counted, parted), np.zeros(1 << _BITS, np.int64)])
    for low, high in shares(spread.sum(axis=0), _PART):
        ends = np.cumsum(spread[:, low:high].sum(axis=1))
        out = np.empty(ends[-1], np.uint64)
        bounds = low << 32 - _BITS, high << 32 - _BITS

        def written(
            i: int,
            out: NDArray[np.uint64] = out,
            ends: NDArray[np.int64] = ends,
            bounds: tuple[int, int] = bounds,
        ) -> None:
            texts, place = parted[i]
            own = found.values[place], found.counts[texts], alive[texts], numbers[texts]
            kernels.passages.shared(*own, table, *bounds, out[ends[i - 1] if i else 0 : ends[i]])
            release()

        for _ in in_order(pool, written, range(len(parted))):
            pass
        out.sort()
        yield out >> np.uint64(32), (out & np.uint64(0xFFFFFFFF)).astype(np.int64)
