"""A scraped page -> the page with each of its bodies once, and what was dropped."""

from __future__ import annotations

import functools
import itertools
import logging
from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from dedup import kernels, tokens
from dedup.alignment import RUN
from dedup.cuts import Cut, cuts_of
from dedup.errors import kind_of
from dedup.judging import LEAST, judge
from dedup.model import Paragraph, Repeat, Span
from dedup.paragraphs import Layout, paragraphs
from dedup.repeats import Stretch, chains, repeated_runs
from dedup.signatures import Texts, eights
from dedup.words import locate

log = logging.getLogger("dedup")

GLANCE: Final = (10, 40)
"""A page of which so many words stand in it again, in runs of so many, is looked at; others hold no body twice."""

ROUNDS: Final = 32
"""A page is looked at so often, each time without what was found before; `Page.complete` tells whether that was enough."""


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

    def _repr_html_(self) -> str:
        """For notebooks: what stays and what goes, side by side."""
        from dedup.page_map import to_html

        return to_html(self.paragraphs, self.repeats)

    @property
    def dropped_words(self) -> int:
        """How many words were dropped."""
        return sum(len(locate(self.source[r.dropped.start : r.dropped.end]).tokens) for r in self.repeats)

    def __repr__(self) -> str:
        return f"<Page: {len(self.repeats)} repeats, {self.dropped_words} words dropped>"


class _Left(NamedTuple):
    """What is left of the input: piece i begins at `at[i]` of what is left, and is `starts[i]:ends[i]` of the input."""

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


def clean_page(
    text: str | None = None, *, html: str | bytes | None = None, excerpts: bool = False, merge: bool = False
) -> Page:
    """Finds what stands twice in a page, and drops the lesser copy.

    `html`: instead of the text, the HTML of a page; its text is taken with its blocks, with a limit of time, of depth and of
    size (`html.page_text`). `excerpts`: also drops repeated leads, standfirsts, teasers and captions. `merge`: sentences of a
    dropped copy that have some words of their own stay in place. Raises TypeError, and for `html` InputError and MissingExtra.

    >>> story = "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is "
    >>> story += "expected to bring waves of up to six metres to the strait in the early hours of the morning. "
    >>> story += "Passengers can take the bus to Sund instead, where boats leave from noon on, or wait for Tuesday. "
    >>> story += "The office has asked owners to move small boats to the inner basin before dark, and to double the lines "
    >>> story += "of those that stay outside. A year ago eleven of them sank in one night."
    >>> page = clean_page(f"Ferry stays in port\\n{story}\\nRelated\\nFerry stays in port\\n{story}\\n")
    >>> page.text == f"Ferry stays in port\\n{story}\\nRelated\\nFerry stays in port"
    True
    >>> page.repeats[0].kept, page.repeats[0].kind
    (Span(start=20, end=489), 'body')
    """
    if (text is None) == (html is None):
        raise TypeError("give a text, or html=")
    if html is not None:
        from dedup.html import page_text

        if not isinstance(html, (str, bytes)):
            raise TypeError(f"html is {kind_of(html)}, not a str or bytes")
        text = page_text(html)
    if not isinstance(text, str):
        raise TypeError(f"text is {kind_of(text)}, not a str")
    if not _worth_a_look(text, excerpts=excerpts):
        return Page(text, text, ())
    left = _Left((0,), (0,), (len(text),))
    rounds: list[list[Repeat]] = []
    now = text
    while (cuts := _round(now, excerpts=excerpts, merge=merge)) and len(rounds) < ROUNDS:
        rounds.append([repeat for cut in cuts for repeat in _repeats(text, left, cut)])
        edges = [0, *itertools.chain(*(cut.dropped for cut in cuts)), len(now)]
        kept = list(zip(edges[::2], edges[1::2], strict=True))
        left = _Left.of([piece for span in kept for piece in left.original(span)])
        now = "".join(now[slice(*span)] for span in kept)
    return Page(text, now, _settled(rounds), complete=not cuts)


@functools.cache
def _tell_compiling() -> None:
    """Says once that the kernels have to be compiled, if they have."""
    if kernels.cold():
        log.warning(kernels.COMPILING)


def _worth_a_look(text: str, *, excerpts: bool) -> bool:
    """Whether so much of a text stands in it twice that there may be a repeat; a few microseconds."""
    _tell_compiling()
    table = tokens.load()
    buffer, _ = Texts.of([text])
    run, least = (RUN, LEAST) if excerpts else GLANCE
    words = kernels.inpage.repeated_in_text(
        buffer, eights(buffer), table.inside, table.entries, table.expansions, RUN, run
    )
    return int(words) >= least


def _round(text: str, *, excerpts: bool, merge: bool) -> list[Cut]:
    """What goes of a text, in order. A copy that something is dropped for stays in this round."""
    layout = Layout.of(text)
    words = layout.words.tokens
    goes, stays = np.zeros(len(words), bool), np.zeros(len(words), bool)
    cuts: list[Cut] = []
    for repeat in judge(
        layout, chains(repeated_runs(words, RUN * layout.unit), LEAST * layout.unit), excerpts=excerpts
    ):
        kept, dropped = slice(*repeat.kept), slice(*repeat.dropped)
        if goes[dropped].any() or stays[dropped].any() or goes[kept].any():
            continue
        goes[dropped] = stays[kept] = True
        cuts += cuts_of(layout, repeat, merge=merge)
        if repeat.dropped == repeat.chain.first:
            break  # what was chained to the first copy is now to be chained to the second
    return _apart(cuts)


def _apart(cuts: list[Cut]) -> list[Cut]:
    """The cuts in order; of white space that two of them would take the first has it."""
    found: list[Cut] = []
    end = 0
    for cut in sorted(cuts, key=lambda cut: cut.dropped):
        found.append(cut._replace(dropped=(max(end, cut.dropped[0]), cut.dropped[1])))
        end = cut.dropped[1]
    return found


def _repeats(text: str, left: _Left, cut: Cut) -> Iterator[Repeat]:
    """A cut in places of the input: one repeat for each of its pieces."""
    kept = left.original(cut.kept)
    unique = tuple(Paragraph(start, end, text[start:end]) for part in cut.unique for start, end in left.original(part))
    for start, end in left.original(cut.dropped):
        yield Repeat(
            kept=Span(kept[0][0], kept[-1][1]),
            dropped=Span(start, end),
            kind=cut.kind,
            similarity=round(cut.similarity, 4),
            unique=tuple(sorted(unique, key=lambda part: part.start)),
            reason=cut.reason,
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
