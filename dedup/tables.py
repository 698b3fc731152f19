"""Keys of the kept articles -> which of them an article may repeat, in memory; a store on disk fills it when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.entries import Keys
from dedup.key_table import WIDTH, Digest, KeyTable, shared
from dedup.passages import enough
from dedup.settings import Limits


class Chunk(NamedTuple):
    """Rows, n of them, in order (`rows` u32[n]), with their `keys`, those of one row after those of another; `sizes`: how many
    of each row, i64[n] for near, held, pieces. `sites` by row.
    """

    rows: NDArray[np.uint32]
    keys: Keys
    sizes: tuple[NDArray[np.int64], ...]
    sites: list[str | None]

    @classmethod
    def packed(
        cls, rows: list[int], keys: tuple[list[bytes], list[bytes], list[bytes]], sites: list[str | None]
    ) -> Chunk:
        """From the keys of each row as `Digest.packed`: near, held, pieces."""
        whole = (Digest.unpacked(b"".join(parts)) for parts in keys)
        sizes = tuple(np.fromiter(map(len, parts), np.int64, len(parts)) // WIDTH for parts in keys)
        return cls(np.array(rows, np.uint32), Keys(*whole), sizes, sites)

    @classmethod
    def single(cls, row: int, keys: Keys, site: str | None) -> Chunk:
        """One row."""
        sizes = tuple(np.array([len(part.places)]) for part in keys)
        return cls(np.array([row], np.uint32), keys, sizes, [site])


class Proposed(NamedTuple):
    """Rows (i64[n] each) that may repeat an article: `near` share a band or all words; `held` share passages enough."""

    near: NDArray[np.int64]
    held: NDArray[np.int64]

    @property
    def rows(self) -> list[int]:
        """All of them, the earliest first."""
        found: list[int] = np.union1d(self.near, self.held).tolist()
        return found


class Tables:
    """What is known of the rows that are kept; `held` gives all of them anew, in chunks, when a table has to grow."""

    def __init__(self, limits: Limits, held: Callable[[], Iterable[Chunk]]) -> None:
        self._near, self._held, self._pieces = (
            KeyTable(limits.bucket),
            KeyTable(limits.passage),
            KeyTable(limits.bucket),
        )
        self._all = held
        self._alive = np.zeros(1024, np.uint8)
        self._passages = np.zeros(1024, np.uint16)
        self._sites = np.full(1024, -1, np.int32)
        self._codes: dict[str, int] = {}
        self.dead = 0

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        tables = self._near.nbytes + self._held.nbytes + self._pieces.nbytes
        return tables + self._alive.nbytes + self._passages.nbytes + self._sites.nbytes

    @property
    def capped(self) -> dict[str, int]:
        """How many keys were not entered because too many articles hold them."""
        return {"bands": self._near.capped, "passages": self._held.capped, "pieces": self._pieces.capped}

    def add(self, chunk: Chunk) -> None:
        """Enters rows."""
        if len(chunk.rows) == 0:
            return
        self._grow(int(chunk.rows[-1]) + 1)
        self._alive[chunk.rows] = 1
        self._passages[chunk.rows] = np.minimum(chunk.sizes[1], np.iinfo(np.uint16).max)
        self._sites[chunk.rows] = [self._code(site) for site in chunk.sites]
        for part, (table, keys) in enumerate(zip(self._tables, chunk.keys, strict=True)):
            if table.full(len(keys.places)):
                table.fill(len(keys.places), lambda part=part: self._again(part, chunk.rows[0]))  # type: ignore[misc]
            table.add(keys, np.repeat(chunk.rows, chunk.sizes[part]))

    @property
    def _tables(self) -> tuple[KeyTable, KeyTable, KeyTable]:
        return self._near, self._held, self._pieces

    def _again(self, part: int, before: np.uint32) -> Iterable[tuple[Digest, NDArray[np.uint32]]]:
        """The keys of one kind of all living rows before this one."""
        for chunk in self._all():
            counts = chunk.sizes[part]
            owners = np.repeat(chunk.rows, counts)
            living = (owners < before) & (self._alive[np.minimum(owners, before)] == 1)
            keys = chunk.keys[part]
            yield Digest(keys.places[living], keys.tags[living]), owners[living]

    def _grow(self, rows: int) -> None:
        while rows > len(self._alive):
            more = len(self._alive)
            self._alive = np.concatenate((self._alive, np.zeros(more, np.uint8)))
            self._passages = np.concatenate((self._passages, np.zeros(more, np.uint16)))
            self._sites = np.concatenate((self._sites, np.full(more, -1, np.int32)))

    def _code(self, site: str | None) -> int:
        return -1 if site is None else self._codes.setdefault(site, len(self._codes))

    def drop(self, row: int) -> None:
        """Forgets a row; its keys stay until the tables are built anew."""
        if row < len(self._alive) and self._alive[row]:
            self._alive[row] = 0
            self.dead += 1

    def propose(self, keys: Keys) -> Proposed:
        """The rows that share enough with these keys to be compared."""
        near = shared(self._near.find(keys.near, self._alive)[0])[0]
        rows, times = shared(self._held.find(keys.held, self._alive)[0])
        if len(rows) == 0:
            return Proposed(near, rows)
        fewer = np.minimum(self._passages[rows], len(keys.held.places))
        return Proposed(near, rows[enough(times, fewer)])

    def holders(self, pieces: Digest) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold some of the pieces, and the number of the piece, one entry for each."""
        return self._pieces.find(pieces, self._alive)

    def site(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Numbers of the sites of rows, -1 where unknown."""
        found: NDArray[np.int32] = self._sites[rows]
        return found

    def code(self, site: str | None) -> int:
        """The number of a site; -1 for none, and for one that no row has."""
        return -1 if site is None else self._codes.get(site, -1)
