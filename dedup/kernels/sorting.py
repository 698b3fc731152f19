"""Short stretches of an array -> sorted in place."""

from __future__ import annotations

from numba import njit

_SHORT = 64


@njit(nogil=True, cache=True)
def sort_part(values, start, end):  # type: ignore[no-untyped-def]
    """Sorts `values[start:end]`: most stretches are short, for which insertion is three times as fast."""
    if end - start > _SHORT:
        values[start:end].sort()
        return
    for i in range(start + 1, end):
        value = values[i]
        j = i
        while j > start and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
