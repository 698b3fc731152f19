"""Stretches that stand twice in a page -> which of them are repeated bodies or excerpts, and which copy stays.

A body is prose, and one of its copies stands by itself: what it repeats is most of the block of prose around it. So a
quotation inside another article, or a formula that two sections share, is none: there the block goes on on both sides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.model import RepeatKind
from dedup.names import renamed
from dedup.paragraphs import Layout
from dedup.repeats import Chain, Stretch
from dedup.verify import measure_all

BODY: Final = 80
"""A body has so many words in common with its copy."""

ALIKE: Final = 0.9
"""So much of the shorter copy stands in the other one, ..."""

VERY_ALIKE: Final = 0.97
"""... and so much where the copies are a small part of the page (below `SHARE`) in the same lines: so are sections of a form."""

DENSE: Final = 0.6
"""And so much of the longer copy in the shorter."""

WHOLE: Final = 0.8
"""A copy that is so much of the block of prose around it stands by itself."""

PART: Final = 0.5
"""The other copy is so much of its block, or its block begins with it: at most `EDGE` of the copy stands before it."""

EDGE: Final = 0.2

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

QUOTED: Final = (2, 3, 80)
"""A copy quotes the other when it opens at least so many quotations, so many times those of the other, and one for so many
words: what an article quotes, and prints in full elsewhere, stays at both places."""

DISTINCT: Final = 0.5
"""So many runs of three words of a copy are distinct; a refrain in itself is no body."""

FULLER: Final = (40, 0.15)
"""A copy is more complete when its block has so many words more than the other, and this share of the copy, ..."""

MUCH_FULLER: Final = 0.5
"""... or this share, if the other one stands in proper paragraphs and it does not."""

PARAGRAPHS: Final = 2.0
"""A copy in so many times the lines of the other, which has lines of `GLUED` words, stands in proper paragraphs."""

GLUED: Final = 60

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
"""Of two copies with fewer words between them the second stays: a standfirst or a pull quote stands before its text."""

GALLERY: Final = 150
"""Captions that stand more than twice have fewer words between them."""

INSIDE: Final = 2.0
"""Of two copies further apart the second stays only when its block has so many times the words."""

BREAK: Final = 20
"""So many words between two runs, on either side, end an excerpt."""

CAPTION: Final = 20
"""A line of so many words is no link, for an excerpt, even if it is no prose either."""

PAIR: Final = 15
"""Paragraphs of so many words that each stand twice in a row, `PAIRS` of them or more, are together a body, ..."""

PAIRS: Final = 3

NEXT: Final = (2, 20)
"""... with at most so many words between the two copies of one, and between one pair and the next."""

FAR: Final = 2.0
"""Of a block, so many words are looked at on each side, in lengths of the copy (and at least `NEAR` words)."""

NEAR: Final = 200

FLOOR: Final = 0.6
"""Chains are looked at whose runs have this share of the words that a body, or an excerpt, has in common with its copy."""


LEAST: Final = min(PAIR, int(FLOOR * EXCERPT))
"""No chain with fewer words in its runs is looked at."""


_OPENING: Final = re.compile(r"""(?:^|(?<=[\s(\[.,;:!?—–\\-]))["'“„‟«‹「『‘‚‛](?=\w)""")


class Copy(NamedTuple):
    """One of the two places: words `first:last`, and the words of its block of prose before and behind them.

    `lines` that it stands in; `prose`: the share of its words in lines of prose; `filled`: how much of its lines it is;
    `long`: the share of its words in lines that are prose or have `CAPTION` words.
    """

    first: int
    last: int
    before: int
    after: int
    lines: int
    prose: float
    filled: float
    long: float

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


Sides = tuple[Copy, Copy]


class Common(NamedTuple):
    """What two copies have in common: words in `runs`, the share of the prose of the page that these are; `unit` of the
    page; `copies`: how often the first place stands again.
    """

    aligned: int
    share: float
    unit: int
    runs: int
    copies: int


class Judged(NamedTuple):
    """A repeat: the copy that stays, the one that goes, how much they resemble each other, and why this one goes."""

    kind: RepeatKind
    kept: Stretch
    dropped: Stretch
    chain: Chain
    resemblance: float
    reason: str


Ruled = tuple[int, str]
"""Which copy stays (0 or 1), and why that one."""

Rule = Callable[[Sides, Common], Ruled | None]


def judge(layout: Layout, chains: list[Chain], *, excerpts: bool) -> list[Judged]:
    """The chains that are repeats, most words first: bodies, and, if asked for, excerpts of what is none."""
    trimmed = [found for chain in chains if (found := _trimmed(layout, chain, layout.prose)) is not None]
    bodies = _judge(layout, trimmed, "body", body, BODY)
    bodies += _judge(layout, _paired(_rest(layout, trimmed, bodies), layout.unit), "body", pair, PAIR)
    if not excerpts:
        return bodies
    rest = _rest(layout, chains, bodies)
    parts = [part for c in rest for part in _parted(c, BREAK * layout.unit)]
    return bodies + _judge(layout, parts, "excerpt", excerpt, EXCERPT)


def _rest(layout: Layout, chains: list[Chain], found: list[Judged]) -> list[Chain]:
    """The chains of which nothing goes already."""
    gone = np.zeros(len(layout.words.tokens), bool)
    for repeat in found:
        gone[slice(*repeat.dropped)] = True
    return [c for c in chains if not (gone[slice(*c.first)].any() or gone[slice(*c.second)].any())]


def _paired(chains: list[Chain], unit: int) -> list[Chain]:
    """The chains of paragraphs that each stand twice in a row, where enough of them follow each other."""
    pairs = sorted(
        (c for c in chains if c.shared >= PAIR * unit and c.second[0] - c.first[1] <= NEXT[0] * unit),
        key=lambda c: c.first,
    )
    rows: list[list[Chain]] = []
    for chain in pairs:
        if not rows or chain.first[0] - rows[-1][-1].second[1] > NEXT[1] * unit:
            rows.append([])
        rows[-1].append(chain)
    return [c for row in rows if len(row) >= PAIRS and sum(c.shared for c in row) >= FLOOR * BODY * unit for c in row]


def _judge(layout: Layout, chains: list[Chain], kind: RepeatKind, rule: Rule, least: int) -> list[Judged]:
    least *= layout.unit
    chains = [chain for chain in chains if chain.shared >= FLOOR * least]
    if not chains:
        return []
    tokens = layout.words.tokens
    pairs = [_longer_first(chain) for chain in chains]
    measured = measure_all(
        Tokens.of(*(tokens[slice(*stretch)] for pair in pairs for stretch in pair)),
        np.arange(2 * len(pairs)).reshape(-1, 2),
    )
    walls, groups = _walls(chains, len(tokens))
    sizes = Counter(groups)
    page = _distinct_prose(layout, chains)
    found = []
    for i, (chain, (longer, shorter)) in enumerate(zip(chains, pairs, strict=True)):
        aligned = int(measured.aligned[i])
        if aligned < max(least, ALIKE * (shorter[1] - shorter[0]), DENSE * (longer[1] - longer[0])):
            continue
        if _distinct(tokens[slice(*longer)]) < DISTINCT:
            continue
        a, b = (_copy(layout, stretch, chain, walls, groups[i]) for stretch in (chain.first, chain.second))
        sides = a, b
        common = Common(aligned, aligned / page, layout.unit, len(chain.runs), sizes[groups[i]])
        ruled = rule(sides, common)
        swaps, places = measured.names.get(i, []), int(measured.counts[i, 2])
        if ruled is None:
            continue
        texts = _text(layout, longer), _text(layout, shorter)
        if _other_subject(texts, swaps, places) or _quotation(texts, aligned):
            continue
        kept, reason = ruled
        stretches = (chain.first, chain.second)
        found.append(Judged(kind, stretches[kept], stretches[1 - kept], chain, _resemblance(sides, aligned), reason))
    return found


def _resemblance(sides: Sides, aligned: int) -> float:
    return 2 * aligned / (sides[0].inside + sides[1].inside)


def _longer_first(chain: Chain) -> tuple[Stretch, Stretch]:
    a, b = chain.first, chain.second
    return (a, b) if a[1] - a[0] >= b[1] - b[0] else (b, a)


def _walls(chains: list[Chain], count: int) -> tuple[NDArray[np.int64], list[int]]:
    """For every word the group of copies whose second places it is in, -1 for none; and the group of each chain: those
    that repeat the same place.
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


def _trimmed(layout: Layout, chain: Chain, wanted: NDArray[np.bool_]) -> Chain | None:
    """A chain without what its ends have outside the wanted lines, at either place."""
    runs = chain.runs.copy()
    first, last = 0, len(runs) - 1
    while first <= last:
        inside = _inside(layout, runs[first], wanted)
        if len(inside):
            runs[first] += np.array([1, 1, -1]) * inside[0]
            break
        first += 1
    while last >= first:
        inside = _inside(layout, runs[last], wanted)
        if len(inside):
            runs[last, 2] = inside[-1] + 1
            break
        last -= 1
    return Chain(runs[first : last + 1]) if first <= last else None


def _parted(chain: Chain, gap: int) -> list[Chain]:
    """A chain cut where so many words stand between two runs, on either side."""
    runs = chain.runs
    between = np.maximum(*(runs[1:, k] - runs[:-1, k] - runs[:-1, 2] for k in (0, 1)))
    return [Chain(part) for part in np.split(runs, np.flatnonzero(between >= gap) + 1)]


def _inside(layout: Layout, run: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which words of a run stand in the wanted lines at both places."""
    a, b, n = run.tolist()
    lines = layout.lines
    return np.flatnonzero(wanted[lines[a : a + n]] & wanted[lines[b : b + n]])


def _distinct_prose(layout: Layout, chains: list[Chain]) -> int:
    """Words in lines of prose that no chain repeats; at least 1."""
    words = layout.prose[layout.lines]
    for chain in chains:
        for start, length in chain.runs[:, 1:].tolist():
            words[start : start + length] = False
    return max(1, int(words.sum()))


def _copy(layout: Layout, stretch: Stretch, chain: Chain, walls: NDArray[np.int64], group: int) -> Copy:
    """What stands around one of the places of a chain. Another copy of it ends its block, and is no part of its lines."""
    first, last = stretch
    heads = layout.heads
    top, bottom = int(layout.lines[first]), int(layout.lines[last - 1])
    far = int(max(NEAR * layout.unit, FAR * (last - first)))

    def apart(start: int, end: int) -> NDArray[np.int64]:
        """Which of the words from start to end belong to other copies."""
        found = walls[start:end] == group
        a, b = (min(max(place - start, 0), end - start) for place in chain.first)
        found[a:b] = True
        return np.flatnonzero(found)

    above = max(_above(layout, first, top, far), first - far)
    others = apart(above, first)
    before = first - above - (int(others[-1]) + 1 if len(others) else 0)
    below = min(_below(layout, last, bottom, far), last + far)
    others = apart(last, below)
    after = int(others[0]) if len(others) else below - last
    start, end = max(int(heads[top]), first - far), min(int(heads[bottom + 1]), last + far)
    line = end - start - len(apart(start, first)) - len(apart(last, end))
    lines = layout.lines[first:last]
    prose = layout.prose[lines]
    long = prose | ((heads[lines + 1] - heads[lines] >= CAPTION * layout.unit) & ~layout.rows[lines])
    return Copy(
        first, last, before, after, bottom - top + 1, float(prose.mean()), (last - first) / line, float(long.mean())
    )


def _above(layout: Layout, first: int, line: int, far: int) -> int:
    """The word that the block of prose around a line begins with, as far as `far` words before `first`.

    A block is lines of prose that follow each other; one other line, as a subheading, may stand between two.
    """
    heads, prose = layout.heads, layout.prose
    while first - heads[line] < far and line > 0:
        if prose[line - 1]:
            line -= 1
        elif line > 1 and prose[line - 2]:
            line -= 2
        else:
            break
    return int(heads[line])


def _below(layout: Layout, last: int, line: int, far: int) -> int:
    """The word that the block of prose around a line ends before, as far as `far` words behind `last`."""
    heads, prose, count = layout.heads, layout.prose, len(layout.prose)
    while heads[line + 1] - last < far and line + 1 < count:
        if prose[line + 1]:
            line += 1
        elif line + 2 < count and prose[line + 2]:
            line += 2
        else:
            break
    return int(heads[line + 1])


def _distinct(tokens: NDArray[np.uint32]) -> float:
    """The share of the runs of three words that are distinct."""
    if len(tokens) < 3:
        return 1.0
    a, b, c = (tokens[i : len(tokens) - 2 + i].astype(np.uint64) for i in range(3))
    return len(np.unique((a * np.uint64(0x9E3779B97F4A7C15) + b) * np.uint64(0x9FB21C651E98DF25) + c)) / len(a)


def _text(layout: Layout, stretch: Stretch) -> str:
    first, last = stretch
    return layout.text[layout.words.starts[first] : layout.words.ends[last - 1]]


def _other_subject(texts: tuple[str, str], swaps: list[tuple[int, int, int]], places: int) -> bool:
    """Whether two copies tell the same of two subjects: one word stands consistently in the place of another, twice if
    both are names; of `places` in all.
    """
    return any(times >= SWAPS and 2 * times >= places for _, _, times in swaps) or renamed(swaps, *texts)


def _quotation(texts: tuple[str, str], words: int) -> bool:
    """Whether one of two copies quotes the other."""
    few, many = sorted(len(_OPENING.findall(text)) for text in texts)
    least, times, apart = QUOTED
    return many >= max(least, times * few) and many * apart >= words


def body(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of a body stays; None when it is no body."""
    aligned, share, unit, _, _ = common
    if max(side.prose for side in sides) < (PROSE if share < MAJORITY else LISTS):
        return None
    reshaped = any(_in_paragraphs(*order, unit) for order in (sides, sides[::-1]))
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
    most = share >= MAJORITY and _resemblance(sides, aligned) >= EXACT and aligned >= 2 * BODY * unit
    return _better(sides, unit) if most or (large and alone) else None


def pair(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of a paragraph that stands twice in a row stays; None when it is no prose."""
    return (0, "first") if min(side.prose for side in sides) >= PROSE else None


def excerpt(sides: Sides, common: Common) -> Ruled | None:
    """Which copy of an excerpt stays; None when it is no excerpt.

    Whole lines on both sides, no list of links; or one copy that stands by itself, or was pulled out of a paragraph.
    """
    aligned, _, unit, runs, copies = common
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
    if copies == 1 and (apart < CLOSE * unit or sides[1].block >= INSIDE * sides[0].block):
        return 1, "inside an article"
    return 0, "first"


def _better(sides: Sides, unit: int) -> Ruled:
    """Which of two copies of a body stays, and why."""
    paragraphs = [_in_paragraphs(sides[i], sides[1 - i], unit) for i in (0, 1)]
    for i in (0, 1):
        more, size = sides[i].block - sides[1 - i].block, sides[1 - i].inside
        needed = MUCH_FULLER * size if paragraphs[1 - i] else FULLER[1] * size
        if more >= max(FULLER[0] * unit, needed):
            return i, "more complete"
    for i in (0, 1):
        if paragraphs[i]:
            return i, "in paragraphs"
    return 0, "first"


def _in_paragraphs(one: Copy, other: Copy, unit: int) -> bool:
    """Whether one copy stands in proper paragraphs, compared with the other, whose lines are glued."""
    return one.lines >= PARAGRAPHS * other.lines and other.inside >= GLUED * unit * other.lines
