"""The contract of a store, held by all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from dedup import open_index, stores, unique
from dedup.entries import Entry, read
from dedup.errors import StoreError
from dedup.keys import Keys
from dedup.learning import Learned
from dedup.matching import Matcher
from dedup.settings import Limits, Settings
from dedup.stores import Opening, Store, open_store
from dedup.tables import Tables
from tests.hostile import article

KINDS = ("memory", "sqlite", "redis", "other")
HEADER = {"format": "1", "seed": "1"}


@pytest.fixture(params=KINDS)
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Store]]:
    """Opens the store of a kind; `other` is that of another package, found by its entry point."""
    point = EntryPoint("other", "dedup.stores.memory:MemoryStore", stores.GROUP)
    monkeypatch.setattr(stores, "entry_points", lambda group: [point] if group == stores.GROUP else [])
    uri = {"memory": "memory:", "sqlite": f"sqlite:{tmp_path / 'seen.db'}", "other": "other:"}.get(request.param, "")
    if request.param == "redis":
        uri = request.getfixturevalue("redis_index").uri()
    with ExitStack() as stack:

        def open() -> Store:
            store = open_store(uri, lambda rest: Opening(rest, HEADER, frozenset(), Limits()))
            stack.callback(store.close)
            return store

        yield open


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


def made(seed: int, **changes: object) -> tuple[Entry, Keys]:
    """An entry and its keys."""
    settings = Settings()
    record = {"id": f"a{seed}", "text": article(seed), "site": "one.example", "title": f"Title {seed}"}
    reading = read([record], settings)
    matcher = Matcher(settings, Learned())
    keys = matcher.keys(matcher.pieces(reading.entries, reading.words))[0]
    return reading.entries[0]._replace(**changes), keys  # type: ignore[arg-type]


def put(store: Store, seed: int, **changes: object) -> int:
    with store.write():
        return store.add(*made(seed, **changes))


def test_what_is_added_is_got_and_proposed(store: Store) -> None:
    entry, keys = made(1, seen=5.0, published=7.5, url="https://one.example/1")
    with store.write():
        row = store.add(entry, keys)
        assert store.tables.propose(keys) == [row]
    assert row == 1
    assert store.get([row]) == [entry._replace(row=row)]
    assert store.named("a1") == store.get([row])
    assert store.tables.propose(keys) == [row]
    assert store.tables.propose(made(2)[1]) == []


def test_rows_come_in_the_order_asked_for_and_those_that_are_gone_are_left_out(store: Store) -> None:
    rows = [put(store, seed) for seed in range(3)]
    assert [e.id for e in store.get([rows[2], 99, rows[0]])] == ["a2", "a0"]


def test_notes_are_kept_until_they_are_forgotten(store: Store) -> None:
    with store.write():
        store.note("a", "1")
        store.note("b", "2")
    with store.write():
        store.note("a", None)
    with suppress(RuntimeError), store.write():
        store.note("b", None)
        store.note("c", "3")
        raise RuntimeError
    assert store.notes() == {"b": "2"}


def test_copies_belong_to_the_row_that_is_kept(store: Store) -> None:
    kept = put(store, 1)
    copies = [put(store, seed, kept=kept) for seed in (2, 3)]
    assert [entry.row for entry in store.copies(kept)] == copies
    assert store.copies(copies[0]) == []
    with store.write():
        store.update(copies[0], kept=copies[1])
    assert [entry.row for entry in store.copies(kept)] == copies[1:]
    assert [entry.row for entry in store.copies(copies[1])] == copies[:1]


def test_counts_add_up(store: Store) -> None:
    kept = put(store, 1)
    with store.write():
        store.update(kept, copies=1)
        store.update(kept, copies=1, lost=1)
        assert [(e.copies, e.lost) for e in store.get([kept])] == [(2, 1)]
    put(store, 2, kept=kept)
    assert [(e.copies, e.lost) for e in store.get([kept])] == [(2, 1)]
    assert store.count() == (1, 1, 2)


def test_what_is_discarded_is_gone_and_its_number_is_not_used_again(store: Store) -> None:
    first, last = put(store, 1), put(store, 2)
    with store.write():
        store.discard([last])
    assert store.get([first, last]) == store.named("a1")
    assert store.named("a2") == []
    assert store.tables.propose(made(2)[1]) == []
    assert put(store, 3) > last


def test_what_is_raised_undoes_everything(store: Store) -> None:
    kept, other = put(store, 1), put(store, 2)
    copy = put(store, 3, kept=kept)
    before = list(store.entries()), store.count(), sorted(store.learned())
    keys = [made(seed)[1] for seed in range(1, 6)]
    proposed = [store.tables.propose(own) for own in keys]

    def change() -> None:
        with store.write():
            store.add(*made(4))
            store.add(*made(5, kept=other))
            store.update(kept, copies=3, lost=1)
            store.update(copy, kept=other)
            store.discard([other])
            store.learn([7, 1 << 63])
            raise KeyError("stop")

    for _ in range(2):
        with pytest.raises(KeyError):
            change()
        assert (list(store.entries()), store.count(), sorted(store.learned())) == before
        assert [store.tables.propose(own) for own in keys] == proposed
    assert [e.row for e in store.copies(kept)] == [copy]
    assert store.get([put(store, 4)])[0].id == "a4"


@pytest.mark.parametrize("step", [("add_row",), ("drop", "leave")])
def test_an_interrupt_in_the_middle_of_a_step_undoes_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: tuple[str, ...]
) -> None:
    kept = put(store, 1)
    before = list(store.entries()), store.count()

    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    def change() -> None:
        with store.write():
            for name in step:
                monkeypatch.setattr(Tables, name, stop)
            try:
                store.discard([kept])
                store.add(*made(2))
            finally:
                monkeypatch.undo()

    with pytest.raises(KeyboardInterrupt):
        change()
    assert (list(store.entries()), store.count()) == before
    assert store.tables.propose(made(1)[1]) == [kept]
    assert store.tables.propose(made(2)[1]) == []


def test_what_is_gone_is_neither_changed_nor_forgotten_again(store: Store) -> None:
    rows = [put(store, seed) for seed in (1, 2)]
    with store.write():
        store.discard([rows[0], rows[0], 99])
        store.update(rows[0], kept=rows[1])
        store.update(rows[0], copies=1)
    assert store.count() == (1, 0, 0)
    assert store.verify() == []


def test_a_row_that_is_gone_gives_its_keys_to_others(store: Store) -> None:
    """A key takes so many living rows (`Limits`), however many were there."""
    for _ in range(40):
        row = put(store, 1)
        assert store.tables.propose(made(1)[1]) == [row]
        with store.write():
            store.discard([row])
    assert store.tables.capped == {"bands": 0, "passages": 0, "pieces": 0}


def test_what_is_read_together_is_of_one_moment(store: Store) -> None:
    row = put(store, 1)
    with store.read():
        store.refresh()
        assert [entry.row for entry in store.entries()] == [row] == [entry.row for entry in store.get([row])]
        assert store.count() == (1, 0, 0)


def test_old_rows_are_told_by_either_date(store: Store) -> None:
    dates: tuple[tuple[float, float | None], ...] = ((10.0, None), (20.0, 5.0), (30.0, 50.0))
    rows = [put(store, i, seen=seen, published=published) for i, (seen, published) in enumerate(dates)]
    assert store.older(25.0, published=False) == rows[:2]
    assert store.older(25.0, published=True) == rows[1:2]


def test_names_of_boilerplate_are_kept(store: Store) -> None:
    with store.write():
        store.learn([1, (1 << 64) - 1])
    assert sorted(store.learned()) == [1, (1 << 64) - 1]


def test_compacting_changes_no_answer(store: Store) -> None:
    rows = [put(store, seed) for seed in range(20)]
    with store.write():
        store.discard(rows[::2])
    before = list(store.entries())
    store.compact()
    assert list(store.entries()) == before
    assert [store.tables.propose(made(seed)[1]) for seed in range(4)] == [[], rows[1:2], [], rows[3:4]]
    assert put(store, 50) > rows[-1]
    assert store.verify() == []


def test_tables_grow_with_their_rows(store: Store) -> None:
    with store.write():
        rows = [store.add(*made(seed)) for seed in range(300)]
    proposed = {seed: store.tables.propose(made(seed)[1]) for seed in range(0, 300, 7)}
    assert all(rows[seed] in found for seed, found in proposed.items())
    assert sum(map(len, proposed.values())) < len(proposed) + 5  # a row without the key, now and then


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("seen.db", "sqlite:seen.db"),
        ("nothing:x", "there are memory, redis, rediss, sqlite"),
        ("memory:name", "has no name"),
        ("sqlite:", "names no file"),
        ("sqlite:no/such/folder/seen.db", "there is no folder"),
    ],
)
def test_uris_that_name_no_store(uri: str, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        open_store(uri, lambda rest: Opening(rest, HEADER, frozenset(), Limits()))


@pytest.mark.parametrize("uri", [3, None, Path("seen.db")])
def test_what_is_no_uri(uri: Any) -> None:
    with pytest.raises(StoreError, match=re.escape(f"{uri!r}: no URI of a store: write sqlite:seen.db or memory:")):
        open_index(uri)
    with pytest.raises(StoreError, match="no URI of a store"):
        list(unique(["a text"], index=uri))


def test_a_store_is_not_made_where_it_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    with pytest.raises(StoreError, match="no such file"):
        open_store(f"sqlite:{path}", lambda rest: Opening(rest, HEADER, frozenset(), Limits(), create=False))
    assert not path.exists()


def test_an_unknown_durability_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="process or power"):
        open_store(
            f"sqlite:{tmp_path / 'a.db'}", lambda r: Opening(r, HEADER, frozenset(), Limits(), durability="full")
        )
