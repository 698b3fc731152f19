"""UTF-8 bytes -> tokens, each with the bytes that it was read from; and words in 64 bits, which tell more than tokens do."""

from __future__ import annotations

from numba import njit, uint64

from dedup.kernels.text import _SEED, _decode, _finish, _wide_word


@njit(nogil=True, cache=True)
def locate(buffer, start, end, entries, expansions, out, froms, tos):  # type: ignore[no-untyped-def]
    """Writes the tokens of `buffer[start:end]` to `out` (u32) and their bytes to `froms` and `tos` (i64); returns how many.

    The tokens of `kernels.text.tokenize`, all by its general path. The three need room for `end - start`.
    """
    m = 0
    i = uint64(start)
    e = uint64(end)
    while i < e:
        before = i
        i, h, digit = _wide_word(buffer, i, e, entries, expansions)
        if h != _SEED:
            out[m], froms[m], tos[m] = _finish(h, digit), before, i
            m += 1
        elif i == before:
            i += _decode(buffer, i, e)[1]
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
