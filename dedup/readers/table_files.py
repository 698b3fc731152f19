"""Record batches, or records, -> Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Any, Final

from dedup.conversion import value_of
from dedup.readers import MERGED
from dedup.readers.arrow import ipc, pa, pq
from dedup.readers.table_schema import TYPES, merged_schema
from dedup.readers.tables import ROWS, Table

GROUP: Final = 32 << 20
"""A row group, or record batch, is written when its rows take so many bytes in memory."""


def write(stream: IO[bytes], kind: str, first: Table, batches: Iterator[pa.RecordBatch], merge: bool) -> None:
    """Batches as a Parquet or Arrow file like that of the first input: its schema, metadata and compression."""
    codecs = first.codecs
    if merge and isinstance(codecs, dict):
        codecs = {**codecs, **{f"{MERGED}.list.element.{name}": "snappy" for name in ("id", "text")}}
    _write(stream, kind, merged_schema(first.schema) if merge else first.schema, codecs, batches)


def convert(stream: IO[bytes], kind: str, columns: Mapping[str, str], records: Iterable[Mapping[str, Any]]) -> None:
    """Records as a Parquet or Arrow file with these columns (`conversion.columns`)."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    chunks = iter(records)

    def batches() -> Iterator[pa.RecordBatch]:
        while chunk := list(islice(chunks, ROWS)):
            values = {name: [value_of(r.get(name), kind) for r in chunk] for name, kind in columns.items()}
            yield pa.RecordBatch.from_pydict(values, schema=schema)

    _write(stream, kind, schema, "snappy", batches())


def _write(
    stream: IO[bytes], kind: str, schema: pa.Schema, codecs: dict[str, str] | str, batches: Iterator[pa.RecordBatch]
) -> None:
    sink = pa.PythonFile(stream, mode="w")
    if kind == "parquet":
        with pq.ParquetWriter(sink, schema, compression=codecs) as parquet:
            for table in _grouped(batches, schema):
                parquet.write_table(table, max(1, table.num_rows))
    else:
        with ipc.new_file(sink, schema) as arrow:
            for table in _grouped(batches, schema):
                arrow.write_table(table)


def _grouped(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= GROUP:
            yield pa.Table.from_batches(held, schema)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held, schema)
