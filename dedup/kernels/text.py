"""UTF-8 bytes -> tokens, and the lines and sentences that they stand in, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

_SEED = uint64(0xCBF29CE484222325)
_STEP = uint64(0x9FB21C651E98DF25)
_MIX = uint64(0xC4CEB9FE1A85EC53)
_HIGH = uint64(0x8080808080808080)
_LOWER = uint64(0x2020202020202020)
_ALPHA = uint64(0x4040404040404040)
_ALL = uint64(0xFFFFFFFFFFFFFFFF)
_TABLE = 0x20000
_MARK_CAP = 8
_BLANK = 32
_LINE, _STOP, _SPACE, _CLOSING = 1, 2, 4, 8
_SIGNS = np.zeros(256, np.uint8)
_SIGNS[10] = _LINE
_SIGNS[[46, 33, 63]] = _STOP
_SIGNS[[32, 9, 13]] = _SPACE
_SIGNS[[34, 39, 41, 93]] = _CLOSING
_COMPATIBILITY = 0x2F800
_COMPATIBILITY_END = 0x2FA1E


@njit(inline="always")
def _absorb(h, chunk):  # type: ignore[no-untyped-def]
    """The state of a word after eight more bytes of its folded UTF-8, first byte lowest, zeros behind its end."""
    h = (h ^ chunk) * _STEP
    return h ^ (h >> uint64(29))


@njit(inline="always")
def _finish(h, digit):  # type: ignore[no-untyped-def]
    """A word's state -> its token: 31 hash bits, and bit 0 set when the word holds a digit."""
    h = (h ^ (h >> uint64(32))) * _MIX
    return (uint32(h >> uint64(32)) & uint32(0xFFFFFFFE)) | digit


@njit(inline="always")
def _push(h, chunk, held, byte):  # type: ignore[no-untyped-def]
    """Adds a byte to a word that holds `held` bytes in its unfinished `chunk`."""
    chunk |= uint64(byte) << (uint64(8) * held)
    held += uint64(1)
    if held == 8:
        return _absorb(h, chunk), uint64(0), uint64(0)
    return h, chunk, held


@njit(nogil=True, cache=True)
def _push_code(h, chunk, held, c):  # type: ignore[no-untyped-def]
    """Adds the UTF-8 of a code point to a word."""
    if c < 0x80:
        return _push(h, chunk, held, c)
    if c < 0x800:
        h, chunk, held = _push(h, chunk, held, 0xC0 | c >> 6)
        return _push(h, chunk, held, 0x80 | c & 63)
    if c < 0x10000:
        h, chunk, held = _push(h, chunk, held, 0xE0 | c >> 12)
    else:
        h, chunk, held = _push(h, chunk, held, 0xF0 | c >> 18)
        h, chunk, held = _push(h, chunk, held, 0x80 | c >> 12 & 63)
    h, chunk, held = _push(h, chunk, held, 0x80 | c >> 6 & 63)
    return _push(h, chunk, held, 0x80 | c & 63)


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
def _closed(s, last, m, least):  # type: ignore[no-untyped-def]
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
    h, chunk, held = _SEED, uint64(0), uint64(0)
    digit = uint32(0)
    marks = 0
    single = False
    while True:
        kind = uint32(0)
        step = uint64(0)
        if i < end:
            c, step = _decode(eights[i], end - i)
            place = _place(c)
            entry = entries[place] if place >= 0 else _beyond(c)
            kind, value = entry >> uint32(28), entry & uint32(0x0FFFFFFF)
        begun = held != 0 or h != _SEED
        if kind == 0 or (single and kind != 4 and kind != 5 and kind != 8) or (begun and (kind == 3 or kind == 9)):
            if begun:
                if held != 0:
                    h = _absorb(h, chunk)
                out[m] = _finish(h, digit)
                m += uint64(1)
                begin = start
            if i >= end or m >= most:
                return i, begin, h, m, s, last
            if kind == 0:
                if _sentence_sign(eights[i], end - i):
                    pieces[s] = m
                    s, last = _closed(s, last, m, least)
                i += step
            start = i
            h, chunk, held = _SEED, uint64(0), uint64(0)
            digit = uint32(0)
            marks = 0
            single = False
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
                    h, chunk, held = _push_code(h, chunk, held, x)
                    digit |= uint32(x >= 48 and x < 58)
        elif kind == 7:
            code = c - uint32(0xAC00)
            h, chunk, held = _push_code(h, chunk, held, 0x1100 + code // 588)
            h, chunk, held = _push_code(h, chunk, held, 0x1161 + code % 588 // 28)
            if code % 28 != 0:
                h, chunk, held = _push_code(h, chunk, held, 0x11A7 + code % 28)
        else:
            h, chunk, held = _push_code(h, chunk, held, value)
            digit |= uint32(value >= 48 and value < 58)


@njit(nogil=True, cache=True)
def borders(buffer, start, end, inside, out):  # type: ignore[no-untyped-def]
    """Writes where stretches of word bytes begin and end, in turn; returns how many numbers (even).

    No branch on the end of a word, which would be mispredicted once a word. `out` needs `end - start + 2`.
    """
    n = uint64(0)
    last = uint64(0)
    i = uint64(start)
    e = uint64(end)
    while i < e:
        now = uint64(inside[buffer[i]])
        out[n] = i
        n += now ^ last
        last = now
        i += uint64(1)
    out[n] = e
    return n + last


@njit(inline="always")
def _between(buffer, i, e, stop, pieces, s, last, m, least):  # type: ignore[no-untyped-def]
    """Reads the signs between two words: lines end pieces, and so do full stops with a space behind them, and no more than what
    closes a quotation or a bracket before it.

    `stop` tells whether a full stop is open; returned are it, the number of pieces and where the last one ends.
    """
    while i < e:
        sign = _SIGNS[buffer[i]]
        if sign & _LINE or (stop and sign & _SPACE):
            pieces[s] = m
            s, last = _closed(s, last, m, uint64(1) if sign & _LINE else least)
        stop = (sign & _STOP) != 0 or (stop and (sign & _CLOSING) != 0)
        i += uint64(1)
    return stop, s, last


@njit(nogil=True, cache=True)
def tokenize(buffer, eights, start, end, inside, entries, expansions, edges, out, base, pieces, least):  # type: ignore[no-untyped-def]
    """Writes the tokens of `buffer[start:end]` to `out` (u32) from `base` on, and to `pieces` (i64) where its lines and
    sentences end in `out`; returns where its tokens end, and how many pieces there are.

    `eights[i]` is the eight bytes of `buffer` from i on, as u64, lowest first. `edges` needs room for `end - start + 2`. A
    stretch of ASCII is a word, folded and hashed by eight bytes at once. A sentence of fewer than `least` tokens goes
    with the next one of its line.
    """
    count = borders(buffer, start, end, inside, edges)
    m = uint64(base)
    last = uint64(base)
    s = uint64(0)
    stop = False
    gap = uint64(start)
    for k in range(0, count, 2):
        i = uint64(edges[k])
        e = uint64(edges[k + 1])
        if stop or i - gap != 1 or buffer[gap] != _BLANK:  # nothing else stands between most words
            stop, s, last = _between(buffer, gap, i, stop, pieces, s, last, m, least)
        gap = e
        h = _SEED
        seen = uint64(0)
        plain = uint64(0)
        j = i
        while j < e:
            left = e - j
            mask = _ALL if left >= 8 else ~(_ALL << (uint64(8) * left))
            chunk = eights[j] & mask
            seen |= chunk
            chunk |= _LOWER & mask
            plain |= ~chunk & _ALPHA & mask
            h = _absorb(h, chunk)
            j += uint64(8)
        before = m
        if seen & _HIGH == 0:
            out[m] = _finish(h, uint32(plain != 0))
            m += uint64(1)
        else:
            _, _, _, m, s, last = wide_words(eights, i, e, entries, expansions, out, m, _ALL, pieces, s, last, least)
        stop = stop and m == before
    stop, s, last = _between(buffer, gap, uint64(end), stop, pieces, s, last, m, least)
    pieces[s] = m
    s, last = _closed(s, last, m, uint64(1))
    return m, s


@njit(nogil=True, cache=True)
def tokenize_all(buffer, eights, offsets, inside, entries, expansions, least, out, ends, pieces, piece_ends):  # type: ignore[no-untyped-def]
    """Tokens of every text, one after another in `out` (u32[bytes + 2]), and where their pieces end in it (`pieces`).

    Text i's tokens end at `ends[i]`, its pieces at `piece_ends[i]`.
    """
    longest = 0
    for d in range(len(offsets) - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    edges = np.empty(longest + 2, np.int64)
    m = uint64(0)
    s = 0
    for d in range(len(offsets) - 1):
        m, found = tokenize(
            buffer,
            eights,
            offsets[d],
            offsets[d + 1],
            inside,
            entries,
            expansions,
            edges,
            out,
            m,
            pieces[s:],
            uint64(least),
        )
        s += found
        ends[d] = m
        piece_ends[d] = s
