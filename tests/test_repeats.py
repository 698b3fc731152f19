"""Runs that stand twice, and their chains; the kernels against their slow twins."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.alignment import RUN
from dedup.kernels import inpage as kernel
from dedup.repeats import REACH, Chain, chains, paired, parted, repeated_runs
from tests import reference_repeats as reference

FEW = st.lists(st.integers(0, 3), max_size=120)
BLOCKS = st.lists(st.sampled_from([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 9], [5, 6, 7, 8, 9, 10], [11]]), max_size=14)


def array(values: list[int]) -> NDArray[np.uint32]:
    return np.array(values, np.uint32)


def unlike(start: int, count: int) -> list[int]:
    return list(range(start, start + count))


@settings(deadline=None, max_examples=300)
@given(FEW, st.integers(2, 6))
def test_runs_are_those_of_the_twin(values: list[int], size: int) -> None:
    found = [tuple(row) for row in repeated_runs(array(values), size).tolist()]
    assert found == reference.repeated_runs(values, size)


@settings(deadline=None, max_examples=200)
@given(BLOCKS)
def test_runs_of_blocks_are_those_of_the_twin(blocks: list[list[int]]) -> None:
    values = [v for block in blocks for v in block]
    runs = repeated_runs(array(values), 4)
    assert [tuple(row) for row in runs.tolist()] == reference.repeated_runs(values, 4)
    taken: set[int] = set()
    for source, place, length in runs.tolist():
        assert source + length <= place
        assert values[source : source + length] == values[place : place + length]
        assert not taken & set(range(place, place + length))
        taken |= set(range(place, place + length))
    for source, _, length in runs.tolist():
        assert not taken & set(range(source, source + length))


@settings(deadline=None, max_examples=200)
@given(BLOCKS, st.integers(1, 8))
def test_links_are_those_of_the_twin(blocks: list[list[int]], reach: int) -> None:
    runs = repeated_runs(array([v for block in blocks for v in block]), 3)
    scores, before, heads = np.empty(len(runs)), np.empty(len(runs), np.int64), np.empty(len(runs), np.int64)
    kernel.link(runs, len(runs), reach, scores, before, heads)
    wanted = reference.link([(a, b, n) for a, b, n in runs.tolist()], reach)
    assert (scores.tolist(), before.tolist()) == wanted


@settings(deadline=None, max_examples=100)
@given(st.lists(FEW, max_size=5), st.integers(2, 9), st.integers(1, 30))
def test_words_are_counted_for_every_text(texts: list[list[int]], least: int, need: int) -> None:
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    found = np.empty(len(texts), np.bool_)
    kernel.repeated_in_all(array([v for text in texts for v in text]), ends, 3, least, need, found)
    for text, enough in zip(texts, found.tolist(), strict=True):
        assert enough == (sum(n for _, _, n in reference.repeated_runs(text, 3) if n >= least) >= need)


def test_an_edited_copy_is_one_chain() -> None:
    body = unlike(100, 90)
    copy = [*body[:20], 1, *body[21:40], *body[60:75], 2, 3, 4, *body[75:]]  # a word, a paragraph, a clause
    (found,) = chains(repeated_runs(array([*body, 5, 6, *copy])), 15)
    assert found.first == (0, 90)
    assert found.second == (92, 92 + len(copy))
    assert found.shared == len(copy) - 4


def test_excerpts_far_apart_are_no_chain() -> None:
    one, two = unlike(100, 30), unlike(200, 30)
    values = [*one, *unlike(300, 200), *two, *unlike(600, 10), *one, *unlike(700, 200), *two]
    assert [chain.shared for chain in chains(repeated_runs(array(values)), 15)] == [30, 30]


def test_of_five_copies_four_repeat_the_first() -> None:
    body = unlike(100, 50)
    found = chains(repeated_runs(array(body * 5)), 15)
    assert [chain.first for chain in found] == [(0, 50)] * 4
    assert [chain.second for chain in found] == [(50, 100), (100, 150), (150, 200), (200, 250)]


@settings(deadline=None, max_examples=100)
@given(BLOCKS, st.integers(1, 30))
def test_chains_share_no_run_and_do_not_overlap(blocks: list[list[int]], least: int) -> None:
    runs = repeated_runs(array([v for block in blocks for v in block]), 4)
    found = chains(runs, least)
    used = [tuple(row) for chain in found for row in chain.runs.tolist()]
    assert len(used) == len(set(used))
    for chain in found:
        assert chain.shared >= least
        assert chain.first[1] <= chain.second[0]
    assert [chain.shared for chain in found] == sorted((chain.shared for chain in found), reverse=True)


def test_work_is_bounded_on_one_word_and_on_equal_lines() -> None:
    assert len(repeated_runs(array([1] * 200_000))) == 200_000 // 6 - 1
    assert len(repeated_runs(array(unlike(1, 10) * 20_000))) == 20_000 - 1


def test_a_chain_is_parted_at_wide_gaps() -> None:
    chain = Chain(np.array([[0, 100, 10], [15, 112, 10], [60, 122, 10]]))
    assert [part.runs[:, 0].tolist() for part in parted(chain, 20)] == [[0, 15], [60]]
    assert len(parted(chain, 100)) == 1


def test_paragraphs_that_each_stand_twice_are_paired() -> None:
    lines = [unlike(100 * k, 30) for k in range(1, 5)]
    twice = chains(repeated_runs(array([v for line in lines for part in (line, line) for v in part])), 15)
    assert len(paired(twice, 1, 48.0)) == 4
    assert paired(twice[:2], 1, 48.0) == []
    assert paired(twice, 1, 500.0) == []


# Whole texts against the twins


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.integers(1, 6), st.integers(2, 6))
def test_runs_of_a_text_that_stands_often_are_those_of_the_twin(part: list[int], times: int, size: int) -> None:
    values = part * times
    found = [tuple(row) for row in repeated_runs(array(values), size).tolist()]
    assert found == reference.repeated_runs(values, size)


@settings(deadline=None, max_examples=200)
@given(BLOCKS, st.integers(2, 6), st.integers(1, 12))
def test_repeated_words_are_those_of_the_twin(blocks: list[list[int]], size: int, least: int) -> None:
    values = [v for block in blocks for v in block]
    assert kernel.repeated_words(array(values), size, least) == reference.repeated_words(values, size, least)


@settings(deadline=None, max_examples=100)
@given(st.lists(BLOCKS, max_size=6), st.integers(3, 9), st.integers(1, 60))
def test_no_text_repeats_another(texts: list[list[list[int]]], least: int, need: int) -> None:
    flat = [[v for block in blocks for v in block] for blocks in texts]
    found = np.empty(len(flat), np.bool_)
    ends = np.cumsum([len(text) for text in flat], dtype=np.int64)
    kernel.repeated_in_all(array([v for text in flat for v in text]), ends, 4, least, need, found)
    assert found.tolist() == [words >= need for words in reference.repeated_in_all(flat, 4, least)]


# What holds of any text


@settings(deadline=None, max_examples=300)
@given(FEW, st.integers(2, 6))
def test_runs_are_in_order_long_enough_and_from_what_is_no_repeat(values: list[int], size: int) -> None:
    runs = repeated_runs(array(values), size).tolist()
    assert all(one[1] + one[2] <= other[1] for one, other in itertools.pairwise(runs))
    seconds = {at for _, place, length in runs for at in range(place, place + length)}
    for source, place, length in runs:
        assert length >= size
        assert source + length <= place
        assert values[source : source + length] == values[place : place + length]
        assert seconds.isdisjoint(range(source, source + length))


@settings(deadline=None, max_examples=200)
@given(BLOCKS)
def test_runs_of_a_chain_follow_each_other_at_both_places(blocks: list[list[int]]) -> None:
    runs = repeated_runs(array([v for block in blocks for v in block]), 4)
    rows = runs.tolist()
    for chain in chains(runs, 1):
        assert all(row in rows for row in chain.runs.tolist())
        for k in (0, 1):
            assert (chain.runs[1:, k] >= chain.runs[:-1, k] + chain.runs[:-1, 2]).all()
        assert chain.first[1] <= chain.second[0]


@settings(deadline=None, max_examples=100)
@given(BLOCKS, st.integers(1, 40))
def test_the_least_only_leaves_chains_out(blocks: list[list[int]], least: int) -> None:
    runs = repeated_runs(array([v for block in blocks for v in block]), 4)
    every = [chain.runs.tolist() for chain in chains(runs, 0)]
    wanted = [rows for rows in every if sum(row[2] for row in rows) >= least]
    assert [chain.runs.tolist() for chain in chains(runs, least)] == wanted


# Texts made for one thing each


def test_texts_without_repeats_have_no_runs() -> None:
    for values in ([], [1], [1] * (2 * RUN - 1), unlike(1, 500)):
        runs = repeated_runs(array(values))
        assert runs.shape == (0, 3)
        assert chains(runs, 1) == []
    assert repeated_runs(array([1] * 2 * RUN)).tolist() == [[0, RUN, RUN]]


def test_every_kind_of_edit_leaves_one_chain() -> None:
    body = unlike(100, 120)
    for copy, shared in (
        ([*body[:50], 1, *body[51:]], 119),
        ([*body[:50], *body[51:]], 119),
        ([*body[:30], *body[60:]], 90),
        ([*body[:50], *unlike(1, 20), *body[50:]], 120),
    ):
        (found,) = chains(repeated_runs(array([*body, *copy])), 15)
        assert (found.first, found.second, found.shared) == ((0, 120), (120, 120 + len(copy)), shared)
        (other,) = chains(repeated_runs(array([*copy, *body])), 15)
        assert (other.first, other.second) == ((0, len(copy)), (len(copy), len(copy) + 120))
        assert other.shared == shared


def test_five_copies_with_something_between_are_four_chains_to_the_first() -> None:
    body = unlike(100, 50)
    values = [v for k in range(5) for v in (*unlike(1_000 + 10 * k, 7), *body)]
    found = chains(repeated_runs(array(values)), 15)
    assert [chain.first for chain in found] == [(7, 57)] * 4
    assert [chain.second for chain in found] == [(start, start + 50) for start in (64, 121, 178, 235)]


def test_a_chain_goes_back_a_bounded_number_of_runs() -> None:
    """Between two runs of a body so many others stand that the first is out of reach."""
    short = [unlike(1_000 + 10 * k, RUN) for k in range(REACH)]
    body = unlike(100, 800)
    for others, count in ((REACH - 1, 1), (REACH, 2)):
        once, again = ([v for part in parts for v in part] for parts in (short[:others], short[:others][::-1]))
        values = [*once, 5, *body, 6, *body[:400], *again, *body[400:]]
        found = [chain for chain in chains(repeated_runs(array(values)), 100) if chain.shared >= 400]
        assert (others, len(found)) == (others, count)
