"""Two copies -> whether they are a body that stands twice, and which of them stays.

A body is prose, and one of its copies stands by itself: what it repeats is most of the block of prose around it. So a
quotation inside another article, or a formula that two sections share, is none: there the block goes on on both sides.
"""

from __future__ import annotations

from typing import Final

from dedup.copies import Common, Copy, Ruled, Sides

BODY: Final = 80
"""A body has so many words in common with its copy."""

VERY_ALIKE: Final = 0.97
"""... and so much where the copies are a small part of the page (below `SHARE`) in the same lines: so are sections of a form."""

WHOLE: Final = 0.8
"""A copy that is so much of the block of prose around it stands by itself."""

PART: Final = 0.5
"""The other copy is so much of its block, or its block begins with it: at most `EDGE` of the copy stands before it."""

EDGE: Final = 0.2

ARTICLE: Final = 150
"""One of the blocks has so many words, or ..."""

SHARE: Final = 0.25
"""... the copy is so much of the prose of the page, repeats left out: a notice is neither."""

MAJORITY: Final = 0.4
"""A copy that is so much of the prose of the page needs no block of its own, as a page may have lost its line breaks ..."""

EXACT: Final = 0.97
"""... if the copies resemble each other so much, and have `UNSEEN` words."""

UNSEEN: Final = 160
"""Two copies in one line with words between them have so many in common: if these are headings, that cannot be seen."""

PROSE: Final = 0.75
"""So many words of one copy stand in lines of prose, ..."""

LISTS: Final = 0.6
"""... or so many if the copy is `MAJORITY` of the page: some articles are half lists."""

FULLER: Final = (40, 0.15)
"""A copy is more complete when its block has so many words more than the other, and this share of the copy, ..."""

MUCH_FULLER: Final = 0.5
"""... or this share, if the other one stands in proper paragraphs and it does not."""

PARAGRAPHS: Final = 2.0
"""A copy in so many times the lines of the other, which has lines of `GLUED` words, stands in proper paragraphs."""

GLUED: Final = 60


def body(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of a body stays; None when it is no body."""
    aligned, share, unit = common.aligned, common.share, common.unit
    if common.one_line and sides[0].last < sides[1].first and aligned < UNSEEN * unit:
        return None
    if max(side.prose for side in sides) < (PROSE if share < MAJORITY else LISTS):
        return None
    reshaped = any(_in_paragraphs(*order, unit) for order in (sides, sides[::-1]))
    if not reshaped and (common.sections or common.framed):
        return None
    if share < SHARE and not reshaped and aligned < VERY_ALIKE * min(side.inside for side in sides):
        return None
    large = share >= SHARE or max(side.block for side in sides) >= ARTICLE * unit
    alone = any(
        one.share >= WHOLE
        and (
            other.share >= PART
            or other.before <= EDGE * other.inside
            or (other.after <= EDGE * other.inside and share >= SHARE)
        )
        for one, other in (sides, sides[::-1])
    )
    most = share >= MAJORITY and common.resemblance >= EXACT and aligned >= UNSEEN * unit
    return _better(sides, unit) if most or (large and alone) else None


def pair(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of a paragraph that stands twice in a row stays; None when it is no prose."""
    return (0, "first") if min(side.prose for side in sides) >= PROSE else None


def _better(sides: Sides, unit: int) -> Ruled:
    """Which of two copies of a body stays, and why."""
    paragraphs = [_in_paragraphs(sides[i], sides[1 - i], unit) for i in (0, 1)]
    for i in (0, 1):
        side, other = sides[i], sides[1 - i]
        whole = min(side.block, side.inside / side.filled) if paragraphs[1 - i] else side.block
        needed = (MUCH_FULLER if paragraphs[1 - i] else FULLER[1]) * other.inside
        if whole - other.block >= max(FULLER[0] * unit, needed):
            return i, "more complete"
    for i in (0, 1):
        if paragraphs[i]:
            return i, "in paragraphs"
    return 0, "first"


def _in_paragraphs(one: Copy, other: Copy, unit: int) -> bool:
    """Whether one copy stands in proper paragraphs, compared with the other, whose lines are glued."""
    return one.lines >= PARAGRAPHS * other.lines and other.inside >= GLUED * unit * other.lines
