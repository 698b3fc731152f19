"""The file of a store in SQLite: how it is made, checked before anything is done to it, and what a row of it is."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from dedup import zstd
from dedup.entries import Entry
from dedup.errors import IndexDamaged, StoreError
from dedup.json_values import escaped
from dedup.outputs import sync
from dedup.stores import Opening, compared, sqlite_keys
from dedup.stores.sqlite_connection import only_read, unlocked

log = logging.getLogger("dedup")

APPLICATION: Final = 0x64647570
"""`ddup`, in the header of the file."""

VERSION: Final = 3
"""Of the file's format."""

PAGE: Final = 16384
"""Bytes of a page; of 4,096, a row of an article leaves a third empty."""

_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "ceph", "glusterfs", "lustre"}
)
"""File systems over a network, on which several machines cannot lock a SQLite file safely."""

SCHEMA: Final = (
    "CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE articles (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kept INTEGER NOT NULL,"
    " copies INTEGER NOT NULL, lost INTEGER NOT NULL, state INTEGER NOT NULL, seen REAL NOT NULL, published REAL,"
    " site TEXT, facts TEXT NOT NULL, body BLOB NOT NULL, checksum BLOB NOT NULL)",
    "CREATE INDEX articles_id ON articles (id)",
    "CREATE INDEX articles_kept ON articles (kept) WHERE kept != 0",
    sqlite_keys.TABLE,
    "CREATE TABLE gone (number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL)",
    "CREATE TABLE boilerplate (number INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL)",
)

_OWN: Final = "CREATE TABLE sqlite_sequence(name,seq)"
"""What SQLite itself adds to the schema."""

_SUM: Final = "checksum"
"""The name in the header that a checksum of all others stands under."""

_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
"""A space in the list of mounts."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

COLUMNS: Final = "row, id, kept, copies, lost, seen, published, site, facts, body"


def create(path: Path, uri: str, opening: Opening) -> None:
    """Makes the file: it is there whole, or not at all. Raises StoreError."""
    if not opening.create:
        raise StoreError(uri, "no such file")
    if not path.parent.is_dir():
        raise StoreError(uri, f"there is no folder {path.parent}")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".dedup-") as folder:
            whole = Path(folder, path.name)
            _fill(whole, opening)
            _move(whole, path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(uri, f"cannot be made: {error}") from error


def _fill(path: Path, opening: Opening) -> None:
    """Makes the file, with its header and no rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size={PAGE}")
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"PRAGMA application_id={APPLICATION}")
        db.execute(f"PRAGMA user_version={VERSION}")
        for statement in SCHEMA:
            db.execute(statement)
        header = {**opening.header, _SUM: _sum(opening.header)}
        db.executemany("INSERT INTO header VALUES (?, ?)", sorted(header.items()))
        db.execute("COMMIT")
        db.execute(
            "PRAGMA journal_mode=WAL"
        )  # not before: what does not fit on a full disk would be left in the log, silently


def _move(whole: Path, path: Path) -> None:
    """Puts a whole file in its place, where another process may have been faster: then that one stays."""
    try:
        path.hardlink_to(whole)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            whole.rename(path)


def warn_of_network(path: Path) -> None:
    """Logs a warning for a file on a network file system."""
    if _file_system(path.parent) in _NETWORK:
        log.warning("%s lies on a network file system, where locks of SQLite cannot be relied on", path)


def entry_of(known: tuple[Any, ...], uri: str) -> Entry:
    """The entry of a row (its `COLUMNS`). Raises IndexDamaged."""
    row, id, kept, copies, lost, seen, published, site, facts, body = known
    try:
        title, url, canonical = json.loads(facts)
        text = zstd.unpacked(body)
    except (ValueError, TypeError, zstd.Damage) as error:
        raise IndexDamaged(uri, f"row {row} is damaged: {error}; `dedup index verify` tells more") from error
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


def facts_of(entry: Entry) -> str:
    """What is known of an entry beside its text, id, dates and site, as JSON."""
    return escaped((entry.title, entry.url, entry.canonical_url))


def row_of(row: int, entry: Entry, body: bytes) -> tuple[Any, ...]:
    """An entry, its text packed, as a row of the table."""
    id = plain(entry.id)
    site = None if entry.site is None else plain(entry.site)
    facts = facts_of(entry)
    numbers = (entry.kept, entry.copies, entry.lost)
    check = _digest(
        row,
        id.encode(),
        entry.seen,
        entry.published,
        None if site is None else site.encode(),
        facts.encode(),
        body,
    )
    state = sum_of(row, *numbers)
    return (row, id, *numbers, state, entry.seen, entry.published, site, facts, body, check)


def sound(row: tuple[Any, ...]) -> bool:
    """Whether a row of the table, with its text as bytes, is what its checksums say."""
    number, id, kept, copies, lost, state, *lasting, check = row
    try:
        return state == sum_of(number, kept, copies, lost) and bool(check == _digest(number, id, *lasting))
    except (TypeError, struct.error):
        return False


def _digest(row: int, id: bytes, seen: float, published: float | None, site: bytes | None, *parts: bytes) -> bytes:
    """A checksum of what does not change in a row."""
    date = b"" if published is None else struct.pack("<d", published)
    parts = (date, id, b"" if site is None else b"s" + site, *parts)
    return blake2b(b"".join((struct.pack("<qd5q", row, seen, *map(len, parts)), *parts)), digest_size=8).digest()


def plain(name: str) -> str:
    """A name as SQLite holds it: lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    return _SURROGATE.sub("\ufffd", name)


def sum_of(*numbers: int) -> int:
    """A checksum of numbers: of what changes in a row (its number, `kept`, `copies`, `lost`), or of a name of boilerplate."""
    return zlib.crc32(struct.pack(f"<{len(numbers)}q", *numbers))


def _sum(header: dict[str, str]) -> str:
    """A checksum of a header."""
    return blake2b(json.dumps(sorted(header.items())).encode(), digest_size=8).hexdigest()


def signed(name: int) -> int:
    """64 bits as SQLite holds them."""
    return name - (1 << 64) if name >= 1 << 63 else name


def unsigned(name: int) -> int:
    """The reverse of `signed`."""
    return name & 0xFFFFFFFFFFFFFFFF


def checked(path: Path, uri: str, opening: Opening) -> dict[str, str]:
    """The header of an index, which must be whole, of this format, and made by the same settings. Nothing is changed.

    Raises StoreError, IndexDamaged and IndexMismatch.
    """
    try:
        with unlocked(path) as free:
            if free:  # else SQLite has it open, and found it whole
                _check_bytes(path, uri)
    except OSError as error:
        raise StoreError(uri, error.strerror or str(error)) from error
    try:
        with only_read(path) as db:
            application, version = (
                db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            _check_form(uri, application, version)
            found = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master")]
            if len(found) != len(SCHEMA) + 1 or {*found} != {*SCHEMA, _OWN}:
                raise IndexDamaged(uri, "is no index: its tables are others")
            held = dict(db.execute("SELECT name, value FROM header").fetchall())
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _unread(uri, error) from error
    texts = all(isinstance(part, str) for pair in held.items() for part in pair)
    if not texts or held.pop(_SUM, None) != _sum(held):
        raise IndexDamaged(uri, "its header is damaged")
    compared(uri, opening, held)
    return held


def _check_bytes(path: Path, uri: str) -> None:
    """What the bytes of a file tell before SQLite is let at it."""
    with path.open("rb") as file:
        start = file.read(100)
    if not start:
        raise IndexDamaged(uri, "is empty: no index; remove it to have one made in its place")
    if len(start) < 100 or not start.startswith(b"SQLite format 3\0"):
        raise IndexDamaged(uri, "is no index: not a SQLite file")
    application, version = (int.from_bytes(start[at : at + 4], "big") for at in (68, 60))
    _check_form(uri, application, version)
    for wait in (0.0, 0.01, 0.1):  # another process may be about to move its log into the file
        time.sleep(wait)
        size, expected = _sizes(path)
        if size == expected:
            return
    raise IndexDamaged(uri, f"is cut or damaged: {size} bytes, {expected} expected")


def _check_form(uri: str, application: int, version: int) -> None:
    if application != APPLICATION:
        raise IndexDamaged(uri, "is no index: a SQLite file of another application")
    if version != VERSION:
        raise IndexDamaged(uri, f"has format {version}; this version of dedup reads format {VERSION}")


def _unread(uri: str, error: Exception) -> StoreError:
    """What to say when SQLite cannot read a file: it may be damaged, or in use, or nothing can be written beside it."""
    if "readonly" in str(error) or "unable to open" in str(error):
        return StoreError(
            uri, f"cannot be opened: {error}; SQLite keeps its log beside the file: copy it to a folder of yours"
        )
    if "disk I/O error" in str(error) or "disk is full" in str(error):
        return StoreError(uri, f"cannot be read: {error}; is there room on its disk?")
    kind = StoreError if "locked" in str(error) else IndexDamaged
    return kind(uri, f"cannot be read: {error}")


@contextmanager
def untouched(path: Path, uri: str) -> Iterator[None]:
    """Meanwhile a connection that ends does not move the log into the file: one that is refused stays as it is."""
    with only_read(path) as db:
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise _unread(uri, error) from error
        yield


def _sizes(path: Path) -> tuple[int, int]:
    """The bytes of the file, and those that it should have; equal where its log tells the rest."""
    with path.open("rb") as file:
        start = file.read(32)
    wal = path.with_name(path.name + "-wal")
    size = path.stat().st_size
    if wal.exists() and wal.stat().st_size > 0:
        return size, size
    page = int.from_bytes(start[16:18], "big")
    return size, int.from_bytes(start[28:32], "big") * (65536 if page == 1 else page)


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
        point = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), point)
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind
