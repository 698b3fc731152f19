"""A file that is on disk soon after it was written, and whose pages are given back then."""

from __future__ import annotations

import io
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

STRETCH: Final = 64 << 20
"""So many bytes are brought to disk at once. The end of a long file is waited for anyway; pages that the system keeps of it
meanwhile are new ones, which take several times as long as those that were given back."""

WAITING: Final = 4
"""So many stretches may be under way; then the writer waits."""

_ABLE: Final = hasattr(os, "fdatasync") and hasattr(os, "posix_fadvise")


class SteadyFile(io.FileIO):
    """An open file to be written from its start to its end. What goes wrong on the way to the disk is an OSError of a later
    `write`, or of `settle`.
    """

    def __init__(self, handle: int) -> None:
        super().__init__(handle, "wb")
        self._start = self._end = 0
        self._thread: ThreadPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()

    def write(self, data: Any, /) -> int:
        """Writes; returns how many bytes were taken."""
        written = super().write(data)
        self._end += written
        if _ABLE and self._end - self._start >= STRETCH:
            self._thread = self._thread or ThreadPoolExecutor(1, "dedup-sync")
            self._running.append(self._thread.submit(self._sync, self._start, self._end - self._start))
            self._start = self._end
            if len(self._running) > WAITING:
                self._running.popleft().result()
        return written

    def _sync(self, start: int, size: int) -> None:
        os.fdatasync(self.fileno())
        os.posix_fadvise(self.fileno(), start, size, os.POSIX_FADV_DONTNEED)

    def settle(self) -> None:
        """Brings all to disk. Raises OSError."""
        while self._running:
            self._running.popleft().result()
        os.fsync(self.fileno())

    def close(self) -> None:
        """Closes the file when its thread has ended."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        super().close()
