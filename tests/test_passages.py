"""Passages: long enough shared runs share one, texts that share enough are proposed, and what is left out is counted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import passages
from dedup.alignment import Tokens
from dedup.candidates import Candidates
from dedup.kernels import passages as kernel
from dedup.passages import SHARE, SHINGLE, WINDOW, Passages, chosen, propose
from dedup.signatures import shingles
from tests import reference_pieces

GUARANTEE: Final = SHINGLE + WINDOW - 1

token = st.integers(0, 2**32 - 1)
few = st.integers(0, 3)
"""Tokens of a small alphabet: many equal shingles."""

quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def passages_of(texts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The passages of every text, in their order."""
    found = chosen(Tokens.of(*(np.array(text, np.uint32) for text in texts)))
    assert found.values.dtype == np.uint32
    assert found.counts.dtype == np.int64
    assert found.counts.sum() == len(found.values)
    return [part.tolist() for part in np.split(found.values, np.cumsum(found.counts)[:-1])]


def made(texts: Sequence[set[int]]) -> Passages:
    """Texts of known passages."""
    values = [passage for text in texts for passage in sorted(text)]
    return Passages(np.array(values, np.uint32), np.array([len(text) for text in texts], np.int64))


def everything(count: int) -> NDArray[np.bool_]:
    return np.ones(count, bool)


def as_dict(found: Candidates) -> dict[tuple[int, int], int]:
    assert (np.diff(found.codes) > 0).all()
    pairs = [(low, high) for low, high in found.pairs.tolist()]
    return dict(zip(pairs, found.times.tolist(), strict=True))


def draw(seed: int, count: int, most: int = 2**32) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(0, most, count).tolist()
    return found


# Winnowing


@quick
@given(st.lists(st.lists(token, max_size=70) | st.lists(few, max_size=90), min_size=1, max_size=4))
def test_passages_are_those_of_the_twin(texts: list[list[int]]) -> None:
    expected = [sorted(reference_pieces.passages(text, SHINGLE, WINDOW)) for text in texts]
    assert passages_of(texts) == expected


@quick
@given(st.lists(token | few, max_size=40), st.integers(1, 9))
def test_any_window_is_winnowed_as_by_the_twin(hashes: list[int], window: int) -> None:
    """On the hashes themselves, which are seldom equal otherwise."""
    array = np.array(hashes, np.uint32)
    out = np.empty(len(hashes) + 1, np.uint32)
    one, two = np.empty((2, len(hashes)), np.uint64)
    found = out[: kernel.winnow(array, len(array), window, one, two, out)]
    width = min(window, len(hashes))
    starts = range(len(hashes) - width + 1) if hashes else range(0)
    places = {min(range(s, s + width), key=lambda i: (hashes[i], -i)) for s in starts}
    assert found.tolist() == [hashes[i] * reference_pieces.SPREAD & 0xFFFFFFFF for i in sorted(places)]


@quick
@given(
    st.lists(token | few, min_size=GUARANTEE, max_size=GUARANTEE),
    *[st.lists(token | few, max_size=60) for _ in range(4)],
)
def test_texts_that_share_a_run_share_a_passage(
    run: list[int], before: list[int], after: list[int], front: list[int], back: list[int]
) -> None:
    a, b = passages_of([before + run + after, front + run + back])
    assert set(a) & set(b)
    inside = (np.array(shingles(np.array(run, np.uint32), SHINGLE)) * np.uint32(reference_pieces.SPREAD)).tolist()
    assert set(a) & set(b) & set(inside)  # and it stands in the run


def test_a_run_of_one_token_less_need_not() -> None:
    """The guarantee is as long as it is said to be, and no longer."""
    missed = 0
    for seed in range(300):
        run, rest = draw(seed, GUARANTEE - 1), draw(1000 + seed, 400)
        a, b = passages_of([rest[:100] + run + rest[100:200], rest[200:300] + run + rest[300:]])
        missed += not set(a) & set(b)
    assert 0 < missed < 60


@pytest.mark.parametrize("length", range(SHINGLE + WINDOW + 2))
def test_short_texts(length: int) -> None:
    (found,) = passages_of([draw(length, length)])
    if length < SHINGLE:
        assert found == []
    elif length <= GUARANTEE:
        assert len(found) == 1
    else:
        assert 1 <= len(found) <= 3


@pytest.mark.parametrize("seed", range(3))
def test_density(seed: int) -> None:
    count = 200_000
    (found,) = passages_of([draw(seed, count)])
    assert len(found) == pytest.approx(count * 2 / (WINDOW + 1), rel=0.02)


def test_repetition_has_few_passages() -> None:
    cases = passages_of([[7] * 100_000, [1, 2, 3] * 40_000, draw(5, 50) * 1_000, list(range(100)) * 500])
    assert [len(found) for found in cases[:2]] == [1, 1]
    assert all(len(found) <= 12 for found in cases)


def test_passages_use_all_of_their_range() -> None:
    """The least hashes are small: they are spread, so that parts of equal width hold about as many."""
    (found,) = passages_of([draw(9, 200_000)])
    parts = np.histogram(found, 8, (0, 2**32))[0]
    assert parts.min() > 0.9 * len(found) / 8


def test_no_texts() -> None:
    nothing = Tokens(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64))
    found = chosen(nothing)
    assert (len(found.values), len(found.counts)) == (0, 0)
    assert as_dict(propose(found, everything(0), 2)) == {}


def test_sequences_may_stand_anywhere() -> None:
    """Cores lie behind the texts, with others between them."""
    values = np.array(draw(4, 500), np.uint32)
    values.flags.writeable = False
    starts, ends = np.array([400, 0, 100, 100]), np.array([500, 90, 100, 300])
    found = chosen(Tokens(values, starts, ends))
    expected = [
        reference_pieces.passages(values[s:e].tolist(), SHINGLE, WINDOW) for s, e in zip(starts, ends, strict=True)
    ]
    assert found.counts.tolist() == [len(e) for e in expected]
    assert found.values.tolist() == [passage for e in expected for passage in sorted(e)]


# Proposing


@st.composite
def holdings(draw: st.DrawFn) -> tuple[list[set[int]], list[bool]]:
    """The passages of some texts, from a few that many hold, and which of the texts are alive."""
    passage = st.sampled_from([0, 1, 2, 3, 2**16, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]) | st.integers(4, 30)
    texts = draw(st.lists(st.sets(passage, max_size=20), max_size=12))
    return texts, draw(st.lists(st.booleans() | st.just(True), min_size=len(texts), max_size=len(texts)))


@quick
@given(holdings(), st.integers(2, 12))
def test_pairs_are_those_of_the_twin(case: tuple[list[set[int]], list[bool]], limit: int) -> None:
    texts, alive = case
    found = propose(made(texts), np.array(alive, bool), limit)
    expected, capped = reference_pieces.proposed(texts, alive, limit, SHARE)
    assert as_dict(found) == expected
    assert found.capped == capped


@quick
@given(holdings(), st.integers(2, 12), st.integers(1, 40))
def test_parts_change_nothing(case: tuple[list[set[int]], list[bool]], limit: int, size: int) -> None:
    texts, alive = case
    whole = propose(made(texts), np.array(alive, bool), limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passages, "_PART", size)
        patch.setattr("dedup.stretches.STRETCH", size)
        parted = propose(made(texts), np.array(alive, bool), limit)
    assert as_dict(parted) == as_dict(whole)
    assert parted.capped == whole.capped


@pytest.mark.parametrize("slots", [1, 2, 1 << 16])
def test_passages_that_share_a_slot_change_nothing(slots: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [set(draw(seed % 40, 30, 5_000)) for seed in range(80)]
    whole = propose(made(texts), everything(80), 32)
    monkeypatch.setattr(passages, "_SLOTS", slots)
    assert as_dict(propose(made(texts), everything(80), 32)) == as_dict(whole)
    assert as_dict(whole) == reference_pieces.proposed(texts, [True] * 80, 32, SHARE)[0]


@pytest.mark.parametrize(
    ("first", "second", "shared", "proposed"),
    [
        (1, 1, 1, True),
        (1, 50, 1, True),
        (2, 2, 1, False),
        (2, 50, 2, True),
        (16, 16, 1, False),
        (16, 16, 2, True),
        (17, 17, 2, False),
        (17, 400, 3, True),
        (80, 80, 9, False),
        (80, 81, 10, True),
        (81, 81, 10, False),
        (5, 5, 0, False),
        (0, 5, 0, False),
    ],
)
def test_the_share_that_is_needed(first: int, second: int, shared: int, proposed: bool) -> None:
    a, b = set(range(first)), set(range(first - shared, first - shared + second))
    assert len(a & b) == shared
    found = as_dict(propose(made([a, b]), everything(2), 32))
    assert found == ({(0, 1): shared} if proposed else {})


def test_a_passage_of_too_many_texts_pairs_the_lowest_and_is_counted() -> None:
    found = propose(made([{7}] * 10), everything(10), 3)
    assert found.capped == 1
    assert as_dict(found) == {(low, high): 1 for low in range(3) for high in range(10) if low < high}
    assert propose(made([{7}] * 10), everything(10), 10).capped == 0
    assert propose(made([{7, 8, 9}] * 10), everything(10), 9).capped == 3


def test_dead_texts_take_no_place_in_a_full_passage() -> None:
    alive = np.array([False, False, True, True, True])
    found = propose(made([{7}] * 5), alive, 3)
    assert (as_dict(found), found.capped) == ({(2, 3): 1, (2, 4): 1, (3, 4): 1}, 0)


@quick
@given(holdings(), st.randoms(use_true_random=False))
def test_the_order_of_the_texts_is_nothing(case: tuple[list[set[int]], list[bool]], shuffler: random.Random) -> None:
    texts, alive = case
    order = list(range(len(texts)))
    shuffler.shuffle(order)
    found = as_dict(propose(made(texts), np.array(alive, bool), 12))
    again = as_dict(propose(made([texts[i] for i in order]), np.array([alive[i] for i in order], bool), 12))
    renamed = {(min(order[a], order[b]), max(order[a], order[b])): times for (a, b), times in again.items()}
    assert renamed == found


def test_a_text_within_another_is_proposed() -> None:
    whole = draw(1, 1_000)
    texts = [whole, whole[300:500], draw(2, 50) + whole[500:600], draw(3, 1_000), whole[:20]]
    found = chosen(Tokens.of(*(np.array(text, np.uint32) for text in texts)))
    assert {(0, 1), (0, 2)} <= set(as_dict(propose(found, everything(5), 32))) <= {(0, 1), (0, 2), (0, 4)}
