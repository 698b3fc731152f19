"""Corpus -> what is left of every text without the lines and sentences that its site repeats around different articles."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import Tokens
from dedup.corpus import Corpus
from dedup.sources import Source
from dedup.spool import Workspace
from dedup.stretches import in_order, shares, stretches
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

_PART: Final = 4_000_000
"""So many pieces that may be repeated are sorted at once, about."""

_BITS: Final = 8
"""Keys of pieces are told apart by so many first bits, to be sorted in parts."""


@dataclass(frozen=True, slots=True)
class Cores:
    """`tokens`: of every row without its boilerplate. `marks` u8[pieces]: 1 for a piece that is boilerplate; None when
    none is.
    """

    tokens: Tokens
    marks: NDArray[np.uint8] | None


def cores(source: Source, corpus: Corpus, workspace: Workspace, pool: Executor | None = None) -> Cores:
    """Sets the boilerplate of all rows aside: the tokens of the corpus are overwritten. Does not depend on the order of the rows,
    nor on the pool.
    """
    marks = np.zeros(len(corpus.piece_keys), np.uint8)
    marked = np.zeros(len(corpus.sites), np.bool_)
    if len(marks):
        digest = digests(corpus.contexts)
        bare = _furniture(source, corpus, digest)
        workspace.release()
        words = corpus.hashes
        ranked = np.lexsort((words[:, 1], words[:, 0], digest, -corpus.lengths))  # longest first
        search = _Search(corpus, ranked, (marks, marked), workspace.release, pool)
        search.mark(corpus.sites, CONTEXTS, bare)
        if len(np.unique(corpus.sites)) >= SITES:
            everywhere = np.where(corpus.sites < 0, corpus.sites, _ANY_SITE).astype(np.int32)
            search.mark(everywhere, SITES, bare[:0])
        for row in bare.tolist():
            marks[corpus.piece_heads[row] : corpus.piece_heads[row + 1]] = 1
        marked[bare] = True
    if not marked.any():
        return Cores(corpus.tokens, None)
    return Cores(_stripped(corpus, marks, marked, pool), marks)


class _Search:
    """Marks pieces in all rows of a corpus. `ranked`: the rows, in an order that depends on what they are; `marked`: u8 of all
    pieces, and bool of the rows that have some that are marked. `release` gives memory of pieces back.
    """

    def __init__(
        self,
        corpus: Corpus,
        ranked: NDArray[np.int64],
        marked: tuple[NDArray[np.uint8], NDArray[np.bool_]],
        release: Callable[[], None],
        pool: Executor | None,
    ) -> None:
        self.corpus, self.ranked, self.marked, self.release, self.pool = corpus, ranked, marked, release, pool
        self.places = np.empty(len(ranked), np.int32)
        self.places[ranked] = np.arange(len(ranked), dtype=np.int32)
        self.parted = list(stretches(corpus.piece_heads[1:]))

    def mark(self, sites: NDArray[np.int32], need: int, bare: NDArray[np.int64]) -> None:
        """Marks the pieces that stand in so many unlike rows of a site, and those of rows that are bare."""
        corpus, parted = self.corpus, self.parted
        is_bare = np.zeros(len(corpus.sites), np.bool_)
        is_bare[bare] = True

        def stretch(rows: slice, pieces: slice) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32]]:
            self.release()
            return corpus.piece_keys[pieces], corpus.piece_heads[1:][rows] - pieces.start, sites[rows]

        slots = 1 << 16
        while slots < min(2 * len(corpus.piece_keys), _SLOTS):
            slots *= 2
        table = np.zeros(slots, np.uint8)
        for part in parted:
            kernels.boilerplate.tally(*stretch(*part), table, need)

        def counted(part: tuple[slice, slice]) -> NDArray[np.int64]:
            counts = np.zeros(1 << _BITS, np.int64)
            kernels.boilerplate.spread(*stretch(*part), table, need, np.uint64(64 - _BITS), counts)
            return counts

        spread = np.array(list(in_order(self.pool, counted, parted)))
        known = [np.empty(0, np.uint64)]
        for low, high in shares(
            spread.sum(axis=0), _PART
        ):  # bounds memory; each key is in one part with all of its rows
            ends = np.cumsum(spread[:, low:high].sum(axis=1))
            found, places = np.empty(ends[-1], np.uint64), np.empty(ends[-1], np.int32)
            bounds = np.uint64(low << 64 - _BITS), np.uint64((high << 64 - _BITS) - 1)

            def collected(
                i: int,
                out: tuple[NDArray[np.uint64], NDArray[np.int32]] = (found, places),
                ends: NDArray[np.int64] = ends,
                bounds: tuple[np.uint64, np.uint64] = bounds,
            ) -> None:
                at = slice(ends[i - 1] if i else 0, ends[i])
                numbers = self.places[parted[i][0]]
                kernels.boilerplate.collect(*stretch(*parted[i]), numbers, table, need, *bounds, out[0][at], out[1][at])

            for _ in in_order(self.pool, collected, range(len(parted))):
                pass
            order = np.argsort(found)
            found, places = found[order], places[order]
            kernels.boilerplate.order_rows(found, places)
            rows = self.ranked[places]
            known += [_repeated(corpus, found, rows, sites, need), found[is_bare[rows]]]
        names = np.unique(np.concatenate(known))
        marks, marked = self.marked

        def mark(part: tuple[slice, slice]) -> None:
            kernels.boilerplate.mark(*stretch(*part), table, need, names, marks[part[1]], marked[part[0]])

        for _ in in_order(self.pool, mark, parted):
            pass
        self.release()


def _repeated(
    corpus: Corpus, found: NDArray[np.uint64], rows: NDArray[np.int64], sites: NDArray[np.int32], need: int
) -> NDArray[np.uint64]:
    """Those of the pieces found, sorted, that stand in so many unlike rows."""
    known = np.empty(len(found) // need + 1, np.uint64)
    of_rows = corpus.contexts, corpus.piece_keys, corpus.piece_lengths, corpus.piece_heads
    apart = corpus.sites if sites is not corpus.sites else corpus.sites[:0]
    return known[: kernels.boilerplate.many_contexts(found, rows, *of_rows, apart, need, known)]


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
    full = np.flatnonzero(corpus.lengths)
    hashes = corpus.hashes
    order = full[np.lexsort((digest[full], corpus.sites[full], hashes[full, 1], hashes[full, 0]))]
    new = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1) | (corpus.sites[order[1:]] != corpus.sites[order[:-1]])
    heads = np.concatenate(([0], np.flatnonzero(new) + 1, [len(order)]))
    crowds = [order[heads[i] : heads[i + 1]] for i in np.flatnonzero(np.diff(heads) >= CONTEXTS)]
    bare = []
    for crowd in crowds:
        if kernels.boilerplate.many_titles(corpus.contexts, crowd, CONTEXTS):
            apart = np.array(list(_by_page(source, crowd.tolist()).values()), np.int64)
            if kernels.boilerplate.many_titles(corpus.contexts, apart, CONTEXTS):
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
    count, width = len(contexts), contexts[:1].size
    found = np.empty(count, np.uint64)
    kernels.hashes.piece_keys(contexts.ravel(), np.arange(1, count + 1) * width, found)
    return found


def _stripped(corpus: Corpus, marks: NDArray[np.uint8], marked: NDArray[np.bool_], pool: Executor | None) -> Tokens:
    """The tokens of all rows, those of marked ones in the place of what they were: elsewhere they would take room and time."""
    values, starts, ends = corpus.tokens.values, corpus.tokens.starts, corpus.tokens.ends.copy()

    def strip(part: tuple[slice, slice]) -> None:
        rows, place = part
        if marked[rows].any():
            out = np.empty(place.stop - place.start, np.uint32)
            heads = corpus.piece_heads[rows.start : rows.stop + 1]
            of_pieces = heads, corpus.piece_lengths, marks
            kernels.boilerplate.strip_rows(values, place.start, starts[rows], *of_pieces, marked[rows], out, ends[rows])
            corpus.spool.replace(place.start * values.itemsize, out)
            corpus.spool.release()

    for _ in in_order(pool, strip, stretches(corpus.tokens.ends)):
        pass
    return Tokens(values, starts, ends)
