"""A store in one file (SQLite): one row an article; keys in memory, read when it is opened."""

from __future__ import annotations

import itertools
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dedup.entries import Entry, Keys, Packed
from dedup.errors import IndexDamaged, StoreError
from dedup.stores import Opening
from dedup.stores import sqlite_file as file
from dedup.tables import Chunk, Tables

_CHUNK: Final = 10_000
"""Rows are read into memory in chunks of this many."""


class SqliteStore:
    """Entries in a SQLite file, write-ahead logged (see `stores.Store`).

    Rows never change but for `kept`, `copies`, `lost`: what others added is what has higher numbers. Every row has a
    checksum (BLAKE2b) of what does not change, and a CRC of what does.
    """

    def __init__(self, opening: Opening) -> None:
        if not opening.rest:
            raise StoreError("sqlite:", "names no file: write sqlite:seen.db")
        self.path = Path(opening.rest)
        self.uri = f"sqlite:{self.path}"
        self._limits = opening.limits
        if opening.durability not in ("process", "power"):
            raise StoreError(self.uri, f"durability is {opening.durability!r}: give process or power")
        if not self.path.exists():
            file.create(self.path, self.uri, opening)
        self.header = file.checked(self.path, self.uri, opening)
        self._pid = os.getpid()
        self._db = self._connect(opening.durability)
        self._pending: dict[int, tuple[Entry, Packed]] = {}
        self._counts: dict[int, tuple[int, int]] = {}
        self._last = self._gone = self._learned = 0
        self._version = -1
        self.tables = Tables(self._limits, self._held)
        self._forget()
        self.refresh()

    def _connect(self, durability: str) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=file.BUSY, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        db.execute(f"PRAGMA synchronous={'FULL' if durability == 'power' else 'NORMAL'}")
        return db

    def _run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if os.getpid() != self._pid:
            raise StoreError(self.uri, "was opened in another process; open it anew in each")
        with self._told():
            return self._db.execute(statement, values)

    def _each(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""
        found = self._run(statement, values)
        with self._told():
            yield from found

    def _one(self, statement: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        return next(self._each(statement, values), None)

    def _number(self, statement: str) -> int:
        """The number that a query gives."""
        found = self._one(statement)
        return 0 if found is None else int(found[0])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of SQLite as errors of the store."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            damaged = type(error) is sqlite3.DatabaseError or str(error).startswith("Could not decode")
            raise (IndexDamaged if damaged else StoreError)(self.uri, str(error)) from error

    def _forget(self) -> None:
        """Everything in memory is to be read anew."""
        self.tables = Tables(self._limits, self._held)
        self._last = self._gone = self._learned = 0
        self._version = -1
        self._pending.clear()
        self._counts.clear()

    def _held(self) -> Iterator[Chunk]:
        """All rows, those of this change included."""
        yield from self._chunks(0, self._last)
        if self._pending:
            near, held, pieces = zip(*(keys for _, keys in self._pending.values()), strict=True)
            sites = [entry.site for entry, _ in self._pending.values()]
            yield Chunk.packed(list(self._pending), (list(near), list(held), list(pieces)), sites)

    def _chunks(self, after: int, last: int) -> Iterator[Chunk]:
        while True:
            rows = [
                *self._each(
                    "SELECT row, near, held, pieces, site FROM articles WHERE row > ? AND row <= ? ORDER BY row LIMIT ?",
                    (after, last, _CHUNK),
                )
            ]
            if not rows:
                return
            numbers, near, held, pieces, sites = map(list, zip(*rows, strict=True))
            if any(a >= b for a, b in itertools.pairwise((after, *numbers))):
                raise IndexDamaged(self.uri, f"rows {numbers[0]} to {numbers[-1]} are not in order")
            try:
                yield Chunk.packed(numbers, (near, held, pieces), sites)
            except (TypeError, ValueError, OverflowError) as error:
                raise IndexDamaged(self.uri, f"rows {numbers[0]} to {numbers[-1]} have damaged keys") from error
            after = numbers[-1]

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction, immediate: nobody else writes from here to its end."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._flush()
            self._run("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._run("ROLLBACK")
            self._forget()
            self.refresh()
            raise

    def refresh(self) -> list[int]:
        """Takes in rows that others added and forgot; returns names of boilerplate that are new here."""
        version = self._number("PRAGMA data_version")
        if version == self._version:
            return []
        self._version = version
        last = self._number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'articles'")
        for chunk in self._chunks(self._last, last):
            if self._last == 0:
                self.tables.reserve(chunk, self._number("SELECT count(*) FROM articles"))
            self.tables.add(chunk)
            self._last = int(chunk.rows[-1])
        self._last = last
        for number, row in self._each("SELECT number, row FROM gone WHERE number > ? ORDER BY number", (self._gone,)):
            self.tables.drop(row)
            self._gone = number
        new = [*self._each("SELECT number, name FROM boilerplate WHERE number > ? ORDER BY number", (self._learned,))]
        if new:
            self._learned = new[-1][0]
        return [file.unsigned(name) for _, name in new]

    def ahead(self, entries: Sequence[Entry], keys: Sequence[Keys]) -> None:
        """The file is at hand."""

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        found = []
        for row in rows:
            if row in self._pending:
                found.append(self._counted(self._pending[row][0]))
                continue
            known = self._one(f"SELECT {file.COLUMNS} FROM articles WHERE row = ?", (row,))  # noqa: S608
            if known is not None:
                found.append(self._counted(file.entry_of(known, self.uri)))
        return found

    def _counted(self, entry: Entry) -> Entry:
        """An entry with the counts that are not written yet."""
        copies, lost = self._counts.get(entry.row, (0, 0))
        return replace(entry, copies=entry.copies + copies, lost=entry.lost + lost) if copies or lost else entry

    def _select(self, condition: str, values: Sequence[object] = ()) -> Iterator[Entry]:
        self._flush()
        for known in self._each(f"SELECT {file.COLUMNS} FROM articles {condition} ORDER BY row", values):  # noqa: S608
            yield file.entry_of(known, self.uri)

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        return list(self._select("WHERE id = ?", (file.plain(id),)))

    def copies(self, row: int) -> list[Entry]:
        """The stored copies of a row, the earliest first."""
        return list(self._select("WHERE kept = ? AND kept != 0", (row,)))

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first."""
        yield from self._select("WHERE 1")

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row, with the others of this change at its end."""
        row = self._last = self._last + 1
        self._pending[row] = replace(entry, row=row), keys.packed
        self.tables.add_row(row, keys, entry.site)
        return row

    def _flush(self) -> None:
        """Writes what waits to be written."""
        if self._pending:
            rows = [file.row_of(entry, packed) for entry, packed in self._pending.values()]
            places = ", ".join("?" * len(rows[0]))
            with self._told():
                self._db.executemany(f"INSERT INTO articles VALUES ({places})", rows)  # noqa: S608
            self._pending.clear()
        counts, self._counts = self._counts, {}
        for row, (copies, lost) in counts.items():
            self._change(row, None, copies, lost)

    def _change(self, row: int, kept: int | None, copies: int, lost: int) -> None:
        known = self._one("SELECT kept, copies, lost FROM articles WHERE row = ?", (row,))
        if known is None:
            return
        values = (known[0] if kept is None else kept, known[1] + copies, known[2] + lost)
        self._run(
            "UPDATE articles SET kept = ?, copies = ?, lost = ?, state = ? WHERE row = ?",
            (*values, file.state_of(row, *values), row),
        )

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows; their numbers are kept, for others to see."""
        self._flush()
        for row in rows:
            self._run("DELETE FROM articles WHERE row = ?", (row,))
            self._run("INSERT INTO gone (row) VALUES (?)", (row,))
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
        name = "published" if published else "seen"
        return [row for (row,) in self._each(f"SELECT row FROM articles WHERE {name} < ? ORDER BY row", (moment,))]  # noqa: S608

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        for name in names:
            self._run("INSERT INTO boilerplate (name) VALUES (?)", (file.signed(name),))

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return [file.unsigned(name) for (name,) in self._each("SELECT name FROM boilerplate")]

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        found = self._one("SELECT total(kept = 0), total(kept != 0), total(copies) FROM articles")
        kept, stored, dropped = map(int, found or (0, 0, 0))
        return kept, stored, dropped

    def size(self) -> int:
        """Bytes of the file, and of its log."""
        parts = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def verify(self) -> list[str]:
        """Checks the file's structure, and every row by its checksums."""
        problems = [str(found) for (found,) in self._each("PRAGMA integrity_check(20)") if found != "ok"]
        known = {row for (row,) in self._each("SELECT row FROM articles WHERE kept = 0")}
        self._db.text_factory = lambda data: data.decode("utf-8", "replace")  # damaged names are told, and not raised
        for row in self._each("SELECT * FROM articles ORDER BY row"):
            try:
                again = file.row_of(*file.parts_of(row))
            except (ValueError, TypeError, zlib.error):
                again = ()
            if again[-1:] != row[-1:] or row[5] != file.state_of(row[0], *row[2:5]):
                problems.append(f"row {row[0]}: the checksum does not match")
            elif row[2] and row[2] not in known:
                problems.append(f"row {row[0]}: is a copy of row {row[2]}, which is not kept")
        return problems

    def compact(self) -> None:
        """Gives the room of forgotten rows back to the file system, and builds the tables without them."""
        with self.write():
            self._run("DELETE FROM gone WHERE number < (SELECT max(number) FROM gone)")
        self._run("VACUUM")
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        self._forget()
        self.refresh()

    def close(self) -> None:
        """Closes the file."""
        if os.getpid() == self._pid:
            self._db.close()
