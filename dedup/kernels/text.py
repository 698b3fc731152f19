"""UTF-8 bytes -> tokens, and the lines and sentences that they stand in."""

from __future__ import annotations

import numpy as np
from numba import njit, uint8, uint32, uint64

from dedup.kernels.letters import SEED, absorb, closed, finish, wide_words

_HIGH = uint64(0x8080808080808080)
_LOWER = uint64(0x2020202020202020)
_ALPHA = uint64(0x4040404040404040)
_ALL = uint64(0xFFFFFFFFFFFFFFFF)
_BLANK = 32
_LINE, _STOP, _SPACE, _CLOSING = 1, 2, 4, 8
_WIDE, _APART = uint8(1), uint8(2)
_SIGNS = np.zeros(256, np.uint8)
_SIGNS[10] = _LINE
_SIGNS[[46, 33, 63]] = _STOP
_SIGNS[[32, 9, 13]] = _SPACE
_SIGNS[[34, 39, 41, 93]] = _CLOSING


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
            s, last = closed(s, last, m, uint64(1) if sign & _LINE else least)
        stop = (sign & _STOP) != 0 or (stop and (sign & _CLOSING) != 0)
        i += uint64(1)
    return stop, s, last


@njit(inline="always")
def room(size):  # type: ignore[no-untyped-def]
    """What `tokenize` needs to work on a text of up to `size` bytes: where its stretches begin and end, what is odd about each,
    numbers of stretches, and tokens.
    """
    words = size // 2 + 2
    return (
        np.empty(size + 2, np.int64),
        np.empty(words, np.uint8),
        np.empty(words, np.int64),
        np.empty(words, np.uint32),
    )


@njit(inline="always")
def _mask(left):  # type: ignore[no-untyped-def]
    """The bits of eight bytes of which `left` or more are there."""
    return _ALL if left >= 8 else ~(_ALL << (uint64(8) * left))


@njit(nogil=True, cache=True)
def plain_words(buffer, eights, start, words, edges, out, base, odd, numbers):  # type: ignore[no-untyped-def]
    """Writes what would be the tokens of so many stretches, were they all of ASCII, to `out` from `base` on; to `odd` whether
    a stretch is not (`_WIDE`), or something may end a piece before it (`_APART`); and the numbers of those that are odd.

    Returns how many are odd, and whether any is wide. Stretches of more than eight bytes are read last, and odd ones listed
    without a branch: which words these are cannot be predicted.
    """
    gap = uint64(start)
    n = uint64(0)
    any_high = uint64(0)
    odd[0] = 0
    for k in range(words):
        i = uint64(edges[2 * k])
        left = uint64(edges[2 * k + 1]) - i
        mask = _mask(left)
        chunk = eights[i] & mask
        high = chunk & _HIGH
        chunk |= _LOWER & mask
        out[base + k] = finish(absorb(SEED, chunk), uint32(~chunk & _ALPHA & mask != 0))
        odd[k] |= _WIDE * uint8(high != 0) | _APART * uint8((i - gap != 1) | (buffer[gap] != _BLANK))
        odd[k + 1] = _APART * uint8(high != 0)  # a wide one may have no token: a full stop before it is open still
        any_high |= high
        numbers[n] = k
        n += uint64(left > 8)
        gap = i + left
    for x in range(n):
        k = numbers[x]
        h = SEED
        seen = uint64(0)
        plain = uint64(0)
        i = uint64(edges[2 * k])
        e = uint64(edges[2 * k + 1])
        while i < e:
            mask = _mask(e - i)
            chunk = eights[i] & mask
            seen |= chunk
            chunk |= _LOWER & mask
            plain |= ~chunk & _ALPHA & mask
            h = absorb(h, chunk)
            i += uint64(8)
        out[base + k] = finish(h, uint32(plain != 0))
        high = seen & _HIGH
        odd[k] |= _WIDE * uint8(high != 0)
        odd[k + 1] |= _APART * uint8(high != 0)
        any_high |= high
    n = uint64(0)
    for k in range(words):
        numbers[n] = k
        n += uint64(odd[k] != 0)
    return n, any_high != 0


@njit(nogil=True, cache=True)
def tokenize(buffer, eights, start, end, inside, entries, expansions, room, out, base, pieces, least):  # type: ignore[no-untyped-def]
    """Writes the tokens of `buffer[start:end]` to `out` (u32) from `base` on, and to `pieces` (i64) where its lines and
    sentences end in `out`; returns where its tokens end, and how many pieces there are.

    `eights[i]` is the eight bytes of `buffer` from i on, as u64, lowest first; `room`: see there. A stretch of ASCII is a word,
    folded and hashed by eight bytes at once. A sentence of fewer than `least` tokens goes with the next one of its line.
    """
    edges, odd, numbers, tokens = room
    words = borders(buffer, start, end, inside, edges) // uint64(2)
    count, wide = plain_words(buffer, eights, start, words, edges, out, base, odd, numbers)
    if wide:
        for k in range(words):
            tokens[k] = out[base + k]
    m = uint64(base)
    last = uint64(base)
    s = uint64(0)
    stop = False
    done = uint64(0)
    gap = uint64(start)
    for x in range(count):
        k = uint64(numbers[x])
        at = m + (k - done)
        i = uint64(edges[2 * k])
        if odd[k] & _APART:
            gap = uint64(edges[2 * k - 1]) if k else uint64(start)
            stop, s, last = _between(buffer, gap, i, stop, pieces, s, last, at, least)
        if odd[k] & _WIDE:
            for j in range(k - done):
                out[m + j] = tokens[done + j]
            e = uint64(edges[2 * k + 1])
            _, _, _, m, s, last = wide_words(eights, i, e, entries, expansions, out, at, _ALL, pieces, s, last, least)
            done = k + uint64(1)
            stop = stop and m == at
        else:
            stop = False
    if wide:
        for j in range(words - done):
            out[m + j] = tokens[done + j]
    m += words - done
    gap = uint64(edges[2 * words - 1]) if words else uint64(start)
    stop, s, last = _between(buffer, gap, uint64(end), stop, pieces, s, last, m, least)
    pieces[s] = m
    s, last = closed(s, last, m, uint64(1))
    return m, s


@njit(nogil=True, cache=True)
def tokenize_all(buffer, eights, offsets, inside, entries, expansions, least, out, ends, pieces, piece_ends):  # type: ignore[no-untyped-def]
    """Tokens of every text, one after another in `out` (u32[bytes + 2]), and where their pieces end in it (`pieces`).

    Text i's tokens end at `ends[i]`, its pieces at `piece_ends[i]`.
    """
    longest = 0
    for d in range(len(offsets) - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    own = room(longest)
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
            own,
            out,
            m,
            pieces[s:],
            uint64(least),
        )
        s += found
        ends[d] = m
        piece_ends[d] = s
