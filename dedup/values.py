"""Two texts -> the share of their numbers that differ as values: `17.1 mln` and `17,121,000` are one, rounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from dedup.words import locate

_SCALES: Final = {
    3: "thousand tsd mille mil тыс",
    5: "lakh",
    6: "mln mn mio million millions millionen millón millones milhão milhões milione milioni млн",
    7: "crore",
    9: "bln bn billion billions mrd milliard milliards milliarden miliardo miliardi млрд",
    12: "trillion trillions tn",
}
"""Powers of ten, and the words for them that newspapers print behind a number. `m`, `k` and a Spanish `billón` are no
such words: they have other meanings as well."""

_POWERS: Final = {word: power for power, words in _SCALES.items() for word in words.split()}

_NUMBER: Final = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:([,.'’ \u00a0\u202f])\d{3}(?:\2\d{3})*)?|\d+)(?:([.,])(\d+))?(?![\d])(?:[\s-]?([^\W\d_]{2,9}))?"
)
"""A number with its thousands set off, or plain; decimals; a word behind it. It begins where a token does."""

_DIGITS: Final = 15
"""Longer numbers are names of things, and not values."""


class Value(NamedTuple):
    """A number as a value, and the unit of its last digit: 17.1 mln has 100,000."""

    value: Decimal
    unit: Decimal


def values(text: str) -> list[Value]:
    """The numbers of a text that are printed with digits, smallest first.

    A mark with three digits behind it sets thousands off, as `1.250` and `1,250` do in most newspapers of the world; with
    fewer or more digits it is a decimal mark.

    >>> [f"{value:f} to {unit:f}" for value, unit in values("up 17.1 mln on sales of 1,250 and 1.250,5")]
    ['1250 to 1', '1250.5 to 0.1', '17100000 to 100000']
    """
    found = []
    starts = set(locate(text).starts.tolist())
    matches = (match for match in _NUMBER.finditer(text) if match.start() in starts)
    for whole, _, _, decimals, word in (match.groups("") for match in matches):
        digits = "".join(c for c in whole if c.isdigit())
        if len(digits) + len(decimals) <= _DIGITS:
            power = _POWERS.get(word.lower(), 0)
            value = Decimal(f"{digits}.{decimals}").scaleb(power)
            found.append(Value(value, Decimal(1).scaleb(power - len(decimals))))
    return sorted(found)


def apart(a: str, b: str) -> float:
    """The share of the numbers of the text that has fewer which the other does not state, 0 to 1; 1 where it has none.

    Two numbers are the same when they are equal in the coarser of their units, rounded up or down.

    >>> apart("Net 17.1 mln dlrs vs 9 mln", "Net 17,121,000 vs 9,000,000"), apart("12 pct", "13 pct")
    (0.0, 1.0)
    """
    left, right = sorted((values(a), values(b)), key=len)
    if not left:
        return 1.0
    i = j = same = 0
    while i < len(left) and j < len(right):
        x, y = left[i], right[j]
        if x.value == y.value or (x.unit != y.unit and abs(x.value - y.value) < max(x.unit, y.unit)):
            same, i, j = same + 1, i + 1, j + 1
        elif x.value < y.value:
            i += 1
        else:
            j += 1
    return 1.0 - same / len(left)
