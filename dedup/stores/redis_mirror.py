"""What a process knows of an index in Redis: the records and keys of all rows, kept up with what others write."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.entries import Entry
from dedup.errors import IndexDamaged
from dedup.key_chunk import Chunk
from dedup.packing import rooms
from dedup.settings import Limits
from dedup.stores.redis_rows import CHANGE, CHUNK, RECORD, sizes_of, split
from dedup.stores.redis_scripts import CHUNKS
from dedup.tables import Tables

NONCE: Final = 8
"""Bytes that name a commit."""

_STATES: Final = ("kept", "copies", "lost", "here", "check")


class Mirror:
    """Rows 1 to `last`, at a `version` of the index; -1: nothing is known yet.

    `fresh`: names of boilerplate that came in and were not told yet. `aged`: rows that are older than `ttl` seconds, and count as
    forgotten from then on, though nobody has written it yet.
    """

    def __init__(self, uri: str, limits: Limits, ttl: float | None) -> None:
        self._uri, self._ttl = uri, ttl
        self.generation, self.version, self.nonce = 0, -1, b""
        self.last = 0
        self.rows: NDArray[Any] = np.zeros(CHUNK, RECORD)
        self.copies: dict[int, list[int]] = {}
        self.sites: list[str] = []
        self.codes: dict[str, int] = {}
        self.names: set[int] = set()
        self.fresh: list[int] = []
        self.aged: set[int] = set()
        self.alive = 0
        self._oldest = math.inf
        self.tables = Tables(limits)

    # What others wrote

    def known(self) -> list[Any]:
        """What `redis_scripts.LOOK` is asked with, behind epoch and token."""
        keys, names = self.size_before(self.last + 1), 8 * len(self.names)
        place = (self.last, keys, names, len(self.sites))
        return [self.version, self.nonce, self.generation, *place, RECORD.itemsize, CHUNK, CHUNKS]

    def take(self, news: Sequence[Any]) -> bool:
        """Takes in an answer of `LOOK`; returns whether there is nothing more. Raises IndexDamaged."""
        last, articles = int(news[3]), int(news[4])
        self.sites += [name.decode("utf-8", "surrogatepass") for name in news[7]]
        self.codes = {name: code for code, name in enumerate(self.sites, 1)}
        names = np.frombuffer(news[6], "<u8").tolist()
        self.names.update(names)
        self.fresh += names
        for change in news[5]:
            self._change(np.frombuffer(change, CHANGE, offset=NONCE))
            self.nonce = change[:NONCE]
        for i in range(0, len(news[8]), 3):
            self._load(int(news[8][i]), news[8][i + 1], news[8][i + 2], last, articles)
        self.generation, self.version = int(news[1]), int(news[2])
        if self.last == last and self.alive + len(self.aged) != articles:
            raise IndexDamaged(
                self._uri, f"there are {articles:,} articles, and {self.alive + len(self.aged):,} rows of them"
            )
        return self.last == last

    def _change(self, changes: NDArray[Any]) -> None:
        for change in changes[changes["row"] <= self.last]:
            row = int(change["row"])
            if row in self.aged:
                if not change["here"]:
                    self.aged.remove(row)
                continue
            if self.rows[row]["here"] and not change["here"]:
                self.lose(row)
            elif change["here"]:
                self.keep_for(row, int(change["kept"]))
            for name in _STATES:
                self.rows[row][name] = change[name]

    def _load(self, n: int, data: bytes, keys: bytes, last: int, articles: int) -> None:
        """Takes in the rows of chunk n behind those that are known."""
        first, end = self.last + 1, min((n + 1) * CHUNK, last)
        if data or keys:
            if len(data) != (end - self.last) * RECORD.itemsize:
                raise IndexDamaged(self._uri, f"chunk {n} has {len(data)} bytes of rows: it is cut")
            records = np.frombuffer(data, RECORD)
            chunk = self.split(records, keys, first)
            self.grow(end)
            self.rows[first : end + 1] = records
            if self.alive == 0:
                self.tables.reserve(chunk, articles)
            self.tables.add(chunk)
            here = records["here"] == 1
            self.alive += int(here.sum())
            self._oldest = min(self._oldest, float(records["seen"][here].min(initial=math.inf)))
            for i in np.flatnonzero(here & (records["kept"] != 0)).tolist():
                self.copies.setdefault(int(records["kept"][i]), []).append(first + i)
        elif end < (n + 1) * CHUNK:
            raise IndexDamaged(self._uri, f"chunk {n} is gone")
        self.grow(end)
        self.last = end

    def up_to_here(self, n: int, data: bytes | None, keys: bytes | None) -> tuple[bytes, bytes]:
        """Records and keys of chunk n as the server has them now, without those of rows that are not known here."""
        data, keys = data or b"", keys or b""
        most = (self.last - n * CHUNK) * RECORD.itemsize
        if len(data) <= most:
            return data, keys
        return data[:most], keys[: _room(np.frombuffer(data[:most], RECORD))]

    def split(self, records: NDArray[Any], keys: bytes, first: int) -> Chunk:
        """The rows of a part of a chunk (`redis_rows.split`). Raises IndexDamaged."""
        try:
            return split(records, keys, first, self.sites)
        except ValueError as error:
            raise IndexDamaged(self._uri, f"the keys of the rows from {first} on are damaged: {error}") from error

    def grow(self, row: int) -> None:
        """Makes room for rows up to this one."""
        while row >= len(self.rows):
            self.rows = np.concatenate((self.rows, np.zeros(len(self.rows), RECORD)))

    def size_before(self, row: int) -> int:
        """The bytes of the keys that stand before those of a row in its chunk."""
        return _room(self.rows[(row - 1) // CHUNK * CHUNK + 1 : row])

    def continues(self, before: Mirror) -> bool:
        """Whether what was known before is a part of this, and no row is another one now."""
        if before.last > self.last or not before.names <= self.names:
            return False
        ours, theirs = self.rows[: before.last + 1], before.rows[: before.last + 1]
        here = ours["here"] == 1
        return all(bool((ours[name] == theirs[name])[here].all()) for name in ("id", "site", "seen"))

    # What is done here

    def append(self, records: NDArray[Any], sites: Sequence[str | None]) -> range:
        """Takes entries in as the next rows, whose keys are in the tables already, or will be; `records`: without their sites."""
        rows = range(self.last + 1, self.last + 1 + len(records))
        self.grow(rows.stop)
        known = self.rows[rows.start : rows.stop]
        known[:] = records
        known["kept"] = 0
        known["site"] = [0 if site is None else self.code(site) for site in sites]
        self.last = rows.stop - 1
        self.alive += len(rows)
        self._oldest = min(self._oldest, float(records["seen"].min(initial=math.inf)))
        for i in np.flatnonzero(records["kept"]).tolist():
            self.keep_for(rows[i], int(records["kept"][i]))
        return rows

    def code(self, site: str) -> int:
        """The number of a site, which is new or not."""
        if site not in self.codes:
            self.sites.append(site)
            self.codes[site] = len(self.sites)
        return self.codes[site]

    def keep_for(self, row: int, kept: int) -> None:
        """Another row is kept for this one; 0: it is kept itself."""
        before = int(self.rows[row]["kept"])
        self._unlist(row, before)
        self.rows[row]["kept"] = kept
        if kept:
            held = self.copies.setdefault(kept, [])
            held.append(row)
            held.sort()

    def _unlist(self, row: int, kept: int) -> None:
        held = self.copies.get(kept, [])
        if row in held:
            held.remove(row)
            if not held:
                del self.copies[kept]

    def lose(self, row: int) -> None:
        """Forgets a row that is here."""
        self._unlist(row, int(self.rows[row]["kept"]))
        self.rows[row]["here"] = 0
        self.alive -= 1
        self.tables.drop(row)

    def age(self) -> None:
        """Forgets the rows that are too old, and their copies."""
        if self._ttl is None or self._oldest >= time.time() - self._ttl:
            return
        known = self.rows[: self.last + 1]
        here = known["here"] == 1
        old = here & (known["seen"] < time.time() - self._ttl)
        old |= here & (known["kept"] != 0) & old[np.minimum(known["kept"], self.last)]
        for row in np.flatnonzero(old).tolist():
            self.lose(row)
            self.aged.add(row)
        self._oldest = float(known["seen"][here & ~old].min(initial=math.inf))

    # What is asked

    def here(self, row: int) -> bool:
        """Whether there is such a row, not forgotten."""
        return 0 < row <= self.last and bool(self.rows[row]["here"])

    def now(self, entry: Entry) -> Entry:
        """An entry with what changes in it as it stands."""
        record = self.rows[entry.row]
        kept, copies, lost = int(record["kept"]), int(record["copies"]), int(record["lost"])
        if (kept, copies, lost) == (entry.kept, entry.copies, entry.lost):
            return entry
        return entry._replace(kept=kept, copies=copies, lost=lost)

    def where(self, name: str, test: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> list[int]:
        """The rows, not forgotten, of which a part of the record passes a test."""
        known = self.rows[: self.last + 1]
        found: list[int] = np.flatnonzero((known["here"] == 1) & test(known[name])).tolist()
        return found

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        known = self.rows[: self.last + 1]
        here = known[known["here"] == 1]
        kept = int((here["kept"] == 0).sum())
        return kept, len(here) - kept, int(here["copies"].sum())


def _room(records: NDArray[Any]) -> int:
    """Bytes of the keys of rows."""
    return int(rooms(sizes_of(records)).sum())
