"""Copies of one article -> the paragraphs that only removed ones have.

A paragraph is a line, or a sentence of a very long line. It is new when few of its words lie in runs of words that the
kept text has, or a paragraph added before it: so a paragraph with some words changed is not added, and one that several
copies have is added once. Runs are looked up in a hash set; time is linear in all texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.paragraphs import SPACELESS
from dedup.signatures import Texts, shingles, split
from dedup.words import Words, locate

Span: TypeAlias = tuple[int, int]

LEAST: Final = 8
"""A paragraph of fewer words is not added: a heading, a byline, a caption."""

RUN: Final = 5
"""Words in the shortest run that a paragraph has in common with what is known."""

NEW: Final = 0.3
"""A paragraph is not added when at least this share of its words lies in common runs."""

LONG: Final = 200
"""A line of more words is cut into its sentences: the page's line breaks were lost."""

BOILERPLATE: Final = 0.5
"""A paragraph is not added when at least this share of its words is boilerplate."""

LIMIT: Final = 200
"""The most paragraphs added to an article; those beyond are counted."""

_CLOSING: Final = "。｡！？।॥።؟۔…」』”’）)】》〉"


@dataclass(frozen=True, slots=True)
class Addition:
    """A paragraph that only the removed copy `id` has: `text` is `start:end` of that copy's text, in code points."""

    id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A removed copy. `boilerplate`: the spans of its text that its site prints around every article, in code points."""

    id: str
    text: str
    boilerplate: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """What one article gains. `left_out`: new paragraphs beyond `LIMIT`, which are not among the additions."""

    additions: tuple[Addition, ...]
    left_out: int


class _Part(NamedTuple):
    """A paragraph: tokens `first:last`, code points `start:end`, and how many words make a run in its script."""

    first: int
    last: int
    start: int
    end: int
    run: int


def additions(kept: str, dropped: Sequence[Dropped]) -> tuple[Addition, ...]:
    """The paragraphs that `kept` lacks, at most `LIMIT`: in the order of the copies, and of the text within a copy.

    >>> kept = "The ferry to Port Ellery will not sail on Monday because of a storm."
    >>> news = "Tickets for the cancelled crossing stay valid until the end of the month."
    >>> additions(kept, [Dropped("b", f"{kept.upper()}\\n  {news}"), Dropped("c", news)]) == (Addition("b", news, 71, 144),)
    True
    """
    return merge(kept, dropped).additions


def merge(kept: str, dropped: Sequence[Dropped]) -> Merged:
    """The additions, and how many more there would be without `LIMIT`."""
    copies = [_parts(copy) for copy in dropped]
    known: dict[int, set[int]] = {part.run: set() for _, parts in copies for part in parts}
    if known:
        words = split(Texts.of([kept])).tokens
        for run, hashes in known.items():
            hashes.update(shingles(words, run).tolist())
    found: list[Addition] = []
    left_out = 0
    for copy, (words, parts) in zip(dropped, copies, strict=True):
        runs = {run: shingles(words, run).tolist() for run in sorted({part.run for part in parts})}
        for part in parts:
            if not _is_new(runs[part.run][part.first : part.last - part.run + 1], part, known[part.run]):
                continue
            for run, hashes in known.items():
                hashes.update(shingles(words[part.first : part.last], run).tolist())
            if len(found) < LIMIT:
                found.append(Addition(copy.id, copy.text[part.start : part.end], part.start, part.end))
            else:
                left_out += 1
    return Merged(tuple(found), left_out)


def _is_new(hashes: list[int], part: _Part, known: set[int]) -> bool:
    """Whether few words of a paragraph, whose runs have these hashes, lie in known runs."""
    words = part.last - part.first
    covered = reach = 0
    for at, value in enumerate(hashes):
        if value in known:
            covered += at + part.run - max(reach, at)
            reach = at + part.run
            if covered >= NEW * words:
                return False
    return True


def _parts(copy: Dropped) -> tuple[NDArray[np.uint32], list[_Part]]:
    """The tokens of a copy, and its paragraphs that are long enough and not boilerplate."""
    found = split(Texts.of([copy.text]))
    if not len(found.pieces):
        return found.tokens, []
    words = locate(copy.text)
    printed = _totals(_within(copy.boilerplate, len(copy.text))[words.starts])
    touching = _totals(words.ends[:-1] == words.starts[1:])
    parts = []
    for first, last, start, end in _paragraphs(copy.text, words, found.pieces, touching):
        size = _characters(touching, first, last)
        if last - first >= LEAST * size and printed[last] - printed[first] < BOILERPLATE * (last - first):
            line = copy.text[start:end]
            start += len(line) - len(line.lstrip())
            parts.append(_Part(first, last, start, start + len(line.strip()), RUN * size))
    return found.tokens, parts


def _paragraphs(
    text: str, words: Words, pieces: NDArray[np.int64], touching: list[int]
) -> list[tuple[int, int, int, int]]:
    """The lines that have words, long ones by sentence, as rows (first token, last token, start, end)."""
    breaks = [-1, *(found.start() for found in re.finditer("\n", text)), len(text)]
    heads = np.concatenate(([0], pieces[:-1]))
    lines = np.searchsorted(np.array(breaks), words.starts[heads])
    edges = np.flatnonzero(np.diff(lines, prepend=-1, append=-1))
    rows: list[tuple[int, int, int, int]] = []
    for i, j in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        first, last, line = int(heads[i]), int(pieces[j - 1]), int(lines[i])
        inner = heads[i + 1 : j].tolist() if last - first > LONG * _characters(touching, first, last) else []
        cuts = [breaks[line - 1] + 1, *(_cut(text, words, token) for token in inner), breaks[line]]
        rows += zip([first, *inner], [*inner, last], cuts[:-1], cuts[1:], strict=True)
    return rows


def _cut(text: str, words: Words, token: int) -> int:
    """Where the sentence that begins with a token begins: behind white space, or else behind what closes the one before."""
    start = int(words.ends[token - 1])
    gap = text[start : int(words.starts[token])]
    spaced = len(gap) + 1 - len(f"{gap}x".rsplit(maxsplit=1)[-1])
    return start + (spaced or 1 + max(map(gap.rfind, _CLOSING)))


def _characters(touching: list[int], first: int, last: int) -> int:
    """How many tokens make a word in a stretch: `SPACELESS` where at least half of them touch the one before."""
    return SPACELESS if 2 * (touching[last - 1] - touching[first]) >= last - first else 1


def _within(spans: Sequence[Span], size: int) -> NDArray[np.bool_]:
    """Which code points of a text lie in one of the spans."""
    steps = np.zeros(size + 1, np.int64)
    for start, end in spans:
        first, last = min(max(start, 0), size), min(max(end, 0), size)
        if first < last:
            steps[first] += 1
            steps[last] -= 1
    return np.cumsum(steps)[:-1] > 0


def _totals(flags: NDArray[np.bool_]) -> list[int]:
    """How many of the flags before each place are set, and of all."""
    totals: list[int] = np.concatenate(([0], np.cumsum(flags))).tolist()
    return totals
