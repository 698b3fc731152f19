"""Keys of articles -> the rows that hold them, in memory: what a store on disk is asked through."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

LOAD: Final = 0.85
"""A table is at most so full."""

GROWTH: Final = 1.3
"""A table that grows has room for so many times its keys; one of less than `MODEST` bytes for `DOUBLE` as many, since filling it
anew takes longer than all else that is done to it."""

DOUBLE: Final = 2.0

MODEST: Final = 32 << 20

SMALLEST: Final = 1 << 12
"""Keys that an empty table has room for."""

SALTS: Final = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0)
"""What sets the keys of bands, passages and pieces apart."""

EXTRA: Final = (8, 0, 0)
"""Bits that are known of a key of each kind, beyond the 32 that say its place. One band in common proposes a row, and of 32 bits
one key in a hundred is also that of another band among 40 million; of passages and pieces it takes several in one row.
"""


Arrays = tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.uint16]]
"""A table as kernels take it: one array, as u64, u32 and u16."""


class Digest(NamedTuple):
    """Keys as a table holds them, n of them: `places` u32[n], `tags` u16[n]. Of each key 32 bits and `EXTRA` are known; the
    rest of the tag follows from them, and tells keys apart that stand beside each other in a table.
    """

    places: NDArray[np.uint32]
    tags: NDArray[np.uint16]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], kind: int) -> Digest:
        """From whole keys; `kind`: 0 for bands, 1 for passages, 2 for pieces."""
        from dedup.kernels import table as kernel

        places, tags = np.empty(len(keys), np.uint32), np.empty(len(keys), np.uint16)
        kernel.digest(keys, np.uint64(SALTS[kind]), EXTRA[kind], places, tags)
        return cls(places, tags)

    @classmethod
    def known(cls, places: NDArray[np.uint32], lows: NDArray[np.uint8], kind: int) -> Digest:
        """From places, and what `lows` gave of the keys."""
        from dedup.kernels import table as kernel

        tags = np.empty(len(places), np.uint16)
        kernel.tags_of(places, lows if EXTRA[kind] else np.zeros(len(places), np.uint8), EXTRA[kind], tags)
        return cls(places, tags)

    def lows(self, kind: int) -> NDArray[np.uint8]:
        """What is known of keys beyond their places, u8[n]; nothing where that is nothing."""
        some = self.tags if EXTRA[kind] else self.tags[:0]
        return (some & ((1 << EXTRA[kind]) - 1)).astype(np.uint8)


class KeyTable:
    """Which rows hold a key. A key that `limit` living rows hold takes no more, which is counted (`capped`).

    Rows are numbers from 1. Of a key only its digest is known, of which a table holds 18 bits, and about where its place is: a
    row that does not hold the key is found about once in ten thousand look-ups, so whoever asks verifies. 6.4 bytes a key over
    `LOAD`.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.empty(SMALLEST)

    @property
    def arrays(self) -> Arrays:
        """All buckets, as kernels take them."""
        return self._cells, self._cells.view(np.uint32), self._cells.view(np.uint16)

    def entered(self, more: int, refused: int) -> None:
        """Counts keys that a kernel entered in `arrays`, and those that it refused."""
        self.count += more
        self.capped += refused

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._cells.nbytes

    def full(self, more: int) -> bool:
        """Whether there is no room for so many more keys: it has to be `empty`, larger, and filled anew."""
        return self.count + more > self._room

    def add(self, keys: Digest, owners: NDArray[np.uint32], alive: NDArray[np.uint8]) -> None:
        """Enters key i for row `owners[i]`; there must be room (`full`). `alive` (u8 by row): rows that are not give way."""
        from dedup.kernels import table as kernel

        entered, refused, _ = kernel.insert(*self.arrays, *keys, owners, self.limit, alive)
        self.count += entered
        self.capped += refused

    def grown(self, more: int) -> int:
        """The room that a table gets that takes so many more keys."""
        return max(self.count + more, int((DOUBLE if self.nbytes < MODEST else GROWTH) * self.count))

    def empty(self, room: int) -> None:
        """Forgets all keys, and makes room for so many."""
        from dedup.kernels.table import LINE, SLOTS

        buckets = int(max(SMALLEST, room) / (LOAD * SLOTS)) + 1
        cells = np.zeros((buckets + 1) * LINE, np.uint64)
        start = -(cells.ctypes.data // cells.itemsize) % LINE  # each in one line of the cache
        self._cells = cells[start : start + buckets * LINE]
        self._room = int(LOAD * SLOTS * buckets)
        self.count = self.capped = 0

    def find(self, keys: Digest, alive: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold some of the keys and are `alive` (u8 by row), and the number of the key, one entry for each."""
        from dedup.kernels import table as kernel

        room = 2 * self.limit * len(keys.places)
        rows, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
        found = kernel.find(*self.arrays, *keys, alive, rows, numbers)
        return rows[:found], numbers[:found]
