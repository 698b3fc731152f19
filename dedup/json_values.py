"""JSON: one value from and to bytes; what orjson refuses, the standard library reads."""

from __future__ import annotations

import base64
import json
import re
from datetime import date, time
from typing import Any, Final

import orjson

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse(line: bytes) -> Any:
    """A JSON value: orjson, and the standard library for what orjson refuses (NaN, lone surrogates).

    Raises ValueError (UnicodeDecodeError for what is not UTF-8) and RecursionError.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode())


def as_json(record: dict[str, Any]) -> bytes:
    """A record as a line of JSON without its end: dates and times in ISO 8601, binary in base64, decimals and spans as text."""
    try:
        return orjson.dumps(record, default=_as_json)
    except TypeError:  # keys that are no strings; looking for them makes all others slower
        return orjson.dumps(record, default=_as_json, option=orjson.OPT_NON_STR_KEYS)


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def dumps(value: Any) -> bytes:
    """JSON as UTF-8; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps({k: _clean(v) for k, v in value.items()})


def exact(value: Any) -> bytes:
    """JSON as UTF-8, with lone surrogates as bytes that no other character has (`surrogatepass`)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def escaped(value: Any) -> str:
    """JSON as text, with lone surrogates as escapes."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))


def _clean(value: Any) -> Any:
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
