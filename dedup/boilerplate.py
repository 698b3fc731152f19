"""Corpus -> what is left of every text without the lines and sentences that its site repeats around different articles."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.corpus import Corpus
from dedup.sources import Source
from dedup.spool import Workspace
from dedup.stretches import stretches
from dedup.urls import page
from dedup.words import locate

Span = tuple[int, int]

CONTEXTS: Final = 3
"""A piece is boilerplate of its site when it stands under this many titles that are mutually unlike. Titles are counted
and not documents: an article that was crawled fifty times has one title. Two titles are unlike when they share less than
half of the words of the shorter."""

SITES: Final = 5
"""A piece is an agency's or a legal line when it stands in so many rows, mutually unlike, of as many sites."""

_ANY_SITE: Final = 1 << 30

_SLOTS: Final = 1 << 27
"""The most slots that pieces are counted in; more pieces share slots, which costs time and changes nothing."""

_PART: Final = 2_000_000
"""So many pieces that may be repeated are sorted at once, about."""

_CHUNK: Final = 1_000_000
"""Tokens are copied in chunks of about this many."""


@dataclass(frozen=True, slots=True)
class Cores:
    """`tokens`: of every row without its boilerplate. `marks` u8[pieces]: 1 for a piece that is boilerplate; None when
    none is.
    """

    tokens: Tokens
    marks: NDArray[np.uint8] | None


def cores(source: Source, corpus: Corpus, workspace: Workspace) -> Cores:
    """Sets the boilerplate of all rows aside. Does not depend on the order of the rows."""
    marks = np.zeros(len(corpus.piece_keys), np.uint8)
    marked = np.zeros(len(corpus.sites), np.bool_)
    if len(marks):
        digest = digests(corpus.contexts)
        bare = _furniture(source, corpus, digest)
        workspace.release()
        _mark(corpus, corpus.sites, (CONTEXTS, bare, digest), (marks, marked), workspace.release)
        if len(set(corpus.sites)) >= SITES:
            everywhere = np.where(corpus.sites < 0, corpus.sites, _ANY_SITE).astype(np.int32)
            _mark(corpus, everywhere, (SITES, bare[:0], digest), (marks, marked), workspace.release)
        for row in bare.tolist():
            marks[corpus.piece_heads[row] : corpus.piece_heads[row + 1]] = 1
        marked[bare] = True
    if not marked.any():
        return Cores(corpus.tokens, None)
    return Cores(_stripped(corpus, marks, np.flatnonzero(marked), workspace), marks)


def _mark(
    corpus: Corpus,
    sites: NDArray[np.int32],
    search: tuple[int, NDArray[np.int64], NDArray[np.uint64]],
    marked: tuple[NDArray[np.uint8], NDArray[np.bool_]],
    release: Callable[[], None],
) -> None:
    """Marks the pieces that stand in so many unlike rows of a site, and those of rows that are bare, in all rows.

    `search`: how many unlike rows; bare rows; a hash of every context. `marked`: pieces, and rows that have some. `release` gives
    memory of pieces back.
    """
    from dedup.kernels import boilerplate as kernel

    need, bare, digest = search
    parted = list(stretches(corpus.piece_heads[1:]))

    def stretch(rows: slice, pieces: slice) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32]]:
        release()
        return corpus.piece_keys[pieces], corpus.piece_heads[1:][rows] - pieces.start, sites[rows]

    slots = 1 << 16
    while slots < min(2 * len(corpus.piece_keys), _SLOTS):
        slots *= 2
    table = np.zeros(slots, np.uint8)
    for part in parted:
        kernel.tally(*stretch(*part), table, need)

    def collected(low: int, high: int, out: tuple[NDArray[np.uint64], NDArray[np.int32]]) -> int:
        at = 0
        for part in parted:
            rest = part[0].start, out[0][at:], out[1][at:]
            at += kernel.collect(*stretch(*part), table, need, np.uint64(low), np.uint64(high), *rest)
        return at

    nothing = np.empty(0, np.uint64), np.empty(0, np.int32)
    parts = collected(0, (1 << 64) - 1, nothing) // _PART + 1
    bounds = [(1 << 64) * i // parts for i in range(parts + 1)]
    known = [np.empty(0, np.uint64)]
    for low, end in itertools.pairwise(bounds):  # bounds memory; each key is in one part with all of its rows
        count = collected(low, end - 1, nothing)
        found, rows = np.empty(count, np.uint64), np.empty(count, np.int32)
        collected(low, end - 1, (found, rows))
        words = corpus.hashes[rows]
        order = np.lexsort((words[:, 1], words[:, 0], digest[rows], -corpus.lengths[rows], found))  # longest first
        known += [_repeated(corpus, found[order], rows[order], sites, need), found[np.isin(rows, bare)]]
    names = np.unique(np.concatenate(known))
    for part in parted:
        kernel.mark(*stretch(*part), table, need, names, marked[0][part[1]], marked[1][part[0]])
    release()


def _repeated(
    corpus: Corpus, found: NDArray[np.uint64], rows: NDArray[np.int32], sites: NDArray[np.int32], need: int
) -> NDArray[np.uint64]:
    """Those of the pieces found, sorted, that stand in so many unlike rows."""
    from dedup.kernels import boilerplate as kernel

    known = np.empty(len(found) // need + 1, np.uint64)
    of_rows = corpus.contexts, corpus.piece_keys, corpus.piece_lengths, corpus.piece_heads
    apart = corpus.sites if sites is not corpus.sites else corpus.sites[:0]
    return known[: kernel.many_contexts(found, rows, *of_rows, apart, need, known)]


def everywhere(corpus: Corpus, cores: Cores) -> NDArray[np.uint64]:
    """The keys of all pieces that are boilerplate of some site, u64[n], sorted."""
    return np.empty(0, np.uint64) if cores.marks is None else np.unique(corpus.piece_keys[cores.marks != 0])


def spans(
    text: str, corpus: Corpus, cores: Cores, row: int, others: NDArray[np.uint64] | None = None
) -> tuple[Span, ...]:
    """Where the boilerplate of a row stands in its text, in code points; with `others`, those pieces as well."""
    if cores.marks is None:
        return ()
    pieces = slice(int(corpus.piece_heads[row]), int(corpus.piece_heads[row + 1]))
    words = locate(text)
    ends = np.cumsum(corpus.piece_lengths[pieces], dtype=np.int64)
    starts = ends - corpus.piece_lengths[pieces]
    marked = cores.marks[pieces] != 0
    if others is not None:
        marked |= np.isin(corpus.piece_keys[pieces], others)
    chosen = np.flatnonzero(marked)
    return tuple((int(words.starts[starts[i]]), int(words.ends[ends[i] - 1])) for i in chosen.tolist())


@dataclass(frozen=True, slots=True)
class Repeated:
    """A line or sentence that a site prints around different articles: its text in one of them, and how many `records` of
    the site have it. `site` is empty where the records name none.
    """

    site: str
    text: str
    records: int


def listing(source: Source, corpus: Corpus, cores: Cores) -> list[Repeated]:
    """What was seen as boilerplate, by site, the most frequent first."""
    if cores.marks is None:
        return []
    pieces = np.flatnonzero(cores.marks)
    rows = np.searchsorted(corpus.piece_heads, pieces, side="right") - 1
    keys, sites = corpus.piece_keys[pieces], corpus.sites[rows]
    order = np.lexsort((rows, keys, sites))
    pieces, rows, keys, sites = pieces[order], rows[order], keys[order], sites[order]
    heads = np.flatnonzero(np.concatenate(([True], (keys[1:] != keys[:-1]) | (sites[1:] != sites[:-1]))))
    found = []
    for head, tail in zip(heads.tolist(), [*heads[1:].tolist(), len(rows)], strict=True):
        row = int(rows[head])
        text = source.article(row).text
        chosen = spans(text, corpus, cores, row)
        marked = np.flatnonzero(cores.marks[corpus.piece_heads[row] : corpus.piece_heads[row + 1]])
        start, end = chosen[int(np.searchsorted(marked, pieces[head] - corpus.piece_heads[row]))]
        site = source.facts.site_names[sites[head]] if sites[head] >= 0 else ""
        found.append(Repeated(site, text[start:end], len(set(rows[head:tail].tolist()))))
    return sorted(found, key=lambda r: (-r.records, r.site, r.text))


def _furniture(source: Source, corpus: Corpus, digest: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows whose whole text stands under so many unlike titles on one site, at as many URLs: no words are their own."""
    from dedup.kernels import boilerplate as kernel

    full = np.flatnonzero(corpus.lengths)
    hashes = corpus.hashes
    order = full[np.lexsort((digest[full], corpus.sites[full], hashes[full, 1], hashes[full, 0]))]
    new = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1) | (corpus.sites[order[1:]] != corpus.sites[order[:-1]])
    heads = np.concatenate(([0], np.flatnonzero(new) + 1, [len(order)]))
    crowds = [order[heads[i] : heads[i + 1]] for i in np.flatnonzero(np.diff(heads) >= CONTEXTS)]
    bare = []
    for crowd in crowds:
        if kernel.many_titles(corpus.contexts, crowd, CONTEXTS):
            apart = np.array(list(_by_page(source, crowd.tolist()).values()), np.int64)
            if kernel.many_titles(corpus.contexts, apart, CONTEXTS):
                bare.append(crowd)
    return np.concatenate([np.empty(0, np.int64), *bare])


def _by_page(source: Source, rows: list[int]) -> dict[str | int, int]:
    """The first of the rows that name each page, and every row that names none: one article may change its title."""
    found: dict[str | int, int] = {}
    for row in rows:
        article = source.article(row)
        found.setdefault(page(article.canonical_url) or page(article.url) or row, row)
    return found


def digests(contexts: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """A hash of every context, to sort by what they are and not by where they stand."""
    from dedup.kernels import hashes as kernel

    count, width = len(contexts), contexts[:1].size
    found = np.empty(count, np.uint64)
    kernel.piece_keys(contexts.ravel(), np.arange(1, count + 1) * width, found)
    return found


def _stripped(corpus: Corpus, marks: NDArray[np.uint8], changed: NDArray[np.int64], workspace: Workspace) -> Tokens:
    """The tokens of all rows, with those of the `changed` ones written anew behind the others."""
    from dedup.kernels import boilerplate as kernel

    values, starts, ends = corpus.tokens.values, corpus.tokens.starts.copy(), corpus.tokens.ends.copy()
    aside = workspace.spool()
    at = len(values)
    out = np.empty(_CHUNK, np.uint32)
    used = 0
    for row in changed.tolist():
        pieces = slice(corpus.piece_heads[row], corpus.piece_heads[row + 1])
        size = int(ends[row] - starts[row])
        if used + size > len(out):
            aside.append(out[:used])
            corpus.spool.release()
            used = 0
            out = out if size <= len(out) else np.empty(size, np.uint32)
        left = kernel.strip(values[starts[row] : ends[row]], corpus.piece_lengths[pieces], marks[pieces], out[used:])
        starts[row], ends[row] = at, at + left
        at += left
        used += left
    aside.append(out[:used])
    return Tokens(corpus.spool.extended(aside), starts, ends)
