"""Keys of articles -> the rows that hold them, in memory: what a store on disk is asked through."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.slab import Slab

LOADS: Final = ((0.65, 8), (0.85, 56), (0.9, 120))
"""How full a table may be, if a key may stand in so many buckets, and in twice as many more as the rows of one key fill: then
not one in a million stands farther by chance. What is known of a key must tell its own bucket from all of these."""

MODEST: Final = 64 << 20
"""Bytes of a table that need not be saved: it is no fuller than the first of `LOADS`, so that most keys are found in the first
bucket that is looked at.
"""

GROWTH: Final = 1.25
"""A table that grows has room for so many times its keys, a modest one for `DOUBLE` as many."""

DOUBLE: Final = 2.0

PART: Final = 4 << 20
"""Of a table that grows, so many bytes are moved at once, and given back then."""

SALTS: Final = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0)
"""What sets the keys of bands, passages and pieces apart."""

EXTRA: Final = (8, 0, 0)
"""Bits that are known of a key of each kind, beyond the 32 that say its place. One band in common proposes a row, and of 32 bits
one key in a hundred is also that of another band among 40 million; of passages and pieces it takes several in one row.
"""


Arrays = tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8], int]
"""A table as kernels take it (`kernels.table.insert`)."""


class Digest(NamedTuple):
    """Keys as a table takes them, n of them: `places` u32[n], and their lowest 28 bits: `marks` u32[n]. Of each key 32 bits and
    `EXTRA` are known.
    """

    places: NDArray[np.uint32]
    marks: NDArray[np.uint32]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], kind: int) -> Digest:
        """From whole keys; `kind`: 0 for bands, 1 for passages, 2 for pieces."""
        return cls.wide(keys, kind, EXTRA[kind])

    @classmethod
    def wide(cls, keys: NDArray[np.uint64], kind: int, extra: int) -> Digest:
        """With so many bits beyond the place."""
        places, marks = np.empty(len(keys), np.uint32), np.empty(len(keys), np.uint32)
        kernels.table.digest(keys, np.uint64(SALTS[kind]), extra, places, marks)
        return cls(places, marks)

    @classmethod
    def known(cls, places: NDArray[np.uint32], lows: NDArray[np.uint8], kind: int) -> Digest:
        """From places, and what `lows` gave of the keys."""
        marks = places << np.uint32(EXTRA[kind])
        if EXTRA[kind]:
            marks |= lows
        return cls(places, marks & np.uint32((1 << kernels.table.MARK) - 1))

    def lows(self, kind: int) -> NDArray[np.uint8]:
        """What is known of keys beyond their places, u8[n]; nothing where that is nothing."""
        some = self.marks if EXTRA[kind] else self.marks[:0]
        return (some & np.uint32((1 << EXTRA[kind]) - 1)).astype(np.uint8)


def buckets_for(keys: int, limit: int, extra: int) -> tuple[int, int, int]:
    """The buckets of the smallest table that has room for so many keys, the keys that it has room for, and in how many buckets
    a key may stand; `limit`, `extra`: as in `KeyTable`.
    """
    slots = kernels.table.SLOTS
    unit = 32 - kernels.table.MARK + extra  # a mark tells the keys of 1 << unit parts of a table apart
    more = 2 * -(-limit // slots) + 1
    sizes = [(max(int(keys / (load * slots)) + 1, (reach + more) << unit), load) for load, reach in LOADS]
    buckets, load = sizes[0]
    if 8 * kernels.table.LINE * buckets > MODEST:
        buckets, load = min(sizes, key=lambda size: (size[0], -size[1]))
    return buckets, int(load * slots * buckets), (buckets >> unit) - 1


class KeyTable:
    """Which rows hold a key. A key that `limit` living rows hold takes no more, nor does one that finds no room within reach
    (`LOADS`); both are counted (`capped`).

    Rows are numbers from 1. A table holds 28 bits of a key; the bucket that it stands in says the others, so that a table that
    grows needs nobody to ask for keys. `extra`: bits that are known beyond the place.
    """

    def __init__(self, limit: int, extra: int) -> None:
        self.limit, self._extra = limit, extra
        self.count = self.capped = 0
        self.empty(0)

    @property
    def arrays(self) -> Arrays:
        """All buckets, as kernels take them."""
        return self._arrays

    def entered(self, more: int, refused: int) -> None:
        """Counts keys that a kernel entered in `arrays`, and those that it refused."""
        self.count += more
        self.capped += refused

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._arrays[0].nbytes

    def add(self, keys: Digest, owners: NDArray[np.uint32], alive: NDArray[np.uint8]) -> None:
        """Enters key i for row `owners[i]`; there must be room (`make_room`). `alive` u8 by row: 1 for those that are there, 0
        for those that are gone, and give way.
        """
        entered, refused, _ = kernels.table.insert(self._arrays, *keys, owners, self.limit, alive)
        self.entered(entered, refused)

    def make_room(self, more: int, alive: NDArray[np.uint8]) -> None:
        """Grows where there is no room for so many more keys; those of rows that are gone are left out then."""
        if self.count + more > self._room:
            times = DOUBLE if self.nbytes < MODEST else GROWTH
            self._move(max(self.count + more, int(times * self.count)), alive)

    def shrink(self, alive: NDArray[np.uint8]) -> None:
        """Leaves the keys of rows that are gone out, and gives their room back."""
        self._move(self.count, alive)
        self._move(self.count, alive)  # of which there is the number now

    def _move(self, room: int, alive: NDArray[np.uint8]) -> None:
        """Enters all keys in a table that has room for so many, in a thread that an interrupt does not stop half-way."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._moved, room, alive).result()

    def _moved(self, room: int, alive: NDArray[np.uint8]) -> None:
        slab, old, capped = self._slab, self._arrays, self.capped
        self.empty(room)
        self.capped = capped
        part = PART // (8 * kernels.table.LINE)
        buckets = len(old[0]) // kernels.table.LINE
        for first in range(0, buckets, part):
            self.entered(*kernels.table.move(old, self._arrays, self._extra, first, min(first + part, buckets), alive))
            slab.give_back((first + part) * kernels.table.LINE)

    def empty(self, room: int) -> None:
        """Forgets all keys, and makes room for so many."""
        buckets, keys, reach = buckets_for(room, self.limit, self._extra)
        self._slab = Slab(buckets * kernels.table.LINE)  # where there is no memory, all stays as it was
        self._room, cells = keys, self._slab.words
        self._arrays = cells, cells.view(np.uint32), cells.view(np.uint16), cells.view(np.uint8), reach
        self.count = self.capped = 0

    def find(self, keys: Digest, alive: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold some of the keys and are there (`alive`, as in `add`), and the number of the key, one entry for
        each."""
        room = 2 * self.limit * len(keys.places)
        rows, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
        found = kernels.table.find(self._arrays, *keys, alive, rows, numbers)
        return rows[:found], numbers[:found]
