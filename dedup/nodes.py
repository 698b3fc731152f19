"""Rows -> nodes: the distinct texts of a corpus, numbered by what they are and not by where they stand."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Tokens
from dedup.boilerplate import Cores
from dedup.corpus import Corpus
from dedup.fields import Article
from dedup.relations import THIN
from dedup.settings import Settings
from dedup.signatures import encode
from dedup.sources import Source
from dedup.urls import page

_APART: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class Nodes:
    """Distinct texts, m of them, longest core first, then by hash.

    Node i's rows are `rows[heads[i]:heads[i + 1]]`; `of` i64[rows] is the node of a row, -1 when its text is empty.
    `tokens` are the cores; `left` f64[m]: the share of the text that is core; `long`: so many nodes, the first ones, have
    enough words to be compared. `thin`: rows of equal text that are no copies, as nothing but boilerplate is left of them
    and they are other pages.
    """

    rows: NDArray[np.int64]
    heads: NDArray[np.int64]
    of: NDArray[np.int64]
    tokens: Tokens
    left: NDArray[np.float64]
    long: int
    thin: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words of every core, i64[m]; made anew each time."""
        sizes: NDArray[np.int64] = self.tokens.ends - self.tokens.starts
        return sizes

    @property
    def first(self) -> NDArray[np.int64]:
        """A row of every node."""
        return self.rows[self.heads[:-1]]


def gather(source: Source, corpus: Corpus, cores: Cores, settings: Settings) -> Nodes:
    """Rows of equal text are one node, unless they are other pages, or dates forbid it."""
    full = np.flatnonzero(corpus.lengths)
    sizes = cores.tokens.ends - cores.tokens.starts
    hashes = corpus.hashes.copy()
    thin = 0
    if cores.marks is not None:
        thin = _part_bare(source, corpus.lengths, sizes, hashes, settings.min_tokens)
    if settings.window_hours is not None:
        _part_dates(source, hashes, full, settings.window_hours)
    site = _site_ranks(source)[corpus.sites]  # equal texts of one site have equal cores
    order = full[np.lexsort((site[full], -sizes[full], hashes[full, 1], hashes[full, 0]))]
    new = np.ones(len(order), bool)
    new[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
    group = np.cumsum(new) - 1
    first = order[new]
    ranked = np.lexsort((hashes[first, 1], hashes[first, 0], -sizes[first]))
    number = np.empty(len(first), np.int64)
    number[ranked] = np.arange(len(first))
    rows = order[np.argsort(number[group], kind="stable")]
    of = np.full(len(sizes), -1, np.int64)
    of[order] = number[group]
    first = first[ranked]
    return Nodes(
        rows,
        np.concatenate(([0], np.cumsum(np.bincount(of[rows], minlength=len(first))))).astype(np.int64),
        of,
        Tokens(cores.tokens.values, cores.tokens.starts[first], cores.tokens.ends[first]),
        sizes[first] / np.maximum(1, corpus.lengths[first]),
        int(np.count_nonzero(sizes[first] >= settings.min_tokens)),
        thin,
    )


def _site_ranks(source: Source) -> NDArray[np.int64]:
    """The place of every site by its name, and behind them that of no site (number -1)."""
    names = source.facts.site_names
    ranks = np.full(len(names) + 1, -1, np.int64)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return ranks


def _crowds(hashes: NDArray[np.uint64], rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Those of the rows whose texts are equal, where there are several."""
    order = rows[np.lexsort((hashes[rows, 1], hashes[rows, 0]))]
    new = np.flatnonzero((hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)) + 1
    return [crowd for crowd in np.split(order, new) if len(crowd) > 1]


def _part_bare(
    source: Source, lengths: NDArray[np.int64], sizes: NDArray[np.int64], hashes: NDArray[np.uint64], least: int
) -> int:
    """Gives rows of which little is left another hash for another page; returns how many stay apart so."""
    apart = 0
    for crowd in _crowds(hashes, np.flatnonzero((lengths > 0) & (sizes < THIN * lengths))):
        pages = [_page(source, row, by_title=bool(sizes[row] >= least)) for row in crowd.tolist()]
        apart += len(set(pages)) - 1
        for row, name in zip(crowd.tolist(), pages, strict=True):
            hashes[row] ^= np.frombuffer(hashlib.blake2b(name, digest_size=16).digest(), np.uint64)
    return apart


def _page(source: Source, row: int, by_title: bool) -> bytes:
    """What tells the page of a row from others: its URL or its title, or all of it when it has neither."""
    name = page_name(source.article(row), by_title=by_title)
    return encode(name) if name else source.raw(row)


def page_name(article: Article, *, by_title: bool) -> str:
    """The URL of an article's page or its title, the title first where some text of its own is left, which the title then
    confirms; empty when it has neither.
    """
    address = page(article.canonical_url) or page(article.url)
    return ((article.title or address) if by_title else (address or article.title)) or ""


def _part_dates(source: Source, hashes: NDArray[np.uint64], rows: NDArray[np.int64], hours: float) -> None:
    """Gives rows of equal text another hash when they are dated more than so many hours after the first of their lot."""
    for crowd in _crowds(hashes, rows):
        dates = {row: source.facts.published(row) for row in crowd.tolist()}
        first, lot = -math.inf, 0
        for row in sorted((r for r, d in dates.items() if d is not None), key=lambda r: dates[r] or 0.0):
            date = dates[row] or 0.0
            if date - first > hours * 3600.0:
                lot += first > -math.inf
                first = date
            hashes[row, 1] ^= np.uint64(lot * _APART & 0xFFFFFFFFFFFFFFFF)
