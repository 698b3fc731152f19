"""Measured pairs and rules -> what becomes of every row: kept, or removed for which kept one, and why."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.canonical import Copy
from dedup.clusters import depths, held_words, stars
from dedup.evidence import Decision, Evidence, Rules
from dedup.model import DUPLICATES, Relation
from dedup.names import Swaps
from dedup.nodes import Nodes
from dedup.relations import judge
from dedup.settings import Settings
from dedup.signals import Cards, RowSignals
from dedup.sources import Source
from dedup.verify import Measured, resemblance

_CROWD: Final = 16
"""Of records with one text, the URLs of so many are looked at, those of the lowest ids."""


class Removal(NamedTuple):
    """Why a row goes: its `relation` to the row that is kept for it, the `reason`, and the policy that `decided`."""

    relation: Relation
    reason: str
    decided: str
    resemblance: float = 1.0
    containment: float = 1.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run counted; see `model.Summary`."""

    candidates: int = 0
    verified: int = 0
    siblings: int = 0
    related: int = 0
    versions: int = 0
    boilerplate_words: int = 0
    boilerplate_only: int = 0
    capped_buckets: int = 0
    hot_passages: int = 0
    long_gaps: int = 0


@dataclass(frozen=True, slots=True)
class Decisions:
    """What became of every row (a record with a text).

    `keeper` i64[n]: the row that is kept for it, itself when it is kept, -1 when it is empty. `removals` by row removed.
    """

    keeper: NDArray[np.int64]
    removals: dict[int, Removal]
    counts: Counts

    @property
    def removed(self) -> NDArray[np.int64]:
        """The removed rows, in input order."""
        return np.flatnonzero((self.keeper >= 0) & (self.keeper != np.arange(len(self.keeper))))

    @property
    def kept(self) -> NDArray[np.int64]:
        """The kept rows, in input order."""
        return np.flatnonzero(self.keeper == np.arange(len(self.keeper)))


class Judge:
    """Decides on the measured pairs of a source's nodes; remembers what it read for that.

    A node is a distinct text; nodes are numbered by value, so that no decision depends on the order of the input.
    `words` i64[rows]: of the texts with their boilerplate.
    """

    def __init__(self, source: Source, settings: Settings, nodes: Nodes, words: NDArray[np.int64]) -> None:
        self.source, self.settings, self.nodes = source, settings, nodes
        # Single values are asked for by the hundred thousand: a view gives them in a third of the time that an array takes.
        self._words, self._rows, self._heads = words.data, nodes.rows.data, nodes.heads.data
        self.lengths = nodes.lengths
        self._cards = Cards(source)
        self._signals: dict[int, RowSignals] = {}
        self._judged: dict[Rules, _Judged] = {}
        self._speakers: dict[int, int] = {}

    def decisions(self, measured: Measured, rules: Rules) -> tuple[Decisions, NDArray[np.int64]]:
        """The decisions by these rules, and for every node the node that stands for it.

        Pairs may have been added to those measured since the last call; the others are not judged again.
        """
        judged = self._judgements(rules)
        for pair in range(judged.count, len(measured.pairs)):
            judged.add(self.decision(measured, pair, rules))
        return _Round(self, rules, judged).decide(measured)

    def hear(self, part: Measured, rules: Rules) -> None:
        """Judges pairs that will stand behind those judged before, so that others can be measured meanwhile."""
        judged = self._judgements(rules)
        pairs = zip(part.evidences(self.lengths, self.nodes.left), part.pairs.tolist(), strict=True)
        for i, (evidence, (a, b)) in enumerate(pairs):
            judged.add(self._decision(evidence, (a, b, part.names.get(i, ())), judged.count, rules))

    def _judgements(self, rules: Rules) -> _Judged:
        return self._judged.setdefault(rules, _Judged(0, Counter(), [], []))

    def decision(self, measured: Measured, pair: int, rules: Rules) -> Decision:
        """What follows from the measured pair of this number."""
        a, b = measured.pairs[pair].tolist()
        evidence = measured.evidence(pair, self.lengths, self.nodes.left)
        return self._decision(evidence, (a, b, measured.names.get(pair, ())), pair, rules)

    def _decision(self, evidence: Evidence, pair: tuple[int, int, Swaps], number: int, rules: Rules) -> Decision:
        """What follows from the evidence of a pair of nodes, and the names that they swap; `number`: of the pair among all."""
        signals = self._signals.get(number)
        if signals is None:
            a, b, names = pair
            crowds = self._crowd(a), self._crowd(b)
            signals = RowSignals(self._cards, (self.speaker(a), self.speaker(b)), names, crowds)
        found = judge(evidence, signals, rules)
        if signals.texts_read:  # what was found in texts is kept, as they may lie in a file
            self._signals[number] = signals
        return found

    def speaker(self, node: int) -> int:
        """The row that speaks for a node, the one that would be kept of it: whatever is removed was compared with that."""
        row = self._speakers.get(node)
        if row is None:
            row = self._speakers[node] = self.preferred(self.rows(node))
        return row

    def ranks(self, rows: list[int]) -> dict[int, tuple[Any, ...]]:
        """What the policies order rows of equal words by."""
        return {row: self.rank(row, 0) for row in rows}

    def preferred(self, rows: list[int], ranks: Mapping[int, tuple[Any, ...]] | None = None) -> int:
        """Of rows of equal words the one that is kept; their `ranks`, where they are known."""
        if len(rows) == 1:
            return rows[0]
        ranks = self.ranks(rows) if ranks is None else ranks
        lowest = min(ranks[row] for row in rows)
        best = [row for row in rows if ranks[row] == lowest]
        return best[0] if len(best) == 1 else min(best, key=lambda r: hashlib.blake2b(self.source.raw(r)).digest())

    def rows(self, node: int) -> list[int]:
        """The rows whose text a node is."""
        rows: list[int] = self._rows[self._heads[node] : self._heads[node + 1]].tolist()
        return rows

    def rank(self, row: int, held: int) -> tuple[Any, ...]:
        """What the policies order a row by; `held`: so many words of its cluster."""
        read = functools.partial(self.source.article, row)
        facts = self.source.facts
        return self.settings.policy.rank(Copy(facts.ids[row], facts.published(row), self._words[row], held, row, read))

    def _crowd(self, node: int) -> list[int]:
        """Rows of a node of several, of the lowest ids, at most `_CROWD` of them."""
        if self._heads[node + 1] - self._heads[node] == 1:
            return []
        return sorted(self.rows(node), key=self.source.facts.ids.__getitem__)[:_CROWD]


@dataclass(slots=True)
class _Judged:
    """The decisions on the first `count` measured pairs: how often each relation came out, and which of them are copies."""

    count: int
    tally: Counter[str]
    copies: list[int]
    why: list[Decision]

    def add(self, found: Decision) -> None:
        """The decision on the next pair."""
        self.tally[found.relation] += 1
        if found.relation in DUPLICATES:
            self.copies.append(self.count)
            self.why.append(found)
        self.count += 1


class _Matches(NamedTuple):
    """The pairs of which one text is a copy: n of them, the longer text first, as in `Measured`.

    `pairs` i64[n, 2]; `words` i64[n] aligned; `alike` f64[n]: their resemblance; `why`: the decision on each.
    """

    pairs: NDArray[np.int64]
    words: NDArray[np.int64]
    alike: NDArray[np.float64]
    why: list[Decision]

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Whether the second text is a truncated copy of the first, bool[n]."""
        return np.array([d.relation == "truncated" for d in self.why], bool)

    @property
    def revised(self) -> set[int]:
        """The texts that are versions of others."""
        return {
            n for pair, d in zip(self.pairs.tolist(), self.why, strict=True) if d.relation == "revised" for n in pair
        }


class _Round:
    """One round of decisions on the pairs that were measured."""

    def __init__(self, judge: Judge, rules: Rules, judged: _Judged) -> None:
        self.judge, self.nodes, self.rules, self.judged = judge, judge.nodes, rules, judged
        self.lengths = judge.lengths
        self.facts = judge.source.facts
        self.ranks: dict[int, tuple[Any, ...]] = {}  # of the nodes in clusters

    def decide(self, measured: Measured) -> tuple[Decisions, NDArray[np.int64]]:
        lengths, tally = self.lengths, self.judged.tally
        chosen = np.array(self.judged.copies, np.int64)
        pairs, words = measured.pairs[chosen], measured.aligned[chosen]
        alike = resemblance(words, lengths[pairs[:, 0]], lengths[pairs[:, 1]])
        matches = _Matches(pairs, words, alike, self.judged.why)
        owner, via = self._choose(matches)
        keeper, removals = self._removals(matches, owner, via)
        counts = Counts(
            verified=self.judged.count,
            siblings=tally["sibling"],
            related=tally["related"],
            versions=tally["version"],
            long_gaps=measured.long_gaps,
        )
        return Decisions(keeper, removals, counts), owner

    def _choose(self, matches: _Matches) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For every node the node that stands for it, and the match that says so (-1 where none does)."""
        lengths, cut = self.lengths, matches.cut
        held = held_words(lengths, matches.pairs, matches.words).data
        depth, revised = depths(len(lengths), matches.pairs, cut).data, matches.revised
        members = np.unique(matches.pairs).tolist()
        for node in members:
            row = self.judge.speaker(node)
            version = self._version(row) if node in revised else 0.0
            self.ranks[node] = (depth[node], version, *self.judge.rank(row, held[node]))
        # Nodes that no policy tells apart go by number, which their content determines.
        ranked = np.array(sorted(members, key=lambda node: (self.ranks[node], node)), np.int64)
        return stars(len(lengths), matches.pairs, ranked, matches.alike, cut)

    def _version(self, row: int) -> float:
        """Where a row stands among the versions of its piece; smaller is kept, those without a date last."""
        wanted, date = self.judge.settings.versions, self.facts.published(row)
        if wanted not in ("latest", "earliest"):
            return 0.0
        return float("inf") if date is None else -date if wanted == "latest" else date

    def _removals(
        self, matches: _Matches, owner: NDArray[np.int64], via: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], dict[int, Removal]]:
        """The row that is kept for every row, and why the others go."""
        of = self.nodes.of
        keeper = np.where(of >= 0, np.arange(len(of)), -1)
        removals: dict[int, Removal] = {}
        several = np.diff(self.nodes.heads) > 1
        found = np.flatnonzero(several | (via >= 0))
        for node, star, edge in zip(found.tolist(), owner[found].tolist(), via[found].tolist(), strict=True):
            rows, kept = self.judge.rows(node), self.judge.speaker(star)
            if star != node:
                lasting = self._match(matches, edge, node)
                for row in rows:
                    if not self._too_far(row, kept):
                        keeper[row], removals[row] = kept, lasting
                rows = [row for row in rows if self._too_far(row, kept)]
            ranks = self.judge.ranks(rows) if len(rows) > 1 else {}
            while len(rows) > 1:  # of equal words: one of them stays, and where a window parts them, one of each lot
                kept = self.judge.preferred(rows, ranks)
                for row in rows:
                    if row != kept and not self._too_far(row, kept):
                        decided = self.judge.settings.policy.decided(ranks[kept], ranks[row])
                        keeper[row], removals[row] = kept, Removal("exact", "equal words", decided)
                rows = [row for row in rows if row != kept and self._too_far(row, kept)]
        return keeper, removals

    def _match(self, matches: _Matches, edge: int, node: int) -> Removal:
        """Why a node goes for the other one of a match."""
        a, b = matches.pairs[edge].tolist()
        share = float(matches.words[edge] / max(1, self.lengths[b]))
        decided = self._decided(b if node == a else a, node)
        found = matches.why[edge]
        return Removal(found.relation, found.reason, decided, float(matches.alike[edge]), share)

    def _decided(self, kept: int, node: int) -> str:
        """The name of what preferred a kept node."""
        ours, theirs = self.ranks[kept], self.ranks[node]
        if ours[0] != theirs[0]:
            return "complete"
        if ours[1] != theirs[1]:
            return f"versions {self.judge.settings.versions}"
        return self.judge.settings.policy.decided(ours[2:], theirs[2:])

    def _too_far(self, row: int, kept: int) -> bool:
        """Whether the window forbids that a row goes for another."""
        if self.rules.window is None:
            return False
        a, b = self.facts.published(row), self.facts.published(kept)
        return a is not None and b is not None and abs(a - b) > self.rules.window * 3600
