"""Texts in stretches, so that what is read of them in a file need not all be in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

STRETCH: Final = 4_000_000
"""So many values are looked at before their memory is given back, about."""


def stretches(ends: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Texts, of which the values end at `ends` (i64[n]), in stretches of about `STRETCH` values, and where these are."""
    first = start = 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, start + STRETCH, side="right")))
        end = int(ends[last - 1])
        yield slice(first, last), slice(start, end)
        first, start = last, end
