"""What stands beside two texts: titles, pages, sites, dates and names, in several scripts; what is unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Fields
from dedup.alignment import Tokens
from dedup.signals import Cards, RowSignals, normal_title, other_subject, renamed, spelled_alike, title_similarity
from dedup.signatures import Texts, tokenize
from dedup.sources import RecordSource
from dedup.verify import measure_all
from tests import reference

TEXT: Final = "The ferry to Port Ellery will not sail on Monday."


def source(*records: Mapping[str, Any] | str) -> RecordSource:
    """Records that have been read; each has a text."""
    found = RecordSource([{"text": TEXT, **r} if isinstance(r, Mapping) else r for r in records], Fields())
    list(found.batches())
    return found


def beside(a: Mapping[str, Any] | str, b: Mapping[str, Any] | str) -> RowSignals:
    """The signals of two records; they are the same the other way round."""
    made = source(a, b)
    one, other = RowSignals(Cards(made), (0, 1)), RowSignals(Cards(made), (1, 0))
    for found in (one, other):
        assert not found.texts_read
        assert not found.renamed()
    for part in ("same_site", "gap"):
        assert getattr(one, part) == getattr(other, part)
    for part in ("titles", "same_page", "other_subject", "renamed_places"):
        assert getattr(one, part)() == getattr(other, part)()
    assert one.texts_read
    return RowSignals(Cards(made), (0, 1))


def token(word: str) -> int:
    return reference.value(word.casefold())


# Titles


@pytest.mark.parametrize(
    ("a", "b", "least", "most"),
    [
        ("Ferry stays in port", "Ferry stays in port", 1.0, 1.0),
        ("Ferry stays in port", "FERRY STAYS IN PORT!", 1.0, 1.0),
        ("Ferry stays in port", "Ferry stays in port | Ellery News", 1.0, 1.0),
        ("Ferry stays in port", "In port: ferry stays", 1.0, 1.0),
        ("Ferry stays in port until Friday", "Ferry stays in port until Sunday", 0.7, 0.99),
        ("Ferry stays in port", "Council raises the price of bread", 0.0, 0.5),
        ("港口渡轮周一停航", "港口渡轮周一停航", 1.0, 1.0),
        ("港口渡轮周一停航", "市议会提高面包价格", 0.0, 0.4),
        ("العبّارة لن تبحر يوم الاثنين", "العبّارة لن تبحر يوم الاثنين - أخبار", 1.0, 1.0),
        ("العبّارة لن تبحر يوم الاثنين", "المجلس يرفع سعر الخبز", 0.0, 0.5),
        ("Die Fähre bleibt im Hafen", "Fähre bleibt im Hafen", 1.0, 1.0),
        ("Die Fähre bleibt im Hafen", "Der Rat erhöht den Brotpreis", 0.0, 0.5),
    ],
)
def test_title_similarity(a: str, b: str, least: float, most: float) -> None:
    found = title_similarity(a, b)
    assert found is not None
    assert least <= found <= most
    assert title_similarity(b, a) == found


@pytest.mark.parametrize(("a", "b"), [(None, "Ferry"), ("Ferry", None), (None, None), ("", "Ferry"), ("Ferry", "")])
def test_a_title_that_is_not_there_is_unknown(a: str | None, b: str | None) -> None:
    assert title_similarity(a, b) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_of_any_titles(a: str, b: str) -> None:
    found = title_similarity(a, b)
    assert (found is None) == (not normal_title(a) or not normal_title(b))
    assert found is None or 0.0 <= found <= 1.0
    assert found == title_similarity(b, a)


def test_titles_without_words_are_unknown() -> None:
    assert title_similarity("***", "***") is None


# Records


def test_what_is_unknown_is_none() -> None:
    found = beside({}, {})
    assert (found.same_site, found.gap, found.titles(), found.same_page()) == (None, None, None, False)
    assert (found.other_subject(), found.renamed_places()) == (False, 0)
    full = {"title": "Ferry", "url": "https://one.example/a", "date": "2026-03-02"}
    assert beside(full, {}).same_site is None
    assert beside(full, {}).gap is None
    assert beside(full, {}).titles() is None
    assert beside(full, {}).same_page() is False
    found = beside(TEXT, TEXT + " A string is a text.")
    assert (found.same_site, found.gap, found.titles(), found.same_page()) == (None, None, None, False)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"url": "https://one.example/a"}, {"url": "https://www.One.example/b"}, True),
        ({"url": "https://one.example/a"}, {"url": "https://two.example/a"}, False),
        ({"site": "one.example"}, {"url": "http://one.example/a"}, True),
        ({"site": "The Ellery News"}, {"site": "the ellery news"}, True),
        ({"site": "one.example", "url": "https://two.example/"}, {"url": "https://two.example/"}, False),
        ({"url": "one.example/a"}, {"url": "https://one.example/a"}, None),
        ({"site": ""}, {"site": "one.example"}, None),
        ({"site": 5}, {"site": "one.example"}, None),
        ({"site": None, "url": None}, {"site": "one.example"}, None),
    ],
)
def test_sites(a: dict[str, Any], b: dict[str, Any], same: bool | None) -> None:
    assert beside(a, b).same_site is same


@pytest.mark.parametrize(
    ("a", "b", "gap"),
    [
        ("2026-03-02", "2026-03-02", 0.0),
        ("2026-03-02T10:00:00Z", "2026-03-02T12:30:00+00:00", 2.5),
        ("2026-03-02T12:00:00+02:00", "2026-03-02T10:00:00Z", 0.0),
        ("2026-03-03", "2026-03-02", 24.0),
        ("2026-03-03", "someday", None),
        ("2026-03-03", None, None),
        ("", "", None),
    ],
)
def test_hours_between_dates(a: str | None, b: str | None, gap: float | None) -> None:
    assert beside({"date": a}, {"date": b}).gap == gap


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"url": "https://one.example/a"}, {"url": "http://www.one.example/a/?utm_source=x#top"}, True),
        ({"url": "https://one.example/a"}, {"url": "https://one.example/b"}, False),
        ({"url": "https://one.example/a?id=1"}, {"url": "https://one.example/a?id=2"}, False),
        (
            {"url": "https://two.example/x", "canonical_url": "https://one.example/a"},
            {"url": "https://one.example/a"},
            True,
        ),
        (
            {"url": "https://two.example/x", "canonical_url": "https://one.example/a"},
            {"url": "https://six.example/y", "canonical_url": "https://one.example/a"},
            True,
        ),
        (
            {"url": "https://one.example/x", "canonical_url": "https://one.example/a"},
            {"url": "https://one.example/y", "canonical_url": "https://one.example/b"},
            False,
        ),
        ({"url": "one.example/a"}, {"url": "one.example/a"}, False),
        ({}, {}, False),
    ],
)
def test_pages(a: dict[str, Any], b: dict[str, Any], same: bool) -> None:
    assert beside(a, b).same_page() is same


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"url": "https://one.example/a", "site": "One News"}, {"url": "https://one.example/a", "site": "one.example"}),
        ({"url": "https://m.one.example/a"}, {"url": "https://one.example/a"}),
        ({"url": "https://amp.one.example/a"}, {"url": "https://www.one.example/a"}),
    ],
    ids=["a site of two names", "the mobile page", "the AMP page"],
)
def test_one_url_is_one_page_whatever_the_sites_are_called(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert beside(a, b).same_page() is True


def test_pages_of_rows_with_the_very_same_texts() -> None:
    """What the rows of a crowd name counts as well; it is enough that one page is in common."""
    made = source(
        {"url": "https://one.example/a"},
        {"url": "https://two.example/b"},
        {"url": "https://three.example/c", "canonical_url": "https://two.example/b"},
        {"url": "https://four.example/d"},
        {},
    )
    for rows, crowds, same in (
        ((0, 1), ((), ()), False),
        ((0, 1), ((), (1, 3)), False),
        ((0, 1), ((0, 2), (1,)), True),
        ((1, 0), ((), (0, 2, 3)), True),
        ((0, 3), ((0, 1), (3, 4)), False),
        ((4, 4), ((4,), (4,)), False),
    ):
        assert RowSignals(Cards(made), rows, (), crowds).same_page() is same
        assert RowSignals(Cards(made), rows[::-1], (), crowds[::-1]).same_page() is same


# Names


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("Gaddafi", "Kadhafi", True),
        ("Müller", "Mueller", True),
        ("Anna", "ANNA", True),
        ("Anna", "Otto", False),
        ("Ellery", "Harrow", False),
        ("علي", "عمر", False),
        ("محمد", "محمود", True),
        ("李", "王", False),
    ],
)
def test_spelled_alike(a: str, b: str, alike: bool) -> None:
    assert spelled_alike(a, b) is spelled_alike(b, a) is alike


@pytest.mark.parametrize(
    ("a", "b", "old", "new", "times", "expected"),
    [
        ("Anna called. Then Anna left.", "Otto called. Then Otto left.", "anna", "otto", 2, True),
        ("Anna called. Then Anna left.", "Otto called. Then Otto left.", "anna", "otto", 1, False),
        ("the bus came, a bus went", "the tram came, a tram went", "bus", "tram", 2, False),
        ("Bus to town. The bus went.", "Otto to town. The Otto went.", "bus", "otto", 2, False),
        ("Gaddafi spoke, Gaddafi said", "Kadhafi spoke, Kadhafi said", "gaddafi", "kadhafi", 2, False),
        ("ANNA called. Then Anna left.", "OTTO called. Then Otto left.", "anna", "otto", 2, True),
        ("Der Bus kam, der Bus fuhr.", "Der Zug kam, der Zug fuhr.", "bus", "zug", 2, True),  # nouns look like names
        ("اتصل علي ثم غادر علي", "اتصل عمر ثم غادر عمر", "علي", "عمر", 2, True),  # no letter is lower case
        ("李来了，李走了。", "王来了，王走了。", "李", "王", 2, True),
    ],
    ids=["names", "once", "words", "a word too", "spelled alike", "capitals", "German nouns", "Arabic", "Chinese"],
)
def test_renamed(a: str, b: str, old: str, new: str, times: int, expected: bool) -> None:
    assert renamed([(token(old), token(new), times)], a, b) is expected
    assert renamed([(token(new), token(old), times)], b, a) is expected


def test_one_pair_of_names_is_enough() -> None:
    a, b = "the bus came and Anna left, a bus and Anna", "the tram came and Otto left, a tram and Otto"
    swaps = [(token("bus"), token("tram"), 2), (token("anna"), token("otto"), 2)]
    assert renamed(swaps, a, b)
    assert not renamed(swaps[:1], a, b)
    assert not renamed([], a, b)


def of_row(a: dict[str, Any], b: dict[str, Any]) -> RowSignals:
    """The signals with the names that the contrast of the texts finds."""
    words, ends = tokenize(Texts.of([a["text"], b["text"]]))
    starts = np.array([0, ends[0]])
    found = measure_all(Tokens(words, starts, ends), np.array([[0, 1]]))
    return RowSignals(Cards(source(a, b)), (0, 1), found.names.get(0, ()))


def report(name: str, other: str = "Ellery") -> str:
    return (
        f"The council of {other} heard on Tuesday evening that {name} wants to leave the board of the harbour before "
        f"the end of the year. According to the clerk, {name} had asked for it twice, and nobody objected to that."
    )


def test_names_of_two_texts() -> None:
    assert of_row({"text": report("Anna")}, {"text": report("Otto")}).renamed()
    assert not of_row({"text": report("Anna")}, {"text": report("Anna")}).renamed()
    assert not of_row({"text": report("somebody")}, {"text": report("nobody else")}).renamed()
    assert not of_row({"text": report("Gaddafi")}, {"text": report("Kadhafi")}).renamed()
    found = of_row({"text": report("Anna")}, {"text": report("Otto", "Harrow")})
    assert found.renamed_places() == 3
    assert of_row({"text": report("Anna")}, {"text": report("Anna", "Harrow")}).renamed_places() == 1


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("Anna leaves the board", report("Anna")), ("Otto leaves the board", report("Otto")), True),
        (("Anna leaves the board", report("Anna")), ("Anna leaves the board", report("Anna")), False),
        (("Anna leaves the board", report("Anna")), ("A board without Anna", report("Anna")), False),
        (("Board loses a member", report("Anna")), ("Harbour board is smaller", report("Otto")), False),
        (("Anna leaves the board", report("Anna")), ("Harbour board is smaller", report("Otto")), False),  # one only
        (("Kadhafi leaves", report("Kadhafi")), ("Gaddafi leaves", report("Gaddafi")), False),
        (("Anna leaves", report("anna")), ("Otto leaves", report("otto")), False),  # printed in lower case
        (("Anna leaves", report("nobody")), ("Otto leaves", report("no one")), False),  # the texts do not use them
        (("", report("Anna")), ("Otto leaves", report("Otto")), False),
    ],
)
def test_other_subject(a: tuple[str, str], b: tuple[str, str], expected: bool) -> None:
    assert other_subject(a, b) is other_subject(b, a) is expected


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        ("{}离开港务局", "周二晚上，市议会得知{}将在年底前离开港务局。书记说，{}已经两次提出申请。", ("李", "王")),
        (
            "{} يغادر المجلس",
            "علم المجلس أن {} سيغادر الميناء قبل نهاية العام. وقال الكاتب إن {} طلب ذلك.",
            ("علي", "عمر"),
        ),
        ("{} verlässt den Rat", "Der Rat erfuhr, dass {} im Dezember geht. {} hatte darum gebeten.", ("Anna", "Otto")),
    ],
    ids=["Chinese", "Arabic", "German"],
)
def test_other_subjects_in_other_scripts(title: str, text: str, names: tuple[str, str]) -> None:
    one, other = ((title.format(name), text.format(name, name)) for name in names)
    assert other_subject(one, other)
    assert not other_subject(one, one)


def test_records_that_share_a_title_have_one_subject() -> None:
    a, b = ({"text": report(name), "title": "Board loses a member"} for name in ("Anna", "Otto"))
    assert not beside_all(a, b).other_subject()
    a["title"], b["title"] = "Anna leaves", "Otto leaves"
    assert beside_all(a, b).other_subject()
    del b["title"]
    assert not beside_all(a, b).other_subject()


def beside_all(a: dict[str, Any], b: dict[str, Any]) -> RowSignals:
    return RowSignals(Cards(source(a, b)), (0, 1))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_too_odd(title: str, text: str, other_title: str, other: str) -> None:
    found = other_subject((title, text), (other_title, other))
    assert found == other_subject((other_title, other), (title, text))
    swaps = [(p.value, q.value, 2) for p in reference.tokenize(text) for q in reference.tokenize(other)]
    assert renamed(swaps, text, other) == renamed([(q, p, n) for p, q, n in swaps], other, text)
