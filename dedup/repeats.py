"""The words of one page -> the stretches that stand in it twice, each a chain of common runs.

Seeds are runs of `RUN` words that stand at two places; a run goes on as long as both agree. Runs that follow each other at
both places make a chain, with gaps where one copy was edited, or lacks something. Line breaks play no part.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import RUN
from dedup.signatures import shingles

REACH: Final = 64
"""A run is chained to one of the so many runs before it."""


Stretch = tuple[int, int]
"""Words of a page, from the first to before the last."""

PAIR: Final = 15
"""Paragraphs of so many words that each stand twice in a row, `PAIRS` of them or more, are together a body, ..."""

PAIRS: Final = 3

NEXT: Final = (2, 20)
"""... with at most so many words between the two copies of one, and between one pair and the next."""


class Chain(NamedTuple):
    """A stretch of words that stands again: `runs` i64[n, 3] (start at the first place, start at the second, length)."""

    runs: NDArray[np.int64]

    @property
    def shared(self) -> int:
        """Words in the runs."""
        return int(self.runs[:, 2].sum())

    @property
    def first(self) -> Stretch:
        """The words of the first place, from the first run to the end of the last."""
        return int(self.runs[0, 0]), int(self.runs[-1, 0] + self.runs[-1, 2])

    @property
    def second(self) -> Stretch:
        """The words of the second place."""
        return int(self.runs[0, 1]), int(self.runs[-1, 1] + self.runs[-1, 2])


def repeated_runs(tokens: NDArray[np.uint32], size: int = RUN) -> NDArray[np.int64]:
    """The runs of `size` words or more that stand earlier, too, as rows (earlier start, start, length), in order.

    They are disjoint, and what they repeat is never itself a repeat: of five copies four repeat the first. Linear.
    """
    count = len(tokens)
    if count < 2 * size:
        return np.empty((0, 3), np.int64)
    runs = np.empty((count // size, 3), np.int64)
    heads = np.empty(1 << max(4, count.bit_length()), np.int32)
    found = kernels.inpage.repeated_runs(
        tokens, size, shingles(tokens, size), heads, np.empty(count, np.int32), np.empty(count, np.uint8), runs
    )
    return runs[:found]


def chains(runs: NDArray[np.int64], least: int) -> list[Chain]:
    """The chains with at least `least` words in their runs, most words first; every run is in one chain at most."""
    scores = np.empty(len(runs))
    before = np.empty(len(runs), np.int64)
    kernels.inpage.link(runs, len(runs), REACH, scores, before, np.empty(len(runs), np.int64))
    taken = np.zeros(len(runs), bool)
    ranked = np.argsort(-scores, kind="stable")
    previous: list[int] = before.tolist()
    found = []
    for last in ranked[scores[ranked] >= RUN].tolist():
        row, rows = last, []
        while row >= 0 and not taken[row]:
            taken[row] = True
            rows.append(row)
            row = previous[row]
        if rows and runs[rows, 2].sum() >= least:
            found.append(Chain(runs[rows[::-1]]))
    return sorted(found, key=lambda chain: (-chain.shared, chain.second))


def paired(chains: list[Chain], unit: int, least: float) -> list[Chain]:
    """The chains of paragraphs that each stand twice in a row, where enough of them follow each other: with `least` words."""
    pairs = sorted(
        (c for c in chains if c.shared >= PAIR * unit and c.second[0] - c.first[1] <= NEXT[0] * unit),
        key=lambda c: c.first,
    )
    rows: list[list[Chain]] = []
    for chain in pairs:
        if not rows or chain.first[0] - rows[-1][-1].second[1] > NEXT[1] * unit:
            rows.append([])
        rows[-1].append(chain)
    return [c for row in rows if len(row) >= PAIRS and sum(c.shared for c in row) >= least for c in row]


def parted(chain: Chain, gap: int) -> list[Chain]:
    """A chain cut where so many words stand between two runs, on either side."""
    runs = chain.runs
    between = np.maximum(*(runs[1:, k] - runs[:-1, k] - runs[:-1, 2] for k in (0, 1)))
    return [Chain(part) for part in np.split(runs, np.flatnonzero(between >= gap) + 1)]
