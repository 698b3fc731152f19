"""CSV and TSV: a header, then one row a record, kept as its bytes came."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from dedup.errors import InputError, NoTextField
from dedup.formats import Damaged, blocks
from dedup.readers import Job, Row
from dedup.sources import BATCH_BYTES

DELIMITERS: Final = ",;\t"
"""What may stand between the cells of a .csv file; the one that its header has most of."""

_QUOTED: Final = re.compile(rb'"[^"]*"')

_EPOCH: Final = 9
"""Digits from which a date is a moment since 1970; `20240131` is a day."""


class _Line:
    """A physical line: its number, where it starts, its bytes without the end, and its text. `valid`: it is UTF-8."""

    __slots__ = ("data", "number", "start", "text", "valid")

    def __init__(self, number: int, start: int, data: bytes) -> None:
        self.number, self.start, self.data = number, start, data
        try:
            self.text, self.valid = data.decode() + "\n", True
        except UnicodeDecodeError:
            self.text, self.valid = data.decode(errors="replace") + "\n", False


class _TooLong(Exception):
    """A row goes on beyond the limit; its quote may never have been closed."""


class Delimited:
    """A file of rows. A row that cannot be read is set aside, and reading goes on with the next line. `header`: its bytes.
    Columns that share a name get a number behind it, the second `name_2`. Empty cells are None.
    """

    lines: Final = False
    passed: Final = 0

    def __init__(self, job: Job) -> None:
        self._job = job
        self._spool, self.file = job.kept()
        self.stable = self._spool is None
        self.volume = self.blank = 0
        self.header = b""
        self.delimiter = "\t" if job.kind == "tsv" else _delimiter(job.opened.head)
        self._names: list[str] = []
        self._texts: list[str] = []
        self._dates: list[str] = []
        self._again: deque[_Line] = deque()
        self._taken: list[_Line] = []

    @property
    def shape(self) -> object:
        """Delimiter and columns; None for a file without a header."""
        return (self.delimiter, tuple(self._names)) if self._names else None

    def rows(self) -> Iterator[list[Row]]:
        """The records of all rows below the header. Raises InputError for a header that cannot be read, NoTextField for one
        without a text.
        """
        limit = self._job.limits.record_bytes
        csv.field_size_limit(max(csv.field_size_limit(), limit))  # of the whole process; never lowered
        source = self._physical()
        found: list[Row] = []
        size = 0
        try:
            for cells in self._records(source):
                row = self._row(cells)
                if row is not None:
                    found.append(row)
                    size += row[2]
                if size >= BATCH_BYTES:
                    yield found
                    found, size = [], 0
        except Damaged:
            yield found
            raise
        yield found

    def _row(self, cells: list[str]) -> Row | None:
        """Takes a row in, of which `_taken` are the lines; None when it is the header, or set aside."""
        first, last = self._taken[0], self._taken[-1]
        if not self._names:
            self._begin(cells)
        elif not all(line.valid for line in self._taken):
            self._job.aside(first.number, "not_utf8", "the row holds bytes that are not UTF-8")
        elif len(cells) != len(self._names):
            self._job.aside(first.number, "not_a_row", f"{len(cells)} cells under {len(self._names)} columns")
        else:
            return first.number, first.start, last.start + len(last.data) - first.start, self._record(cells)
        return None

    def _records(self, source: Iterator[_Line]) -> Iterator[list[str]]:
        """The cells of every row, of which `_taken` are the lines; what is no row is set aside."""
        while True:
            self._taken = []
            try:
                for cells in csv.reader(self._feed(source), delimiter=self.delimiter, strict=True):
                    if cells:
                        yield cells
                    else:
                        self.blank += 1
                    self._taken.clear()
                return
            except (csv.Error, _TooLong) as error:
                first, *others = self._taken
                if not self._names:
                    raise InputError(self._job.path, f"its header cannot be read: {error}") from error
                self._again.extendleft(reversed(others))
                self._job.aside(first.number, "too_long" if isinstance(error, _TooLong) else "not_a_row", str(error))

    def _feed(self, source: Iterator[_Line]) -> Iterator[str]:
        held = 0
        while True:
            line = self._again.popleft() if self._again else next(source, None)
            if line is None:
                return
            held = held + len(line.data) + 1 if self._taken else len(line.data)
            self._taken.append(line)
            if held > self._job.limits.record_bytes:
                raise _TooLong(f"over {self._job.limits.record_bytes} bytes; a quote may be missing")
            yield line.text

    def _physical(self) -> Iterator[_Line]:
        number = 0
        for block in blocks(self._job.opened.stream, self._job.limits.record_bytes, BATCH_BYTES):
            if self._spool:
                self._spool.append(block.data)
            self.volume += len(block.data)
            at = block.start
            for line in block.lines:
                number += 1
                yield _Line(number, at, line)
                at += len(line) + 1
            if block.too_long:
                number += 1
                self._job.aside(number, "too_long", f"over {self._job.limits.record_bytes} bytes")

    def _begin(self, cells: list[str]) -> None:
        """Takes the header in."""
        fields = self._job.fields
        self.header = b"\n".join(line.data for line in self._taken)
        self._names = unlike(cells)
        self._texts = [name for name in fields.text if name in self._names]
        self._dates = [name for name in (*fields.published, *fields.modified) if name in self._names]
        if not self._texts:
            raise NoTextField(self._job.path, self._names, fields.text)

    def _record(self, cells: list[str]) -> dict[str, Any]:
        record: dict[str, Any] = dict(zip(self._names, [cell or None for cell in cells], strict=True))
        if not any(record[name] for name in self._texts):
            record[self._texts[0]] = ""
        for name in self._dates:
            value = record[name]
            if value and len(value) >= _EPOCH and value.isascii() and value.isdigit():
                record[name] = int(value)
        return record

    def parse(self, raw: bytes) -> dict[str, Any]:
        """The record of a row."""
        try:
            return self._record(self.cells(raw))
        except (csv.Error, StopIteration) as error:
            raise ValueError(str(error)) from error

    def cells(self, raw: bytes) -> list[str]:
        """The cells of a row, or of the header."""
        return next(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=self.delimiter, strict=True))

    def row(self, cells: list[str]) -> bytes:
        """Cells as a row without its end."""
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return out.getvalue().encode()

    def changed(self, raw: bytes, text: str) -> bytes:
        """The bytes of a row with another text."""
        cells = self.cells(raw)
        cells[self._names.index(self._job.fields.text_name(self._record(cells)))] = text
        return self.row(cells) + _ending(raw)

    def with_cell(self, raw: bytes, cell: str) -> bytes:
        """The bytes of a row, or of the header, with one cell more at its end."""
        end = _ending(raw)
        return raw.removesuffix(end) + self.delimiter.encode() + self.row([cell, ""])[:-1] + end


def _ending(raw: bytes) -> bytes:
    return b"\r" if raw.endswith(b"\r") else b""


def _delimiter(head: bytes) -> str:
    line = _QUOTED.sub(b"", head.lstrip().split(b"\n", 1)[0])
    return max(DELIMITERS, key=lambda mark: line.count(mark.encode()))


def unlike(names: list[str]) -> list[str]:
    """The names of columns, with a number behind those that were there before.

    >>> unlike(["a", "a", "b", "a"])
    ['a', 'a_2', 'b', 'a_3']
    """
    found: list[str] = []
    taken = set(names)
    for name in names:
        unused, number = name, 2
        while unused in found or (unused != name and unused in taken):
            unused, number = f"{name}_{number}", number + 1
        found.append(unused)
    return found
