"""Slow twins of the compiled kernels, in plain Python: they define what is right.

Written from the rules (the docstrings of `dedup.tokens` and of the kernels), not from the code: whole windows instead of
rolled ones, `unicodedata` instead of the shipped table. Where they and the kernels differ, one of them has a defect.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

MASK32: Final = (1 << 32) - 1
MASK64: Final = (1 << 64) - 1

SEED: Final = 0xCBF29CE484222325
STEP: Final = 0x9FB21C651E98DF25
MIX: Final = 0xC4CEB9FE1A85EC53
ROLL: Final = 0x9E3779B97F4A7C15
PI: Final = 0x243F6A8885A308D3
PI2: Final = 0x13198A2E03707344

MARK_CAP: Final = 8
EXPANSION: Final = 4
DIGITS: Final = "0123456789"
TABLE_END: Final = 0x20000

_DECORATING_CLASSES: Final = {1, 7, 8, *range(10, 36), *range(202, 241)}
_VARIATION_SELECTORS: Final = {*range(0xFE00, 0xFE10), 0x180B, 0x180C, 0x180D, 0x180F}
_INVISIBLE: Final = {0x034F, 0x0640, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164}
"""Grapheme joiner, tatweel, Hangul fillers, Khmer inherent vowels."""

_SPACELESS_NAMES: Final = (
    "CJK UNIFIED IDEOGRAPH",
    "CJK COMPATIBILITY IDEOGRAPH",
    "CJK RADICAL",
    "KANGXI RADICAL",
    "IDEOGRAPHIC ITERATION MARK",
    "IDEOGRAPHIC CLOSING MARK",
    "IDEOGRAPHIC NUMBER ZERO",
    "VERTICAL IDEOGRAPHIC ITERATION MARK",
    "VERTICAL KANA REPEAT",
    "HANGZHOU NUMERAL",
    "MASU MARK",
    "HIRAGANA",
    "KATAKANA",
    "HALFWIDTH KATAKANA",
    "HENTAIGANA",
    "BOPOMOFO",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "TAI LE",
    "NEW TAI LUE",
    "YI ",
)


class Word(NamedTuple):
    """A token: its folded letters (digits as ASCII digits) and its 32 bits."""

    letters: str
    value: int


def spaceless(character: str) -> bool:
    """Whether a letter belongs to a script written without spaces."""
    name = unicodedata.name(character, "")
    return name.startswith(_SPACELESS_NAMES)


@functools.cache
def kind(character: str) -> str:
    """`skip`, `separator`, `mark`, `single` (a token of its own) or `letter` (digits too)."""
    code = ord(character)
    if code >= TABLE_END:
        if code < 0x40000:
            return "single"
        return "skip" if 0xE0000 <= code < 0xE1000 else "separator"
    category = unicodedata.category(character)
    if category == "Cf" or code in _INVISIBLE or code in _VARIATION_SELECTORS:
        return "skip"
    if category.startswith("M"):
        decorates = category == "Me" or unicodedata.combining(character) in _DECORATING_CLASSES
        return "skip" if decorates else "mark"
    if not category.startswith(("L", "N")):
        return "separator"
    return "single" if category != "Nd" and spaceless(character) else "letter"


def _kept(characters: str) -> str:
    return "".join(c for c in characters if kind(c) not in ("skip", "separator"))


@functools.cache
def fold(character: str) -> str:
    """What a character contributes to its word: undecorated, case-folded, compatibility-decomposed."""
    plain = _kept(unicodedata.normalize("NFKD", character))
    folded = _kept(unicodedata.normalize("NFKD", plain.casefold()))
    digits = [unicodedata.decimal(c, None) for c in folded]
    letters = "".join(c if d is None else str(d) for c, d in zip(folded, digits, strict=True))
    return letters.replace("ı", "i")[:EXPANSION]


def value(letters: str) -> int:
    """A word's token: its UTF-8 by eight bytes at once, lowest first, mixed; bit 0 tells whether it holds a digit."""
    h = SEED
    data = letters.encode("utf-8", "surrogatepass")
    for at in range(0, len(data), 8):
        h = ((h ^ int.from_bytes(data[at : at + 8], "little")) * STEP) & MASK64
        h ^= h >> 29
    h = ((h ^ (h >> 32)) * MIX) & MASK64
    return (h >> 32) & 0xFFFFFFFE | any(c in DIGITS for c in letters)


def tokenize(text: str) -> list[Word]:
    """The tokens of a text."""
    found: list[str] = []
    word = ""
    alone = False  # the word is one character of a spaceless script
    run = 0  # marks in a row
    for character in text:
        what = kind(character)
        letters = "" if what in ("skip", "separator") else fold(character)
        if what == "separator" or (letters and what != "mark" and (alone or (what == "single" and word))):
            found.append(word)
            word, alone, run = "", False, 0
        if not letters:
            continue
        if what == "mark":
            word += letters[: max(0, MARK_CAP - run)]
            run += len(letters)
        else:
            word += letters
            alone, run = what == "single", 0
    return [Word(w, value(w)) for w in [*found, word] if w]


def shingles(tokens: Sequence[int], size: int) -> list[int]:
    """The hash of every run of `size` tokens."""
    out = []
    for i in range(len(tokens) - size + 1):
        h = sum(t * ROLL**k for k, t in enumerate(reversed(tokens[i : i + size]))) & MASK64
        out.append((((h ^ (h >> 29)) * MIX) & MASK64) >> 32)
    return out


def text_hash(tokens: Sequence[int]) -> tuple[int, int]:
    """128 bits of a token sequence."""
    a, b = PI ^ len(tokens), PI2
    for t in tokens:
        a = ((a ^ t) * STEP) & MASK64
        a ^= a >> 29
        b = ((b + t) * ROLL) & MASK64
        b ^= b >> 31
    a = ((a ^ (b >> 32)) * MIX) & MASK64
    b = ((b ^ (a >> 29)) * STEP) & MASK64
    return a ^ (a >> 32), b ^ (b >> 29)


def premix(h: int) -> int:
    """MurmurHash3's 32-bit finaliser."""
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK32
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK32
    return h ^ (h >> 16)


def signature(hashes: Sequence[int], a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The least value that each permutation gives to the premixed hashes; all ones without any."""
    mixed = [premix(h) for h in hashes]
    return [min(((x * h + y) & MASK32 for h in mixed), default=MASK32) for x, y in zip(a, b, strict=True)]


def band_keys(values: Sequence[int], count: int, rows: int) -> list[int]:
    """The key of each band of one signature."""
    keys = []
    for band in range(count):
        h = (band * ROLL + PI) & MASK64
        for v in values[band * rows : (band + 1) * rows]:
            h = ((h ^ v) * STEP) & MASK64
            h ^= h >> 29
        keys.append((h * MIX) & MASK64)
    return keys
