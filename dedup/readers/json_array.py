"""One JSON array of objects, as Scrapy's `-O items.json` and `jq -s` write it, over any number of lines."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, Final

from dedup.formats import DAMAGE, Damaged, Oversize
from dedup.json_values import parse
from dedup.readers import InFile, Job, Row
from dedup.sources import BATCH_BYTES

_SPACE: Final = re.compile(r"[ \t\r\n]*")

_BREAK: Final = re.compile(r"[\r\n]+[ \t]*")
"""What parts the lines of one value: no string has it."""

_SIGN: Final = 2
"""A number may go on behind so many characters that are none yet: `e+`."""

_CUT: Final = 8
"""An error that stands so close to the end of what was read may be none: the value goes on in what follows."""

_ESCAPED: Final = re.compile("[\udc80-\udcff]")
"""What stands for bytes that are not UTF-8 (`surrogateescape`)."""


class JsonArray(InFile):
    """The values of an array, numbered from 1, each as it stands there, but on one line. No more of the file is in memory than a
    batch, and the value that is read.
    """

    lines: Final = True
    stable: Final = False
    blank: Final = 0
    passed: Final = 0
    shape: Final = None

    def __init__(self, job: Job) -> None:
        self._job = job
        self._spool = job.spool()
        self.file: IO[bytes] = self._spool.file
        self._text = _Text(job.opened.stream, job.limits.record_bytes)

    @property
    def volume(self) -> int:
        """Bytes read so far."""
        return self._text.volume

    def rows(self) -> Iterator[list[Row]]:
        """All values. Raises Damaged where it breaks off, or is none any more: nothing tells where the next value begins."""
        rows: list[Row] = []
        lines: list[bytes] = []
        at = before = self._spool.size
        longest = self._job.limits.record_bytes
        error: Exception | None = None
        try:
            for number, (value, source) in enumerate(self._values(), 1):
                if bad := _ESCAPED.search(source) if self._text.escaped else None:
                    self._job.aside(number, "not_utf8", f"the byte 0x{ord(bad[0]) - 0xDC00:02x}")
                    continue
                line = _BREAK.sub("", source).encode()
                if len(line) > longest:
                    self._job.aside(number, "too_long", f"over {longest} bytes")
                    continue
                rows.append((number, at, len(line), value, None))
                lines.append(line)
                at += len(line) + 1
                if at - before >= BATCH_BYTES:
                    self._spool.append(b"\n".join((*lines, b"")))
                    yield rows
                    rows, lines, before = [], [], at
        except (*DAMAGE, Oversize, ValueError, RecursionError) as found:
            error = found
        self._spool.append(b"\n".join((*lines, b"")))
        yield rows
        if error is not None:
            raise Damaged(error) from error

    def _values(self) -> Iterator[tuple[Any, str]]:
        """The values, and what they are written as. Raises ValueError."""
        text = self._text
        text.skip("[")
        sign = text.next()
        if sign == "]":
            text.skip(sign)
        while sign != "]":
            yield text.value()
            sign = text.next()
            text.skip(sign if sign in (",", "]") else ", or ]")
            if sign == "," and text.next() == "]":
                raise ValueError("expected a value behind the last comma")
        if text.next():
            raise ValueError("more follows behind the end of the array")

    def parse(self, raw: bytes) -> Any:
        """The record of a line."""
        return parse(raw)


class _Text:
    """A stream of UTF-8, read value by value, none much longer than `longest`. `escaped`: whether some bytes were none."""

    def __init__(self, stream: IO[bytes], longest: int) -> None:
        self._longest = longest
        self._read = stream.read1 if hasattr(stream, "read1") else stream.read
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._json = json.JSONDecoder()
        self._text, self._at = "", 0
        self._ended = False
        self.volume = 0
        self.escaped = False

    def _more(self, least: int) -> None:
        """Reads on until so many characters are at hand."""
        parts = [self._text[self._at :]]
        size = len(parts[0])
        while size < least and not self._ended:
            data = self._read(BATCH_BYTES)
            self._ended = not data
            parts.append(self._decoder.decode(data, final=self._ended))
            self.volume += len(data)
            size += len(parts[-1])
            self.escaped = self.escaped or (not parts[-1].isascii() and _ESCAPED.search(parts[-1]) is not None)
        self._text, self._at = "".join(parts), 0

    def next(self) -> str:
        """The next sign behind white space; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more(1)

    def skip(self, sign: str) -> None:
        """Passes over the next sign. Raises ValueError for another one."""
        if (found := self.next()) != sign:
            raise ValueError(f"expected {sign}, found {found or 'the end'}")
        self._at += 1

    def value(self) -> tuple[Any, str]:
        """The next value, and what it is written as. Raises ValueError for what is none, or goes on and on."""
        self.next()
        while True:
            left = len(self._text) - self._at
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                started = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _CUT
                if self._ended or not started:
                    raise ValueError(f"{error.msg} (character {error.pos - self._at + 1} of the value)") from error
                if left > self._longest:
                    raise ValueError(f"a value of over {self._longest} bytes") from error
            else:
                if end + _SIGN < len(self._text) or self._ended:
                    source, self._at = self._text[self._at : end], end
                    return value, source
            self._more(2 * left + _CUT)
