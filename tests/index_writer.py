"""Adds articles to an index from a process of its own, and says on standard output what was acknowledged.

    python -m tests.index_writer URI FIRST COUNT BATCH [SIGNAL]

With SIGNAL (a file), it waits until that is there. A line `NEW id ...` after each batch has the ids that were new.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from dedup import open_index
from tests.hostile import article


def main(uri: str, first: int, count: int, batch: int, signal: str | None) -> None:
    with open_index(uri) as index:
        index.check({"id": "warm", "text": article(0)})
        print("READY", flush=True)
        while signal and not Path(signal).exists():
            time.sleep(0.01)
        for start in range(first, first + count, batch):
            numbers = range(start, min(start + batch, first + count))
            verdicts = index.add_many([{"id": f"a{i}", "text": article(i)} for i in numbers], batch=batch)
            print("NEW", *(verdict.id for verdict in verdicts if verdict.new), flush=True)


if __name__ == "__main__":
    URI, FIRST, COUNT, BATCH, *SIGNAL = sys.argv[1:]
    main(URI, int(FIRST), int(COUNT), int(BATCH), SIGNAL[0] if SIGNAL else None)
