"""Diffs: nothing is lost or told twice, equal is equal, and what has moved is found."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import compare
from dedup.alignment import GAP_LIMIT, RUN, SHORT_GAP
from dedup.diff import Piece, _chain, _edges, diff
from dedup.words import locate
from tests.hostile import WORDS, article, edited
from tests.test_tokens import nasty

Shown = list[tuple[str, str, str]]


def check(a: str, b: str) -> tuple[Piece, ...]:
    """The pieces, after a look at what holds of all of them."""
    pieces = diff(a, b)
    assert "".join(a[slice(*piece.a)] for piece in pieces) == a
    assert "".join(b[slice(*span)] for span in sorted(piece.b for piece in pieces)) == b
    stay = [piece for piece in pieces if piece.kind != "moved"]
    assert all(x.a[1] <= y.a[0] and x.b[1] <= y.b[0] for x, y in itertools.pairwise(stay))
    assert all(x.a[1] == y.a[0] for x, y in itertools.pairwise(pieces))
    for piece in pieces:
        old, new = (locate(text[slice(*span)]).tokens.tolist() for text, span in ((a, piece.a), (b, piece.b)))
        match piece.kind:
            case "equal" | "moved":
                assert old == new
            case "removed":
                assert piece.a[0] < piece.a[1]
                assert piece.b[0] == piece.b[1]
            case "added":
                assert piece.a[0] == piece.a[1]
                assert piece.b[0] < piece.b[1]
            case "replaced":
                assert old != new
                assert piece.a[0] < piece.a[1]
                assert piece.b[0] < piece.b[1]
    return pieces


def shown(a: str, b: str) -> Shown:
    return [(piece.kind, a[slice(*piece.a)], b[slice(*piece.b)]) for piece in check(a, b)]


def changes(a: str, b: str) -> Shown:
    """The pieces that are not equal, without the white space at their ends."""
    return [(kind, old.strip(), new.strip()) for kind, old, new in shown(a, b) if kind != "equal"]


def kinds(a: str, b: str) -> Counter[str]:
    return Counter(piece.kind for piece in check(a, b))


# What holds of any two texts


@settings(max_examples=400, deadline=None)
@given(st.text("ab  c.\n“", max_size=150), st.text("ab  c.\n”", max_size=150))
def test_any_two_texts(a: str, b: str) -> None:
    check(a, b)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=60) | nasty, st.text(st.characters(), max_size=60) | nasty)
def test_any_two_texts_of_any_script(a: str, b: str) -> None:
    check(a, b)
    check(a + b, b + a)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A text of nearly unique words, and another made of it by edits, insertions, cuts and moves."""
    text = draw(st.permutations(WORDS[:60]))
    other = list(text)
    for _ in range(draw(st.integers(0, 6))):
        at, to, length = draw(st.integers(0, 59)), draw(st.integers(0, 59)), draw(st.integers(0, 20))
        part = other[at : at + length]
        match draw(st.sampled_from(["cut", "insert", "edit", "move"])):
            case "cut":
                del other[at : at + length]
            case "insert":
                other[at:at] = WORDS[100 + to : 100 + to + length]
            case "edit":
                other[at : at + length] = [word + "x" for word in part]
            case _:
                del other[at : at + length]
                other[to:to] = part
    return " ".join(text), "\n".join(other)


@settings(max_examples=500, deadline=None)
@given(revisions())
def test_revisions(pair: tuple[str, str]) -> None:
    a, b = pair
    check(a, b)
    check(b, a)


@settings(max_examples=100, deadline=None)
@given(revisions())
def test_no_piece_is_cut_without_need(pair: tuple[str, str]) -> None:
    for x, y in itertools.pairwise(check(*pair)):
        assert x.kind != y.kind or x.b[1] != y.b[0]


@settings(max_examples=200, deadline=None)
@given(st.text("abcd .,é", max_size=100))
def test_equal_words_are_one_piece(text: str) -> None:
    other = text.upper().replace(" ", " — ")
    assert check(text, other) == ((Piece("equal", (0, len(text)), (0, len(other))),) if text else ())


@settings(max_examples=400, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=9), st.randoms())
def test_the_chain_has_the_most_words(lengths: list[int], draw: random.Random) -> None:
    starts = dict(
        zip(draw.sample(range(len(lengths)), len(lengths)), itertools.accumulate([0, *lengths]), strict=False)
    )
    order = [starts[i] for i in range(len(lengths))]
    sizes = dict(zip(sorted(order), lengths, strict=True))
    runs = np.array([(i, start, sizes[start]) for i, start in enumerate(order)], np.int64).reshape(-1, 3)
    chosen = runs[_chain(runs)]
    assert chosen[:, 1].tolist() == sorted(chosen[:, 1].tolist())
    every = (rows for n in range(len(runs) + 1) for rows in itertools.combinations(runs.tolist(), n))
    best = max(sum(r[2] for r in rows) for rows in every if all(x[1] < y[1] for x, y in itertools.pairwise(rows)))
    assert chosen[:, 2].sum() == best


@settings(max_examples=300, deadline=None)
@given(st.text("ab字.“ \n", max_size=60) | nasty)
def test_where_words_are_cut(text: str) -> None:
    """Behind the last white space between two words, or else where the second one begins."""
    words = locate(text)
    expected = []
    for end, start in zip(words.ends.tolist()[:-1], words.starts.tolist()[1:], strict=True):
        cut = max((at + 1 for at in range(end, start) if text[at].isspace()), default=start)
        expected.append(cut)
    if len(words.tokens):
        assert _edges(text, words) == [0, *expected, len(text)]


# What is told of changes

STORY = (
    "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is expected "
    "to bring waves of up to six metres to the strait in the early hours of the morning. “Tickets stay valid.”"
)


def test_a_word_is_replaced() -> None:
    assert changes(STORY, STORY.replace("Monday", "Tuesday")) == [("replaced", "Monday,", "Tuesday,")]


def test_words_are_removed_and_added() -> None:
    shorter = STORY.replace(" the harbour office said,", "")
    assert changes(STORY, shorter) == [("removed", "the harbour office said,", "")]
    assert changes(shorter, STORY) == [("added", "", "the harbour office said,")]


def test_quotation_marks_go_with_their_words() -> None:
    shorter = STORY.replace("“Tickets stay valid.”", "").rstrip()
    assert changes(STORY, shorter) == [("removed", "“Tickets stay valid.”", "")]
    assert changes("PORT ELLERY (DPA) — " + STORY, STORY) == [("removed", "PORT ELLERY (DPA) —", "")]


def test_case_accents_and_signs_do_not_differ() -> None:
    other = STORY.upper().replace(",", " –").replace("E", "É")
    assert shown(STORY, other) == [("equal", STORY, other)]


def test_a_paragraph_has_moved() -> None:
    first, second, third = article(1, 30), article(2, 12), article(3, 40)
    a, b = "\n\n".join((first, second, third)), "\n\n".join((first, third, second))
    assert changes(a, b) == [("moved", second, second)]
    assert changes(b, a) == [("moved", second, second)]


def test_of_two_orders_the_one_with_more_words_stays() -> None:
    parts = [article(seed, 10 * seed) for seed in range(1, 8)]
    turned = [parts[6], parts[4], parts[0], parts[1], parts[2], parts[5], parts[3]]
    found = shown("\n".join(parts), "\n".join(turned))
    staying = [1, 2, 3, 6]  # 120 words, of 70 and 50 + 60 or others that would do
    assert sum(len(old.split()) for kind, old, _ in found if kind == "equal") == 10 * sum(staying)
    assert sum(len(old.split()) for kind, old, _ in found if kind == "moved") == 10 * (4 + 5 + 7)


def test_what_stands_in_the_place_of_a_moved_paragraph_follows_it() -> None:
    first, second, third, new = article(1, 30), article(2, 12), article(3, 40), article(4, 3)
    a, b = "\n".join((first, second, third)), "\n".join((first, new, third, second))
    assert changes(a, b) == [("moved", second, second), ("added", "", new)]


def test_a_moved_paragraph_cuts_what_it_stands_in() -> None:
    old, new, moved, tail = (article(seed, 10) for seed in range(4))
    other = article(5, 40)
    a = " ".join((old, moved, tail, other))
    b = " ".join((new, other, moved))
    assert changes(a, b) == [("replaced", old, new), ("moved", moved, moved), ("removed", tail, "")]
    assert changes(b, a) == [("replaced", new, old), ("added", "", tail), ("moved", moved, moved)]


def test_a_moved_paragraph_cuts_an_equal_stretch() -> None:
    left, right, moved = article(1, 30), article(2, 4), article(3, 12)
    a = " ".join((moved, left, right))
    b = " ".join((left, moved, right))
    assert [(kind, old.strip()) for kind, old, _ in shown(a, b)] == [
        ("moved", moved),
        ("equal", left),
        ("equal", right),
    ]


def test_frequent_words_of_other_text_are_not_equal() -> None:
    """But what a gap begins and ends with is."""
    left = "Rome it was the first of all days and the people of the town were out on the streets there"
    right = "Rome in the end she had none of it but for the will to go and a way out of there"
    found = shown(" ".join((left, STORY)), " ".join((right, STORY)))
    assert [kind for kind, _, _ in found] == ["equal", "replaced", "equal"]
    assert found[0][1] == "Rome "
    assert found[2][1].startswith("there The ferry")


def test_small_gaps_are_compared_word_by_word() -> None:
    head, tail = article(1, 20), article(2, 20)
    left, right = [f"l{i}" for i in range(SHORT_GAP)], [f"r{i}" for i in range(SHORT_GAP)]
    left[3] = right[3] = "same"
    assert kinds(" ".join((head, *left, tail)), " ".join((head, *right, tail))) == {"equal": 3, "replaced": 2}
    assert kinds(" ".join((head, *left, "l", tail)), " ".join((head, *right, "r", tail))) == {"equal": 2, "replaced": 1}


def test_texts_without_a_common_run_are_compared_too() -> None:
    assert changes("one two three", "one 2 three") == [("replaced", "two", "2")]
    words = article(1, 100).split(" ")
    other = [word + "x" if i % RUN == 0 else word for i, word in enumerate(words)]
    assert kinds(" ".join(words), " ".join(other)) == {"equal": 17, "replaced": 17}


def test_what_is_equal_is_what_is_aligned() -> None:
    a, b = article(1, 300), edited(article(1, 300), 20)
    moved = " ".join((*b.split(" ")[200:], *b.split(" ")[:200]))
    for other in (b, moved):
        words = sum(len(old.split()) for kind, old, _ in shown(a, other) if kind in ("equal", "moved"))
        assert words == compare(a, other).aligned == 280


# Limits


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("…", "!", "equal"),
        ("…", "", "equal"),
        ("", "word", "added"),
        ("word", "", "removed"),
        ("…", "word", "replaced"),
    ],
)
def test_texts_without_words(a: str, b: str, kind: str) -> None:
    assert shown(a, b) == [(kind, a, b)]


def test_empty_texts() -> None:
    assert check("", "") == ()


@pytest.mark.parametrize("over", [0, 1])
def test_a_long_gap_is_replaced_as_a_whole(over: int) -> None:
    head, tail = article(1, 20), article(2, 20)
    words = [f"w{i}" for i in range(GAP_LIMIT + over)]
    left, right = ([side + w if i % 4 == 0 else w for i, w in enumerate(words)] for side in "lr")
    found = kinds(" ".join((head, *left, "end", tail)), " ".join((head, *right, "stop", tail)))
    assert found["replaced"] == 1  # the last words bring both gaps over the limit
    found = kinds(" ".join((head, *left[:GAP_LIMIT], tail)), " ".join((head, *right[:GAP_LIMIT], tail)))
    assert found["replaced"] == GAP_LIMIT // 4


# Hostile texts: these must end


@pytest.mark.timeout(60)
@pytest.mark.parametrize("vocabulary", [2, 10, 3000])
def test_words_at_random(vocabulary: int) -> None:
    draw = random.Random(vocabulary)
    a, b = (" ".join(draw.choices(WORDS[:vocabulary], k=100_000)) for _ in range(2))
    check(a, b)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("word", ["word ", "字", "é.", "a\u0301"])
def test_one_word_repeated(word: str) -> None:
    assert kinds(word * 100_000, word * 100_000) == {"equal": 1}
    check(word * 100_000, word * 70_001)


@pytest.mark.timeout(60)
def test_paragraphs_in_any_order() -> None:
    parts = [article(seed, 8) for seed in range(5000)]
    for turned in (parts[::-1], random.Random(1).sample(parts, len(parts))):
        found = kinds("\n".join(parts), "\n".join(turned))
        assert found["moved"] > 4500


@pytest.mark.timeout(60)
def test_texts_with_a_gap_at_every_word() -> None:
    words = article(1, 60_000).split(" ")
    other = [word if i % (RUN + 1) else "x" + word for i, word in enumerate(words)]
    assert kinds(" ".join(words), " ".join(other))["replaced"] > 8000
