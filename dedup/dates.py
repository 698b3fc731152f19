"""A date as a record states it -> seconds since 1970 UTC, or None: unparsable is unknown, never now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

from dedup.errors import SettingsError

_ISO: Final = re.compile(r"[0-9]{4}-?([0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])([Tt ]|$)")

_YEAR_FIRST: Final = re.compile(r"([0-9]{4})(?:/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)", re.ASCII)
"""A day with its year first; then nothing else can be meant."""

_UTC: Final = re.compile(r"\s?(?:UTC|GMT)$", re.IGNORECASE)
_LETTERS: Final = frozenset("CTct")
"""Letters that `_UTC` ends in. Most dates do without it, and are spared the search."""

_FIRST: Final = -62_135_596_800.0
"""The first second of year 1, UTC, and `_LAST` the first of year 10,000: others have no date in UTC."""

_LAST: Final = 253_402_300_800.0

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_START_UTC: Final = datetime(1970, 1, 1)
"""What dates without an offset, which are taken for UTC, are counted from."""

_EPOCH: Final = (1e8, 1e11, 1e14)
"""Numbers from the first to the second of these are seconds since 1970 (1973 to 5138), from there to the third milliseconds."""

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
"""First three letters of an English month -> its number, in any locale."""

_MONTH: Final = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ZONES: Final = dict.fromkeys(("z", "ut", "utc", "gmt"), 0) | {
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
"""The zones that RFC 2822 names, and UTC -> hours from UTC."""

_DAY: Final = r"([0-9]{1,2})(?:st|nd|rd|th)?\.?"
_NAMED: Final = re.compile(
    r"\s{0,9}(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s{1,3})?"
    rf"(?:{_DAY}[-/\s]{{0,3}}{_MONTH}|{_MONTH}[-/\s]{{0,3}}{_DAY})"
    r",?[-/\s]{0,3}(?<![0-9])([0-9]{4})"
    r"(?:,?\s{1,3}(?:at\s)?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?:\s?([ap])\.?m\b\.?)?"
    rf"(?:\s?(?:({'|'.join(_ZONES)})|([-+])([0-9]{{2}}):?([0-9]{{2}})))?)?"
    r"\s{0,9}",
    re.IGNORECASE | re.ASCII,
)
_HALF_DAY: Final = re.compile(r"[0-9]\s?[ap]\.?m\b", re.IGNORECASE | re.ASCII)

_DURATION: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse(value: object) -> float | None:
    """Text, `datetime`, `date`, and nine numbers of a `struct_time` (feedparser's, in UTC); without an offset it is UTC.

    Text is ISO 8601, RFC 2822, or a day, a month by its English name and a year of four digits, with or without a time of
    day. A month that is a number is read only where the year comes first (`2016/04/03`, `2016年4月3日`): nothing tells which
    of 03/04/2016 it is. Numbers are seconds or milliseconds since 1970, from March 1973 on.

    >>> parse("1970-01-02T00:00:00Z"), parse("Fri, 02 Jan 1970 01:00:00 +0100"), parse("yesterday")
    (86400.0, 86400.0, None)
    >>> parse("January 2, 1970"), parse("02-JAN-1970 12:00:00.50"), parse("2 Jan 1970 4:00 PM"), parse("02/01/1970")
    (86400.0, 129600.5, 144000.0, None)
    >>> parse("1970/01/02 12:00 UTC"), parse(1704153600), parse(1704153600000), parse(12)
    (129600.0, 1704153600.0, 1704153600.0, None)
    """
    if isinstance(value, str):
        moment = _iso(value.strip()) or _named(value) or _mail(value)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, (tuple, list)):
        moment = _struct(value)
    else:
        return _epoch(value)
    if moment is None:
        return None
    try:
        seconds = (moment - (_START if moment.tzinfo else _START_UTC)).total_seconds()
    except (OverflowError, ValueError):
        return None
    return seconds if _FIRST <= seconds < _LAST else None


def duration(text: str) -> float:
    """Seconds of a whole number with a unit: `s`, `m` (minutes), `h`, `d` or `w`. Raises SettingsError.

    >>> duration("45m"), duration("30d")
    (2700.0, 2592000.0)
    """
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise SettingsError(
            f"{text!r} is no span of time: write a whole number above 0 with s, m (minutes), h, d or w, as in 30d or 12h"
        )
    return seconds


def _epoch(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    first, thousands, last = _EPOCH
    if not first <= value < last:
        return None
    return float(value) if value < thousands else value / 1000.0


def _struct(parts: Sequence[object]) -> datetime | None:
    """A `struct_time`, or what JSON makes of one."""
    if len(parts) != 9:
        return None
    try:
        year, month, day, hour, minute, second = (number for number in parts[:6] if type(number) is int)
        return datetime(year, month, day, hour, minute, min(second, 59))
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> datetime | None:
    plain = text[10:11] in ("T", "") and text[4:5] == text[7:8] == "-" and text[-1:] not in _LETTERS  # most dates are
    if not plain:
        if "/" in text or "年" in text:
            text = _YEAR_FIRST.sub(_dashed, text, count=1)
        if text[-1:] in _LETTERS:
            text = _UTC.sub("+00:00", text)
        if not _ISO.match(text):
            return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _dashed(found: re.Match[str]) -> str:
    year, *parts = filter(None, found.groups())
    return "-".join((year, *(part.zfill(2) for part in parts)))


def _named(text: str) -> datetime | None:
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    first, name, other, last, year, hour, minute, second, fraction, half, zone, sign, hours, minutes = found.groups()
    clock = int(hour or 0)
    if half:
        if not 1 <= clock <= 12:
            return None
        clock = clock % 12 + (12 if half in "pP" else 0)
    offset = timedelta(hours=_ZONES[zone.lower()] if zone else int(hours or 0), minutes=int(minutes or 0))
    try:
        return datetime(
            int(year),
            _MONTHS[(name or other)[:3].lower()],
            int(first or last),
            clock,
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
            timezone(-offset if sign == "-" else offset),
        )
    except ValueError:
        return None


def _mail(text: str) -> datetime | None:
    # The parser of mail dates takes 4:12 PM for 04:12.
    if ":" not in text or _HALF_DAY.search(text):
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
