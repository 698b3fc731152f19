"""UTF-8 bytes -> tokens, each with the bytes that it was read from; and words in 64 bits, which tell more than tokens do."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.letters import wide_words


@njit(nogil=True, cache=True)
def locate(eights, start, end, entries, expansions, out, froms, tos):  # type: ignore[no-untyped-def]
    """Writes the tokens of the bytes `start:end` to `out` (u32) and their bytes to `froms` and `tos` (i64); returns how many.

    The tokens of `kernels.text.tokenize`, all by its general path. The three need room for `end - start`.
    """
    states = np.empty(end - start, np.uint64)
    return _read(eights, start, end, entries, expansions, out, states, froms, tos)


@njit(nogil=True, cache=True)
def spell(eights, start, end, entries, expansions, out):  # type: ignore[no-untyped-def]
    """Writes the states (u64) of the words of the bytes `start:end` to `out`, which has room for `end - start`; returns how many.

    Words of up to eight bytes, folded, have states of their own; of longer ones, two in 2**64 are one by chance.
    """
    size = end - start
    tokens, froms, tos = np.empty(size, np.uint32), np.empty(size, np.int64), np.empty(size, np.int64)
    return _read(eights, start, end, entries, expansions, tokens, out, froms, tos)


@njit(nogil=True, cache=True)
def _read(eights, start, end, entries, expansions, tokens, states, froms, tos):  # type: ignore[no-untyped-def]
    """The words of some bytes, one after another; returns how many."""
    pieces = np.empty(end - start + 1, np.int64)
    none = uint64(0)
    m = none
    i = uint64(start)
    e = uint64(end)
    while i < e:
        i, begin, state, n, _, _ = wide_words(
            eights, i, e, entries, expansions, tokens, m, m + uint64(1), pieces, none, none, uint64(1)
        )
        if n > m:
            states[m], froms[m], tos[m] = state, begin, i
        m = n
    return m
