"""What a word is: the one place that decides it, as a table that the kernels read.

A token is a maximal run of letters, digits and marks, case-folded and without diacritics:

* letters fold to the compatibility decomposition (NFKD) of their case folding, without the marks that
  merely decorate a letter (accents, Arabic vowel signs, Hebrew points, nukta, voiced-sound marks), so
  that NFC and NFD, `Straße` and `STRASSE`, full-width and plain forms are one;
* dotless i is i; decimal digits of every script are ASCII digits; Hangul syllables are their jamo;
* format characters, soft hyphens, zero-width characters, variation selectors and the Arabic tatweel
  are passed over and do not end a word; every other character separates words;
* scripts written without spaces (Han, Kana, Bopomofo, Thai, Lao, Khmer, Myanmar, Tai Le, Yi) give one token
  per character, together with the vowel signs and tone marks that stand on it;
* of a run of such marks only the first `MARK_CAP` count.

The table is pinned to one version of Unicode and shipped (`unicode.npz`), so that tokens do not depend on
the Python that runs; `python -m dedup.tokens` builds it anew. Source of the rules: Unicode Standard Annex 15
(normalisation), Annex 44 (categories, combining classes), CaseFolding.txt, by way of `unicodedata`.
"""

from __future__ import annotations

import functools
import importlib.resources
import unicodedata
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEPARATOR: Final = 0
LETTER: Final = 1
DIGIT: Final = 2
SINGLE: Final = 3
MARK: Final = 4
SKIP: Final = 5
EXPAND: Final = 6
HANGUL: Final = 7
MARKS: Final = 8
"""A mark that decomposes into several (Bengali o); its row of `expansions` follows."""
SINGLES: Final = 9
"""A character of a script without spaces that decomposes into several code points."""

MARK_CAP: Final = 8
EXPANSION: Final = 4
"""At most this many code points of a character's decomposition count."""

TABLE_SIZE: Final = 0x20000
"""Code points below this are looked up; above it only Han (planes 2 and 3) is a letter."""

COMPATIBILITY: Final = range(0x2F800, 0x2FA1E)
"""Han of plane 2 that decomposes to other Han: looked up too, behind the rest of the table."""

_DECORATION: Final = frozenset({1, 7, 8, *range(10, 36), *range(202, 241)})
"""Combining classes of marks that decorate a letter and are dropped; vowel signs (0, 9, 84-132) stay."""

_INVISIBLE: Final = frozenset({0x034F, 0x0640, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164})

_SPACELESS: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x312F),  # Kana, Bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),  # Yi
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x1AFF0, 0x1B16F),
)


class TokenTable(NamedTuple):
    """The kernels' view of the rules.

    `entries`: u32[TABLE_SIZE + len(COMPATIBILITY)], kind in bits 28-31, folded code point (or row of `expansions`) below.
    `inside`: u8[256], 0 for bytes that separate words whatever stands beside them. `expansions`: u32[rows, EXPANSION],
    0-padded.
    """

    entries: NDArray[np.uint32]
    inside: NDArray[np.uint8]
    expansions: NDArray[np.uint32]


def fold(character: str) -> str:
    """The code points that one character contributes to its word (Hangul aside), at most `EXPANSION`.

    >>> fold("É"), fold("ß"), fold("ı"), fold("٣"), fold("Ａ")
    ('e', 'ss', 'i', '3', 'a')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if _counts(c))  # before U+0345 folds to iota
    kept = ""
    for c in filter(_counts, unicodedata.normalize("NFKD", plain.casefold())):
        digit = unicodedata.decimal(c, -1)
        kept += str(digit) if digit >= 0 else "i" if c == "ı" else c
    return kept[:EXPANSION]


def _counts(c: str) -> bool:
    return unicodedata.combining(c) not in _DECORATION and kind_of(c) not in (SEPARATOR, SKIP)


def kind_of(character: str) -> int:
    """Whether a character separates, continues or makes a token, before folding."""
    code = ord(character)
    category = unicodedata.category(character)
    if 0xAC00 <= code <= 0xD7A3:
        return HANGUL
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F or code in _INVISIBLE:
        return SKIP
    if category[0] == "M":
        if unicodedata.combining(character) in _DECORATION or category == "Me":
            return SKIP
        return MARK
    if category[0] not in "LN":
        return SEPARATOR
    if category == "Nd":
        return DIGIT
    if any(low <= code <= high for low, high in _SPACELESS):
        return SINGLE
    return LETTER


def build() -> TokenTable:
    """The table from this Python's `unicodedata`."""
    entries = np.zeros(TABLE_SIZE + len(COMPATIBILITY), np.uint32)
    expansions: list[list[int]] = []
    for row, code in enumerate((*range(TABLE_SIZE), *COMPATIBILITY)):
        character = chr(code)
        kind = SINGLE if code in COMPATIBILITY else kind_of(character)
        if kind in (SEPARATOR, SKIP, HANGUL):
            entries[row] = kind << 28
            continue
        folded = fold(character)
        if not folded:
            entries[row] = SKIP << 28
        elif len(folded) > 1:
            expanded = {MARK: MARKS, SINGLE: SINGLES}.get(kind, EXPAND)
            entries[row] = expanded << 28 | len(expansions)
            expansions.append([ord(c) for c in folded])
        else:
            entries[row] = kind << 28 | ord(folded)
    rows = np.zeros((max(1, len(expansions)), EXPANSION), np.uint32)
    for i, codes in enumerate(expansions):
        rows[i, : len(codes)] = codes
    inside = np.ones(256, np.uint8)
    inside[:128] = entries[:128] != SEPARATOR
    return TokenTable(entries, inside, rows)


@functools.cache
def load() -> TokenTable:
    """The shipped table."""
    with importlib.resources.files("dedup").joinpath("unicode.npz").open("rb") as f:
        stored = np.load(f, allow_pickle=False)
        return TokenTable(stored["entries"], stored["inside"], stored["expansions"])


def main() -> None:
    """Write the table of this Python's Unicode version to `unicode.npz` beside this module."""
    table = build()
    with importlib.resources.as_file(importlib.resources.files("dedup")) as folder:
        np.savez_compressed(folder / "unicode.npz", unicode=np.array(unicodedata.unidata_version), **table._asdict())


if __name__ == "__main__":
    main()
