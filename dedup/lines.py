"""Files of one JSON object a line -> rows; only their positions are kept in memory."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import orjson

from dedup.errors import InputError, NoTextField
from dedup.fields import Article, Essentials, Fields
from dedup.formats import Block, Damaged, Input, blocks, open_input
from dedup.model import Place, Quarantined, QuarantineReason
from dedup.settings import Limits
from dedup.signatures import encode
from dedup.sources import BATCH_BYTES, Facts, Rows, article_of, no_text
from dedup.spool import Workspace

PATIENCE: Final = 1_000
"""A file whose first lines up to about this many hold records but no text is given up at once."""


class LineSource:
    """JSON Lines files, plain or compressed, and standard input (`-`), read as one dump.

    Lines are read again from the file when they are wanted, or from a spool when the input cannot be read twice at the
    same cost (compressed, standard input).
    """

    def __init__(self, paths: Sequence[str | Path], fields: Fields, limits: Limits, workspace: Workspace) -> None:
        self._paths = [str(p) for p in paths]
        self._rank = {path: i for i, path in enumerate(self._paths)}
        if len(self._rank) < len(self._paths):
            raise InputError(next(p for p in self._paths if self._paths.count(p) > 1), "is given twice")
        self.fields = fields
        self._essentials = Essentials(fields)
        self._limits = limits
        self._workspace = workspace
        self._files: list[IO[bytes]] = []
        self._stamps: list[tuple[int, int] | None] = []
        self._reading: Input | None = None
        self._behind = self._ahead = 0
        self.files = array("i")
        self.starts = array("q")
        self.sizes = array("q")
        self._numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = 0
        self.volume = 0
        self.doubled: dict[int, int] = {}
        self.unfinished = 0

    def batches(self) -> Iterator[Rows]:
        """The texts and titles of all rows in order. Raises InputError, and NoTextField for a file without any."""
        for path in self._paths:
            if path != "-" and not Path(path).exists():
                raise InputError(path, "no such file")
        sizes = [0 if path == "-" else Path(path).stat().st_size for path in self._paths]
        self._ahead = sum(sizes)
        for path, size in zip(self._paths, sizes, strict=True):
            rows, before = len(self.starts), len(self.quarantined)
            keys: set[str] = set()
            with open_input(path) as opened:
                self._reading = opened
                for batch in self._read_file(path, opened, keys):
                    lost = len(self.quarantined) - before
                    if rows == len(self.starts) and lost > PATIENCE and keys:
                        raise NoTextField(path, keys, self.fields.text)
                    yield batch
            self._reading = None
            self._behind += size
            self._check_any(path, self.quarantined[before:], keys, none=rows == len(self.starts))

    def _check_any(self, path: str, lost: list[Quarantined], keys: set[str], *, none: bool) -> None:
        """Raises NoTextField or InputError for a file of lines of which none is a record with a text."""
        if not none or not lost or any(q.reason in ("damaged", "too_long") for q in lost):
            return
        if any(q.reason == "no_text" for q in lost):
            raise NoTextField(path, keys, self.fields.text)
        first = lost[0]
        why = f"no line is a record with a text: line {first.place.line}: {first.reason}: {first.detail}; expected JSON Lines"
        raise InputError(path, why + " (one JSON object a line; compression is told by the suffix)")

    def _read_file(self, path: str, opened: Input, keys: set[str]) -> Iterator[Rows]:
        spool = None if opened.seekable else self._workspace.spool()
        self._files.append(spool.file if spool else self._workspace.keep(Path(path).open("rb", buffering=0)))
        self._stamps.append(None if spool else _stamp(path))
        number = 0
        try:
            for block in blocks(opened.stream, self._limits.record_bytes, BATCH_BYTES):
                if spool:
                    spool.append(block.data)
                self.volume += len(block.data)
                yield self._read_block(path, block, number, keys)
                number += len(block.lines) + block.too_long
        except Damaged as error:
            self._set_aside(path, number + 1, "damaged", f"the rest of the file cannot be read: {error}")

    def _read_block(self, path: str, block: Block, number: int, keys: set[str]) -> Rows:
        """Takes the lines of a block in; returns the texts and titles of those that have a text."""
        rows = Rows([], [])
        starts, sizes, numbers = [], [], []
        at = block.start
        essentials, add, loads = self._essentials, self.facts.add, orjson.loads
        longest = self._limits.record_bytes
        for line in block.lines:
            number += 1
            size = len(line)
            try:
                record: Any = loads(line) if size <= longest else None
                found = essentials(record)
                data = found[0].encode()
            except (orjson.JSONDecodeError, AttributeError, TypeError, UnicodeEncodeError):
                hard = self._read_hard(path, line, number, keys)
                if hard is None:
                    at += size + 1
                    continue
                record, data = hard
                found = essentials(record)
            rows.texts.append(data)
            rows.titles.append(add(record, data, found))
            starts.append(at)
            sizes.append(size)
            numbers.append(number)
            at += size + 1
        if block.too_long:
            self._set_aside(path, number + 1, "too_long", f"over {longest} bytes")
        self.starts.extend(starts)
        self.sizes.extend(sizes)
        self._numbers.extend(numbers)
        self.files.extend([self._rank[path]] * len(starts))
        return rows

    def _read_hard(self, path: str, line: bytes, number: int, keys: set[str]) -> tuple[Mapping[str, Any], bytes] | None:
        """A line that the fast way stumbled over: its record and text after all, or None when it is blank or set aside."""
        if len(line) > self._limits.record_bytes:
            self._set_aside(path, number, "too_long", f"over {self._limits.record_bytes} bytes")
            return None
        if not line.strip():
            self.blank_lines += 1
            return None
        try:
            record = parse(line)
        except UnicodeDecodeError as error:
            self._set_aside(path, number, "not_utf8", str(error))
            return None
        except (ValueError, RecursionError) as error:
            self._set_aside(path, number, "not_json", str(error))
            return None
        text = self.fields.text_of(record) if isinstance(record, dict) else None
        if isinstance(text, str):
            return record, encode(text)
        if isinstance(record, dict) and text is None:
            keys.update(record)
        self._set_aside(path, number, *no_text(record, text))
        return None

    def _set_aside(self, path: str, number: int, reason: QuarantineReason, detail: str) -> None:
        self.quarantined.append(Quarantined(Place(path, number), reason, detail))

    def read(self, file: int, start: int, size: int) -> bytes:
        """A stretch of an input (by its number), as it came (decompressed)."""
        handle = self._files[file]
        handle.seek(start)
        return handle.read(size)

    def raw(self, row: int) -> bytes:
        """The line of a row, as it came."""
        return self.read(self.files[row], self.starts[row], self.sizes[row])

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""
        try:
            record = parse(self.raw(row))
        except ValueError:  # it was a record when it was read first
            self.check_unchanged()
            raise
        return article_of(self.facts.ids[row], record, self.fields, doubled=row in self.doubled)

    def record(self, row: int) -> Mapping[str, Any] | str:
        """The line of a row, parsed anew."""
        found: dict[str, Any] = parse(self.raw(row))
        return found

    def place(self, row: int) -> Place:
        """File and line number of a row."""
        return Place(self._paths[self.files[row]], self._numbers[row])

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
        if self._reading is None or "-" in self._paths:
            return 0
        try:
            read = self._behind + os.lseek(self._reading.stream.fileno(), 0, os.SEEK_CUR)
            return len(self.starts) * self._ahead // max(1, read)
        except OSError:  # a pipe
            return 0

    def check_unchanged(self) -> None:
        """Raises InputError when an input was written to since it was read: positions in it mean nothing any more."""
        for path, stamp in zip(self._paths, self._stamps, strict=False):
            if stamp is not None and (not Path(path).exists() or stamp != _stamp(path)):
                raise InputError(path, "changed while it was being read; nothing was written, run again")


def parse(line: bytes) -> Any:
    """A JSON value: orjson, and the standard library for what orjson refuses (NaN, lone surrogates).

    Raises ValueError (UnicodeDecodeError for what is not UTF-8) and RecursionError.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode())


def _stamp(path: str) -> tuple[int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns
