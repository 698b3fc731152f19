"""Articles that may become rows of an index in Redis -> what is sent of them, made before anybody has to wait for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from dedup import zstd
from dedup.entries import Entry
from dedup.keys import Lot
from dedup.packing import Packed, packed
from dedup.stores import redis_rows as rows_

_LOT: Final = 100
"""Texts that a thread compresses at once. A batch with more of them has `_THREADS` do it, while keys are packed."""

_THREADS: Final = 2


class Parcel(NamedTuple):
    """A row that is not sent yet, but for its number. `article`: by `redis_rows.article_of`; empty while it is not made."""

    entry: Entry
    packed: Packed
    article: bytes = b""


class Parcels:
    """Entries `first` and on of a lot, and what is sent of each; the articles of those that are `likely` to become rows."""

    def __init__(self, entries: Sequence[Entry], keys: Lot, first: int, likely: Collection[int]) -> None:
        self._entries, self._keys, self._first = entries, keys, first
        self._places = {id(entry): i for i, entry in enumerate(entries)}
        self._bodies = [entry.body for entry in entries]
        missing = [i for i in likely if not entries[i].body]
        lots = [missing[i : i + _LOT] for i in range(0, len(missing), _LOT)]
        with ThreadPoolExecutor(_THREADS) as pool:  # which starts no thread for nothing
            compress = pool.map if len(lots) > 1 else map
            compressed = compress(zstd.packed, ([entries[i].text for i in lot] for lot in lots))
            self._packed = packed(keys, first, first + len(entries))
            self._records = rows_.records_of(entries, self._packed)
            for lot, bodies in zip(lots, compressed, strict=True):
                for i, body in zip(lot, bodies, strict=True):
                    self._bodies[i] = body
        self._articles = [b""] * len(entries)
        for i in likely:
            self._articles[i] = rows_.article_of(entries[i], self._packed[i], self._bodies[i])

    def hold(self, keys: Lot, first: int, count: int) -> bool:
        """Whether so many entries of a lot are here, from `first` on."""
        return keys is self._keys and self._first <= first and first + count <= self._first + len(self._entries)

    def part(self, first: int, count: int) -> tuple[NDArray[Any], list[Parcel]]:
        """The records (`redis_rows.records_of`) of entries that are here, and what is sent of them."""
        own = slice(first - self._first, first - self._first + count)
        parts = zip(self._entries[own], self._packed[own], self._articles[own], strict=True)
        return self._records[own], [Parcel(*part) for part in parts]

    def body(self, entry: Entry) -> bytes:
        """The text of an entry, compressed; empty where that was not done."""
        place = self._places.get(id(entry))
        return entry.body if place is None else self._bodies[place]
