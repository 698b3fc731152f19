"""Keys of rows -> a row of the table `keys` in SQLite, which holds those of many articles, and back.

What is opened reads the keys of all articles and nothing else of them; so they stand together, apart from the articles.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from dedup import kernels
from dedup.errors import IndexDamaged
from dedup.key_chunk import Chunk, Sites
from dedup.key_table import EXTRA, Digest
from dedup.keys import Keys
from dedup.stores.sqlite_connection import Connection

TABLE: Final = (
    "CREATE TABLE keys (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, sites TEXT NOT NULL, numbers BLOB NOT NULL,"
    " near BLOB NOT NULL, held BLOB NOT NULL, pieces BLOB NOT NULL, checksum INTEGER NOT NULL)"
)
"""`first` to `last`: the articles; every one from 1 on has its place in one row. `sites`: names, as JSON. `numbers` u32[n, 4]:
how many keys of each kind an article has, and the number of its site among `sites`, from 1 (0: none); all zero where it was
forgotten before `compact`. `near`, `held`, `pieces`: places u32[keys], then what `Digest.lows` gives. All little-endian.
`checksum`: a CRC.
"""

INSERT: Final = "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_SELECT: Final = "SELECT * FROM keys WHERE last > ? AND first <= ? ORDER BY last"

_THERE: Final = "SELECT row FROM articles WHERE row > ? AND row <= ? ORDER BY row"

_PLACE, _LOW = np.dtype("<u4"), np.dtype("u1")

_WIDTHS: Final = tuple(_PLACE.itemsize + bool(extra) * _LOW.itemsize for extra in EXTRA)
"""Bytes of a key of each kind."""

_LONGEST: Final = 5_000
"""So many articles are read at once, about."""

_WHOLE: Final = 1_000
"""`compact` joins so many articles in a row."""


def segment_of(chunk: Chunk) -> tuple[Any, ...]:
    """A row of the table. The numbers of the articles must follow each other."""
    names, codes = chunk.sites
    numbers = np.column_stack((*chunk.sizes, codes)).astype(_PLACE).tobytes()
    blobs = [own.places.astype(_PLACE).tobytes() + own.lows(kind).tobytes() for kind, own in enumerate(chunk.keys)]
    first, last = int(chunk.rows[0]), int(chunk.rows[-1])
    sites = json.dumps(names)
    return (last, first, sites, numbers, *blobs, _sum(last, first, sites.encode(), numbers, *blobs))


def _sum(last: int, first: int, *parts: bytes) -> int:
    found = zlib.crc32(b"%d %d %d %d %d %d %d" % (last, first, *map(len, parts)))
    for part in parts:
        found = zlib.crc32(part, found)
    return found


def sound(segment: tuple[Any, ...]) -> bool:
    """Whether a row is what its checksum says."""
    last, first, sites, *blobs, checksum = segment
    try:
        return bool(_sum(last, first, sites if isinstance(sites, bytes) else sites.encode(), *blobs) == checksum)
    except (TypeError, AttributeError):
        return False


def chunk_of(segment: tuple[Any, ...]) -> Chunk:
    """The articles of a row; those that were forgotten before `compact` are left out. Raises ValueError where it is none."""
    last, first, sites, numbers, *blobs, _ = segment
    held = np.frombuffer(numbers, _PLACE).reshape(-1, 4).astype(np.int64)
    names = json.loads(sites)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("sites that have no names")
    if not 0 < first <= last == first + len(held) - 1 <= kernels.table.MOST_ROWS or held[:, 3].max() > len(names):
        raise ValueError("numbers that do not fit")
    keys = []
    for kind, blob in enumerate(blobs):
        count = int(held[:, kind].sum())
        if len(blob) != count * _WIDTHS[kind]:
            raise ValueError(f"{len(blob)} bytes of keys, {count * _WIDTHS[kind]} expected")
        lows = np.frombuffer(blob, _LOW, offset=count * _PLACE.itemsize)
        keys.append(Digest.known(np.frombuffer(blob, _PLACE, count), lows, kind))
    rows = np.arange(first, last + 1, dtype=np.uint32)
    own = Sites(names, held[:, 3].astype(np.int32))
    return Chunk(rows, Keys(*keys), tuple(held[:, :3].T), own).only(held[:, 0] > 0)


def chunks(db: Connection, uri: str, after: int, last: int) -> Iterator[Chunk]:
    """Articles behind one and up to another one, with those of some rows at once. Raises IndexDamaged where some are missing."""
    parts: list[Chunk] = []
    waiting = 0
    at = after
    for segment in db.each(_SELECT, (after, last)):
        try:
            chunk = chunk_of(segment)
        except (TypeError, ValueError) as error:
            raise IndexDamaged(uri, f"articles {segment[1]} to {segment[0]} have damaged keys: {error}") from error
        if not sound(segment):
            raise IndexDamaged(
                uri, f"articles {segment[1]} to {segment[0]} have damaged keys: the checksum does not match"
            )
        if not (segment[1] == at + 1 or (at == after and segment[1] <= at)):
            raise IndexDamaged(uri, f"articles {at + 1} to {segment[1] - 1} have no keys")
        at = segment[0]
        parts.append(chunk.only((chunk.rows > after) & (chunk.rows <= last)))
        waiting += len(parts[-1].rows)
        if waiting >= _LONGEST:
            yield Chunk.joined(parts)
            parts, waiting = [], 0
    if at < last:
        raise IndexDamaged(uri, f"articles {at + 1} to {last} have no keys")
    if waiting:
        yield Chunk.joined(parts)


def compact(db: Connection, uri: str) -> None:
    """Writes the table anew: without the keys of articles that are gone, and with those of many in each row."""
    after = 0
    ends = [last for (last,) in db.each("SELECT last FROM keys ORDER BY last")]
    for i, last in enumerate(ends):
        if last - after < _LONGEST and i < len(ends) - 1:
            continue
        there = np.array([row for (row,) in db.each(_THERE, (after, last))], np.uint32)
        found = [chunk.only(np.isin(chunk.rows, there)) for chunk in chunks(db, uri, after, last)]
        db.run("DELETE FROM keys WHERE last > ? AND last <= ?", (after, last))
        chunk = Chunk.joined([Chunk.none(), *found])
        for first in range(after + 1, last + 1, _WHOLE):
            end = min(first + _WHOLE - 1, last)
            db.run(INSERT, segment_of(_filled(chunk.only((chunk.rows >= first) & (chunk.rows <= end)), first, end)))
        after = last


def _filled(part: Chunk, first: int, last: int) -> Chunk:
    """With places for the articles between that are gone."""
    rows = np.arange(first, last + 1, dtype=np.uint32)
    places = part.rows.astype(np.int64) - first
    sizes = tuple(np.zeros(len(rows), np.int64) for _ in range(3))
    for whole, own in zip(sizes, part.sizes, strict=True):
        whole[places] = own
    codes = np.zeros(len(rows), np.int32)
    codes[places] = part.sites.codes
    return Chunk(rows, part.keys, sizes, Sites(part.sites.names, codes))
