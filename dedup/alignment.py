"""Pairs of token sequences -> how many tokens of each pair are aligned.

Anchors are the common runs of at least `RUN` tokens, in any order, so that moved paragraphs count. Between two anchors
that are neighbours in both texts, the gap counts by its longest common subsequence, but only when the gap is
short or that is at least half of it: an edited word costs one word, an unrelated stretch costs all of it. Nothing
outside or between unrelated anchors counts, which is what a bare longest common subsequence gets wrong: frequent words
of unrelated texts match in order.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.signatures import starts_of

RUN: Final = 6
"""Tokens in the shortest anchor."""

GAP_SHARE: Final = 0.5
"""A gap counts when twice its common tokens are at least this share of both sides together."""

SHORT_GAP: Final = 8
"""A gap of at most this many tokens a side always counts."""

GAP_LIMIT: Final = 5_000
"""A gap with more tokens than this on a side is not scored (its tokens count as not aligned), and is counted."""


class Tokens(NamedTuple):
    """Token sequences in one array: sequence i is `values[starts[i]:ends[i]]`."""

    values: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, *sequences: NDArray[np.uint32]) -> Tokens:
        """From one array a sequence."""
        ends = np.array([*accumulate(map(len, sequences))], np.int64)
        values = np.concatenate(sequences)
        values.flags.writeable = False  # as a spool's are: kernels are compiled for one of the two
        return cls(values, starts_of(ends), ends)

    def part(self, first: int, last: int) -> Tokens:
        """Sequences `first` to `last`, the last one left out."""
        return Tokens(self.values, self.starts[first:last], self.ends[first:last])


class Aligned(NamedTuple):
    """`words` i64[pairs]: tokens of either side that are aligned. `numbers` i64[pairs]: numbers in the text that has fewer.
    `runs` i64[n, 3]: the anchors (start in a, start in b, length), those of pair i up to `run_ends[i]` (i64[pairs]).
    `long_gaps`: gaps over `GAP_LIMIT`.
    """

    words: NDArray[np.int64]
    numbers: NDArray[np.int64]
    runs: NDArray[np.int64]
    run_ends: NDArray[np.int64]
    long_gaps: int


def align(tokens: Tokens, pairs: NDArray[np.int64]) -> Aligned:
    """Aligns every row (a, b) of `pairs` i64[n, 2]; linear in the lengths, apart from gaps, which are bounded.

    The result depends on which side is a: callers give the longer sequence first.
    """
    lengths = tokens.ends - tokens.starts
    room = int(np.add.reduce(np.minimum(lengths[pairs[:, 0]], lengths[pairs[:, 1]]) // RUN + 1))
    shared = np.empty(len(pairs), np.int64)
    numbers = np.empty(len(pairs), np.int64)
    runs, run_ends = np.empty((room, 3), np.int64), np.empty(len(pairs), np.int64)
    gaps, gap_ends = np.empty((room, 5), np.int64), np.empty(len(pairs), np.int64)
    found = shared, numbers, runs, run_ends, gaps, gap_ends
    long_gaps = kernels.align.align_pairs(
        tokens.values, tokens.starts, tokens.ends, pairs, RUN, SHORT_GAP, GAP_LIMIT, *found
    )
    count = int(gap_ends[-1]) if len(pairs) else 0
    if count:
        totals = np.concatenate(([0], np.cumsum(_score(tokens.values, gaps[:count]))))
        shared += totals[gap_ends] - totals[starts_of(gap_ends)]
    return Aligned(shared, numbers, runs, run_ends, int(long_gaps))


def _score(values: NDArray[np.uint32], gaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Common tokens of each gap (`align_pairs`), 0 where the gap is neither short nor alike enough."""
    common = gaps[:, 4].copy()
    long = np.flatnonzero(common < 0)
    if len(long):
        common[long] = _common(values, gaps[long])
    short = np.maximum(gaps[:, 1], gaps[:, 3]) <= SHORT_GAP
    return np.where(short | (2 * common >= GAP_SHARE * (gaps[:, 1] + gaps[:, 3])), common, 0)


def _common(values: NDArray[np.uint32], gaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Common tokens of gaps of any length."""
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cpdist

    left = [array("I", values[s : s + n].tobytes()) for s, n in gaps[:, :2].tolist()]
    right = [array("I", values[s : s + n].tobytes()) for s, n in gaps[:, 2:4].tolist()]
    return cpdist(left, right, scorer=LCSseq.similarity, dtype=np.int32).astype(np.int64)
