"""Records of any shape -> columns: their names and types, and cells of a CSV file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from dedup.json_values import as_json

_EXACT: Final = 1 << 53
"""Whole numbers up to this one are exact as floating point numbers, too."""

_LONG: Final = 1 << 63

_MIXED: Final = {
    frozenset(("int", "long")): "long",
    frozenset(("int", "float")): "float",
}
"""What two types are together; any other two are `json`."""


def columns(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The fields of all records in the order in which they come up, with the type of each: `bool`, `int` and `long` (64 bits),
    `float`, `str`, `json` for what is nested or of several types, `null` for a field without any value.

    >>> columns([{"a": 1, "b": None}, {"a": 2.5, "c": ["x"]}])
    {'a': 'float', 'b': 'null', 'c': 'json'}
    """
    found: dict[str, str] = {}
    for record in records:
        for name, value in record.items():
            kind, known = _kind(value), found.get(name, "null")
            if kind not in ("null", known):
                kind = kind if known == "null" else _MIXED.get(frozenset((kind, known)), "json")
                found[name] = kind
            else:
                found[name] = known
    return found


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= _EXACT else "long" if -_LONG <= value < _LONG else "json"
    return "float" if isinstance(value, float) else "str" if isinstance(value, str) else "json"


def value_of(value: Any, kind: str) -> Any:
    """A value as one of its column's type: `json` as text; U+FFFD for lone surrogates."""
    if value is None:
        return None
    if kind == "json":
        return as_text(value)
    if isinstance(value, str):
        return _valid(value)
    return float(value) if kind == "float" else value


def _valid(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def as_text(value: Any) -> str:
    """A value as JSON; escaped throughout where UTF-8 cannot hold it."""
    try:
        return as_json({"": value})[4:-1].decode()
    except TypeError:
        return json.dumps(value, default=str)


def rows(records: Iterable[Mapping[str, Any]], names: list[str], delimiter: str) -> Iterator[bytes]:
    """Records as the lines of a CSV file, behind its header: strings as they are, None as an empty cell, all else as JSON."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(map(_valid, names))
    for record in records:
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
        values = (record.get(name) for name in names)
        writer.writerow(["" if v is None else _valid(v) if isinstance(v, str) else as_text(v) for v in values])
    yield out.getvalue().encode()
