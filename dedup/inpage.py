"""A scraped page -> the page with each of its bodies once, and what was dropped."""

from __future__ import annotations

import itertools
import re
from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from dedup import tokens
from dedup.alignment import RUN
from dedup.bodies import LEAST, Judged, Kind, judge
from dedup.diff import diff
from dedup.paragraphs import Layout, Paragraph, paragraphs
from dedup.repeats import Stretch, chains, repeated_runs
from dedup.signatures import Texts

STAYS: Final = 12
"""So many words in a row that only the dropped copy has are new: they stay in the page."""

MERGED: Final = 4
"""With `merge`, every sentence stays that has so many such words."""

GLANCE: Final = (10, 40)
"""A page of which so many words stand in it again, in runs of so many, is looked at; others hold no body twice."""

ROUNDS: Final = 32
"""A page is looked at so often, each time without what was found before; `Page.complete` tells whether that was enough."""

_SPACE: Final = re.compile(r"\s*")
_BLANKS: Final = re.compile(r"[^\S\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*")
_BREAK: Final = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the input, in code points: from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A stretch that stands twice: `dropped` goes, `kept` stays.

    `kind`: `body`, or `excerpt` (a lead, a standfirst, a teaser, a caption). `similarity`: twice the common words over the
    words of both copies. `unique`: what stands in the dropped copy only; inside `dropped` it goes with it, and what is left of
    the paragraphs around it stays. `reason`: why this copy stays.
    """

    kept: Span
    dropped: Span
    kind: Kind
    similarity: float
    unique: tuple[Paragraph, ...]
    reason: str


class Page:
    """What `clean_page` found. `text`: the page without the `dropped` spans of its `repeats`; the input itself (`source`)
    when there are none. `complete` is False when `ROUNDS` were not enough.
    """

    def __init__(self, source: str, text: str, repeats: tuple[Repeat, ...], *, complete: bool = True) -> None:
        self.source = source
        self.text = text
        self.repeats = repeats
        self.complete = complete

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The paragraphs of the input."""
        return paragraphs(self.source)

    def __repr__(self) -> str:
        words = sum(len(self.source[r.dropped.start : r.dropped.end].split()) for r in self.repeats)
        return f"<Page: {len(self.repeats)} repeats, {words} words dropped>"


class _Cut(NamedTuple):
    """What goes in one round: `dropped` in code points of the text of that round; the rest as in `Repeat`."""

    kept: Stretch
    dropped: Stretch
    kind: Kind
    similarity: float
    unique: tuple[Stretch, ...]
    reason: str


class _Left(NamedTuple):
    """What is left of the input, in pieces: piece i begins at `at[i]` of what is left, and is `starts[i]:ends[i]` of the input."""

    at: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, pieces: list[Stretch]) -> _Left:
        """From pieces of the input, in order."""
        sizes = itertools.accumulate((end - start for start, end in pieces), initial=0)
        return cls(tuple(sizes)[:-1], tuple(start for start, _ in pieces), tuple(end for _, end in pieces))

    def original(self, span: Stretch) -> list[Stretch]:
        """Where a stretch of what is left stands in the input, in pieces."""
        found = []
        for i in range(max(0, bisect(self.at, span[0]) - 1), bisect_left(self.at, span[1])):
            start = self.starts[i] + max(0, span[0] - self.at[i])
            end = min(self.ends[i], self.starts[i] + span[1] - self.at[i])
            if start < end:
                found.append((start, end))
        return found


def clean_page(text: str, *, excerpts: bool = False, merge: bool = False) -> Page:
    """Finds what stands twice in a page, and drops the lesser copy.

    `excerpts`: also drops repeated leads, standfirsts, teasers and captions. `merge`: sentences of a dropped copy that have
    some words of their own stay in place.

    >>> story = "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is "
    >>> story += "expected to bring waves of up to six metres to the strait in the early hours of the morning. "
    >>> story += "Passengers can take the bus to Sund instead, where boats leave from noon on, or wait for Tuesday. "
    >>> story += "The office has asked owners to move small boats to the inner basin before dark, and to double the lines "
    >>> story += "of those that stay outside. A year ago eleven of them sank in one night."
    >>> page = clean_page(f"Ferry stays in port\\n{story}\\nRelated\\nFerry stays in port\\n{story}\\n")
    >>> page.text == f"Ferry stays in port\\n{story}\\nRelated\\nFerry stays in port"
    True
    >>> page.repeats[0].kept, page.repeats[0].kind
    (Span(start=20, end=455), 'body')
    """
    if not isinstance(text, str):
        raise TypeError(f"text is a {type(text).__name__}, not a str")
    if not _worth_a_look(text, excerpts=excerpts):
        return Page(text, text, ())
    left = _Left((0,), (0,), (len(text),))
    rounds: list[list[Repeat]] = []
    now = text
    while (cuts := _round(now, excerpts=excerpts, merge=merge)) and len(rounds) < ROUNDS:
        rounds.append([repeat for cut in cuts for repeat in _repeats(text, left, cut)])
        edges = [0, *itertools.chain(*sorted(cut.dropped for cut in cuts)), len(now)]
        kept = list(zip(edges[::2], edges[1::2], strict=True))
        left = _Left.of([piece for span in kept for piece in left.original(span)])
        now = "".join(now[slice(*span)] for span in kept)
    return Page(text, now, _settled(rounds), complete=not cuts)


def _worth_a_look(text: str, *, excerpts: bool) -> bool:
    """Whether so much of a text stands in it twice that there may be a repeat; a few microseconds."""
    from dedup.kernels import inpage as kernel

    table = tokens.load()
    buffer, _ = Texts.of([text])
    eights = np.ndarray(len(buffer) - 7, np.dtype("<u8"), buffer, strides=(1,))
    run, least = (RUN, LEAST) if excerpts else GLANCE
    return least <= kernel.repeated_in_text(buffer, eights, table.inside, table.entries, table.expansions, RUN, run)


def _round(text: str, *, excerpts: bool, merge: bool) -> list[_Cut]:
    """What goes of a text, in any order. A copy that something is dropped for stays in this round."""
    layout = Layout.of(text)
    words = layout.words.tokens
    goes, stays = np.zeros(len(words), bool), np.zeros(len(words), bool)
    cuts: list[_Cut] = []
    for repeat in judge(layout, chains(repeated_runs(words, RUN * layout.unit), LEAST * layout.unit), excerpts=excerpts):
        kept, dropped = slice(*repeat.kept), slice(*repeat.dropped)
        if goes[dropped].any() or stays[dropped].any() or goes[kept].any():
            continue
        goes[dropped] = stays[kept] = True
        cuts += _cuts(layout, repeat, merge=merge)
        if repeat.dropped == repeat.chain.first:
            break  # what was chained to the first copy is now to be chained to the second
    return cuts


def _cuts(layout: Layout, repeat: Judged, *, merge: bool) -> Iterator[_Cut]:
    """The stretches of a repeat that go: all of the dropped copy but what is new in it."""
    text, words = layout.text, layout.words
    kept, dropped = (
        (int(words.starts[first]), int(words.ends[last - 1])) for first, last in (repeat.kept, repeat.dropped)
    )
    exact = repeat.resemblance == 1.0
    own = [] if exact else [
        (dropped[0] + piece.b[0], dropped[0] + piece.b[1])
        for piece in diff(text[slice(*kept)], text[slice(*dropped)])
        if piece.kind in ("added", "replaced")
    ]
    new, lost = [], []
    for start, end in own:
        first, last = np.searchsorted(words.starts, (start, end)).tolist()
        if last - first >= STAYS * layout.unit:
            new.append((first, last))
        elif first < last:
            lost.append((start, int(words.ends[last - 1])))
    edges = [repeat.dropped[0], *itertools.chain(*new), repeat.dropped[1]]
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if first < last:
            span = _with_space(text, _printed(layout, first, last))
            unique = [s for s in lost if span[0] <= s[0] < span[1]]
            yield _Cut(_counterpart(layout, repeat, first, last), span, repeat.kind, repeat.resemblance, tuple(unique), repeat.reason)


def _counterpart(layout: Layout, repeat: Judged, first: int, last: int) -> Stretch:
    """Where the kept copy has what the dropped one has in its words `first:last`, in code points."""
    side = 0 if repeat.dropped == repeat.chain.first else 1
    runs = repeat.chain.runs
    ours, theirs, lengths = runs[:, side], runs[:, 1 - side], runs[:, 2]
    inside = np.flatnonzero((ours < last) & (ours + lengths > first))
    if not len(inside):
        return _printed(layout, *repeat.kept)
    i, j = inside[0], inside[-1]
    start = int(theirs[i] + max(0, first - ours[i]))
    end = int(theirs[j] + min(lengths[j], last - ours[j]))
    if first <= repeat.dropped[0]:
        start = repeat.kept[0]
    if last >= repeat.dropped[1]:
        end = repeat.kept[1]
    return _printed(layout, start, end)


def _printed(layout: Layout, first: int, last: int) -> Stretch:
    """Where words stand, with the punctuation that touches them, in code points."""
    text, starts, ends = layout.text, layout.words.starts, layout.words.ends
    before = int(ends[first - 1]) if first else 0
    gap = text[before : int(starts[first])]
    opening = len(gap) - max((k + 1 for k, c in enumerate(gap) if c.isspace()), default=0 if first == 0 else len(gap))
    after = int(starts[last]) if last < len(starts) else len(text)
    end = int(ends[last - 1])
    closing = next((k for k, c in enumerate(text[end:after]) if c.isspace()), after - end)
    return int(starts[first]) - opening, end + closing


def _with_space(text: str, span: Stretch) -> Stretch:
    """A stretch with the white space that goes with it: whole lines with their breaks, else the blanks on one side."""
    start, end = span
    line = start
    while line > 0 and text[line - 1].isspace() and not _BREAK.match(text[line - 1]):
        line -= 1
    opens = line == 0 or _BREAK.match(text[line - 1]) is not None
    blanks = _BLANKS.match(text, end).end()
    closes = blanks == len(text) or _BREAK.match(text, blanks) is not None
    if opens and closes:
        rest = _SPACE.match(text, end).end()
        if rest == len(text):
            while line > 0 and text[line - 1].isspace():
                line -= 1
            return line, rest
        while not _BREAK.match(text[rest - 1]):
            rest -= 1
        return line, rest
    return (line, end) if closes else (start, blanks)


def _repeats(text: str, left: _Left, cut: _Cut) -> Iterator[Repeat]:
    """A cut in places of the input: one repeat for each of its pieces."""
    kept = left.original(cut.kept)
    unique = tuple(
        Paragraph(start, end, text[start:end]) for part in cut.unique for start, end in left.original(part)
    )
    for start, end in left.original(cut.dropped):
        inside = tuple(part for part in unique if start <= part.start < end)
        yield Repeat(
            Span(kept[0][0], kept[-1][1]),
            Span(start, end),
            cut.kind,
            round(cut.similarity, 4),
            inside,
            cut.reason,
        )


def _settled(rounds: list[list[Repeat]]) -> tuple[Repeat, ...]:
    """The repeats in order; where a kept copy was dropped in a later round for another one, that one is named."""
    settled: list[Repeat] = []
    for found in reversed(rounds):
        later = sorted(settled, key=_place)
        places = [_place(repeat) for repeat in later]
        settled += (_resettled(repeat, later, places) for repeat in found)
    return tuple(sorted(settled, key=_place))


def _place(repeat: Repeat) -> int:
    return repeat.dropped.start


def _resettled(repeat: Repeat, later: list[Repeat], places: list[int]) -> Repeat:
    """A repeat with the copy that stays in the end: `later` ones are settled, in order of their `places`."""
    kept = repeat.kept
    for other in later[max(0, bisect(places, kept.start) - 1) : bisect(places, kept.end)]:
        if 2 * (min(kept.end, other.dropped.end) - max(kept.start, other.dropped.start)) > kept.end - kept.start:
            return replace(repeat, kept=other.kept)
    return repeat
