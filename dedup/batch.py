"""A whole dump -> a decision for every record, out of core."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections import Counter
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup import boilerplate, corpus, kernels, nodes, passages
from dedup.alignment import Tokens
from dedup.bands import Bands
from dedup.candidates import as_pairs, propose
from dedup.canonical import Copy
from dedup.clusters import held_words, stars
from dedup.corpus import Progress
from dedup.model import DUPLICATES, Relation
from dedup.passages import Passages
from dedup.relations import Decision, Rules, judge
from dedup.settings import Settings
from dedup.signals import RowSignals
from dedup.signatures import sign
from dedup.sources import Source
from dedup.spool import Workspace
from dedup.verify import Measured, measure, resemblance

log = logging.getLogger("dedup")

_CROWD: Final = 16
"""Of records with one text, the URLs of so many are looked at, those of the lowest ids."""

_CHUNK: Final = 1_024
"""Texts are signed and winnowed in chunks of this many."""


@dataclass(frozen=True, slots=True)
class Removal:
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


def decide(source: Source, settings: Settings, workspace: Workspace, progress: Progress | None = None) -> Decider:
    """Reads all of `source` and decides for every row. The result does not depend on `settings.jobs`, nor, but for the
    policy `first`, on the order of the input."""
    report = progress or (lambda stage, done, total: None)
    if kernels.cold():
        log.warning("compiling the kernels: once in an environment, about half a minute")
        report("compile", 0, 0)
    with ThreadPoolExecutor(settings.jobs) if settings.jobs > 1 else nullcontext() as pool:
        found = Decider(source, settings, workspace, report)
        found.search(pool)
    return found


def band_keys(signatures: NDArray[np.uint32], bands: Bands) -> NDArray[np.uint64]:
    """u64[bands, texts]: a hash of every band of every signature."""
    from dedup.kernels import minhash as kernel

    keys = np.empty((bands.count, len(signatures)), np.uint64)
    kernel.cut(signatures, bands.rows, keys)
    return keys


class Decider:
    """What is known of a source once it was read, and the decisions that follow. A node is a distinct text; nodes are
    numbered by value, so that nothing below depends on the order of the input.

    `measured`: all pairs of nodes that share enough to be judged, at any threshold; `decisions` at that of the settings.
    """

    def __init__(self, source: Source, settings: Settings, workspace: Workspace, report: Progress) -> None:
        self.source, self.settings, self.workspace, self.report = source, settings, workspace, report
        self.measured = Measured.joined([])
        self.capped = self.hot = 0
        self.seen = np.empty(0, np.int64)
        self._signals: dict[int, RowSignals] = {}

    def search(self, pool: Executor | None) -> None:
        """Reads the source, finds and measures all pairs, and decides."""
        settings = self.settings
        self.corpus = corpus.read(self.source, settings, self.workspace, pool, self.report)
        plain = boilerplate.Cores(self.corpus.tokens, None)
        self.cores = boilerplate.cores(self.corpus, self.workspace) if settings.boilerplate else plain
        self.workspace.release()
        self.nodes = nodes.gather(self.source, self.corpus, self.cores, settings)
        self.lengths = self.nodes.lengths
        keys, held = self._prints(pool)
        alive = np.arange(self.nodes.long)
        while True:
            more = self._candidates(keys, held, alive)
            found = measure(self.nodes.tokens, more, pool, self.workspace.release)
            self.measured = Measured.joined([self.measured, found])
            self.report("compare", self.measured.tried, self.measured.tried)
            self.decisions, owner = self.judged(settings.rules)
            # Full buckets hid pairs: look again among the texts that are still kept, until nothing new is found.
            alive = np.flatnonzero(owner[: self.nodes.long] == np.arange(self.nodes.long))
            if self.capped + self.hot == 0 or len(found.pairs) == 0:
                return

    def _prints(self, pool: Executor | None) -> tuple[list[NDArray[np.uint64]], Passages]:
        """What texts are proposed by: band keys, u64[bands, texts of a chunk] each, and passages, spooled."""
        bands, spool = self.settings.bands, self.workspace.spool()

        def prints(first: int) -> tuple[NDArray[np.uint64], Passages]:
            tokens = self.nodes.tokens.part(first, min(first + _CHUNK, self.nodes.long))
            signed = sign(*tokens, self.settings.scheme, bands.count * bands.rows)
            chosen = passages.chosen(tokens if self.settings.passages else tokens.part(0, 0))
            self.corpus.spool.release()
            return band_keys(signed.values, bands), chosen

        keys, counts = [], [np.empty(0, np.int64)]
        for of_chunk, chosen in (pool.map if pool else map)(prints, range(0, self.nodes.long, _CHUNK)):
            keys.append(of_chunk)
            counts.append(chosen.counts)
            spool.append(chosen.values)
        return keys, Passages(spool.view(), np.concatenate(counts))

    def _candidates(
        self, keys: list[NDArray[np.uint64]], held: Passages, alive: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Pairs of `alive` nodes that share a bucket or passages and were not seen before."""
        limits = self.settings.limits
        bands = self.settings.bands.count if len(alive) else 0
        by_band = propose((np.concatenate([k[band] for k in keys])[alive] for band in range(bands)), limits.bucket)
        self.capped = max(self.capped, by_band.capped)
        pairs = alive[by_band.pairs]
        codes = pairs[:, 0] << 32 | pairs[:, 1]
        if len(held.values):
            living = np.zeros(self.nodes.long, bool)
            living[alive] = True
            by_passage = passages.propose(held, living, limits.passage)
            self.hot = max(self.hot, by_passage.capped)
            codes = np.union1d(codes, by_passage.codes)
        new = codes[~np.isin(codes, self.seen, assume_unique=True)]
        self.seen = np.concatenate((self.seen, new))
        return as_pairs(new)

    def judged(self, rules: Rules) -> tuple[Decisions, NDArray[np.int64]]:
        """The decisions by these rules, and for every node the node that stands for it."""
        return _Round(self, rules).decide()

    def decision(self, pair: int, rules: Rules) -> Decision:
        """What follows from the measured pair of this number."""
        evidence = self.measured.evidence(pair, self.lengths, self.nodes.left)
        signals = self._signals.get(pair)
        if signals is None:
            a, b = self.measured.pairs[pair].tolist()
            rows = self.speaker(a), self.speaker(b)
            crowds = self._crowd(a), self._crowd(b)
            signals = RowSignals(self.source, rows, self.measured.names.get(pair, ()), crowds)
        found = judge(evidence, signals, rules)
        if signals.read:  # what records said is kept, as they may lie in a file
            self._signals[pair] = signals
        return found

    def speaker(self, node: int) -> int:
        """The row that speaks for a node, whatever the order of its rows: of the lowest id."""
        rows = self.nodes.rows[self.nodes.heads[node] : self.nodes.heads[node + 1]].tolist()
        if len(rows) == 1:
            return int(rows[0])
        lowest = min(self.source.facts.ids[row] for row in rows)
        return self.least([row for row in rows if self.source.facts.ids[row] == lowest])

    def _crowd(self, node: int) -> list[int]:
        """Rows of a node of several, of the lowest ids, at most `_CROWD` of them."""
        rows = self.nodes.rows[self.nodes.heads[node] : self.nodes.heads[node + 1]].tolist()
        return [] if len(rows) == 1 else sorted(rows, key=self.source.facts.ids.__getitem__)[:_CROWD]

    def least(self, rows: list[int]) -> int:
        """One of several rows, by a hash of their records."""
        return rows[0] if len(rows) == 1 else min(rows, key=lambda r: hashlib.blake2b(self.source.raw(r)).digest())


class _Round:
    """One round of decisions on the pairs that were measured."""

    def __init__(self, known: Decider, rules: Rules) -> None:
        self.known, self.nodes, self.rules = known, known.nodes, rules
        self.policy, self.facts = known.settings.policy, known.source.facts
        self.ranks: dict[int, tuple[Any, ...]] = {}  # of the rows in clusters

    def decide(self) -> tuple[Decisions, NDArray[np.int64]]:
        measured = self.known.measured
        found = [self.known.decision(i, self.rules) for i in range(len(measured.pairs))]
        copies = np.array([d.relation in DUPLICATES for d in found], bool)
        tally = Counter(d.relation for d in found)
        why = [d for d in found if d.relation in DUPLICATES]
        pairs, words = measured.pairs[copies], measured.aligned[copies]
        lengths = self.nodes.lengths
        alike = resemblance(words, lengths[pairs[:, 0]], lengths[pairs[:, 1]])
        best, owner, via = self._choose(pairs, words, alike, why)
        keeper, removals = self._removals(pairs, words, best, owner, via, why)
        counts = Counts(
            candidates=len(self.known.seen),
            verified=len(found),
            siblings=tally["sibling"],
            related=tally["related"],
            versions=tally["version"],
            boilerplate_words=int((self.known.corpus.lengths - _sizes(self.known.cores.tokens)).sum()),
            boilerplate_only=self.nodes.thin,
            capped_buckets=self.known.capped,
            hot_passages=self.known.hot,
            long_gaps=measured.long_gaps,
        )
        return Decisions(keeper, removals, counts), owner

    def _choose(
        self, pairs: NDArray[np.int64], words: NDArray[np.int64], alike: NDArray[np.float64], why: list[Decision]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """For every node its preferred row, the node that stands for it, and the pair that says so."""
        held = held_words(self.nodes.lengths, pairs, words)
        best = self.nodes.first.copy()
        crowd = np.diff(self.nodes.heads) > 1
        crowd[pairs.ravel()] = True
        cut = {int(b) for (_, b), d in zip(pairs, why, strict=True) if d.relation == "truncated"}
        revised = {n for pair, d in zip(pairs.tolist(), why, strict=True) if d.relation == "revised" for n in pair}
        members = np.flatnonzero(crowd).tolist()
        ranks = []
        for node in members:
            rows = self.nodes.rows[self.nodes.heads[node] : self.nodes.heads[node + 1]].tolist()
            for row in rows:
                version = self._version(row) if node in revised else 0.0
                self.ranks[row] = (node in cut, version, *self._rank(row, int(held[node])))
            lowest = min(self.ranks[row] for row in rows)
            best[node] = self.known.least([row for row in rows if self.ranks[row] == lowest])
            ranks.append(lowest)
        # Nodes that no policy tells apart go by number, which their content determines.
        ranked = np.array([node for _, node in sorted(zip(ranks, members, strict=True))], np.int64)
        self.known.report("choose", len(members), len(members))
        return best, *stars(len(self.nodes.lengths), pairs, ranked, alike)

    def _rank(self, row: int, held: int) -> tuple[Any, ...]:
        words = int(self.known.corpus.lengths[row])
        read = functools.partial(self.known.source.article, row)
        return self.policy.rank(Copy(self.facts.ids[row], self.facts.published(row), words, held, row, read))

    def _version(self, row: int) -> float:
        """Where a row stands among the versions of its piece; smaller is kept, those without a date last."""
        wanted, date = self.known.settings.versions, self.facts.published(row)
        if wanted not in ("latest", "earliest"):
            return 0.0
        return float("inf") if date is None else -date if wanted == "latest" else date

    def _decided(self, kept: int, row: int) -> str:
        """The name of what preferred a kept row."""
        ours, theirs = self.ranks[kept], self.ranks[row]
        if ours[0] != theirs[0]:
            return "complete"
        if ours[1] != theirs[1]:
            return f"versions {self.known.settings.versions}"
        return self.policy.decided(ours[2:], theirs[2:])

    def _removals(
        self,
        pairs: NDArray[np.int64],
        words: NDArray[np.int64],
        best: NDArray[np.int64],
        owner: NDArray[np.int64],
        via: NDArray[np.int64],
        why: list[Decision],
    ) -> tuple[NDArray[np.int64], dict[int, Removal]]:
        lengths, of = self.nodes.lengths, self.nodes.of
        keeper = np.full(len(of), -1, np.int64)
        full = of >= 0
        keeper[full] = best[owner[of[full]]]
        removals: dict[int, Removal] = {}
        for row in np.flatnonzero((keeper >= 0) & (keeper != np.arange(len(of)))).tolist():
            kept, node = int(keeper[row]), int(of[row])
            if self._too_far(row, kept):
                keeper[row] = row
                continue
            decided = self._decided(kept, row)
            if owner[node] == node:
                removals[row] = Removal("exact", "equal words", decided)
                continue
            edge = int(via[node])
            a, b = pairs[edge].tolist()
            share = 2.0 * words[edge] / (lengths[a] + lengths[b])
            relation: Relation = why[edge].relation
            if relation == "truncated" and node == a:
                relation = "extended"
            removals[row] = Removal(
                relation, why[edge].reason, decided, float(share), float(words[edge] / max(1, lengths[b]))
            )
        return keeper, removals

    def _too_far(self, row: int, kept: int) -> bool:
        """Whether the window forbids that a row goes for another."""
        a, b = self.facts.published(row), self.facts.published(kept)
        return (
            self.rules.window is not None and a is not None and b is not None and abs(a - b) > self.rules.window * 3600
        )


def _sizes(tokens: Tokens) -> NDArray[np.int64]:
    sizes: NDArray[np.int64] = tokens.ends - tokens.starts
    return sizes
