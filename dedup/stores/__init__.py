"""Where an index keeps its articles: a store is opened by a URI, and holds entries and their keys, nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, Protocol

from dedup.entries import Entry
from dedup.errors import IndexMismatch, StoreError
from dedup.keys import Keys, Lot
from dedup.settings import Limits
from dedup.tables import Tables

GROUP: Final = "dedup.stores"
"""The group of entry points that stores of other packages are found by; the name of the entry point is the scheme."""

BUILT_IN: Final = {
    "memory": "dedup.stores.memory:MemoryStore",
    "redis": "dedup.stores.redis:RedisStore",
    "rediss": "dedup.stores.redis:secure",
    "sqlite": "dedup.stores.sqlite:SqliteStore",
}

_SECRET: Final = re.compile(r"//.*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a store is opened with. `rest`: the URI behind its scheme. `header`: what the index is made by (scheme, bands, ...),
    which the store keeps when it is new, and compares when it is not, but for the `free` names. `create`: whether a new one
    may be made. `limits`: of keys. `durability`: `process` (survives the end of the process) or `power` (the loss of power,
    too).
    """

    rest: str
    header: dict[str, str]
    free: frozenset[str]
    limits: Limits
    create: bool = True
    durability: str = "process"


class Store(Protocol):
    """Holds the entries of an index. All calls come from one thread at a time.

    Rows are numbers from 1 that are never used twice; an entry with `kept` is a copy that is stored to be compared again
    should a better one arrive. `tables` knows the keys of all. What changes between `write()` and its end becomes visible, and
    lasting, at once, or not at all; nobody else writes meanwhile. Neither `write()` nor `read()` is called within one of them:
    one that is still open then was left so by an interrupt, and is undone first. `uri` is shown, so it has no password in it.
    """

    uri: str
    header: dict[str, str]

    @property
    def tables(self) -> Tables:
        """The keys of all rows."""

    def write(self) -> AbstractContextManager[None]:
        """One change of the store, which ends with the block; whatever is raised in it undoes all of it."""

    def read(self) -> AbstractContextManager[None]:
        """What is read in the block, `refresh` first, is of one moment, whatever others write meanwhile."""

    def refresh(self) -> list[int]:
        """Takes in what others wrote; returns new names of boilerplate. Called first in `write` and `read`."""

    def ahead(self, entries: Sequence[Entry], keys: Lot) -> None:
        """Gets ready for these entries, which will be looked up and perhaps added. Outside of a change."""

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows, in their order; rows that are gone are left out."""

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""

    def copies(self, row: int) -> list[Entry]:
        """The stored copies that this row is kept for, the earliest first."""

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first; the store may change between two of them."""

    def prepared(self, entries: list[Entry]) -> list[Entry]:
        """The entries with what can be done before it is known whether they are stored (their `body`); threads may do it."""

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row; it is proposed by its keys from now on."""

    def admit(self, entries: Sequence[Entry], keys: Lot, first: int) -> range:
        """Stores entries, of which the keys are those from `first` on, up to the first one that something in the store may have
        to do with (`Tables.admit`); returns their rows. A store may leave all of them to `add`.
        """

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows; those that are gone are left out."""

    def update(self, row: int, *, kept: int | None = None, copies: int = 0, lost: int = 0) -> None:
        """Gives a row another `kept`, and so many more `copies` and `lost` ones; nothing for a row that is gone."""

    def older(self, moment: float, *, published: bool) -> list[int]:
        """The rows that were added (or, with `published`, are dated) before a moment."""

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""

    def note(self, name: str, value: str | None) -> None:
        """Keeps a value under a name; None forgets it."""

    def notes(self) -> dict[str, str]:
        """All values that are kept."""

    def count(self) -> tuple[int, int, int]:
        """How many articles are kept, how many copies are stored beside them, and how many copies were dropped in all."""

    def size(self) -> int:
        """Bytes of disk."""

    def verify(self) -> list[str]:
        """What is damaged, in words; nothing when all is well."""

    def compact(self) -> None:
        """Gives the room of forgotten rows back."""

    def close(self) -> None:
        """Ends the use of the store."""


def open_store(uri: str, opening: Callable[[str], Opening]) -> Store:
    """The store that a URI names: `memory:`, `sqlite:seen.db`, `redis://host/0?prefix=news`, or one of another package.
    `opening` is given what stands behind the colon. Raises StoreError.
    """
    if not isinstance(uri, str):
        raise StoreError(repr(uri), "no URI of a store: write sqlite:seen.db or memory:")
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise StoreError(shown(uri), f"no URI of a store: write sqlite:{uri or 'seen.db'} or memory:")
    others = {point.name: point for point in entry_points(group=GROUP)}
    if scheme in BUILT_IN:
        module, _, name = BUILT_IN[scheme].partition(":")
        kind = getattr(import_module(module), name)
    elif scheme in others:
        kind = others[scheme].load()
    else:
        raise StoreError(
            shown(uri), f"no store is called {scheme!r}; there are {', '.join(sorted({*BUILT_IN, *others}))}"
        )
    store: Store = kind(opening(rest))
    return store


def shown(uri: str) -> str:
    """A URI as it may be printed: without the user and the password.

    >>> shown("redis://:secret@host:6379/0?prefix=news")
    'redis://host:6379/0?prefix=news'
    """
    return _SECRET.sub("//", uri, count=1)


def compared(uri: str, opening: Opening, held: dict[str, str]) -> None:
    """Raises IndexMismatch where an index was made by other settings than it is opened with."""
    for name in sorted({*opening.header, *held} - opening.free):
        asked, has = (known.get(name, "nothing") for known in (opening.header, held))
        if asked != has:
            raise IndexMismatch(uri, name, asked, has)
