"""Articles one after another -> which of their lines and sentences their site prints around different articles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.boilerplate import CONTEXTS, SITES, digests
from dedup.entries import Words
from dedup.key_table import Digest
from dedup.tables import OTHERS, Tables

HOLDERS: Final = 8
"""Of so many articles that hold a piece, the first ones, titles and openings are compared with those of a new one."""

SMALLEST: Final = 1 << 10
"""Room for twice as many names at first as are looked for; it doubles when half of it is taken."""

SITES_REMEMBERED: Final = 1 << 16
"""So many sites are remembered with what names their pieces; others are worked out anew."""

_ANYWHERE: Final = np.uint64(0)
"""Stands for all sites."""


class Printed(NamedTuple):
    """The pieces of n articles, those of article i at `ends[i - 1]:ends[i]` (i64[n]): the names (u64[m]) that they would have as
    boilerplate of all sites, and `here`, of the article's own.
    """

    everywhere: NDArray[np.uint64]
    here: NDArray[np.uint64]
    ends: NDArray[np.int64]

    def holders(self, names: Sequence[int], start: int) -> list[int]:
        """The articles from `start` on that have pieces of these names."""
        first = int(self.ends[start - 1]) if start else 0
        found = Learned(names).marks(Printed(self.everywhere[first:], self.here[first:], self.ends))
        holding: list[int] = np.unique(np.searchsorted(self.ends, first + np.flatnonzero(found), side="right")).tolist()
        return holding


def printed(sites: Iterable[str | None], words: Sequence[Words]) -> Printed:
    """The pieces of articles of these sites."""
    counts = np.array([len(own.keys) for own in words], np.int64)
    keys = np.concatenate([own.keys for own in words]) if words else np.empty(0, np.uint64)
    salts = np.array([_salt(site) for site in sites], np.uint64).repeat(counts)
    return Printed(keys ^ _ANYWHERE, keys ^ salts, np.add.accumulate(counts))


@lru_cache(maxsize=SITES_REMEMBERED)
def _salt(site: str | None) -> int:
    """What the key of a piece is combined with, to name it as one of this site."""
    name = hashlib.blake2b(b"" if site is None else b"s" + site.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(name.digest(), "little") or 1


class Learned:
    """The pieces known to be boilerplate: of a site, or of many sites. `names` are what a store keeps of them, u64 each, in
    the order in which they were learned. While one thread learns, others may look: whatever is in `names` is found.
    """

    def __init__(self, names: Iterable[int] = ()) -> None:
        self.names: list[int] = []
        self._slots = np.zeros(SMALLEST, np.uint64)
        self.add(names)

    def add(self, names: Iterable[int]) -> list[int]:
        """Takes names that were learned, here or by others; returns those that were not known."""
        asked = np.array(sorted(set(names)), np.uint64)
        if len(asked) == 0:
            return []
        new = asked[~self._are_known(asked)]
        self._take(new)
        return sorted(new.tolist())

    def _take(self, new: NDArray[np.uint64]) -> None:
        count = len(self.names) + len(new)
        if 2 * count > len(self._slots):
            larger = np.zeros(4 * count, np.uint64)
            kernels.names.put_names(larger, np.array(self.names, np.uint64))
            kernels.names.put_names(larger, new)
            self._slots = larger
        else:
            kernels.names.put_names(self._slots, new)
        self.names += new.tolist()

    def first(self, count: int) -> Learned:
        """The first so many names alone."""
        found = Learned()
        found._take(np.array(self.names[:count], np.uint64))
        return found

    def marks(self, printed: Printed) -> NDArray[np.bool_]:
        """Which pieces are known to be boilerplate."""
        everywhere = self._are_known(printed.everywhere)
        everywhere |= self._are_known(printed.here)
        return everywhere

    def _are_known(self, names: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = np.empty(len(names), bool)
        kernels.names.have_names(self._slots, names, found)
        return found

    def learn(
        self,
        site: str | None,
        words: Words,
        pieces: tuple[NDArray[np.uint64], Digest],
        tables: Tables,
        read: Callable[[list[int]], Mapping[int, Words]],
    ) -> list[int]:
        """Takes the names of pieces that this article shows to be boilerplate: with it they stand in as many articles, mutually
        unlike, as `boilerplate.CONTEXTS` and `SITES` say. `pieces`: its pieces that are not known
        yet, and what tables know of them; `read` gives the words of those rows that are there. Returns the new names.
        """
        keys = pieces[0]
        rows, numbers = tables.holders(pieces[1], min(OTHERS))
        if len(rows) == 0:
            return []
        here = tables.site(rows) == tables.code(site)
        chosen = _often(rows, numbers, here, OTHERS[0])
        shown = keys.tolist() if _furniture(chosen, words, read) else _unlike(keys, chosen, words, read, CONTEXTS, None)
        new = [int(key) ^ _salt(site) for key in shown]
        chosen = _often(rows, numbers, (tables.site(rows) >= 0) & ~here, OTHERS[1])
        if site is not None and chosen:
            new += [int(key) for key in _unlike(keys, chosen, words, read, SITES, tables)]
        return self.add(new)


def unlike(words: Words, other: Words) -> bool:
    """Whether two articles are different ones by titles, openings and pieces, so that each counts as a holder of a piece."""
    contexts = np.stack((words.context, other.context))
    keys, lengths = (np.concatenate(pair) for pair in ((words.keys, other.keys), (words.lengths, other.lengths)))
    heads = np.array([0, len(words.keys), len(keys)], np.int64)
    return bool(kernels.boilerplate.unlike(contexts, keys, lengths, heads, 0, 1))


def _often(
    rows: NDArray[np.int64], numbers: NDArray[np.int64], use: NDArray[np.bool_], least: int
) -> dict[int, list[int]]:
    """The pieces that so many of the rows hold, of those to `use`: number -> its first rows."""
    rows, numbers = rows[use], numbers[use]
    if len(rows) < least:
        return {}
    found: dict[int, list[int]] = {}
    for number in np.flatnonzero(np.bincount(numbers) >= least).tolist():
        found[number] = np.sort(rows[numbers == number])[:HOLDERS].tolist()
    return found


def _furniture(chosen: dict[int, list[int]], words: Words, read: Callable[[list[int]], Mapping[int, Words]]) -> bool:
    """Whether the whole text stands under as many unlike titles as make boilerplate: no words are the article's own. Equal
    texts of one site are kept beside each other only where they are other pages (`Matcher.parted`).
    """
    if not chosen:
        return False
    held = read(sorted({row for rows in chosen.values() for row in rows}))
    crowd = [words.context, *(other.context for other in held.values() if other.hash == words.hash)]
    return bool(kernels.boilerplate.many_titles(np.stack(crowd), np.arange(len(crowd)), CONTEXTS))


def _unlike(
    keys: NDArray[np.uint64],
    chosen: dict[int, list[int]],
    words: Words,
    read: Callable[[list[int]], Mapping[int, Words]],
    need: int,
    tables: Tables | None,
) -> list[int]:
    """Those of the chosen pieces that stand in `need` mutually unlike articles; with `tables`, of as many sites."""
    if not chosen:
        return []
    others = read(sorted({row for held in chosen.values() for row in held}))
    known = [words, *others.values()]
    place = {row: i for i, row in enumerate(others, 1)}
    heads = np.concatenate(([0], np.cumsum([len(w.keys) for w in known]))).astype(np.int64)
    pieces = np.concatenate([w.keys for w in known])
    lengths = np.concatenate([w.lengths for w in known])
    contexts = np.stack([w.context for w in known])
    sites = np.empty(0, np.int32)
    if tables is not None:
        sites = np.concatenate((np.array([-2], np.int32), tables.site(np.array(list(others), np.int64))))
    own = {int(keys[number]): held for number, held in chosen.items()}  # a text may have a piece twice
    pairs = [
        (key, i)
        for key, held in own.items()
        for i in (0, *(place[row] for row in held if row in place and key in known[place[row]].keys))
    ]
    found = np.array([key for key, _ in pairs], np.uint64)
    holders = np.array([i for _, i in pairs], np.int32)
    sizes = np.array([len(w.tokens) for w in known])
    by = np.lexsort((digests(contexts)[holders], -sizes[holders], found))  # longest first, as a run of a dump looks
    out = np.empty(len(found), np.uint64)
    count = kernels.boilerplate.many_contexts(
        found[by], holders[by], contexts, pieces, lengths, heads, sites, need, out
    )
    names: list[int] = out[:count].tolist()
    return names
