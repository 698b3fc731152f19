"""Interrupts an index at random moments, as Ctrl-C does, and goes on using it.

    python -m tests.index_interrupted URI ROUNDS

After each interrupt the index holds what it held before the change, or all of it; ends with an assertion, or with a line that
says how many interrupts there were.
"""

from __future__ import annotations

import random
import signal
import sys
from contextlib import suppress
from typing import Any

from dedup import Index, open_index
from tests.test_index_model import ROWS

MOST = 80
"""With so many articles the index is emptied, so that what looks at all of it stays quick."""


CALM = 100
"""So many rounds go by before the first interrupt, so that all kernels are loaded: numba does not give its locks back when that
is interrupted, and waits for them for ever.
"""


def stop(*given: object) -> None:
    raise KeyboardInterrupt


def content(index: Index) -> tuple[Any, ...]:
    stats = index.stats()
    return [found.id for found in index.entries(copies=True)], stats.stored_copies, stats.dropped


def main(uri: str, rounds: int) -> None:
    rng = random.Random(uri)
    index, twin = open_index(uri), open_index("memory:")
    index.add_many(ROWS)
    index.add_many([{"id": "untitled", "text": ROWS[0]["text"]}])
    index.discard(ROWS[0]["id"])
    index.compact()
    for one in (index, twin):
        one.expire(before="2100-01-01")
    before, hit = content(twin), 0
    signal.signal(signal.SIGALRM, stop)
    for number in range(-CALM, rounds):
        some, gone, kind = rng.sample(ROWS, rng.randint(1, 12)), rng.choice(ROWS)["id"], rng.randrange(4)

        def change(one: Index, kind: int = kind, some: Any = some, gone: str = gone) -> None:
            if kind < 2:
                one.add_many(some)
            elif kind == 2:
                one.discard(gone)
            else:
                with one.transaction():
                    one.add_many(some)
                    one.discard(gone)

        done = False
        try:
            if number >= 0:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, rng.choice((2e-3, 2e-2))))
            change(index)
            done = True
            signal.setitimer(signal.ITIMER_REAL, 0)
        except (KeyboardInterrupt, RuntimeError) as error:
            # within `contextlib`, Python itself makes the latter of the former, now and then
            if isinstance(error, RuntimeError) and "StopIteration" not in str(error):
                raise
            hit += 1
            content(index)  # while the error, and with it the frames that it came from, is held
        with suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0)
        now = content(index)
        if now == before and not done:
            continue
        change(twin)
        before = content(twin)
        assert now == before
        if len(before[0]) > MOST:
            for one in (index, twin):
                one.expire(before="2100-01-01")
            before = content(twin)
    assert index.verify() == []
    index.close()
    print(f"{hit} interrupts")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
