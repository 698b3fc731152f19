"""What an index in Redis keeps of each row, as bytes: a record of fixed width, its keys, and the article.

Records and keys are what every process that uses the index has in its memory; they are read in chunks of `CHUNK` rows. Articles
are read when they are compared.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup import zstd
from dedup.entries import Entry
from dedup.key_log import Chunk, Sites
from dedup.key_table import WIDTH, Digest
from dedup.keys import Keys, Packed

CHUNK: Final = 1024
"""Rows whose records stand in one string, and their keys in another one."""

CHANGES: Final = np.dtype([("kept", "<u4"), ("copies", "<u4"), ("lost", "<u4"), ("here", "<u2"), ("check", "<u4")])
"""What changes in a row: see `Entry`; `here`: 1 while it is not forgotten; `check`: a CRC of these and the row's number."""

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
    return zlib.crc32(_encoded(id))


def check_of(row: int, record: Any) -> int:
    """The CRC of what changes in a row."""
    return zlib.crc32(struct.pack("<5q", row, *(int(record[name]) for name in ("kept", "copies", "lost", "here"))))


def changed(row: int, record: Any) -> bytes:
    """What changes in a row, as it stands at the beginning of its record."""
    values = tuple(int(record[name]) for name in ("kept", "copies", "lost", "here"))
    return np.array([(*values, check_of(row, record))], CHANGES).tobytes()


def split(records: NDArray[Any], data: bytes, first: int, sites: list[str]) -> Chunk:
    """The rows of a part of a chunk that are not forgotten, with their keys; `first`: the number of its first row. Raises
    ValueError where the two do not fit together.
    """
    sizes = np.column_stack([records[name] for name in KINDS]).astype(np.int64)
    if int(sizes.sum()) * WIDTH != len(data):
        raise ValueError(f"{len(data)} bytes of keys, {int(sizes.sum()) * WIDTH} expected")
    if len(records) and int(records["site"].max()) > len(sites):
        raise ValueError("a site without a name")
    whole = Digest.unpacked(data)
    kinds = np.repeat(np.tile(np.arange(len(KINDS), dtype=np.uint8), len(records)), sizes.ravel())
    here = records["here"] == 1
    used = np.repeat(np.repeat(here, len(KINDS)), sizes.ravel())
    own = [Digest(whole.places[use], whole.tags[use]) for use in ((kinds == kind) & used for kind in range(len(KINDS)))]
    return Chunk(
        (np.flatnonzero(here) + first).astype(np.uint32),
        Keys(own[0], own[1], own[2]),
        tuple(sizes[here].T),
        Sites(sites, records["site"][here].astype(np.int32)),
    )


def article_of(entry: Entry, packed: Packed, body: bytes) -> bytes:
    """What is kept of an entry beside its record and its keys, with a checksum of all that does not change in it."""
    facts = (entry.id, entry.title, entry.url, entry.canonical_url, entry.site)
    written = _encoded(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
    rest = struct.pack("<I", len(written)) + written + body
    published = math.nan if entry.published is None else entry.published
    return _checksum(entry.row, entry.seen, published, packed, rest) + rest


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
    near, held = int(record["near"]) * WIDTH, int(record["held"]) * WIDTH
    packed = keys[:near], keys[near : near + held], keys[near + held :]
    code = int(record["site"])
    rest = data[_CHECKSUM:]
    return (
        data[:_CHECKSUM] == _checksum(row, entry.seen, float(record["published"]), packed, rest)
        and int(record["id"]) == tag_of(entry.id)
        and code <= len(sites)
        and entry.site == (sites[code - 1] if code else None)
    )


def problems(first: int, data: bytes, keys: bytes, articles: list[bytes | None], sites: list[str]) -> list[str]:
    """What is damaged of the rows of a chunk, `first` being the number of the first one, in words."""
    if len(data) % RECORD.itemsize:
        return [f"rows from {first} on: cut"]
    records = np.frombuffer(data, RECORD)
    found = []
    start = 0
    for row, (record, article) in enumerate(zip(records, articles, strict=False), first):
        end = start + WIDTH * sum(int(record[name]) for name in KINDS)
        if not record["here"]:
            if article is not None or (record != _NEVER and record["check"] != check_of(row, record)):
                found.append(f"row {row}: is forgotten, and not as it was left")
        elif article is None:
            found.append(f"row {row}: has no article")
        elif record["check"] != check_of(row, record) or not whole(row, record, keys[start:end], article, sites):
            found.append(f"row {row}: the checksum does not match")
        start = end
    if start != len(keys):
        found.append(f"rows from {first} on: {len(keys)} bytes of keys, {start} expected")
    return found


def slim(records: NDArray[Any], keys: bytes) -> tuple[bytes, bytes] | None:
    """Records and keys without the keys of rows that are forgotten; None where there are none."""
    sizes = np.column_stack([records[name] for name in KINDS]).sum(axis=1, dtype=np.int64)
    gone = records["here"] == 0
    if not np.any(sizes[gone]):
        return None
    left = np.frombuffer(keys, f"V{WIDTH}")[np.repeat(~gone, sizes)].tobytes()
    without = records.copy()
    for name in KINDS:
        without[name][gone] = 0
    return without.tobytes(), left


def _checksum(row: int, seen: float, published: float, packed: Packed, rest: bytes) -> bytes:
    head = struct.pack("<qdd3q", row, seen, published, *map(len, packed))
    return blake2b(head + b"".join(packed) + rest, digest_size=_CHECKSUM).digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
