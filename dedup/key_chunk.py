"""Keys of rows, in the order of the rows, in memory: what tables are filled from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.key_table import Digest
from dedup.keys import Keys, Lot


class Sites(NamedTuple):
    """The sites of n rows: `codes` i32[n] are numbers of `names`, from 1; 0 for none."""

    names: list[str]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, sites: Sequence[str | None]) -> Sites:
        """From the site of each row."""
        known: dict[str, int] = {}
        codes = [0 if site is None else known.setdefault(site, len(known) + 1) for site in sites]
        return cls(list(known), np.array(codes, np.int32))

    @classmethod
    def joined(cls, parts: Sequence[Sites]) -> Sites:
        """Those of several lots of rows, one after another."""
        known: dict[str, int] = {}
        codes = [part.coded(lambda name: known.setdefault(name, len(known) + 1), 0) for part in parts]
        return cls(list(known), np.concatenate(codes))

    def coded(self, code: Callable[[str], int], none: int) -> NDArray[np.int32]:
        """The sites of the rows by other numbers."""
        codes: NDArray[np.int32] = np.array([none, *map(code, self.names)], np.int32)[self.codes]
        return codes


class Chunk(NamedTuple):
    """Rows, n of them, in order (`rows` u32[n]), with their `keys`, those of one row after those of another; `sizes`: how many
    of each row, i64[n] for near, held, pieces. `sites` by row.
    """

    rows: NDArray[np.uint32]
    keys: Keys
    sizes: tuple[NDArray[np.int64], ...]
    sites: Sites

    @classmethod
    def none(cls) -> Chunk:
        """No rows."""
        nothing = Digest(np.empty(0, np.uint32), np.empty(0, np.uint32))
        sizes = tuple(np.empty(0, np.int64) for _ in range(3))
        return cls(np.empty(0, np.uint32), Keys(nothing, nothing, nothing), sizes, Sites.of(()))

    @classmethod
    def of(cls, row: int, keys: Keys, site: str | None) -> Chunk:
        """One row."""
        sizes = tuple(np.array([len(own.places)], np.int64) for own in keys)
        return cls(np.array([row], np.uint32), keys, sizes, Sites.of((site,)))

    @classmethod
    def cut(cls, lot: Lot, first: int, row: int, sites: Sequence[str | None]) -> Chunk:
        """The articles of a lot from `first` on, one for each of the `sites`, as rows from `row` on."""
        last = first + len(sites)
        kinds = [lot.cut(kind, first, last) for kind in range(3)]
        rows = np.arange(row, row + len(sites), dtype=np.uint32)
        return cls(rows, Keys(*(own for own, _ in kinds)), tuple(sizes for _, sizes in kinds), Sites.of(sites))

    @classmethod
    def joined(cls, parts: Sequence[Chunk]) -> Chunk:
        """Several, at least one, one after another."""
        if len(parts) == 1:
            return parts[0]
        keys = [Digest(*(np.concatenate(own) for own in zip(*kind, strict=True))) for kind in _by_kind(parts)]
        sizes = tuple(np.concatenate(own) for own in zip(*(part.sizes for part in parts), strict=True))
        rows = np.concatenate([part.rows for part in parts])
        return cls(rows, Keys(*keys), sizes, Sites.joined([part.sites for part in parts]))

    def only(self, use: NDArray[np.bool_]) -> Chunk:
        """Those of the rows that `use` (n) is true for."""
        if use.all():
            return self
        keys = []
        for own, sizes in zip(self.keys, self.sizes, strict=True):
            each = np.repeat(use, sizes)
            keys.append(Digest(own.places[each], own.marks[each]))
        sites = self.sites._replace(codes=self.sites.codes[use])
        return Chunk(self.rows[use], Keys(*keys), tuple(sizes[use] for sizes in self.sizes), sites)


def _by_kind(parts: Sequence[Chunk]) -> Iterator[tuple[Digest, ...]]:
    return zip(*(part.keys for part in parts), strict=True)
