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

SPACELESS: Final = 2
"""Characters that count as one word where most words touch the one before: Chinese, Japanese, Thai."""

_LINE: Final = re.compile("[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_STOP: Final = re.compile("[.!?…。！？｡．։؟۔।॥።፧།၊။។៕]['\"”’»›」』）)\\]*_]*$")


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
        return cls(text, words, lines, heads, prose, rows, unit)

    def sizes(self) -> NDArray[np.int64]:
        """How many words each line has, i64[m]."""
        return np.diff(self.heads)
