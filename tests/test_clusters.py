"""Stars: the best are kept, no two of them match, and every other text goes to the kept one that it resembles most."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.clusters import depths, held_words, stars
from tests import reference_align

Graph = tuple[int, list[tuple[int, int]], list[int], list[float], list[bool]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Texts, of which some occur in no pair; pairs; those that occur, in some order; how alike the pairs are, and of which
    the second text is cut.
    """
    count = draw(st.integers(1, 14))
    every = [(i, j) for i in range(count) for j in range(i + 1, count)]
    pairs = draw(st.lists(st.sampled_from(every), unique=True, max_size=40)) if every else []
    ranked = draw(st.permutations(sorted({text for pair in pairs for text in pair})))
    alike = draw(st.lists(st.sampled_from([0.8, 0.85, 0.9, 1.0]), min_size=len(pairs), max_size=len(pairs)))
    cut = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    return count, pairs, list(ranked), alike, cut


def run(
    count: int,
    pairs: Sequence[tuple[int, int]],
    ranked: Sequence[int],
    alike: Sequence[float],
    cut: Sequence[bool] = (),
) -> tuple[list[int], list[int]]:
    owner, via = stars(
        count,
        np.array(pairs, np.int64).reshape(-1, 2),
        np.array(ranked, np.int64),
        np.array(alike, np.float64),
        np.array(cut or [False] * len(pairs), bool),
    )
    return owner.tolist(), via.tolist()


@settings(max_examples=500, deadline=None)
@given(graphs())
def test_the_plain_twin_agrees(graph: Graph) -> None:
    assert run(*graph) == reference_align.stars(*graph)


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_what_holds_of_stars(graph: Graph) -> None:
    count, pairs, ranked, alike, cut = graph
    owner, via = run(*graph)
    kept = {text for text in range(count) if owner[text] == text}
    assert not any(a in kept and b in kept for a, b in pairs)
    assert set(range(count)) - set(ranked) <= kept
    if ranked:
        assert ranked[0] in kept
    for text in range(count):
        if text in kept:
            assert via[text] == -1
        else:
            assert owner[text] in kept
            assert set(pairs[via[text]]) == {text, owner[text]}
            able = [p for p, pair in enumerate(pairs) if text in pair and (set(pair) - {text}) & kept]
            longer = [p for p in able if not (cut[p] and pairs[p][0] == text)]
            assert alike[via[text]] == max(alike[p] for p in longer or able)
    for text in ranked:
        if text not in kept:  # something better ranked stands for it
            place = ranked.index(text)
            assert any({text, better} in map(set, pairs) and better in kept for better in ranked[:place])


@settings(max_examples=100, deadline=None)
@given(graphs(), st.randoms())
def test_the_order_and_the_direction_of_pairs_are_nothing(graph: Graph, draw: random.Random) -> None:
    count, pairs, ranked, alike, _ = graph
    owner, _ = run(*graph[:4])
    order = list(range(len(pairs)))
    draw.shuffle(order)
    mixed = [pairs[i][::-1] if i % 2 else pairs[i] for i in order]
    assert run(count, mixed, ranked, [alike[i] for i in order])[0] == owner


# By hand


def test_a_chain() -> None:
    """0-1-2-3-4, best first: every other text is kept, and the ends do not meet."""
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert run(5, pairs, [0, 1, 2, 3, 4], [0.9] * 4) == ([0, 0, 2, 2, 4], [-1, 0, -1, 2, -1])
    assert run(5, pairs, [1, 0, 2, 3, 4], [0.9] * 4)[0] == [1, 1, 1, 3, 3]
    assert run(5, pairs, [2, 0, 1, 3, 4], [0.9] * 4)[0] == [0, 2, 2, 2, 4]


def test_a_removed_text_goes_where_it_belongs_most() -> None:
    pairs = [(0, 2), (1, 2)]
    assert run(3, pairs, [0, 1, 2], [0.85, 0.95]) == ([0, 1, 1], [-1, -1, 1])
    assert run(3, pairs, [0, 1, 2], [0.95, 0.85]) == ([0, 1, 0], [-1, -1, 0])
    assert run(3, pairs, [1, 0, 2], [0.9, 0.9]) == ([0, 1, 1], [-1, -1, 1])


def test_a_clique_keeps_its_best() -> None:
    pairs = [(i, j) for i in range(5) for j in range(i + 1, 5)]
    for best in range(5):
        ranked = [best, *(i for i in range(5) if i != best)]
        assert run(5, pairs, ranked, [0.8] * 10)[0] == [best] * 5


def test_a_text_does_not_go_for_its_own_truncated_copy() -> None:
    pairs = [(0, 1), (1, 2)]
    for cut in ([False, True], [True, True]):
        assert run(3, pairs, [0, 2, 1], [0.8, 0.95], cut)[0] == [0, 0, 2]
    assert run(3, pairs, [0, 2, 1], [0.8, 0.95])[0] == [0, 2, 2]


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_of_texts_that_are_cut_the_longest_stays(graph: Graph) -> None:
    """Ranked by depth, no text goes for its own truncated copy."""
    count, pairs, ranked, alike, cut = graph
    found = depths(count, np.array(pairs, np.int64).reshape(-1, 2), np.array(cut, bool)).tolist()
    assert found == reference_align.depths(count, pairs, cut)
    owner, via = run(count, pairs, sorted(ranked, key=lambda text: found[text]), alike, cut)
    for text in range(count):
        if owner[text] != text and cut[via[text]]:
            assert pairs[via[text]] == (owner[text], text)


def test_texts_without_a_pair_stay() -> None:
    assert run(4, [(1, 3)], [3, 1], [0.9]) == ([0, 3, 2, 3], [-1, 0, -1, -1])
    assert run(3, [], [], []) == ([0, 1, 2], [-1, -1, -1])


# Held words


def test_held_words() -> None:
    """Its own words, and what is aligned of each text that it matches."""
    lengths = np.array([100, 90, 50, 30])
    held = held_words(lengths, np.array([[0, 1], [0, 2]]), np.array([85, 48]))
    assert held.tolist() == [100 + 85 + 48, 90 + 85, 50 + 48, 30]
    assert lengths.tolist() == [100, 90, 50, 30]


def test_held_words_without_pairs() -> None:
    empty = np.empty((0, 2), np.int64)
    assert held_words(np.array([3, 4]), empty, np.empty(0, np.int64)).tolist() == [3, 4]


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_held_words_add_up(graph: Graph) -> None:
    count, pairs, *_ = graph
    lengths = np.arange(10, 10 + count)
    words = np.arange(1, 1 + len(pairs))
    held = held_words(lengths, np.array(pairs, np.int64).reshape(-1, 2), words)
    assert held.sum() == lengths.sum() + 2 * words.sum()
    for text in range(count):
        assert held[text] == lengths[text] + sum(p + 1 for p, pair in enumerate(pairs) if text in pair)
