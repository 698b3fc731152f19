"""Alignment: what is counted is in common, in every order; edits cost themselves; hostile texts cost no more than others."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

from dedup import compare
from dedup.alignment import GAP_LIMIT, GAP_SHARE, RUN, SHORT_GAP, Aligned, Tokens, align
from dedup.kernels import align as kernel
from dedup.signatures import shingles
from tests import reference_align
from tests.hostile import article

Words = NDArray[np.uint32]
Runs = NDArray[np.int64]

LETTERS: Final = st.lists(st.integers(1, 4), max_size=80)


def array(values: Sequence[int]) -> Words:
    return np.array(values, np.uint32)


def both(a: Sequence[int] | Words, b: Sequence[int] | Words) -> Aligned:
    return align(Tokens.of(np.asarray(a, np.uint32), np.asarray(b, np.uint32)), np.array([[0, 1]]))


def aligned(a: Sequence[int] | Words, b: Sequence[int] | Words) -> int:
    return int(both(a, b).words[0])


def resemblance(a: Words, b: Words) -> float:
    return 2.0 * aligned(a, b) / (len(a) + len(b))


def runs(a: Words, b: Words) -> Runs:
    """The rows that `common_runs` writes."""
    if min(len(a), len(b)) < RUN:
        return np.empty((0, 3), np.int64)
    ha, hb = (np.append(shingles(w, RUN), np.zeros(RUN - 1, np.uint32)) for w in (a, b))
    slots = 16
    while slots < len(b):
        slots *= 2
    found = np.empty((max(len(a), len(b)) // RUN + 1, 3), np.int64)
    taken = np.empty(len(b) + 1, np.uint8)
    count = kernel.common_runs(
        a, b, RUN, ha, hb, np.empty(slots, np.int32), np.empty(max(len(a), len(b)), np.int32), taken, found
    )
    return found[:count]


def check_runs(a: Words, b: Words) -> None:
    found = runs(a, b)
    used_a, used_b = np.zeros(len(a), int), np.zeros(len(b), int)
    for i, j, n in found.tolist():
        assert n >= RUN
        assert np.array_equal(a[i : i + n], b[j : j + n])
        used_a[i : i + n] += 1
        used_b[j : j + n] += 1
    assert max(used_a, default=0) <= 1
    assert max(used_b, default=0) <= 1
    assert found[:, 0].tolist() == sorted(found[:, 0].tolist())


def unique(count: int, start: int = 1) -> Words:
    return np.arange(start, start + count, dtype=np.uint32)


def zipf(seed: int, count: int, vocabulary: int = 20_000) -> Words:
    """Words by falling frequency, as in a language: the ten most frequent make up about a third."""
    draw = np.random.default_rng(seed)
    weights = 1.0 / (np.arange(vocabulary) + 2.7)
    return draw.choice(vocabulary, count, p=weights / weights.sum()).astype(np.uint32)


# What holds of any two texts


@settings(max_examples=400, deadline=None)
@given(LETTERS, LETTERS)
def test_no_more_is_aligned_than_there_is(a: list[int], b: list[int]) -> None:
    words = aligned(a, b)
    assert 0 <= words <= min(len(a), len(b))
    assert words <= (Counter(a) & Counter(b)).total()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 5), max_size=120))
def test_equal_texts_are_aligned_to_the_last_token(a: list[int]) -> None:
    assert aligned(a, a) == (len(a) if len(a) >= RUN else 0)


@settings(max_examples=400, deadline=None)
@given(LETTERS, LETTERS)
def test_runs_are_equal_disjoint_and_long_enough(a: list[int], b: list[int]) -> None:
    check_runs(array(a), array(b))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(1, 3), min_size=3, max_size=12), min_size=1, max_size=12), st.randoms())
def test_runs_of_rearranged_texts(parts: list[list[int]], draw: random.Random) -> None:
    turned = draw.sample(parts, len(parts))
    check_runs(array(list(itertools.chain.from_iterable(parts))), array(list(itertools.chain.from_iterable(turned))))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.integers(1, 4), max_size=60), st.lists(st.integers(1, 4), max_size=21))
def test_the_plain_twin_agrees(a: list[int], b: list[int]) -> None:
    """Up to sixteen places to try, so that all are tried."""
    assert [tuple(row) for row in runs(array(a), array(b)).tolist()] == reference_align.common_runs(a, b)
    assert aligned(a, b) == reference_align.align(a, b)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.integers(1, 6), max_size=64), st.lists(st.integers(1, 6), max_size=80))
def test_common_tokens_are_a_longest_common_subsequence(a: list[int], b: list[int]) -> None:
    found = kernel.common_tokens(array([0, *a]), 1, len(a), array([0, 0, *b]), 2, len(b))
    assert found == LCSseq.similarity(a, b)


@pytest.mark.parametrize("side", [63, 64, 65, 66])
@pytest.mark.parametrize("other", [60, 64, 70])
def test_gaps_of_any_length_are_scored_alike(side: int, other: int) -> None:
    """Up to 64 tokens in one way, and above in another."""
    left, right = unique(side, 1_000), np.concatenate((unique(other - 10, 1_010), unique(10, 5_000)))
    a, b = (np.concatenate((unique(20), gap, unique(20, 100))) for gap in (left, right))
    assert aligned(a, b) == reference_align.align(a.tolist(), b.tolist()) > 40


@st.composite
def revisions(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A text of nearly unique tokens, and another made of it by edits, insertions, cuts and moves."""
    text = draw(st.permutations(range(1, 61)))
    other = list(text)
    for _ in range(draw(st.integers(0, 5))):
        at, length = draw(st.integers(0, 59)), draw(st.integers(0, 14))
        match draw(st.sampled_from(["cut", "insert", "edit", "move"])):
            case "cut":
                del other[at : at + length]
            case "insert":
                other[at:at] = draw(st.lists(st.integers(1, 200), min_size=length, max_size=length))
            case "edit":
                other[at : at + length] = draw(st.permutations(other[at : at + length]))
            case _:
                part = other[at : at + length]
                del other[at : at + length]
                to = draw(st.integers(0, 59))
                other[to:to] = part
    return list(text), other


@settings(max_examples=400, deadline=None)
@given(revisions())
def test_the_plain_twin_agrees_on_revisions(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    assert aligned(a, b) == reference_align.align(a, b)
    assert aligned(b, a) == reference_align.align(b, a)
    assert int(both(a, b).numbers[0]) == min(sum(x % 2 for x in a), sum(x % 2 for x in b))


PARTS: Final = [
    "reason",
    "resemblance",
    "containment",
    "share_longer",
    "jaccard",
    "aligned",
    "lead",
    "numbers",
    "swaps",
    "duplicate",
    "titles",
    "gap",
    "same_site",
    "same_page",
]
"""What is the same from both sides; `relation` is, but for `truncated` and `extended`."""


@settings(max_examples=150, deadline=None)
@given(st.text("ab cd.", max_size=150), st.text("ab cd.", max_size=150))
def test_compare_is_symmetric(a: str, b: str) -> None:
    one, other = compare(a, b), compare(b, a)
    assert one.words == other.words[::-1]
    turned = {"truncated": "extended", "extended": "truncated"}
    if one.words[0] != one.words[1]:
        assert other.relation == turned.get(one.relation, one.relation)
    assert {one.relation, other.relation} <= {one.relation, turned.get(one.relation)}
    assert one.boilerplate == other.boilerplate == (0, 0)
    for part in PARTS:
        assert getattr(one, part) == getattr(other, part)


def test_pairs_of_a_batch_are_aligned_one_by_one() -> None:
    texts = [zipf(i, 50 + 40 * i) for i in range(6)]
    texts += [np.concatenate((t[10:], unique(5, 90_000), t[:10])) for t in texts] + [array([]), array([1, 2])]
    tokens = Tokens.of(*texts)
    pairs = np.array([(i, j) for i in range(len(texts)) for j in range(len(texts))])
    expected = [aligned(texts[i], texts[j]) for i, j in pairs.tolist()]
    assert align(tokens, pairs).words.tolist() == expected
    assert align(tokens, pairs[::-1].copy()).words.tolist() == expected[::-1]
    assert align(tokens, pairs[:0]).words.tolist() == []


# What differences cost


@pytest.mark.parametrize("at", [7, 100, 500, 992])
def test_one_edited_word_costs_one_word(at: int) -> None:
    text = unique(1000)
    edited = text.copy()
    edited[at] = 5000
    assert aligned(text, edited) == aligned(edited, text) == 999
    assert aligned(text, np.delete(text, at)) == 999
    assert aligned(text, np.insert(text, at, 5000)) == 1000


@pytest.mark.parametrize("at", [0, 3, 5, 994, 999])
def test_an_edit_at_the_edge_costs_no_more_than_a_run(at: int) -> None:
    text = unique(1000)
    edited = text.copy()
    edited[at] = 5000
    assert aligned(text, edited) == 1000 - min(at + 1, 1000 - at)


def test_edits_close_to_each_other_cost_themselves() -> None:
    text = unique(300)
    edited = text.copy()
    edited[100:120:4] = np.arange(5000, 5005)
    assert aligned(text, edited) == 295


@pytest.mark.parametrize("order", [(1, 0), (2, 1, 0), (3, 0, 2, 1), (4, 3, 2, 1, 0)])
def test_moved_paragraphs_count_fully(order: tuple[int, ...]) -> None:
    text = np.concatenate([zipf(50 + i, 60) for i in range(len(order))])
    moved = np.concatenate([zipf(50 + i, 60) for i in order])
    assert aligned(text, moved) == len(text)


def test_an_unrelated_stretch_costs_all_of_it() -> None:
    text, stretch = zipf(1, 600), zipf(2, 200)
    longer = np.concatenate((text[:300], stretch, text[300:]))
    assert aligned(longer, text) == aligned(text, longer) == 600
    replaced = np.concatenate((text[:200], stretch, text[400:]))
    assert 400 <= aligned(replaced, text) <= 410
    bare = reference_align.common(replaced.tolist(), text.tolist())
    assert bare > aligned(replaced, text) + 10  # frequent words in the same order


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_unrelated_texts_have_next_to_nothing_in_common(seed: int) -> None:
    a, b = zipf(10 * seed, 5000), zipf(10 * seed + 1, 5000)
    assert resemblance(a, b) < 0.05
    a, b = a[:1500], b[:1500]
    assert reference_align.common(a.tolist(), b.tolist()) > 140 > 10 * aligned(a, b)  # a bare subsequence: a tenth


def test_unrelated_texts_as_texts() -> None:
    names = [article(i, 1) + str(i % 7) for i in range(20_000)]
    a, b = (" ".join(names[w] for w in zipf(seed, 5000).tolist()) for seed in (71, 72))
    match = compare(a, b)
    assert match.resemblance < 0.05
    assert match.relation == "different"


def test_long_texts_with_many_edits() -> None:
    draw = np.random.default_rng(3)
    text = zipf(4, 20_000)
    edited = text.copy()
    places = draw.choice(len(text), 2000, replace=False)
    edited[places] = draw.integers(100_000, 200_000, 2000)
    assert 0.85 <= resemblance(text, edited) <= 0.9


def test_the_rule_for_gaps() -> None:
    """Short gaps count by what they have in common, longer ones only when that is half of them."""
    head, tail = unique(20, 1000), unique(20, 2000)

    def between(left: Sequence[int], right: Sequence[int]) -> int:
        return aligned(np.concatenate((head, array(left), tail)), np.concatenate((head, array(right), tail))) - 40

    assert between([1, 2, 3], [9, 2, 8]) == 1
    assert between([1, *range(10, 17)], [*range(20, 27), 1]) == 1  # SHORT_GAP tokens a side
    assert between([1, *range(10, 18)], [*range(20, 28), 1]) == 0
    half = ([201, 101, 202, 102, 203, 103, 204, 104, 105, 205], [301, 101, 302, 102, 303, 103, 304, 104, 105, 305])
    assert between(*half) == 5  # twice 5 of 20 is half
    assert between(half[0], [99 if word == 103 else word for word in half[1]]) == 0
    assert between([*half[0], 206], [*half[1], 306]) == 0  # twice 5 of 22
    assert between(half[0], [*half[1][:-1], 306, 307]) == 0
    assert between([], [1, 2, 3]) == 0


# Limits


@pytest.mark.parametrize("size", [0, 1, RUN - 1])
def test_texts_shorter_than_a_run_have_nothing_in_common(size: int) -> None:
    assert aligned(unique(size), unique(size)) == 0
    assert aligned(unique(size), unique(100)) == aligned(unique(100), unique(size)) == 0


def test_a_run_is_enough() -> None:
    assert aligned(unique(RUN), unique(RUN)) == RUN
    assert aligned(np.concatenate((unique(9, 50), unique(RUN))), np.concatenate((unique(RUN), unique(9, 80)))) == RUN


@pytest.mark.parametrize("over", [0, 1, 100])
def test_a_gap_over_the_limit_is_counted(over: int) -> None:
    """The gaps are alike by two thirds, so that they would count."""
    size = GAP_LIMIT + over
    head, tail = unique(50, 1), unique(50, 100)
    left, right = unique(size, 10_000), unique(size, 10_000)
    right[::3] += 500_000
    right[-1] = 1_000_000
    found = both(np.concatenate((head, left, tail)), np.concatenate((head, right, tail)))
    assert found.long_gaps == (over > 0)
    assert found.words[0] == 100 + (0 if over else int((left == right).sum()))


def test_the_limit_holds_on_either_side() -> None:
    head, tail = unique(50, 1), unique(50, 100)
    short, long = unique(GAP_LIMIT - 100, 10_000), unique(GAP_LIMIT + 1, 50_000)
    for left, right in ((short, long), (long, short)):
        assert both(np.concatenate((head, left, tail)), np.concatenate((head, right, tail))).long_gaps == 1


def test_a_stretch_that_holds_a_run_is_no_long_gap() -> None:
    head, tail, moved = unique(50, 1), unique(50, 100), unique(50, 200)
    left = np.concatenate((head, unique(GAP_LIMIT + 1, 10_000), tail, moved))
    right = np.concatenate((head, unique(GAP_LIMIT, 50_000), moved, tail))
    found = both(left, right)
    assert found.words[0] == 150
    assert found.long_gaps == 0


# Hostile texts: these must end


def test_one_word_repeated() -> None:
    word = np.full(200_000, 7, np.uint32)
    assert aligned(word, word) == 200_000
    assert aligned(word, word[:100_000]) == aligned(word[:100_000], word) == 100_000


@pytest.mark.parametrize("period", [2, 3, 7, 50])
def test_alternations(period: int) -> None:
    text = np.resize(unique(period), 100_000)
    assert aligned(text, text) == len(text)
    turned = aligned(text, np.roll(text, 1))
    assert len(text) - RUN - period <= turned <= len(text)
    other = np.resize(unique(period + 1), 90_000)
    assert 0 <= aligned(text, other) <= 90_000


@pytest.mark.parametrize("length", [5, 6, 30, 400])
def test_runs_of_one_word_between_unique_ones(length: int) -> None:
    def text(start: int) -> Words:
        return np.concatenate([np.append(np.full(length, 3), start + i) for i in range(60_000 // length)]).astype(
            np.uint32
        )

    a, b = text(1_000), text(900_000)
    words = aligned(a, b)
    assert 0 <= words <= len(a)
    if length < RUN:
        assert words == 0
    else:
        assert words >= length
    assert aligned(a, a) == len(a)
    check_runs(a, b)


def test_halves_of_frequent_runs() -> None:
    """Every run of the one text occurs thousands of times in the other."""
    draw = np.random.default_rng(8)
    a, b = (draw.integers(0, 2, 60_000).astype(np.uint32) for _ in range(2))
    assert 0 < aligned(a, b) <= 60_000
    check_runs(a, b)


def test_the_constants() -> None:
    """The figures that users were told; a change is a change of results."""
    assert (RUN, SHORT_GAP, GAP_LIMIT, GAP_SHARE) == (6, 8, 5_000, 0.5)
