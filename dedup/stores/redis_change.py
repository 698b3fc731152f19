"""One change of an index in Redis, as it is gathered and as it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from dedup import zstd
from dedup.stores import redis_rows as rows_
from dedup.stores.redis_mirror import Mirror
from dedup.stores.redis_parcels import Parcel
from dedup.stores.redis_rows import CHUNK, RECORD

_MANY: Final = CHUNK // 8
"""A string that grows has room behind it, as much as it takes itself: with so many rows at once, and with the last one of a
chunk, the server gives it back.
"""


class Part(NamedTuple):
    """Rows `first` to `end` of one chunk, as they are sent; `size`: bytes of keys that the chunk has before; `stage`: the key
    under which they were sent already.
    """

    first: int
    end: int
    size: int
    rows: bytes
    keys: bytes
    articles: list[tuple[int, bytes]]
    stage: str = ""

    @property
    def arguments(self) -> list[Any]:
        """As `redis_scripts.COMMIT` takes it."""
        n, before = divmod(self.first - 1, CHUNK)
        exact = self.end % CHUNK == 0 or self.end - self.first + 1 >= _MANY
        place = (self.stage, n, before * RECORD.itemsize, self.size, self.rows, self.keys, int(exact))
        return [*place, len(self.articles), *(value for article in self.articles for value in article)]


class Change:
    """What was done behind row `base`: rows that are `pending` or `staged` (sent, and not in their places), the names that were
    `learnt`, chunks to write `anew` (rows, keys), what was `noted`. `weight`: about the
    bytes of what is pending. `entering`: rows are on their way into the tables. False when there is nothing.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.base = mirror.last
        self.pending: dict[int, Parcel] = {}
        self.staged: list[Part] = []
        self.learnt: list[int] = []
        self.anew: dict[int, tuple[bytes, bytes]] = {}
        self.noted: dict[str, str | None] = {}
        self.weight = 0
        self.entering = False
        self._sites = len(mirror.sites)
        self._changed: set[int] = set()
        self._gone: list[int] = []

    def __bool__(self) -> bool:
        changed = self._changed or self.learnt or self.anew or self.noted or self.entering
        return self._mirror.last > self.base or bool(changed)

    def add(self, row: int, parcel: Parcel) -> None:
        """A row that is new."""
        self.pending[row] = parcel
        self.weight += len(parcel.article or parcel.entry.text) + len(parcel.packed.data)

    def touch(self, row: int) -> None:
        """A row that is another one now."""
        if row not in self.pending:
            self._changed.add(row)

    def forget(self, rows: Iterable[int]) -> None:
        """Rows that were forgotten. Of one that was not sent yet only the number is left."""
        for row in rows:
            if self.pending.pop(row, None) is not None:
                self._mirror.rows[row] = np.zeros((), RECORD)
            else:
                self._gone.append(row)
                self._changed.add(row)

    def parts(self) -> list[Part]:
        """What was added and is not sent yet, by chunks."""
        mirror, parts = self._mirror, []
        first = (self.staged[-1].end if self.staged else self.base) + 1
        self._make([row for row, parcel in self.pending.items() if not parcel.article])
        while first <= mirror.last:
            end = min((first - 1) // CHUNK * CHUNK + CHUNK, mirror.last)
            own = [(row, self.pending[row]) for row in range(first, end + 1) if row in self.pending]
            records = mirror.rows[first : end + 1]
            here = records["here"] == 1
            records["check"][here] = rows_.checks_of(np.arange(first, end + 1)[here], records[here])
            keys = b"".join(parcel.packed.data for _, parcel in own)
            articles = [(row, rows_.sealed(row, parcel.article)) for row, parcel in own]
            parts.append(Part(first, end, mirror.size_before(first), records.tobytes(), keys, articles))
            first = end + 1
        return parts

    def _make(self, rows: list[int]) -> None:
        """The articles of rows that have none yet."""
        waiting = [self.pending[row] for row in rows]
        others = iter(zstd.packed(parcel.entry.text for parcel in waiting if not parcel.entry.body))
        for row, parcel in zip(rows, waiting, strict=True):
            article = rows_.article_of(parcel.entry, parcel.packed, parcel.entry.body or next(others))
            self.pending[row] = parcel._replace(article=article)

    def sent(self, part: Part, stage: str) -> None:
        """A part was sent, and stands under this key."""
        self.staged.append(part._replace(rows=b"", keys=b"", articles=[], stage=stage))
        for row in range(part.first, part.end + 1):
            self.pending.pop(row, None)
        self.weight = 0

    def arguments(self) -> list[Any]:
        """What `redis_scripts.COMMIT` is told of the change, from the last row to the chunks to write anew."""
        mirror, changed = self._mirror, sorted(self._changed)
        states = rows_.changed(changed, mirror.rows[changed])
        told = b"".join(row.to_bytes(4, "little") + state for row, state in zip(changed, states, strict=True))
        parts = [part.arguments for part in (*self.staged, *self.parts())]
        sites = [[name.encode("utf-8", "surrogatepass")] for name in mirror.sites[self._sites :]]
        places = [divmod(row - 1, CHUNK) for row in changed]
        written = [[n, i * RECORD.itemsize, state] for (n, i), state in zip(places, states, strict=True)]
        anew = [[n, *data] for n, data in self.anew.items()]
        noted = [[name, value or ""] for name, value in self.noted.items()]
        lists = (parts, sites, written, [[row] for row in self._gone], [[n] for n in self._dead()], anew, noted)
        return [
            mirror.last,
            told,
            np.array(self.learnt, "<u8").tobytes(),
            *(value for found in lists for value in (len(found), *(v for one in found for v in one))),
        ]

    def _dead(self) -> list[int]:
        """Full chunks of which this change forgets the last row."""
        here = self._mirror.rows["here"]
        full = [n for n in sorted({(row - 1) // CHUNK for row in self._gone}) if (n + 1) * CHUNK <= self.base]
        return [n for n in full if not here[n * CHUNK + 1 : (n + 1) * CHUNK + 1].any()]
