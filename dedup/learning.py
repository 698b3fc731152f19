"""Articles one after another -> which of their lines and sentences their site prints around different articles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.boilerplate import CONTEXTS, SITES, digests
from dedup.entries import Words
from dedup.key_table import Digest
from dedup.tables import Tables

HOLDERS: Final = 8
"""Of so many articles that hold a piece, the first ones, titles and openings are compared with those of a new one."""

_ANYWHERE: Final = 0
"""Stands for all sites."""


class Learned:
    """The pieces known to be boilerplate: of a site, or of many sites. `names` are what a store keeps of them, u64 each."""

    def __init__(self, names: Iterable[int] = ()) -> None:
        self.names = set(names)
        self._salts: dict[str | None, int] = {}

    def _salt(self, site: str | None) -> int:
        if site not in self._salts:
            name = hashlib.blake2b(b"" if site is None else b"s" + site.encode("utf-8", "surrogatepass"), digest_size=8)
            self._salts[site] = int.from_bytes(name.digest(), "little") or 1
        return self._salts[site]

    def marks(self, site: str | None, keys: NDArray[np.uint64]) -> NDArray[np.uint8] | None:
        """1 for every piece that is boilerplate of this site, or everywhere (u8[m]); None when none is."""
        if not self.names:
            return None
        salt, names = self._salt(site), self.names
        found = [(key ^ salt) in names or (key ^ _ANYWHERE) in names for key in keys.tolist()]
        return np.array(found, np.uint8) if any(found) else None

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
        rows, numbers = tables.holders(pieces[1], CONTEXTS - 1)
        if len(rows) == 0:
            return []
        here = tables.site(rows) == tables.code(site)
        chosen = _often(rows, numbers, here, CONTEXTS - 1)
        new = [int(key) ^ self._salt(site) for key in _unlike(keys, chosen, words, read, CONTEXTS, None)]
        chosen = _often(rows, numbers, (tables.site(rows) >= 0) & ~here, SITES - 1)
        if site is not None and chosen:
            new += [int(key) for key in _unlike(keys, chosen, words, read, SITES, tables)]
        new = [name for name in new if name not in self.names]
        self.names.update(new)
        return new


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


def _unlike(
    keys: NDArray[np.uint64],
    chosen: dict[int, list[int]],
    words: Words,
    read: Callable[[list[int]], Mapping[int, Words]],
    need: int,
    tables: Tables | None,
) -> list[int]:
    """Those of the chosen pieces that stand in `need` mutually unlike articles; with `tables`, of as many sites."""
    from dedup.kernels import boilerplate as kernel

    if not chosen:
        return []
    others = read(sorted({row for held in chosen.values() for row in held}))
    known = [words, *others.values()]
    place = {row: i for i, row in enumerate(others, 1)}
    heads = np.concatenate(([0], np.cumsum([len(w.keys) for w in known]))).astype(np.int64)
    pieces = np.concatenate([w.keys for w in known])
    lengths = np.concatenate([w.lengths for w in known])
    contexts = np.stack([w.context for w in known])
    order = np.empty(len(pieces), np.int64)
    kernel.order_pieces(pieces, heads, order)
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
    count = kernel.many_contexts(found[by], holders[by], contexts, pieces, lengths, heads, order, sites, need, out)
    names: list[int] = out[:count].tolist()
    return names
