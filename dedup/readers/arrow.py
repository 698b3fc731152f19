"""pyarrow, where it is installed."""

from __future__ import annotations

from dedup.errors import MissingExtra

try:
    import pyarrow as pa
    from pyarrow import ipc
    from pyarrow import parquet as pq
except ImportError as error:
    raise MissingExtra("parquet", "reading and writing Parquet and Arrow") from error

__all__ = ["ipc", "pa", "pq"]
