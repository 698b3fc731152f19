"""Dates as records state them: what cannot be read is unknown, never now, and nothing raises."""

from __future__ import annotations

import json
import locale
import time
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import dates
from dedup.errors import SettingsError

TABLE = json.loads((Path(__file__).parent / "cases" / "dates.json").read_text())
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30), timezones=OFFSETS)


@pytest.mark.parametrize(("stated", "seconds"), [tuple(case) for cases in TABLE.values() for case in cases])
def test_the_table(stated: object, seconds: float | None) -> None:
    assert dates.parse(stated) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be set")
@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York"])
def test_the_zone_of_the_machine_does_not_matter(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for stated, seconds in TABLE["iso 8601"] + TABLE["rfc 2822"] + TABLE["named month"]:
            assert dates.parse(stated) == seconds
        assert dates.parse(datetime(2024, 1, 31)) == dates.parse(date(2024, 1, 31)) == 1706659200.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        (datetime(2024, 1, 31, 12, 30, 15), 1706704215.0),
        (datetime(2024, 1, 31, 12, 30, 15, tzinfo=UTC), 1706704215.0),
        (datetime(2024, 1, 31, 13, 30, 15, tzinfo=timezone(timedelta(hours=1))), 1706704215.0),
        (date(2024, 1, 31), 1706659200.0),
        (datetime.min, -62135596800.0),
        (datetime.max.replace(microsecond=0), 253402300799.0),
        (timedelta(1), None),
        (b"2024-01-31", None),
        (time.gmtime(0), 0.0),
        ([2024, 1, 31, 12, 30, 15, 2, 31, 0], 1706704215.0),  # a struct_time that went through JSON
        ([2016, 12, 31, 23, 59, 60, 5, 366, 0], 1483228799.0),
        ([2024, 1, 31, 12, 30, 15], None),
        ([2024, 13, 31, 12, 30, 15, 2, 31, 0], None),
        (["2024", 1, 31, 12, 30, 15, 2, 31, 0], None),
        ([], None),
        (float("nan"), None),
        (object(), None),
    ],
)
def test_python_objects(stated: object, seconds: float | None) -> None:
    assert dates.parse(stated) == seconds


@pytest.mark.parametrize("stated", ["1712123112345", "1710101010101", "17011201123"])
def test_milliseconds_since_1970_are_no_date_of_the_18th_century(stated: str) -> None:
    assert dates.parse(stated) is None


@given(MOMENTS)
def test_every_moment_survives_iso_8601(moment: datetime) -> None:
    assert dates.parse(moment.isoformat()) == dates.parse(moment) == moment.timestamp()
    assert dates.parse(moment.isoformat(" ", "milliseconds")) == pytest.approx(moment.timestamp(), abs=2e-3)


@given(MOMENTS)
def test_every_moment_survives_rfc_2822(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert dates.parse(format_datetime(whole)) == whole.timestamp()


FORMS = [
    "{day} {name} {year}",
    "{day:02}-{short}-{year}",
    "{day}{short}{year}",
    "{name} {day}, {year}",
    "{short} {day} {year}",
    "{short}. {day}, {year}",
]
NAMES = ["January", "February", "March", "April", "May", "June", "July", "August"]
NAMES += ["September", "October", "November", "December"]


@given(MOMENTS, st.sampled_from(FORMS), st.sampled_from([str, str.upper, str.lower]))
def test_every_day_survives_with_a_named_month(moment: datetime, form: str, spelt: Any) -> None:
    name = spelt(NAMES[moment.month - 1])
    year = f"{moment.year:04}"
    stated = form.format(day=moment.day, name=name, short=name[:3], year=year)
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()
    assert dates.parse(stated) == midnight
    assert dates.parse(f"{stated} {moment:%H:%M}") == midnight + 3600 * moment.hour + 60 * moment.minute
    half = "PM" if moment.hour >= 12 else "AM"
    clock = f"{moment.hour % 12 or 12}:{moment:%M} {half}"
    assert dates.parse(f"{stated} {clock}") == midnight + 3600 * moment.hour + 60 * moment.minute


def test_names_of_months_are_english_in_any_locale() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            assert dates.parse("10 MAY 2004 4:12 PM") == 1084205520.0
            assert dates.parse("10 mai 2004") is None
    finally:
        locale.setlocale(locale.LC_ALL, before)


@pytest.mark.parametrize("stated", [" " * 10**6, "Jun" * 10**5, "1 " * 10**5, "June 1" + " " * 10**6, "a:" * 10**5])
def test_long_text_is_no_date(stated: str) -> None:
    began = time.perf_counter()
    assert dates.parse(stated) is None
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("45m", 2700), ("12h", 43200), ("30d", 2592000), ("2w", 1209600), (" 1d ", 86400), ("007d", 604800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert dates.duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "d",
            "30",
            "0d",
            "00h",
            "-1d",
            "+1d",
            "1.5h",
            "1,5h",
            "30 d",
            "30D",
            "1M",
            "1y",
            "30days",
            "1d12h",
            "d30",
        ),
        *("٣d", "1e3s", "inf", "nan", "9" * 400 + "d", "30d\0"),
    ],
)
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="as in 30d or 12h") as caught:
        dates.duration(text)
    assert repr(text) in str(caught.value)


def is_text(value: object) -> bool:
    return isinstance(value, str)


PIECES = st.lists(
    st.sampled_from(
        [
            "2024",
            "0001",
            "9999",
            "00",
            "31",
            "99",
            "12",
            "-",
            ":",
            "T",
            "Z",
            "+",
            " ",
            "W",
            ".",
            ",",
            "Jan",
            "Wed",
            "GMT",
            "gmt",
            "UTC",
            "utC",
            "2024-01-31",
            "2024-01-31T12:30",
            "/",
            "2024/1/31",
            "2024年1月31日",
            "June",
            "PM",
            "(",
            "\0",
            "999999999999999999999",
            "+9999",
            "-2400",
            "²",
            "٣",
        ]
    )
).map("".join)


@given(st.one_of(PIECES, st.sampled_from([stated for cases in TABLE.values() for stated, _ in cases]).filter(is_text)))
def test_spared_searches_would_have_found_nothing(stated: str) -> None:
    """What the year-first form and the zone are looked for in is told by a glance; looking everywhere is the same."""
    text = stated.strip()
    looked = dates._UTC.sub("+00:00", dates._YEAR_FIRST.sub(dates._dashed, text, count=1))
    try:
        everywhere = datetime.fromisoformat(looked) if dates._ISO.match(looked) else None
    except ValueError:
        everywhere = None
    assert dates._iso(text) == everywhere


@given(st.one_of(st.text(), PIECES))
def test_nothing_raises(stated: str) -> None:
    found = dates.parse(stated)
    assert found is None or -62135596800 - 86400 <= found <= 253402300800 + 86400


@given(st.one_of(st.none(), st.booleans(), st.binary(), st.lists(st.text())))
def test_other_values_are_unknown(stated: Any) -> None:
    assert dates.parse(stated) is None


@given(st.one_of(st.integers(), st.floats()))
def test_numbers_are_moments_or_unknown(stated: float) -> None:
    found = dates.parse(stated)
    assert found in (stated, stated / 1000.0) if 1e8 <= stated < 1e14 else found is None
