"""JSON Lines: one object a line, kept byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from dedup.formats import blocks
from dedup.json_values import parse
from dedup.readers import InFile, Job, Row
from dedup.sources import BATCH_BYTES

_LOST: Final = object()
"""Stands for the record of a line that is blank or was set aside."""


class JsonLines(InFile):
    """A file of one JSON object a line. Lines are read again from the file, or from a spool when it cannot be read twice at the
    same cost (compressed, standard input).
    """

    lines: Final = True
    passed: Final = 0
    shape: Final = None

    def __init__(self, job: Job) -> None:
        self._job = job
        self._spool, self.file = job.kept()
        self.stable = self._spool is None
        self.volume = self.blank = 0

    def rows(self) -> Iterator[list[Row]]:
        """The records of all lines."""
        longest, loads, number = self._job.limits.record_bytes, orjson.loads, 0
        for block in blocks(self._job.opened.stream, longest, BATCH_BYTES):
            if self._spool:
                self._spool.append(block.data)
            self.volume += len(block.data)
            rows: list[Row] = []
            at = block.start
            for line in block.lines:
                number += 1
                size = len(line)
                try:
                    record = loads(line) if size <= longest else self._hard(line, number)
                except orjson.JSONDecodeError:
                    record = self._hard(line, number)
                if record is not _LOST:
                    rows.append((number, at, size, record, None))
                at += size + 1
            if block.too_long:
                number += 1
                self._job.aside(number, "too_long", f"over {longest} bytes")
            yield rows

    def _hard(self, line: bytes, number: int) -> Any:
        """The record of a line that the fast way stumbled over after all, or `_LOST`."""
        if len(line) > self._job.limits.record_bytes:
            self._job.aside(number, "too_long", f"over {self._job.limits.record_bytes} bytes")
        elif not line.strip():
            self.blank += 1
        else:
            try:
                return parse(line)
            except UnicodeDecodeError as error:
                self._job.aside(number, "not_utf8", str(error))
            except (ValueError, RecursionError) as error:
                self._job.aside(number, "not_json", str(error))
        return _LOST

    def parse(self, raw: bytes) -> Any:
        """The record of a line."""
        return parse(raw)
