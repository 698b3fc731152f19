"""Memory that is given back in parts."""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

HUGE: Final = 4 << 20
"""Memory of so many bytes is asked for in huge pages, where the system has them: an access that is anywhere costs less."""


class Slab:
    """So many words (u64), all zero at first, that begin where a line of the processor's cache does. A process that is forked has
    its own.
    """

    def __init__(self, count: int) -> None:
        size = np.dtype(np.uint64).itemsize * count
        if hasattr(mmap, "MAP_PRIVATE"):
            self._map = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        else:
            self._map = mmap.mmap(-1, size)
        if size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a kernel that was built without
                self._map.madvise(mmap.MADV_HUGEPAGE)
        self.words: NDArray[np.uint64] = np.frombuffer(self._map, np.uint64)

    def give_back(self, end: int) -> None:
        """The words before this one are needed no more."""
        size = min(self.words.itemsize * end, len(self._map)) // mmap.PAGESIZE * mmap.PAGESIZE
        if size and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED, 0, size)
