"""Keys and the rows that hold them: as a dictionary has them, whatever their order, growth and number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.boilerplate import CONTEXTS, SITES
from dedup.kernels.table import SLOTS
from dedup.key_log import FAN, Chunk, KeyLog
from dedup.key_table import DOUBLE, EXTRA, GROWTH, MODEST, SALTS, SMALLEST, Digest, KeyTable
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
    return list(zip(found.places.tolist(), found.tags.tolist(), strict=True))


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
    table, twin = KeyTable(3), reference_table.Table(3)
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


def test_a_table_that_is_filled_anew_finds_what_it_held() -> None:
    table = KeyTable(4)
    alive = np.ones(100, np.uint8)
    own = [digest(list(range(100 * row, 100 * row + 100))) for row in range(80)]
    entered = 0
    for row, keys in enumerate(own, 1):
        if table.full(100):
            table.empty(2 * entered)
            for r in range(1, row):
                table.add(own[r - 1], owners(r, 100), alive)
        table.add(keys, owners(row, 100), alive)
        entered += 100
    assert table.count == entered > SMALLEST
    found = [table.find(keys, alive)[0].tolist() for keys in own]
    assert all(rows.count(row) == 100 for row, rows in enumerate(found, 1))
    assert sum(map(len, found)) - entered < entered / 1000  # a row that does not hold the key, now and then


def test_a_full_table_says_so_before_it_is() -> None:
    table = KeyTable(4)
    assert not table.full(SMALLEST)
    assert table.full(SMALLEST + SLOTS)


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
    tables = Tables(limits, lambda: ())
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
    tables, one_by_one = (Tables(limits, lambda: ()) for _ in range(2))
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
    """Where they are told what comes: as many keys again, of others, find room without a second look at all rows."""
    calls = 0

    def held() -> list[Chunk]:
        nonlocal calls
        calls += 1
        return []

    tables = Tables(Limits(), held)
    count = SMALLEST // 8
    lots = [lot([([10 * count * n + k for k in range(count)], [], []) for n in range(i, i + 8)]) for i in (0, 8)]
    tables.expect(lots[0], 1)
    assert calls == 1
    for i, keys in enumerate(lots):
        for n in range(8):
            tables.add_row(8 * i + n + 1, keys[n], None)
        assert tables.admit(keys, 0, 1, 8 * i + 9, [None]) == 0
    assert calls == 1


@pytest.mark.parametrize(("modest", "times"), [(0, GROWTH), (MODEST, DOUBLE)])
def test_small_tables_double(monkeypatch: pytest.MonkeyPatch, modest: int, times: float) -> None:
    monkeypatch.setattr("dedup.key_table.MODEST", modest)
    table = KeyTable(4)
    table.add(digest(list(range(3_000))), owners(1, 3_000), np.ones(2, np.uint8))
    assert table.grown(10) == int(times * 3_000)
    assert table.grown(9_000) == 12_000


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
    st.lists(st.tuples(few(200), few(40), few(9)), min_size=1, max_size=20),
    st.lists(st.integers(0, 20), max_size=6),
    st.integers(0, 22),
)
def test_a_log_has_the_rows_that_were_appended(
    articles: list[tuple[list[int], list[int], list[int]]], cuts: list[int], last: int
) -> None:
    """Whatever parts they came in, and without those that were cut off or left out."""
    keys = lot(articles)
    sites = [None if i % 3 else f"site {i}" for i in range(len(articles))]
    bounds = sorted({0, len(articles), *(min(cut, len(articles)) for cut in cuts)})
    log = KeyLog()
    for start, end in itertools.pairwise(bounds):
        if end == start + 1:
            log.append(Chunk.of(end, keys[start], sites[start]))
        else:
            log.append(Chunk.cut(keys, start, start + 1, sites[start:end]))
    rows = [(i + 1, sites[i], [pairs(own) for own in keys[i]]) for i in range(len(articles))]
    assert [row for part in log.parts for row in told(part)] == rows
    assert len(log.parts) < FAN * max(1, len(bounds).bit_length())
    log.cut(last)
    assert [row for part in log.parts for row in told(part)] == rows[:last]
    whole = Chunk.joined([Chunk.none(), *log.parts])
    assert told(whole.only(whole.rows % 2 == 0)) == [row for row in rows[:last] if row[0] % 2 == 0]


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
