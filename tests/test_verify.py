"""What is a copy: a truth table, the threshold to the word, and short texts, which must be equal to the punctuation."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import Match, Settings, compare, deduplicate
from dedup.alignment import RUN, Tokens
from dedup.model import REMOVED
from dedup.relations import FLOOR, HALF
from dedup.verify import (
    CHUNK,
    GAP,
    LEAD_RUN,
    LEAD_WITHIN,
    LEAD_WORDS,
    PLACE,
    Measured,
    measure,
    measure_all,
    resemblance,
    short_hash,
)
from tests import reference_align
from tests.hostile import WORDS, article
from tests.test_alignment import revisions

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases" / "verify.json").read_text("utf-8"))

NUMBERS: Final = ["".join("abcdefghij"[int(d)] for d in f"{i:04d}") for i in range(2000)]
"""A word for every number, without digits: numbers are compared by rules of their own."""


def text(*numbers: int) -> str:
    return " ".join(NUMBERS[i] for i in numbers)


# The table


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_relations(case: dict[str, Any]) -> None:
    match = compare(case["a"], case["b"])
    assert match.relation == case["relation"]
    assert match.duplicate == (case["relation"] in REMOVED)
    turned = {"truncated": "extended", "extended": "truncated"}
    assert compare(case["b"], case["a"]).relation == turned.get(case["relation"], case["relation"])
    if case["relation"] == "exact":
        assert (match.resemblance, match.containment, match.share_longer, match.jaccard) == (1.0, 1.0, 1.0, 1.0)
        assert match.aligned == match.words[0] == match.words[1]
    if case["relation"] == "near":
        assert 0.8 <= match.resemblance <= 1.0  # 1.0: the same stretches in another order


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_run_decides_as_the_comparison_does(case: dict[str, Any]) -> None:
    """The table's pairs are all alike enough to be proposed, or are different; the text that is cut is removed."""
    result = deduplicate([{"id": "a", "text": case["a"]}, {"id": "b", "text": case["b"]}])
    removed = "truncated" if case["relation"] == "extended" else case["relation"]
    assert [removed.relation for removed in result.removed] == ([removed] if removed in REMOVED else [])


def test_the_table_holds_every_relation() -> None:
    """Of bare texts, that is: nothing confirms that one is a version of the other."""
    assert {case["relation"] for case in CASES} == {
        "exact",
        "near",
        "truncated",
        "extended",
        "sibling",
        "related",
        "different",
    }
    assert len({case["name"] for case in CASES}) == len(CASES)


# Figures


def test_the_figures_of_a_match() -> None:
    """80 words of 100 are in common, one stretch of 20 is cut."""
    match = compare(text(*range(100)), text(*range(40), *range(60, 100)))
    assert match == Match(
        relation="near",
        reason="resemblance 0.8889 >= 0.8",
        resemblance=160 / 180,
        containment=1.0,
        share_longer=0.8,
        jaccard=72 / 100,  # 96 shingles and 76; four run over the cut
        aligned=80,
        words=(100, 80),
        lead=1.0,  # the first 60 words of the shorter one stand among the first 250 of the other
        numbers=0,
        swaps=0,
    )
    assert (match.titles, match.gap, match.same_site, match.same_page) == (None, None, None, False)
    assert match.share_shorter == match.containment


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS[:5]), max_size=60), st.lists(st.sampled_from(WORDS[:5]), max_size=60))
def test_figures_fit_together(a: list[str], b: list[str]) -> None:
    match = compare(" ".join(a), " ".join(b))
    assert match.words == (len(a), len(b))
    short, long = sorted(match.words)
    assert 0 <= match.aligned <= short
    for share in (match.resemblance, match.containment, match.share_longer, match.jaccard):
        assert 0.0 <= share <= 1.0
    assert match.share_longer <= match.resemblance <= match.containment
    if short:
        assert match.containment == match.aligned / short
        assert match.resemblance == 2 * match.aligned / (short + long)
    assert (match.relation == "exact") == (a == b != [])
    if match.duplicate and match.relation != "exact":
        assert short >= 25
    if match.relation == "near":
        assert match.resemblance >= 0.8
    if match.relation in ("truncated", "extended"):
        assert match.containment >= 0.85
        assert (match.relation == "truncated") == (len(a) <= len(b))


# The threshold


@pytest.mark.parametrize(
    ("threshold", "words", "shared"), [(0.8, 50, 40), (0.5, 120, 60), (0.6, 100, 60), (0.7, 90, 63), (0.9, 200, 180)]
)
def test_the_threshold_is_inclusive(threshold: float, words: int, shared: int) -> None:
    """The second text's end is other words: exactly so much is in common, then one word less.

    Then it is another version at most, which is kept where versions are.
    """
    made = Settings(threshold=threshold, versions="all")
    a = text(*range(words))
    b = text(*range(shared), *range(1000, 1000 + words - shared))
    c = text(*range(shared - 1), *range(1000, 1001 + words - shared))
    assert compare(a, b, made).resemblance == threshold
    assert compare(a, b, made).relation == "near"
    assert compare(a, c, made).relation in ("version", "related", "different")


def test_a_run_takes_a_pair_exactly_at_the_threshold() -> None:
    a, b = text(*range(200)), text(*range(160), *range(1000, 1040))
    result = deduplicate([a, b])
    assert [(removed.relation, removed.resemblance) for removed in result.removed] == [("near", 0.8)]
    less = text(*range(159), *range(1000, 1041))
    assert deduplicate([a, less]).removed == []
    dated = [{"text": each, "date": "2026-03-02"} for each in (a, less)]
    assert [removed.relation for removed in deduplicate(dated).removed] == ["revised"]
    assert deduplicate(dated, settings=Settings(versions="all")).removed == []


def test_a_threshold_of_one_takes_equal_words_only() -> None:
    a = text(*range(100))
    made = Settings(threshold=1.0)
    assert compare(a, a.upper(), made).relation == "exact"
    assert compare(a, text(*range(99), 1000), made).relation == "related"


def test_pairs_that_share_too_little_at_any_threshold_are_not_measured() -> None:
    words = np.arange(0, 2000, 2, dtype=np.uint32)
    tokens = Tokens.of(words[:100], np.append(words[:49], words[500:551]), np.append(words[:44], words[600:656]))
    found = measure(tokens, np.array([[0, 1], [0, 2]]))
    assert found.tried == 2
    assert found.pairs.tolist() == [[0, 1]]  # 0.49 of both, 0.44 of both
    assert found.aligned.tolist() == [49]
    assert 0.44 < FLOOR < 0.49 < HALF
    every = measure_all(tokens, np.array([[0, 1], [0, 2]]))
    assert every.pairs.tolist() == [[0, 1], [0, 2]]
    assert every.aligned.tolist() == [49, 44]


def known(found: Measured) -> dict[tuple[int, ...], tuple[object, ...]]:
    """What was measured, by pair."""
    columns = found.pairs.tolist(), found.aligned.tolist(), found.leads.tolist(), found.counts.tolist()
    rows = enumerate(zip(*columns, found.numbers.tolist(), strict=True))
    return {tuple(pair): (*rest, found.names.get(i)) for i, (pair, *rest) in rows}


def test_chunks_and_threads_change_nothing() -> None:
    draw = np.random.default_rng(4)
    base = np.arange(40, dtype=np.uint32)  # odd tokens hold digits
    texts = []
    for _ in range(150):
        edited = base.copy()
        edited[draw.integers(0, 40, 5)] = draw.integers(200, 1998, 5)
        edited[[3, 21]] = 2 * draw.integers(50, 60)  # a name, twice
        texts.append(edited)
    tokens = Tokens.of(*texts)
    pairs = np.array([(i, j) for i in range(150) for j in range(i + 1, 150)])
    assert len(pairs) > 2 * CHUNK
    alone = measure(tokens, pairs)
    with ThreadPoolExecutor(2) as pool:
        both = measure(tokens, pairs, pool)
    assert 0 < len(alone.pairs) < len(pairs)
    assert known(alone) == known(both)
    assert alone.names
    assert alone.tried == both.tried == len(pairs)
    table = known(alone)
    for i in range(0, len(pairs), 97):
        one = known(measure(tokens, pairs[i : i + 1]))
        assert one == {pair: table[pair] for pair in one}
        assert (tuple(pairs[i].tolist()) in table) == bool(one)


def test_no_pairs() -> None:
    found = measure(Tokens.of(np.arange(9, dtype=np.uint32)), np.empty((0, 2), np.int64))
    assert (len(found.pairs), len(found.aligned), found.tried, found.long_gaps) == (0, 0, 0, 0)
    assert (found.counts.shape, found.names) == ((0, 8), {})


def test_parts_are_joined_with_their_names() -> None:
    words = 2 * np.arange(60, dtype=np.uint32)
    one, other = words.copy(), words.copy()
    one[[20, 40]], other[[20, 40]] = 1000, 2000
    tokens = Tokens.of(one, other, words)
    parts = [measure(tokens, np.array([pair])) for pair in ([0, 2], [0, 1], [1, 0])]
    found = Measured.joined(parts)
    assert found.pairs.tolist() == [[0, 2], [0, 1], [1, 0]]
    assert found.names == {1: [(1000, 2000, 2)], 2: [(2000, 1000, 2)]}
    assert found.tried == 3
    assert Measured.joined([]).names == {}
    evidence = found.evidence(1, np.array([60, 60, 60]), np.array([1.0, 0.5, 0.7]))
    assert (evidence.words, evidence.aligned, evidence.replaced, evidence.left) == ((60, 60), 58, 2, 0.5)
    assert found.evidence(0, np.array([60, 60, 60]), np.array([1.0, 0.5, 0.7])).left == 0.7


# Where texts differ


def counts(a: list[int], b: list[int]) -> list[int]:
    """Numbers for numbers, numbers for words, places, passages."""
    found = measure_all(Tokens.of(np.array(a, np.uint32), np.array(b, np.uint32)), np.array([[0, 1]]))
    return [int(n) for n in found.counts[0, :4]]


HEAD: Final = list(range(2, 42, 2))
TAIL: Final = list(range(102, 142, 2))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], [0, 0, 0, 0]),
        ([1001], [1003], [1, 0, 1, 0]),
        ([1001], [1002], [0, 1, 1, 0]),
        ([1002], [1004], [0, 0, 1, 0]),
        ([1001, 1003], [1005, 1007], [2, 0, 1, 0]),
        ([1001, 1003], [1005], [1, 1, 1, 0]),
        ([1001, 900, 1003], [1005, 900, 1007], [2, 0, 2, 0]),
        ([1001], [], [0, 0, 0, 0]),  # added, and in the place of nothing
        ([1001, 900], [900, 1003], [0, 0, 0, 0]),
        (list(range(200, 200 + 2 * PLACE, 2)), [1001], [0, 1, 1, 0]),
        (list(range(200, 202 + 2 * PLACE, 2)), [1001], [0, 0, 0, 1]),
        (list(range(200, 202 + 2 * PLACE, 2)), [], [0, 0, 0, 1]),
        (list(range(1001, 1003 + 2 * GAP, 2)), list(range(3001, 3003 + 2 * GAP, 2)), [0, 0, 0, 1]),
    ],
)
def test_what_stands_in_the_place_of_what(a: list[int], b: list[int], expected: list[int]) -> None:
    """In the middle, before the first run and behind the last one; and from both sides."""
    for left, right in ((HEAD, TAIL), ([], TAIL), (HEAD, [])):
        one, other = [*left, *a, *right], [*left, *b, *right]
        assert counts(one, other) == expected
        assert counts(other, one) == expected


def test_moved_paragraphs_are_no_differences() -> None:
    assert counts([*HEAD, *TAIL], [*TAIL, *HEAD]) == [0, 0, 0, 0]


@settings(max_examples=300, deadline=None)
@given(revisions())
def test_the_plain_twin_agrees_on_what_is_swapped(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    assert counts(a, b) == reference_align.contrast(a, b, GAP, PLACE)
    assert counts(b, a) == reference_align.contrast(b, a, GAP, PLACE)


# Openings


def lead(a: list[int], b: list[int]) -> float:
    found = measure_all(Tokens.of(np.array(a, np.uint32), np.array(b, np.uint32)), np.array([[0, 1]]))
    return float(found.leads[0])


def test_openings() -> None:
    text, other = list(range(1000)), list(range(5000, 6000))
    assert lead(text, text) == 1.0
    assert lead(text, other) == 0.0
    assert lead([*other[:190], *text], text) == 1.0  # within the first 250 words
    assert lead([*other[:LEAD_WITHIN], *text], text) == 0.0
    assert lead([*other[: LEAD_WITHIN - 30], *text], text) == 0.5
    assert lead([*text[:30], *other], text) == 0.5
    assert lead([*text[:LEAD_RUN], *other], text) == LEAD_RUN / LEAD_WORDS
    assert lead([*text[: LEAD_RUN - 1], *other], text) == 0.0
    assert lead(text[:20], text) == 1.0  # all of a shorter text
    assert lead([*text[:20], *other[:10]], text) == pytest.approx(20 / 30)
    assert lead([], text) == lead([], []) == 0.0


@settings(max_examples=200, deadline=None)
@given(revisions())
def test_the_plain_twin_agrees_on_openings(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    expected = max(reference_align.lead(a, b, LEAD_WORDS, LEAD_WITHIN, LEAD_RUN) for a, b in ((a, b), (b, a)))
    assert lead(a, b) == lead(b, a) == expected


def test_resemblance_of_empty_texts_is_none() -> None:
    zero = np.zeros(1, np.int64)
    assert resemblance(zero, zero, zero).tolist() == [0.0]


# Short texts


def test_short_texts_match_when_they_are_equal() -> None:
    result = deduplicate(["cat", "dog", "cat"])
    assert list(result.kept) == ["cat", "dog"]
    assert [removed.relation for removed in result.removed] == ["exact"]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "...", "\u200b", "?!"])
def test_empty_texts_never_match(text: str) -> None:
    match = compare(text, text)
    assert (match.relation, match.resemblance, match.words, match.aligned) == ("different", 0.0, (0, 0), 0)
    result = deduplicate([text, text, text])
    assert result.removed == []
    assert [q.reason for q in result.quarantined] == ["empty"] * 3


def test_short_texts_that_differ_in_a_word_never_match() -> None:
    """10,000 pairs of 1 to 24 words: one word replaced, dropped, added or moved."""
    draw = random.Random(31)
    records, rows = [], 0
    while rows < 10_000:
        words = draw.choices(WORDS, k=draw.randint(1, 24))
        other = list(words)
        at = draw.randrange(len(words))
        match draw.randrange(4):
            case 0:
                other[at] = draw.choice(WORDS)
            case 1:
                del other[at]
            case 2:
                other.insert(at, draw.choice(WORDS))
            case _:
                other.append(other.pop(at))
        if other and other != words and len(other) < 25:
            records += [f"pair{rows} " + " ".join(w[:23]) for w in (words, other) if w[:23]]
            rows += 1
    records = sorted(set(records))
    assert len(records) > 18_000
    result = deduplicate(records)
    assert result.removed == []
    assert len(result.kept) == len(records)
    for a, b in list(itertools.pairwise(records))[::20]:
        assert compare(a, b).relation == "different"


def test_short_texts_that_differ_in_a_mark_never_match() -> None:
    draw = random.Random(32)
    texts = {"".join(f"{w}{draw.choice('!?+-#%&$€,.;:…—')} " for w in ("one", "two", "three")) for _ in range(2000)}
    assert len(texts) > 900
    assert deduplicate(sorted(texts)).removed == []


@pytest.mark.parametrize(("quote", "plain"), [*zip("‘’‚‛‹›`´“”„‟«»", "''''''''" + '""""""', strict=True)])
def test_quotation_marks_are_all_alike(quote: str, plain: str) -> None:
    assert compare(f"a {quote}b{quote} c", f"a {plain}b{plain} c").relation == "exact"


def test_single_and_double_quotation_marks_are_not() -> None:
    assert compare("a 'b' c", 'a "b" c').relation == "different"


def test_min_tokens_is_where_short_ends() -> None:
    for words, relation in ((24, "different"), (25, "near")):
        assert compare(text(*range(words)), text(*range(words - 1), 99)).relation == relation
    long = article(1, 60)
    other = " ".join([*long.split()[:59], "other"])
    assert compare(long, other).relation == "near"
    assert compare(long, other, Settings(min_tokens=61)).relation == "different"
    assert compare(long, long + "!", Settings(min_tokens=60)).relation == "exact"
    assert compare(long, long + "!", Settings(min_tokens=61)).relation == "different"
    assert compare(text(*range(9)), text(*range(8), 99), Settings(min_tokens=5)).relation == "near"
    assert RUN == 6


def test_a_short_and_a_long_text_never_match() -> None:
    assert compare(text(*range(24)), text(*range(26))).relation == "different"
    assert deduplicate([text(*range(24)), text(*range(26))]).removed == []


def test_marks_count_in_order() -> None:
    def of(text: str) -> list[int]:
        return [int(part) for part in short_hash(text.encode())]

    assert of("a! b?") != of("a? b!")
    assert of("a! b?") == of("A! B?")
    assert of("1.5 10") != of("1 5.10")
    assert of("a! b!") != of("b! a!")


def test_lone_surrogates_do_no_harm() -> None:
    assert compare("one \ud800 two", "one two").relation in ("exact", "different")
    assert compare("one \ud800 two", "one \ud800 two").relation == "exact"
    assert compare(article(3) + "\udfff", article(3)).relation == "exact"


@pytest.mark.parametrize("short", ["5 ≠ 6", "a ≮ b", "Ποιος\u037e"])
def test_short_texts_in_other_unicode_forms(short: str) -> None:
    for form in ("NFC", "NFD"):
        assert compare(short, unicodedata.normalize(form, short)).relation == "exact"
