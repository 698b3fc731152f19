"""Bytes of files, plain or compressed by suffix -> blocks of lines, and back."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from dedup import zstd
from dedup.errors import InputError
from dedup.members import Gap, Members

BOM: Final = b"\xef\xbb\xbf"

SUFFIXES: Final = (".gz", ".bz2", ".xz", ".zst")
"""Compressions, told by the last suffix of a file's name."""


class Damaged(Exception):
    """The rest of an input cannot be read. `oversize`: it must not, as it holds more than the caps allow."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.oversize = isinstance(why, Oversize)


DAMAGE: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.Damage)
"""What reading a truncated or corrupt compressed file raises."""


HEAD: Final = 4096
"""So many bytes of an input are looked at to tell what it is."""

_MAGIC: Final = {b"\x1f\x8b\x08": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\0": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}

_FREE: Final = 4
"""Any file may unpack to as many bytes as so many of the longest records."""


class Oversize(Exception):
    """An input holds more than `Caps` allow."""


class Caps(NamedTuple):
    """How far an input may unpack: to `total` bytes, and to `ratio` times its packed size where that is over `free` bytes."""

    total: int
    ratio: int
    free: int

    @staticmethod
    def of(file_bytes: int, expansion: int, record_bytes: int) -> Caps:
        """The caps that limits of these names ask for."""
        return Caps(file_bytes, expansion, _FREE * record_bytes)


class Piped:
    """A stream that is read once, and looked into before; raises Oversize beyond the caps."""

    def __init__(self, stream: IO[bytes], caps: Caps | None, packed: IO[bytes] | None) -> None:
        self._read = stream.read1 if hasattr(stream, "read1") else stream.read
        self._stream, self._caps, self._packed = stream, caps, packed
        self._ahead = b""
        self._error: Exception | None = None
        self._held = 0

    def peek(self, size: int) -> bytes:
        """The first bytes, up to `size`; fewer at the end, or before damage, which is told when it is read."""
        try:
            while len(self._ahead) < size and (part := self._next(size)):
                self._ahead += part
        except (*DAMAGE, Oversize) as error:
            self._error = error
        return self._ahead[:size]

    def read1(self, size: int) -> bytes:
        """The next bytes, at most `size`."""
        if self._ahead:
            part, self._ahead = self._ahead[:size], self._ahead[size:]
            return part
        if self._error is not None:
            raise self._error
        return self._next(size)

    def _next(self, size: int) -> bytes:
        part = self._read(size)
        self._held += len(part)
        if self._caps is not None:
            if self._held > self._caps.total:
                raise Oversize(f"over {self._caps.total:,} bytes (Limits.file_bytes)")
            if self._packed is not None and self._held > max(self._caps.free, self._caps.ratio * self._packed.tell()):
                raise Oversize(f"unpacks to over {self._caps.ratio:,} times its size (Limits.expansion)")
        return part

    def resume(self, opening: bytes) -> Gap | None:
        """After damage, goes to the next member of a gzip file that opens so (`Members.resume`). None for another input."""
        self._error = None
        return self._stream.resume(opening) if isinstance(self._stream, Members) else None

    def fileno(self) -> int:
        """The descriptor of the file that is read."""
        return self._stream.fileno()


@dataclass(slots=True)
class Input:
    """An input being read. `seekable`: whether the file itself holds the records, so that they can be read again there.
    `head`: its first bytes, unpacked.
    """

    stream: IO[bytes]
    seekable: bool
    head: bytes
    _close: ExitStack

    def resume(self, opening: bytes) -> Gap | None:
        """After damage, goes to the next member of a gzip file that opens so (`Members.resume`). None for another input."""
        return self.stream.resume(opening) if isinstance(self.stream, Piped) else None

    def __enter__(self) -> Input:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close.close()


def open_input(path: str, caps: Caps | None = None) -> Input:
    """Opens a file for reading, `-` for standard input. What is packed is told by the suffix, where there is none by the first
    bytes. Raises InputError.
    """
    if path != "-" and Path(path).is_dir():
        raise InputError(path, "is a folder; give files")
    suffix = "" if path == "-" else Path(path).suffix
    closing = ExitStack()
    try:
        if path == "-":
            raw = sys.stdin.buffer
        else:
            raw = closing.enter_context(Path(path).open("rb", buffering=-1 if suffix in SUFFIXES else 0))
        regular = path != "-" and Path(path).is_file()
        if suffix not in SUFFIXES:
            plain = None if regular else Piped(raw, caps, None)
            head = _first(raw) if plain is None else plain.peek(HEAD)
            found = next((end for magic, end in _MAGIC.items() if head.startswith(magic)), None)
            if found is None:
                return Input(plain or raw, plain is None, head, closing)  # type: ignore[arg-type]
            if suffix:
                raise InputError(path, f"is packed by its first bytes; name it {Path(path).name}{found}")
            raw, suffix = _Buffered(plain) if plain else closing.enter_context(Path(path).open("rb")), found
        stream = Piped(closing.enter_context(_decompress(raw, suffix)), caps, raw)
    except OSError as error:
        closing.close()
        raise InputError(path, error.strerror or str(error)) from error
    except BaseException:
        closing.close()
        raise
    return Input(stream, False, stream.peek(HEAD), closing)  # type: ignore[arg-type]


def _first(file: IO[bytes]) -> bytes:
    head = file.read(HEAD)
    file.seek(0)
    return head


class _Buffered(io.BufferedReader):
    """A pipe that was looked into, as a file for a decompressor; `tell` counts the bytes that were taken."""

    def __init__(self, stream: Piped) -> None:
        super().__init__(_Raw(stream))


class _Raw(io.RawIOBase):
    def __init__(self, stream: Piped) -> None:
        self._stream = stream
        self._taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read1(len(buffer))
        buffer[: len(part)] = part
        self._taken += len(part)
        return len(part)

    def tell(self) -> int:
        return self._taken

    def fileno(self) -> int:
        return self._stream.fileno()


def _decompress(raw: IO[bytes], suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return Members(raw)  # type: ignore[return-value]
    if suffix == ".bz2":
        return bz2.open(raw, "rb")
    if suffix == ".xz":
        return lzma.open(raw, "rb")
    return zstd.reader(raw)


def compressor(stream: IO[bytes], name: str) -> IO[bytes]:
    """What writes to `stream` compressed as the suffix of `name` says; the same bytes for the same input at any time."""
    suffix = Path(name).suffix
    if suffix == ".gz":
        return gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6)  # type: ignore[return-value]
    if suffix == ".bz2":
        return bz2.BZ2File(stream, "wb")
    if suffix == ".xz":
        return lzma.LZMAFile(stream, "wb")
    if suffix == ".zst":
        return zstd.writer(stream)
    return stream


class Block(NamedTuple):
    """Some bytes of an input. `data`: all of them, as they came. `whole`: the lines that end in it, without the end of the last;
    None where none does; the first starts at `start` in the input. `too_long`: it ends within a line over the limit, which is
    passed over.
    """

    data: bytes
    whole: bytes | None
    start: int
    too_long: bool

    @property
    def lines(self) -> list[bytes]:
        """The lines that end in it, without their ends."""
        return [] if self.whole is None else self.whole.split(b"\n")


def blocks(stream: IO[bytes], longest: int, size: int) -> Iterator[Block]:
    """Cuts a stream into blocks of whole lines of about `size` bytes; a line over `longest` bytes is passed over.

    A byte order mark at the start belongs to no line. Raises Damaged after all that could be read.
    """
    rest = b""  # the line that the last block broke off
    skipping = False  # inside a line that is too long
    data, damage = _fill(stream, size)
    bom = len(BOM) if data.startswith(BOM) else 0
    start = bom  # where `rest` starts in the input
    while data:
        body = data[bom:]
        bom = 0
        if skipping:
            cut = body.find(b"\n") + 1
            skipping = cut == 0
            start += cut or len(body)
            body = body[cut:] if cut else b""
        body = rest + body
        end = body.rfind(b"\n")
        rest = body[end + 1 :]
        skipping = skipping or len(rest) > longest
        yield Block(data, body[:end] if end >= 0 else None, start, len(rest) > longest)
        start += end + 1
        if len(rest) > longest:
            start += len(rest)
            rest = b""
        data, damage = (b"", damage) if damage else _fill(stream, size)
    if damage:  # what is left of the last line went with it
        raise Damaged(damage) from damage
    if rest:
        yield Block(b"", rest, start, False)


def _fill(stream: IO[bytes], size: int) -> tuple[bytes, Exception | None]:
    """Up to about `size` bytes; fewer at the end, and what could be read before damage, with the error."""
    read = stream.read1 if hasattr(stream, "read1") else stream.read
    parts: list[bytes] = []
    held = 0
    try:
        while held < size and (part := read(size - held)):
            parts.append(part)
            held += len(part)
    except (*DAMAGE, Oversize) as error:
        return b"".join(parts), error
    return b"".join(parts), None
