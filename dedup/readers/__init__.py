"""Inputs -> their formats, and the readers of these: records, each with its place."""

from __future__ import annotations

import glob
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

from dedup.errors import InputError
from dedup.fields import Fields
from dedup.formats import SUFFIXES, Input
from dedup.model import QuarantineReason
from dedup.settings import FORMATS, Limits
from dedup.spool import Spool, Workspace

_SUFFIXES: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jl": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".warc": "warc",
    ".wet": "warc",
    ".html": "pages",
    ".htm": "pages",
    ".xhtml": "pages",
}
"""Formats, told by the last suffix of a name, or by the one before a compression."""

MERGED: Final = "dedup_merged"
"""The field of a kept record with paragraphs of its removed copies: a list of `{"id": of the copy, "text": ...}`."""

TEXT: Final = ".txt"
"""A page of plain text."""

PAGES: Final = (".html", ".htm", ".xhtml", TEXT)
"""The files of a folder that are read."""

_HOMES: Final = {
    "jsonl": ("json_lines", "JsonLines"),
    "json": ("json_array", "JsonArray"),
    "csv": ("delimited", "Delimited"),
    "tsv": ("delimited", "Delimited"),
    "parquet": ("tables", "ParquetTable"),
    "arrow": ("tables", "ArrowTable"),
    "warc": ("archives", "Archive"),
    "pages": ("pages", "Page"),
}

_MAGIC: Final = (
    (b"PAR1", "parquet", "Parquet"),
    (b"ARROW1", "arrow", "Arrow"),
    (b"\xff\xff\xff\xff", "arrow", "Arrow"),
    (b"WARC/", "warc", "WARC"),
)

_FOREIGN: Final = (
    (b"\xff\xfe", "UTF-16; convert it to UTF-8"),
    (b"\xfe\xff", "UTF-16; convert it to UTF-8"),
    (b"PK\x03\x04", "a zip archive; unpack it"),
    (b"\x1f\x8b\x08", "gzip within another compression; unpack it"),
    (b"SQLite format 3\0", "a SQLite database; an index is given with --index"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x80\x04\x95", "a pickle, which is never opened"),
)
"""What no reader takes, by its first bytes."""

_SPACE: Final = b"\xef\xbb\xbf \t\r\n"

_TEXT: Final = frozenset(("jsonl", "json", "csv", "tsv"))

Row = tuple[int, int, int, Any, bytes | None]
"""A record as it is read: its number (line, row or record, from 1), where its bytes start in `Reader.file`, how many they are,
and what `Reader.parse` makes of them; and its text as UTF-8 where the reader has it so: then the record may lack it."""

Aside = Callable[[int, QuarantineReason, str], None]
"""Sets a record aside: its number, the reason, and the detail a user needs."""


class Change(NamedTuple):
    """What differs in a kept record from how it came: its text, and paragraphs that it gains; None: nothing."""

    text: str | None
    additions: list[dict[str, str]] | None


@dataclass(slots=True)
class Job:
    """What a reader is given. `spool()`: for records that have no line of JSON in the input; shared by all inputs.
    `native`: the records will be written in their own format.
    """

    path: str
    kind: str
    opened: Input
    fields: Fields
    limits: Limits
    workspace: Workspace
    spool: Callable[[], Spool]
    aside: Aside
    native: bool = False

    def kept(self) -> tuple[Spool | None, IO[bytes]]:
        """Where the bytes of the input are read again: in a spool that its reader fills, and the file of that; or, if they can be
        read twice at the same cost, in no spool, and the input itself.
        """
        if self.opened.seekable:
            return None, self.workspace.keep(Path(self.path).open("rb", buffering=0))
        spool = self.workspace.spool()
        return spool, spool.file


class Reader(Protocol):
    """One input. `file` holds the bytes of its records; `lines`: they are JSON, one object each. `stable`: the input itself is
    read again, and so must not change. `volume`: bytes read so far; `blank` lines are no records; `passed`: records of an archive
    that are no articles. `shape`: what two inputs of a format must agree in to be written as one, known with the first of
    `rows`; None: nothing.
    """

    file: IO[bytes]
    lines: bool
    stable: bool
    volume: int
    blank: int
    passed: int
    shape: object

    def rows(self) -> Iterator[list[Row]]:
        """All records, to be read to the end once. Raises Damaged when the rest cannot be read, and InputError."""

    def raw(self, number: int, start: int, size: int) -> bytes:
        """The bytes of a record that was read (`Row`)."""

    def parse(self, raw: bytes) -> Any:
        """The record of these bytes. Raises ValueError and RecursionError."""


class InFile:
    """The part of a reader whose records are stretches of its file."""

    file: IO[bytes]

    def raw(self, number: int, start: int, size: int) -> bytes:
        """The bytes of a record."""
        self.file.seek(start)
        return self.file.read(size)


def expand(paths: Sequence[str | Path]) -> list[str]:
    """The inputs: patterns and folders as the files that they stand for, sorted. Raises InputError for one that gives none, and
    for a file that is given twice.
    """
    found: list[str] = []
    for path in map(str, paths):
        if path == "-" or (Path(path).exists() and not Path(path).is_dir()):
            found.append(path)
        elif Path(path).is_dir():
            inner = sorted(str(p) for p in Path(path).rglob("*") if suffix_of(p.name) in PAGES and p.is_file())
            if not inner:
                raise InputError(path, "is a folder without .html or .txt files; for other formats give its files")
            found += inner
        else:
            named = sorted(p for p in glob.glob(path, recursive=True) if Path(p).is_file())  # noqa: PTH207 (as shells do)
            if not named:
                raise InputError(path, "no such file" if not glob.has_magic(path) else "no file is named like that")
            found += named
    if len(set(found)) < len(found):
        seen: set[str] = set()
        twice = next(path for path in found if path in seen or seen.add(path))  # type: ignore[func-returns-value]
        raise InputError(twice, "is given twice")
    return found


def suffix_of(path: str) -> str:
    """The last suffix of a name that tells no compression, in small letters."""
    file = Path(path)
    return (Path(file.stem) if file.suffix.lower() in SUFFIXES else file).suffix.lower()


def named(path: str) -> str | None:
    """The format that the name of a file tells, None where it tells none."""
    return _SUFFIXES.get(suffix_of(path))


def kind_of(path: str, head: bytes, wanted: str | None) -> str:
    """The format of an input: `wanted`, else as its name tells, else by its first bytes. Raises InputError for what its first
    bytes show to be something else.
    """
    kind = wanted or named(path)
    if wanted is None and kind in (None, "jsonl") and head.lstrip(_SPACE).startswith(b"["):
        kind = "json"
    if kind is None and suffix_of(path) == TEXT and not head.lstrip(_SPACE).startswith(b"{"):
        kind = "pages"
    held = next(((name, told) for magic, name, told in _MAGIC if head.startswith(magic)), None)
    if held and kind not in (None, held[0]):
        raise InputError(path, f"is {held[1]} by its first bytes, not {kind}; tell it by --format {held[0]}")
    if held is None:
        foreign = next((told for magic, told in _FOREIGN if head.startswith(magic)), None)
        if foreign and kind in (None, *_TEXT):
            raise InputError(path, f"is {foreign}")
    if kind is not None or held is not None:
        return kind or held[0]  # type: ignore[index]
    return _guess(head)


def _guess(head: bytes) -> str:
    """The format of text under a name that tells nothing."""
    start = head.lstrip(_SPACE)
    first = start.split(b"\n", 1)[0]
    if start.startswith(b"{") or not any(mark in first for mark in (b",", b";", b"\t")):
        return "jsonl"
    return "tsv" if first.count(b"\t") > max(first.count(b","), first.count(b";")) else "csv"


def check_installed(kind: str) -> None:
    """Raises MissingExtra where a format needs a part that is not installed."""
    importlib.import_module(f"dedup.readers.{_HOMES[kind][0]}")


def reader(job: Job) -> Reader:
    """The reader of an input. Raises MissingExtra where its format needs a part that is not installed."""
    assert job.kind in FORMATS
    module, name = _HOMES[job.kind]
    made: Reader = getattr(importlib.import_module(f"dedup.readers.{module}"), name)(job)
    return made
