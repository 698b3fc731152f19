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
from dedup.signals import Cards, RowSignals, normal_title, title_similarity
from dedup.signatures import Texts, tokenize
from dedup.sources import RecordSource
from dedup.verify import measure_all
from tests.test_names import report

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
        ("नाव सोमवार को नहीं चलेगी", "नाव सोमवार को नहीं चलेगी - समाचार", 1.0, 1.0),
        ("नाव सोमवार को नहीं चलेगी", "परिषद ने रोटी के दाम बढ़ाए", 0.0, 0.5),
        ("เรือข้ามฟากหยุดวิ่งวันจันทร์", "เรือข้ามฟากหยุดวิ่งวันจันทร์!", 1.0, 1.0),
        ("Cafe\u0301 im Hafen", "Caf\u00e9 im Hafen", 1.0, 1.0),
        ("Ferry ❤️ harbour", "Ferry harbour", 1.0, 1.0),
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


def of_row(a: dict[str, Any], b: dict[str, Any]) -> RowSignals:
    """The signals with the names that the contrast of the texts finds."""
    words, ends = tokenize(Texts.of([a["text"], b["text"]]))
    starts = np.array([0, ends[0]])
    found = measure_all(Tokens(words, starts, ends), np.array([[0, 1]]))
    return RowSignals(Cards(source(a, b)), (0, 1), found.names.get(0, ()))


def test_names_of_two_texts() -> None:
    assert of_row({"text": report("Anna")}, {"text": report("Otto")}).renamed()
    assert not of_row({"text": report("Anna")}, {"text": report("Anna")}).renamed()
    assert not of_row({"text": report("somebody")}, {"text": report("nobody else")}).renamed()
    assert not of_row({"text": report("Gaddafi")}, {"text": report("Kadhafi")}).renamed()
    found = of_row({"text": report("Anna")}, {"text": report("Otto", "Harrow")})
    assert found.renamed_places() == 3
    assert found.capital_places() == 3
    assert of_row({"text": report("Anna")}, {"text": report("Anna", "Harrow")}).renamed_places() == 1
    assert of_row({"text": report("anna")}, {"text": report("otto")}).capital_places() == 0
    found = of_row({"text": report("علي")}, {"text": report("عمر")})
    assert (found.renamed_places(), found.capital_places()) == (2, 0)


def test_names_inside_the_common_body() -> None:
    """What stands before the first words that both have in a row, or behind the last, are bylines and datelines."""
    found = of_row({"text": report("Anna")}, {"text": report("Otto", "Harrow")})
    assert (found.other_names(1), found.texts_read) == (1, True)  # two of the three stand before six words in a row
    signed = of_row({"text": f"By Ann Lee\n{report('Anna')}"}, {"text": f"By Bob Roe\n{report('Anna')}"})
    assert (signed.other_names(1), signed.renamed_places()) == (0, 1)
    again = of_row(*({"text": f"By Ann Lee\n{report(name)}"} for name in ("Anna", "Otto")))
    assert (again.other_names(2), again.other_names(2.1)) == (2, 0)
    here = [{"text": f"By {name}\n{report('Anna')}", "site": "one.example"} for name in ("Ann Lee", "Bob Roe")]
    assert of_row(*here).other_names(1) == 1
    assert of_row(here[0], {**here[1], "site": "two.example"}).other_names(1) == 0
    assert of_row({"text": "Anna left."}, {"text": "Otto came."}).other_names(1) == 0


def test_words_of_titles_that_texts_swap_too() -> None:
    a, b = ({"text": report(name), "title": f"{name} leaves the board"} for name in ("somebody", "nobody"))
    found = of_row(a, b)
    assert (found.retitled(), found.texts_read) == (False, True)  # spelled alike
    assert of_row(a, {"text": report("Otto"), "title": "Otto leaves the board"}).retitled()
    b["title"] = "Harbour board is smaller"
    found = of_row(a, b)
    assert (found.retitled(), found.texts_read) == (False, False)
    del b["title"]
    assert not of_row(a, b).retitled()


def test_records_that_share_a_title_have_one_subject() -> None:
    a, b = ({"text": report(name), "title": "Board loses a member"} for name in ("Anna", "Otto"))
    assert not beside_all(a, b).other_subject()
    a["title"], b["title"] = "Anna leaves", "Otto leaves"
    assert beside_all(a, b).other_subject()
    del b["title"]
    assert not beside_all(a, b).other_subject()


def beside_all(a: dict[str, Any], b: dict[str, Any]) -> RowSignals:
    return RowSignals(Cards(source(a, b)), (0, 1))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({"url": "https://one.example/a"}, {"url": "https://one.example/b"}, True),
        ({"url": "https://one.example/a"}, {"url": "https://one.example/a?utm_source=x"}, False),
        ({"url": "https://one.example/a#p1"}, {"url": "https://one.example/a#p2"}, True),
        ({"url": "https://one.example/a#p1"}, {"url": "https://one.example/a"}, False),
        ({"url": "https://one.example/a"}, {}, False),
        ({}, {}, False),
        ({"url": "https://one.example/"}, {"url": "https://one.example/b"}, False),  # a home page names no article
    ],
)
def test_other_pages(a: dict[str, Any], b: dict[str, Any], expected: bool) -> None:
    assert beside_all(a, b).other_page() is beside_all(b, a).other_page() is expected
