"""Candidates: every pair that shares a bucket and no other; a full bucket costs what its limit says, and is counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import Texts, fingerprint
from dedup.candidates import Candidates, gather, ordered
from dedup.scheme import Scheme
from dedup.settings import Settings
from dedup.signatures import band_keys
from tests import reference_align
from tests.hostile import article, edited


def arrays(bands: Sequence[Sequence[int]]) -> list[NDArray[np.uint64]]:
    return [np.array(keys, np.uint64) for keys in bands]


def propose(bands: Sequence[NDArray[np.uint64]], limit: int) -> Candidates:
    """The pairs with an equal key in some band, as a run finds them."""
    return gather(map(ordered, bands), limit)


def check(found: Candidates, bands: Sequence[Sequence[int]], limit: int) -> None:
    pairs, capped = reference_align.candidates(bands, limit)
    assert found.pairs.dtype == np.int64
    assert found.pairs.shape == (len(pairs), 2)
    assert list(map(tuple, found.pairs.tolist())) == sorted(pairs)
    assert found.capped == capped


@st.composite
def keys(draw: st.DrawFn) -> list[list[int]]:
    """Up to five bands over up to 25 texts, with keys at both ends of their range."""
    texts = draw(st.integers(0, 25))
    key = st.sampled_from([0, 1, 2, 3, 4, 5, 2**63 - 1, 2**63, 2**64 - 1])
    return draw(st.lists(st.lists(key, min_size=texts, max_size=texts), max_size=5))


@settings(max_examples=300, deadline=None)
@given(keys())
def test_all_pairs_of_a_bucket(bands: list[list[int]]) -> None:
    found = propose(arrays(bands), 25)
    check(found, bands, 25)
    assert found.capped == 0
    brute = {(i, j) for band in bands for i in range(len(band)) for j in range(i + 1, len(band)) if band[i] == band[j]}
    assert set(map(tuple, found.pairs.tolist())) == brute


@settings(max_examples=300, deadline=None)
@given(keys(), st.integers(2, 8))
def test_full_buckets(bands: list[list[int]], limit: int) -> None:
    check(propose(arrays(bands), limit), bands, limit)


@pytest.mark.parametrize("limit", [2, 3, 10, 32])
@pytest.mark.parametrize("count", [2, 32, 33, 500])
def test_one_bucket(limit: int, count: int) -> None:
    """Each text is paired with the lowest ones of the bucket, wherever they stand in it."""
    found = propose(arrays([[7] * count]), limit)
    assert found.capped == (count > limit)
    lowest: dict[int, list[int]] = {}
    for low, high in found.pairs.tolist():
        lowest.setdefault(high, []).append(low)
    assert lowest == {high: list(range(min(high, limit))) for high in range(1, count)}


def test_every_full_bucket_is_counted() -> None:
    bands = [[1, 1, 1, 2, 2, 2, 3, 3], [1, 1, 1, 1, 2, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]]
    assert propose(arrays(bands), 2).capped == 2 + 2
    assert propose(arrays(bands), 3).capped == 2
    assert propose(arrays(bands), 4).capped == 0


def test_the_order_of_the_bands_is_nothing() -> None:
    draw = np.random.default_rng(1)
    bands = draw.integers(0, 300, (6, 1000)).tolist()
    first = propose(arrays(bands), 5)
    again = propose(arrays(bands[::-1]), 5)
    assert first.pairs.tolist() == again.pairs.tolist()
    assert first.capped == again.capped
    check(first, bands, 5)


def test_pairs_are_distinct_however_many() -> None:
    """Three bands of four and a half million pairs each, the same ones."""
    count = 3000
    bands = [np.full(count, key, np.uint64) for key in (1, 2, 3)]
    bands[2][:2] = 9
    found = propose(bands, count)
    assert found.pairs.shape == (count * (count - 1) // 2, 2)
    assert found.pairs[:3].tolist() == [[0, 1], [0, 2], [0, 3]]
    codes = found.pairs[:, 0] * count + found.pairs[:, 1]
    assert (np.diff(codes) > 0).all()
    assert found.capped == 0


def test_nothing_to_propose() -> None:
    cases: list[list[list[int]]] = [[], [[]], [[1]], [[1, 2, 3]], [[], []]]
    for bands in cases:
        found = propose(arrays(bands), 2)
        assert (found.pairs.shape, found.capped) == ((0, 2), 0)


def test_the_keys_are_left_as_they_are() -> None:
    bands = arrays([[3, 1, 3, 2, 1]])
    propose(bands, 2)
    assert bands[0].tolist() == [3, 1, 3, 2, 1]


def test_bands_of_real_texts() -> None:
    """Edited texts share a bucket with their origin, others with none."""
    texts = [t for i in range(40) for t in (article(i), edited(article(i), 2))]
    made = Settings()
    bands = band_keys(fingerprint(Texts.of(texts), Scheme()).signatures.values, made.bands)
    assert bands.shape == (made.bands.count, len(texts))
    found = propose(list(bands), made.limits.bucket)
    check(found, bands.tolist(), made.limits.bucket)
    assert {(2 * i, 2 * i + 1) for i in range(40)} <= set(map(tuple, found.pairs.tolist()))
    assert len(found.pairs) < 50
