"""Keys of the kept articles -> which of them an article may repeat, in memory; a store on disk fills it when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.boilerplate import CONTEXTS, SITES
from dedup.errors import StoreError
from dedup.key_chunk import Chunk
from dedup.key_table import EXTRA, Arrays, Digest, KeyTable
from dedup.keys import Keys, Lot
from dedup.passages import SHARE
from dedup.settings import Limits

OTHERS: Final = CONTEXTS - 1, SITES - 1
"""With so many other articles of its site, or of other sites, an article may show that a piece of them all is boilerplate."""

MANY: Final = 1_000
"""So many rows are entered by a thread for each table."""

SPARE: Final = 1.02
"""Tables that are filled when an index is opened have room for so many times the keys that its first rows let expect."""


_LEAVING: Final = 2


class Tables:
    """What is known of the rows that are kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits.bucket, limits.passage, limits.bucket
        self._near, self._held, self._pieces = map(KeyTable, self._limits, EXTRA)
        self._alive = np.zeros(1024, np.uint8)
        self._passages = np.zeros(1024, np.uint16)
        self._sites = np.full(1024, -1, np.int32)
        self._codes: dict[str, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        tables = self._near.nbytes + self._held.nbytes + self._pieces.nbytes
        return tables + self._alive.nbytes + self._passages.nbytes + self._sites.nbytes

    @property
    def capped(self) -> dict[str, int]:
        """How many keys were not entered, because too many articles hold them or they found no room (`KeyTable`)."""
        return {"bands": self._near.capped, "passages": self._held.capped, "pieces": self._pieces.capped}

    def add(self, chunk: Chunk) -> None:
        """Enters rows."""
        if len(chunk.rows) == 0:
            return
        self._grow(int(chunk.rows[-1]) + 1)
        self._alive[chunk.rows] = 1
        self._passages[chunk.rows] = np.minimum(chunk.sizes[1], np.iinfo(np.uint16).max)
        self._sites[chunk.rows] = chunk.sites.coded(self.code, -1)
        self._make_room([len(own.places) for own in chunk.keys])
        self._enter(chunk)

    def _enter(self, chunk: Chunk) -> None:
        """Enters the keys of rows, in one thread for each table where there are many."""

        def enter(kind: int) -> None:
            self._tables[kind].add(chunk.keys[kind], np.repeat(chunk.rows, chunk.sizes[kind]), self._alive)

        if len(chunk.rows) < MANY:
            for kind in range(len(self._tables)):
                enter(kind)
            return
        with ThreadPoolExecutor(len(self._tables)) as pool:
            list(pool.map(enter, range(len(self._tables))))

    def reserve(self, chunk: Chunk, rows: int) -> None:
        """Makes room for so many rows, of which these are some, in tables that are empty, and for some more (`SPARE`)."""
        for table, sizes in zip(self._tables, chunk.sizes, strict=True):
            table.empty(int(SPARE * sizes.sum() * rows / max(1, len(chunk.rows))))

    def expect(self, keys: Lot) -> None:
        """Makes room for twice the keys of a lot, before they are entered, and others beside them."""
        self._make_room([2 * int((span.ends - span.starts).sum()) for span in keys.spans])

    def _make_room(self, more: list[int]) -> None:
        for table, count in zip(self._tables, more, strict=True):
            table.make_room(count, self._alive)

    def compact(self) -> None:
        """Gives the room of rows that are gone back."""
        for table in self._tables:
            table.shrink(self._alive)

    @property
    def _tables(self) -> tuple[KeyTable, KeyTable, KeyTable]:
        return self._near, self._held, self._pieces

    def _grow(self, rows: int) -> None:
        if rows <= len(self._alive):
            return
        if rows > kernels.table.MOST_ROWS + 1:
            raise StoreError(
                "an index", f"takes {kernels.table.MOST_ROWS:,} articles in all its time; export it to a new one"
            )
        while rows > len(self._alive):
            more = len(self._alive)
            self._alive = np.concatenate((self._alive, np.zeros(more, np.uint8)))
            self._passages = np.concatenate((self._passages, np.zeros(more, np.uint16)))
            self._sites = np.concatenate((self._sites, np.full(more, -1, np.int32)))

    def drop(self, row: int) -> None:
        """Forgets a row; its keys stay until others take their places, or the tables grow."""
        if row < len(self._alive):
            self._alive[row] = 0

    def leave(self, row: int) -> None:
        """Forgets a row that may be taken back, until it is dropped: nothing takes the places of its keys."""
        self._alive[row] = _LEAVING

    def take_back(self, row: int) -> None:
        """Knows a row again that has left."""
        self._alive[row] = 1

    def cut(self, last: int) -> int:
        """Forgets all rows behind one; returns the highest number that one of them had, which is not to be used again."""
        behind = np.flatnonzero(self._alive[last + 1 :])
        self._alive[last + 1 :] = 0
        return last + 1 + int(behind[-1]) if len(behind) else last

    def add_row(self, row: int, keys: Keys, site: str | None) -> None:
        """Enters one row, which is higher than all before."""
        self._grow(row + 1)
        self._alive[row] = 1
        self._passages[row] = min(len(keys.held.places), np.iinfo(np.uint16).max)
        self._sites[row] = self.code(site)
        self._make_room([len(own.places) for own in keys])
        entered = np.zeros((len(self._tables), 2), np.int64)
        digests = tuple((own.places, own.marks) for own in keys)
        kernels.proposals.insert_row(self._arrays, digests, np.uint32(row), self._limits, self._alive, entered)
        self._count(entered)

    def admit(self, keys: Lot, first: int, last: int, row: int, sites: Sequence[str | None]) -> int:
        """Enters articles `first:last` of a lot, of so many `sites`, as rows from `row` on, up to the first one that rows which
        are here may have to do with: it may repeat one, or show with some that a piece is boilerplate. Returns how many.
        """
        self._grow(row + last - first)
        self._make_room([int(span.ends[last - 1] - span.starts[first]) for span in keys.spans])
        entered = np.zeros((len(self._tables), 2), np.int64)
        codes = np.array([self.code(site) for site in sites], np.int32)
        done, _ = kernels.proposals.admit(
            self._arrays,
            tuple((span.digest.places, span.digest.marks) for span in keys.spans),
            tuple((span.starts, span.ends) for span in keys.spans),
            first,
            last,
            row,
            codes,
            (self._alive, self._passages, self._sites),
            self._limits,
            SHARE,
            OTHERS,
            entered,
        )
        self._count(entered)
        return int(done)

    @property
    def _arrays(self) -> tuple[Arrays, ...]:
        return self._near.arrays, self._held.arrays, self._pieces.arrays

    def _count(self, entered: NDArray[np.int64]) -> None:
        for table, (more, refused) in zip(self._tables, entered.tolist(), strict=True):
            table.entered(more, refused)

    def proposed(self, keys: Lot) -> dict[int, list[int]]:
        """What `propose` gives for the articles of a lot, by their numbers, of those that it gives something for."""
        some = np.empty(len(keys), np.bool_)
        digests = tuple((span.digest.places, span.digest.marks) for span in keys.spans)
        kernels.proposals.met(
            self._arrays, digests, tuple((span.starts, span.ends) for span in keys.spans), self._alive, some
        )
        found = ((i, self.propose(keys[i])) for i in np.flatnonzero(some).tolist())
        return {i: rows for i, rows in found if rows}

    def propose(self, keys: Keys) -> list[int]:
        """The rows that share enough with these keys to be compared, the earliest first."""
        few, many, _ = self._limits
        out = np.empty(2 * (few * len(keys.near.places) + many * len(keys.held.places)), np.int64)
        found = kernels.proposals.propose(
            self._near.arrays,
            self._held.arrays,
            (tuple(keys.near), tuple(keys.held)),
            (few, many),
            self._alive,
            self._passages,
            SHARE,
            out,
        )
        rows: list[int] = out[:found].tolist()
        return rows

    def holders(self, pieces: Digest, least: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold some of the pieces, and the number of the piece, one entry for each, for those pieces that at
        least so many rows hold.
        """
        room = 2 * self._limits[2] * len(pieces.places)
        rows, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
        found = kernels.proposals.held_often(self._pieces.arrays, tuple(pieces), self._alive, least, rows, numbers)
        return rows[:found], numbers[:found]

    def site(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Numbers of the sites of rows, -1 where unknown."""
        found: NDArray[np.int32] = self._sites[rows]
        return found

    def code(self, site: str | None) -> int:
        """The number of a site; -1 for none."""
        return -1 if site is None else self._codes.setdefault(site, len(self._codes))
