"""Numbers as values: the same figure printed in two ways is one, another figure is another."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.values import apart, values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("no number", []),
        ("17 of 18", [(17, 1), (18, 1)]),
        ("17,121,000", [(17121000, 1)]),
        ("17.121.000", [(17121000, 1)]),
        ("17 121 000", [(17121000, 1)]),
        ("17\u202f121\u00a0000", [(17121, 1), (0, 1)]),  # one mark throughout
        ("1'250", [(1250, 1)]),
        ("1,250.75", [("1250.75", "0.01")]),
        ("1.250,75", [("1250.75", "0.01")]),
        ("0.5", [("0.5", "0.1")]),
        ("0,25", [("0.25", "0.01")]),
        ("17.1 mln", [(17100000, 100000)]),
        ("17.1mln", [(17100000, 100000)]),
        ("a 17.1-million dollar", [(17100000, 100000)]),
        ("9,7 Mrd. Euro", [(9700000000, 100000000)]),
        ("3 млн", [(3000000, 1000000)]),
        ("1.46 billion", [(1460000000, 10000000)]),
        ("in 1987.", [(1987, 1)]),
        ("3 men", [(3, 1)]),
        ("12-1/2", [(1, 1), (2, 1), (12, 1)]),
        ("A4 paper", []),
        ("v2.3", []),
        ("終値は前日比546円安の22,454円", [(546, 1), (22454, 1)]),
        ("ราคา25,000บาท", [(25000, 1)]),
        ("1234567890123456", []),
    ],
)
def test_values(text: str, expected: list[tuple[int | str, int | str]]) -> None:
    assert values(text) == sorted((Decimal(value), Decimal(unit)) for value, unit in expected)


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("17.1 mln", "17,121,000", 0.0),
        ("17.2 mln", "17,121,000", 0.0),  # rounded up
        ("17.3 mln", "17,121,000", 1.0),
        ("1.46 billion", "1,459,193,000", 0.0),
        ("500 000", "500,000", 0.0),
        ("12 pct and 13 pct", "13 pct and 12 pct", 0.0),
        ("12 pct and 13 pct", "13 pct and 14 pct", 0.5),
        ("12", "13", 1.0),
        ("1.5", "1.6", 1.0),
        ("12 12", "12 13 14", 0.5),
        ("nothing", "12", 1.0),
        ("nothing", "nothing", 1.0),
    ],
)
def test_apart(a: str, b: str, share: float) -> None:
    assert apart(a, b) == apart(b, a) == share


@given(st.text(alphabet="0123456789.,' \u00a0mln-", max_size=60), st.text(max_size=40))
def test_no_text_is_too_odd(a: str, b: str) -> None:
    assert values(a) == sorted(values(a))
    assert all(unit > 0 for _, unit in values(a + b))
    assert 0.0 <= apart(a, b) <= 1.0
    assert apart(a, a) == (0.0 if values(a) else 1.0)


@pytest.mark.parametrize(
    "text", ["1" * 1_000_000, "1," * 500_000, "1 234 " * 150_000, "1.234" * 200_000, "12 " * 300_000]
)
def test_long_texts(text: str) -> None:
    """In linear time: none of these ends otherwise."""
    assert 0.0 <= apart(text, text) <= 1.0
