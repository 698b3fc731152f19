"""Where words stand: tokens and positions against a plain twin, for all scripts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import tokens as rules
from dedup.kernels import words as kernel
from dedup.signatures import PADDING, Texts, eights, encode, tokenize
from dedup.words import locate
from tests import reference
from tests.hostile import article
from tests.test_tokens import anything, nasty

Located = list[tuple[int, int, int]]


def twin(text: str) -> Located:
    """Token, start and end of every word, character by character."""
    found: Located = []
    word = ""
    alone = False  # the word is one character of a spaceless script
    begin = run = 0
    for at, character in enumerate(text):
        what = reference.kind(character)
        letters = "" if what in ("skip", "separator") else reference.fold(character)
        if what == "separator" or (letters and what != "mark" and (alone or (what == "single" and word))):
            if word:
                found.append((reference.value(word), begin, at))
            word, alone, run = "", False, 0
            begin = at + (what == "separator")
        if letters:
            word += letters[: max(0, reference.MARK_CAP - run)] if what == "mark" else letters
            run = run + len(letters) if what == "mark" else 0
            alone = alone or what == "single"
    return [*found, (reference.value(word), begin, len(text))] if word else found


def located(text: str) -> Located:
    words = locate(text)
    assert [part.dtype.name for part in words] == ["uint32", "int64", "int64"]
    return list(zip(words.tokens.tolist(), words.starts.tolist(), words.ends.tolist(), strict=True))


def printed(text: str) -> list[str]:
    return [text[start:end] for _, start, end in located(text)]


@settings(max_examples=400, deadline=None)
@given(nasty | anything)
def test_the_plain_twin_agrees(text: str) -> None:
    assert located(text) == twin(text)


@settings(max_examples=600, deadline=None)
@given(st.text(st.characters(), max_size=60) | nasty)
def test_tokens_are_those_of_the_batch_tokenizer(text: str) -> None:
    words = locate(text)
    assert words.tokens.tolist() == tokenize(Texts.of([text]))[0].tolist()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=60) | nasty)
def test_every_word_by_itself_is_that_word(text: str) -> None:
    end = 0
    for token, start, stop in located(text):
        assert end <= start < stop
        end = stop
        assert [t for t, _, _ in located(text[start:stop])] == [token]
    assert end <= len(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" …!", []),
        ("word", ["word"]),
        ("Don't stop: 3.5 %", ["Don", "t", "stop", "3", "5"]),
        ("Straße É e\u0301a", ["Straße", "É", "e\u0301a"]),
        ("soft\u00adly\u200b, x", ["soft\u00adly\u200b", "x"]),
        ("東京は2024年", ["東", "京", "は", "2024", "年"]),
        ("กี่ครั้ง", ["กี่", "ค", "รั้", "ง"]),
        ("한국 값", ["한국", "값"]),
        ("كِتَابٌ، نعم", ["كِتَابٌ", "نعم"]),
        ("𝐀b 𠀀c 😀d", ["𝐀b", "𠀀", "c", "d"]),
        ("a\ud800b\udfff", ["a", "b"]),
        ("\0x\x1by", ["x", "y"]),
    ],
)
def test_words_as_printed(text: str, words: list[str]) -> None:
    assert printed(text) == words


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=20), st.binary(max_size=60) | nasty.map(lambda text: encode(text)[1:-1]), st.binary(max_size=20)
)
def test_any_bytes_and_only_those_between(before: bytes, within: bytes, after: bytes) -> None:
    table = rules.load()
    buffer = np.frombuffer(before + within + after + PADDING, np.uint8)
    size = len(within)
    out, froms, tos = np.zeros(size, np.uint32), np.zeros(size, np.int64), np.zeros(size, np.int64)
    start, end = len(before), len(before) + size
    count = kernel.locate(eights(buffer), start, end, table.entries, table.expansions, out, froms, tos)
    assert out[:count].tolist() == tokenize(Texts.of([within]))[0].tolist()
    places = [place for pair in zip(froms[:count].tolist(), tos[:count].tolist(), strict=True) for place in pair]
    assert places == sorted(places)
    assert all(start <= place <= end for place in places)


def test_articles() -> None:
    text = article(1, 500) + ". Ünïcödé! " + article(2, 500).upper()
    assert located(text) == twin(text)
    assert printed(text) == text.replace(".", "").replace("!", "").split(" ")
