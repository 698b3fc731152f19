"""Files of any format -> rows; only the positions of their records are kept in memory."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dedup.errors import InputError, NoTextField
from dedup.fields import Article, Essentials, Fields
from dedup.formats import Caps, Damaged, Input, open_input
from dedup.model import Place, Quarantined, QuarantineReason
from dedup.readers import Job, Reader, Row, expand, kind_of, named, reader
from dedup.settings import Limits
from dedup.signatures import encode
from dedup.sources import BATCH_BYTES, Facts, Rows, article_of, no_text
from dedup.spool import Spool, Workspace

PATIENCE: Final = 1_000
"""A file whose first records up to about this many hold no text is given up at once."""

_NOUNS: Final = {
    "json": "value",
    "csv": "row",
    "tsv": "row",
    "parquet": "row",
    "arrow": "row",
    "warc": "record",
    "pages": "page",
}


class LineSource:
    """Files of any format (`readers`), folders of pages, and standard input (`-`), read as one dump.

    Records are read again when they are wanted: from the file where they are lines or rows of a plain one, else as lines of
    JSON, or as they came, from a spool. `kind`: the format of all inputs; None: each tells its own. `paths`: what they stand
    for. `uniform`: inputs must agree in their columns, as they are to be written as one.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        fields: Fields,
        limits: Limits,
        workspace: Workspace,
        kind: str | None = None,
    ) -> None:
        self.paths = expand(paths)
        self._rank = {path: i for i, path in enumerate(self.paths)}
        self.fields = fields
        self._essentials = Essentials(fields)
        self._limits = limits
        self._caps = Caps.of(limits.file_bytes, limits.expansion, limits.record_bytes)
        self._workspace = workspace
        self._kind = kind
        self._kinds: list[str] = []
        self._opened: dict[str, Input] = {}
        self._spool: Spool | None = None
        self._stamps: list[tuple[int, int] | None] = []
        self._reading: Input | None = None
        self._behind = self._ahead = 0
        self.uniform = False
        self.readers: list[Reader] = []
        self.files = array("i")
        self.starts = array("q")
        self.sizes = array("q")
        self.numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.doubled: dict[int, int] = {}
        self.unfinished = 0

    def kinds(self) -> list[str]:
        """The formats of the inputs, in their order; found out before they are read. Raises InputError."""
        if not self._kinds:
            self._kinds = [self._kind or named(path) or self._open(path, keep=True)[1] for path in self.paths]
        return self._kinds

    def _open(self, path: str, *, keep: bool = False) -> tuple[Input, str]:
        opened = self._opened.pop(path, None) or open_input(path, self._caps)
        try:
            kind = kind_of(path, opened.head, self._kind)
        except BaseException:
            opened.__exit__()
            raise
        if keep and opened.seekable:
            opened.__exit__()
        elif keep:
            self._opened[path] = opened
        return opened, kind

    def batches(self) -> Iterator[Rows]:
        """The texts and titles of all rows in order. Raises InputError, and NoTextField for a file without any."""
        sizes = [0 if path == "-" else Path(path).stat().st_size for path in self.paths]
        self._ahead = sum(sizes)
        rows, held = Rows([], []), 0
        for path, size in zip(self.paths, sizes, strict=True):
            for found in self._read_file(path):
                rows = Rows(rows.texts + found.texts, rows.titles + found.titles) if rows.texts else found
                held += sum(map(len, found.texts))
                if held >= BATCH_BYTES // 2:
                    yield rows
                    rows, held = Rows([], []), 0
            self._reading = None
            self._behind += size
        if rows.texts:
            yield rows
        self._ahead = 0

    def _read_file(self, path: str) -> Iterator[Rows]:
        first, before = len(self.starts), len(self.quarantined)
        keys: set[str] = set()
        opened, kind = self._open(path)
        self._stamps.append(_stamp(path) if opened.seekable else None)
        with opened:
            self._reading = opened
            made = reader(self._job(path, kind, opened))
            if not made.stable:
                self._stamps[-1] = None
            self.readers.append(made)
            try:
                for rows in made.rows():
                    self._check_shape(path, made)
                    yield self._take(path, rows, keys)
                    lost = len(self.quarantined) - before
                    if first == len(self.starts) and lost > PATIENCE and keys:
                        raise NoTextField(path, keys, self.fields.text)
            except Damaged as error:
                number = self.numbers[-1] if len(self.starts) > first else 0
                number = max([number, *(q.place.line for q in self.quarantined[before:])]) + 1
                reason: QuarantineReason = "too_large" if error.oversize else "damaged"
                self._set_aside(path, number, reason, f"the rest of the file cannot be read: {error}")
        self.quarantined[before:] = sorted(self.quarantined[before:], key=lambda q: q.place.line)
        self._check_any(path, kind, self.quarantined[before:], keys, none=first == len(self.starts))

    def _check_shape(self, path: str, made: Reader) -> None:
        """Raises InputError for an input that cannot be written as one with those before it."""
        if not self.uniform or made.shape is None:
            return
        for before, other in zip(self.paths, self.readers, strict=False):
            if other.shape not in (None, made.shape):
                raise InputError(path, f"has other columns than {before}; give -o FILE.jsonl to write both")

    def _job(self, path: str, kind: str, opened: Input) -> Job:
        def aside(number: int, reason: QuarantineReason, detail: str) -> None:
            self._set_aside(path, number, reason, detail)

        return Job(path, kind, opened, self.fields, self._limits, self._workspace, self._shared, aside, self.uniform)

    def _shared(self) -> Spool:
        if self._spool is None:
            self._spool = self._workspace.spool()
        return self._spool

    def _check_any(self, path: str, kind: str, lost: list[Quarantined], keys: set[str], *, none: bool) -> None:
        """Raises NoTextField or InputError for a file of records of which none has a text."""
        if not none or not lost or any(q.reason in ("damaged", "too_long", "too_large") for q in lost):
            return
        if any(q.reason == "no_text" for q in lost):
            raise NoTextField(path, keys, self.fields.text)
        noun, first = _NOUNS.get(kind, "line"), lost[0]
        if kind == "pages":  # one among others
            return
        why = f"no {noun} is a record with a text: {noun} {first.place.line}: {first.reason}: {first.detail}"
        expected = (
            "; expected JSON Lines (one JSON object a line); --format tells another format" if noun == "line" else ""
        )
        raise InputError(path, why + expected)

    def _take(self, path: str, found: list[Row], keys: set[str]) -> Rows:
        """Takes records in; returns the texts and titles of those that have a text."""
        rows = Rows([], [])
        starts, sizes, numbers = [], [], []
        essentials, add = self._essentials, self.facts.add
        for number, start, size, record, known in found:
            try:
                values = essentials(record)
                data = values[0].encode() if known is None else known
            except (AttributeError, TypeError, UnicodeEncodeError):
                text = self._text(path, number, record, keys)
                if text is None:
                    continue
                data, values = text, essentials(record)
            rows.texts.append(data)
            rows.titles.append(add(record, data, values))
            starts.append(start)
            sizes.append(size)
            numbers.append(number)
        self.starts.extend(starts)
        self.sizes.extend(sizes)
        self.numbers.extend(numbers)
        self.files.extend([self._rank[path]] * len(starts))
        return rows

    def _text(self, path: str, number: int, record: Any, keys: set[str]) -> bytes | None:
        """The text of a record that the fast way stumbled over after all, or None when it is set aside."""
        text = self.fields.text_of(record) if isinstance(record, dict) else None
        if isinstance(text, str):
            return encode(text)
        if isinstance(record, dict) and text is None:
            keys.update(record)
        self._set_aside(path, number, *no_text(record, text))
        return None

    def _set_aside(self, path: str, number: int, reason: QuarantineReason, detail: str) -> None:
        self.quarantined.append(Quarantined(Place(path, number), reason, detail))

    @property
    def volume(self) -> int:
        """Bytes read so far, unpacked."""
        return sum(made.volume for made in self.readers)

    @property
    def blank_lines(self) -> int:
        """Lines without a record."""
        return sum(made.blank for made in self.readers)

    @property
    def passed_over(self) -> int:
        """Records of archives that are no articles."""
        return sum(made.passed for made in self.readers)

    def read(self, file: int, start: int, size: int) -> bytes:
        """A stretch of an input (by its number), as it came (unpacked), or as it was spooled."""
        handle = self.readers[file].file
        handle.seek(start)
        return handle.read(size)

    def raw(self, row: int) -> bytes:
        """The line of a row, as it came or was spooled."""
        return self.readers[self.files[row]].raw(self.numbers[row], self.starts[row], self.sizes[row])

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""
        return article_of(self.facts.ids[row], self.record(row), self.fields, doubled=row in self.doubled)

    def record(self, row: int) -> Mapping[str, Any] | str:
        """The line of a row, parsed anew."""
        try:
            found: dict[str, Any] = self.readers[self.files[row]].parse(self.raw(row))
        except ValueError:  # it was a record when it was read first
            self.check_unchanged()
            raise
        return found

    def place(self, row: int) -> Place:
        """File and number of a row: its line, or its row or record."""
        return Place(self.paths[self.files[row]], self.numbers[row])

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""
        return self._rank[place.source], place.line

    @property
    def records(self) -> int:
        """How many records there were, those set aside included."""
        return len(self.starts) + len(self.quarantined)

    @property
    def expected(self) -> int:
        """About how many rows there will be, by the share of the files that was read so far; 0 where nobody can tell."""
        if "-" in self.paths:
            return 0
        try:
            here = os.lseek(self._reading.stream.fileno(), 0, os.SEEK_CUR) if self._reading else 0
        except (OSError, ValueError):  # a pipe, or closed
            return 0
        read = self._behind + here
        return len(self.starts) * self._ahead // read if read else 0

    def check_unchanged(self) -> None:
        """Raises InputError when an input was written to since it was read: positions in it mean nothing any more."""
        for path, stamp in zip(self.paths, self._stamps, strict=False):
            if stamp is not None and (not Path(path).exists() or stamp != _stamp(path)):
                raise InputError(path, "changed while it was being read; nothing was written, run again")


def _stamp(path: str) -> tuple[int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns
