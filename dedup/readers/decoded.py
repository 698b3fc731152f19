"""Record batches as they were decoded -> a spool, and back: cheaper than decoding them again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.readers.arrow import ipc, pa
from dedup.spool import Spool

_RELEASED: Final = 16
"""The memory of so many batches is given back at once, as what was read of a file counts as memory of the process otherwise."""


class Stretch(NamedTuple):
    """Rows that were decoded together: the number of the first, from 1, and the batch."""

    first: int
    batch: pa.RecordBatch


class Decoded:
    """Batches in a spool, none of them with dictionaries. All are added before the first is asked for."""

    def __init__(self, spool: Spool, schema: pa.Schema) -> None:
        self.spool = spool
        self._schema = schema
        self._places: list[tuple[int, int, int]] = []
        self._asked = 0

    def append(self, found: Stretch) -> tuple[int, int]:
        """Adds a batch; returns where it starts in the spool, and its size, in bytes."""
        message = found.batch.serialize()  # its size is a multiple of eight
        start = self.spool.size
        self._places.append((found.first, start, message.size))
        self.spool.append(np.frombuffer(message, np.uint32))
        return start, message.size

    def __iter__(self) -> Iterator[Stretch]:
        """All of them, in order."""
        return map(self._at, range(len(self._places)))

    def row(self, number: int) -> pa.RecordBatch:
        """The row of a number that one of the batches holds, as a batch."""
        found = self._at(bisect_right(self._places, number, key=lambda place: place[0]) - 1)
        return found.batch.slice(number - found.first, 1)

    def _at(self, i: int) -> Stretch:
        self._asked += 1
        if self._asked % _RELEASED == 0:
            self.spool.release()
        first, start, size = self._places[i]
        data = pa.py_buffer(self._view[start // 4 : (start + size) // 4])
        return Stretch(first, ipc.read_record_batch(data, self._schema))

    @cached_property
    def _view(self) -> NDArray[np.uint32]:
        return self.spool.view()
