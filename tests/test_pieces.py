"""Pieces: the lines and sentences of a text, against their slow twin and the truth table of `cases/pieces.json`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.signatures import SENTENCE, Pieces, Texts, split
from tests import reference, reference_pieces
from tests.test_tokens import NASTY, comparable

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases/pieces.json").read_text("utf-8"))

SIGNS: Final = reference_pieces.SIGNS
BLANKS: Final = " \t\r\n\u00a0\u3000\u2028\u0085\x0b\x0c"
WORDS: Final = ("ferry", "Pier", "3", "Ünal", "мост", "市", "議会", "ก", "नगर", "مجلس", "שלום", "ሀገር", "다리", "a1")

CASE_PARAMETERS: Final = [pytest.param(case, id=case["name"]) for case in CASES]

quick = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])

nasty = st.text(st.sampled_from([c for c in NASTY + BLANKS + SIGNS + ".!?\"')]”»" * 3 if comparable(c)]), max_size=80)
anything = st.text(st.characters().filter(comparable), max_size=60)
glue = st.text(
    st.sampled_from([*BLANKS, *SIGNS, *".!?.!?\"')],;:—”»«“…（", " ", " ", " ", "\n"]), min_size=1, max_size=4
)
prose = st.lists(st.sampled_from(WORDS) | glue, max_size=80).map("".join)
texts = prose | nasty | anything


def cut(found: Pieces) -> list[list[list[int]]]:
    """The tokens of every piece of every text."""
    parts = [part.tolist() for part in np.split(found.tokens, found.pieces)][: len(found.pieces)]
    heads = [0, *found.piece_ends.tolist()]
    return [parts[a:b] for a, b in itertools.pairwise(heads)]


def pieces_of(*batch: str | bytes) -> list[list[list[int]]]:
    return cut(split(Texts.of(batch)))


def check_whole(batch: Sequence[str | bytes]) -> None:
    """Every token lies in exactly one piece, of its own text, and no piece is empty."""
    found = split(Texts.of(batch))
    assert [found.ends.dtype, found.pieces.dtype, found.piece_ends.dtype] == [np.int64] * 3
    assert found.tokens.dtype == np.uint32
    assert len(found.ends) == len(found.piece_ends) == len(batch)
    assert (np.diff(found.pieces, prepend=0) > 0).all()
    assert (np.diff(found.piece_ends, prepend=0) >= 0).all()
    assert found.piece_ends.tolist()[-1:] in ([], [len(found.pieces)])
    ends = [0, *found.pieces.tolist()]
    assert [ends[p] for p in found.piece_ends] == found.ends.tolist()
    assert ends[-1] == len(found.tokens)


@pytest.mark.parametrize("case", CASE_PARAMETERS)
def test_pieces_of_a_text(case: dict[str, Any]) -> None:
    expected = [[word.value for word in reference.tokenize(piece)] for piece in case["pieces"]]
    assert pieces_of(case["text"]) == [expected]
    assert reference_pieces.pieces(case["text"]) == expected


@pytest.mark.parametrize("case", CASE_PARAMETERS)
def test_cases_hold_all_words(case: dict[str, Any]) -> None:
    assert reference.tokenize(" ".join(case["pieces"])) == reference.tokenize(case["text"])


def test_names_of_cases_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))


@settings(quick, max_examples=800)
@given(prose)
def test_prose_is_cut_as_by_the_twin(text: str) -> None:
    assert pieces_of(text) == [reference_pieces.pieces(text)]


@quick
@given(nasty | anything)
def test_nasty_text_is_cut_as_by_the_twin(text: str) -> None:
    assert pieces_of(text) == [reference_pieces.pieces(text)]


@quick
@given(texts)
def test_pieces_of_the_twin_hold_all_tokens(text: str) -> None:
    joined = [token for piece in reference_pieces.pieces(text) for token in piece]
    assert joined == [word.value for word in reference.tokenize(text)]


@quick
@given(st.lists(texts | st.binary(max_size=40), max_size=6))
def test_every_token_lies_in_one_piece_of_its_text(batch: list[str | bytes]) -> None:
    check_whole(batch)


@quick
@given(st.lists(texts | st.binary(max_size=40), max_size=6))
def test_pieces_do_not_depend_on_what_stands_before_or_after(batch: list[str | bytes]) -> None:
    assert pieces_of(*batch) == [pieces_of(text)[0] for text in batch]


@quick
@given(texts, texts)
def test_lines_are_cut_each_by_itself(first: str, second: str) -> None:
    assert pieces_of(f"{first}\n{second}") == [pieces_of(first)[0] + pieces_of(second)[0]]


@quick
@given(texts)
def test_a_piece_is_short_only_at_the_end_of_a_line(text: str) -> None:
    line = text.replace("\n", " ")
    assert all(len(piece) >= SENTENCE for piece in pieces_of(line)[0][:-1])


@pytest.mark.parametrize("least", [1, 2, 6, 12])
def test_the_least_tokens_are_those_of_the_setting(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.signatures.SENTENCE", least)
    text = " ".join("word " * n + "end." for n in (0, 1, 5, 2, 11, 0, 12)) + "\nlast. line"
    assert pieces_of(text) == [reference_pieces.pieces(text, least)]


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_need_no_blank(sign: str) -> None:
    half = "one two three four five six"
    words = [word.value for word in reference.tokenize(half)]
    assert (
        pieces_of(f"{half}{sign}{half}", f"{half} {sign} {half}", f"{half}{sign}{sign}{half}") == [[words, words]] * 3
    )


@pytest.mark.parametrize("sign", "…・、،፣፤:;·¶|/—")
def test_other_signs_end_nothing(sign: str) -> None:
    half = "one two three four five six"
    assert [len(found) for found in pieces_of(f"{half}{sign} {half}", f"{half}{sign}{half}")] == [1, 1]


@pytest.mark.parametrize(
    "unit", [". ", ".\n", "a.\n", "a b c d e f. ", "字。", "a. ", "।", ".” ", "\n", "\u00a0.", "؟ "]
)
def test_many_pieces(unit: str) -> None:
    """As many times the pieces of the text repeated once, where a line or a long sentence ends it."""
    n = 60_000
    found = split(Texts.of([unit * n, unit * (2 * n)]))
    check_whole([unit * n, "x", unit * (2 * n)])
    once = int(found.piece_ends[0])
    assert abs(len(found.pieces) - 3 * once) <= 2


def test_nothing_to_cut() -> None:
    assert pieces_of() == []
    assert pieces_of("", "", "\n\n") == [[], [], []]
    assert pieces_of("", "word", "") == [[], [[reference.value("word")]], []]


def test_lone_surrogates_are_no_part_of_a_word() -> None:
    text = "one two three four five six.\ud800 one two three four five six"
    assert pieces_of(text) == [reference_pieces.pieces(text)]
    assert len(pieces_of(text)[0]) == 2
