"""Articles -> batches that are ready to be placed, read ahead by a thread while others are placed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, NamedTuple

from dedup.entries import Reading, read
from dedup.model import Quarantined
from dedup.ready import Batch
from dedup.session import Session
from dedup.settings import Settings
from dedup.shapes import Record

TOGETHER: Final = 2_000
"""Up to so many articles, in whole batches, are read ahead at once, after one batch, and two: whenever the thread that reads
returns from a kernel, it waits for the one that places.
"""

Outcome = list[int | Quarantined]
"""For every record of a batch the number of its entry, or why it has none (`entries.Reading`)."""


class Prepared(NamedTuple):
    """What becomes of some records, and those of them that are ready to be placed, if any are."""

    outcome: Outcome
    batch: Batch | None

    def part(self, start: int, stop: int) -> Prepared:
        """Records `start:stop`."""
        outcome = self.outcome[start:stop]
        numbers = [found for found in outcome if isinstance(found, int)]
        if self.batch is None or not numbers:
            return Prepared(outcome, None)
        first = numbers[0]
        own: Outcome = [found - first if isinstance(found, int) else found for found in outcome]
        return Prepared(own, self.batch.part(first, numbers[-1] + 1))


def prepared(session: Session, reading: Reading, *, whole: bool = False) -> Prepared:
    """Articles that were read, ready to be placed; `whole`: with all that the store can do beforehand."""
    if not reading.entries:
        return Prepared(reading.outcome, None)
    entries = session.store.prepared(reading.entries) if whole else reading.entries
    return Prepared(reading.outcome, session.election.ready(entries, reading.words))


def batches(session: Session, settings: Settings, articles: Iterable[Record], size: int) -> Iterator[Prepared]:
    """Articles in batches of a size. With several `jobs`, a thread makes them ready. Should `articles` raise something, the
    batches before come first.
    """
    source = iter(articles)
    chunks = iter(lambda: list(islice(source, size)), [])
    session.ready()
    if settings.jobs == 1:
        for chunk in chunks:
            yield prepared(session, read(chunk, settings))
        return

    def parted(records: Sequence[Record]) -> list[Prepared]:
        found = prepared(session, read(records, settings), whole=True)
        return [found.part(start, start + size) for start in range(0, len(records), size)]

    waiting: deque[Future[list[Prepared]]] = deque()
    failure: Exception | None = None
    together = 1
    with ThreadPoolExecutor(1) as pool:
        while failure is None:
            several: list[Record] = []
            try:
                while len(several) < together * size:
                    several += next(chunks)
            except Exception as error:
                failure = error
            if several:
                waiting.append(pool.submit(parted, several))
            together = max(1, min(2 * together, TOGETHER // size))
            while len(waiting) > (failure is None):
                yield from waiting.popleft().result()
    if not isinstance(failure, StopIteration):
        raise failure
