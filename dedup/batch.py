"""A whole dump -> a decision for every record, out of core."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import Tokens
from dedup.bands import Bands
from dedup.candidates import propose
from dedup.canonical import Copy
from dedup.clusters import held_words, stars
from dedup.model import Relation
from dedup.settings import Settings
from dedup.signatures import Texts, fingerprint
from dedup.sources import Source
from dedup.spool import Workspace
from dedup.verify import resemblance, short_hash, verify

log = logging.getLogger("dedup")

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total); the total is 0 where it is not known beforehand. Stages: read, compare, choose."""


class _Batch(NamedTuple):
    tokens: NDArray[np.uint32]
    lengths: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    keys: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All rows by their fingerprints: `lengths` i64[n] in tokens (0: empty), `hashes` u64[n, 2], `keys` u64[bands, m] by
    batch, `tokens` of all rows, spooled.
    """

    lengths: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    keys: list[NDArray[np.uint64]]
    tokens: Tokens
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What became of every row (a record with a text).

    `keeper` i64[n]: the row that is kept for it, itself when it is kept, -1 when it is empty. `resemblance`,
    `containment` f64[n], to the keeper. `exact` bool[n]: equal to the keeper. `decided`: by row removed, the policy that
    preferred the keeper. `candidates`: pairs of texts that shared a bucket, `verified`: pairs aligned,
    `siblings`: pairs alike but for their numbers.
    """

    keeper: NDArray[np.int64]
    exact: NDArray[np.bool_]
    resemblance: NDArray[np.float64]
    containment: NDArray[np.float64]
    decided: dict[int, str]
    candidates: int
    verified: int
    siblings: int
    capped_buckets: int
    long_gaps: int

    def relation(self, row: int) -> Relation:
        """How a removed row repeats its keeper."""
        return "exact" if self.exact[row] else "near"

    @property
    def removed(self) -> NDArray[np.int64]:
        """The removed rows, in input order."""
        return np.flatnonzero((self.keeper >= 0) & (self.keeper != np.arange(len(self.keeper))))

    @property
    def kept(self) -> NDArray[np.int64]:
        """The kept rows, in input order."""
        return np.flatnonzero(self.keeper == np.arange(len(self.keeper)))


def decide(source: Source, settings: Settings, workspace: Workspace, progress: Progress | None = None) -> Decisions:
    """Reads all of `source` and decides for every row. The result does not depend on `settings.jobs`, nor, but for the
    policy `first`, on the order of the input."""
    report = progress or (lambda stage, done, total: None)
    if kernels.cold():
        log.warning("compiling the kernels: once in an environment, about 20 seconds")
        report("compile", 0, 0)
    with ThreadPoolExecutor(settings.jobs) if settings.jobs > 1 else nullcontext() as pool:
        corpus = _read(source, settings, workspace, pool, report)
        return _Decider(source, corpus, settings, pool, report).decide()


def _read(source: Source, settings: Settings, workspace: Workspace, pool: Executor | None, report: Progress) -> Corpus:
    spool = workspace.spool()
    lengths, hashes, keys = [], [], []
    rows = 0
    for batch in _fingerprints(source, settings, pool):
        spool.append(batch.tokens)
        lengths.append(batch.lengths)
        hashes.append(batch.hashes)
        keys.append(batch.keys)
        rows += len(batch.lengths)
        report("read", rows, 0)
    sizes = np.concatenate(lengths) if lengths else np.empty(0, np.int64)
    ends = np.cumsum(sizes)
    return Corpus(
        lengths=sizes,
        hashes=np.concatenate(hashes) if hashes else np.empty((0, 2), np.uint64),
        keys=keys,
        tokens=Tokens(spool.view(), ends - sizes, ends),
        release=spool.release,
    )


def _fingerprints(source: Source, settings: Settings, pool: Executor | None) -> Iterator[_Batch]:
    """The batches of the source in order; with a pool, a few are under way at once."""
    if pool is None:
        for texts in source.batches():
            yield _fingerprint(texts, settings)
        return
    running: deque[Future[_Batch]] = deque()
    for texts in source.batches():
        running.append(pool.submit(_fingerprint, texts, settings))
        if len(running) > 2 * settings.jobs:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _fingerprint(texts: list[bytes], settings: Settings) -> _Batch:
    bands = settings.bands
    prints = fingerprint(Texts.of(texts), settings.scheme, bands.count * bands.rows)
    lengths = np.diff(prints.ends, prepend=0)
    for i in np.flatnonzero((lengths > 0) & (lengths < settings.min_tokens)):
        prints.hashes[i] = short_hash(texts[i], prints.tokens[prints.ends[i] - lengths[i] : prints.ends[i]])
    return _Batch(prints.tokens, lengths, prints.hashes, band_keys(prints.signatures.values, bands))


def band_keys(signatures: NDArray[np.uint32], bands: Bands) -> NDArray[np.uint64]:
    """u64[bands, texts]: a hash of every band of every signature."""
    from dedup.kernels import minhash as kernel

    keys = np.empty((bands.count, len(signatures)), np.uint64)
    kernel.cut(signatures, bands.rows, keys)
    return keys


class _Decider:
    """The stages after reading. A node is a distinct text; nodes are numbered by value (longest first, then hash), so
    that nothing below depends on the order of the input.
    """

    def __init__(
        self, source: Source, corpus: Corpus, settings: Settings, pool: Executor | None, report: Progress
    ) -> None:
        self.source, self.corpus, self.settings, self.pool, self.report = source, corpus, settings, pool, report
        full = np.flatnonzero(corpus.lengths)
        order = np.lexsort((corpus.hashes[full, 1], corpus.hashes[full, 0], -corpus.lengths[full]))
        self.rows = full[order]  # by node
        self.hashes = corpus.hashes[self.rows]
        new = np.ones(len(self.rows), bool)
        new[1:] = (self.hashes[1:] != self.hashes[:-1]).any(axis=1)
        self.heads = np.append(np.flatnonzero(new), len(self.rows))  # node i's rows are rows[heads[i]:heads[i + 1]]
        self.node = np.full(len(corpus.lengths), -1, np.int64)
        self.node[self.rows] = np.cumsum(new) - 1
        first = self.rows[self.heads[:-1]]
        self.lengths = corpus.lengths[first]
        self.tokens = Tokens(corpus.tokens.values, corpus.tokens.starts[first], corpus.tokens.ends[first])
        self.long = int(np.count_nonzero(self.lengths >= settings.min_tokens))  # these come first
        self.capped = 0
        self.tried = 0
        self.proposed = 0
        self.siblings = 0
        self.long_gaps = 0
        self.ranks: dict[int, tuple[Any, ...]] = {}  # of the rows in clusters

    def decide(self) -> Decisions:
        pairs = np.empty((0, 2), np.int64)
        words = np.empty(0, np.int64)
        seen = np.empty(0, np.int64)
        alive = np.arange(self.long)
        while True:
            more, seen = self._candidates(alive, seen)
            found = verify(self.tokens, more, self.settings.threshold, self.pool, self.corpus.release)
            self.tried += found.tried
            self.siblings += found.siblings
            self.long_gaps += found.long_gaps
            pairs = np.concatenate((pairs, found.pairs))
            words = np.concatenate((words, found.words))
            self.report("compare", self.tried, self.tried)
            best, owner, via = self._choose(pairs, words)
            # Full buckets hid pairs: look again among the texts that are still kept, until nothing new is found.
            alive = np.flatnonzero(owner[: self.long] == np.arange(self.long))
            if self.capped == 0 or len(found.pairs) == 0:
                return self._decisions(pairs, words, best, owner, via)

    def _candidates(
        self, alive: NDArray[np.int64], seen: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of `alive` nodes that share a bucket and are not among the codes `seen`; and the codes seen by now."""
        rows = self.rows[self.heads[alive]]
        bands = self.settings.bands.count
        keys = (np.concatenate([k[band] for k in self.corpus.keys])[rows] for band in range(bands) if len(alive))
        found = propose(keys, self.settings.limits.bucket)
        self.capped = max(self.capped, found.capped)
        pairs = alive[found.pairs]
        codes = pairs[:, 0] << 32 | pairs[:, 1]
        new = ~np.isin(codes, seen, assume_unique=True)
        self.proposed += int(np.count_nonzero(new))
        return pairs[new], np.concatenate((seen, codes[new]))

    def _choose(
        self, pairs: NDArray[np.int64], words: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """For every node its preferred row, the node that stands for it, and the pair that says so."""
        held = held_words(self.lengths, pairs, words)
        best = self.rows[self.heads[:-1]].copy()
        crowd = np.diff(self.heads) > 1
        crowd[pairs.ravel()] = True
        nodes = np.flatnonzero(crowd).tolist()
        ranks = []
        for node in nodes:
            rows = self.rows[self.heads[node] : self.heads[node + 1]].tolist()
            for row in rows:
                self.ranks[row] = self._rank(row, int(held[node]))
            best[node] = rows[0] if len(rows) == 1 else self._best(rows)
            ranks.append(self.ranks[int(best[node])])
        # Nodes that no policy tells apart go by number, which their content determines.
        ranked = np.array([node for _, node in sorted(zip(ranks, nodes, strict=True))], np.int64)
        alike = resemblance(words, self.lengths[pairs[:, 0]], self.lengths[pairs[:, 1]])
        self.report("choose", len(nodes), len(nodes))
        return best, *stars(len(self.lengths), pairs, ranked, alike)

    def _rank(self, row: int, held: int) -> tuple[Any, ...]:
        facts = self.source.facts
        words = int(self.corpus.lengths[row])
        read = functools.partial(self.source.article, row)
        return self.settings.policy.rank(Copy(facts.ids[row], facts.published(row), words, held, row, read))

    def _best(self, rows: list[int]) -> int:
        """The preferred one of copies of equal text; those that no policy tells apart go by a hash of their records."""
        lowest = min(self.ranks[row] for row in rows)
        equal = [row for row in rows if self.ranks[row] == lowest]
        return (
            equal[0] if len(equal) == 1 else min(equal, key=lambda row: hashlib.blake2b(self.source.raw(row)).digest())
        )

    def _decisions(
        self,
        pairs: NDArray[np.int64],
        words: NDArray[np.int64],
        best: NDArray[np.int64],
        owner: NDArray[np.int64],
        via: NDArray[np.int64],
    ) -> Decisions:
        count = len(self.corpus.lengths)
        keeper = np.full(count, -1, np.int64)
        full = self.node >= 0
        node = self.node[full]
        keeper[full] = best[owner[node]]
        exact = np.zeros(count, bool)
        exact[full] = owner[node] == node
        near = np.flatnonzero(full)[owner[node] != node]
        edge = via[self.node[near]]
        a, b = self.lengths[pairs[edge, 0]], self.lengths[pairs[edge, 1]]
        alike, contained = np.ones(count), np.ones(count)
        alike[near] = resemblance(words[edge], a, b)
        contained[near] = words[edge] / np.minimum(a, b)
        gone = np.flatnonzero((keeper >= 0) & (keeper != np.arange(count))).tolist()
        decided = {row: self.settings.policy.decided(self.ranks[int(keeper[row])], self.ranks[row]) for row in gone}
        return Decisions(
            keeper,
            exact,
            alike,
            contained,
            decided,
            self.proposed,
            self.tried,
            self.siblings,
            self.capped,
            self.long_gaps,
        )
