"""Characters of any script, in UTF-8 -> words folded by the table of `tokens`, their states and tokens."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

SEED = uint64(0xCBF29CE484222325)
"""The state of a word that has no letter yet."""

_STEP = uint64(0x9FB21C651E98DF25)
_MIX = uint64(0xC4CEB9FE1A85EC53)
_TABLE = 0x20000
_MARK_CAP = 8
_COMPATIBILITY = 0x2F800
_COMPATIBILITY_END = 0x2FA1E


@njit(inline="always")
def absorb(h, chunk):  # type: ignore[no-untyped-def]
    """The state of a word after eight more bytes of its folded UTF-8, first byte lowest, zeros behind its end."""
    h = (h ^ chunk) * _STEP
    return h ^ (h >> uint64(29))


@njit(inline="always")
def finish(h, digit):  # type: ignore[no-untyped-def]
    """A word's state -> its token: 31 hash bits, and bit 0 set when the word holds a digit."""
    h = (h ^ (h >> uint64(32))) * _MIX
    return (uint32(h >> uint64(32)) & uint32(0xFFFFFFFE)) | digit


@njit(inline="always")
def _push(h, chunk, held, c):  # type: ignore[no-untyped-def]
    """Adds the UTF-8 of a code point to a word that holds `held` bytes in its unfinished `chunk`."""
    if c < 0x80:
        new, size = uint64(c), uint64(1)
    elif c < 0x800:
        new, size = uint64(0x80C0 | c >> 6 | (c & 63) << 8), uint64(2)
    elif c < 0x10000:
        new, size = uint64(0x8080E0 | c >> 12 | (c >> 6 & 63) << 8 | (c & 63) << 16), uint64(3)
    else:
        new = uint64(0x808080F0 | c >> 18 | (c >> 12 & 63) << 8 | (c >> 6 & 63) << 16 | (c & 63) << 24)
        size = uint64(4)
    chunk |= new << (uint64(8) * held)
    held += size
    if held < 8:
        return h, chunk, held
    held -= uint64(8)
    return absorb(h, chunk), new >> (uint64(8) * (size - held)), held


@njit(inline="always")
def _decode(eight, left):  # type: ignore[no-untyped-def]
    """The code point that starts eight bytes, of which `left` or more are there, and its length in bytes; a malformed byte is
    U+FFFF, one byte long.
    """
    b = uint32(eight & uint64(0xFF))
    if b < 0x80:
        return b, uint64(1)
    x = uint32(eight >> uint64(8) & uint64(0xFF)) ^ uint32(0x80)  # six bits exactly when it is a continuation byte
    if 0xC0 <= b < 0xE0 and left > 1:
        if x < 0x40:
            return uint32((b & 31) << 6 | x), uint64(2)
    elif 0xE0 <= b < 0xF0 and left > 2:
        y = uint32(eight >> uint64(16) & uint64(0xFF)) ^ uint32(0x80)
        if (x | y) < 0x40:
            return uint32((b & 15) << 12 | x << 6 | y), uint64(3)
    elif 0xF0 <= b < 0xF8 and left > 3:
        y = uint32(eight >> uint64(16) & uint64(0xFF)) ^ uint32(0x80)
        z = uint32(eight >> uint64(24) & uint64(0xFF)) ^ uint32(0x80)
        if (x | y | z) < 0x40:
            return uint32((b & 7) << 18 | x << 12 | y << 6 | z), uint64(4)
    return uint32(0xFFFF), uint64(1)


@njit(inline="always")
def _place(c):  # type: ignore[no-untyped-def]
    """Where the table has a code point, -1 where it has none."""
    if c < _TABLE:
        return np.int64(c)
    if _COMPATIBILITY <= c < _COMPATIBILITY_END:
        return np.int64(c) - (_COMPATIBILITY - _TABLE)
    return np.int64(-1)


@njit(inline="always")
def _beyond(c):  # type: ignore[no-untyped-def]
    """The entry of a code point that the table has not: planes 2 and 3 are Han, the rest separates or is skipped."""
    if c < 0x40000:
        return uint32(3 << 28) | c
    return uint32(5 << 28 if c >= 0xE0000 and c < 0xE1000 else 0) | c


@njit(inline="always")
def _sentence_sign(eight, left):  # type: ignore[no-untyped-def]
    """Whether eight bytes, of which `left` or more are there, start with a full stop that needs no space behind it (ideographic,
    Indic, Arabic, Ethiopic).
    """
    two, three = eight & uint64(0xFFFF), eight & uint64(0xFFFFFF)
    if two == 0x9FD8 or two == 0x94DB:
        return left > 1
    return left > 2 and (
        three == 0x8280E3
        or three == 0x81BCEF
        or three == 0x9FBCEF
        or three == 0xA1BDEF
        or three == 0xA4A5E0
        or three == 0xA5A5E0
        or three == 0xA28DE1
    )


@njit(inline="always")
def closed(s, last, m, least):  # type: ignore[no-untyped-def]
    """Ends a piece at token m, which was written as its end, when it has at least `least` tokens; how many pieces there are,
    where the last one ends.
    """
    if m > last and m - last >= least:
        return s + uint64(1), m
    return s, last


@njit(nogil=True, cache=True)
def wide_words(eights, i, end, entries, expansions, out, m, most, pieces, s, last, least):  # type: ignore[no-untyped-def]
    """Writes the tokens of the bytes `i:end`, in any script, to `out` from `m` on, up to `most` tokens in it, and to `pieces`
    from `s` on where they are closed by full stops that need no space behind them; the last piece before ended at `last`.

    Returns the byte behind what was read, the first byte and the state of the last word, and the new `m`, `s` and `last`. No
    array is passed on in this loop (nor in those of others here): to count who has it would take longer than all else.
    """
    start = begin = i
    h, chunk, held = SEED, uint64(0), uint64(0)
    digit = uint32(0)
    marks = 0
    single = False
    while True:
        kind, value = (
            np.int64(0),
            np.int64(0),
        )  # as are the numbers they are compared with; anything else would make them floats
        step = uint64(0)
        if i < end:
            c, step = _decode(eights[i], end - i)
            place = _place(c)
            entry = entries[place] if place >= 0 else _beyond(c)
            kind, value = np.int64(entry >> uint32(28)), np.int64(entry & uint32(0x0FFFFFFF))
        if (kind == 1 or kind == 2) and not single:  # of most scripts, most characters
            h, chunk, held = _push(h, chunk, held, value)
            digit |= uint32(1 if 48 <= value < 58 else 0)
            marks = 0
            i += step
            continue
        begun = held != 0 or h != SEED
        if kind == 0 or (single and kind != 4 and kind != 5 and kind != 8) or (begun and (kind == 3 or kind == 9)):
            if begun:
                if held != 0:
                    h = absorb(h, chunk)
                out[m] = finish(h, digit)
                m += uint64(1)
                begin = start
            if i >= end or m >= most:
                return i, begin, h, m, s, last
            if kind == 0:
                if _sentence_sign(eights[i], end - i):
                    pieces[s] = m
                    s, last = closed(s, last, m, least)
                i += step
            start = i
            h, chunk, held = SEED, uint64(0), uint64(0)
            digit = uint32(0)
            marks = 0
            single = False
            if kind == 0:
                continue
        single = single or kind == 3 or kind == 9
        i += step
        if kind == 5 or (kind == 4 and marks >= _MARK_CAP):
            continue
        if kind == 4:
            marks += 1
        elif kind != 8:
            marks = 0
        if kind == 6 or kind >= 8:
            for k in range(expansions.shape[1]):
                x = expansions[value, k]
                if x != 0 and (kind != 8 or marks < _MARK_CAP):
                    marks += kind == 8
                    h, chunk, held = _push(h, chunk, held, x)
                    digit |= uint32(x >= 48 and x < 58)
        elif kind == 7:
            code = c - uint32(0xAC00)
            h, chunk, held = _push(h, chunk, held, 0x1100 + code // 588)
            h, chunk, held = _push(h, chunk, held, 0x1161 + code % 588 // 28)
            if code % 28 != 0:
                h, chunk, held = _push(h, chunk, held, 0x11A7 + code % 28)
        else:
            h, chunk, held = _push(h, chunk, held, value)
            digit |= uint32(1 if 48 <= value < 58 else 0)
