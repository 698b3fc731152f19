"""Two texts -> the stretches that they share, and those that they do not.

Anchors are the common runs of at least `RUN` tokens that the alignment finds. Those that stand in the same order in both
texts (the choice with the most words) are equal, the others have moved. What lies between equal anchors, moved runs
left out, is compared word by word (rapidfuzz, Levenshtein), and counts as the alignment counts it: where a longer gap
has less than half of its words in common, it is other text with the same frequent words, and only what it begins and ends
with is equal. Words are compared as tokens, so that a difference of case, accents or punctuation lies inside an equal
piece.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import GAP_LIMIT, GAP_SHARE, RUN, SHORT_GAP
from dedup.signatures import shingles
from dedup.words import Words, locate

Kind: TypeAlias = Literal["equal", "replaced", "removed", "added", "moved"]
Span: TypeAlias = tuple[int, int]

_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of two texts: `a` and `b` are where it begins and ends in each, in code points.

    A removed piece is empty in b and an added one in a: they tell where it would stand there. Equal and moved pieces have
    the same words on both sides. Each holds whole words, and what stands between them and the next piece.
    """

    kind: Kind
    a: Span
    b: Span


class _Side(NamedTuple):
    """The tokens of one text that no moved run holds: `places` i64[n] among all its tokens, of which there are `total`.

    `breaks`: where in `places` a moved run is left out (neither at its start nor at its end).
    """

    tokens: NDArray[np.uint32]
    places: NDArray[np.int64]
    breaks: list[int]
    total: int

    @classmethod
    def of(cls, tokens: NDArray[np.uint32], moved: NDArray[np.int64]) -> _Side:
        """`moved`: rows (start, length)."""
        stays = np.ones(len(tokens), np.bool_)
        for start, length in moved.tolist():
            stays[start : start + length] = False
        places = np.flatnonzero(stays)
        return cls(tokens[stays], places, (np.flatnonzero(np.diff(places) > 1) + 1).tolist(), len(tokens))

    def cuts(self, start: int, end: int) -> list[int]:
        """The breaks within a stretch."""
        return self.breaks[bisect(self.breaks, start) : bisect_left(self.breaks, end)]

    def span(self, start: int, end: int) -> Span:
        """A stretch without breaks among all tokens; an empty one stands before the next token that stays."""
        first = int(self.places[start]) if start < len(self.places) else self.total
        return first, first + end - start


def diff(a: str, b: str) -> tuple[Piece, ...]:
    """The pieces of two texts, in the order of a; added ones stand where they stand in b.

    Every code point of either text lies in exactly one piece; two empty texts have none. A gap with more than
    `alignment.GAP_LIMIT` words on a side is not compared word by word, but replaced as a whole.

    >>> for piece in diff("The ferry sails on Monday, at noon.", "The FERRY sails on Tuesday at noon!"):
    ...     print(piece.kind, piece.a, piece.b)
    equal (0, 19) (0, 19)
    replaced (19, 27) (19, 27)
    equal (27, 35) (27, 35)
    """
    sides = locate(a), locate(b)
    first, second = (side.tokens for side in sides)
    if not len(first) or not len(second):
        kind: Kind = "equal" if len(first) == len(second) else "replaced" if a and b else "added" if b else "removed"
        return (Piece(kind, (0, len(a)), (0, len(b))),) if a or b else ()
    edges = [_edges(text, side) for text, side in zip((a, b), sides, strict=True)]
    return tuple(
        Piece(kind, (edges[0][p[0]], edges[0][p[1]]), (edges[1][q[0]], edges[1][q[1]]))
        for kind, p, q in _pieces(first, second)
    )


def _edges(text: str, words: Words) -> list[int]:
    """Where the stretch of each word begins, and the end of the text.

    White space belongs to the word before it, and punctuation to the word that it touches.
    """
    begins, ends = words.starts[1:].tolist(), words.ends[:-1].tolist()
    for i in np.flatnonzero(
        words.starts[1:] - words.ends[:-1] > 1
    ).tolist():  # one sign alone belongs to the word before
        for space in _SPACE.finditer(text, ends[i], begins[i]):
            begins[i] = space.end()
    return [0, *begins, len(text)]


def _pieces(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> list[tuple[Kind, Span, Span]]:
    """The pieces of two token sequences, in spans of tokens."""
    runs = _anchors(a, b)
    chain = _chain(runs)
    moved = runs[~chain]
    sides = _Side.of(a, moved[:, [0, 2]]), _Side.of(b, moved[:, [1, 2]])
    anchors = runs[chain]
    for k in (0, 1):
        anchors[:, k] = np.searchsorted(sides[k].places, anchors[:, k])
    found: list[tuple[Kind, Span, Span]] = [("moved", (i, i + n), (j, j + n)) for i, j, n in moved.tolist()]
    p = q = 0
    for i, j, n in _equal(*sides, anchors):
        found += _changed(*sides, (p, i), (q, j))
        p, q = i + n, j + n
        found += _split(*sides, i, j, n)
    found += _changed(*sides, (p, len(sides[0].places)), (q, len(sides[1].places)))
    return sorted(found, key=lambda piece: piece[1][0])


def _anchors(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The common runs as rows (start in a, start in b, length), in the order of a; disjoint on both sides.

    They are looked for along the longer sequence, as for the resemblance.
    """
    if len(a) < len(b):
        turned = _anchors(b, a)[:, [1, 0, 2]]
        return turned[np.argsort(turned[:, 0])]
    if len(b) < RUN:
        return np.empty((0, 3), np.int64)
    heads = np.empty(1 << max(4, len(b).bit_length()), np.int32)
    following, taken = np.empty(len(b), np.int32), np.empty(len(b), np.uint8)
    runs = np.empty((len(b) // RUN, 3), np.int64)
    count = kernels.align.common_runs(a, b, RUN, shingles(a, RUN), shingles(b, RUN), heads, following, taken, runs)
    return runs[:count]


def _chain(runs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are in the same order in b as in a, bool[n]: the choice with the most words (Fredman 1975, weighted)."""
    ends: list[int] = []
    words: list[int] = []
    rows: list[int] = []
    before: list[int] = []
    for row, (_, start, length) in enumerate(runs.tolist()):
        k = bisect(ends, start)
        before.append(rows[k - 1] if k else -1)
        total = length + (words[k - 1] if k else 0)
        last = k
        while last < len(ends) and words[last] <= total:
            last += 1
        ends[k:last], words[k:last], rows[k:last] = [start + length], [total], [row]
    chosen = np.zeros(len(runs), np.bool_)
    row = rows[-1] if rows else -1
    while row >= 0:
        chosen[row] = True
        row = before[row]
    return chosen


def _equal(a: _Side, b: _Side, anchors: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """All that is equal, in order: anchors and what the gaps between them have in common, adjoining ones joined."""
    i = j = n = p = q = 0
    for start, other, length in (*anchors.tolist(), (len(a.places), len(b.places), 0)):
        within = _common(a.tokens[p:start], b.tokens[q:other])
        for x, y, size in (*((p + x, q + y, size) for x, y, size in within), (start, other, length)):
            if (x, y) == (i + n, j + n):
                n += size
                continue
            if n:
                yield i, j, n
            i, j, n = x, y, size
        p, q = start + length, other + length
    if n:
        yield i, j, n


def _common(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """What is equal in a gap, as rows (start in a, start in b, length)."""
    from rapidfuzz.distance import Levenshtein

    longest = max(len(a), len(b))
    if not len(a) or not len(b) or longest > GAP_LIMIT:
        return []
    found = Levenshtein.opcodes(array("I", a.tobytes()), array("I", b.tobytes()))
    rows = [(o.src_start, o.dest_start, o.src_end - o.src_start) for o in found if o.tag == "equal"]
    if longest <= SHORT_GAP or 2 * sum(n for _, _, n in rows) >= GAP_SHARE * (len(a) + len(b)):
        return rows
    ends = (len(a), len(b))
    return [(i, j, n) for i, j, n in rows if (i, j) == (0, 0) or (i + n, j + n) == ends]


def _split(a: _Side, b: _Side, i: int, j: int, n: int) -> Iterator[tuple[Kind, Span, Span]]:
    """An equal stretch, cut where a moved run stands in it on either side."""
    cuts = {0, n, *(cut - i for cut in a.cuts(i, i + n)), *(cut - j for cut in b.cuts(j, j + n))}
    for start, end in pairwise(sorted(cuts)):
        yield "equal", a.span(i + start, i + end), b.span(j + start, j + end)


def _changed(a: _Side, b: _Side, p: Span, q: Span) -> Iterator[tuple[Kind, Span, Span]]:
    """The stretches p of a and q of b, which are not equal: cut where a moved run stands in them, and paired in order.

    A pair can turn out equal where the stretches were too long to be compared.
    """
    left, right = (pairwise([start, *side.cuts(start, end), end]) for side, (start, end) in ((a, p), (b, q)))
    for x, y in zip_longest(left, right):
        (i, end), (j, other) = x or (p[1], p[1]), y or (q[1], q[1])
        if i < end or j < other:
            same = np.array_equal(a.tokens[i:end], b.tokens[j:other])
            kind: Kind = "removed" if j == other else "added" if i == end else "equal" if same else "replaced"
            yield kind, a.span(i, end), b.span(j, other)
