"""The text of a page -> its paragraphs: where each stands, which words it has, whether it is prose."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.model import Paragraph
from dedup.words import Words, locate

LONG: Final = 40
"""A line of so many words is prose, whatever it ends with: headlines and captions are shorter."""

SENTENCE: Final = 6
"""So is a line of so many words with the end of a sentence at its end."""

WRAPPED: Final = (4, 25)
"""And so are lines that follow each other, of so many words on average, and so many at most, ..."""

LOWER: Final = 0.3
"""... if this share of those behind the first begins in lower case, ..."""

FULL: Final = 0.6
"""... and this share of those before the last has no room for the first word of the next line, as wide as the widest of them
is: they were broken at a fixed width. Verse and code were not."""

SPACELESS: Final = 2
"""Characters that count as one word where most words touch the one before: Chinese, Japanese, Thai."""

BREAKS: Final = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
"""What ends a line, as the inside of a class of a regular expression."""

_LINE: Final = re.compile(f"[^{BREAKS}]+")
_BREAK: Final = re.compile(f"\r\n|[{BREAKS}]")
_STOP: Final = re.compile("[.!?…。！？｡．։؟۔।॥።፧།၊။។៕]['\"“”„‘’«»‹›」』》〉】）)\\]*_]*$")


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """The paragraphs of a page: its lines, without the white space around them. Linear in the text.

    >>> [(p.start, p.text) for p in paragraphs("Home\\n\\n  The ferry sails. \\r\\n")]
    [(0, 'Home'), (8, 'The ferry sails.')]
    """
    found = []
    for line in _LINE.finditer(text):
        part = line[0]
        start = line.start() + len(part) - len(part.lstrip())
        part = part.strip()
        if part:
            found.append(Paragraph(start, start + len(part), part))
    return tuple(found)


def _wrapped(text: str, words: Words, heads: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which lines (their first words at `heads`) were broken at a fixed width: of lines that follow each other, many begin in
    lower case, and many are full.
    """
    sizes = np.diff(heads)
    if not len(sizes):
        return np.empty(0, bool)
    starts = words.starts[heads[:-1]]
    breaks = np.array([0, *(found.end() for found in _BREAK.finditer(text))], np.int64)
    numbers = np.searchsorted(breaks, starts, "right")
    groups = np.cumsum(np.diff(numbers, prepend=numbers[0] - 1) != 1)
    lower = np.array([text[start].islower() for start in starts.tolist()], bool)
    groups -= groups[0]
    edges = np.flatnonzero(np.diff(groups, prepend=-1))
    widths = words.ends[heads[1:] - 1] - breaks[numbers - 1]
    longest, widest = (np.maximum.reduceat(of_lines, edges) for of_lines in (sizes, widths))
    room = (widest[groups] - widths)[:-1]
    full = (groups[1:] == groups[:-1]) & ((words.ends - words.starts)[heads[1:-1]] >= room)
    counts, small, filled, total = (
        np.bincount(groups, weights) for weights in (None, lower, np.append(full, False), sizes)
    )
    some, most = WRAPPED
    wrapped = (counts > 1) & (small >= LOWER * (counts - 1)) & (filled >= FULL * (counts - 1))
    wrapped &= (total >= some * counts) & (longest <= most)
    return np.asarray(wrapped[groups], bool)


class Layout(NamedTuple):
    """A text as words in lines, m of them that have words: line k has the words `heads[k]:heads[k + 1]` (i64[m + 1]).

    `lines` i64[n]: the line of each word. `prose`, `rows` bool[m]: which lines are prose, and which are rows of a table, with
    tabs between words. `unit`: tokens that count as one word in this text.
    """

    text: str
    words: Words
    lines: NDArray[np.int64]
    heads: NDArray[np.int64]
    prose: NDArray[np.bool_]
    rows: NDArray[np.bool_]
    unit: int

    @classmethod
    def of(cls, text: str) -> Layout:
        """Reads a text; linear."""
        words = locate(text)
        count = len(words.tokens)
        touching = np.flatnonzero(words.ends[:-1] == words.starts[1:])
        unit = SPACELESS if 2 * len(touching) >= count > 0 else 1
        breaks = np.array([line.end() for line in _LINE.finditer(text)], np.int64)
        of_word = np.searchsorted(breaks, words.starts, "right")
        heads = np.flatnonzero(np.diff(of_word, prepend=-1))
        lines = np.repeat(np.arange(len(heads)), np.diff(heads, append=count))
        heads = np.append(heads, count)
        sizes = np.diff(heads)
        prose, rows = sizes >= LONG * unit, np.zeros(len(sizes), bool)
        for line in np.flatnonzero(sizes >= SENTENCE * unit).tolist():
            start, last = int(words.starts[heads[line]]), int(words.ends[heads[line + 1] - 1])
            end = int(breaks[of_word[heads[line]]])
            rows[line] = text.find("\t", start, last) >= 0
            prose[line] = not rows[line] and (prose[line] or _STOP.search(text[last:end].rstrip()) is not None)
        prose |= _wrapped(text, words, heads) & ~rows
        return cls(text, words, lines, heads, prose, rows, unit)

    def ends_sentence(self, line: int) -> bool:
        """Whether a line ends as a sentence does."""
        last, starts = int(self.heads[line + 1]), self.words.starts
        rest = self.text[int(self.words.ends[last - 1]) : int(starts[last]) if last < len(starts) else None]
        return _STOP.search(_BREAK.split(rest, maxsplit=1)[0].rstrip()) is not None
