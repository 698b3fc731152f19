"""Paragraphs and lines of a page: where they stand, and which of them are prose."""

from __future__ import annotations

import itertools
import re
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.model import Paragraph
from dedup.paragraphs import LONG, SENTENCE, WRAPPED, Layout, paragraphs

BREAKS: Final = ("\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r\n")
PARTS: Final = st.lists(
    st.sampled_from([*BREAKS, " ", "\t", "\u3000", "\xa0", "a", "é", "東", "\ud800", "Word ", "The end.", "\U0001f600"])
    | st.text(max_size=4),
    max_size=60,
)
TEXTS: Final = PARTS.map("".join)


def prose(text: str) -> list[bool]:
    found: list[bool] = Layout.of(text).prose.tolist()
    return found


def words(count: int) -> str:
    """So many words, each with a capital: lines of them are not taken for wrapped ones."""
    return " ".join(f"Word{i}" for i in range(count))


# paragraphs


@pytest.mark.parametrize("between", BREAKS, ids=[ascii(b) for b in BREAKS])
def test_every_line_break_ends_a_paragraph(between: str) -> None:
    text = f"Home{between}  The ferry.\t{between}{between}End"
    start = text.index("The")
    assert paragraphs(text) == (
        Paragraph(0, 4, "Home"),
        Paragraph(start, start + 10, "The ferry."),
        Paragraph(len(text) - 3, len(text), "End"),
    )


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\r\n", " \t\n\u3000\n", "".join(BREAKS)], ids=ascii)
def test_texts_without_paragraphs(text: str) -> None:
    assert paragraphs(text) == ()


def test_a_unit_separator_is_white_space_and_no_line_break() -> None:
    assert [p.text for p in paragraphs("a\x1fb\n\x1fc\x1f")] == ["a\x1fb", "c"]


def test_places_count_code_points() -> None:
    assert paragraphs("\U0001f600\n é東 \ud800") == (Paragraph(0, 1, "\U0001f600"), Paragraph(3, 7, "é東 \ud800"))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_paragraphs_are_the_lines_of_the_text_stripped(text: str) -> None:
    found = paragraphs(text)
    assert [p.text for p in found] == [line.strip() for line in text.splitlines() if line.strip()]
    assert all(text[p.start : p.end] == p.text for p in found)
    assert all(one.end < other.start for one, other in itertools.pairwise(found))


# Lines


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_a_layout_has_every_word_in_one_line_of_the_text(text: str) -> None:
    """The twin: the line of a word is told by the breaks before it; lines without words are not counted."""
    found = Layout.of(text)
    numbers = [len(re.findall("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text[:at])) for at in found.words.starts]
    there = sorted(set(numbers))
    assert found.lines.tolist() == [there.index(number) for number in numbers]
    assert found.heads.tolist() == [*(numbers.index(number) for number in there), len(numbers)]
    assert len(found.prose) == len(found.rows) == len(there)
    assert [part.dtype.name for part in (found.lines, found.heads)] == ["int64"] * 2
    assert [part.dtype.name for part in (found.prose, found.rows)] == ["bool"] * 2
    assert np.diff(found.heads).sum() == len(found.words.tokens)
    assert (np.diff(found.heads) > 0).all()
    assert not (found.prose & found.rows).any()
    assert found.text is text


@pytest.mark.parametrize("text", ["", "\n\n", " .,!? \r\n -- "], ids=ascii)
def test_texts_without_words(text: str) -> None:
    found = Layout.of(text)
    assert found.lines.tolist() == found.prose.tolist() == found.rows.tolist() == np.diff(found.heads).tolist() == []
    assert found.heads.tolist() == [0]
    assert found.unit == 1


def test_lines_without_words_are_left_out() -> None:
    found = Layout.of("* * *\r\nHome page\r\n\r\n---\nThe end\u2028now")
    assert found.heads.tolist() == [0, 2, 4, 5]
    assert found.lines.tolist() == [0, 0, 1, 1, 2]


# Prose


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ferry stays in port as storm nears the coast", False),
        ("The ferry will not sail on Monday.", True),
        ("The ferry will not sail today, Monday", False),
        ("Ferry stays in port.", False),
        ('He said: "The ferry will not sail."', True),
        ("The ferry will not sail (on Monday!)", True),
        ("Will the ferry sail on Monday?  ", True),
        ("And then the ferry did sail…", True),
        ("Le port a dit : «Le bac ne part pas.»", True),
        ("Der Hafen sagte: »Die Fähre fährt nicht.«", True),
        ("Der Hafen sagte: „Die Fähre fährt nicht.“", True),
        ("**The ferry will not sail on Monday.**", True),
        ("Version 2.0 of the ferry table: no change", False),
        ("A ferry. And one that will not sail", False),
    ],
)
def test_a_line_with_the_end_of_a_sentence_is_prose(line: str, expected: bool) -> None:
    assert prose(line) == [expected]
    assert prose(f"Home\r\n\r\n{line}\r\n\r\nContact") == [False, expected, False]


def test_a_sentence_has_six_words() -> None:
    assert prose(words(SENTENCE - 1) + ".") == [False]
    assert prose(words(SENTENCE) + ".") == [True]


def test_a_long_line_is_prose_whatever_it_ends_with() -> None:
    assert prose(words(LONG - 1)) == [False]
    assert prose(words(LONG)) == [True]
    assert prose(words(LONG) + " -") == [True]


def test_rows_of_a_table_are_no_prose() -> None:
    row = "\t".join(f"Team{i}" for i in range(SENTENCE)) + "."
    found = Layout.of(f"{row}\n\n{words(LONG)}\tEnd\n\n\t{words(SENTENCE)}.\t\n\nA\tB")
    assert found.rows.tolist() == [
        True,
        True,
        False,
        False,
    ]  # tabs at the edges are none; short lines are not looked at
    assert found.prose.tolist() == [False, False, True, False]


def test_rows_of_a_table_are_no_wrapped_lines() -> None:
    found = Layout.of("\n".join("\t".join(f"word{i}" for i in range(8)) for _ in range(4)))
    assert found.rows.all()
    assert not found.prose.any()


def test_lines_broken_at_a_fixed_width_are_prose() -> None:
    wrapped = (
        "The ferry to Port Ellery will not\nsail on Monday, the harbour office\nsaid, because of a storm that is\nnear"
    )
    assert prose(wrapped) == [True] * 4
    assert prose(wrapped.replace("\n", "\r\n")) == [True] * 4
    assert prose(f"Home\n\n{wrapped}\n\nContact") == [False, *[True] * 4, False]
    assert prose(wrapped.replace("\n", "\n\n")) == [False] * 4
    assert prose(wrapped.title()) == [False] * 4


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((4, 4), True),
        ((3, 4), False),
        ((5, 3), True),
        ((WRAPPED[1], 8), True),
        ((WRAPPED[1] + 1, 8), False),
        ((8,), False),
    ],
)
def test_wrapped_lines_have_some_words_and_not_too_many(sizes: tuple[int, ...], expected: bool) -> None:
    text = "\n".join(" ".join(["word"] * size) for size in sizes)
    assert prose(text) == [expected] * len(sizes)


def test_lines_with_room_for_the_next_word_are_verse_or_code_and_not_wrapped() -> None:
    verse = "and so it went on for an hour or two\nand stopped there\nand went on with the same old song"
    assert prose(verse) == [False] * 3
    code = "def words(path):\n    for line in open(path):\n        for word in line.split():\n            yield word.strip()"
    assert prose(code) == [False] * 4


def test_some_of_the_wrapped_lines_begin_in_lower_case() -> None:
    lower, upper = "and so it went on", "And so it went on"
    assert prose("\n".join([upper, *[lower] * 3, *[upper] * 7])) == [True] * 11
    assert prose("\n".join([upper, *[lower] * 2, *[upper] * 8])) == [False] * 11


# Scripts


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("港务局表示渡轮星期一不会开航。", 2),
        ("港湾局はフェリーが月曜日に運航しないと発表した。", 2),
        ("เรือเฟอร์รี่จะไม่ออกในวันจันทร์", 2),
        ("여객선은 월요일에 운항하지 않는다고 항만청이 밝혔다.", 1),
        ("قال مكتب الميناء إن العبارة لن تبحر يوم الاثنين.", 1),
        ("बंदरगाह कार्यालय ने कहा कि नौका सोमवार को नहीं चलेगी।", 1),
        ("The ferry will not sail on Monday, 港务局 said.", 1),
        ("Ferry", 1),
        ("東", 1),
    ],
)
def test_the_unit_is_two_where_words_touch(text: str, unit: int) -> None:
    assert Layout.of(text).unit == unit


@pytest.mark.parametrize(
    ("line", "stop"),
    [
        ("قال مكتب الميناء إن العبارة لن تبحر يوم الاثنين", "."),
        ("هل تبحر العبارة إلى الجزيرة يوم الاثنين القادم", "؟"),
        ("بندرگاہ کے دفتر نے کہا کہ کشتی پیر کو نہیں چلے گی", "۔"),
        ("बंदरगाह कार्यालय ने कहा कि नौका सोमवार को नहीं चलेगी", "।"),
        ("बंदरगाह कार्यालय ने कहा कि नौका सोमवार को नहीं चलेगी", "॥"),
        ("港务局表示渡轮星期一不会开航", "。"),
        ("港务局表示渡轮星期一会不会开航", "？"),
        ("フェリーは月曜日に運航しない", "。」"),
        ("ጀልባው ሰኞ ዕለት እንደማይጓዝ የወደቡ ቢሮ ትናንት አስታወቀ", "።"),
        ("Լաստանավը երկուշաբթի օրը չի մեկնի ասաց նավահանգստի գրասենյակը", "։"),
    ],
)
def test_full_stops_of_many_scripts_end_sentences(line: str, stop: str) -> None:
    assert prose(line) == [False]
    assert prose(line + stop) == [True]


def test_characters_of_chinese_count_half() -> None:
    han = "港务局表示渡轮星期一不会开航因为暴风雨即将到来"
    assert prose(han[: 2 * SENTENCE - 1] + "。") == [False]
    assert prose(han[: 2 * SENTENCE] + "。") == [True]
    assert prose((han * 4)[: 2 * LONG - 1]) == [False]
    assert prose((han * 4)[: 2 * LONG]) == [True]


def test_long_texts_are_laid_out() -> None:
    found = Layout.of("The ferry will not sail on Monday.\n" * 20_000)
    assert np.diff(found.heads).tolist() == [7] * 20_000
    assert found.prose.all()
    assert Layout.of("word " * 200_000).prose.tolist() == [True]
    assert paragraphs("\n" * 500_000) == ()
