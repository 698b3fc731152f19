"""Whole indexes of every kind against one in memory to which only happens what is not undone."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from dedup import Index, open_index
from dedup.errors import StoreError
from tests.redis_process import Redis
from tests.test_index import chain, family

DATA: Final = Path(__file__).resolve().parent.parent / "data"

STORIES: Final = 4
"""Of so many stories of the sample, all copies are used."""


def rows() -> list[dict[str, Any]]:
    """Records with many copies of each other, and some that have none."""
    with gzip.open(DATA / "sample_labels.jsonl.gz") as lines:
        labels = {row["id"]: row["cluster"] for row in map(json.loads, lines)}
    with gzip.open(DATA / "sample.jsonl.gz") as lines:
        records = [json.loads(line) for line in lines]
    chosen = random.Random(7).sample(sorted(set(labels.values())), STORIES)
    found = [row for row in records if labels[row["id"]] in chosen] + records[:30]
    for seed in range(4):
        found += [{"id": f"{seed}-{i}", "text": text} for i, text in enumerate(family(seed))]
    found += [{"id": name, "text": text} for name, text in chain().items()]
    random.Random(8).shuffle(found)
    return found


ROWS: Final = rows()

NUMBERS: Final = st.integers(0, len(ROWS) - 1)

SOME: Final = st.lists(NUMBERS, max_size=40)


class IndexMachine(RuleBasedStateMachine):
    """`opened` opens the index once more; `shared`: so that both see each other."""

    opened: Callable[[], Callable[[], Index]]
    shared: bool

    def __init__(self) -> None:
        super().__init__()
        self.again = type(self).opened()
        self.index, self.twin = self.again(), open_index("memory:")
        self.other = self.again() if self.shared else self.index

    def both(self, ask: Callable[[Index], Any]) -> None:
        assert ask(self.index) == ask(self.twin)

    @rule(i=NUMBERS)
    def add(self, i: int) -> None:
        self.both(lambda index: index.add(ROWS[i]))

    @rule(some=SOME, batch=st.sampled_from([1, 7, 500]))
    def add_many(self, some: list[int], batch: int) -> None:
        self.both(lambda index: index.add_many([ROWS[i] for i in some], batch=batch))

    @rule(some=SOME)
    def add_elsewhere(self, some: list[int]) -> None:
        found = self.other.add_many([ROWS[i] for i in some])
        assert found == self.twin.add_many([ROWS[i] for i in some])

    @rule(i=NUMBERS)
    def ask(self, i: int) -> None:
        self.both(lambda index: (index.check(ROWS[i]), index.matches(ROWS[i]), index.get(ROWS[i]["id"])))

    @rule(some=SOME, gone=NUMBERS)
    def change(self, some: list[int], gone: int) -> None:
        """One change of several steps, of which the later ones see the earlier ones."""

        def work(index: Index) -> list[Any]:
            with index.transaction():
                told = [index.add_many([ROWS[i] for i in some]), index.discard(ROWS[gone]["id"])]
                return [*told, index.check(ROWS[gone]), index.add(ROWS[gone]), len(index)]

        self.both(work)

    @rule(some=SOME, gone=NUMBERS, inner=st.booleans())
    def fail(self, some: list[int], gone: int, inner: bool) -> None:
        """A change that is undone, of which perhaps only a part failed."""

        def work() -> None:
            with self.index.transaction():
                self.index.discard(ROWS[gone]["id"])
                with suppress(KeyError) if inner else self.index.transaction():
                    self.index.add_many([ROWS[i] for i in some])
                    self.index.expire(before="2024-03-01", by="published")
                    with self.index.transaction():
                        self.index.note("a", "1")
                        raise KeyError

        with pytest.raises(StoreError if inner else KeyError):
            work()

    @rule(some=SOME, batch=st.integers(1, 9))
    def fail_while_reading(self, some: list[int], batch: int) -> None:
        """What came in whole batches before it is stored; the source asks the index itself."""

        def source(index: Index) -> Iterator[dict[str, Any]]:
            for i in some:
                index.check(ROWS[i])
                yield ROWS[i]
            raise OSError

        def work(index: Index) -> None:
            with pytest.raises(OSError):  # noqa: PT011
                index.add_many(source(index), batch=batch)

        work(self.index)
        work(self.twin)

    @rule(i=NUMBERS)
    def discard(self, i: int) -> None:
        self.both(lambda index: index.discard(ROWS[i]["id"]))

    @rule(day=st.integers(1, 28), month=st.integers(1, 12), year=st.sampled_from([2023, 2024, 2025]))
    def expire(self, day: int, month: int, year: int) -> None:
        self.both(lambda index: index.expire(before=f"{year}-{month:02}-{day:02}", by="published"))

    @rule()
    def compact(self) -> None:
        self.other.compact()

    @rule()
    def reopen(self) -> None:
        if self.shared:
            self.index.close()
            self.index = self.again()

    def teardown(self) -> None:
        self.both(lambda index: [found.record for found in index.entries(copies=True)])
        for ask in (Index.__len__, Index.verify, Index.notes):
            self.both(ask)
        stats, twin = self.index.stats(), self.twin.stats()
        assert (stats.stored_copies, stats.dropped) == (twin.stored_copies, twin.dropped)
        self.index.close()
        if self.shared:
            self.other.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
def test_an_index_is_what_was_not_undone(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    numbers = itertools.count()

    def opened() -> Callable[[], Index]:
        if kind == "redis":
            server: Redis = request.getfixturevalue("redis_server")
            uri = server.uri(f"model{next(numbers)}")
        else:
            uri = "memory:" if kind == "memory" else f"sqlite:{tmp_path / f'{next(numbers)}.db'}"
        return lambda: open_index(uri)

    machine = type("Machine", (IndexMachine,), {"opened": staticmethod(opened), "shared": kind != "memory"})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    run_state_machine_as_test(
        machine, settings=settings(max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=checks)
    )
