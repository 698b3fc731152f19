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
