"""Records of any origin -> batches of texts, and back from a row number to its record."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from dedup.errors import InputError, NoTextField
from dedup import dates
from dedup.fields import Article, Fields
from dedup.formats import DAMAGE, Block, blocks, open_input
from dedup.model import Place, Quarantined, QuarantineReason
from dedup.settings import Limits
from dedup.signatures import encode
from dedup.spool import Workspace

BATCH_BYTES = 1 << 19
"""Texts are fingerprinted in batches of about this many bytes."""


class Facts:
    """What is remembered of every row while it is read: id, and date of publication."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._published = array("d")
        self.ids: list[str] = []

    def add(self, record: Mapping[str, Any], text: bytes) -> None:
        """Takes the next row."""
        self.ids.append(self._fields.identity(record, text))
        moment = dates.parse(self._fields.published_of(record))
        self._published.append(math.nan if moment is None else moment)

    def published(self, row: int) -> float | None:
        """Seconds since 1970 UTC, None when unknown."""
        moment = self._published[row]
        return None if math.isnan(moment) else moment


class Source(Protocol):
    """Where records come from. Row numbers count the records that have a text, from 0, in input order."""

    quarantined: list[Quarantined]
    blank_lines: int
    bytes: int
    facts: Facts

    def batches(self) -> Iterator[list[bytes]]:
        """The texts of all rows in order, as UTF-8; to be read to the end once, before anything else is asked."""

    def article(self, row: int) -> Article:
        """The record of a row, read."""

    def raw(self, row: int) -> bytes:
        """The record of a row as bytes that tell it from any other record."""

    def record(self, row: int) -> Mapping[str, Any] | str:
        """The record of a row as it is given back."""

    def place(self, row: int) -> Place:
        """Where the record of a row came from."""

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""

    @property
    def records(self) -> int:
        """How many records there were, those set aside included."""


class RecordSource:
    """Records in memory: mappings, or plain strings that are texts themselves."""

    name = "<records>"

    def __init__(self, records: Iterable[Mapping[str, Any] | str], fields: Fields) -> None:
        self._records = records
        self._fields = fields
        self._rows: list[Mapping[str, Any] | str] = []
        self._numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = 0
        self.bytes = 0

    def batches(self) -> Iterator[list[bytes]]:
        texts: list[bytes] = []
        size = 0
        keys: set[str] = set()
        for number, record in enumerate(self._records, 1):
            text = record if isinstance(record, str) else self._fields.text_of(record) if isinstance(record, Mapping) else None
            if not isinstance(text, str):
                keys.update(map(str, record) if isinstance(record, Mapping) else ())
                self.quarantined.append(Quarantined(Place(self.name, number), *_no_text(record, text)))
                continue
            self._rows.append(record)
            self._numbers.append(number)
            texts.append(encode(text))
            self.facts.add(self._mapping(record), texts[-1])
            size += len(texts[-1])
            if size >= BATCH_BYTES:
                self.bytes += size
                yield texts
                texts, size = [], 0
        self.bytes += size
        if not self._rows and self.quarantined and all(q.reason == "no_text" for q in self.quarantined):
            raise NoTextField(self.name, keys, self._fields.text)
        yield texts

    def record(self, row: int) -> Mapping[str, Any] | str:
        """The very object that was given."""
        return self._rows[row]

    def _mapping(self, record: Mapping[str, Any] | str) -> Mapping[str, Any]:
        return {self._fields.text[0]: record} if isinstance(record, str) else record

    def article(self, row: int) -> Article:
        return Article(self.facts.ids[row], self._mapping(self._rows[row]), self._fields)

    def raw(self, row: int) -> bytes:
        return encode(repr(self._rows[row]))

    def place(self, row: int) -> Place:
        return Place(self.name, self._numbers[row])

    def order(self, place: Place) -> tuple[int, int]:
        return 0, place.line

    @property
    def records(self) -> int:
        return len(self._rows) + len(self.quarantined)


class LineSource:
    """Files of one JSON object a line, plain or compressed, and standard input (`-`).

    Only positions are kept in memory: lines are read again from the file, or from a spool when the input cannot be
    read twice at the same cost (compressed, standard input).
    """

    def __init__(self, paths: Sequence[str | Path], fields: Fields, limits: Limits, workspace: Workspace) -> None:
        self._paths = [str(p) for p in paths]
        if len(set(self._paths)) < len(self._paths):
            raise InputError(next(p for p in self._paths if self._paths.count(p) > 1), "is given twice")
        self._fields = fields
        self._limits = limits
        self._workspace = workspace
        self._files: list[IO[bytes]] = []
        self._stamps: list[tuple[int, int] | None] = []
        self.files = array("i")
        self.starts = array("q")
        self.sizes = array("q")
        self._numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = 0
        self.bytes = 0

    def batches(self) -> Iterator[list[bytes]]:
        for path in self._paths:
            if path != "-" and not Path(path).exists():
                raise InputError(path, "no such file")
        for index, path in enumerate(self._paths):
            rows = len(self.starts)
            before = len(self.quarantined)
            keys: set[str] = set()
            yield from self._file_batches(index, path, keys)
            lost = self.quarantined[before:]
            if rows == len(self.starts) and lost and all(q.reason == "no_text" for q in lost):
                raise NoTextField(path, keys, self._fields.text)

    def _file_batches(self, index: int, path: str, keys: set[str]) -> Iterator[list[bytes]]:
        with open_input(path) as opened:
            spool = None if opened.seekable else self._workspace.spool()
            self._files.append(spool.file if spool else open(path, "rb", buffering=0))
            self._stamps.append(None if spool else _stamp(path))
            first = len(self.starts)
            number = 0
            try:
                for block in blocks(opened.stream, self._limits.record_bytes, BATCH_BYTES):
                    if spool:
                        spool.append(block.data)
                    self.bytes += len(block.data)
                    texts = self._read(index, path, block, number, keys)
                    number += len(block.lines) + block.too_long
                    if len(self.starts) == first and number > 1000 and len(keys) > 0:
                        raise NoTextField(path, keys, self._fields.text)
                    yield texts
            except DAMAGE as error:
                self._set_aside(path, number + 1, "damaged", f"the rest of the file cannot be read: {error}")
        if spool:
            spool.file.flush()

    def _read(self, index: int, path: str, block: Block, number: int, keys: set[str]) -> list[bytes]:
        """Takes the lines of a block in; returns the texts of those that have one."""
        texts: list[bytes] = []
        starts, sizes, numbers = [], [], []
        at = block.start
        text_of = self._fields.text_of
        for line in block.lines:
            number += 1
            start = at
            at += len(line) + 1
            if len(line) > self._limits.record_bytes:
                self._set_aside(path, number, "too_long", f"over {self._limits.record_bytes} bytes")
                continue
            try:
                record = orjson.loads(line)
                text = text_of(record).encode()  # type: ignore[attr-defined]
            except (orjson.JSONDecodeError, AttributeError, UnicodeEncodeError):
                hard = self._read_hard(path, line, number, keys)
                if hard is None:
                    continue
                record, text = hard
            texts.append(text)
            self.facts.add(record, text)
            starts.append(start)
            sizes.append(len(line))
            numbers.append(number)
        if block.too_long:
            self._set_aside(path, number + 1, "too_long", f"over {self._limits.record_bytes} bytes")
        self.starts.extend(starts)
        self.sizes.extend(sizes)
        self._numbers.extend(numbers)
        self.files.extend([index] * len(starts))
        return texts

    def _read_hard(self, path: str, line: bytes, number: int, keys: set[str]) -> tuple[dict[str, Any], bytes] | None:
        """A line that the fast way stumbled over: its record and text after all, or None when it is blank or set aside."""
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
        if not isinstance(record, dict):
            self._set_aside(path, number, "not_an_object", f"a JSON {type(record).__name__}")
            return None
        text = self._fields.text_of(record)
        if isinstance(text, str):
            return record, encode(text)
        if text is None:
            keys.update(record)
        self._set_aside(path, number, *_no_text(record, text))
        return None

    def _set_aside(self, path: str, number: int, reason: QuarantineReason, detail: str) -> None:
        self.quarantined.append(Quarantined(Place(path, number), reason, detail))

    def raw(self, row: int) -> bytes:
        return self.read(self.files[row], self.starts[row], self.sizes[row])

    def read(self, file: int, start: int, size: int) -> bytes:
        """A stretch of an input, as it came (decompressed)."""
        handle = self._files[file]
        handle.seek(start)
        return handle.read(size)

    def article(self, row: int) -> Article:
        return Article(self.facts.ids[row], parse(self.raw(row)), self._fields)

    def record(self, row: int) -> Mapping[str, Any] | str:
        found: dict[str, Any] = parse(self.raw(row))
        return found

    def place(self, row: int) -> Place:
        return Place(self._paths[self.files[row]], self._numbers[row])

    def order(self, place: Place) -> tuple[int, int]:
        return self._paths.index(place.source), place.line

    @property
    def records(self) -> int:
        return len(self.starts) + len(self.quarantined)

    def check_unchanged(self) -> None:
        """Raises InputError when an input was written to since it was read: positions in it mean nothing any more."""
        for path, stamp in zip(self._paths, self._stamps, strict=False):
            if stamp is not None and stamp != _stamp(path):
                raise InputError(path, "changed while it was being read; nothing was written, run again")

    def close(self) -> None:
        for handle in self._files:
            handle.close()


def parse(line: bytes) -> Any:
    """A JSON value: orjson, and the standard library for what orjson refuses (NaN, lone surrogates).

    Raises ValueError (UnicodeDecodeError for what is not UTF-8) and RecursionError.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode())


def _no_text(record: object, text: object) -> tuple[QuarantineReason, str]:
    if not isinstance(record, Mapping):
        return "not_an_object", f"a {type(record).__name__}; give mappings or strings"
    if text is None:
        return "no_text", "keys seen: " + ", ".join(sorted(map(str, record))[:20])
    return "text_not_a_string", f"the text is a {type(text).__name__}"


def _stamp(path: str) -> tuple[int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns
