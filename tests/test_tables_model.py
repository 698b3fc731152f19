"""Tables of keys against plain dictionaries: whatever is done to them, in any order, full or not, at any row number."""

from __future__ import annotations

import random
from typing import Final

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from numpy.typing import NDArray

from dedup import kernels
from dedup.boilerplate import CONTEXTS, SITES
from dedup.kernels.table import MARK, MOST_ROWS
from dedup.key_table import Digest, KeyTable
from dedup.keys import Keys, Lot
from dedup.passages import SHARE
from dedup.settings import Limits
from dedup.tables import Tables
from tests import reference_table
from tests.test_key_table import lot, pairs

SMALL: Final = ((0.9, 1), (0.97, 3))
"""Loads that make tables small, and so full that some keys find no room."""

WHOLE: Final = 1 << 32

ROWS: Final = (1, 2, 3, 500, *range(MOST_ROWS - 6, MOST_ROWS + 1))

SEEDS: Final = st.integers(0, 1 << 32)


def keys_like(seed: int, count: int, extra: int) -> Digest:
    """Keys, some of which have the mark of another one, or lie close together, at the ends of a table, too."""
    rng = np.random.default_rng(seed)
    own = rng.integers(0, WHOLE << extra, count, np.uint64)
    kind = rng.integers(0, 6, count)
    step = np.uint64(1 << MARK)
    whole = np.uint64((WHOLE << extra) - 1)
    own[kind == 0] = own[kind == 0] % np.uint64(7) + step * rng.integers(
        0, 1 << (4 + extra), int((kind == 0).sum()), np.uint64
    )
    own[kind == 1] = whole - own[kind == 1] % np.uint64(50)
    own[kind == 2] = own[kind == 2] % np.uint64(50)
    own[kind == 3] = (np.uint64((WHOLE << extra) // 3) + own[kind == 3] % np.uint64(90)) & whole
    own = np.unique(own)
    rng.shuffle(own)
    places, marks = (own >> np.uint64(extra)).astype(np.uint32), (own & (step - np.uint64(1))).astype(np.uint32)
    return Digest(places, marks)


class TableMachine(RuleBasedStateMachine):
    """One table. `held`: the keys and rows that it must find, by the state of the row: here, or on leave."""

    alive: NDArray[np.uint8] = np.zeros(MOST_ROWS + 1, np.uint8)
    """As large as it gets; what is never touched takes no memory."""

    @initialize(limit=st.sampled_from([1, 3, 20]), extra=st.integers(0, 3))
    def start(self, limit: int, extra: int) -> None:
        self.extra, self.limit = extra, limit
        self.table = KeyTable(limit, extra)
        self.held: dict[tuple[int, int], list[int]] = {}
        self.asked: dict[tuple[int, int], None] = {}
        self.capped = 0
        self.alive[list(ROWS)] = 0

    def found(self, *, back: bool = False) -> dict[tuple[int, int], set[int]]:
        """What the table finds of all keys that were ever asked for; `back`: if all rows on leave were here."""
        own = [*self.asked]
        keys = Digest(np.array([p for p, _ in own], np.uint32), np.array([m for _, m in own], np.uint32))
        on_leave = self.rows_in(2)
        self.alive[on_leave] = 1 if back else 2
        room = 4 * self.limit * len(own)
        rows, numbers = np.empty(room, np.int64), np.empty(room, np.int64)
        size = kernels.table.find(self.table.arrays, *keys, self.alive, rows, numbers)
        self.alive[on_leave] = 2
        told: dict[tuple[int, int], set[int]] = {}
        for row, number in zip(rows[:size].tolist(), numbers[:size].tolist(), strict=True):
            assert row not in told.setdefault(own[number], set())
            told[own[number]].add(row)
        return told

    def expected(self) -> dict[tuple[int, int], set[int]]:
        living = {key: {row for row in rows if self.alive[row] == 1} for key, rows in self.held.items()}
        return {key: rows for key, rows in living.items() if rows}

    def forget_refused(self) -> None:
        """What found no room is counted, and nothing else may be missing."""
        found = self.found(back=True)
        lost = 0
        for key, rows in self.held.items():
            for row in [row for row in rows if self.alive[row] and row not in found.get(key, ())]:
                rows.remove(row)
                lost += 1
        assert self.table.capped == self.capped + lost
        self.capped += lost

    @rule(row=st.sampled_from(ROWS), seed=SEEDS, count=st.sampled_from([1, 7, 64, 130, 400]), again=st.booleans())
    def add(self, row: int, seed: int, count: int, again: bool) -> None:
        """Keys that are new, or that others hold already."""
        if self.alive[row] == 2:
            return
        self.alive[row] = 1
        own = [*self.asked]
        if again and own:
            rng = np.random.default_rng(seed)
            chosen = [own[i] for i in rng.permutation(len(own))[:count].tolist()]
            keys = Digest(np.array([p for p, _ in chosen], np.uint32), np.array([m for _, m in chosen], np.uint32))
        else:
            keys = keys_like(seed, count, self.extra)
        self.table.make_room(len(keys.places), self.alive)
        self.forget_dead()
        self.forget_refused()
        for key in pairs(keys):
            self.asked[key] = None
            rows = self.held.setdefault(key, [])
            if row in rows:
                continue
            if sum(self.alive[other] == 1 for other in rows) >= self.limit:
                self.capped += 1
            else:
                rows.append(row)
        self.table.add(keys, np.full(len(keys.places), row, np.uint32), self.alive)
        self.forget_refused()

    def forget_dead(self) -> None:
        """Rows that are gone do not come back."""
        for rows in self.held.values():
            rows[:] = [row for row in rows if self.alive[row] != 0]

    @rule(row=st.sampled_from(ROWS))
    def drop(self, row: int) -> None:
        self.alive[row] = 0
        self.forget_dead()
        self.table.shrink(self.alive)  # so that a number may be used once more here
        self.forget_refused()

    def rows_in(self, state: int) -> list[int]:
        return [row for row in ROWS if self.alive[row] == state]

    @precondition(lambda self: self.rows_in(1))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.alive[data.draw(st.sampled_from(self.rows_in(1)))] = 2

    @precondition(lambda self: self.rows_in(2))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows_in(2)))
        held = [rows for rows in self.held.values() if row in rows]
        if all(sum(self.alive[other] == 1 for other in rows) < self.limit for rows in held):
            self.alive[row] = 1
            self.forget_refused()

    @rule(more=st.sampled_from([1, 600, 5000]))
    def make_room(self, more: int) -> None:
        self.table.make_room(more, self.alive)
        self.forget_refused()

    @rule()
    def shrink(self) -> None:
        self.table.shrink(self.alive)
        self.forget_refused()

    @invariant()
    def finds_what_it_must(self) -> None:
        if hasattr(self, "held"):
            assert self.found() == self.expected()


def test_a_table_is_a_dictionary_whatever_is_done_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.key_table.LOADS", SMALL)
    run_state_machine_as_test(TableMachine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


class TablesMachine(RuleBasedStateMachine):
    """All tables of an index, used as a store does: rows come, alone and many at once, leave, and what was done since the last
    `commit` is undone.
    """

    limits = Limits(bucket=3, passage=4)

    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables(self.limits)
        self.twins = [reference_table.Table(limit) for limit in (3, 4, 3)]
        self.counts: dict[int, int] = {}
        self.sites: dict[int, str | None] = {}
        self.living: set[int] = set()
        self.leaving: set[int] = set()
        self.last = self.before = 0
        self.asked: list[Keys] = []

    def articles(self, seed: int, count: int) -> Lot:
        """Keys of articles, most of which share some with others; one in fifty has many."""
        rng = random.Random(seed)

        def some(least: int) -> list[int]:
            size, high = rng.randint(least, 4), rng.choice((30, 300, 1 << 63))
            if rng.randrange(50) == 0:
                size, high = 400, 1 << 63
            return [*{rng.randrange(high) for _ in range(size)}]

        own = lot([(some(1), some(0), some(0)) for _ in range(count)])
        self.asked = [own[i] for i in range(count)] + self.asked[:20]
        return own

    def propose(self, keys: Keys) -> list[int]:
        near, held = (self.twins[kind].find(pairs(keys[kind]), self.living) for kind in (0, 1))
        return reference_table.propose(near, held, len(keys.held.places), self.counts, SHARE)

    def printed(self, keys: Keys, site: str | None) -> bool:
        """Whether an article shows with others that a piece of it is boilerplate."""
        found = self.twins[2].find(pairs(keys.pieces), self.living)
        numbers = [number for _, number in found]
        here = [n for row, n in found if self.sites[row] == site]  # unknown ones count as one
        elsewhere = [n for row, n in found if self.sites[row] not in (None, site) and site]
        return any(here.count(n) >= CONTEXTS - 1 or elsewhere.count(n) >= SITES - 1 for n in numbers)

    def enter(self, keys: Keys, site: str | None) -> None:
        self.last += 1
        self.living.add(self.last)
        self.counts[self.last], self.sites[self.last] = len(keys.held.places), site
        for twin, own in zip(self.twins, keys, strict=True):
            for key in pairs(own):
                twin.add(key, self.last, self.living, self.leaving)

    @rule(seed=SEEDS, site=st.sampled_from([None, "a", "b"]))
    def add_row(self, seed: int, site: str | None) -> None:
        keys = self.articles(seed, 1)[0]
        self.enter(keys, site)
        self.tables.add_row(self.last, keys, site)

    @rule(seed=SEEDS, count=st.integers(1, 12))
    def admit(self, seed: int, count: int) -> None:
        """Up to the first one that others have to do with, from one that is not the first of its lot."""
        keys = self.articles(seed, count)
        sites = [random.Random(f"{seed} {i}").choice((None, "a", "b", "c", "d", "e")) for i in range(count)]
        first, start, came = count // 4, self.last + 1, 0
        for i in range(first, count):
            if self.propose(keys[i]) or self.printed(keys[i], sites[i]):
                break
            self.enter(keys[i], sites[i])
            came += 1
        assert self.tables.admit(keys, first, count, start, sites[first:]) == came

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(sorted(self.living)))
        self.living.remove(row)
        self.leaving.add(row)
        self.tables.leave(row)

    @rule()
    def commit(self) -> None:
        for row in self.leaving:
            self.tables.drop(row)
        self.leaving.clear()
        self.before = self.last

    @rule()
    def undo(self) -> None:
        there = {row for row in self.living | self.leaving if row > self.before}
        assert self.tables.cut(self.before) == max(there, default=self.before)
        back = {row for row in self.leaving if row <= self.before}
        for row in back:
            self.tables.take_back(row)
        self.living = {row for row in self.living | back if row <= self.before}
        self.leaving.clear()
        self.before = self.last

    @rule(seed=SEEDS, count=st.integers(1, 40))
    def expect(self, seed: int, count: int) -> None:
        self.tables.expect(self.articles(seed, count))

    @rule()
    def compact(self) -> None:
        self.tables.compact()

    @invariant()
    def answers_as_the_slow_twin(self) -> None:
        for keys in self.asked:
            assert self.tables.propose(keys) == self.propose(keys)
            numbers = [n.tolist() for n in self.tables.holders(keys.pieces, 1)]
            assert sorted(zip(*numbers, strict=True)) == self.twins[2].find(pairs(keys.pieces), self.living)
        capped = dict(zip(("bands", "passages", "pieces"), (twin.refused for twin in self.twins), strict=True))
        assert self.tables.capped == capped


def test_tables_answer_as_dictionaries_whatever_is_done_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("key_table", "tables"):
        monkeypatch.setattr(f"dedup.{module}.EXTRA", (0, 0, 0))  # so that tables are small, and grow
    run_state_machine_as_test(TablesMachine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))
