"""UTF-8 bytes -> tokens -> shingle hashes, one pass each."""

from __future__ import annotations

from numba import njit, uint32, uint64

_SEED = uint64(0xCBF29CE484222325)
_STEP = uint64(0x9FB21C651E98DF25)
_MIX = uint64(0xC4CEB9FE1A85EC53)
_ROLL = uint64(0x9E3779B97F4A7C15)
_TABLE = 0x20000
_MARK_CAP = 8
_COMPATIBILITY = 0x2F800
_COMPATIBILITY_END = 0x2FA1E


@njit(inline="always")
def _finish(h, digit):  # type: ignore[no-untyped-def]
    """A word's state -> its token: 31 hash bits, and bit 0 set when the word holds a digit."""
    h = (h ^ (h >> uint64(32))) * _MIX
    return (uint32(h >> uint64(32)) & uint32(0xFFFFFFFE)) | digit


@njit(inline="always")
def _decode(buffer, i, end):  # type: ignore[no-untyped-def]
    """The code point that starts at `i` and its length in bytes; a malformed byte is U+FFFF, one byte long."""
    b = uint32(buffer[i])
    if 0xC0 <= b < 0xE0 and i + uint64(1) < end:
        x = uint32(buffer[i + 1]) ^ uint32(0x80)  # six bits exactly when it is a continuation byte
        if x < 0x40:
            return uint32((b & 31) << 6 | x), uint64(2)
    elif 0xE0 <= b < 0xF0 and i + uint64(2) < end:
        x = uint32(buffer[i + 1]) ^ uint32(0x80)
        y = uint32(buffer[i + 2]) ^ uint32(0x80)
        if (x | y) < 0x40:
            return uint32((b & 15) << 12 | x << 6 | y), uint64(3)
    elif 0xF0 <= b < 0xF8 and i + uint64(3) < end:
        x = uint32(buffer[i + 1]) ^ uint32(0x80)
        y = uint32(buffer[i + 2]) ^ uint32(0x80)
        z = uint32(buffer[i + 3]) ^ uint32(0x80)
        if (x | y | z) < 0x40:
            return uint32((b & 7) << 18 | x << 12 | y << 6 | z), uint64(4)
    return uint32(0xFFFF), uint64(1)


@njit(inline="always")
def _lookup(entries, c):  # type: ignore[no-untyped-def]
    """Kind and folded value of a code point; planes 2 and 3 are Han, the rest above the table separates or is skipped."""
    if c < _TABLE:
        e = entries[c]
        return e >> uint32(28), e & uint32(0x0FFFFFFF)
    if _COMPATIBILITY <= c < _COMPATIBILITY_END:
        e = entries[c - uint32(_COMPATIBILITY - _TABLE)]
        return e >> uint32(28), e & uint32(0x0FFFFFFF)
    if c < 0x40000:
        return uint32(3), c
    return uint32(5 if c >= 0xE0000 and c < 0xE1000 else 0), c


@njit(nogil=True, cache=True)
def _wide_word(buffer, i, end, h, digit, small, entries, expansions):  # type: ignore[no-untyped-def]
    """Continues a word at a non-ASCII byte; returns position, state and digit bit at the word's end."""
    marks = 0
    single = False
    while i < end:
        step = uint64(1)
        if buffer[i] < 0x80:
            value = uint32(small[buffer[i]])
            kind = uint32(0) if value == 0 else uint32(1)
        else:
            c, step = _decode(buffer, i, end)
            kind, value = _lookup(entries, c)
        if kind == 0 or (single and kind != 4 and kind != 5 and kind != 8):
            break
        if kind == 3 or kind == 9:
            if h != _SEED:
                break
            single = True
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
                    h = (h ^ uint64(x)) * _STEP
                    digit |= uint32(x - uint32(0xB0) < uint32(10))
        elif kind == 7:
            s = c - uint32(0xAC00)
            h = (h ^ uint64(0x1100 + s // 588)) * _STEP
            h = (h ^ uint64(0x1161 + s % 588 // 28)) * _STEP
            if s % 28 != 0:
                h = (h ^ uint64(0x11A7 + s % 28)) * _STEP
        else:
            h = (h ^ uint64(value)) * _STEP
            digit |= uint32(value - uint32(0xB0) < uint32(10))
    return i, h, digit


@njit(nogil=True, cache=True)
def tokenize(buffer, start, end, small, entries, expansions, out):  # type: ignore[no-untyped-def]
    """Writes the tokens of `buffer[start:end]` to `out` (u32); returns how many.

    `out` needs room for one token per byte and one more (`end - start + 1`).
    """
    i = uint64(start)
    e = uint64(end)
    m = uint64(0)
    h = _SEED
    seen = uint64(0)  # the bits of the word so far: 0 between words, bit 7 once it holds a digit
    while i < e:
        b = buffer[i]
        if b < 0x80:  # no branch on the end of a word: it would be mispredicted once a word
            f = uint64(small[b])
            ends = uint64(f == 0)
            out[m] = _finish(h, uint32(seen >> uint64(7)))
            m += ends & uint64(seen != 0)
            step = (h ^ f) * _STEP
            h = _SEED if ends else step
            seen = (seen | f) & (ends - uint64(1))
            i += uint64(1)
            continue
        before = i
        i, h, digit = _wide_word(buffer, i, e, h, uint32(seen >> uint64(7)), small, entries, expansions)
        if h != _SEED:
            out[m] = _finish(h, digit)
            m += uint64(1)
        elif i == before:
            i += _decode(buffer, i, e)[1]
        h = _SEED
        seen = uint64(0)
    if seen != 0:
        out[m] = _finish(h, uint32(seen >> uint64(7)))
        m += uint64(1)
    return m


@njit(nogil=True, cache=True)
def shingle(tokens, size, out):  # type: ignore[no-untyped-def]
    """Writes the u32 hash of every run of `size` tokens to `out`; returns how many.

    A polynomial over the tokens, rolled (Karp and Rabin 1987), then mixed; `out` needs room for `len(tokens)`.
    """
    n = len(tokens)
    if n < size:
        return 0
    drop = uint64(1)
    for _ in range(size):
        drop *= _ROLL
    acc = uint64(0)
    for i in range(n):
        acc = acc * _ROLL + uint64(tokens[i])
        if i >= size:
            acc -= uint64(tokens[i - size]) * drop
        if i >= size - 1:
            x = (acc ^ (acc >> uint64(29))) * _MIX
            out[i - size + 1] = uint32(x >> uint64(32))
    return n - size + 1


@njit(nogil=True, cache=True)
def text_hash(tokens):  # type: ignore[no-untyped-def]
    """128 bits (two u64) of a token sequence: two multiply-mix lanes (after wyhash's structure)."""
    a = uint64(0x243F6A8885A308D3) ^ uint64(len(tokens))
    b = uint64(0x13198A2E03707344)
    for i in range(len(tokens)):
        t = uint64(tokens[i])
        a = (a ^ t) * _STEP
        a ^= a >> uint64(29)
        b = (b + t) * _ROLL
        b ^= b >> uint64(31)
    a = (a ^ (b >> uint64(32))) * _MIX
    b = (b ^ (a >> uint64(29))) * _STEP
    return a ^ (a >> uint64(32)), b ^ (b >> uint64(29))


@njit(nogil=True, cache=True)
def tokenize_all(buffer, offsets, small, entries, expansions, out, ends):  # type: ignore[no-untyped-def]
    """Tokens of every text, one after another in `out` (u32[bytes + 1]); `ends[i]` is where text i's tokens end."""
    m = 0
    for d in range(len(offsets) - 1):
        m += tokenize(buffer, offsets[d], offsets[d + 1], small, entries, expansions, out[m:])
        ends[d] = m
