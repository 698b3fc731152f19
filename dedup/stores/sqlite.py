"""A store in one file (SQLite): one row an article, beside it the keys of many in one; read into memory when it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup import zstd
from dedup.entries import Entry
from dedup.errors import IndexDamaged, StoreError
from dedup.key_chunk import Chunk
from dedup.keys import Keys, Lot
from dedup.stores import Opening, sqlite_checks, sqlite_keys
from dedup.stores import sqlite_file as file
from dedup.stores.sqlite_connection import Connection
from dedup.tables import Tables

_WAITING: Final = 1_000
"""At most so many entries of one change wait in memory to be written."""

_PART: Final = 500
"""Whole entries are read in parts of this many."""


class SqliteStore:
    """Entries in a SQLite file, write-ahead logged (see `stores.Store`).

    Rows never change but for `kept`, `copies`, `lost`: what others added is what has higher numbers. Every row has a
    checksum (BLAKE2b) of what does not change, and a CRC of what does.
    """

    def __init__(self, opening: Opening) -> None:
        if not opening.rest:
            raise StoreError("sqlite:", "names no file: write sqlite:seen.db")
        self.path = Path(os.path.realpath(opening.rest))  # SQLite names its log after what a link leads to
        self.uri = f"sqlite:{opening.rest}"
        self._limits = opening.limits
        if opening.durability not in ("process", "power"):
            raise StoreError(self.uri, f"durability is {opening.durability!r}: give process or power")
        if not self.path.exists():
            file.create(self.path, self.uri, opening)
        self.header = file.checked(self.path, self.uri, opening)
        file.warn_of_network(self.path)
        self._pending: dict[int, Entry] = {}
        self._keys: list[Chunk] = []  # of those that are pending
        self._counts: dict[int, tuple[int, int]] = {}
        self._last = self._gone = self._learned = 0
        self._version: int | None = None  # None: all is to be read
        self._open: object = None  # the last change, or look
        self._changed = False  # since it began
        self.tables = Tables(self._limits)
        with file.untouched(self.path, self.uri):
            self._db = Connection(self.path, self.uri, opening.durability)
            try:
                self._fill()
            except BaseException:
                self._db.close()
                raise

    def _forget(self) -> None:
        """Everything in memory is to be read anew; also if this is interrupted."""
        self._version = None
        self.tables = Tables(self._limits)
        self._last = self._gone = self._learned = 0
        self._pending.clear()
        self._keys.clear()
        self._counts.clear()

    def _fill(self) -> None:
        """Everything is read into memory."""
        self._version = None
        with self.read():
            self.refresh()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction, immediate: nobody else writes from here to its end."""
        own = self._begun()
        try:
            self._db.run("BEGIN IMMEDIATE")
            self._changed = True
            self._db.stays()
            yield
            self._flush()
            self._db.run("COMMIT")
            self._changed = False
        except BaseException:
            if self._open is own and self._undone():
                self._fill()
            raise

    def _begun(self) -> object:
        """Stands for a change, or for a look, that begins; nothing is left of one that an interrupt left open."""
        self._undone()
        self._open = object()
        return self._open

    def _undone(self) -> bool:
        """Leaves nothing of what is open, in the file and in memory; returns whether that was a change. An interrupt of this
        loses nothing, as it is done again before the next one.
        """
        changed = self._changed
        if self._db.changing:
            self._db.run("ROLLBACK")
        if changed:
            self._version = None
            self._changed = False
        return changed

    @contextmanager
    def read(self) -> Iterator[None]:
        """What is read in the block is of one moment."""
        own = self._begun()
        try:
            self._db.run("BEGIN")
            self._db.stays()
            yield
        finally:
            if self._open is own:
                self._undone()

    def refresh(self) -> list[int]:
        """Takes in rows that others added and forgot; returns names of boilerplate that are new here."""
        version = self._db.number("PRAGMA data_version")
        if version == self._version:
            return []
        try:
            if self._version is None:
                self._forget()
            new = self._taken_in()
        except BaseException:
            self._forget()  # what was taken in by half is read anew
            raise
        self._version = version
        return new

    def _taken_in(self) -> list[int]:
        last, gone = (sqlite_checks.given(self._db.each, table) for table in ("articles", "gone"))
        if self._last == 0 and (there := self._db.number("SELECT count(*) FROM articles")) != last - gone:
            raise IndexDamaged(self.uri, sqlite_checks.missing(last, gone, there))
        dropped = self._dropped()
        if self._last and len(dropped) < gone - self._gone:  # `compact` of another process took some out of the list
            self._forget()
            dropped = self._dropped()
        for row in dropped[dropped <= self._last].tolist():
            self.tables.drop(row)
        for chunk in sqlite_keys.chunks(self._db, self.uri, self._last, last):
            if self._last == 0:
                self.tables.reserve(chunk, last - gone)
            self.tables.add(chunk.only(~np.isin(chunk.rows, dropped)))
            self._last = int(chunk.rows[-1])
        self._last, self._gone = last, gone
        new = [
            *self._db.each("SELECT number, name FROM boilerplate WHERE number > ? ORDER BY number", (self._learned,))
        ]
        if new:
            self._learned = new[-1][0]
        return [file.unsigned(name) for _, name in new]

    def _dropped(self) -> NDArray[np.int64]:
        """The rows that were forgotten since the last look."""
        found = self._db.each("SELECT row FROM gone WHERE number > ? ORDER BY row", (self._gone,))
        rows = [row for (row,) in found]
        if not all(isinstance(row, int) for row in rows):
            raise IndexDamaged(self.uri, "the list of articles that were forgotten is damaged")
        return np.array(rows, np.int64)

    def ahead(self, entries: Sequence[Entry], keys: Lot) -> None:
        """The file is at hand."""

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        found = []
        for row in rows:
            if row in self._pending:
                found.append(self._counted(self._pending[row].at(row)))
                continue
            known = self._db.one(f"SELECT {file.COLUMNS} FROM articles WHERE row = ?", (row,))  # noqa: S608
            if known is not None:
                found.append(self._counted(file.entry_of(known, self.uri)))
        return found

    def _counted(self, entry: Entry) -> Entry:
        """An entry with the counts that are not written yet."""
        copies, lost = self._counts.get(entry.row, (0, 0))
        return entry._replace(copies=entry.copies + copies, lost=entry.lost + lost) if copies or lost else entry

    def _select(self, condition: str, *values: object) -> list[Entry]:
        self._flush()
        found = self._db.each(f"SELECT {file.COLUMNS} FROM articles WHERE {condition}", values)  # noqa: S608
        return [file.entry_of(known, self.uri) for known in found]

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        return self._select("id = ? ORDER BY row", file.plain(id))

    def copies(self, row: int) -> list[Entry]:
        """The stored copies of a row, the earliest first."""
        return self._select("kept = ? AND kept != 0 ORDER BY row", row)

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first; no query stays open between two of them."""
        last = 0
        while part := self._select("row > ? ORDER BY row LIMIT ?", last, _PART):
            yield from part
            last = part[-1].row

    def prepared(self, entries: list[Entry]) -> list[Entry]:
        """With their texts compressed."""
        bodies = zstd.packed(entry.text for entry in entries)
        return [entry._replace(body=body) for entry, body in zip(entries, bodies, strict=True)]

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row, with the others of this change at its end."""
        row = self._last = self._last + 1
        self._pending[row] = entry
        self.tables.add_row(row, keys, entry.site)
        self._keys.append(Chunk.of(row, keys, entry.site))
        if len(self._pending) >= _WAITING:
            self._flush()
        return row

    def admit(self, entries: Sequence[Entry], keys: Lot, first: int) -> range:
        """Stores entries up to the first one that something here may have to do with; all at the end of this change."""
        start = self._last + 1
        sites = [entry.site for entry in entries]
        self._last += self.tables.admit(keys, first, first + len(entries), start, sites)
        rows = range(start, self._last + 1)
        if rows:
            self._keys.append(Chunk.cut(keys, first, start, sites[: len(rows)]))
        self._pending.update(zip(rows, entries, strict=False))
        if len(self._pending) >= _WAITING:
            self._flush()
        return rows

    def _flush(self) -> None:
        """Writes what waits to be written."""
        if self._pending:
            missing = iter(zstd.packed(entry.text for entry in self._pending.values() if not entry.body))
            rows = [file.row_of(row, entry, entry.body or next(missing)) for row, entry in self._pending.items()]
            places = ", ".join("?" * len(rows[0]))
            self._db.run_many(f"INSERT INTO articles VALUES ({places})", rows)  # noqa: S608
            self._db.run(sqlite_keys.INSERT, sqlite_keys.segment_of(Chunk.joined(self._keys)))
            self._pending.clear()
            self._keys.clear()
        counts, self._counts = self._counts, {}
        for row, (copies, lost) in counts.items():
            self._change(row, None, copies, lost)

    def _change(self, row: int, kept: int | None, copies: int, lost: int) -> None:
        known = self._db.one("SELECT kept, copies, lost FROM articles WHERE row = ?", (row,))
        if known is None:
            return
        values = (known[0] if kept is None else kept, known[1] + copies, known[2] + lost)
        self._db.run(
            "UPDATE articles SET kept = ?, copies = ?, lost = ?, state = ? WHERE row = ?",
            (*values, file.sum_of(row, *values), row),
        )

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows; their numbers are kept, for others to see."""
        self._flush()
        for row in rows:
            if self._db.run("DELETE FROM articles WHERE row = ?", (row,)).rowcount:
                self._db.run("INSERT INTO gone (row) VALUES (?)", (row,))
            self.tables.drop(row)

    def update(self, row: int, *, kept: int | None = None, copies: int = 0, lost: int = 0) -> None:
        """Changes a row; counts are written at the end of the change."""
        if kept is None:
            known = self._counts.get(row, (0, 0))
            self._counts[row] = known[0] + copies, known[1] + lost
        else:
            self._flush()
            self._change(row, kept, copies, lost)

    def older(self, moment: float, *, published: bool) -> list[int]:
        """The rows that were added, or are dated, before a moment."""
        self._flush()
        name = "published" if published else "seen"
        return [row for (row,) in self._db.each(f"SELECT row FROM articles WHERE {name} < ? ORDER BY row", (moment,))]  # noqa: S608

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        for name in names:
            kept = file.signed(name)
            self._db.run("INSERT INTO boilerplate (name, checksum) VALUES (?, ?)", (kept, file.sum_of(kept)))

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return [file.unsigned(name) for (name,) in self._db.each("SELECT name FROM boilerplate")]

    def note(self, name: str, value: str | None) -> None:
        """Keeps a value under a name; None forgets it."""
        if value is None:
            self._db.run("DELETE FROM notes WHERE name = ?", (name,))
        else:
            self._db.run("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def notes(self) -> dict[str, str]:
        """All values that are kept."""
        return dict(self._db.each("SELECT name, value FROM notes"))

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        self._flush()
        found = self._db.one("SELECT total(kept = 0), total(kept != 0), total(copies) FROM articles")
        kept, stored, dropped = map(int, found or (0, 0, 0))
        return kept, stored, dropped

    def size(self) -> int:
        """Bytes of the file, and of its log."""
        parts = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def verify(self) -> list[str]:
        """Checks the file's structure, every row by its checksums, and that none is missing."""
        self._flush()
        with self._db.raw():  # damaged names are told, and not raised
            return sqlite_checks.problems(self._db.each)

    def compact(self) -> None:
        """Gives the room of forgotten rows back to the file system, and builds the tables without them."""
        with self.write():
            sqlite_keys.compact(self._db, self.uri)
            self._db.run("DELETE FROM gone WHERE number < (SELECT max(number) FROM gone)")
        self._db.run("VACUUM")
        self._db.run("PRAGMA wal_checkpoint(TRUNCATE)")
        self._fill()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
