"""A store in one file (SQLite): one row an article; keys in memory, read when it is opened."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from dedup.entries import Entry, Keys, Packed
from dedup.errors import IndexDamaged, IndexMismatch, StoreError
from dedup.stores import Opening
from dedup.tables import Chunk, Tables

log = logging.getLogger("dedup")

APPLICATION: Final = 0x64647570
"""`ddup`, in the header of the file."""

VERSION: Final = 1
"""Of the file's format."""

BUSY: Final = 60.0
"""Seconds that a writer waits for another one."""

_CHUNK: Final = 10_000
"""Rows are read into memory in chunks of this many."""

_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "ceph", "glusterfs", "lustre"}
)
"""File systems over a network, on which several machines cannot lock a SQLite file safely."""

SCHEMA: Final = (
    "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE articles (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kept INTEGER NOT NULL,"
    " copies INTEGER NOT NULL, lost INTEGER NOT NULL, state INTEGER NOT NULL, seen REAL NOT NULL, published REAL,"
    " site TEXT, near BLOB NOT NULL, held BLOB NOT NULL, pieces BLOB NOT NULL, facts TEXT NOT NULL,"
    " body BLOB NOT NULL, checksum BLOB NOT NULL)",
    "CREATE INDEX articles_id ON articles (id)",
    "CREATE INDEX articles_kept ON articles (kept) WHERE kept != 0",
    "CREATE TABLE gone (number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL)",
    "CREATE TABLE boilerplate (number INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER NOT NULL)",
)

_TABLES: Final = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'sqlite_sequence'"

_ENTRY: Final = "row, id, kept, copies, lost, seen, published, site, facts, body"


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
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._create(opening)
        self.header = _checked(self.path, self.uri, opening)
        self._pid = os.getpid()
        self._db = self._connect(opening.durability)
        self._pending: dict[int, tuple[Entry, Packed]] = {}
        self._counts: dict[int, tuple[int, int]] = {}
        self._last = self._gone = self._learned = 0
        self._version = -1
        self.tables = Tables(self._limits, self._held)
        self._forget()
        self.refresh()

    def _create(self, opening: Opening) -> None:
        if not opening.create:
            raise StoreError(self.uri, "no such file")
        if not self.path.parent.is_dir():
            raise StoreError(self.uri, f"there is no folder {self.path.parent}")
        if _file_system(self.path.parent) in _NETWORK:
            log.warning("%s lies on a network file system, where locks of SQLite cannot be relied on", self.path)
        db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("BEGIN IMMEDIATE")
            if (
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            ):  # another process may have been faster
                db.execute(f"PRAGMA application_id={APPLICATION}")
                db.execute(f"PRAGMA user_version={VERSION}")
                for statement in SCHEMA:
                    db.execute(statement)
                db.executemany("INSERT INTO header VALUES (?, ?)", sorted(opening.header.items()))
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(self.uri, f"cannot be made: {error}") from error
        finally:
            db.close()

    def _connect(self, durability: str) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        db.execute(f"PRAGMA synchronous={'FULL' if durability == 'power' else 'NORMAL'}")
        return db

    def _run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if os.getpid() != self._pid:
            raise StoreError(self.uri, "was opened in another process; open it anew in each")
        try:
            return self._db.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.DatabaseError) -> StoreError:
        damaged = type(error) is sqlite3.DatabaseError
        return (IndexDamaged if damaged else StoreError)(self.uri, f"{error}")

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
            rows = self._run(
                "SELECT row, near, held, pieces, site FROM articles WHERE row > ? AND row <= ? ORDER BY row LIMIT ?",
                (after, last, _CHUNK),
            ).fetchall()
            if not rows:
                return
            numbers, near, held, pieces, sites = map(list, zip(*rows, strict=True))
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
        version = self._run("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return []
        self._version = version
        last = self._run("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'articles'").fetchone()[0]
        for chunk in self._chunks(self._last, last):
            self.tables.add(chunk)
            self._last = int(chunk.rows[-1])
        self._last = last
        for number, row in self._run("SELECT number, row FROM gone WHERE number > ? ORDER BY number", (self._gone,)):
            self.tables.drop(row)
            self._gone = number
        new = self._run(
            "SELECT number, name FROM boilerplate WHERE number > ? ORDER BY number", (self._learned,)
        ).fetchall()
        if new:
            self._learned = new[-1][0]
        return [_unsigned(name) for _, name in new]

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        found = []
        for row in rows:
            if row in self._pending:
                found.append(self._counted(self._pending[row][0]))
                continue
            known = self._run(f"SELECT {_ENTRY} FROM articles WHERE row = ?", (row,)).fetchone()  # noqa: S608
            if known is not None:
                found.append(self._counted(self._entry(known)))
        return found

    def _counted(self, entry: Entry) -> Entry:
        """An entry with the counts that are not written yet."""
        copies, lost = self._counts.get(entry.row, (0, 0))
        return replace(entry, copies=entry.copies + copies, lost=entry.lost + lost) if copies or lost else entry

    def _select(self, condition: str, values: Sequence[object] = ()) -> Iterator[Entry]:
        self._flush()
        for known in self._run(f"SELECT {_ENTRY} FROM articles {condition} ORDER BY row", values):  # noqa: S608
            yield self._entry(known)

    def _entry(self, known: tuple[Any, ...]) -> Entry:
        row, id, kept, copies, lost, seen, published, site, facts, body = known
        try:
            title, url, canonical = json.loads(facts)
            text = zlib.decompress(body)
        except (ValueError, TypeError, zlib.error) as error:
            raise IndexDamaged(self.uri, f"row {row} is damaged: {error}") from error
        return Entry(
            id=id,
            text=text,
            title=title,
            url=url,
            canonical_url=canonical,
            site=site,
            published=published,
            seen=seen,
            row=row,
            kept=kept,
            copies=copies,
            lost=lost,
        )

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        return list(self._select("WHERE id = ?", (id,)))

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
            rows = [_row(entry, packed) for entry, packed in self._pending.values()]
            places = ", ".join("?" * len(rows[0]))
            try:
                self._db.executemany(f"INSERT INTO articles VALUES ({places})", rows)  # noqa: S608
            except sqlite3.DatabaseError as error:
                raise self._told(error) from error
            self._pending.clear()
        counts, self._counts = self._counts, {}
        for row, (copies, lost) in counts.items():
            self._change(row, None, copies, lost)

    def _change(self, row: int, kept: int | None, copies: int, lost: int) -> None:
        known = self._run("SELECT kept, copies, lost FROM articles WHERE row = ?", (row,)).fetchone()
        if known is None:
            return
        values = (known[0] if kept is None else kept, known[1] + copies, known[2] + lost)
        self._run(
            "UPDATE articles SET kept = ?, copies = ?, lost = ?, state = ? WHERE row = ?",
            (*values, _state(row, *values), row),
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
        return [row for (row,) in self._run(f"SELECT row FROM articles WHERE {name} < ? ORDER BY row", (moment,))]  # noqa: S608

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        for name in names:
            self._run("INSERT INTO boilerplate (name) VALUES (?)", (_signed(name),))

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return [_unsigned(name) for (name,) in self._run("SELECT name FROM boilerplate")]

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        found = self._run("SELECT total(kept = 0), total(kept != 0), total(copies) FROM articles")
        kept, stored, dropped = map(int, found.fetchone())
        return kept, stored, dropped

    def size(self) -> int:
        """Bytes of the file, and of its log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def verify(self) -> list[str]:
        """Checks the file's structure, and every row by its checksums."""
        problems = [str(found) for (found,) in self._run("PRAGMA integrity_check(20)") if found != "ok"]
        known = {row for (row,) in self._run("SELECT row FROM articles WHERE kept = 0")}
        for row in self._run("SELECT * FROM articles ORDER BY row"):
            try:
                again = _row(*_parts(row))
            except (ValueError, TypeError, zlib.error):
                again = ()
            if again[-1:] != row[-1:] or row[5] != _state(row[0], *row[2:5]):
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


def _facts(entry: Entry) -> str:
    return json.dumps((entry.title, entry.url, entry.canonical_url), separators=(",", ":"))


def _row(entry: Entry, packed: Packed, body: bytes | None = None) -> tuple[Any, ...]:
    """An entry as a row of the table."""
    id = entry.id.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    site = None if entry.site is None else entry.site.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    body = zlib.compress(entry.text, 1) if body is None else body
    facts = _facts(entry)
    numbers = (entry.row, entry.kept, entry.copies, entry.lost)
    check = blake2b(digest_size=8)
    for part in (
        struct.pack("<qd", entry.row, entry.seen),
        repr(entry.published).encode(),
        id.encode(),
        (site or "").encode(),
    ):
        check.update(struct.pack("<q", len(part)) + part)
    for part in (*packed, facts.encode(), body):
        check.update(struct.pack("<q", len(part)) + part)
    return (
        entry.row,
        id,
        *numbers[1:],
        _state(*numbers),
        entry.seen,
        entry.published,
        site,
        *packed,
        facts,
        body,
        check.digest(),
    )


def _parts(row: tuple[Any, ...]) -> tuple[Entry, Packed, bytes]:
    """What a row of the table was made of."""
    number, id, kept, copies, lost, _, seen, published, site, near, held, pieces, facts, body, _ = row
    title, url, canonical = json.loads(facts)
    entry = Entry(
        id=id,
        text=b"",
        title=title,
        url=url,
        canonical_url=canonical,
        site=site,
        published=published,
        seen=seen,
        row=number,
        kept=kept,
        copies=copies,
        lost=lost,
    )
    return entry, (near, held, pieces), body


def _state(row: int, kept: int, copies: int, lost: int) -> int:
    return zlib.crc32(f"{row},{kept},{copies},{lost}".encode())


def _signed(name: int) -> int:
    return name - (1 << 64) if name >= 1 << 63 else name


def _unsigned(name: int) -> int:
    return name & 0xFFFFFFFFFFFFFFFF


def _checked(path: Path, uri: str, opening: Opening) -> dict[str, str]:
    """The header of an index, which must be whole, of this format, and made by the same settings. Nothing is changed.

    Raises IndexDamaged and IndexMismatch.
    """
    with path.open("rb") as file:
        start = file.read(100)
    if len(start) < 100 or not start.startswith(b"SQLite format 3\0"):
        raise IndexDamaged(uri, "is no index: not a SQLite file")
    application, version = (int.from_bytes(start[at : at + 4], "big") for at in (68, 60))
    if application != APPLICATION:
        raise IndexDamaged(uri, "is no index: a SQLite file of another application")
    if version != VERSION:
        raise IndexDamaged(uri, f"has format {version}; this version of dedup reads format {VERSION}")
    page = int.from_bytes(start[16:18], "big")
    page = 65536 if page == 1 else page
    pages, size = int.from_bytes(start[28:32], "big"), path.stat().st_size
    wal = path.with_name(path.name + "-wal")
    logged = wal.exists() and wal.stat().st_size > 0
    if not logged and size != pages * page:
        raise IndexDamaged(uri, f"is cut or damaged: {size} bytes, {pages * page} expected")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY)
    try:
        db.execute("PRAGMA trusted_schema=OFF")
        found = tuple(sql for (sql,) in db.execute(_TABLES))
        if sorted(found) != sorted(SCHEMA):
            raise IndexDamaged(uri, "is no index: its tables are others")
        held = dict(db.execute("SELECT name, value FROM header").fetchall())
    except sqlite3.Error as error:
        raise IndexDamaged(uri, f"cannot be read: {error}") from error
    finally:
        db.close()
    for name in sorted({*opening.header, *held} - opening.free):
        asked, has = (known.get(name, "nothing") for known in (opening.header, held))
        if asked != has:
            raise IndexMismatch(uri, name, asked, has)
    return held


def _file_system(folder: Path) -> str:
    """The type of the file system that a folder lies on, as Linux names it; empty where that is not known."""
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    place = str(folder.resolve())
    for line in mounts:
        point, name = line.split(" ")[1:3]
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind
