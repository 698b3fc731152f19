"""A repeat -> the stretches of the text that go, and what the dropped copy alone has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from dedup.diff import diff
from dedup.judging import Judged
from dedup.model import RepeatKind
from dedup.paragraphs import Layout
from dedup.repeats import Stretch
from dedup.signatures import Texts, split
from dedup.spans import printed, with_space

STAYS: Final = 12
"""So many words in a row that only the dropped copy has are new: they stay in the page; so does a sentence of any length that is
a line of its own."""

MERGED: Final = 4
"""With `merge`, every sentence stays that has so many such words."""


class Cut(NamedTuple):
    """What goes in one round: `dropped` in code points of the text of that round; the rest as in `Repeat`."""

    kept: Stretch
    dropped: Stretch
    kind: RepeatKind
    similarity: float
    unique: tuple[Stretch, ...]
    reason: str


def cuts_of(layout: Layout, repeat: Judged, *, merge: bool) -> Iterator[Cut]:
    """The stretches of a repeat that go: all of the dropped copy but what is new in it."""
    text, words = layout.text, layout.words
    own = [] if repeat.resemblance == 1.0 else _own(layout, repeat)
    new = [span for span in own if span[1] - span[0] >= STAYS * layout.unit]
    new = _joined(new + _lines(layout, own))
    if merge:
        new = _joined(new + _sentences(layout, repeat, own))
    edges = [repeat.dropped[0], *itertools.chain(*new), repeat.dropped[1]]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if first < last:
            unique = [
                (int(words.starts[a]), int(words.ends[b - 1]))
                for a, b in own
                if first <= a < last and (a, b) not in new
            ]
            yield Cut(
                kept=_counterpart(layout, repeat, first, last),
                dropped=with_space(text, printed(layout, first, last)),
                kind=repeat.kind,
                similarity=repeat.resemblance,
                unique=tuple(unique + _around(layout, repeat, first, last)),
                reason=repeat.reason,
            )


def _own(layout: Layout, repeat: Judged) -> list[Stretch]:
    """The stretches of words that only the dropped copy has."""
    text, words = layout.text, layout.words
    kept, dropped = (
        (int(words.starts[first]), int(words.ends[last - 1])) for first, last in (repeat.kept, repeat.dropped)
    )
    found = []
    for piece in diff(text[slice(*kept)], text[slice(*dropped)]):
        if piece.kind in ("added", "replaced"):
            first, last = np.searchsorted(words.starts, [dropped[0] + place for place in piece.b]).tolist()
            if first < last:
                found.append((first, last))
    return found


def _lines(layout: Layout, own: list[Stretch]) -> list[Stretch]:
    """The lines that end as sentences do and of which all words are own ones."""
    heads, lines = layout.heads, layout.lines
    return [
        (int(heads[line]), int(heads[line + 1]))
        for first, last in own
        for line in range(int(lines[first]), int(lines[last - 1]) + 1)
        if first <= heads[line] and heads[line + 1] <= last and layout.ends_sentence(line)
    ]


def _sentences(layout: Layout, repeat: Judged, own: list[Stretch]) -> list[Stretch]:
    """The sentences of the dropped copy with `MERGED` words or more of their own."""
    first, last = repeat.dropped
    start, end = int(layout.words.starts[first]), int(layout.words.ends[last - 1])
    edges = [first, *(first + split(Texts.of([layout.text[start:end]])).pieces).tolist()]
    return [
        (a, b)
        for a, b in itertools.pairwise(edges)
        if sum(max(0, min(b, j) - max(a, i)) for i, j in own) >= MERGED * layout.unit
    ]


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """The same words in stretches that do not overlap."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _around(layout: Layout, repeat: Judged, first: int, last: int) -> list[Stretch]:
    """What a glued copy has before and behind the common words, in code points, at an end of it: an extra first sentence."""
    words, heads = layout.words, layout.heads
    found = []
    if first == repeat.dropped[0] and (head := int(heads[layout.lines[first]])) < first:
        found.append((int(words.starts[head]), int(words.ends[first - 1])))
    if last == repeat.dropped[1] and (tail := int(heads[layout.lines[last - 1] + 1])) > last:
        found.append((int(words.starts[last]), int(words.ends[tail - 1])))
    return found


def _counterpart(layout: Layout, repeat: Judged, first: int, last: int) -> Stretch:
    """Where the kept copy has what the dropped one has in its words `first:last`, in code points."""
    side = 0 if repeat.dropped == repeat.chain.first else 1
    runs = repeat.chain.runs
    ours, theirs, lengths = runs[:, side], runs[:, 1 - side], runs[:, 2]
    inside = np.flatnonzero((ours < last) & (ours + lengths > first))
    if not len(inside):
        return printed(layout, *repeat.kept)
    i, j = inside[0], inside[-1]
    start = int(theirs[i] + max(0, first - ours[i]))
    end = int(theirs[j] + min(lengths[j], last - ours[j]))
    if first <= repeat.dropped[0]:
        start = repeat.kept[0]
    if last >= repeat.dropped[1]:
        end = repeat.kept[1]
    return printed(layout, start, end)
