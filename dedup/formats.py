"""Bytes of files, plain or compressed by suffix -> blocks of lines, and back."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from dedup.errors import InputError, MissingExtra

BOM: Final = b"\xef\xbb\xbf"

SUFFIXES: Final = (".gz", ".bz2", ".xz", ".zst")
"""Compressions, told by the last suffix of a file's name."""


class ZstdDamage(Exception):
    """Stands in `DAMAGE` for the error of the zstd library, which may not be installed."""


class Damaged(Exception):
    """The rest of an input cannot be read."""


DAMAGE: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, ZstdDamage)
"""What reading a truncated or corrupt compressed file raises."""


@dataclass(slots=True)
class Input:
    """An input being read. `seekable`: whether the file itself holds the lines, so that they can be read again there."""

    stream: IO[bytes]
    seekable: bool
    _close: AbstractContextManager[Any]

    def __enter__(self) -> Input:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close.__exit__(None, None, None)


def open_input(path: str) -> Input:
    """Opens a file for reading, `-` for standard input. Raises InputError, and MissingExtra for zstd without its extra."""
    if path == "-":
        return Input(sys.stdin.buffer, False, nullcontext())
    if Path(path).is_dir():
        raise InputError(path, "is a folder; give files")
    try:
        suffix = Path(path).suffix
        stream = _decompress(path, suffix) if suffix in SUFFIXES else Path(path).open("rb", buffering=0)
        regular = Path(path).is_file()
    except OSError as error:
        raise InputError(path, error.strerror or str(error)) from error
    return Input(stream, suffix not in SUFFIXES and regular, stream)


def _decompress(path: str, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if suffix == ".bz2":
        return bz2.open(path, "rb")
    if suffix == ".xz":
        return lzma.open(path, "rb")
    return _Zstd(_zstd().open(path, "rb"))  # type: ignore[return-value]


class _Zstd:
    """A zstd stream whose library's error is ours, so that callers need not import it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read1(self, size: int) -> bytes:
        try:
            return self._stream.read1(size)  # type: ignore[attr-defined, no-any-return]
        except _zstd().ZstdError as error:
            raise ZstdDamage(str(error)) from error

    def fileno(self) -> int:
        return self._stream.fileno()

    def __exit__(self, *exc: object) -> None:
        self._stream.close()


def _zstd() -> Any:
    """`compression.zstd` of Python 3.14, or its backport."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise MissingExtra("zstd", "reading and writing .zst") from error
    return zstd


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
        zstd = _zstd()
        file = zstd.ZstdFile(stream, "wb", options={zstd.CompressionParameter.checksum_flag: 1})
        file.write(b"")  # an output without records is a file of this format too
        return file  # type: ignore[no-any-return]
    return stream


def check_codec(name: str) -> None:
    """Raises MissingExtra when what the suffix of `name` wants is not installed."""
    if Path(name).suffix == ".zst":
        _zstd()


class Block(NamedTuple):
    """Some bytes of an input. `data`: all of them, as they came. `lines`: the lines that end in it, without their ends;
    the first starts at `start` in the input. `too_long`: it ends within a line over the limit, which is passed over.
    """

    data: bytes
    lines: list[bytes]
    start: int
    too_long: bool


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
        lines = (rest + body).split(b"\n")
        rest = lines.pop()
        skipping = skipping or len(rest) > longest
        yield Block(data, lines, start, len(rest) > longest)
        start += sum(map(len, lines)) + len(lines)
        if len(rest) > longest:
            start += len(rest)
            rest = b""
        data, damage = (b"", damage) if damage else _fill(stream, size)
    if damage:  # what is left of the last line went with it
        raise Damaged(str(damage)) from damage
    if rest:
        yield Block(b"", [rest], start, False)


def _fill(stream: IO[bytes], size: int) -> tuple[bytes, Exception | None]:
    """Up to about `size` bytes; fewer at the end, and what could be read before damage, with the error."""
    read = stream.read1 if hasattr(stream, "read1") else stream.read
    parts: list[bytes] = []
    held = 0
    try:
        while held < size and (part := read(size - held)):
            parts.append(part)
            held += len(part)
    except DAMAGE as error:
        return b"".join(parts), error
    return b"".join(parts), None
