"""A whole dump -> a decision for every record, out of core."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup import boilerplate, corpus, kernels, nodes, passages
from dedup.alignment import Tokens
from dedup.candidates import as_pairs, gather, ordered
from dedup.corpus import Progress
from dedup.decisions import Decisions, Judge
from dedup.evidence import Rules
from dedup.passages import Passages
from dedup.settings import Settings
from dedup.signatures import band_keys, sign
from dedup.sources import Source
from dedup.spool import Workspace
from dedup.stretches import in_order
from dedup.verify import CHUNK, Measured, in_parts

log = logging.getLogger("dedup")

_CHUNK: Final = 1_024
"""Texts are signed and winnowed in chunks of this many."""


def decide(source: Source, settings: Settings, workspace: Workspace, progress: Progress | None = None) -> Decider:
    """Reads all of `source` and decides for every row. The result does not depend on `settings.jobs`, nor, but for the
    policy `first`, on the order of the input."""
    report = progress or (lambda stage, done, total: None)
    if kernels.cold():
        log.warning(kernels.COMPILING)
        report("compile", 0, 0)
    with ThreadPoolExecutor(settings.jobs) if settings.jobs > 1 else nullcontext() as pool:
        found = Decider(source, settings, workspace, report)
        found.search(pool)
    return found


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

    def search(self, pool: Executor | None) -> None:
        """Reads the source, finds and measures all pairs, and decides."""
        settings = self.settings
        self.corpus = corpus.read(self.source, settings, self.workspace, pool, self.report)
        plain = boilerplate.Cores(self.corpus.tokens, None)
        self.cores = (
            boilerplate.cores(self.source, self.corpus, self.workspace, pool) if settings.boilerplate else plain
        )
        self.workspace.release()
        self.nodes = nodes.gather(self.source, self.corpus, self.cores, settings)
        self.judge = Judge(self.source, settings, self.nodes, self.corpus.lengths)
        keys, held = self._prints(pool)
        alive = np.arange(self.nodes.long)
        while True:
            more = self._candidates(keys, held, alive, pool)
            found = []
            for part in in_parts(self.nodes.tokens, more, pool, self._released(len(more))):
                self.judge.hear(part, settings.rules)
                found.append(part)
            self.measured = Measured.joined([self.measured, *found])
            self.decisions, owner = self.judged(settings.rules)
            # Full buckets hid pairs: look again among the texts that are still kept, until nothing new is found.
            alive = np.flatnonzero(owner[: self.nodes.long] == np.arange(self.nodes.long))
            if self.capped + self.hot == 0 or not any(len(part.pairs) for part in found):
                return

    def _released(self, pairs: int) -> Callable[[], None]:
        """What is to be done after every chunk of so many pairs."""
        chunks = itertools.count(1)

        def done() -> None:
            self.workspace.release()
            self.report("compare", min(next(chunks) * CHUNK, pairs), pairs)

        return done

    def _prints(self, pool: Executor | None) -> tuple[list[NDArray[np.uint64]], Passages]:
        """What texts are proposed by: band keys, u64[bands, texts of a chunk] each, and passages; both spooled. Texts are in the
        order in which they are stored, as reading a file here and there takes long; `Passages.numbers` tells them.
        """
        bands, spool, keys = self.settings.bands, self.workspace.spool(), self.workspace.spool()
        values, starts, ends = self.nodes.tokens.part(0, self.nodes.long)
        stored = np.argsort(starts)
        starts, ends = starts[stored], ends[stored]

        def prints(first: int) -> tuple[NDArray[np.uint64], Passages]:
            tokens = Tokens(values, starts, ends).part(first, first + _CHUNK)
            signed = sign(*tokens, self.settings.scheme, bands.count * bands.rows)
            chosen = passages.chosen(tokens if self.settings.passages else tokens.part(0, 0))
            self.corpus.spool.release()
            return band_keys(signed.values, bands), chosen

        counts, heads = [np.empty(0, np.int64)], [0]
        for of_chunk, chosen in in_order(pool, prints, range(0, self.nodes.long, _CHUNK)):
            keys.append(of_chunk.ravel().view(np.uint32))
            heads.append(heads[-1] + of_chunk.size)
            counts.append(chosen.counts)
            spool.append(chosen.values)
            self.report("sign", min(len(counts[1:]) * _CHUNK, self.nodes.long), self.nodes.long)
        spooled = keys.view().view(np.uint64)
        by_chunk = [spooled[i:j].reshape(bands.count, -1) for i, j in itertools.pairwise(heads)]
        known = np.concatenate(counts)
        return by_chunk, Passages(spool.view(), known, stored[: len(known)])

    def _candidates(
        self, keys: list[NDArray[np.uint64]], held: Passages, alive: NDArray[np.int64], pool: Executor | None
    ) -> NDArray[np.int64]:
        """Pairs of `alive` nodes that share a bucket or passages and were not seen before."""
        limits = self.settings.limits
        place = np.empty(self.nodes.long, np.int64)
        place[np.argsort(self.nodes.tokens.starts[: self.nodes.long])] = np.arange(self.nodes.long)
        place = place[alive]

        def of_band(band: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
            found: NDArray[np.uint64] = np.concatenate([chunk[band] for chunk in keys])[place]
            self.workspace.release()
            return ordered(found)

        by_band = gather(
            in_order(pool, of_band, range(self.settings.bands.count if len(alive) else 0), self.settings.jobs + 1),
            limits.bucket,
        )
        self.capped = max(self.capped, by_band.capped)
        pairs = alive[by_band.pairs]
        codes = pairs[:, 0] << 32 | pairs[:, 1]
        if len(held.values):
            living = np.zeros(self.nodes.long, bool)
            living[alive] = True
            by_passage = passages.propose(held, living, limits.passage, self.workspace.release, pool)
            self.hot = max(self.hot, by_passage.capped)
            codes = np.union1d(codes, by_passage.codes)
        new = codes[~np.isin(codes, self.seen, assume_unique=True)]
        self.seen = np.concatenate((self.seen, new))
        return as_pairs(new)

    def judged(self, rules: Rules) -> tuple[Decisions, NDArray[np.int64]]:
        """The decisions by these rules, and for every node the node that stands for it."""
        made, owner = self.judge.decisions(self.measured, rules)
        counts = replace(
            made.counts,
            candidates=len(self.seen),
            boilerplate_words=int((self.corpus.lengths - _sizes(self.cores.tokens)).sum()),
            boilerplate_only=self.nodes.thin,
            capped_buckets=self.capped,
            hot_passages=self.hot,
        )
        self.report("choose", len(made.keeper), len(made.keeper))
        return replace(made, counts=counts), owner


def _sizes(tokens: Tokens) -> NDArray[np.int64]:
    sizes: NDArray[np.int64] = tokens.ends - tokens.starts
    return sizes
