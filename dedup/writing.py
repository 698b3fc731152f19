"""Kept records -> an output in the format of the inputs, or in another one."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.cleaning import exchanged
from dedup.conversion import columns
from dedup.conversion import rows as delimited_rows
from dedup.errors import SettingsError
from dedup.formats import compressor
from dedup.json_values import as_json, dumps, parse
from dedup.lines import LineSource
from dedup.merge import Merged
from dedup.outputs import Outputs
from dedup.readers import MERGED, Change, check_installed, named
from dedup.shapes import known
from dedup.sources import once

_SPAN: Final = 1 << 20
"""The input is copied in stretches of about this many bytes."""

_TABLES: Final = frozenset(("parquet", "arrow"))

_READ: Final = frozenset(("json", "pages"))
"""Formats that are read only; such records are written as JSON Lines."""

Rows = NDArray[np.int64]


def target(name: str | None, wanted: str | None, kinds: Sequence[str], *, merge: bool) -> str:
    """The format of an output of this name: `wanted`, else as the name tells, else that of the inputs, where they have one and it
    can be written. Raises SettingsError for what cannot be written, MissingExtra for what needs a part that is not installed.
    """
    common = kinds[0] if len(set(kinds)) == 1 and kinds[0] not in _READ else "jsonl"
    to = wanted or (named(name) if name not in (None, "-") else None) or common
    if to in _READ:
        raise SettingsError(f"{name}: records are not written as {to}; give -o FILE.jsonl")
    others = sorted({kind for kind in kinds if kind != "warc"})
    if to == "warc" and others:
        raise SettingsError(f"records of {', '.join(others)} are not written as warc; give -o FILE.jsonl")
    if to == "warc" and merge:
        raise SettingsError("--merge cannot add to records of an archive; give -o FILE.jsonl")
    for kind in {to, *kinds}:
        check_installed(kind)
    return to


def native(to: str, kinds: Sequence[str]) -> bool:
    """Whether records of these formats are written as they came, and must agree in their columns for that."""
    return to != "jsonl" and (set(kinds) == {to} or {*kinds, to} <= _TABLES)


class Changes:
    """What differs in kept records from how they came, told by their place among these; places are asked in order.

    `changed`: whether the text of a row is given back with each body once. `gains`: paragraphs of removed copies, by place.
    """

    def __init__(
        self,
        source: LineSource,
        kept: Sequence[int],
        changed: Callable[[int], bool],
        gains: Iterator[tuple[int, Merged]] | None = None,
    ) -> None:
        self._source, self._kept, self._changed = source, kept, changed
        self.merging = gains is not None
        self._gains = gains or iter(())
        self._next = next(self._gains, None)

    def places(self) -> Sequence[int]:
        """All places that may have a change."""
        if self.merging:
            return range(len(self._kept))
        return [place for place, row in enumerate(self._kept) if self._changed(row)] if self._source.doubled else []

    def at(self, place: int) -> Change | None:
        """What differs in the record of a place; None: nothing."""
        row, text = self._kept[place], None
        if self._changed(row):
            record = self._source.record(row)
            cleaned = once(record, self._source.fields)
            text = None if cleaned is record else self._source.fields.literal(cleaned)
        gain = None
        if self._next is not None and self._next[0] == place:
            gain = [{"id": addition.id, "text": addition.text} for addition in self._next[1].additions]
            self._next = next(self._gains, None)
        return None if text is None and gain is None else Change(text, gain)


def write(outputs: Outputs, name: str, to: str, source: LineSource, kept: Sequence[int], changes: Changes) -> None:
    """Writes the kept rows as an output of this format (`target`)."""
    rows = np.array(kept, np.int64)
    with outputs.open(name, packed=to != "warc") as stream:
        if to == "jsonl":
            _json_lines(stream, source, rows, changes)
        elif not native(to, source.kinds()):
            _converted(stream, to, source, kept, changes)
        elif to in ("csv", "tsv"):
            _delimited(stream, source, rows, changes)
        elif to == "warc":
            _archive(stream, name, source, rows)
        else:
            _tables(stream, to, source, rows, changes)


def _json_lines(stream: IO[bytes], source: LineSource, rows: Rows, changes: Changes) -> None:
    """Lines as they came, where they did; those that differ with their changes."""
    head = 0
    for place in changes.places():
        change = changes.at(place)
        if change is not None:
            _copy(stream, source, rows[head:place], as_lines=True)
            stream.write(_changed(source, int(rows[place]), change) + b"\n")
            head = place + 1
    _copy(stream, source, rows[head:], as_lines=True)


def _changed(source: LineSource, row: int, change: Change) -> bytes:
    """The line of a row with its changes; the rest of it stays byte for byte, unless it has additions already."""
    line, fields = _line(source, row), source.fields
    if change.text is not None:
        record = parse(line)
        line = exchanged(line, fields.with_text(record, change.text), str(fields.literal(record)), change.text)
    if change.additions is None:
        return line
    record = parse(line)
    if isinstance(record, Mapping) and MERGED in record:
        return dumps(_gaining(record, change.additions))
    field = dumps({MERGED: change.additions})[1:-1]
    body = line.rstrip()[:-1].rstrip()
    return body + (b"" if body == b"{" else b",") + field + b"}"


def _line(source: LineSource, row: int) -> bytes:
    """The record of a row as a line of JSON."""
    if source.readers[source.files[row]].lines:
        return source.raw(row)
    return as_json(dict(source.record(row)))  # type: ignore[arg-type]


def _copy(stream: IO[bytes], source: LineSource, rows: Rows, *, as_lines: bool) -> None:
    """Copies the records of `rows` as they came, `as_lines` of JSON where they are something else; each gets a line end."""
    if not len(rows):
        return
    files = np.array(source.files)[rows]
    starts = np.array(source.starts)[rows]
    ends = starts + np.array(source.sizes)[rows]
    same = (files[1:] == files[:-1]) & (starts[1:] // _SPAN == starts[:-1] // _SPAN)
    heads = np.concatenate(([0], np.flatnonzero(~same) + 1, [len(rows)]))
    for head, tail in itertools.pairwise(heads.tolist()):
        file = int(files[head])
        if as_lines and not source.readers[file].lines:
            stream.writelines(_line(source, row) + b"\n" for row in rows[head:tail].tolist())
            continue
        # one stretch of the input, of which the lines that are not kept are left out
        base = int(starts[head])
        data = memoryview(source.read(file, base, int(ends[tail - 1]) - base))
        apart = np.flatnonzero(starts[head + 1 : tail] != ends[head : tail - 1] + 1) + head + 1
        first = np.concatenate(([head], apart))
        last = np.concatenate((apart, [tail])) - 1
        parts = [data[s:e] for s, e in zip((starts[first] - base).tolist(), (ends[last] - base).tolist(), strict=True)]
        stream.write(b"\n".join(parts))
        stream.write(b"\n")


def _delimited(stream: IO[bytes], source: LineSource, rows: Rows, changes: Changes) -> None:
    """The header, and rows as they came; with a column more where copies are merged."""
    headed: list[Any] = [reader for reader in source.readers if reader.shape is not None]
    for first in headed[:1]:
        stream.write((first.with_cell(first.header, MERGED) if changes.merging else first.header) + b"\n")
    head = 0
    for place in changes.places():
        change = changes.at(place)
        if change is None and not changes.merging:
            continue
        _copy(stream, source, rows[head:place], as_lines=False)
        row = int(rows[place])
        reader: Any = source.readers[source.files[row]]
        raw = source.raw(row)
        if change is not None and change.text is not None:
            raw = reader.changed(raw, change.text)
        if changes.merging:
            raw = reader.with_cell(raw, dumps(change.additions).decode() if change and change.additions else "")
        stream.write(raw + b"\n")
        head = place + 1
    _copy(stream, source, rows[head:], as_lines=False)


def _tables(stream: IO[bytes], to: str, source: LineSource, rows: Rows, changes: Changes) -> None:
    from dedup.readers import table_files

    def batches() -> Iterator[Any]:
        for reader, head, numbers in _by_file(source, rows):
            yield from reader.kept(numbers, lambda i, head=head: changes.at(head + i), changes.merging)

    first: Any = source.readers[0]
    table_files.write(stream, to, first, batches(), changes.merging)


def _converted(stream: IO[bytes], to: str, source: LineSource, kept: Sequence[int], changes: Changes) -> None:
    """Records as rows under columns, which are found out first."""
    found = columns(_mapping(source, row) for row in kept)
    if changes.merging:
        found = {**found, MERGED: "json"}
    changed = (_with(source, row, changes.at(place)) for place, row in enumerate(kept))
    if to in _TABLES:
        from dedup.readers import table_files

        table_files.convert(stream, to, found, changed)
    else:
        stream.writelines(delimited_rows(changed, list(found), "\t" if to == "tsv" else ","))


def _mapping(source: LineSource, row: int) -> Mapping[str, Any]:
    record = source.record(row)
    assert isinstance(record, Mapping)
    return record


def _with(source: LineSource, row: int, change: Change | None) -> Mapping[str, Any]:
    """The record of a row with its changes."""
    record = _mapping(source, row)
    if change is not None and change.text is not None:
        record = known(source.fields.with_text(record, change.text))
    return record if change is None or change.additions is None else _gaining(record, change.additions)


def _gaining(record: Mapping[str, Any], additions: list[dict[str, str]]) -> dict[str, Any]:
    """A record with additions, behind those that it has already."""
    before = record.get(MERGED, [])
    return {**record, MERGED: [*(before if isinstance(before, list) else [before]), *additions]}


def _archive(stream: IO[bytes], name: str, source: LineSource, rows: Rows) -> None:
    """Records one by one, each packed alone, so that readers may go to any of them."""
    for reader, _, numbers in _by_file(source, rows):
        for record in reader.kept(numbers):
            member = io.BytesIO()
            packer = compressor(member, name)
            packer.write(record)
            if packer is not member:
                packer.close()
            stream.write(member.getvalue())


def _by_file(source: LineSource, rows: Rows) -> Iterator[tuple[Any, int, list[int]]]:
    """For every input its reader, the place of its first kept row, and the numbers of all of them."""
    files, numbers = np.array(source.files)[rows], np.array(source.numbers)[rows]
    ends = np.searchsorted(files, np.arange(len(source.readers)), side="right").tolist()
    for reader, head, end in zip(source.readers, [0, *ends[:-1]], ends, strict=True):
        yield reader, head, numbers[head:end].tolist()
