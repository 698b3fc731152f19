"""Keys of rows, in the order of the rows, in memory: what tables are filled from, at first and when they have to grow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.key_table import WIDTH, Digest
from dedup.keys import Keys, Lot

LONGEST: Final = 20_000
"""Parts of a log are joined until they have so many rows; what fills a table is best as large, as its keys are entered in their
order in the table."""


class Chunk(NamedTuple):
    """Rows, n of them, in order (`rows` u32[n]), with their `keys`, those of one row after those of another; `sizes`: how many
    of each row, i64[n] for near, held, pieces. `sites` by row.
    """

    rows: NDArray[np.uint32]
    keys: Keys
    sizes: tuple[NDArray[np.int64], ...]
    sites: list[str | None]

    @classmethod
    def none(cls) -> Chunk:
        """No rows."""
        nothing = Digest(np.empty(0, np.uint32), np.empty(0, np.uint16))
        sizes = tuple(np.empty(0, np.int64) for _ in range(3))
        return cls(np.empty(0, np.uint32), Keys(nothing, nothing, nothing), sizes, [])

    @classmethod
    def of(cls, row: int, keys: Keys, site: str | None) -> Chunk:
        """One row."""
        sizes = tuple(np.array([len(own.places)], np.int64) for own in keys)
        return cls(np.array([row], np.uint32), keys, sizes, [site])

    @classmethod
    def cut(cls, lot: Lot, first: int, row: int, sites: list[str | None]) -> Chunk:
        """The articles of a lot from `first` on, one for each of the `sites`, as rows from `row` on."""
        last = first + len(sites)
        kinds = [lot.cut(kind, first, last) for kind in range(3)]
        rows = np.arange(row, row + len(sites), dtype=np.uint32)
        return cls(rows, Keys(*(own for own, _ in kinds)), tuple(sizes for _, sizes in kinds), sites)

    @classmethod
    def packed(
        cls, rows: list[int], keys: tuple[list[bytes], list[bytes], list[bytes]], sites: list[str | None]
    ) -> Chunk:
        """From the keys of each row as `Digest.packed`: near, held, pieces."""
        near, held, pieces = (Digest.unpacked(b"".join(parts)) for parts in keys)
        sizes = tuple(np.fromiter(map(len, parts), np.int64, len(parts)) // WIDTH for parts in keys)
        return cls(np.array(rows, np.uint32), Keys(near, held, pieces), sizes, sites)

    @classmethod
    def joined(cls, parts: Sequence[Chunk]) -> Chunk:
        """Several, at least one, one after another."""
        if len(parts) == 1:
            return parts[0]
        keys = [Digest(*(np.concatenate(own) for own in zip(*kind, strict=True))) for kind in _by_kind(parts)]
        sizes = tuple(np.concatenate(own) for own in zip(*(part.sizes for part in parts), strict=True))
        rows = np.concatenate([part.rows for part in parts])
        return cls(rows, Keys(*keys), sizes, [site for part in parts for site in part.sites])

    def only(self, use: NDArray[np.bool_]) -> Chunk:
        """Those of the rows that `use` (n) is true for."""
        if use.all():
            return self
        keys = []
        for own, sizes in zip(self.keys, self.sizes, strict=True):
            each = np.repeat(use, sizes)
            keys.append(Digest(own.places[each], own.tags[each]))
        sites = [self.sites[i] for i in np.flatnonzero(use).tolist()]
        return Chunk(self.rows[use], Keys(*keys), tuple(sizes[use] for sizes in self.sizes), sites)


def _by_kind(parts: Sequence[Chunk]) -> Iterator[tuple[Digest, ...]]:
    return zip(*(part.keys for part in parts), strict=True)


class KeyLog:
    """What was appended, in order. Parts are joined with one that is not much longer, so that each key is moved a few times."""

    def __init__(self) -> None:
        self.parts: list[Chunk] = []

    def append(self, part: Chunk) -> None:
        """Takes in rows that are higher than all before."""
        self.parts.append(part)
        while len(self.parts) > 1 and len(self.parts[-2].rows) <= min(2 * len(self.parts[-1].rows), LONGEST):
            self.parts[-2:] = [Chunk.joined(self.parts[-2:])]

    def cut(self, last: int) -> None:
        """Forgets all rows that are higher."""
        self.parts = [part.only(part.rows <= last) for part in self.parts if part.rows[0] <= last]
