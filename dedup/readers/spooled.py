"""Records that have no line of JSON in their input -> lines of JSON in a spool, so that each can be read again alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any, Final

from dedup.json_values import as_json, parse
from dedup.readers import InFile, Job, Row


class Spooled(InFile):
    """The part of a reader that spools its records."""

    lines: Final = True

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lines = job.spool()
        self.file: IO[bytes] = self._lines.file

    def spooled(self, records: Iterable[tuple[int, dict[str, Any]]]) -> list[Row]:
        """Records with their numbers, as rows; those over the limit are set aside."""
        rows: list[Row] = []
        parts: list[bytes] = []
        spool, longest = self._lines, self._job.limits.record_bytes
        at = spool.size
        for number, record in records:
            line = as_json(record)
            if len(line) > longest:
                self._job.aside(number, "too_long", f"over {longest} bytes")
                continue
            parts.append(line)
            rows.append((number, at, len(line), record, None))
            at += len(line) + 1
        if parts:
            parts.append(b"")
            spool.append(b"\n".join(parts))
        return rows

    def parse(self, raw: bytes) -> Any:
        """The record of a line."""
        return parse(raw)
