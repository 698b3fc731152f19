"""Bands: the recall formula, the choice of rows, the keys against their slow twin, and the recall as measured."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import Bands, Scheme
from dedup.errors import SettingsError
from dedup.kernels import minhash as kernel
from dedup.signatures import permutations
from tests import reference

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
PAIRS = 2500
UNION = 100

fractions = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("count", "rows", "jaccard", "recall"),
    [
        (1, 1, 0.3, 0.3),
        (2, 1, 0.5, 0.75),
        (1, 2, 0.5, 0.25),
        (20, 5, 0.8, 0.9996439421094793),  # Leskovec, Rajaraman and Ullman, example 3.12
        (20, 5, 0.5, 0.4700507153168765),
        (20, 5, 0.2, 0.0063805813047682),
    ],
)
def test_recall_of_known_bands(count: int, rows: int, jaccard: float, recall: float) -> None:
    assert Bands(count, rows).recall(jaccard) == pytest.approx(recall, rel=1e-9)


@given(st.integers(1, 200), st.integers(1, 128), fractions, fractions)
@settings(deadline=None)
def test_recall_is_a_chance_that_grows_with_likeness_and_bands(count: int, rows: int, s: float, t: float) -> None:
    bands = Bands(count, rows)
    low, high = sorted((s, t))
    slack = 1e-12  # powers are rounded
    assert 0.0 <= bands.recall(low) <= bands.recall(high) + slack <= 1.0 + slack
    assert bands.recall(low) <= Bands(count + 1, rows).recall(low) + slack
    assert bands.recall(low) >= Bands(count, rows + 1).recall(low) - slack
    assert bands.recall(0.0) == 0.0
    assert bands.recall(1.0) == 1.0


@given(st.integers(1, 64), st.integers(1, 16), st.integers(2, 150))
@settings(deadline=None)
def test_curve_is_the_recall_at_even_steps(count: int, rows: int, points: int) -> None:
    bands = Bands(count, rows)
    curve = bands.curve(points)
    assert len(curve) == points
    assert (curve[0], curve[-1]) == ((0.0, 0.0), (1.0, 1.0))
    steps = np.diff([x for x, _ in curve])
    assert steps == pytest.approx(np.full(points - 1, 1 / (points - 1)))
    assert all(y == bands.recall(x) for x, y in curve)


def test_curve_has_a_point_a_percent() -> None:
    assert [x for x, _ in Bands(16, 6).curve()] == [i / 100 for i in range(101)]


@given(st.floats(0.05, 1.0), st.integers(1, 300), st.floats(0.01, 0.9999))
@settings(deadline=None, max_examples=300)
def test_choice_is_minimal(jaccard: float, available: int, recall: float) -> None:
    try:
        chosen = Bands.choose(jaccard, available, recall)
    except SettingsError:
        assert Bands(available, 1).recall(jaccard) < recall
        return
    assert chosen.count >= 1
    assert chosen.rows >= 1
    assert chosen.count * chosen.rows <= available
    assert chosen.recall(jaccard) >= recall
    if chosen.count > 1:
        assert Bands(chosen.count - 1, chosen.rows).recall(jaccard) < recall
    for rows in range(chosen.rows + 1, available + 1):  # all the bands that fit are not enough
        assert Bands(available // rows, rows).recall(jaccard) < recall


@given(st.floats(0.1, 0.99), st.floats(0.1, 0.99))
@settings(deadline=None)
def test_higher_threshold_never_takes_fewer_rows(s: float, t: float) -> None:
    low, high = sorted((s, t))
    assert Bands.choose(low, 512, 0.9).rows <= Bands.choose(high, 512, 0.9).rows


@pytest.mark.parametrize("jaccard", [0.0, -0.1, 1.0001, 2.0, math.nan, math.inf])
def test_impossible_similarity_is_refused(jaccard: float) -> None:
    with pytest.raises(SettingsError, match="must lie between 0 and 1"):
        Bands.choose(jaccard)


@pytest.mark.parametrize("recall", [0.0, 1.0, -1.0, 1.5, math.nan])
def test_impossible_recall_is_refused(recall: float) -> None:
    with pytest.raises(SettingsError, match="must lie between 0 and 1"):
        Bands.choose(0.8, recall=recall)


@pytest.mark.parametrize(("jaccard", "available", "recall"), [(0.01, 128, 0.99), (0.5, 6, 0.99), (0.8, 0, 0.5)])
def test_too_few_permutations_are_refused(jaccard: float, available: int, recall: float) -> None:
    with pytest.raises(SettingsError, match=f"{available} permutations cannot reach recall"):
        Bands.choose(jaccard, available, recall)


def test_equal_texts_need_one_band_of_all_rows() -> None:
    assert Bands.choose(1.0) == Bands(count=1, rows=128)


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_keys_are_those_of_the_twin(data: st.DataObject) -> None:
    rows, count, n = (data.draw(st.integers(1, 6)) for _ in range(3))
    width = rows * count + data.draw(st.integers(0, 3))
    value = st.integers(0, reference.MASK32)
    signature = st.lists(value, min_size=width, max_size=width)
    values = data.draw(st.lists(signature, min_size=n, max_size=n))
    keys = np.zeros((count, n), np.uint64)
    kernel.cut(np.array(values, np.uint32), rows, keys)
    assert keys.T.tolist() == [reference.band_keys(v, count, rows) for v in values]


def test_keys_tell_bands_and_order_of_values_apart() -> None:
    values = np.array([[1, 2, 1, 2, 2, 1], [1, 2, 3, 4, 5, 6]], np.uint32)
    keys = np.zeros((3, 2), np.uint64)
    kernel.cut(values, 2, keys)
    assert keys[0, 0] == keys[0, 1]
    assert len(np.unique(keys)) == 5


def test_keys_of_many_signatures_do_not_collide() -> None:
    values = np.arange(200_000, dtype=np.uint32).reshape(-1, 1)
    keys = np.zeros((1, len(values)), np.uint64)
    kernel.cut(values, 1, keys)
    assert len(np.unique(keys)) == len(values)


def test_no_signatures_have_no_keys() -> None:
    keys = np.zeros((4, 0), np.uint64)
    kernel.cut(np.zeros((0, 16), np.uint32), 4, keys)
    assert keys.shape == (4, 0)


def signature(hashes: NDArray[np.uint32], a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.uint32]:
    mixed = hashes.copy()
    out = np.empty(len(a), np.uint32)
    kernel.premix(mixed, len(mixed))
    kernel.minimum(mixed, len(mixed), a, b, out)
    return out


@functools.cache
def signed_pairs(shared: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Signatures of `PAIRS` pairs of random sets that share `shared` of `UNION` elements: a Jaccard of their quotient."""
    draw = np.random.default_rng(shared)
    a, b = permutations(Scheme())
    left, right = (np.empty((PAIRS, len(a)), np.uint32) for _ in range(2))
    middle = shared + (UNION - shared) // 2
    for i in range(PAIRS):
        union = draw.integers(0, 2**32, UNION, dtype=np.uint32)
        left[i] = signature(union[:middle], a, b)
        right[i] = signature(np.concatenate([union[:shared], union[middle:]]), a, b)
    return left, right


def candidates(bands: Bands, left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    """The share of pairs that have a key in common."""
    keys = [np.empty((bands.count, PAIRS), np.uint64) for _ in range(2)]
    kernel.cut(left, bands.rows, keys[0])
    kernel.cut(right, bands.rows, keys[1])
    return float(np.mean((keys[0] == keys[1]).any(axis=0)))


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_measured_recall_at_the_threshold(threshold: float) -> None:
    bands = Bands.choose(threshold)
    found = candidates(bands, *signed_pairs(round(threshold * UNION)))
    assert found >= 0.99 - 3 * math.sqrt(0.99 * 0.01 / PAIRS)
    expected = bands.recall(threshold)
    assert abs(found - expected) <= 3 * math.sqrt(expected * (1 - expected) / PAIRS)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_measured_recall_below_the_threshold_is_that_of_the_formula(threshold: float) -> None:
    bands = Bands.choose(threshold)
    below = round(threshold * UNION) - 10
    found = candidates(bands, *signed_pairs(below))
    expected = bands.recall(below / UNION)
    assert abs(found - expected) <= 3 * math.sqrt(expected * (1 - expected) / PAIRS)
