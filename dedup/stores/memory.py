"""A store that lives as long as its process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from dedup.entries import Entry
from dedup.errors import StoreError
from dedup.keys import Keys, Lot
from dedup.stores import Opening
from dedup.tables import Tables

_ID: Final = Entry._fields.index("id")
_KEPT: Final = Entry._fields.index("kept")


@dataclass
class _Change:
    """What a change did so far: the last row before it (`start`), what rows and notes were before (None: not there), the names
    that were learned in it, and the rows that it forgot.
    """

    start: int
    under_way: bool = True
    before: dict[int, tuple[Any, ...] | None] = field(default_factory=dict)
    learned: set[int] = field(default_factory=set)
    noted: dict[str, str | None] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)

    def clear(self) -> None:
        """Gives back what is needed no more."""
        for part in (self.before, self.learned, self.noted, self.left):
            part.clear()


class MemoryStore:
    """Entries in a dictionary (see `stores.Store`)."""

    def __init__(self, opening: Opening) -> None:
        if opening.rest:
            raise StoreError("memory:" + opening.rest, "a store in memory has no name: write memory:")
        self.uri = "memory:"
        self.header = opening.header
        self._limits = opening.limits
        # Parts of entries, but for the row. Python's garbage collector leaves plain tuples alone, and goes through all entries
        # that are held again and again.
        self._entries: dict[int, tuple[Any, ...]] = {}
        self._rows: dict[str, tuple[int, ...]] = {}
        self._copies: dict[int, tuple[int, ...]] = {}
        self._names: set[int] = set()
        self._notes: dict[str, str] = {}
        self._last = 0
        self._change = _Change(0, under_way=False)
        self.tables = Tables(self._limits)

    @contextmanager
    def write(self) -> Iterator[None]:
        """What is raised in the block undoes what was done in it."""
        self._settle()
        change = self._change = _Change(self._last)
        try:
            yield
            for row in change.left:
                self.tables.drop(row)
            change.under_way = False
        except BaseException:
            if change is self._change:
                self._settle()
            raise
        change.clear()

    def _settle(self) -> None:
        """Undoes the change that is under way, if there is one: every row is again as it was before. It may be interrupted, and
        goes on when it is called again.
        """
        change = self._change
        if not change.under_way:
            return
        was = {**self._entries, **change.before}
        rows: dict[str, tuple[int, ...]] = {}
        copies: dict[int, tuple[int, ...]] = {}
        held = {row: parts for row, parts in sorted(was.items()) if parts is not None}
        for row, parts in held.items():
            _enter(rows, copies, row, parts)
        self._entries, self._rows, self._copies = held, rows, copies
        self._last = max(self._last, self.tables.cut(change.start))
        for row in change.left:
            if row <= change.start:
                self.tables.take_back(row)
        self._names -= change.learned
        for name, value in change.noted.items():
            self._set(name, value)
        change.under_way = False
        change.clear()

    def _remember(self, row: int) -> None:
        """Remembers how a row is before it is changed for the first time."""
        self._change.before.setdefault(row, self._entries.get(row))

    def read(self) -> AbstractContextManager[None]:
        """Nobody else writes here."""
        self._settle()
        return nullcontext()

    def refresh(self) -> list[int]:
        """Nobody else writes here."""
        return []

    def ahead(self, entries: Sequence[Entry], keys: Lot) -> None:
        """All is at hand."""

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        return [_entry(row, self._entries[row]) for row in rows if row in self._entries]

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        return self.get(self._rows.get(id, ()))

    def copies(self, row: int) -> list[Entry]:
        """The stored copies of a row, the earliest first."""
        return self.get(self._copies.get(row, ()))

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first."""
        for row, parts in list(self._entries.items()):
            yield _entry(row, parts)

    def prepared(self, entries: list[Entry]) -> list[Entry]:
        """Texts are held as they are."""
        return entries

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row."""
        row = self._last = self._last + 1
        self._remember(row)
        self._put(row, tuple(entry))
        self.tables.add_row(row, keys, entry.site)
        return row

    def admit(self, entries: Sequence[Entry], keys: Lot, first: int) -> range:
        """Stores entries up to the first one that something here may have to do with."""
        start = self._last + 1
        sites = [entry.site for entry in entries]
        self._last += self.tables.admit(keys, first, first + len(entries), start, sites)
        rows = range(start, self._last + 1)
        for row, entry in zip(rows, entries, strict=False):
            self._change.before[row] = None
            self._put(row, tuple(entry))
        return rows

    def _put(self, row: int, parts: tuple[Any, ...]) -> None:
        self._entries[row] = parts
        _enter(self._rows, self._copies, row, parts)

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows."""
        for row in rows:
            if row not in self._entries:
                continue
            self._remember(row)
            entry = _entry(row, self._entries.pop(row))
            _remove(self._rows, entry.id, row)
            _remove(self._copies, entry.kept, row)
            self._change.left.add(row)
            self.tables.leave(row)

    def update(self, row: int, *, kept: int | None = None, copies: int = 0, lost: int = 0) -> None:
        """Changes an entry."""
        if row not in self._entries:
            return
        self._remember(row)
        entry = _entry(row, self._entries[row])
        new = entry.kept if kept is None else kept
        changed = entry._replace(kept=new, copies=entry.copies + copies, lost=entry.lost + lost)
        self._entries[row] = tuple(changed)
        if new != entry.kept:
            _remove(self._copies, entry.kept, row)
            self._copies[new] = tuple(sorted((*self._copies.get(new, ()), row)))

    def older(self, moment: float, *, published: bool) -> list[int]:
        """The rows that were added, or are dated, before a moment."""
        dates = ((e.row, e.published if published else e.seen) for e in self.entries())
        return [row for row, date in dates if date is not None and date < moment]

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        new = set(names) - self._names
        self._change.learned |= new
        self._names |= new

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return sorted(self._names)

    def note(self, name: str, value: str | None) -> None:
        """Keeps a value under a name; None forgets it."""
        self._change.noted.setdefault(name, self._notes.get(name))
        self._set(name, value)

    def _set(self, name: str, value: str | None) -> None:
        if value is None:
            self._notes.pop(name, None)
        else:
            self._notes[name] = value

    def notes(self) -> dict[str, str]:
        """All values that are kept."""
        return self._notes.copy()

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        kept = sum(not entry.kept for entry in self.entries())
        return kept, len(self._entries) - kept, sum(entry.copies for entry in self.entries())

    def size(self) -> int:
        """None of the disk."""
        return 0

    def verify(self) -> list[str]:
        """Memory is not checked."""
        return []

    def compact(self) -> None:
        """Gives the room of what was forgotten back."""
        self.tables.compact()

    def close(self) -> None:
        """Forgets everything."""
        self._entries, self._rows, self._copies = {}, {}, {}
        self.tables = Tables(self._limits)


def _entry(row: int, parts: tuple[Any, ...]) -> Entry:
    """The entry in a row."""
    return Entry._make(parts).at(row)


def _enter(
    rows: dict[str, tuple[int, ...]], copies: dict[int, tuple[int, ...]], row: int, parts: tuple[Any, ...]
) -> None:
    """Enters a row under the id, and under the row that is kept for it."""
    id, kept = parts[_ID], parts[_KEPT]
    others = rows.get(id)
    rows[id] = (row,) if others is None else (*others, row)
    if kept:
        copies[kept] = (*copies.get(kept, ()), row)


def _remove(table: dict[Any, tuple[int, ...]], name: object, row: int) -> None:
    """Takes a row out of those of this name; a name without rows goes."""
    held = tuple(other for other in table.get(name, ()) if other != row)
    if held:
        table[name] = held
    else:
        table.pop(name, None)
