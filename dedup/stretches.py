"""Work in stretches: so that what is read of a file need not all be in memory, and that several threads have a part of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

STRETCH: Final = 1_000_000
"""So many values are looked at before their memory is given back, about."""

AHEAD: Final = 2 * (os.cpu_count() or 1) + 1
"""So many pieces of work are under way at once, or done and not taken yet, where the caller does not say."""

T = TypeVar("T")
R = TypeVar("R")


def stretches(ends: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Texts, of which the values end at `ends` (i64[n]), in stretches of about `STRETCH` values, and where these are."""
    first = start = 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, start + STRETCH, side="right")))
        end = int(ends[last - 1])
        yield slice(first, last), slice(start, end)
        first, start = last, end


def in_order(pool: Executor | None, work: Callable[[T], R], items: Iterable[T], ahead: int = AHEAD) -> Iterator[R]:
    """What `work` makes of every item, in their order; with a pool, at most `ahead` are under way or wait to be taken."""
    if pool is None:
        yield from map(work, items)
        return
    running: deque[Future[R]] = deque()
    for item in items:
        running.append(pool.submit(work, item))
        if len(running) >= ahead:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def shares(counts: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Neighbouring ranges of values, of which `counts` tells how many each holds, joined as long as together they hold at most
    `most`: from the first of them to behind the last.
    """
    first = held = 0
    for i, count in enumerate(counts.tolist()):
        if held and held + count > most:
            yield first, i
            first, held = i, 0
        held += count
    if held:
        yield first, len(counts)
