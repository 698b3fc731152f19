"""Tokens -> hashes of their shingles, pieces, and whole texts."""

from __future__ import annotations

from numba import njit, uint32, uint64

_STEP = uint64(0x9FB21C651E98DF25)
_MIX = uint64(0xC4CEB9FE1A85EC53)
_ROLL = uint64(0x9E3779B97F4A7C15)


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
    old = uint64(0)
    for i in range(size - 1):
        acc = acc * _ROLL + uint64(tokens[i])
    for i in range(n - size + 1):
        acc = acc * _ROLL + (uint64(tokens[i + size - 1]) - old)
        old = uint64(tokens[i]) * drop
        x = (acc ^ (acc >> uint64(29))) * _MIX
        out[i] = uint32(x >> uint64(32))
    return n - size + 1


@njit(inline="always")
def _begin(count):  # type: ignore[no-untyped-def]
    """The two lanes of the hash of so many tokens (multiply and mix, after wyhash's structure)."""
    return uint64(0x243F6A8885A308D3) ^ uint64(count), uint64(0x13198A2E03707344)


@njit(inline="always")
def _add(a, b, token):  # type: ignore[no-untyped-def]
    """The two lanes after one more token."""
    t = uint64(token)
    a = (a ^ t) * _STEP
    b = (b + t) * _ROLL
    return a ^ (a >> uint64(29)), b ^ (b >> uint64(31))


@njit(inline="always")
def _end(a, b):  # type: ignore[no-untyped-def]
    """128 bits (two u64) of what was added."""
    a = (a ^ (b >> uint64(32))) * _MIX
    b = (b ^ (a >> uint64(29))) * _STEP
    return a ^ (a >> uint64(32)), b ^ (b >> uint64(29))


@njit(nogil=True, cache=True)
def text_hash(tokens):  # type: ignore[no-untyped-def]
    """128 bits (two u64) of a token sequence."""
    a, b = _begin(len(tokens))
    for i in range(len(tokens)):
        a, b = _add(a, b, tokens[i])
    return _end(a, b)


@njit(nogil=True, cache=True)
def hash_all(tokens, starts, ends, hashes):  # type: ignore[no-untyped-def]
    """hashes[i] (u64[2]): 128 bits of the token sequence `tokens[starts[i]:ends[i]]`."""
    for d in range(len(ends)):
        hashes[d, 0], hashes[d, 1] = text_hash(tokens[starts[d] : ends[d]])


@njit(nogil=True, cache=True)
def piece_keys(tokens, pieces, keys):  # type: ignore[no-untyped-def]
    """keys[i] (u64): a hash of the tokens of piece i, which ends at `pieces[i]` in `tokens`."""
    start = 0
    for i in range(len(pieces)):
        a, b = text_hash(tokens[start : pieces[i]])
        keys[i] = a ^ b
        start = pieces[i]


@njit(nogil=True, cache=True)
def hash_texts(tokens, ends, pieces, piece_ends, hashes, keys):  # type: ignore[no-untyped-def]
    """`hash_all` of texts one after another, and `piece_keys` of their pieces, which text i's end at `piece_ends[i]`.

    Each multiplication waits for the one before: those of a text and of its pieces go on side by side.
    """
    at = 0
    p = 0
    for d in range(len(ends)):
        a, b = _begin(ends[d] - at)
        while p < piece_ends[d]:
            x, y = _begin(pieces[p] - at)
            for i in range(at, pieces[p]):
                a, b = _add(a, b, tokens[i])
                x, y = _add(x, y, tokens[i])
            x, y = _end(x, y)
            keys[p] = x ^ y
            at = pieces[p]
            p += 1
        hashes[d, 0], hashes[d, 1] = _end(a, b)
