"""Keys and the rows that hold them: as a dictionary has them, whatever their order, growth and number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.key_table import SALTS, SMALLEST, WIDTH, Digest, KeyTable
from tests import reference_table

KEYS = st.lists(st.integers(0, (1 << 64) - 1), max_size=30)


def digest(keys: list[int], salt: int = SALTS[0]) -> Digest:
    return Digest.of(np.array(keys, np.uint64), salt)


def pairs(found: Digest) -> list[tuple[int, int]]:
    return list(zip(found.places.tolist(), found.tags.tolist(), strict=True))


def owners(row: int, count: int) -> NDArray[np.uint32]:
    return np.full(count, row, np.uint32)


@settings(deadline=None)
@given(KEYS, st.sampled_from(SALTS))
def test_digests_are_those_of_the_slow_twin(keys: list[int], salt: int) -> None:
    assert pairs(digest(keys, salt)) == [reference_table.digest(key, salt) for key in keys]


@settings(deadline=None)
@given(KEYS)
def test_packed_keys_come_back(keys: list[int]) -> None:
    found = digest(keys)
    assert len(found.packed) == WIDTH * len(keys)
    assert pairs(Digest.unpacked(found.packed)) == pairs(found)


def test_packed_keys_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        Digest.unpacked(b"1234567")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.lists(st.integers(0, 40), min_size=1, max_size=8)), max_size=40))
def test_the_table_is_a_dictionary(rows: list[tuple[int, list[int]]]) -> None:
    table, twin = KeyTable(3), reference_table.Table(3)
    for row, keys in rows:
        own = digest(keys)
        table.add(own, owners(row, len(keys)))
        for pair in pairs(own):
            twin.add(pair, row)
    alive = np.zeros(32, np.uint8)
    alive[1:15] = 1
    asked = digest(list(range(41)))
    found, numbers = table.find(asked, alive)
    assert sorted(zip(found.tolist(), numbers.tolist(), strict=True)) == twin.find(pairs(asked), set(range(1, 15)))
    assert table.capped == twin.refused
    assert table.count == sum(map(len, twin.rows.values()))


def test_a_table_that_is_filled_anew_finds_what_it_held() -> None:
    table = KeyTable(4)
    own = [digest(list(range(100 * row, 100 * row + 100))) for row in range(80)]
    entered = 0
    for row, keys in enumerate(own, 1):
        if table.full(100):
            table.fill(100, lambda row=row: [(own[r - 1], owners(r, 100)) for r in range(1, row)])  # type: ignore[misc]
        table.add(keys, owners(row, 100))
        entered += 100
    assert table.count == entered > SMALLEST
    alive = np.ones(100, np.uint8)
    found = [table.find(keys, alive)[0].tolist() for keys in own]
    assert all(rows.count(row) == 100 for row, rows in enumerate(found, 1))
    assert sum(map(len, found)) - entered < entered / 1000  # a row that does not hold the key, now and then


def test_a_full_table_says_so_before_it_is() -> None:
    table = KeyTable(4)
    assert not table.full(SMALLEST // 2)
    assert table.full(SMALLEST)
