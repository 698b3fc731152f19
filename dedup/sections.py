"""Two copies -> whether they stand in two sections of one text, each under a heading of its own.

So do the rules for two products, the vacancies of two offices, the annexes of a treaty. The headings tell them from a body that
was scraped twice: that one stands under the same title again, or under nothing but menus and buttons.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from dedup.copies import Sides
from dedup.paragraphs import Layout
from dedup.repeats import Chain, Stretch

Line = tuple[int, ...]
"""The tokens of a line."""

HEADING: Final = 15
"""A heading has so many words at most; it is a line of its own, or the first words of one."""

LIKE: Final = (0.4, 1 / 3, 2)
"""Two headings that have so many words of the shorter in common, and differ, are headings of like sections; a smaller share is
enough if it is so many words."""

FURNITURE: Final = 2
"""And so are any two, unless so many lines that are no prose stand between the sections: menus, buttons, links."""

ABOVE: Final = 8
"""So many lines over a copy are looked at: a heading, a reference, a list of what is needed."""

FRAME: Final = (12, 0.5)
"""Copies around which, in their blocks, stand so many words each, and so many (or this share of them) not around the other one,
are two texts: a prayer said twice in a service, a speech and what a report quotes of it."""


def framed(layout: Layout, sides: Sides) -> bool:
    """Whether each of two copies stands in prose of its own."""
    around = [
        Counter(
            _words(layout, (side.first - side.before, side.first)) + _words(layout, (side.last, side.last + side.after))
        )
        for side in sides
    ]
    least, own = FRAME[0] * layout.unit, FRAME[1]
    return all(x.total() >= least and (x - y).total() >= min(least, own * x.total()) for x, y in (around, around[::-1]))


def sections(layout: Layout, chain: Chain) -> bool:
    """Whether the two places stand under two headings of one text."""
    first, second = chain.first, chain.second
    if second[0] == first[1]:
        return False
    if _like_lines(layout, first[0], second[0], first[1]):
        return True
    a, b = heading(layout, first[0]), heading(layout, second[0])
    if a is None or b is None:
        return False
    ours, theirs = _words(layout, a), _words(layout, b)
    if ours == theirs:
        return False
    whole = first[0] == layout.heads[layout.lines[first[0]]]
    if whole and _alike(_bag([ours], layout.unit), _bag([theirs], layout.unit)):
        return True
    return _furniture(layout, first[1], second[0]) < FURNITURE or _items(layout, chain)


def _like_lines(layout: Layout, a: int, b: int, floor: int) -> bool:
    """Whether the lines over two copies are of one form and differ in more than numbers, those that are equal left out."""
    ours, theirs = _over(layout, a, 0), _over(layout, b, floor)
    for count in range(1, min(len(ours), len(theirs)) + 1):
        x, y = Counter(ours[:count]), Counter(theirs[:count])
        own, other = (_bag([*(p - q)], layout.unit) for p, q in ((x, y), (y, x)))
        if own and other and _alike(own, other, names=True):
            return True
    return False


def _over(layout: Layout, first: int, floor: int) -> list[Line]:
    """The lines over a copy that are no prose or short, the nearest first, down to a word."""
    heads = layout.heads
    found: list[Line] = []
    line = int(layout.lines[first]) - 1
    while line >= 0 and heads[line] >= floor and len(found) < ABOVE:
        stretch = int(heads[line]), int(heads[line + 1])
        if layout.prose[line] and stretch[1] - stretch[0] > HEADING * layout.unit:
            break
        found.append(_words(layout, stretch))
        line -= 1
    return found


def _items(layout: Layout, chain: Chain) -> bool:
    """Whether the same line stands under both places, and over each another one, as in a list of offers with buttons."""
    below = [_line(layout, int(layout.lines[place[1] - 1]) + 1) for place in (chain.first, chain.second)]
    above = [_line(layout, int(layout.lines[place[0]]) - 1) for place in (chain.first, chain.second)]
    if not all(below) or not all(above) or below[0] != below[1]:
        return False
    under = int(layout.lines[chain.second[1] - 1]) + 1
    near = [_line(layout, line) for line in range(under, under + ABOVE)]
    return above[1] not in near and _named(tuple(Counter(above[0]) - Counter(above[1])))


def _line(layout: Layout, line: int) -> Line:
    """The words of a line that is no prose; none for any other."""
    if not 0 <= line < len(layout.prose) or layout.prose[line]:
        return ()
    return _words(layout, (int(layout.heads[line]), int(layout.heads[line + 1])))


def _words(layout: Layout, stretch: Stretch) -> Line:
    return tuple(layout.words.tokens[slice(*stretch)].tolist())


def _bag(lines: list[Line], size: int) -> Counter[Line]:
    """How often each word stands in some lines: a run of so many tokens, as single characters say little."""
    return Counter(line[i : i + size] for line in lines for i in range(max(1, len(line) - size + 1)))


def _alike(a: Counter[Line], b: Counter[Line], *, names: bool = False) -> bool:
    """Whether the words of two headings differ, and are of one form; with `names`, in more than numbers."""
    common, least = (a & b).total(), min(a.total(), b.total())
    some, less, words = LIKE
    if a == b or not (common >= some * least or (common >= less * least and common >= words)):
        return False
    return not names or any(_named(word) for word in [*(a - b), *(b - a)])


def _named(word: Line) -> bool:
    """Whether there is more than numbers in a word."""
    return any(token & 1 == 0 for token in word)


def heading(layout: Layout, first: int) -> Stretch | None:
    """What stands over a copy that begins with a word: the words before it in its line, else the line above if it is short."""
    line, heads = int(layout.lines[first]), layout.heads
    start = int(heads[line])
    if start < first:
        return (start, first) if first - start <= HEADING * layout.unit else None
    if line == 0 or start - heads[line - 1] > HEADING * layout.unit:
        return None
    return int(heads[line - 1]), start


def _furniture(layout: Layout, start: int, end: int) -> int:
    """How many lines that are no prose follow each other between two words."""
    if start >= end:
        return 0
    prose = layout.prose[layout.lines[start] : layout.lines[end - 1] + 1]
    edges = np.flatnonzero(np.concatenate(([True], prose, [True])))
    return int(np.diff(edges).max() - 1)
