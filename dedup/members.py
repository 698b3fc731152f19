"""A gzip file -> its bytes, member by member; behind a damaged member it goes on at the next one, if asked to."""

from __future__ import annotations

import zlib
from gzip import BadGzipFile
from typing import IO, Final, NamedTuple

_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP: Final = 31
"""Tells zlib to read a member with its header and checksum."""

_CHUNK: Final = 1 << 17
"""The file is read by so many bytes."""

_TRIAL: Final = 4096
"""What looks like a member is opened with so many bytes of it."""


class Gap(NamedTuple):
    """A damaged member: at which byte of the file it begins, how many bytes were unpacked before it, and at which byte reading
    goes on; None: nowhere. `piped`: the file cannot be read again, so that nobody can tell where.
    """

    start: int
    unpacked: int
    next: int | None
    piped: bool


class Members:
    """A stream of the unpacked bytes. Zeros between members are padding, as for gzip. Raises zlib.error, EOFError and BadGzipFile
    for damage, and may be resumed then.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._packed = b""
        self._taken = 0
        self._member: zlib._Decompress | None = None
        self._start = 0
        self._unpacked = self._before = 0

    def read1(self, size: int) -> bytes:
        """The next bytes, at least one and at most `size`; none at the end."""
        while True:
            if self._member is None and not self._open():
                return b""
            assert self._member is not None
            part = self._member.decompress(self._packed, size)
            ended = self._member.eof
            self._packed = self._member.unused_data if ended else self._member.unconsumed_tail
            self._member = None if ended else self._member
            self._unpacked += len(part)
            if part:
                return part
            if not ended and not self._packed and not self._more():
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    def resume(self, opening: bytes) -> Gap:
        """After damage, goes to the next member whose first bytes are `opening`, where the file can be read again."""
        piped = not self._raw.seekable()
        try:
            found = None if piped else self._find(opening, self._start + 1)
        except OSError:
            found = None
        gap = Gap(self._start, self._before, found, piped)
        self._member, self._packed = None, b""
        if found is not None:
            self._raw.seek(found)
            self._taken = found
        return gap

    def fileno(self) -> int:
        """The descriptor of the file that is read."""
        return self._raw.fileno()

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *exc: object) -> None:
        self._member, self._packed = None, b""

    def _open(self) -> bool:
        """Begins the next member; False at the end."""
        self._packed = self._packed.lstrip(b"\0")
        while len(self._packed) < len(_MAGIC) and self._more():
            self._packed = self._packed.lstrip(b"\0")
        self._start, self._before = self._taken - len(self._packed), self._unpacked
        if not self._packed:
            return False
        if not self._packed.startswith(_MAGIC):
            raise BadGzipFile(f"Not a gzipped file ({self._packed[:2]!r})")
        self._member = zlib.decompressobj(_GZIP)
        return True

    def _more(self) -> bool:
        part = self._raw.read(_CHUNK)
        self._packed += part
        self._taken += len(part)
        return bool(part)

    def _find(self, opening: bytes, start: int) -> int | None:
        """The byte at which the next member begins that opens so, looked for from `start` on."""
        self._raw.seek(start)
        held = b""
        while True:
            part = self._raw.read(_CHUNK)
            held += part
            at = held.find(_MAGIC)
            while at >= 0 and (at + _TRIAL <= len(held) or not part):
                if _opens(held[at : at + _TRIAL], opening):
                    return start + at
                at = held.find(_MAGIC, at + 1)
            if not part:
                return None
            passed = at if at >= 0 else max(0, len(held) - len(_MAGIC) + 1)
            held, start = held[passed:], start + passed


def _opens(member: bytes, opening: bytes) -> bool:
    try:
        return zlib.decompressobj(_GZIP).decompress(member, len(opening)) == opening
    except zlib.error:
        return False
