"""Two copies -> whether they stand in two sections of one text, each under a heading of its own.

So do the rules for two products, the vacancies of two offices, the annexes of a treaty. The headings tell them from a body that
was scraped twice: that one stands under the same title again, or under nothing but menus and buttons.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from dedup.bodies import EDGE
from dedup.copies import Sides
from dedup.paragraphs import SPACELESS, Layout
from dedup.repeats import Chain, Stretch

Line = tuple[int, ...]
"""The tokens of a line."""

HEADING: Final = 15
"""A heading has so many words at most; it is a line of its own, or the first words of one."""

LIKE: Final = {1: (0.4, 1 / 3, 2), SPACELESS: (0.5, 0.5, 1)}
"""Two headings that have so many words of the shorter in common, and differ, are headings of like sections; a smaller share is
enough if it is so many words. By the unit of the page: single characters are alike by chance."""

FURNITURE: Final = 2
"""And so are any two, unless so many lines that are no prose stand between the sections: menus, buttons, links."""

TITLE: Final = 6
"""An equal line over both copies is a title if it has so many words (one of them may have more: the name of the site). A shorter
one may be a label ("Method", "All say:"); then what stands over it counts."""

PARALLEL: Final = 3
"""Of the headings of two items of a list one has at most so many times the words of the other: no title and a button."""

ABOVE: Final = 8
"""So many lines over a copy are looked at: a heading, a reference, a list of what is needed."""

FRAME: Final = (12, 0.5)
"""Copies around which, in their blocks, stand so many words each, and so many (or this share of them) not around the other one,
are two texts: a prayer said twice in a service, a speech and what a report quotes of it."""


def titled(layout: Layout, first: Stretch, second: Stretch) -> bool:
    """Whether both copies stand under one title, with nothing but equal lines in between."""
    for ours, theirs in zip(_over(layout, first[0], 0), _over(layout, second[0], first[1]), strict=False):
        x, y = Counter(ours), Counter(theirs)
        if min(len(ours), len(theirs)) >= TITLE * layout.unit and (x <= y or y <= x):
            return True
        if ours != theirs:
            return False
    return False


def under_one_title(layout: Layout, sides: Sides) -> Sides:
    """Two copies; under one title, that of an article of which one of them is the beginning, a block begins with the title. It
    ends before a heading where the other copy goes on without one: that is the title of the next article.
    """
    if not any(side.before <= EDGE * side.inside for side in sides):
        return sides
    if not titled(layout, (sides[0].first, sides[0].last), (sides[1].first, sides[1].last)):
        return sides
    ends = [_heading_follows(layout, side.last) for side in sides]
    a, b = (
        side._replace(
            before=min(side.before, side.first - int(layout.heads[layout.lines[side.first]])),
            after=0 if ends[i] and not ends[1 - i] and sides[1 - i].after else side.after,
        )
        for i, side in enumerate(sides)
    )
    return a, b


def _heading_follows(layout: Layout, last: int) -> bool:
    """Whether the line before a word ends there, and one that is no prose follows."""
    line = int(layout.lines[last - 1]) + 1
    return line < len(layout.prose) and bool(layout.heads[line] == last) and not layout.prose[line]


def framed(layout: Layout, sides: Sides) -> bool:
    """Whether each of two copies stands in prose of its own: before both, behind both, or on any side."""
    if titled(layout, (sides[0].first, sides[0].last), (sides[1].first, sides[1].last)):
        return False
    before = [_words(layout, (side.first - side.before, side.first)) for side in sides]
    after = [_words(layout, (side.last, side.last + side.after)) for side in sides]
    around = [x + y for x, y in zip(before, after, strict=True)]
    return any(_own(x, y, layout.unit) for x, y in (before, after, around))


def _own(a: Line, b: Line, unit: int) -> bool:
    """Whether so many of the words around each of two copies are its own."""
    least, own = FRAME[0] * unit, FRAME[1]
    sizes = len(a), len(b)
    if min(sizes) < least:
        return False
    left, common = Counter(a), 0
    for word in b:
        count = left.get(word)
        if count:
            left[word] = count - 1
            common += 1
    return all(size - common >= min(least, own * size) for size in sizes)


def sections(layout: Layout, chain: Chain) -> bool:
    """Whether the two places stand under two headings of one text."""
    first, second = chain.first, chain.second
    if second[0] == first[1] or titled(layout, first, second):
        return False
    if _like_lines(layout, first[0], second[0], first[1]):
        return True
    a, b, labels = heading(layout, first[0]), heading(layout, second[0]), 0
    while a is not None and b is not None and (b[0] >= first[1] or not labels):
        ours, theirs = _words(layout, a), _words(layout, b)
        if ours != theirs:
            whole = first[0] == layout.heads[layout.lines[first[0]]]
            if whole and _alike(ours, theirs, layout.unit, names=labels > 0):
                return True
            if _furniture(layout, first[1], second[0]) - labels < FURNITURE:
                return True
            return max(len(ours), len(theirs)) <= PARALLEL * min(len(ours), len(theirs)) and _items(layout, chain)
        a, b, labels = heading(layout, a[0]), heading(layout, b[0]), labels + 1
    return False


def _like_lines(layout: Layout, a: int, b: int, floor: int) -> bool:
    """Whether the lines over two copies are of one form and differ in more than numbers, those that are equal left out."""
    ours, theirs = _over(layout, a, 0), _over(layout, b, floor)
    for count in range(1, min(len(ours), len(theirs)) + 1):
        own = _joined(line for line in ours[:count] if line not in theirs[:count])
        other = _joined(line for line in theirs[:count] if line not in ours[:count])
        if own and other and _alike(own, other, layout.unit, names=True):
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
    """Whether the same line, but for numbers, stands under both places and under the item before the second, and over the
    second words of its own, as in a list of offers with buttons. What stands under the second place, too, is no heading.
    """
    first, second = chain.first, chain.second
    below, other = (_names(_line(layout, int(layout.lines[place[1] - 1]) + 1)) for place in (first, second))
    above = _over(layout, second[0], first[1])
    if not below or below != other or below not in map(_names, above):
        return False  # the last line of an article, as the name of an agency, stands under both copies, too
    bottom = int(layout.lines[second[1] - 1]) + 1
    elsewhere = _joined([*(_line(layout, line) for line in range(bottom, bottom + ABOVE)), *_over(layout, first[0], 0)])
    return not set(_names(_joined(above))) <= set(elsewhere)


def _line(layout: Layout, line: int) -> Line:
    """The words of a line that is no prose; none for any other."""
    if not 0 <= line < len(layout.prose) or layout.prose[line]:
        return ()
    return _words(layout, (int(layout.heads[line]), int(layout.heads[line + 1])))


def _words(layout: Layout, stretch: Stretch) -> Line:
    return tuple(layout.words.tokens[slice(*stretch)].tolist())


def _joined(lines: Iterable[Line]) -> Line:
    return tuple(itertools.chain.from_iterable(lines))


def _alike(a: Line, b: Line, unit: int, *, names: bool = False) -> bool:
    """Whether two headings differ, and are of one form: many words stand in both in the same order; with `names`, if they
    differ in more than numbers.
    """
    from rapidfuzz.distance import LCSseq

    ours, theirs = ([word & 1 or word for word in words] for words in (a, b))  # any number is like any other
    common, least = LCSseq.similarity(ours, theirs), min(len(a), len(b))
    some, less, several = LIKE[unit]
    if a == b or not (common >= some * least or (common >= less * least and common >= several)):
        return False
    if not {*_names(a)} & {*_names(b)}:
        return False
    return not names or Counter(_names(a)) != Counter(_names(b))


def _names(words: Line) -> Line:
    """The words that are no numbers."""
    return tuple(word for word in words if word & 1 == 0)


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
