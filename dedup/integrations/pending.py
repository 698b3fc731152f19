"""A file of the articles that an index holds and that nobody has got yet: what a crawl that was killed has to forget."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from types import TracebackType

GROWN = 1 << 20
"""The file is written anew when it has so many bytes."""


class Pending:
    """Ids of articles between their verdict and the end of all pipelines, in a file that a killed process leaves behind.

    Threads may share it. Without a path nothing is written. Every change is one write of a line, which survives the end of
    the process. The file is empty whenever nothing is under way.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self._size = 0
        self._file: int | None = None
        self.path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def left(self) -> list[str]:
        """The ids that an earlier process left in the file; a line that was cut off is none."""
        if self.path is None:
            return []
        counts: dict[str, int] = {}
        for line in self.path.read_bytes().split(b"\n"):
            try:
                step, id = json.loads(line)
            except (ValueError, TypeError):
                continue
            counts[id] = counts.get(id, 0) + step
        return sorted(id for id, count in counts.items() if count > 0)

    def add(self, id: str) -> None:
        """An article is under way."""
        with self._lock:
            self._open[id] = self._open.get(id, 0) + 1
            self._write(1, id)

    def done(self, id: str) -> None:
        """An article has arrived, or was forgotten."""
        with self._lock:
            count = self._open.pop(id, 0)
            if count > 1:
                self._open[id] = count - 1
            if not self._open or self._size > GROWN:
                self.clear()
                for other, times in self._open.items():
                    self._write(times, other)
            else:
                self._write(-1, id)

    def _write(self, step: int, id: str) -> None:
        if self._file is not None:
            line = json.dumps([step, id]).encode() + b"\n"
            os.write(self._file, line)
            self._size += len(line)

    def clear(self) -> None:
        """Empties the file."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            self._size = 0

    def close(self) -> None:
        """Ends the use of the file; one that is empty goes."""
        if self._file is not None and self.path is not None:
            os.close(self._file)
            self._file = None
            if not self._open:
                self.path.unlink(missing_ok=True)

    def __enter__(self) -> Pending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
