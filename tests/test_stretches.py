"""Work in stretches: nothing is left out, results come in order, and no more is under way than was allowed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import stretches
from dedup.kernels.sorting import sort_part
from dedup.stretches import in_order, shares


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_every_text_is_in_one_stretch(sizes: list[int], size: int) -> None:
    ends = np.cumsum(sizes, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "STRETCH", size)
        parts = list(stretches.stretches(ends))
    assert [i for texts, _ in parts for i in range(len(sizes))[texts]] == list(range(len(sizes)))
    assert [i for _, place in parts for i in range(sum(sizes))[place]] == list(range(sum(sizes)))
    for texts, place in parts:
        assert sum(sizes[texts]) == place.stop - place.start
        assert place.stop - place.start <= size or texts.stop - texts.start == 1


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 12))
def test_shares_hold_all_and_no_more_than_they_may(counts: list[int], most: int) -> None:
    found = list(shares(np.array(counts, np.int64), most))
    assert sum(sum(counts[low:high]) for low, high in found) == sum(counts)
    assert [low for low, _ in found[1:]] == [high for _, high in found[:-1]]
    for low, high in found:
        assert 0 < sum(counts[low:high]) <= most or sum(c > 0 for c in counts[low:high]) == 1


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("ahead", [1, 4])
def test_results_come_in_order_and_few_wait(threads: int, ahead: int) -> None:
    lock, begun, taken = threading.Lock(), 0, 0

    def work(item: int) -> int:
        nonlocal begun
        with lock:
            begun += 1
            assert begun - taken <= ahead
        return item * item

    pool = ThreadPoolExecutor(threads) if threads else None
    found = []
    for result in in_order(pool, work, range(50), ahead):
        found.append(result)
        with lock:
            taken += 1
    assert found == [i * i for i in range(50)]
    if pool:
        pool.shutdown()


def test_what_work_raises_is_heard_of() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = in_order(pool, lambda item: 1 // item, [1, 0, 1])
        assert next(found) == 1
        with pytest.raises(ZeroDivisionError):
            next(found)


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 3), max_size=200), st.data())
def test_a_part_is_sorted_and_the_rest_is_left(values: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(values)))
    end = data.draw(st.integers(start, len(values)))
    array = np.array(values, np.uint32)
    sort_part(array, start, end)
    assert array.tolist() == [*values[:start], *sorted(values[start:end]), *values[end:]]
