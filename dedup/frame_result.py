"""Decisions about the rows of a table -> a table of the kept ones, and a table of what became of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from dedup.batch import Decider
from dedup.result import Outcome
from dedup.settings import Settings
from dedup.shapes import reach
from dedup.sources import once
from dedup.table_source import Table, TableSource

F = TypeVar("F")

Changes = dict[str, dict[int, Any]]
"""Values that are exchanged, by column, then by row of the table."""


class Maker(Table, Protocol):
    """A table that others of its kind can be made from."""

    def chosen(self, rows: Sequence[int], changes: Mapping[str, Mapping[int, Any]]) -> Any:
        """These rows of the table, in rising order, with other values in some."""

    def made(self, columns: Mapping[str, tuple[type, Sequence[Any]]]) -> Any:
        """A new table: columns by name, of `int`, `float` or `str`, with None where a value is missing."""


class FrameResult(Outcome, Generic[F]):
    """What a run decided about the rows of a data frame. Rows are numbered from 0, as `iloc` does; a `Place` counts from 1."""

    def __init__(self, source: TableSource[Maker], decider: Decider, settings: Settings, seconds: float) -> None:
        super().__init__(source, decider, settings, seconds)
        self._rows = source

    @property
    def kept_rows(self) -> list[int]:
        """The numbers of the rows to keep, in order."""
        return [self._rows.positions[row] for row in self._decisions.kept.tolist()]

    @cached_property
    def kept(self) -> F:
        """The rows to keep, in order, as a frame of the kind that was given: with its columns, types and index. Where a text
        holds a body twice it is given with each body once, unless `pages` are kept; all else is as it was.
        """
        frame: F = self._rows.table.chosen(self.kept_rows, self._changes())
        return frame

    @cached_property
    def decisions(self) -> F:
        """What became of every row, in order, as a frame of the kind that was given; one of pandas has its index.

        `row`: its number; `id` (missing for a row with neither text nor id); `status`: kept, removed or quarantined;
        `duplicate_of`, `duplicate_of_row`: id and number of the row that is kept for a removed one, `relation`, `resemblance`
        and `containment` to it; `reason`: why it was removed or set aside.
        """
        rows, facts = self._rows.table.rows, self._source.facts
        ids: list[str | None] = [self._rows.unread.get(row) for row in range(rows)]
        for row, name in zip(self._rows.positions, facts.ids, strict=True):
            ids[row] = name
        status, reason = ["kept"] * rows, _nothing(rows)
        of, of_row, relation, resemblance, containment = (_nothing(rows) for _ in range(5))
        for set_aside in self.quarantined:
            row = set_aside.place.line - 1
            status[row], reason[row] = "quarantined", f"{set_aside.reason}: {set_aside.detail}"
        for removed in self.iterate_removed():
            row = removed.place.line - 1
            status[row], reason[row], relation[row] = "removed", removed.reason, removed.relation
            of[row], of_row[row] = removed.duplicate_of, removed.kept_place.line - 1
            resemblance[row], containment[row] = removed.resemblance, removed.containment
        frame: F = self._rows.table.made(
            {
                "row": (int, range(rows)),
                "id": (str, ids),
                "status": (str, status),
                "duplicate_of": (str, of),
                "duplicate_of_row": (int, of_row),
                "relation": (str, relation),
                "resemblance": (float, resemblance),
                "containment": (float, containment),
                "reason": (str, reason),
            }
        )
        return frame

    def _changes(self) -> Changes:
        """The texts of kept rows that are given back with each body once."""
        fields, changes = self.settings.fields, Changes()
        for row in self._decisions.kept.tolist():
            if not self.changed(row):
                continue
            record = self._source.record(row)
            cleaned = once(record, fields)
            if cleaned is not record:
                name = fields.text_name(record)
                column = name if record.get(name) is not None else name.partition(".")[0]
                changes.setdefault(column, {})[self._rows.positions[row]] = reach(cleaned, column)
        return changes


def _nothing(rows: int) -> list[Any]:
    return [None] * rows
