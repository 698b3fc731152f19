"""Parquet and Arrow IPC: record batches, one at a time; rows also as lines of JSON, so that one can be read again alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Final

from dedup.errors import InputError, NoTextField
from dedup.formats import DAMAGE, Caps, Damaged, Oversize
from dedup.json_values import as_json
from dedup.readers import Change, Job, Row
from dedup.readers.arrow import ipc, pa, pq
from dedup.readers.columns import integers, is_plain, most_json, records, utf8
from dedup.readers.decoded import Decoded, Stretch
from dedup.readers.delimited import unlike
from dedup.readers.spooled import Spooled
from dedup.readers.table_schema import ADDITIONS, merged_schema
from dedup.shapes import known
from dedup.sources import BATCH_BYTES

ROWS: Final = 256
"""Parquet is decoded by so many rows at once: a cell may be large."""

_DECODED: Final = 100 << 20
"""The metadata of a Parquet file may be so large."""


class Table(Spooled):
    """What Parquet and Arrow files have in common. Damage of one stretch does not hide the others."""

    blank: Final = 0
    passed: Final = 0
    codecs: dict[str, str] | str = "snappy"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.stable = job.opened.seekable
        self.volume = 0
        source = _seekable(job)
        self._packed = source.seek(0, 2)
        source.seek(0)
        try:
            self.schema = self._open(pa.PythonFile(source, mode="r"))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(job.path, f"cannot be read as {job.kind}: {_first_line(error)}") from error
        self.names = unlike(self.schema.names)
        self.shape: object = self.schema.remove_metadata()

    def _open(self, source: pa.NativeFile) -> pa.Schema:
        raise NotImplementedError

    def stretches(self) -> Iterator[Stretch | tuple[int, int, Exception]]:
        """All rows in order; for those that are damaged, the first and the last of them, and the error."""
        raise NotImplementedError

    def _rows(self, found: Stretch) -> list[Row]:
        """The records of a stretch; those over the limit are set aside."""
        return self.spooled(self._valid(found))

    def _again(self) -> Iterator[Stretch]:
        """The stretches that could be read, in order."""
        return (found for found in self.stretches() if isinstance(found, Stretch))

    def rows(self) -> Iterator[list[Row]]:
        """The records of all rows. Raises NoTextField where no column may hold a text."""
        job, limits = self._job, self._job.limits
        heads = {name.split(".")[0] for name in job.fields.text}
        if not heads & set(self.names) and not set(job.fields.text) & set(self.names):
            raise NoTextField(job.path, self.names, job.fields.text)
        caps = Caps.of(limits.file_bytes, limits.expansion, limits.record_bytes)
        for found in self.stretches():
            if not isinstance(found, Stretch):
                first, last, error = found
                told = f"rows {first:,} to {last:,} cannot be read: {_first_line(error)}"
                job.aside(first, "damaged", told)
                continue
            self.volume += found.batch.nbytes
            if self.volume > min(caps.total, max(caps.free, caps.ratio * self._packed)):
                name = "file_bytes" if self.volume > caps.total else "expansion"
                raise Damaged(Oversize(f"unpacks to over {self.volume:,} bytes (Limits.{name})"))
            yield self._rows(found)

    def _valid(
        self, found: Stretch, given: Mapping[int, list[Any]] | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, record in enumerate(records(found.batch, self.names, given), found.first):
            if isinstance(record, Exception):
                self._job.aside(number, "not_utf8", str(record))
            else:
                yield number, record

    def kept(
        self, numbers: Sequence[int], change: Callable[[int], Change | None], merge: bool
    ) -> Iterator[pa.RecordBatch]:
        """The rows of these numbers, which rise, with their changes, by their place among the numbers; with a column of
        additions where they `merge`.
        """
        place = 0
        for found in self._again():
            head, end = place, found.first + found.batch.num_rows
            while place < len(numbers) and numbers[place] < end:
                place += 1
            if place == head:
                continue
            batch = found.batch
            if place - head < batch.num_rows:
                batch = batch.take(integers([n - found.first for n in numbers[head:place]]))
            yield self._changed(batch, [change(i) for i in range(head, place)], merge)
        if place < len(numbers):
            raise InputError(self._job.path, "changed while it was being read; nothing was written, run again")

    def _changed(self, batch: pa.RecordBatch, changes: list[Change | None], merge: bool) -> pa.RecordBatch:
        columns = batch.columns
        for i, made in enumerate(changes):
            if made is not None and made.text is not None:
                [record] = records(batch.slice(i, 1), self.names)
                assert isinstance(record, dict)
                new = known(self._job.fields.with_text(record, made.text))
                for at, name in enumerate(self.names):
                    if new[name] is not record[name]:
                        values = [
                            columns[at].slice(0, i),
                            pa.array([new[name]], columns[at].type),
                            columns[at].slice(i + 1),
                        ]
                        columns[at] = pa.concat_arrays(values)
        schema = self.schema
        if merge:
            columns.append(pa.array([made and made.additions for made in changes], ADDITIONS))
            schema = merged_schema(schema)
        return pa.RecordBatch.from_arrays(columns, schema=schema)


class ParquetTable(Table):
    """A Parquet file, decoded by `ROWS` rows. What will be written is spooled as it was decoded: that costs less than decoding it
    again. Where its columns are plain (`is_plain`), single rows are read again there, too, and no JSON is made of all of them.
    """

    def _open(self, source: pa.NativeFile) -> pa.Schema:
        self._decoded: Decoded | None = None
        self._parquet = pq.ParquetFile(
            source,
            buffer_size=1 << 20,
            pre_buffer=False,
            page_checksum_verification=True,  # of the files that have checksums
            thrift_string_size_limit=_DECODED,
            thrift_container_size_limit=_DECODED,
        )
        self.codecs = _codecs(self._parquet.metadata)
        schema = self._parquet.schema_arrow
        if self._job.native and not any("dictionary<" in str(field.type) for field in schema):
            self._decoded = Decoded(self._job.workspace.spool(), schema)
        self._alone = self._decoded is not None and all(is_plain(field.type) for field in schema)
        if self._decoded and self._alone:
            self.file = self._decoded.spool.file
        name = self._job.fields.literal_name(schema.names)
        self._text = schema.names.index(name) if name else None
        return schema

    def _rows(self, found: Stretch) -> list[Row]:
        if self._decoded is None:
            return super()._rows(found)
        place = self._decoded.append(found)
        if not self._alone:
            return super()._rows(found)
        longest = self._job.limits.record_bytes
        if most_json(found.batch, self.names) <= longest:
            # decoding and encoding texts takes longer than the rest of their rows
            texts = None if self._text is None else utf8(found.batch.column(self._text))
            if self._text is None or texts is None:
                return [(number, *place, record, None) for number, record in self._valid(found)]
            blank = {self._text: [None if text is None else "" for text in texts]}
            return [(n, *place, record, texts[n - found.first]) for n, record in self._valid(found, blank)]
        kept: list[Row] = []
        for number, record in self._valid(found):
            if len(as_json(record)) <= longest:
                kept.append((number, *place, record, None))
            else:
                self._job.aside(number, "too_long", f"over {longest} bytes")
        return kept

    def raw(self, number: int, start: int, size: int) -> bytes:
        """The record of a row as a line of JSON."""
        if self._decoded is None or not self._alone:
            return super().raw(number, start, size)
        [record] = records(self._decoded.row(number), self.names)
        assert isinstance(record, dict)
        return as_json(record)

    def _again(self) -> Iterator[Stretch]:
        return iter(self._decoded) if self._decoded else super()._again()

    def stretches(self) -> Iterator[Stretch | tuple[int, int, Exception]]:
        """Row group by row group."""
        metadata = self._parquet.metadata
        ends = [1]
        for i in range(metadata.num_row_groups):
            ends.append(ends[-1] + metadata.row_group(i).num_rows)
        for i, (first, end) in enumerate(pairwise(ends)):
            at = first
            try:
                self._check(metadata.row_group(i))
                for batch in self._parquet.iter_batches(ROWS, row_groups=[i], use_threads=False):
                    yield Stretch(at, batch)
                    at += batch.num_rows
            except (pa.ArrowException, OSError, ValueError) as error:
                yield at, end - 1, error
                continue
            if at < end:
                yield at, end - 1, ValueError("the row group ends before")

    def _check(self, group: Any) -> None:
        """Raises ValueError for a row group that claims to unpack to more than the limits allow."""
        limits = self._job.limits
        caps = Caps.of(limits.file_bytes, limits.expansion, limits.record_bytes)
        for i in range(group.num_columns):
            column = group.column(i)
            packed, claimed = column.total_compressed_size, column.total_uncompressed_size
            if packed > self._packed or claimed > min(caps.total, max(caps.free, caps.ratio * packed)):
                raise ValueError(f"{column.path_in_schema} is said to have {claimed:,} bytes, packed in {packed:,}")


class ArrowTable(Table):
    """An Arrow IPC file or stream, batch by batch. Every batch is checked: what it says of itself may be false."""

    def _open(self, source: pa.NativeFile) -> pa.Schema:
        self._source = source
        self._file = None
        if source.read(6) == b"ARROW1":
            source.seek(0)
            self._file = ipc.open_file(source)
            return self._file.schema
        source.seek(0)
        return ipc.open_stream(source).schema

    def stretches(self) -> Iterator[Stretch | tuple[int, int, Exception]]:
        """Batch by batch. What follows a damaged one is lost in a stream, and has no numbers in a file."""
        at = 1
        for read in self._reads():
            try:
                batch = read()
                batch.validate(full=True)
            except StopIteration:
                return
            except (pa.ArrowException, OSError, ValueError) as error:
                yield at, at, error
                if self._file is None:
                    return
                at += 1
                continue
            for start in range(0, batch.num_rows, ROWS):
                yield Stretch(at, batch.slice(start, ROWS))
                at += min(ROWS, batch.num_rows - start)

    def _reads(self) -> Iterator[Callable[[], pa.RecordBatch]]:
        if self._file is not None:
            for i in range(self._file.num_record_batches):
                yield lambda i=i: self._file.get_batch(i)  # type: ignore[misc]
            return
        self._source.seek(0)
        stream = ipc.open_stream(self._source)
        while True:
            yield stream.read_next_batch


def _codecs(metadata: Any) -> dict[str, str] | str:
    """The compression of each column."""
    if metadata.num_row_groups == 0:
        return "snappy"
    columns = [metadata.row_group(0).column(i) for i in range(metadata.num_columns)]
    return {c.path_in_schema: "none" if c.compression == "UNCOMPRESSED" else c.compression.lower() for c in columns}


def _seekable(job: Job) -> IO[bytes]:
    """The bytes of an input as a file to seek in."""
    if job.opened.seekable:
        return job.workspace.keep(Path(job.path).open("rb", buffering=0))
    spool = job.workspace.spool()
    try:
        while part := job.opened.stream.read1(BATCH_BYTES):  # type: ignore[attr-defined]
            spool.append(part)
    except (*DAMAGE, Oversize) as error:
        raise InputError(job.path, f"cannot be unpacked: {error}") from error
    return spool.file


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__
