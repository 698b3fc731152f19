"""The two places of a chain -> copies: what stands in them and around them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.paragraphs import Layout
from dedup.repeats import Chain, Stretch

CAPTION: Final = 20
"""A line of so many words is no link, for an excerpt, even if it is no prose either."""

FAR: Final = 2.0
"""Of a block, so many words are looked at on each side, in lengths of the copy (and at least `NEAR` words)."""

NEAR: Final = 200


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
    page; `copies`: how often the first place stands again; `sections`: whether they stand under two headings of one text;
    `framed`: whether each stands in prose of its own; `one_line`: whether both stand in one line.
    """

    aligned: int
    resemblance: float
    share: float
    unit: int
    runs: int
    copies: int
    sections: bool
    framed: bool
    one_line: bool


Ruled = tuple[int, str]
"""Which copy stays (0 or 1), and why that one."""


def walls_of(chains: list[Chain], count: int) -> tuple[NDArray[np.int64], list[int]]:
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


def trimmed(layout: Layout, chain: Chain, wanted: NDArray[np.bool_]) -> Chain | None:
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


def _inside(layout: Layout, run: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which words of a run stand in the wanted lines at both places."""
    a, b, n = run.tolist()
    lines = layout.lines
    return np.flatnonzero(wanted[lines[a : a + n]] & wanted[lines[b : b + n]])


def distinct_prose(layout: Layout, chains: list[Chain]) -> int:
    """Words in lines of prose that no chain repeats; at least 1."""
    words = layout.prose[layout.lines]
    for chain in chains:
        for start, length in chain.runs[:, 1:].tolist():
            words[start : start + length] = False
    return max(1, int(words.sum()))


def copy_at(layout: Layout, stretch: Stretch, chain: Chain, walls: NDArray[np.int64], group: int) -> Copy:
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
