"""A connection to the file of a store in SQLite: statements -> rows, and errors of the store."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from dedup.errors import IndexDamaged, StoreError

BUSY: Final = 60.0
"""Seconds that a writer waits for another one."""


_LOCK: Final = threading.Lock()

_OPEN: Final[Counter[tuple[int, int]]] = Counter()
"""The files (device, inode) that connections of this process have open, and how many. POSIX takes all locks that a process has on
a file away when it closes any handle of it; SQLite keeps to that among its own connections, and so must everybody else."""


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _count(file: tuple[int, int], more: int) -> None:
    with _LOCK:
        _OPEN[file] += more


@contextmanager
def unlocked(path: Path) -> Iterator[bool]:
    """Whether no connection of this process has a file open, and none will before the end of the block: only then may the file be
    opened and closed in other ways.
    """
    with _LOCK:
        yield not _OPEN[_identity(path)]


@contextmanager
def only_read(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    file = _identity(path)
    _count(file, 1)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY)) as db:
            db.execute("PRAGMA trusted_schema=OFF")
            yield db
    finally:
        _count(file, -1)


class Connection:
    """Of one process, to one file: neither may change. Commits survive the loss of power, too, with the durability `power`."""

    def __init__(self, path: Path, uri: str, durability: str) -> None:
        self._path, self._uri, self._pid = path, uri, os.getpid()
        self._file = self._present()
        self._open = True
        _count(self._file, 1)
        try:
            self._connect(path, durability)
        except BaseException:
            _count(self._file, -1)
            raise

    def _connect(self, path: Path, durability: str) -> None:
        with self._told():
            self._db = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA trusted_schema=OFF")
            self._db.execute("PRAGMA cell_size_check=ON")
            self._db.execute(f"PRAGMA synchronous={'FULL' if durability == 'power' else 'NORMAL'}")

    def _present(self) -> tuple[int, int]:
        try:
            return _identity(self._path)
        except OSError as error:
            raise StoreError(self._uri, f"the file is gone: {error.strerror or error}") from error

    def stays(self) -> None:
        """Raises StoreError if no file, or another one, stands where this one was opened: what is written would be lost."""
        if self._present() != self._file:
            raise StoreError(self._uri, "another file is in its place since it was opened; open it anew")

    @property
    def changing(self) -> bool:
        """Whether a transaction has begun."""
        return self._db.in_transaction

    def run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Runs a statement. Raises StoreError, as IndexDamaged where the file is."""
        with self._told():
            return self._db.execute(statement, values)

    def run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Runs a statement for each of the rows."""
        with self._told():
            self._db.executemany(statement, rows)

    def each(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""
        found = self.run(statement, values)
        with self._told():
            yield from found

    def one(self, statement: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        return next(self.each(statement, values), None)

    def number(self, statement: str) -> int:
        """The number that a query gives."""
        found = self.one(statement)
        return 0 if found is None else int(found[0])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite as errors of the store."""
        if os.getpid() != self._pid:
            raise StoreError(self._uri, "was opened in another process; open it anew in each")
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "is locked" in str(error):
                waited = f"others have been writing for {BUSY:.0f} seconds ({error}): try again later"
                raise StoreError(self._uri, waited) from error
            damaged = type(error) is sqlite3.DatabaseError or str(error).startswith("Could not decode")
            raise (IndexDamaged if damaged else StoreError)(self._uri, str(error)) from error

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Text is read as the bytes that it is, whether these are UTF-8 or not."""
        self._db.text_factory = bytes
        try:
            yield
        finally:
            self._db.text_factory = str

    def close(self) -> None:
        """Ends it; nothing in a process that was forked off."""
        if self._open and os.getpid() == self._pid:
            self._open = False
            self._db.close()
            _count(self._file, -1)
