"""Memory in slabs: zeros that are writable, aligned, and gone in parts."""

from __future__ import annotations

import mmap

import pytest

from dedup.slab import HUGE, Slab


@pytest.mark.parametrize("count", [1, 8, 4096, HUGE // 8 + 8])
def test_words_are_zeros_in_lines_of_the_cache(count: int) -> None:
    slab = Slab(count)
    assert len(slab.words) == count
    assert slab.words.ctypes.data % 64 == 0
    assert not slab.words.any()
    slab.words[:] = 7
    assert slab.words.sum() == 7 * count


def test_what_is_given_back_is_no_more_and_the_rest_is() -> None:
    page = mmap.PAGESIZE // 8
    slab = Slab(4 * page)
    slab.words[:] = 7
    slab.give_back(2 * page + 1)
    assert (slab.words[2 * page :] == 7).all()
    if hasattr(mmap, "MADV_DONTNEED"):
        assert not slab.words[: 2 * page].any()
    slab.give_back(5 * page)  # beyond its end
    if hasattr(mmap, "MADV_DONTNEED"):
        assert not slab.words.any()
