"""Shingle hashes -> MinHash signatures, bit for bit datasketch's `affine32`."""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

from dedup.kernels.hashes import shingle


@njit(nogil=True, cache=True)
def premix(hashes, count):  # type: ignore[no-untyped-def]
    """MurmurHash3's 32-bit finaliser (Appleby), in place, on the first `count` hashes."""
    for i in range(count):
        h = hashes[i]
        h = uint32(uint32(h ^ (h >> uint32(16))) * uint32(0x85EBCA6B))
        h = uint32(uint32(h ^ (h >> uint32(13))) * uint32(0xC2B2AE35))
        hashes[i] = uint32(h ^ (h >> uint32(16)))


@njit(nogil=True, cache=True)
def minimum(hashes, count, a, b, signature):  # type: ignore[no-untyped-def]
    """signature[k] = min over premixed hashes of a[k] * h + b[k] mod 2**32 (Broder 1997; datasketch `affine32`)."""
    for k in range(a.shape[0]):
        ak = a[k]
        bk = b[k]
        low = uint32(0xFFFFFFFF)
        for j in range(count):
            low = min(low, uint32(uint32(ak * hashes[j]) + bk))
        signature[k] = low


@njit(nogil=True, cache=True)
def sign_all(tokens, starts, ends, size, a, b, signatures):  # type: ignore[no-untyped-def]
    """Signatures (u32[n, permutations]) of token sequences, sequence i at `tokens[starts[i]:ends[i]]`.

    A text of fewer than `size` tokens has no shingle: its signature is all ones, datasketch's empty one.
    """
    longest = 0
    for d in range(len(ends)):
        longest = max(longest, ends[d] - starts[d])
    scratch = np.empty(longest + 1, np.uint32)
    for d in range(len(ends)):
        count = shingle(tokens[starts[d] : ends[d]], size, scratch)
        premix(scratch, count)
        minimum(scratch, count, a, b, signatures[d])


@njit(nogil=True, cache=True)
def cut(signatures, rows, keys):  # type: ignore[no-untyped-def]
    """keys[band, text] (u64): the hash of the `rows` signature values of each band (Indyk and Motwani 1998)."""
    for band in range(keys.shape[0]):
        for d in range(signatures.shape[0]):
            h = uint64(band) * uint64(0x9E3779B97F4A7C15) + uint64(0x243F6A8885A308D3)
            for k in range(band * rows, band * rows + rows):
                h = (h ^ uint64(signatures[d, k])) * uint64(0x9FB21C651E98DF25)
                h ^= h >> uint64(29)
            keys[band, d] = h * uint64(0xC4CEB9FE1A85EC53)
