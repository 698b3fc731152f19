"""WARC and WET: pages and texts of an archive; records are kept byte for byte.

Records are cut here, not by FastWARC, because it neither gives their bytes nor goes on behind a damaged one; it reads their heads
and what HTTP wraps around a page.
"""

from __future__ import annotations

import io
import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from dedup.errors import MissingExtra
from dedup.formats import DAMAGE, Damaged, Oversize
from dedup.model import QuarantineReason
from dedup.readers import Job, Row
from dedup.readers.pages import page, plain
from dedup.readers.spooled import Spooled
from dedup.sources import BATCH_BYTES

try:
    from fastwarc.stream_io import BrotliReader
    from fastwarc.warc import WarcRecord, WarcRecordType
except ImportError as error:
    raise MissingExtra("warc", "reading WARC files") from error

_HEADER: Final = 64 << 10
"""The header of a record has at most so many bytes."""

_WARC: Final = b"WARC/"
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_NEXT: Final = re.compile(rb"\r?\n(?=WARC/[01]\.\d\r\n)")
_REACH: Final = 16
"""So many bytes may hold the beginning of what `_NEXT` looks for."""

_HTML: Final = ("text/html", "application/xhtml+xml")
_PASSED: Final = -1


class Archive(Spooled):
    """An archive. Responses with status 200 that are HTML or plain text, resources of these types, and conversions are records:
    `id`, `url`, `published`, `title`, `text`. All others are passed over, and stay in an output that is an archive, too. A
    damaged gzip member costs no other one.
    """

    blank: Final = 0
    shape: Final = None

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._copy = None if job.opened.seekable else job.workspace.spool()
        self.stable = self._copy is None
        self.bytes: IO[bytes] = (
            self._copy.file if self._copy else job.workspace.keep(Path(job.path).open("rb", buffering=0))
        )
        self.volume = self.passed = 0
        self._numbers, self._starts, self._sizes = array("q"), array("q"), array("q")
        self._buffer = bytearray()
        self._base = 0
        self._over = False
        self._damage: Exception | None = None
        self._torn = False  # all that is in hand belongs to a damaged member
        # what is to be told of a damaged member, and how many bytes of it are lost
        self._gap: tuple[str, int] | None = None

    def rows(self) -> Iterator[list[Row]]:
        """The records of all articles. A record whose length is wrong is set aside, and reading goes on with the next one."""
        number, size = 0, 0
        found: list[tuple[int, dict[str, Any]]] = []
        for start, raw in self._records():
            number += 1
            record = read(raw, self._job.limits.record_bytes) if isinstance(raw, bytes) else raw
            if isinstance(record, tuple):
                self._job.aside(number, *record)
                continue
            self._numbers.append(number if record else _PASSED)
            self._starts.append(start)
            self._sizes.append(len(raw))
            if record:
                found.append((number, record))
                size += len(record["text"])
            else:
                self.passed += 1
            if size >= BATCH_BYTES:
                yield self.spooled(found)
                found, size = [], 0
        yield self.spooled(found)
        if self._damage is not None:
            raise Damaged(self._damage)

    def kept(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The records of these numbers, and between them those that were passed over, as they came."""
        rows = set(numbers)
        for number, start, size in zip(self._numbers, self._starts, self._sizes, strict=True):
            if number == _PASSED or number in rows:
                self.bytes.seek(start)
                yield self.bytes.read(size) + _END

    def _records(self) -> Iterator[tuple[int, bytes | tuple[QuarantineReason, str]]]:
        """All records: where they start, and their bytes without what ends them, or why there are none."""
        longest = self._job.limits.record_bytes
        while True:
            while self._need(2) and self._buffer.startswith(b"\r\n"):
                self._drop(2)
            if not self._need(1):
                if self._gap is None:
                    return
                told, size = self._gap
                yield self._base, ("damaged", told)
                self._base += size
                self._gap, self._over, self._torn = None, False, False
                continue
            head = self._header()
            length = _LENGTH.search(self._buffer, 0, head + 2) if head >= 0 else None
            size = head + len(_END) + int(length[1]) if length else 0
            why: tuple[QuarantineReason, str] | None = None
            if length is None or not self._buffer.startswith(_WARC):
                why = "damaged", "is no WARC record with a length"
            elif size > longest:
                why = "too_long", f"over {longest} bytes"
            elif not self._need(size):
                why = "damaged", "is cut, or its length is wrong"
            elif not self._ends(size):
                why = "damaged", "its length is wrong"
            if self._torn and (not self._buffer or (why and not _NEXT.search(self._buffer, max(1, head)))):
                self._drop(len(self._buffer))  # it went with the damaged member, which is told
                continue
            yield self._base, why or bytes(self._buffer[:size])
            if why:
                self._resume(max(1, head))
            else:
                self._drop(size)

    def _ends(self, size: int) -> bool:
        """Whether a record of this size is followed by what ends one, by another one, or by nothing."""
        reach = size + len(_END) + len(_WARC)
        self._need(reach)
        after = bytes(self._buffer[size:reach])
        return after.startswith(_END) or after.lstrip(b"\r\n").startswith(_WARC) or not after.strip(b"\r\n")

    def _header(self) -> int:
        """Where the header of the record in hand ends; -1 where it does not within the limit."""
        at = -1
        step = 4096
        while at < 0 and step <= _HEADER:
            self._need(step)
            at = self._buffer.find(_END, 0, step)
            if len(self._buffer) < step:
                break
            step *= 2
        return at

    def _resume(self, at: int) -> None:
        """Drops what is in hand up to the next record, looked for from `at` on."""
        while True:
            found = _NEXT.search(self._buffer, at)
            if found:
                self._drop(found.end())
                return
            self._drop(max(at, len(self._buffer) - _REACH))
            at = 0
            if not self._need(len(self._buffer) + 1):
                self._drop(len(self._buffer))
                return

    def _need(self, size: int) -> bool:
        """Whether there are so many bytes in hand; reads on where there are not."""
        stream = self._job.opened.stream
        fill = stream.read1 if hasattr(stream, "read1") else stream.read
        while len(self._buffer) < size and not self._over:
            try:
                part = fill(BATCH_BYTES)
            except (*DAMAGE, Oversize) as error:
                self._broken(error)
                part = b""
            self._over = not part
            if self._copy:
                self._copy.append(part)
            self._buffer += part
            self.volume += len(part)
        return len(self._buffer) >= size

    def _broken(self, error: Exception) -> None:
        """Ends what is in hand before a damaged member; from the next one on it can be read where each record is a member."""
        gap = None if isinstance(error, Oversize) else self._job.opened.resume(_WARC)
        if gap is None:
            self._damage = error
            return
        cut, lost = gap.unpacked - self._base, 0
        self._torn = cut <= 0
        if cut >= 0:  # else the member holds records that were taken before
            lost = len(self._buffer) - cut
            del self._buffer[cut:]
        told = f"the gzip member at byte {gap.start:,} is damaged ({error})"
        if gap.next is not None:
            self._gap = f"{told}; reading goes on at byte {gap.next:,}", lost
            return
        alone = (
            "it is one gzip stream, which cannot be read behind the damage" if gap.start == 0 else "no record follows"
        )
        self._damage = EOFError(f"{told}; {'a pipe cannot be read again: give the file' if gap.piped else alone}")

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._base += size


def read(raw: bytes, longest: int) -> dict[str, Any] | tuple[QuarantineReason, str] | None:
    """The article of a WARC record, why it cannot be read, or None where it holds none."""
    try:
        record = WarcRecord.from_bytes(raw + _END)
        kind = record.record_type
        mime = (record.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        charset = None
        if kind == WarcRecordType.response:
            record.parse_http(auto_decode="transfer")
            if record.http_headers is None or record.http_headers.status_code != 200:
                return None
            mime, charset = (record.http_content_type or "").lower(), record.http_charset
        elif kind == WarcRecordType.conversion:
            mime = "text/plain"
        elif kind != WarcRecordType.resource:
            return None
        if mime not in (*_HTML, "text/plain"):
            return None
        data = record.reader.read()
        if kind == WarcRecordType.response:
            data = _decoded(data, record.http_headers.get("Content-Encoding") or "", longest)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        return "damaged", str(error) or type(error).__name__
    if len(data) > longest:
        return "too_long", f"unpacks to over {longest} bytes"
    text = _text(data, charset)
    held = page(text) if mime in _HTML else plain(text) if isinstance(text, bytes) else {"text": text}
    if isinstance(held, tuple):
        return held
    headers = record.headers
    facts = {"id": record.record_id, "url": headers.get("WARC-Target-URI"), "published": headers.get("WARC-Date")}
    return {**{name: value.strip("<>") for name, value in facts.items() if value}, **held}


def _text(data: bytes, charset: str | None) -> bytes | str:
    """A page in the encoding that HTTP names; bytes, which tell it themselves, where it names none that is known."""
    if charset is None or data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return data
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data


def _decoded(data: bytes, encodings: str, longest: int) -> bytes:
    """A body without its content encodings; up to one byte more than `longest`. Raises ValueError for an unknown one."""
    for encoding in reversed([name.strip().lower() for name in encodings.split(",")]):
        if encoding in ("gzip", "x-gzip", "deflate"):
            window = 15 if encoding == "deflate" and data[:1] in (b"\x78", b"\x58", b"\x38") else -15
            data = zlib.decompressobj(31 if "gzip" in encoding else window).decompress(data, longest + 1)
        elif encoding == "br":
            data = BrotliReader(io.BytesIO(data)).read(longest + 1)
        elif encoding not in ("", "identity"):
            raise ValueError(f"its content encoding {encoding!r} is not known")
    return data
