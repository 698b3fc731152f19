"""Tables (data frames, datasets) -> rows; only a batch of their texts is there as Python strings at a time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from dedup.errors import InputError, NoTextField
from dedup.fields import Article, Essentials, Fields
from dedup.model import Place, Quarantined
from dedup.signatures import encode
from dedup.sources import BATCH_BYTES, Facts, Rows, Taken, article_of, take

PART: Final = 256
"""Columns are read in parts of so many rows."""

_NAMELESS: Final = Fields().identity(None, {}, b"")


class Table(Protocol):
    """Columns of equal length; only those whose name is a string count. Values are plain: None where unknown, dates as
    `datetime` or `date`, numbers and strings as Python has them.
    """

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def rows(self) -> int:
        """How many rows it has."""

    @property
    def columns(self) -> Mapping[str, bool]:
        """The names of the columns in order, each with whether its values may hold others (mappings, lists, objects)."""

    @property
    def labels(self) -> Sequence[str]:
        """How all columns are called, for messages."""

    def part(self, start: int, stop: int, names: Sequence[str]) -> list[list[Any]]:
        """The values of some columns in the rows from `start` to before `stop`."""

    def cell(self, row: int, name: str) -> Any:
        """One value."""


class Row(Mapping[str, Any]):
    """A row of a table as a record; a value is read when it is asked for."""

    def __init__(self, table: Table, at: int) -> None:
        self._table = table
        self._at = at

    def __getitem__(self, name: str) -> Any:
        if name not in self._table.columns:
            raise KeyError(name)
        return self._table.cell(self._at, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.columns)

    def __len__(self) -> int:
        return len(self._table.columns)


T_co = TypeVar("T_co", bound=Table, covariant=True)


class TableSource(Generic[T_co]):
    """The rows of a table as records. `positions` i64: the place in the table of every row that has a text, from 0. `unread`:
    the ids of those that have none, by their place in the table, where they have an id or a URL.
    """

    def __init__(self, table: T_co, fields: Fields) -> None:
        self.table = table
        self.name = table.name
        self._fields = fields
        self.positions = array("q")
        self.unread: dict[int, str] = {}
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = self.passed_over = 0
        self.volume = 0
        self.doubled: dict[int, int] = {}
        self.unfinished = 0

    def batches(self) -> Iterator[Rows]:
        """The texts and titles of all rows in order. Raises NoTextField where no column holds texts, InputError where all of
        its values are of another kind.
        """
        texts = self._columns(self._fields.text)
        if self.table.rows and not texts:
            raise NoTextField(self.name, self.table.labels, self._fields.text)
        rows, size = Rows([], []), 0
        for taken in self._taken(", ".join(texts)):
            data = encode(taken.text)
            rows.texts.append(data)
            rows.titles.append(self.facts.add(taken.record, data, taken.values))
            size += len(data)
            if size >= BATCH_BYTES:
                self.volume += size
                yield rows
                rows, size = Rows([], []), 0
        self.volume += size
        strange = [q for q in self.quarantined if q.reason != "no_text"]
        if not self.positions and strange:
            first = strange[0]
            raise InputError(
                self.name, f"no row has a text in {', '.join(texts)}: row {first.place.line}: {first.detail}"
            )
        yield rows

    def _taken(self, texts: str) -> Iterator[Taken]:
        """The rows that have a text; the others are set aside. `texts`: the columns that hold texts, for messages."""
        fields, essentials = self._fields, Essentials(self._fields)
        parts = (fields.text, fields.id, fields.published, fields.title, fields.site, fields.url)
        names = list(dict.fromkeys(name for part in parts for name in self._columns(part)))
        for start in range(0, self.table.rows, PART):
            columns = self.table.part(start, min(start + PART, self.table.rows), names)
            for at, cells in enumerate(zip(*columns, strict=True), start):
                record = dict(zip(names, cells, strict=True))
                taken = take(record, essentials, fields)
                if isinstance(taken, Taken):
                    taken.values[1] = _whole(taken.values[1])
                    self.positions.append(at)
                    yield taken
                    continue
                reason, detail = taken
                detail = f"no value in {texts}" if reason == "no_text" else detail
                self.quarantined.append(Quarantined(Place(self.name, at + 1), reason, detail))
                name = fields.identity(_whole(essentials(record)[1]), record, b"")
                if name != _NAMELESS:
                    self.unread[at] = name

    def _columns(self, names: Sequence[str]) -> list[str]:
        """The columns that hold a part of an article which goes by these names, or hold what holds it (`a` for `a.b`)."""
        known = self.table.columns
        plain = [name for name in names if name in known]
        outer = [name.partition(".")[0] for name in names if "." in name]
        return list(dict.fromkeys([*plain, *(name for name in outer if known.get(name, False))]))

    @property
    def expected(self) -> int:
        """How many rows the table has."""
        return self.table.rows

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""
        return article_of(self.facts.ids[row], self.record(row), self._fields, doubled=row in self.doubled)

    def raw(self, row: int) -> bytes:
        """The values of a row as Python shows them."""
        return encode(repr(dict(self.record(row))))

    def record(self, row: int) -> Row:
        """The row as a mapping."""
        return Row(self.table, self.positions[row])

    def place(self, row: int) -> Place:
        """The number of a row in the table, from 1."""
        return Place(self.name, self.positions[row] + 1)

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""
        return 0, place.line

    @property
    def records(self) -> int:
        """How many rows were read, those set aside included."""
        return len(self.positions) + len(self.quarantined)


def _whole(value: object) -> object:
    """A number without its `.0`: a column of whole numbers of which one is missing holds floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
