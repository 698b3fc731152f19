"""Token sequences -> pairs that share passages: one may hold the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.candidates import Candidates, gather
from dedup.stretches import stretches

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


class Passages(NamedTuple):
    """`values` u32[total]: the distinct passages of every text, one text after another; `counts` i64[n] of each."""

    values: NDArray[np.uint32]
    counts: NDArray[np.int64]


def chosen(tokens: Tokens) -> Passages:
    """The passages of some texts."""
    from dedup.kernels import passages as kernel

    out = np.empty(int((tokens.ends - tokens.starts).sum()) + len(tokens.ends), np.uint32)
    counts = np.empty(len(tokens.ends), np.int64)
    total = kernel.winnow_all(tokens.values, tokens.starts, tokens.ends, SHINGLE, WINDOW, out, counts)
    return Passages(out[:total].copy(), counts)


def propose(
    found: Passages, alive: NDArray[np.bool_], limit: int, release: Callable[[], None] = lambda: None
) -> Candidates:
    """The pairs of `alive` texts (bool[n]) that share enough passages.

    A passage that more than `limit` texts hold pairs each with the `limit` lowest-numbered ones only, and is counted.
    `release` is called after every stretch of `found.values`, to give memory of them back.
    """
    shared = gather(_buckets(found, alive, release), limit)
    low, high = shared.pairs.T
    fewer = np.minimum(found.counts[low], found.counts[high])
    enough = (shared.times >= np.minimum(2, fewer)) & (shared.times >= SHARE * fewer)
    return Candidates(shared.codes[enough], shared.times[enough], shared.capped)


def _buckets(
    found: Passages, alive: NDArray[np.bool_], release: Callable[[], None]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """The passages that several texts may hold, sorted, with the text of each; in parts, which bounds memory."""
    from dedup.kernels import passages as kernel

    total = len(found.values)
    slots = 1 << 16
    while slots < min(2 * total, _SLOTS):
        slots *= 2
    table = np.zeros(slots, np.uint8)
    parted = list(stretches(np.cumsum(found.counts)))
    for _, place in parted:
        kernel.tally(found.values[place], table)
        release()
    parts = total // _PART + 1
    out = np.empty(total // parts, np.uint64)
    for part in range(parts):
        low, high = (1 << 32) * part // parts, (1 << 32) * (part + 1) // parts
        while True:
            size = 0
            for texts, place in parted:
                own = found.values[place], found.counts[texts], alive[texts]
                size += kernel.shared(*own, table, low, high, texts.start, out[size:])
                release()
            if size <= len(out):
                break
            out = np.empty(size, np.uint64)
        ordered = out[:size]
        ordered.sort()
        yield ordered >> np.uint64(32), (ordered & np.uint64(0xFFFFFFFF)).astype(np.int64)
