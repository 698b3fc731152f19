"""Two records side by side: what stands beside them counts as in a run, and it is the same from both sides."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import Fields, Settings, compare, deduplicate
from dedup.errors import DedupError, InputError
from dedup.model import REMOVED
from tests.hostile import article, edited
from tests.test_settings import ENGLISH, LANGUAGES, SITE, day, dumps, notice, page, story, versions

TURNED: Final = {"truncated": "extended", "extended": "truncated"}


def both(a: Any, b: Any, made: Settings | None = None) -> str:
    """The relation; the other way round it is the same, but for what is cut."""
    one, other = compare(a, b, made), compare(b, a, made)
    if one.words[0] != one.words[1]:
        assert other.relation == TURNED.get(one.relation, one.relation)
    assert one.words == other.words[::-1]
    for part in (
        "reason",
        "resemblance",
        "containment",
        "share_longer",
        "jaccard",
        "aligned",
        "lead",
        "numbers",
        "swaps",
    ):
        assert getattr(one, part) == getattr(other, part)
    for part in ("titles", "gap", "same_site", "same_page", "duplicate"):
        assert getattr(one, part) == getattr(other, part)
    assert one.duplicate == (one.relation in REMOVED)
    return one.relation


def test_texts_and_records_are_compared_alike() -> None:
    a, b = article(1), edited(article(1))
    assert compare(a, b) == compare({"text": a}, {"text": b}) == compare(a, {"articleBody": b})
    nested = Settings(fields=Fields(text=("page.body",)))
    assert compare({"page": {"body": a}}, {"page": {"body": b}}, nested) == compare(a, b)


def test_what_stands_beside_is_told() -> None:
    a = page("a", notice("Monday", 6, 4, 9), title="No ferry on Monday")
    b = page("b", notice("Thursday", 7, 5, 8), 3, title="No ferry on Thursday")
    match = compare(a, b)
    assert (match.gap, match.same_site, match.same_page) == (72.0, True, False)
    assert match.titles is not None
    assert 0.5 < match.titles < 1.0
    assert (match.numbers, match.swaps) == (3, 3)
    assert match.boilerplate == (0, 0)
    assert match.relation == both(a, b) == "sibling"
    assert match.reason == "hours between two texts of one site with other facts 72 >= 20"
    assert both(a, {**b, "url": a["url"]}) == "near"
    assert both(a, b, Settings(templates=False)) == "near"


@pytest.mark.parametrize("language", LANGUAGES)
def test_relations_in_every_language(language: str) -> None:
    whole = story(LANGUAGES[language])
    assert both(whole, whole.upper()) == "exact"
    assert both(whole, whole + " Zusatz!") == "near"
    assert compare(whole[: len(whole) * 2 // 5], whole).relation == "truncated"
    assert compare(whole, whole[: len(whole) * 2 // 5]).relation == "extended"
    for name, other in LANGUAGES.items():
        assert name == language or both(whole, story(other)) == "different"


def test_versions_are_told_by_what_stands_beside() -> None:
    a, b, _ = versions()
    assert both(a, b) == "revised"
    assert both(a, b, Settings(versions="all")) == "version"
    assert both(a["text"], b["text"]) == "related"
    assert both(a, {**b, "date": day(5)}) == "related"  # a column has one title and opening, too, and a page for each
    assert both(a, {**b, "date": day(5), "url": a["url"]}) == "revised"
    b["title"] = "Old ferry pier shut for winter"
    assert both(a, b) == "revised"
    assert both(a, {**b, "date": day(5)}) == "related"
    assert both(a, {**b, "date": day(5), "url": a["url"]}) == "revised"
    assert both(a, {**b, "date": day(5), "url": "https://two.example/b"}) == "revised"
    assert both(a, {**b, "date": day(9), "url": "https://two.example/b"}) == "related"


def test_the_window() -> None:
    made = Settings(window="30d")
    a = page("a", story(ENGLISH))
    for text, kind in ((story(ENGLISH), "exact"), (story(ENGLISH) + " Zusatz!", "near")):
        assert both(a, page("b", text, 30), made) == kind
        assert both(a, page("b", text, 31), made) == "related"
        assert both(a, page("b", text, date="someday"), made) == kind
    match = compare(a, page("b", story(ENGLISH), 31), made)
    assert (match.resemblance, match.duplicate) == (1.0, False)
    assert match.reason == "equal words; hours apart 744 >= 720"


def test_short_texts_have_to_be_equal() -> None:
    beside = {"url": f"{SITE}/a", "title": "The pier", "date": day(0)}
    assert both({**beside, "text": "The pier is closed."}, {**beside, "text": "the pier is closed."}) == "exact"
    assert both({**beside, "text": "The pier is closed."}, {**beside, "text": "The pier is closed!"}) == "different"
    match = compare({**beside, "text": "One word"}, {**beside, "text": story(ENGLISH)})
    assert (match.relation, match.reason) == ("different", "fewer than 25 words to compare")


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ({"id": 1}, "text", "record 1: keys seen: id"),
        ("text", {"text": None}, "record 2: keys seen: text"),
        ("text", {"text": 5}, "record 2: the text is an int"),
        (5, "text", "record 1: an int, not an object"),
        (None, None, "no record is a mapping, an object or a string: the first is None"),
        ({}, {}, "no record has a text"),
    ],
)
def test_what_has_no_text_is_an_error(a: Any, b: Any, said: str) -> None:
    with pytest.raises(DedupError) as caught:
        compare(a, b)
    assert said in str(caught.value)
    assert isinstance(caught.value, InputError) or said.startswith("no record")


def test_records_are_left_as_they_are() -> None:
    a, b = page("a", story(ENGLISH)), page("b", story(ENGLISH), 1)
    before = dict(a), dict(b)
    compare(a, b)
    assert (a, b) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(dumps(), st.data())
def test_a_run_decides_as_the_comparison_does(records: list[dict[str, Any]], data: st.DataObject) -> None:
    """Of any two records by themselves, once they are proposed: no boilerplate is known of them."""
    a, b = data.draw(st.sampled_from(records)), {**data.draw(st.sampled_from(records)), "id": "z"}
    relation = both(a, b)
    result = deduplicate([a, b])
    removed = result.removed
    found = compare(*((a, b) if removed and removed[0].id == a["id"] else (b, a)))
    if relation == "exact" or (relation in REMOVED and result.summary().verified):
        assert [(r.relation, r.reason.split("; kept")[0]) for r in removed] == [(found.relation, found.reason)]
    else:
        assert removed == []
