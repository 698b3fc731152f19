"""What a word is: the tokenizer against its slow twin, the truth tables of `cases/tokens.json`, the shipped table."""

from __future__ import annotations

import functools
import importlib.resources
import json
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import compare, deduplicate
from dedup import tokens as rules
from dedup.kernels import letters as kernel
from dedup.signatures import Texts
from dedup.signatures import tokenize as tokenize_batch
from dedup.verify import short_hash
from tests import reference

CASES: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases/tokens.json").read_text("utf-8"))

NASTY = (
    "aZz09 .,-_'\n\0\x7f"
    "éßẞıİıIiŉǆǅſÅ²½ﬁﬃŒđ"
    "\u0301\u0308\u0323\u031b\u0345\u20e3\u0338\u0489"  # decorating marks
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u034f\u0640\U000e0100"  # passed over
    "한국값가힣\u1112\u1161\u11ab\u1100\u115f\u1160ㄱㅏﾤￂ"  # Hangul and jamo
    "กาิ่้์เแ๕๐ฯๆ"  # Thai
    "ຂ່າ໑ကြီး၁ខ្មែ\u17b4៣"  # Lao, Burmese, Khmer
    "कािी्ंख़़०क्ष॥"  # Devanagari
    "かがカガｶﾞ゛\u3099ーゝ漢字〇々〡㊀㈠"  # Kana, Han
    "العربيةﷺﻻَّـ٣۴אבָּשׁ"  # Arabic, Hebrew
    "ሀለ፲።йёςΣσЖ"
    "“”‘’«»…—１２ＡｂⅧ𝟙𝐀𠀀𪚥😀🇩🇪\U000107ff\U0001e900\uffff\U0010ffff"
)


@functools.cache
def shipped_version() -> str:
    with importlib.resources.files("dedup").joinpath("unicode.npz").open("rb") as f:
        return str(np.load(f, allow_pickle=False)["unicode"])


@functools.cache
def unstable() -> frozenset[str]:
    """Characters that this Python's Unicode treats otherwise than the shipped table: nothing can be said of them here."""
    if unicodedata.unidata_version == shipped_version():
        return frozenset()
    here, shipped = rules.build(), rules.load()
    differing = set()
    for code in range(rules.TABLE_SIZE):
        ours, theirs = int(here.entries[code]), int(shipped.entries[code])
        if ours >> 28 == theirs >> 28 == rules.EXPAND:
            low = 0x0FFFFFFF
            if not np.array_equal(here.expansions[ours & low], shipped.expansions[theirs & low]):
                differing.add(chr(code))
        elif ours != theirs:
            differing.add(chr(code))
    return frozenset(differing)


def comparable(character: str) -> bool:
    return character not in unstable()


def tokenize_all(texts: Sequence[str | bytes]) -> list[list[int]]:
    words, ends = tokenize_batch(Texts.of(texts))
    return [part.tolist() for part in np.split(words, ends[:-1])] if len(texts) else []


def tokenize(text: str | bytes) -> list[int]:
    return tokenize_all([text])[0]


def expected(text: str) -> list[int]:
    return [word.value for word in reference.tokenize(text)]


def named(section: str) -> list[Any]:
    """The cases of one section as parameters."""
    return [pytest.param(case, id=case["name"]) for case in CASES[section]]


def examples(n: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(deadline=None, max_examples=n, suppress_health_check=[HealthCheck.too_slow])


anything = st.text(st.characters().filter(comparable), max_size=60)
nasty = st.text(st.sampled_from([c for c in NASTY if comparable(c)]), max_size=80)


@pytest.mark.parametrize("case", named("words"))
def test_words_of_a_text(case: dict[str, Any]) -> None:
    assert [word.letters for word in reference.tokenize(case["text"])] == case["tokens"]
    assert tokenize(case["text"]) == [reference.value(letters) for letters in case["tokens"]]


@pytest.mark.parametrize("case", named("same"))
def test_texts_of_the_same_tokens(case: dict[str, Any]) -> None:
    a, b = case["texts"]
    assert a != b
    assert tokenize(a) == tokenize(b) != []


@pytest.mark.parametrize("case", named("different"))
def test_texts_of_different_tokens(case: dict[str, Any]) -> None:
    a, b = case["texts"]
    assert tokenize(a) != tokenize(b)


def test_names_of_cases_are_unique() -> None:
    for section in CASES.values():
        names = [case["name"] for case in section]
        assert len(names) == len(set(names))


@examples(400)
@given(anything)
def test_any_text_is_tokenized_as_by_the_twin(text: str) -> None:
    assert tokenize(text) == expected(text)


@examples(800)
@given(nasty)
def test_nasty_text_is_tokenized_as_by_the_twin(text: str) -> None:
    assert tokenize(text) == expected(text)


@examples(300)
@given(nasty | anything)
def test_nfc_and_nfd_are_one(text: str) -> None:
    texts = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    if all(comparable(c) for t in texts for c in t):
        a, b = tokenize_all(texts)
        assert a == b


@examples(200)
@given(st.lists(nasty, max_size=6))
def test_texts_of_a_batch_do_not_touch(texts: list[str]) -> None:
    assert tokenize_all(texts) == [tokenize(t) for t in texts]


@examples(300)
@given(st.lists(st.binary(max_size=60) | nasty.map(lambda t: t.encode()[1:-1]), max_size=4))
def test_any_bytes_end_and_stay_within_their_text(texts: list[bytes]) -> None:
    found = tokenize_all(texts)
    assert found == [tokenize(t) for t in texts]
    assert all(len(words) <= len(t) for words, t in zip(found, texts, strict=True))


@examples(200)
@given(st.binary(max_size=40), nasty)
def test_malformed_bytes_do_not_harm_what_follows_a_line_further(start: bytes, text: str) -> None:
    after = expected(text)
    found = tokenize(start + b"\n\n\n " + text.encode())  # a broken character may swallow up to three bytes
    assert found[len(found) - len(after) :] == after


@pytest.mark.parametrize(
    "malformed", [b"caf\xe9 et", b"caf\xe9\xe9\xe9 et", b"caf\xf0 et", b"caf\xc3 et", b"caf\xe4\xb8 et"]
)
def test_a_malformed_byte_is_a_separator_one_byte_long(malformed: bytes) -> None:
    assert tokenize(malformed) == expected("caf et")


@pytest.mark.parametrize(
    "malformed", [b"caf\x80et", b"caf\xbf\xbfet", b"caf\xff\x80\x80\x80et", b"caf et\xe9", b"caf et\xe2\x80"]
)
def test_malformed_bytes_separate(malformed: bytes) -> None:
    assert tokenize(malformed) == expected("caf et")


def test_every_character_is_tokenized_as_by_the_twin() -> None:
    codes = (
        *range(0xD800),
        *range(0xE000, 0x20000),
        *(0x20000, 0x2A6DF, 0x2F7FF, 0x2FA1E, 0x2FFFF, 0x30000, 0x323AF, 0x3FFFF),
        *(0x40000, 0xDFFFF, 0xE0000, 0xE0041, 0xE01EF, 0xE0FFF, 0xE1000, 0xFFFFF, 0x10FFFF),
    )
    texts = [f"x{c}y" for c in map(chr, codes) if comparable(c)]
    assert len(texts) > 100_000
    wrong = [t for t, found in zip(texts, tokenize_all(texts), strict=True) if found != expected(t)]
    assert wrong == []


@examples(300)
@given(anything | nasty)
def test_digit_bit_is_set_exactly_when_a_token_has_a_digit(text: str) -> None:
    found = [bool(token & 1) for token in tokenize(text)]
    assert found == [any(c in "0123456789" for c in word.letters) for word in reference.tokenize(text)]


def test_shipped_table_is_the_one_that_the_rules_build() -> None:
    if unicodedata.unidata_version != shipped_version():
        pytest.skip(f"table of Unicode {shipped_version()}, this Python has {unicodedata.unidata_version}")
    built, shipped = rules.build(), rules.load()
    np.testing.assert_array_equal(built.entries, shipped.entries, strict=True)
    np.testing.assert_array_equal(built.inside, shipped.inside, strict=True)
    np.testing.assert_array_equal(built.expansions, shipped.expansions, strict=True)


def test_table_fits_the_kernels() -> None:
    table = rules.load()
    assert kernel._TABLE == rules.TABLE_SIZE <= len(table.entries)
    assert kernel._MARK_CAP == rules.MARK_CAP == reference.MARK_CAP
    assert rules.EXPANSION == table.expansions.shape[1] == reference.EXPANSION
    assert table.inside.shape == (256,)
    assert [table.entries.dtype, table.inside.dtype, table.expansions.dtype] == [np.uint32, np.uint8, np.uint32]
    rows = table.entries[table.entries >> 28 == rules.EXPAND] & 0x0FFFFFFF
    assert rows.max() < len(table.expansions)


def test_inside_tells_bytes_that_may_stand_in_a_word() -> None:
    found = rules.load().inside.tolist()
    assert found == [int(code >= 0x80 or chr(code).isalnum()) for code in range(256)]


@pytest.mark.parametrize("mark", ["ा", "ិ", "ី", "\u0e34", "ာ"])
@pytest.mark.parametrize("letter", ["क", "ក", "x", "ก", "한"])
def test_a_run_of_marks_is_capped(letter: str, mark: str) -> None:
    cap = rules.MARK_CAP
    capped = tokenize(letter + mark * cap)
    assert tokenize(letter + mark * (cap - 1)) != capped
    assert tokenize(letter + mark * (cap + 1)) == capped
    assert tokenize(letter + mark * 500) == capped
    assert tokenize(letter + mark * cap + "\u200d" + mark) == capped  # what is passed over does not start a new run
    assert len(capped) == 1


def test_marks_count_anew_after_a_letter() -> None:
    cap = rules.MARK_CAP
    assert tokenize("क" + "ा" * cap + "क" + "ा") != tokenize("क" + "ा" * cap + "क")
    assert tokenize("क" + "ा" * (cap + 3) + "क" + "ा") == tokenize("क" + "ा" * cap + "क" + "ा")


@pytest.mark.parametrize("n", [1_000, 500_000, 1_000_000])
@pytest.mark.parametrize("mark", ["ा", "\u0301", "\u200b"])
def test_a_million_marks_on_one_letter_are_one_token(mark: str, n: int) -> None:
    kept = mark * (rules.MARK_CAP if mark == "ा" else 0)
    assert tokenize("a" + mark * n + " b") == tokenize("a" + kept + " b")


@pytest.mark.parametrize("unit", ["ก" + "\u0e34" * 20, "a \u0301", "e\u0301\u0301 ", "漢", "\u200b.", "é-", "1,"])
def test_twice_the_text_has_twice_the_tokens(unit: str) -> None:
    n = 20_000
    once, twice = tokenize_all([unit * n, unit * (2 * n)])
    assert twice == once * 2
    assert len(set(once)) <= 1


def test_very_long_word() -> None:
    million = "ab1é" * 250_000
    assert tokenize(million) == expected(million)
    assert len(tokenize(million)) == 1
    assert tokenize(million) != tokenize(million + "a")
    assert tokenize("x" * 1_000_000) == [reference.value("x" * 1_000_000)]


@pytest.mark.parametrize("separator", [" ", "\n", "\0", "\u3000", "。", "😀"])
def test_a_million_separators_are_nothing(separator: str) -> None:
    assert tokenize(separator * 1_000_000) == []
    assert tokenize("a" + separator * 100_000 + "b") == tokenize("a b")


def test_lone_surrogates_separate() -> None:
    assert tokenize("a\ud800b\udfffc") == tokenize("a b c") == expected("a\ud800b\udfffc")


def test_hash_of_a_short_text_is_blind_to_quotes_only() -> None:
    def identity(text: str) -> tuple[int, ...]:
        return tuple(map(int, short_hash(text.encode())))

    assert identity("“It’s here”") == identity('"It\'s here"') == identity("«It`s here»")
    hashes = [identity(t) for t in ("C", "C++", "C#", "C!", "D", "(C)", "", "+", "++", "C + +!", "1,000", "1.000")]
    assert len(set(hashes)) == len(hashes)
    assert identity("C++") == identity("c + +")


def test_short_texts_are_told_apart_where_their_tokens_collide() -> None:
    """Found among a million numbered lines, of which two share a token of 31 bits by chance."""
    a, b = "x24536", "x138340"
    assert tokenize(a) == tokenize(b)
    assert deduplicate([a, b]).removed == []
    assert compare(a, b).relation == "different"
