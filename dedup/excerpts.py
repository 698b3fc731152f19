"""Two copies -> whether they are an excerpt that stands twice (a lead, a standfirst, a teaser, a caption), and which stays."""

from __future__ import annotations

from typing import Final

from dedup.bodies import PART, VERY_ALIKE, WHOLE
from dedup.copies import Common, Ruled, Sides

EXCERPT: Final = 25
"""An excerpt has so many words in common with its copy."""

LINE: Final = 8
"""So many words a line: menus and lists of headlines have fewer."""

TEASER: Final = 0.6
"""And so many of its words stand in lines of prose, or `LONG` in lines of `CAPTION` words, unless it is one line."""

LONG: Final = 0.8

FILLED: Final = 0.7
"""Both copies of an excerpt are so much of the lines that they stand in; or ..."""

PULLED: Final = 0.9
"""... one copy is so much of its lines, and the other stands in a paragraph of at most `PARAGRAPH` words, as pull quotes do."""

PARAGRAPH: Final = 120

FEW: Final = 10
"""The runs of an excerpt have so many words on average: what was edited all over is told in other words on purpose."""

COPIES: Final = 4
"""What stands again more often is a formula and no excerpt, and so is what stands again twice, unless close by (`GALLERY`)."""

CLOSE: Final = 450
"""Of two like copies with fewer words between them the second stays: a pull quote or summary stands before its text."""

GALLERY: Final = 150
"""Captions that stand more than twice have fewer words between them."""

INSIDE: Final = 2.5
"""The copy stays whose block of prose has so many times the words of the other's: it stands in an article."""


def excerpt(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of an excerpt stays; None when it is no excerpt.

    Whole lines on both sides, no list of links; or one copy that stands by itself, or was pulled out of a paragraph.
    """
    aligned, unit, runs, copies = common.aligned, common.unit, common.runs, common.copies
    apart = sides[1].first - sides[0].last
    if aligned < FEW * unit * runs or copies > (COPIES if apart < GALLERY * unit else 1):
        return None
    if aligned < VERY_ALIKE * min(side.inside for side in sides):
        return None
    if min(side.inside / side.lines for side in sides) < LINE * unit:
        return None
    pulled = [
        one.lines == 1
        and one.filled >= PULLED
        and other.filled < FILLED
        and other.inside <= PARAGRAPH * unit * other.filled
        for one, other in (sides, sides[::-1])
    ]
    if any(pulled) and apart < CLOSE * unit:
        return pulled.index(False), "inside a paragraph"
    if max(max(side.prose - TEASER, side.long - LONG) for side in sides) < 0:
        return None
    if copies > 1 and max(side.lines for side in sides) > 1:
        return None
    alone = max(side.share for side in sides)
    if (alone < PART and apart >= CLOSE * unit) or (alone < WHOLE and aligned < max(side.inside for side in sides)):
        return None
    if min(side.filled for side in sides) < FILLED and not any(
        side.share >= WHOLE and side.filled >= WHOLE for side in sides
    ):
        return None
    if copies == 1:
        for i in (0, 1):
            if sides[i].block >= INSIDE * sides[1 - i].block:
                return i, "inside an article"
        if apart < CLOSE * unit:
            return 1, "second, in the text"
    return 0, "first"
