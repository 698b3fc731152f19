"""Source -> corpus: every row by its tokens, the pieces they stand in, and its hashes, out of core."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import Tokens
from dedup.cleaning import Cleaned, clean
from dedup.settings import Settings
from dedup.signatures import Texts, split, starts_of
from dedup.sources import Rows, Source
from dedup.spool import Spool, Workspace
from dedup.stretches import in_order
from dedup.verify import short_hash

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total), from any thread. The total is 0 where it is not known, and an estimate for `read`. Stages:
compile, read, sign, compare, choose."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


CONTEXT: Final = 16
"""So many words of its title, and so many of its opening, stand for the context of an article."""

OPENING: Final = 12
"""The opening is the first line or sentence of at least this many words; what is shorter may be furniture."""


TOGETHER: Final = 4
"""Threads are given so many batches at once: whenever one of them returns from a kernel, it waits for the one that reads."""


class Batch(NamedTuple):
    """What is known of the rows of a batch, n of them: `texts`, each body once; the parts of a `Corpus` of them (`pieces` are
    lengths, `counts` i64[n] of each text); `doubled`: the rows whose text holds a body twice, and how many times more.
    """

    texts: list[bytes]
    tokens: NDArray[np.uint32]
    lengths: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    pieces: NDArray[np.uint32]
    counts: NDArray[np.int64]
    keys: NDArray[np.uint64]
    contexts: NDArray[np.uint32]
    doubled: dict[int, int]
    unfinished: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """All rows, n of them: `hashes` u64[n, 2] of the texts, `lengths` i64[n] in tokens (0: empty); `tokens`, spooled.

    Pieces are lines and sentences: those of row i are `piece_heads[i]:piece_heads[i + 1]` (i64[n + 1]) of `piece_keys`
    (u64[m], a hash of their tokens) and `piece_lengths` (u32[m]). `contexts` u32[n, 2, CONTEXT]: words of title and opening.
    `sites` i32[n], -1 where unknown.
    """

    hashes: NDArray[np.uint64]
    lengths: NDArray[np.int64]
    tokens: Tokens
    piece_heads: NDArray[np.int64]
    piece_keys: NDArray[np.uint64]
    piece_lengths: NDArray[np.uint32]
    contexts: NDArray[np.uint32]
    sites: NDArray[np.int32]
    spool: Spool


def read(source: Source, settings: Settings, workspace: Workspace, pool: Executor | None, report: Progress) -> Corpus:
    """Reads all of `source`."""
    spool, lengths_spool, keys_spool, contexts_spool = (workspace.spool() for _ in range(4))
    batches: list[Batch] = []
    rows = 0
    read = source.batches() if pool is None else _joined(source.batches())
    for batch in in_order(pool, lambda rows: fingerprinted(rows, settings), read, 2 * settings.jobs + 1):
        spool.append(batch.tokens)
        lengths_spool.append(batch.pieces)
        keys_spool.append(batch.keys.view(np.uint32))
        contexts_spool.append(batch.contexts.ravel())
        source.doubled.update((rows + i, count) for i, count in batch.doubled.items())
        source.unfinished += batch.unfinished
        nothing = np.empty(0, np.uint32)
        batches.append(
            batch._replace(texts=[], tokens=nothing, pieces=nothing, keys=np.empty(0, np.uint64), contexts=nothing)
        )
        rows += len(batch.lengths)
        report("read", rows, source.expected)
    sizes = np.concatenate([np.empty(0, np.int64), *(b.lengths for b in batches)])
    ends = np.cumsum(sizes)
    return Corpus(
        hashes=np.concatenate([np.empty((0, 2), np.uint64), *(b.hashes for b in batches)]),
        lengths=sizes,
        tokens=Tokens(spool.view(), ends - sizes, ends),
        piece_heads=np.concatenate(([0], *(b.counts for b in batches))).cumsum(),
        piece_keys=keys_spool.view().view(np.uint64),
        piece_lengths=lengths_spool.view(),
        contexts=contexts_spool.view().reshape(-1, 2, CONTEXT),
        sites=np.array(source.facts.sites, np.int32),
        spool=spool,
    )


def _joined(batches: Iterator[Rows]) -> Iterator[Rows]:
    """Batches, `TOGETHER` of them as one."""
    while several := list(itertools.islice(batches, TOGETHER)):
        yield Rows(*(list(itertools.chain.from_iterable(parts)) for parts in zip(*several, strict=True)))


def fingerprinted(rows: Rows, settings: Settings) -> Batch:
    """Tokens, pieces, hashes and contexts of a batch, its texts cleaned as the settings say."""
    texts, titles = split(Texts.of(rows.texts)), split(Texts.of(rows.titles))
    cleaned = Cleaned({}, {}, 0) if settings.pages == "off" else clean(rows.texts, texts)
    if cleaned.texts:
        bodies = [cleaned.texts.get(i, text) for i, text in enumerate(rows.texts)]
        rows, texts = rows._replace(texts=bodies), split(Texts.of(bodies))
    starts = starts_of(texts.ends)
    lengths = texts.ends - starts
    hashes, keys = np.empty((len(lengths), 2), np.uint64), np.empty(len(texts.pieces), np.uint64)
    kernels.hashes.hash_texts(texts.tokens, texts.ends, texts.pieces, texts.piece_ends, hashes, keys)
    for i in ((lengths > 0) & (lengths < settings.min_tokens)).nonzero()[0].tolist():
        hashes[i] = short_hash(rows.texts[i])
    contexts = np.empty((len(lengths), 2, CONTEXT), np.uint32)
    kernels.boilerplate.contexts(
        titles.tokens, titles.ends, texts.tokens, starts, texts.pieces, texts.piece_ends, OPENING, contexts
    )
    return Batch(
        rows.texts,
        texts.tokens,
        lengths,
        hashes,
        (texts.pieces - starts_of(texts.pieces)).astype(np.uint32),
        texts.piece_ends - starts_of(texts.piece_ends),
        keys,
        contexts,
        cleaned.repeats,
        cleaned.unfinished,
    )
