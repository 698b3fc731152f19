"""Columns of a record batch -> Python values, and how long these may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from dedup.readers.arrow import pa

_LONGER: Final = 6
"""As JSON, plain values (`is_plain`) have at most so many times the bytes that they have in a column, and `_CELL` bytes more: a
control character is written with six.
"""

_CELL: Final = 64

_STRINGS: Final = (pa.string(), pa.large_string())
_NUMBERS: Final = (
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64()),
)


def records(
    batch: pa.RecordBatch, names: list[str], given: Mapping[int, list[Any]] | None = None
) -> Iterator[dict[str, Any] | Exception]:
    """The rows of a batch as mappings; a row that holds a string which is no UTF-8 as the error that says so. `given`: the values
    of columns that need not be read, by their numbers.
    """
    known = given or {}
    columns = [column if i in known else _plain(column) for i, column in enumerate(batch.columns)]
    try:
        values = [known[i] if i in known else column.to_pylist() for i, column in enumerate(columns)]
    except UnicodeDecodeError:
        for i in range(batch.num_rows):
            try:
                cells = [known[at][i] if at in known else column[i].as_py() for at, column in enumerate(columns)]
            except UnicodeDecodeError as error:
                yield error
            else:
                yield dict(zip(names, cells, strict=True))
        return
    if not values:
        yield from ({} for _ in range(batch.num_rows))
    for row in zip(*values, strict=True):
        yield dict(zip(names, row, strict=True))


def utf8(column: pa.Array) -> list[bytes | None] | None:
    """The strings of a column as UTF-8; None where it has other values, or strings that are no UTF-8."""
    if column.type not in _STRINGS:
        return None
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return None
    found: list[bytes | None] = column.cast(pa.large_binary()).to_pylist()
    return found


def is_plain(kind: pa.DataType) -> bool:
    """Whether values of a type are strings, numbers, times, or lists of strings or numbers. Binary ones are not, as what they are
    read as depends on the others of their batch.
    """
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return kind.value_type in (*_STRINGS, *_NUMBERS)
    return bool(pa.types.is_primitive(kind) or kind in (*_STRINGS, pa.null()))


def most_json(batch: pa.RecordBatch, names: Sequence[str]) -> int:
    """The most bytes that a row of a batch of plain columns may have as a line of JSON."""
    return int(_LONGER * batch.nbytes) + sum(_LONGER * len(name.encode("utf-8", "replace")) + _CELL for name in names)


def integers(values: Sequence[int]) -> pa.Array:
    """Numbers as a column; `pyarrow.array` imports pandas where that is installed, which takes a quarter of a second."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.array(values, np.int64))])


def _plain(column: pa.Array) -> pa.Array:
    """Times as text, which Python's own types cannot hold to the nanosecond; binary as text where all of it is UTF-8."""
    if pa.types.is_timestamp(column.type) or pa.types.is_time(column.type):
        return column.cast(pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        try:
            return column.cast(pa.large_string() if pa.types.is_large_binary(column.type) else pa.string())
        except pa.ArrowInvalid:
            return column
    return column
