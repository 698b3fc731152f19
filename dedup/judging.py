"""The chains of a page -> those that are repeats, and which copy of each stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.bodies import BODY, body, pair
from dedup.copies import Common, Ruled, Sides, copy_at, distinct_prose, trimmed, walls_of
from dedup.excerpts import COPIES, EXCERPT, excerpt
from dedup.model import RepeatKind
from dedup.names import renamed
from dedup.paragraphs import Layout
from dedup.quotes import commented, enclosed, quotation
from dedup.repeats import PAIR, Chain, Stretch, paired, parted
from dedup.sections import framed, sections, under_one_title
from dedup.signatures import shingles
from dedup.verify import measure_all, resemblance

ALIKE: Final = 0.9
"""So much of the shorter copy stands in the other one, ..."""

DENSE: Final = 0.6
"""And so much of the longer copy in the shorter."""

SWAPS: Final = 3
"""A word that stands so often in the place of another, in half of the places with edits, tells of two subjects."""

LOOSE: Final = 80
"""Where most of one place of a chain is words that the other lacks, so many of them in a row cut the chain in two: a body that
goes on behind another article."""

DISTINCT: Final = 0.5
"""So many runs of three words of a copy are distinct; a refrain in itself is no body."""

BREAK: Final = 20
"""So many words between two runs, on either side, end an excerpt."""

FLOOR: Final = 0.6
"""Chains are looked at whose runs have this share of the words that a body, or an excerpt, has in common with its copy."""

LEAST: Final = min(PAIR, int(FLOOR * EXCERPT))
"""No chain with fewer words in its runs is looked at."""


class Judged(NamedTuple):
    """A repeat: the copy that stays, the one that goes, how much they resemble each other, and why this one goes."""

    kind: RepeatKind
    kept: Stretch
    dropped: Stretch
    chain: Chain
    resemblance: float
    reason: str


Rule = Callable[[Sides, Common], Ruled | None]


def judge(layout: Layout, chains: list[Chain], *, excerpts: bool) -> list[Judged]:
    """The chains that are repeats, most words first: bodies, and, if asked for, excerpts of what is none."""
    prose = [found for chain in chains if (found := trimmed(layout, chain, layout.prose)) is not None]
    bodies = _judge(layout, prose, "body", body, BODY)
    bodies += _judge(layout, _parts(layout, _rest(layout, prose, bodies)), "body", body, BODY)
    pairs = paired(_rest(layout, prose, bodies), layout.unit, FLOOR * BODY * layout.unit)
    bodies += _judge(layout, pairs, "body", pair, PAIR)
    if not excerpts:
        return bodies
    rest = _rest(layout, chains, bodies)
    parts = [part for c in rest for part in parted(c, BREAK * layout.unit)]
    groups = walls_of(parts, len(layout.words.tokens))[1]
    sizes = Counter(groups)
    parts = [part for part, group in zip(parts, groups, strict=True) if sizes[group] <= COPIES]
    return bodies + _judge(layout, parts, "excerpt", excerpt, EXCERPT)


def _rest(layout: Layout, chains: list[Chain], found: list[Judged]) -> list[Chain]:
    """The chains of which nothing goes already."""
    gone = np.zeros(len(layout.words.tokens), bool)
    for repeat in found:
        gone[slice(*repeat.dropped)] = True
    return [c for c in chains if not (gone[slice(*c.first)].any() or gone[slice(*c.second)].any())]


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
    lengths = np.array([[end - start for start, end in pair] for pair in pairs])
    alike: list[float] = resemblance(measured.aligned, lengths[:, 0], lengths[:, 1]).tolist()
    walls, groups = walls_of(chains, len(tokens))
    sizes = Counter(groups)
    page = distinct_prose(layout, chains)
    found = []
    for i, (chain, (longer, shorter)) in enumerate(zip(chains, pairs, strict=True)):
        aligned = int(measured.aligned[i])
        if aligned < max(least, ALIKE * (shorter[1] - shorter[0]), DENSE * (longer[1] - longer[0])):
            continue
        if _distinct(tokens[slice(*longer)]) < DISTINCT:
            continue
        a, b = (copy_at(layout, stretch, chain, walls, groups[i]) for stretch in (chain.first, chain.second))
        sides = under_one_title(layout, (a, b))
        common = Common(
            aligned=aligned,
            resemblance=alike[i],
            share=aligned / page,
            unit=layout.unit,
            runs=len(chain.runs),
            copies=sizes[groups[i]],
            sections=sections(layout, chain),
            framed=framed(layout, sides),
            one_line=bool(layout.lines[a.first] == layout.lines[b.last - 1]),
        )
        ruled = rule(sides, common)
        swaps, places = measured.names.get(i, []), int(measured.counts[i, 2])
        if ruled is None:
            continue
        texts = _text(layout, longer), _text(layout, shorter)
        quoted = quotation(layout, chain, aligned) or (
            kind == "body" and (enclosed(layout, sides) or commented(layout, chain))
        )
        if quoted or _other_subject(texts, swaps, places):
            continue
        kept, reason = ruled
        stretches = (chain.first, chain.second)
        found.append(Judged(kind, stretches[kept], stretches[1 - kept], chain, alike[i], reason))
    return found


def _parts(layout: Layout, chains: list[Chain]) -> list[Chain]:
    """The parts of the chains of which most of one place is words that the other lacks, most words first."""
    sparse = [c for c in chains if c.shared < DENSE * max(end - start for start, end in (c.first, c.second))]
    cut = (trimmed(layout, part, layout.prose) for c in sparse for part in parted(c, LOOSE * layout.unit))
    return sorted((part for part in cut if part is not None), key=lambda part: (-part.shared, part.second))


def _longer_first(chain: Chain) -> tuple[Stretch, Stretch]:
    a, b = chain.first, chain.second
    return (a, b) if a[1] - a[0] >= b[1] - b[0] else (b, a)


def _distinct(tokens: NDArray[np.uint32]) -> float:
    """The share of the runs of three words that are distinct."""
    runs = shingles(tokens, 3)
    return len(np.unique(runs)) / len(runs)


def _text(layout: Layout, stretch: Stretch) -> str:
    first, last = stretch
    return layout.text[layout.words.starts[first] : layout.words.ends[last - 1]]


def _other_subject(texts: tuple[str, str], swaps: list[tuple[int, int, int]], places: int) -> bool:
    """Whether two copies tell the same of two subjects: one word stands consistently in the place of another, twice if
    both are names; of `places` in all.
    """
    return any(times >= SWAPS and 2 * times >= places for _, _, times in swaps) or renamed(swaps, *texts)
