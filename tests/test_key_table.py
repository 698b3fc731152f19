"""Keys and the rows that hold them: as a dictionary has them, whatever their order, growth and number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import kernels
from dedup.boilerplate import CONTEXTS, SITES
from dedup.errors import StoreError
from dedup.kernels.table import MOST_ROWS, SLOTS
from dedup.key_chunk import Chunk
from dedup.key_table import DOUBLE, EXTRA, GROWTH, MODEST, SALTS, Digest, KeyTable
from dedup.keys import Keys, Lot, Span
from dedup.learning import Learned, Printed
from dedup.passages import SHARE
from dedup.settings import Limits
from dedup.tables import Tables
from tests import reference_table

KEYS = st.lists(st.integers(0, (1 << 64) - 1), max_size=30)


KINDS = range(len(SALTS))


def digest(keys: list[int], kind: int = 0) -> Digest:
    return Digest.of(np.array(keys, np.uint64), kind)


def pairs(found: Digest) -> list[tuple[int, int]]:
    return list(zip(found.places.tolist(), found.marks.tolist(), strict=True))


def owners(row: int, count: int) -> NDArray[np.uint32]:
    return np.full(count, row, np.uint32)


@settings(deadline=None)
@given(KEYS, st.sampled_from(KINDS))
def test_digests_are_those_of_the_slow_twin(keys: list[int], kind: int) -> None:
    found = digest(keys, kind)
    assert pairs(found) == [reference_table.digest(key, SALTS[kind], EXTRA[kind]) for key in keys]
    assert len(found.lows(kind)) == (len(keys) if EXTRA[kind] else 0)
    assert pairs(Digest.known(found.places, found.lows(kind), kind)) == pairs(found)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.lists(st.integers(0, 40), min_size=1, max_size=8), st.booleans()), max_size=40
    )
)
def test_the_table_is_a_dictionary(rows: list[tuple[int, list[int], bool]]) -> None:
    table, twin = KeyTable(3, EXTRA[0]), reference_table.Table(3)
    alive = np.ones(32, np.uint8)
    living = set(range(32))
    for row, keys, ends in rows:
        own = digest(keys)
        table.add(own, owners(row, len(keys)), alive)
        for pair in pairs(own):
            twin.add(pair, row, living)
        if ends:
            alive[row] = 0
            living.discard(row)
    asked = digest(list(range(41)))
    found, numbers = table.find(asked, alive)
    assert sorted(zip(found.tolist(), numbers.tolist(), strict=True)) == twin.find(pairs(asked), living)
    assert table.capped == twin.refused
    assert table.count == sum(map(len, twin.rows.values()))


@pytest.mark.parametrize("growth", [1.05, 2.0])
@pytest.mark.parametrize("extra", [0, 3, 8])
def test_a_table_that_grows_finds_what_it_held(monkeypatch: pytest.MonkeyPatch, extra: int, growth: float) -> None:
    """From one end to the other; and what is gone is gone for good."""
    monkeypatch.setattr("dedup.key_table.DOUBLE", growth)
    rng = np.random.default_rng(extra)
    table = KeyTable(4, extra)
    alive = np.ones(100, np.uint8)
    own = [Digest.wide(rng.integers(0, 1 << 63, 7_000, np.uint64), 0, extra) for _ in range(90)]
    rows = dict(enumerate(own, 1))
    sizes = set()
    for row, keys in rows.items():
        table.make_room(len(keys.places), alive)
        table.add(keys, owners(row, len(keys.places)), alive)
        sizes.add(table.nbytes)
        if row % 7 == 0:
            alive[row] = 0
    assert len(sizes) > 1
    assert table.capped == 0

    def holds(row: int) -> bool:
        found, numbers = table.find(rows[row], alive)
        return set(numbers[found == row].tolist()) == set(range(len(rows[row].places)))

    assert [row for row in rows if holds(row)] == [row for row in rows if alive[row]]
    table.shrink(alive)
    assert table.count == sum(len(set(pairs(keys))) for row, keys in rows.items() if alive[row])
    alive[:] = 1
    assert [row for row in rows if holds(row)] == [row for row in rows if row % 7]
    asked = Digest.wide(rng.integers(0, 1 << 63, 100_000, np.uint64), 0, extra)
    assert len(table.find(asked, alive)[0]) < len(asked.places) / 1000  # a row that does not hold the key, now and then


def test_keys_of_rows_that_may_come_back_keep_their_places() -> None:
    tables = Tables(Limits())
    tables.add_row(1, made([1, 2, 3]), "a")
    tables.leave(1)
    assert tables.propose(made([1, 2, 3])) == []
    tables.add_row(2, made([1, 2, 3]), "a")
    tables.compact()
    tables.take_back(1)
    assert tables.propose(made([1, 2, 3])) == [1, 2]
    tables.drop(1)
    tables.add_row(3, made([1, 2, 3]), "a")
    tables.take_back(1)
    assert tables.propose(made([1, 2, 3])) == [2, 3]


def test_a_key_that_finds_no_room_within_reach_is_counted() -> None:
    """Of 256 keys that belong into one bucket, what it and those within reach have room for; a larger table reaches farther."""
    table = KeyTable(4, EXTRA[0])
    alive = np.ones(5, np.uint8)
    places = np.full(256, 1 << 31, np.uint32)
    keys = Digest.known(places, np.arange(256, dtype=np.uint8), 0)
    for row in range(1, 5):
        table.add(keys, owners(row, 256), alive)
    room = table.arrays[4] * SLOTS
    assert (table.count, table.capped) == (room, 4 * 256 - room)
    assert len(table.find(keys, alive)[0]) == room
    table.empty(20_000_000)
    for row in range(1, 5):
        table.add(keys, owners(row, 256), alive)
    assert (table.count, table.capped) == (4 * 256, 0)
    assert sorted(zip(*map(np.ndarray.tolist, table.find(keys, alive)), strict=True)) == [
        (row, i) for row in range(1, 5) for i in range(256)
    ]


@pytest.mark.parametrize("limit", [1, 32, 1_000])
@pytest.mark.parametrize("extra", EXTRA)
def test_a_key_finds_room_for_as_many_rows_as_it_may_have(limit: int, extra: int) -> None:
    table = KeyTable(limit, extra)
    alive = np.ones(limit + 2, np.uint8)
    for key in (5, 6):
        one = Digest.wide(np.full(limit + 1, key, np.uint64), 0, extra)
        table.add(one, np.arange(1, limit + 2, dtype=np.uint32), alive)
    assert (table.count, table.capped) == (2 * limit, 2)


def test_a_row_number_that_a_table_cannot_hold_is_refused() -> None:
    with pytest.raises(StoreError, match="268,435,455 articles"):
        Tables(Limits()).add_row(MOST_ROWS + 1, made([1]), None)


def made(keys: list[int]) -> Keys:
    near, held, pieces = (digest(keys, kind) for kind in KINDS)
    return Keys(near, held, pieces)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True), min_size=1, max_size=12),
    st.lists(st.integers(0, 30), max_size=8, unique=True),
)
def test_what_is_proposed_is_what_the_slow_twin_proposes(rows: list[list[int]], asked: list[int]) -> None:
    limits = Limits(bucket=3, passage=4)
    tables = Tables(limits)
    near, held = reference_table.Table(3), reference_table.Table(4)
    counts = {}
    for row, keys in enumerate(rows, 1):
        tables.add_row(row, made(keys), None)
        counts[row] = len(keys)
        for twin, kind in ((near, 0), (held, 1)):
            for pair in pairs(digest(keys, kind)):
                twin.add(pair, row, counts)
    alive = set(counts) - {2}
    tables.drop(2)
    own = [digest(asked, kind) for kind in KINDS]
    found = [twin.find(pairs(keys), alive) for twin, keys in ((near, own[0]), (held, own[1]))]
    assert tables.propose(made(asked)) == reference_table.propose(found[0], found[1], len(asked), counts, SHARE)
    numbers = [n.tolist() for n in tables.holders(own[2], 2)]
    expected = reference_table.often(near.find(pairs(own[0]), alive), 2)
    assert sorted(zip(*numbers, strict=True)) == expected


def lot(articles: list[tuple[list[int], list[int], list[int]]]) -> Lot:
    """Articles by their keys: near, held, pieces."""
    spans = []
    for kind in KINDS:
        ends = np.cumsum([len(keys[kind]) for keys in articles], dtype=np.int64)
        starts = ends - np.array([len(keys[kind]) for keys in articles], np.int64)
        spans.append(Span(digest([key for keys in articles for key in keys[kind]], kind), starts, ends))
    return Lot(*spans)


def few(high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, high), max_size=4, unique=True)


@settings(deadline=None)
@given(
    st.lists(st.tuples(few(200), few(40), few(9)), min_size=1, max_size=12),
    st.lists(st.sampled_from([None, "a", "b", "c", "d"]), min_size=12, max_size=12),
)
def test_what_is_admitted_at_once_is_what_nothing_has_to_do_with(
    articles: list[tuple[list[int], list[int], list[int]]], sites: list[str | None]
) -> None:
    """Those before the first one that is proposed a row, or that shows with others that a piece is boilerplate."""
    limits = Limits(bucket=16, passage=16)
    tables, one_by_one = (Tables(limits) for _ in range(2))
    keys = lot(articles)
    first = len(articles) // 3
    count = 0
    for i, site in zip(range(first, len(articles)), sites, strict=False):
        rows = one_by_one.site(one_by_one.holders(keys[i].pieces, 1)[0])
        numbers = one_by_one.holders(keys[i].pieces, 1)[1].tolist()
        code = one_by_one.code(site)
        here = [n for n, other in zip(numbers, rows.tolist(), strict=True) if other == code]
        elsewhere = [n for n, other in zip(numbers, rows.tolist(), strict=True) if -1 < other != code and site]
        printed = any(here.count(n) >= CONTEXTS - 1 or elsewhere.count(n) >= SITES - 1 for n in numbers)
        if one_by_one.propose(keys[i]) or printed:
            break
        one_by_one.add_row(1 + count, keys[i], site)
        count += 1
    assert tables.admit(keys, first, len(articles), 1, sites[: len(articles) - first]) == count
    for i in range(len(articles)):
        assert tables.propose(keys[i]) == one_by_one.propose(keys[i])
        for mine, theirs in zip(tables.holders(keys[i].pieces, 1), one_by_one.holders(keys[i].pieces, 1), strict=True):
            assert mine.tolist() == theirs.tolist()
    proposed = {i: one_by_one.propose(keys[i]) for i in range(len(articles))}
    assert tables.proposed(keys) == {i: rows for i, rows in proposed.items() if rows}


def test_tables_grow_before_they_have_to() -> None:
    """Where they are told what comes: twice the keys find room without another look at all that is there."""
    tables = Tables(Limits())
    count = 1_000
    lots = [lot([([10 * count * n + k for k in range(count)],) * 3 for n in range(i, i + 8)]) for i in (0, 8)]
    tables.expect(lots[0])
    size = tables.nbytes
    for i, keys in enumerate(lots):
        for n in range(8):
            tables.add_row(8 * i + n + 1, keys[n], None)
    assert tables.nbytes == size
    tables.expect(lots[0])
    assert tables.nbytes > size


@pytest.mark.parametrize(("modest", "times"), [(0, GROWTH), (MODEST, DOUBLE)])
def test_small_tables_double(monkeypatch: pytest.MonkeyPatch, modest: int, times: float) -> None:
    monkeypatch.setattr("dedup.key_table.MODEST", modest)
    table = KeyTable(4, 0)
    alive = np.ones(2, np.uint8)
    table.make_room(50_000, alive)
    table.add(digest(list(range(50_000))), owners(1, 50_000), alive)
    size = table.nbytes
    table.make_room(5_000, alive)
    assert table.nbytes == pytest.approx(times * size, rel=0.01)


def test_a_table_that_gets_no_memory_to_grow_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """And asks for it again, rather than to take it for there."""

    def refuse(count: int) -> None:
        raise OSError(12, "Cannot allocate memory")

    table, alive = KeyTable(4, 0), np.ones(2, np.uint8)
    keys = digest(list(range(1_000)), 1)
    table.add(keys, owners(1, 1_000), alive)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("dedup.key_table.Slab", refuse)
            with pytest.raises(OSError, match="memory"):
                table.make_room(50_000, alive)
        assert len(table.find(keys, alive)[0]) == table.count == 1_000
    table.make_room(50_000, alive)
    table.add(digest(list(range(50_000)), 1), owners(1, 50_000), alive)
    assert (table.count, table.capped) == (50_000, 0)


def told(part: Chunk) -> list[tuple[int, str | None, list[list[tuple[int, int]]]]]:
    """Row by row: its number, its site, its keys by kind."""
    ends = [np.cumsum(sizes) for sizes in part.sizes]
    sites = [None, *part.sites.names]
    found = []
    for i, (row, code) in enumerate(zip(part.rows.tolist(), part.sites.codes.tolist(), strict=True)):
        own = [
            pairs(keys)[end[i] - size[i] : end[i]] for keys, end, size in zip(part.keys, ends, part.sizes, strict=True)
        ]
        found.append((row, sites[code], own))
    return found


@settings(deadline=None)
@given(
    st.lists(st.tuples(few(200), few(40), few(9)), min_size=1, max_size=20), st.lists(st.integers(0, 20), max_size=6)
)
def test_joined_chunks_have_the_rows_of_all(
    articles: list[tuple[list[int], list[int], list[int]]], cuts: list[int]
) -> None:
    """Whatever parts they came in, and without those that are left out."""
    keys = lot(articles)
    sites = [None if i % 3 else f"site {i}" for i in range(len(articles))]
    bounds = sorted({0, len(articles), *(min(cut, len(articles)) for cut in cuts)})
    parts = []
    for start, end in itertools.pairwise(bounds):
        if end == start + 1:
            parts.append(Chunk.of(end, keys[start], sites[start]))
        else:
            parts.append(Chunk.cut(keys, start, start + 1, sites[start:end]))
    rows = [(i + 1, sites[i], [pairs(own) for own in keys[i]]) for i in range(len(articles))]
    assert [row for part in parts for row in told(part)] == rows
    whole = Chunk.joined([Chunk.none(), *parts])
    assert told(whole.only(whole.rows % 2 == 0)) == [row for row in rows if row[0] % 2 == 0]


@pytest.mark.parametrize("spaced", [False, True])
def test_the_keys_of_some_articles_of_a_lot(spaced: bool) -> None:
    """Whether they lie close together or, as where an article has too few words, apart."""
    whole = digest(list(range(20)))
    starts = np.array([0, 4, 12] if spaced else [0, 4, 9], np.int64)
    ends = np.array([4, 9, 15], np.int64)
    one = Lot(*[Span(whole, starts, ends)] * 3)
    for first, last in ((0, 3), (1, 3), (2, 2), (0, 1)):
        own, sizes = one.cut(1, first, last)
        assert pairs(own) == [pair for i in range(first, last) for pair in pairs(one[i].held)]
        assert sizes.tolist() == (ends - starts)[first:last].tolist()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 1 << 64) | st.integers(0, 3), max_size=700), max_size=4), st.integers(0, 3))
def test_names_are_known_once_they_were_learned(lots: list[list[int]], asked: int) -> None:
    learned, known = Learned(), set[int]()
    for lot in lots:
        names = [name % (1 << 64) for name in lot if name % (1 << 64)]
        assert learned.add(names) == sorted(set(names) - known)
        known |= set(names)
        tried = np.array([*names, asked, 12345], np.uint64)
        held = Printed(tried, np.zeros(len(tried), np.uint64), np.array([len(tried)]))
        assert learned.marks(held).tolist() == [int(name) in known for name in tried]
    assert sorted(learned.names) == sorted(known)
    count = len(learned.names) // 2
    half = learned.first(count)
    assert half.names == learned.names[:count]
    assert half.add(learned.names) == sorted(learned.names[count:])


def test_who_looks_while_another_thread_learns_finds_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles are made ready in threads, and what was known then is not looked for again."""
    put, learned, looks = kernels.names.put_names, Learned(), 0

    def look() -> None:
        nonlocal looks
        asked = np.array(learned.names, np.uint64)
        assert learned.marks(Printed(asked, np.zeros(len(asked), np.uint64), np.array([len(asked)]))).all()
        looks += 1

    def slow(slots: NDArray[np.uint64], names: NDArray[np.uint64]) -> None:
        for name in names:
            look()
            put(slots, np.array([name], np.uint64))
        look()

    monkeypatch.setattr(kernels.names, "put_names", slow)
    for lot in range(8):
        learned.add(range(1 + 200 * lot, 201 + 200 * lot))
    assert looks > len(learned.names) == 1_600
