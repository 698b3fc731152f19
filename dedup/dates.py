"""A date as a record states it -> seconds since 1970 UTC, or None: unparsable is unknown, never now."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ISO: Final = re.compile(r"[0-9]{4}-?([0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])([Tt ]|$)")


def parse(value: object) -> float | None:
    """ISO 8601 and RFC 2822 text, `datetime` and `date`; without an offset it is UTC.

    >>> parse("1970-01-02T00:00:00Z"), parse("Fri, 02 Jan 1970 01:00:00 +0100"), parse("yesterday")
    (86400.0, 86400.0, None)
    """
    if isinstance(value, str):
        moment = _iso(value.strip()) or _mail(value)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        return None
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None


def _iso(text: str) -> datetime | None:
    if not _ISO.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _mail(text: str) -> datetime | None:
    if ":" not in text:
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
