"""CSV and TSV: a header, then one row a record, kept as its bytes came."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from dedup.errors import InputError, NoTextField
from dedup.formats import Damaged, blocks
from dedup.readers import InFile, Job, Row
from dedup.sources import BATCH_BYTES

DELIMITERS: Final = ",;\t"
"""What may stand between the cells of a .csv file; the one that its header has most of."""

_QUOTED: Final = re.compile(rb'"[^"]*"')

_NEWLINE: Final = ord("\n")
_QUOTE: Final = ord('"')

_EPOCH: Final = 9
"""Digits from which a date is a moment since 1970; `20240131` is a day."""


class _Line(NamedTuple):
    """A physical line: its number, where it starts, and its bytes without the end."""

    number: int
    start: int
    data: bytes


class _Cells(NamedTuple):
    """The cells of a row; the number of its first line, where that starts, and how many bytes the row has. `valid`: these are
    UTF-8.
    """

    cells: list[str]
    number: int
    start: int
    size: int
    valid: bool = True


class _TooLong(Exception):
    """A row goes on beyond the limit; its quote may never have been closed."""


class Delimited(InFile):
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
        self._blocks = blocks(job.opened.stream, job.limits.record_bytes, BATCH_BYTES)
        self._block = b""
        # of the next line: its place in the block, its number, where it starts
        self._at, self._number, self._start = 1, 1, 0
        self._tries, self._cut = 0, False
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
        found: list[Row] = []
        size = 0
        try:
            for row in self._records():
                if not self._names:
                    self._begin(row.cells)
                elif not row.valid:
                    self._job.aside(row.number, "not_utf8", "the row holds bytes that are not UTF-8")
                elif len(row.cells) != len(self._names):
                    self._job.aside(row.number, "not_a_row", f"{len(row.cells)} cells under {len(self._names)} columns")
                else:
                    found.append((row.number, row.start, row.size, self._record(row.cells), None))
                    size += row.size
                if size >= BATCH_BYTES:
                    yield found
                    found, size = [], 0
        except Damaged:
            yield found
            raise
        yield found

    def _records(self) -> Iterator[_Cells]:
        """The cells of every row; of the header `_taken` has the lines. What is no row is set aside."""
        while True:
            if self._names and not self._again:
                yield from self._quick()
            self._taken = []
            try:
                cells = next(csv.reader(self._feed(), delimiter=self.delimiter, strict=True), None)
            except (csv.Error, _TooLong) as error:
                first, *others = self._taken
                if not self._names:
                    raise InputError(self._job.path, f"its header cannot be read: {error}") from error
                self._again.extendleft(reversed(others))
                self._job.aside(first.number, "too_long" if isinstance(error, _TooLong) else "not_a_row", str(error))
                continue
            if cells is None:
                return
            if cells:
                first, last = self._taken[0], self._taken[-1]
                size = last.start + len(last.data) - first.start
                yield _Cells(cells, first.number, first.start, size, all(_is_utf8(line.data) for line in self._taken))
            else:
                self.blank += 1

    def _quick(self) -> Iterator[_Cells]:
        """The rows that end in the block in hand, up to the first that cannot be read. Tried twice a block, so that time stays
        linear: first with lines joined up to one with an even number of quotes before its end, which mostly are a row (where they
        are not, that is an error, and never another row), then with single ones.
        """
        while self._at > len(self._block):
            if not self._fill():
                return
        if self._tries == 2:
            return
        self._tries += 1
        data, at, number, start = self._block[self._at :] + b"\n", self._at, self._number, self._start
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
        counts = np.arange(1, len(ends) + 1)
        if self._tries == 1:
            even = np.searchsorted(np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE), ends) % 2 == 0
            ends, counts = ends[even], counts[even]
        heads, tails, numbers = [0, *(ends + 1).tolist()], (ends + 1).tolist(), counts.tolist()
        rows = (data[head:tail].decode() for head, tail in zip(heads, tails, strict=False))
        reader = csv.reader(rows, delimiter=self.delimiter, strict=True)
        try:
            for cells in reader:
                begin, tail = self._at - at, tails[reader.line_num - 1]
                if tail - 1 - begin > self._job.limits.record_bytes:
                    return
                row = _Cells(cells, self._number, start + begin, tail - 1 - begin)
                self._at, self._number, self._start = at + tail, number + numbers[reader.line_num - 1], start + tail
                if cells:
                    yield row
                else:
                    self.blank += 1
        except (csv.Error, UnicodeDecodeError):
            return

    def _feed(self) -> Iterator[str]:
        while (line := self._line()) is not None:
            self._taken.append(line)
            if line.start + len(line.data) - self._taken[0].start > self._job.limits.record_bytes:
                raise _TooLong(f"over {self._job.limits.record_bytes} bytes; a quote may be missing")
            yield line.data.decode(errors="replace") + "\n"

    def _line(self) -> _Line | None:
        """The next physical line, None at the end."""
        if self._again:
            return self._again.popleft()
        while self._at > len(self._block):
            if not self._fill():
                return None
        end = self._block.find(b"\n", self._at)
        line = _Line(self._number, self._start, self._block[self._at : end if end >= 0 else len(self._block)])
        self._at, self._number, self._start = (
            self._at + len(line.data) + 1,
            self._number + 1,
            self._start + len(line.data) + 1,
        )
        return line

    def _fill(self) -> bool:
        """Takes the next block in hand; False at the end."""
        longest = self._job.limits.record_bytes
        if self._cut:
            self._job.aside(self._number, "too_long", f"over {longest} bytes")
            self._number += 1
        block = next(self._blocks, None)
        self._cut = block is not None and block.too_long
        if block is None:
            return False
        if self._spool:
            self._spool.append(block.data)
        self.volume += len(block.data)
        self._block, self._at = (b"", 1) if block.whole is None else (block.whole, 0)
        self._start, self._tries = block.start, 0
        return True

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
        for name in self._texts:
            if record[name]:
                break
        else:
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


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


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
