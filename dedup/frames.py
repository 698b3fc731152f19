"""Data frames of pandas, polars and pyarrow -> tables of plain values; and back: some of their rows, and frames of their kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np

from dedup.errors import InputError, MissingExtra

try:
    import narwhals.stable.v2 as nw
    from narwhals.exceptions import DuplicateError
except ImportError as error:
    raise MissingExtra("frames", "a data frame") from error

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = _EPOCH.toordinal()

_MISSING: Final = frozenset({"NAType", "NaTType"})
"""What pandas calls the kinds of its missing values."""

_KINDS: Final = {int: nw.Int64(), float: nw.Float64(), str: nw.String()}

_PANDAS: Final = {
    (int, False): "int64",
    (int, True): "Int64",
    (float, False): "float64",
    (float, True): "float64",
    (str, False): "string",
    (str, True): "string",
}
"""The types of pandas by what a column holds, and whether a value is missing."""


class FrameTable:
    """A data frame as a `Table`. It is held as it is now: columns that are exchanged in it later do not matter.

    Raises InputError when two columns have one name.
    """

    name: Final = "<frame>"

    def __init__(self, native: Any) -> None:
        try:
            frame = nw.from_native(native, eager_only=True)
        except DuplicateError as error:
            raise InputError(self.name, f"columns that share a name: {error}") from error
        self._frame = frame[0 : len(frame)]
        self.rows = len(frame)
        self.labels = list(map(str, frame.columns))
        self.columns = {c.name: _holds(c) for c in frame.iter_columns() if isinstance(c.name, str)}
        self._strings = {name for name, kind in frame.schema.items() if isinstance(kind, nw.String)}
        self._read: dict[str, nw.Series[Any]] = {}

    def _column(self, name: str) -> nw.Series[Any]:
        if name not in self._read:
            self._read[name] = self._frame.get_column(name)
        return self._read[name]

    def part(self, start: int, stop: int, names: Sequence[str]) -> list[list[Any]]:
        """The values of some columns in the rows from `start` to before `stop`."""
        return [values(self._column(name)[start:stop]) for name in names]

    def cell(self, row: int, name: str) -> Any:
        """One value."""
        column = self._column(name)
        return plain(column[row]) if name in self._strings else values(column[row : row + 1])[0]

    def chosen(self, rows: Sequence[int], changes: Mapping[str, Mapping[int, Any]]) -> Any:
        """A frame of these rows, in rising order, with other values in some: `changes` by column, then by row."""
        if not self.rows:
            return self._frame.to_native()
        mask = np.zeros(self.rows, np.bool_)
        mask[list(rows)] = True
        frame = self._frame.filter(mask.tolist())
        place = {row: i for i, row in enumerate(rows)}
        for name, of_rows in changes.items():
            new = {place[row]: value for row, value in of_rows.items()}
            frame = frame.with_columns(_exchanged(frame.get_column(name), new).alias(name))
        native: Any = frame.to_native()
        if changes and self._frame.implementation.is_pyarrow():  # fields keep what is said of them beside their types
            schema = self._frame.to_native().schema
            native = type(native).from_arrays(native.cast(schema).columns, schema=schema)
        # pandas 2 warns of a change in what it takes for a part of another frame.
        return native.copy(deep=False) if self._frame.implementation.is_pandas_like() else native

    def made(self, columns: Mapping[str, tuple[type, Sequence[Any]]]) -> Any:
        """A new frame of the same kind: columns by name, of `int`, `float` or `str`, with None where a value is missing. One of
        pandas has the index of the frame; its types are `string`, `float64`, and `Int64` for whole numbers that may be missing.
        """
        cells = {name: list(cells) for name, (_, cells) in columns.items()}
        backend = self._frame.implementation
        if not backend.is_pandas_like():
            schema = {name: _KINDS[kind] for name, (kind, _) in columns.items()}
            return nw.from_dict(cells, schema, backend=backend).to_native()
        kinds = {name: _PANDAS[kind, None in cells[name]] for name, (kind, _) in columns.items()}
        native: Any = nw.from_dict(cells, backend=backend).to_native()
        return native.astype(kinds).set_axis(self._frame.to_native().index)


def values(column: nw.Series[Any]) -> list[Any]:
    """The values of a column: None where they are missing, dates as `datetime` (with time zone: of UTC) and `date`."""
    kind = column.dtype
    if isinstance(kind, nw.Datetime):
        aware = kind.time_zone is not None
        return [_moment(plain(stamp), aware=aware) for stamp in column.dt.timestamp("us").to_list()]
    if isinstance(kind, nw.Date):
        return [_date(plain(day)) for day in column.cast(nw.Int32()).to_list()]
    return [cell if type(cell) is str else plain(cell) for cell in column.to_list()]


def plain(value: Any) -> Any:
    """A value as Python has it: None for NaN, NaT and NA, lists for arrays, Python's numbers for those of numpy.

    >>> plain(float("nan")), plain(np.float64("nan")), plain(np.datetime64("NaT")), plain(np.int64(7)), plain("words")
    (None, None, None, 7, 'words')
    """
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        value = value.astype("datetime64[us]").item() if isinstance(value, np.datetime64) else value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return None if type(value).__name__ in _MISSING else value


def _moment(stamp: float | None, *, aware: bool) -> datetime | None:
    """Microseconds since 1970 as a moment; None beyond the years that Python has."""
    try:
        moment = None if stamp is None else _EPOCH + timedelta(microseconds=int(stamp))
    except OverflowError:
        return None
    return moment if aware or moment is None else moment.replace(tzinfo=None)


def _date(day: float | None) -> date | None:
    """Days since 1970 as a date; None beyond the years that Python has."""
    try:
        return None if day is None else date.fromordinal(_DAY + int(day))
    except (ValueError, OverflowError):
        return None


def _holds(column: nw.Series[Any]) -> bool:
    """Whether values of a column may hold others."""
    kind = column.dtype
    # Of a column of objects the first ones tell the type.
    objects = column.implementation.is_pandas_like() and column.to_native().dtype == object
    return objects or kind.is_nested() or isinstance(kind, (nw.Object, nw.Unknown))


def _exchanged(column: nw.Series[Any], new: Mapping[int, Any]) -> nw.Series[Any]:
    """A copy of a column with other values at some places, of the same type; a type that lists its values (categories) gets
    the new ones, too.
    """
    kind, places, cells = column.dtype, list(new), list(new.values())
    if isinstance(kind, (nw.Struct, nw.List, nw.Array)):
        every = column.to_list()
        for place, cell in new.items():
            every[place] = cell
        return nw.new_series(column.name, every, kind, backend=column.implementation)
    if isinstance(kind, nw.Object) and column.implementation.is_polars():
        every = [new.get(place, cell) for place, cell in enumerate(column.to_list())]
        held: Any = column.to_native()
        return nw.from_native(type(held)(column.name, every, dtype=held.dtype), series_only=True)
    if isinstance(kind, (nw.Categorical, nw.Enum)):
        native = column.to_native()
        if column.implementation.is_pandas_like():
            more = [cell for cell in dict.fromkeys(cells) if cell not in native.cat.categories]
            column = nw.from_native(native.cat.add_categories(more), series_only=True)
        elif column.implementation.is_polars():
            more = list(dict.fromkeys([*kind.categories, *cells])) if isinstance(kind, nw.Enum) else []
            return column.cast(nw.String()).scatter(places, cells).cast(nw.Enum(more) if more else kind)
    return column.scatter(places, cells)
