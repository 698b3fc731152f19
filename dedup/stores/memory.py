"""A store that lives as long as its process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from dedup.entries import Entry, Keys, Packed
from dedup.errors import StoreError
from dedup.stores import Opening
from dedup.tables import Chunk, Tables

_CHUNK: Final = 10_000
"""Rows are entered anew in chunks of this many."""


class MemoryStore:
    """Entries in a dictionary (see `stores.Store`)."""

    def __init__(self, opening: Opening) -> None:
        if opening.rest:
            raise StoreError("memory:" + opening.rest, "a store in memory has no name: write memory:")
        self.uri = "memory:"
        self.header = opening.header
        self._limits = opening.limits
        self._entries: dict[int, Entry] = {}
        self._keys: dict[int, Packed] = {}
        self._rows: dict[str, list[int]] = {}
        self._copies: dict[int, list[int]] = {}
        self._names: set[int] = set()
        self._last = 0
        self._undo: list[Callable[[], object]] = []
        self.tables = Tables(self._limits, self._held)

    def _held(self) -> Iterator[Chunk]:
        rows = list(self._keys)
        for i in range(0, len(rows), _CHUNK):
            part = rows[i : i + _CHUNK]
            near, held, pieces = zip(*map(self._keys.__getitem__, part), strict=True)
            yield Chunk.packed(part, (list(near), list(held), list(pieces)), [self._entries[row].site for row in part])

    @contextmanager
    def write(self) -> Iterator[None]:
        """What is raised in the block undoes what was done in it."""
        self._undo.clear()
        try:
            yield
        except BaseException:
            while self._undo:
                self._undo.pop()()
            self._entries, self._keys = dict(sorted(self._entries.items())), dict(sorted(self._keys.items()))
            for rows in (*self._rows.values(), *self._copies.values()):
                rows.sort()
            self._fill()
            raise

    def _fill(self) -> None:
        self.tables = Tables(self._limits, self._held)
        for chunk in self._held():
            self.tables.add(chunk)

    def refresh(self) -> list[int]:
        """Nobody else writes here."""
        return []

    def ahead(self, entries: Sequence[Entry], keys: Sequence[Keys]) -> None:
        """All is at hand."""

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        return [self._entries[row] for row in rows if row in self._entries]

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        return self.get(self._rows.get(id, ()))

    def copies(self, row: int) -> list[Entry]:
        """The stored copies of a row, the earliest first."""
        return self.get(self._copies.get(row, ()))

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first."""
        yield from list(self._entries.values())

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row."""
        row = self._last = self._last + 1
        self._put(replace(entry, row=row), keys.packed)
        self._undo.append(lambda: self._take(row))
        self.tables.add_row(row, keys, entry.site)
        return row

    def _put(self, entry: Entry, keys: Packed) -> None:
        self._entries[entry.row] = entry
        self._rows.setdefault(entry.id, []).append(entry.row)
        if entry.kept:
            self._copies.setdefault(entry.kept, []).append(entry.row)
        self._keys[entry.row] = keys

    def _take(self, row: int) -> tuple[Entry, Packed]:
        entry = self._entries.pop(row)
        _remove(self._rows, entry.id, row)
        _remove(self._copies, entry.kept, row)
        self.tables.drop(row)
        return entry, self._keys.pop(row)

    def _exchange(self, entry: Entry) -> None:
        """Another entry under the same row and keys."""
        _remove(self._copies, self._entries[entry.row].kept, entry.row)
        self._entries[entry.row] = entry
        if entry.kept:
            self._copies.setdefault(entry.kept, []).append(entry.row)

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows."""
        for row in rows:
            entry, keys = self._take(row)
            self._undo.append(lambda entry=entry, keys=keys: self._put(entry, keys))  # type: ignore[misc]

    def update(self, row: int, *, kept: int | None = None, copies: int = 0, lost: int = 0) -> None:
        """Changes an entry."""
        entry = self._entries[row]
        self._exchange(
            replace(
                entry,
                kept=entry.kept if kept is None else kept,
                copies=entry.copies + copies,
                lost=entry.lost + lost,
            )
        )
        self._undo.append(lambda: self._exchange(entry))

    def older(self, moment: float, *, published: bool) -> list[int]:
        """The rows that were added, or are dated, before a moment."""
        dates = {row: e.published if published else e.seen for row, e in self._entries.items()}
        return [row for row, date in dates.items() if date is not None and date < moment]

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        new = set(names) - self._names
        self._names |= new
        self._undo.append(lambda: self._names.difference_update(new))

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return sorted(self._names)

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        kept = sum(not entry.kept for entry in self._entries.values())
        return kept, len(self._entries) - kept, sum(entry.copies for entry in self._entries.values())

    def size(self) -> int:
        """None of the disk."""
        return 0

    def verify(self) -> list[str]:
        """Memory is not checked."""
        return []

    def compact(self) -> None:
        """Builds the tables without the rows that were forgotten."""
        self._fill()

    def close(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._keys.clear()
        self._rows.clear()
        self._copies.clear()
        self._fill()


def _remove(table: dict[Any, list[int]], name: object, row: int) -> None:
    """Takes a row out of the list of this name; a list that is empty then goes."""
    held = table.get(name, [])
    if row in held:
        held.remove(row)
        if not held:
            del table[name]
