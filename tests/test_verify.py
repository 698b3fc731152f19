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
from dedup.verify import CHUNK, resemblance, short_hash, verify
from tests.hostile import WORDS, article

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
    assert match.duplicate == (case["relation"] in ("exact", "near"))
    assert compare(case["b"], case["a"]).relation == case["relation"]
    if case["relation"] == "exact":
        assert (match.resemblance, match.containment, match.share_longer, match.jaccard) == (1.0, 1.0, 1.0, 1.0)
        assert match.aligned == match.words[0] == match.words[1]
    if case["relation"] == "near":
        assert 0.8 <= match.resemblance <= 1.0  # 1.0: the same stretches in another order


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_run_decides_as_the_comparison_does(case: dict[str, Any]) -> None:
    """The table's pairs are all alike enough to be proposed, or are different."""
    result = deduplicate([{"id": "a", "text": case["a"]}, {"id": "b", "text": case["b"]}])
    assert [removed.relation for removed in result.removed] == (
        [case["relation"]] if case["relation"] in ("exact", "near") else []
    )


def test_the_table_holds_every_relation() -> None:
    assert {case["relation"] for case in CASES} == {"exact", "near", "sibling", "different"}
    assert len({case["name"] for case in CASES}) == len(CASES)


# Figures


def test_the_figures_of_a_match() -> None:
    """80 words of 100 are in common, one stretch of 20 is cut."""
    match = compare(text(*range(100)), text(*range(40), *range(60, 100)))
    assert match == Match(
        relation="near",
        resemblance=160 / 180,
        containment=1.0,
        share_longer=0.8,
        jaccard=72 / 100,  # 96 shingles and 76; four run over the cut
        aligned=80,
        words=(100, 80),
    )
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
    if match.relation == "near":
        assert short >= 25
        assert match.resemblance >= 0.8


# The threshold


@pytest.mark.parametrize(
    ("threshold", "words", "shared"), [(0.8, 50, 40), (0.5, 60, 30), (0.6, 100, 60), (0.7, 90, 63), (0.9, 200, 180)]
)
def test_the_threshold_is_inclusive(threshold: float, words: int, shared: int) -> None:
    """The second text's end is other words: exactly so much is in common, then one word less."""
    made = Settings(threshold=threshold)
    a = text(*range(words))
    b = text(*range(shared), *range(1000, 1000 + words - shared))
    c = text(*range(shared - 1), *range(1000, 1001 + words - shared))
    assert compare(a, b, made).resemblance == threshold
    assert compare(a, b, made).relation == "near"
    assert compare(a, c, made).relation == "different"


def test_a_run_takes_a_pair_exactly_at_the_threshold() -> None:
    a, b = text(*range(200)), text(*range(160), *range(1000, 1040))
    result = deduplicate([a, b])
    assert [removed.resemblance for removed in result.removed] == [0.8]
    assert deduplicate([a, text(*range(159), *range(1000, 1041))]).removed == []


def test_a_threshold_of_one_takes_equal_words_only() -> None:
    a = text(*range(100))
    made = Settings(threshold=1.0)
    assert compare(a, a.upper(), made).relation == "exact"
    assert compare(a, text(*range(99), 1000), made).relation == "different"


def test_lengths_alone_can_rule_a_pair_out() -> None:
    tokens = Tokens.of(*(np.arange(n, dtype=np.uint32) for n in (100, 67, 66)))
    found = verify(tokens, np.array([[0, 1], [0, 2], [1, 2]]), 0.8)
    assert found.tried == 2  # 2 * 67 of 167 can be 0.8, 2 * 66 of 166 cannot
    assert found.pairs.tolist() == [[0, 1], [1, 2]]
    assert found.words.tolist() == [67, 66]


def test_chunks_and_threads_change_nothing() -> None:
    draw = np.random.default_rng(4)
    base = 2 * np.arange(40, dtype=np.uint32)  # odd tokens hold digits
    texts = []
    for _ in range(150):
        edited = base.copy()
        edited[draw.integers(0, 40, 5)] = 2 * draw.integers(100, 999, 5)
        texts.append(edited)
    tokens = Tokens.of(*texts)
    pairs = np.array([(i, j) for i in range(150) for j in range(i + 1, 150)])
    assert len(pairs) > 2 * CHUNK
    alone = verify(tokens, pairs, 0.7)
    with ThreadPoolExecutor(2) as pool:
        both = verify(tokens, pairs, 0.7, pool)
    assert 0 < len(alone.pairs) < len(pairs)
    assert alone.pairs.tolist() == both.pairs.tolist()
    assert alone.words.tolist() == both.words.tolist()
    assert alone.tried == both.tried == len(pairs)
    one = [verify(tokens, pairs[i : i + 1], 0.7).words.tolist() for i in range(0, len(pairs), 97)]
    known = {tuple(pair): words for pair, words in zip(alone.pairs.tolist(), alone.words.tolist(), strict=True)}
    assert one == [[known[tuple(p)]] if tuple(p) in known else [] for p in pairs[::97].tolist()]


def test_no_pairs() -> None:
    found = verify(Tokens.of(np.arange(9, dtype=np.uint32)), np.empty((0, 2), np.int64), 0.8)
    assert (len(found.pairs), len(found.words), found.tried, found.long_gaps) == (0, 0, 0, 0)


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
    words = np.array([1, 2], np.uint32)

    def of(marks: str) -> list[int]:
        return [int(part) for part in short_hash(marks.encode(), words)]

    assert of("a! b?") != of("a? b!")
    assert of("a! b?") == of("x! y?")
    assert of("1.5 10") != of("1 5.10")
    assert of("a! b?") != [int(part) for part in short_hash(b"a! b?", words[::-1].copy())]


def test_lone_surrogates_do_no_harm() -> None:
    assert compare("one \ud800 two", "one two").relation in ("exact", "different")
    assert compare("one \ud800 two", "one \ud800 two").relation == "exact"
    assert compare(article(3) + "\udfff", article(3)).relation == "exact"


@pytest.mark.parametrize("short", ["5 ≠ 6", "a ≮ b", "Ποιος\u037e"])
def test_short_texts_in_other_unicode_forms(short: str) -> None:
    for form in ("NFC", "NFD"):
        assert compare(short, unicodedata.normalize(form, short)).relation == "exact"
