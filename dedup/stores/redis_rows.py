"""What an index in Redis keeps of each row, as bytes: a record of fixed width, its keys, and the article.

Records and keys are what every process that uses the index has in its memory; they are read in chunks of `CHUNK` rows. Articles
are read when they are compared.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup import zstd
from dedup.entries import Entry
from dedup.json_values import exact
from dedup.key_chunk import Chunk, Sites
from dedup.packing import Packed, rooms, unpacked

CHUNK: Final = 1024
"""Rows whose records stand in one string, and their keys in another one."""

CHANGES: Final = np.dtype([("kept", "<u4"), ("copies", "<u4"), ("lost", "<u4"), ("here", "<u2"), ("check", "<u4")])
"""What changes in a row: see `Entry`; `here`: 1 while it is not forgotten; `check`: a sum of these and the row's number."""

KINDS: Final = ("near", "held", "pieces")

RECORD: Final = np.dtype(
    [
        *((name, CHANGES[name]) for name in CHANGES.names or ()),
        *((name, "<u4") for name in KINDS),
        ("id", "<u4"),
        ("site", "<u4"),
        ("seen", "<f8"),
        ("published", "<f8"),
    ]
)
"""A row: what changes, how many keys of each kind it has, a CRC of its id, its site (number in the list of sites, from 1), and
its dates (`published` is no number where unknown). All zero: a row that was never written.
"""

_NEVER: Final = np.zeros((), RECORD)[()]

CHANGE: Final = np.dtype([("row", "<u4"), *((name, CHANGES[name]) for name in CHANGES.names or ())])
"""What a commit tells of a row that was there."""

_CHECKSUM: Final = 8
"""Bytes of an article's checksum (BLAKE2b)."""


def tag_of(id: str) -> int:
    """What a record knows of an id."""
    return zlib.crc32(id.encode("utf-8", "surrogatepass"))


def records_of(entries: Sequence[Entry], keys: Sequence[Packed]) -> NDArray[Any]:
    """The records of entries that become rows, without their sites."""
    unknown = math.nan
    return np.array(
        [
            (
                *(entry.kept, entry.copies, entry.lost, 1, 0),
                *own.sizes,
                tag_of(entry.id),
                0,
                entry.seen,
                unknown if entry.published is None else entry.published,
            )
            for entry, own in zip(entries, keys, strict=True)
        ],
        RECORD,
    )


def sizes_of(records: NDArray[Any]) -> NDArray[np.int64]:
    """How many keys of each kind rows have, i64[n, kinds]."""
    return np.column_stack([records[name] for name in KINDS]).astype(np.int64)


def checks_of(rows: NDArray[np.int64], records: NDArray[Any]) -> NDArray[np.uint32]:
    """What `check` should be, u32[n], by the numbers of the rows: parts are mixed in by steps that can be undone, so that
    another value of one gives another result before that is cut (constants of SplitMix64: Steele, Lea, Flood 2014).
    """
    found = rows.astype(np.uint64)
    for name in ("kept", "copies", "lost", "here"):
        found = (found ^ (found >> np.uint64(30))) * _MIX[0] + records[name].astype(np.uint64) + np.uint64(1)
        found = (found ^ (found >> np.uint64(27))) * _MIX[1]
    checks: NDArray[np.uint32] = (found ^ (found >> np.uint64(31))).astype(np.uint32)
    return checks


_MIX: Final = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


def changed(rows: Sequence[int], records: NDArray[Any]) -> list[bytes]:
    """What changes in rows, as it stands at the beginning of their records."""
    states = np.empty(len(rows), CHANGES)
    for name in CHANGES.names or ():
        states[name] = records[name]
    states["check"] = checks_of(np.array(rows, np.int64), records)
    return [state.tobytes() for state in states]


def split(records: NDArray[Any], data: bytes, first: int, sites: list[str]) -> Chunk:
    """The rows of a part of a chunk that are not forgotten, with their keys; `first`: the number of its first row. Raises
    ValueError where the two do not fit together.
    """
    sizes = sizes_of(records)
    keys = unpacked(data, sizes)
    if len(records) and int(records["site"].max()) > len(sites):
        raise ValueError("a site without a name")
    rows = np.arange(first, first + len(records), dtype=np.uint32)
    own = Sites(sites, records["site"].astype(np.int32))
    return Chunk(rows, keys, tuple(sizes.T), own).only(records["here"] == 1)


def article_of(entry: Entry, packed: Packed, body: bytes) -> bytes:
    """What is kept of an entry beside its record and its keys, before it has a row (`sealed`): a checksum of all that does not
    change in it, and the rest.
    """
    written = exact((entry.id, entry.title, entry.url, entry.canonical_url, entry.site))
    rest = struct.pack("<I", len(written)) + written + body
    published = math.nan if entry.published is None else entry.published
    return _checksum(entry.seen, published, packed, rest) + rest


def sealed(row: int, article: bytes) -> bytes:
    """What `article_of` gave as an article of this row, and of no other one: its checksum is another one in each."""
    found = int.from_bytes(article[:_CHECKSUM], "little") + row * _STEP
    return (found & _MOST).to_bytes(_CHECKSUM, "little") + article[_CHECKSUM:]


_STEP: Final = 0x9E3779B97F4A7C15

_MOST: Final = (1 << 8 * _CHECKSUM) - 1


def entry_of(row: int, record: Any, data: bytes) -> Entry:
    """An entry from its record and its article. Raises one of `DAMAGE`."""
    (length,) = struct.unpack_from("<I", data, _CHECKSUM)
    start = _CHECKSUM + 4
    id, title, url, canonical, site = json.loads(data[start : start + length].decode("utf-8", "surrogatepass"))
    published = float(record["published"])
    return Entry(
        id=id,
        text=zstd.unpacked(data[start + length :]),
        title=title,
        url=url,
        canonical_url=canonical,
        site=site,
        published=None if math.isnan(published) else published,
        seen=float(record["seen"]),
        row=row,
    )


DAMAGE: Final = (ValueError, KeyError, TypeError, struct.error, zstd.Damage)
"""What `entry_of` raises."""


def whole(row: int, record: Any, keys: bytes, data: bytes, sites: list[str]) -> bool:
    """Whether an article, its record and its keys are as they were written."""
    try:
        entry = entry_of(row, record, data)
    except DAMAGE:
        return False
    packed = Packed((int(record["near"]), int(record["held"]), int(record["pieces"])), keys)
    code = int(record["site"])
    rest = data[_CHECKSUM:]
    return (
        data == sealed(row, _checksum(entry.seen, float(record["published"]), packed, rest) + rest)
        and int(record["id"]) == tag_of(entry.id)
        and code <= len(sites)
        and entry.site == (sites[code - 1] if code else None)
    )


def problems(first: int, data: bytes, keys: bytes, articles: list[bytes | None], sites: list[str]) -> list[str]:
    """What is damaged of the rows of a chunk, `first` being the number of the first one, in words."""
    if len(data) % RECORD.itemsize:
        return [f"rows from {first} on: cut"]
    records = np.frombuffer(data, RECORD)
    sound = (records["check"] == checks_of(np.arange(first, first + len(records)), records)).tolist()
    found = []
    start = 0
    for row, record, room, article, good in zip(
        range(first, first + len(records)), records, rooms(sizes_of(records)).tolist(), articles, sound, strict=False
    ):
        end = start + room
        if not record["here"]:
            if article is not None or (record != _NEVER and not good):
                found.append(f"row {row}: is forgotten, and not as it was left")
        elif article is None:
            found.append(f"row {row}: has no article")
        elif not good or not whole(row, record, keys[start:end], article, sites):
            found.append(f"row {row}: the checksum does not match")
        start = end
    if start != len(keys):
        found.append(f"rows from {first} on: {len(keys)} bytes of keys, {start} expected")
    return found


def slim(records: NDArray[Any], keys: bytes) -> tuple[bytes, bytes] | None:
    """Records and keys without the keys of rows that are forgotten; None where there are none."""
    room = rooms(sizes_of(records))
    gone = records["here"] == 0
    if not np.any(room[gone]):
        return None
    left = np.frombuffer(keys, np.uint8)[np.repeat(~gone, room)].tobytes()
    without = records.copy()
    for name in KINDS:
        without[name][gone] = 0
    return without.tobytes(), left


def _checksum(seen: float, published: float, packed: Packed, rest: bytes) -> bytes:
    head = struct.pack("<dd3q", seen, published, *packed.sizes)
    return blake2b(head + packed.data + rest, digest_size=_CHECKSUM).digest()
