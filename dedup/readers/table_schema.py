"""Types and columns of the tables that are written."""

from __future__ import annotations

from typing import Final

from dedup.errors import InputError
from dedup.readers import MERGED
from dedup.readers.arrow import pa

TYPES: Final = {
    "null": pa.null(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "long": pa.int64(),
    "float": pa.float64(),
    "str": pa.string(),
    "json": pa.string(),
}
"""Types of columns, by those of `conversion.columns`."""

ADDITIONS: Final = pa.list_(pa.struct([("id", pa.string()), ("text", pa.string())]))
"""The type of the column of additions."""


def merged_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with a column of additions. Raises InputError where it has one already."""
    if MERGED in schema.names:
        raise InputError(MERGED, "is a column already; give -o FILE.jsonl, or leave --merge out")
    return schema.append(pa.field(MERGED, ADDITIONS))
