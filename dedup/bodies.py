"""Stretches that stand twice in a page -> which of them are repeated bodies or excerpts, and which copy stays.

A body is prose, and one of its copies stands by itself: what it repeats is most of the block of prose around it. So a
quotation inside another article, or a formula that two sections share, is none: there the block goes on on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.names import renamed
from dedup.paragraphs import Layout
from dedup.repeats import Chain
from dedup.verify import measure_all

Kind = Literal["body", "excerpt"]

BODY: Final = 80
"""A body has so many words in common with its copy."""

EXCERPT: Final = 25
"""And an excerpt so many."""

ALIKE: Final = 0.9
"""So much of the shorter copy stands in the other one, ..."""

VERY_ALIKE: Final = 0.97
"""... and so much where the copies are a small part of the page (below `SHARE`) in the same lines: so are sections of a form."""

DENSE: Final = 0.6
"""And so much of the longer copy in the shorter."""

WHOLE: Final = 0.8
"""A copy that is so much of the block of prose around it stands by itself."""

PART: Final = 0.5
"""The other copy is so much of its block, or its block begins with it: at most `LEAD` of the copy stands before it."""

LEAD: Final = 0.2

ARTICLE: Final = 200
"""One of the blocks has so many words, or ..."""

SHARE: Final = 0.25
"""... the copy is so much of the prose of the page, repeats left out: a notice is neither."""

MAJORITY: Final = 0.4
"""A copy that is so much of the prose of the page needs no block of its own, as a page may have lost its line breaks ..."""

EXACT: Final = 0.97
"""... if the copies resemble each other so much, and have twice `BODY` words."""

PROSE: Final = 0.75
"""So many words of one copy stand in lines of prose, ..."""

LISTS: Final = 0.6
"""... or so many if the copy is `MAJORITY` of the page: some articles are half lists."""

SWAPS: Final = 3
"""A word that stands so often in the place of another, in half of the places with edits, tells of two subjects."""

DISTINCT: Final = 0.5
"""So many runs of words of a copy are distinct; a refrain in itself is no body."""

LINE: Final = 8
"""An excerpt has so many words a line: menus and lists of headlines have fewer."""

TEASER: Final = 0.4
"""And so many of its words stand in lines of prose, unless it is one line, as a caption."""

FILLED: Final = 0.7
"""Both copies of an excerpt are so much of the lines that they stand in; or ..."""

PULLED: Final = 0.9
"""... one copy is so much of its lines, and the other stands in a paragraph of at most `PARAGRAPH` words, as pull quotes do."""

PARAGRAPH: Final = 120

FEW: Final = 10
"""The runs of an excerpt have so many words on average: what was edited all over is told in other words on purpose."""

COPIES: Final = 4
"""What stands again more often is a formula and no excerpt."""

FULLER: Final = (40, 0.15)
"""A copy is more complete when its block has so many words more than the other, and this share of the copy, ..."""

MUCH_FULLER: Final = 0.5
"""... or this share, if the other one stands in proper paragraphs and it does not."""

PARAGRAPHS: Final = 2.0
"""A copy in so many times the lines of the other, which has its words in lines of `GLUED` or more, stands in proper paragraphs."""

GLUED: Final = 60

FAR: Final = 2.0
"""Of a block, so many words are looked at on each side, in lengths of the copy (and at least `NEAR` words)."""

NEAR: Final = 200


class Copy(NamedTuple):
    """One of the two places: words `first:last`, and the words of its block of prose before and behind them."""

    first: int
    last: int
    before: int
    after: int
    lines: int
    prose: float
    filled: float

    @property
    def inside(self) -> int:
        """Words of the copy."""
        return self.last - self.first

    @property
    def block(self) -> int:
        """Words of its block of prose, the copy included."""
        return self.before + self.inside + self.after

    @property
    def share(self) -> float:
        """How much of its block the copy is."""
        return self.inside / self.block


class Common(NamedTuple):
    """What two copies have in common: words in `runs`, the share of the prose of the page that these are; `unit` of the
    page; `copies`: how often the first place stands again.
    """

    aligned: int
    share: float
    unit: int
    runs: int
    copies: int


Ruled = tuple[int, Kind, str]
"""Which copy stays (0 or 1), what the repeat is, and why that copy."""

Rule = Callable[[tuple[Copy, Copy], Common], Ruled | None]


class Judged(NamedTuple):
    """A repeat: the copy that stays, the one that goes, how much they resemble each other, and why this one goes."""

    kind: Kind
    kept: Copy
    dropped: Copy
    chain: Chain
    resemblance: float
    reason: str


def judge(layout: Layout, chains: list[Chain], *, excerpts: bool) -> list[Judged]:
    """The chains that are repeats, most words first: bodies, and, if asked for, excerpts of what is none."""
    trimmed = [found for chain in chains if (found := _trimmed(layout, chain)) is not None]
    bodies = _judge(layout, trimmed, _body)
    if not excerpts:
        return bodies
    taken = np.zeros(len(layout.words.tokens), bool)
    for body in bodies:
        taken[body.dropped.first : body.dropped.last] = True
    rest = [c for c in chains if not (taken[slice(*c.first)].any() or taken[slice(*c.second)].any())]
    return bodies + _judge(layout, rest, _excerpt)


def _judge(layout: Layout, chains: list[Chain], rule: Rule) -> list[Judged]:
    if not chains:
        return []
    tokens = layout.words.tokens
    pairs = [(chain, *_longer_first(chain)) for chain in chains]
    measured = measure_all(
        Tokens.of(*(tokens[slice(*span)] for _, a, b in pairs for span in (a, b))),
        np.arange(2 * len(pairs)).reshape(-1, 2),
    )
    walls, groups = _walls(chains, len(tokens))
    page = _distinct_prose(layout, chains)
    found = []
    for i, (chain, longer, shorter) in enumerate(pairs):
        aligned = int(measured.aligned[i])
        if aligned < ALIKE * (shorter[1] - shorter[0]) or aligned < DENSE * (longer[1] - longer[0]):
            continue
        wall = walls == groups[i]
        wall[slice(*chain.first)] = True
        sides = _copy(layout, chain.first, wall), _copy(layout, chain.second, wall)
        if _distinct(layout, max(sides, key=lambda side: side.inside)) < DISTINCT:
            continue
        ruled = rule(sides, Common(aligned, aligned / page, layout.unit, len(chain.runs), groups.count(groups[i])))
        swaps, places = measured.names.get(i, []), int(measured.counts[i, 2])
        if ruled is None or _other_subject(layout, swaps, places, longer, shorter):
            continue
        kept, kind, reason = ruled
        found.append(Judged(kind, sides[kept], sides[1 - kept], chain, _resemblance(sides, aligned), reason))
    return found


def _resemblance(sides: tuple[Copy, Copy], aligned: int) -> float:
    return 2 * aligned / (sides[0].inside + sides[1].inside)


def _longer_first(chain: Chain) -> tuple[tuple[int, int], tuple[int, int]]:
    a, b = chain.first, chain.second
    return (a, b) if a[1] - a[0] >= b[1] - b[0] else (b, a)


def _walls(chains: list[Chain], count: int) -> tuple[NDArray[np.int64], list[int]]:
    """The group of each chain: those that repeat the same place; and for every word the group whose second places it is
    in, -1 for none.
    """
    walls = np.full(count, -1, np.int64)
    groups = [0] * len(chains)
    group, reach = -1, 0
    for i in sorted(range(len(chains)), key=lambda i: (chains[i].first[0], -chains[i].first[1])):
        start, end = chains[i].first
        if group < 0 or 2 * (min(reach, end) - start) < end - start:
            group, reach = group + 1, end
        groups[i] = group
        walls[slice(*chains[i].second)] = group
    return walls, groups


def _trimmed(layout: Layout, chain: Chain) -> Chain | None:
    """A chain without what its ends have outside lines of prose: headlines, bylines, links."""
    prose, lines = layout.prose, layout.lines
    runs = chain.runs.copy()
    first, last = 0, len(runs) - 1
    while first <= last:
        a, b, n = runs[first].tolist()
        both = np.flatnonzero(prose[lines[a : a + n]] & prose[lines[b : b + n]])
        if len(both):
            k = int(both[0])
            runs[first] = a + k, b + k, n - k
            break
        first += 1
    while last >= first:
        a, b, n = runs[last].tolist()
        both = np.flatnonzero(prose[lines[a : a + n]] & prose[lines[b : b + n]])
        if len(both):
            runs[last, 2] = int(both[-1]) + 1
            break
        last -= 1
    return Chain(runs[first : last + 1]) if first <= last else None


def _distinct_prose(layout: Layout, chains: list[Chain]) -> int:
    """Words in lines of prose that no chain repeats."""
    words = layout.prose[layout.lines]
    for chain in chains:
        for start, length in chain.runs[:, 1:].tolist():
            words[start : start + length] = False
    return max(1, int(words.sum()))


def _copy(layout: Layout, span: tuple[int, int], wall: NDArray[np.bool_]) -> Copy:
    first, last = span
    lines, heads = layout.lines, layout.heads
    top, bottom = int(lines[first]), int(lines[last - 1])
    far = int(max(NEAR * layout.unit, FAR * (last - first)))
    return Copy(
        first,
        last,
        _before(layout, first, top, far, wall),
        _after(layout, last, bottom, far, wall),
        bottom - top + 1,
        float(layout.prose[lines[first:last]].mean()),
        (last - first) / max(1, last - first + int((~wall[heads[top] : heads[bottom + 1]]).sum()) - int((~wall[first:last]).sum())),
    )


def _before(layout: Layout, first: int, line: int, far: int, wall: NDArray[np.bool_]) -> int:
    """Words of the block of prose before a word, up to the next copy."""
    heads, prose = layout.heads, layout.prose
    start = int(heads[line])
    while first - start < far and line > 0:
        if prose[line - 1] or (line > 1 and prose[line - 2]):
            line -= 1 if prose[line - 1] else 2
            start = int(heads[line])
        else:
            break
    start = max(start, first - far)
    walls = np.flatnonzero(wall[start:first])
    return first - start - (int(walls[-1]) + 1 if len(walls) else 0)


def _after(layout: Layout, last: int, line: int, far: int, wall: NDArray[np.bool_]) -> int:
    """Words of the block of prose behind a word, up to the next copy."""
    heads, prose, count = layout.heads, layout.prose, len(layout.prose)
    end = int(heads[line + 1])
    while end - last < far and line + 1 < count:
        if prose[line + 1] or (line + 2 < count and prose[line + 2]):
            line += 1 if prose[line + 1] else 2
            end = int(heads[line + 1])
        else:
            break
    end = min(end, last + far)
    walls = np.flatnonzero(wall[last:end])
    return int(walls[0]) if len(walls) else end - last


def _body(sides: tuple[Copy, Copy], common: Common) -> Ruled | None:
    aligned, share, unit, _, _ = common
    if aligned < BODY * unit or max(side.prose for side in sides) < (PROSE if share < MAJORITY else LISTS):
        return None
    reshaped = any(_in_paragraphs(*order, unit) for order in (sides, sides[::-1]))
    if share < SHARE and not reshaped and aligned < VERY_ALIKE * min(side.inside for side in sides):
        return None
    large = share >= SHARE or max(side.block for side in sides) >= ARTICLE * unit
    alone = any(
        one.share >= WHOLE
        and (
            other.share >= PART
            or other.before <= LEAD * other.inside
            or (other.after <= LEAD * other.inside and share >= SHARE)
        )
        for one, other in (sides, sides[::-1])
    )
    most = share >= MAJORITY and _resemblance(sides, aligned) >= EXACT and aligned >= 2 * BODY * unit
    if not (most or (large and alone)):
        return None
    kept, reason = _better(sides, unit)
    return kept, "body", reason


def _excerpt(sides: tuple[Copy, Copy], common: Common) -> Ruled | None:
    """Whole lines on both sides, no list of links; or one copy that stands by itself, or was pulled out of a paragraph."""
    aligned, _, unit, runs, copies = common
    if aligned < EXCERPT * unit or aligned < FEW * unit * runs or copies > COPIES:
        return None
    if aligned < VERY_ALIKE * min(side.inside for side in sides):
        return None
    if min(side.inside / side.lines for side in sides) < LINE * unit:
        return None
    if max(side.prose for side in sides) < TEASER and max(side.lines for side in sides) > 1:
        return None
    alone = any(side.share >= WHOLE and side.filled >= WHOLE for side in sides)
    pulled = any(
        one.filled >= PULLED and other.inside <= PARAGRAPH * unit * other.filled
        for one, other in (sides, sides[::-1])
    )
    if not (alone or pulled or min(side.filled for side in sides) >= FILLED):
        return None
    kept, reason = _better_excerpt(sides)
    return kept, "excerpt", reason


def _distinct(layout: Layout, copy: Copy) -> float:
    """The share of a copy's runs of three words that are distinct."""
    tokens = layout.words.tokens[copy.first : copy.last].astype(np.uint64)
    if len(tokens) < 3:
        return 1.0
    runs = (tokens[:-2] * np.uint64(0x9E3779B97F4A7C15) + tokens[1:-1]) * np.uint64(0x9FB21C651E98DF25) + tokens[2:]
    return len(np.unique(runs)) / len(runs)


def _other_subject(
    layout: Layout, swaps: list[tuple[int, int, int]], places: int, longer: tuple[int, int], shorter: tuple[int, int]
) -> bool:
    """Whether the copies tell the same of two subjects: one word stands consistently in the place of another, twice if
    both are names; of `places` in all.
    """
    if not swaps:
        return False
    if any(times >= SWAPS and 2 * times >= places for _, _, times in swaps):
        return True
    starts, ends = layout.words.starts, layout.words.ends
    a, b = (layout.text[starts[first] : ends[last - 1]] for first, last in (longer, shorter))
    return renamed(swaps, a, b)


def _better(sides: tuple[Copy, Copy], unit: int) -> tuple[int, str]:
    """Which of the copies stays (0 or 1), and why."""
    paragraphs = [_in_paragraphs(sides[i], sides[1 - i], unit) for i in (0, 1)]
    for i in (0, 1):
        more, size = sides[i].block - sides[1 - i].block, sides[1 - i].inside
        needed = MUCH_FULLER * size if paragraphs[1 - i] else FULLER[1] * size
        if more >= max(FULLER[0] * unit, needed):
            return i, "the other copy is more complete"
    for i in (0, 1):
        if paragraphs[i]:
            return i, "the other copy stands in proper paragraphs"
    return 0, "the other copy stands first"


def _better_excerpt(sides: tuple[Copy, Copy]) -> tuple[int, str]:
    """Which of the copies stays (0 or 1), and why: the one inside an article, else the first."""
    if sides[1].block >= 2 * sides[0].block:
        return 1, "the other copy stands in an article"
    return 0, "the other copy stands first"


def _in_paragraphs(one: Copy, other: Copy, unit: int) -> bool:
    """Whether one copy stands in proper paragraphs, compared with the other, whose lines are glued."""
    return one.lines >= PARAGRAPHS * other.lines and other.inside >= GLUED * unit * other.lines
