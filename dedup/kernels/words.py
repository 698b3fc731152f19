"""UTF-8 bytes -> tokens, each with the bytes that it was read from; and words in 64 bits, which tell more than tokens do."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.text import wide_words


@njit(nogil=True, cache=True)
def locate(eights, start, end, entries, expansions, out, froms, tos):  # type: ignore[no-untyped-def]
    """Writes the tokens of the bytes `start:end` to `out` (u32) and their bytes to `froms` and `tos` (i64); returns how many.

    The tokens of `kernels.text.tokenize`, all by its general path. The three need room for `end - start`.
    """
    pieces = np.empty(end - start + 1, np.int64)
    none = uint64(0)
    m = none
    i = uint64(start)
    e = uint64(end)
    while i < e:
        i, begin, n, _, _ = wide_words(
            eights, i, e, entries, expansions, out, m, m + uint64(1), pieces, none, none, uint64(1)
        )
        if n > m:
            froms[m], tos[m] = begin, i
        m = n
    return m


@njit(nogil=True, cache=True)
def spell(buffer, start, end, entries, expansions, out):  # type: ignore[no-untyped-def]
    """Writes the states (u64) of the words of `buffer[start:end]` to `out`, which needs room for `end - start`; returns how many.

    Words of up to eight bytes, folded, have states of their own; of longer ones, two in 2**64 are one by chance.
    """
    m = 0
    i = uint64(start)
    e = uint64(end)
    while i < e:
        before = i
        i, h, _ = _wide_word(buffer, i, e, entries, expansions)
        if h != _SEED:
            out[m] = h
            m += 1
        elif i == before:
            i += _decode(buffer, i, e)[1]
    return m
