"""The field map: the records of common scrapers, as policies see them."""

from __future__ import annotations

import json
import re
from collections import UserDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Settings, deduplicate
from dedup.errors import SettingsError
from dedup.fields import PLANS, Article, Essentials, Fields
from dedup.urls import host

CASES = json.loads((Path(__file__).parent / "cases" / "fields.json").read_text())


def article(record: Any, fields: Fields | None = None) -> Article:
    fields = fields or Fields()
    _, given, *_ = Essentials(fields)(record)
    return Article(fields.identity(given, record, b"The words."), record, fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_table(case: dict[str, Any]) -> None:
    found = article(case["record"])
    assert {part: getattr(found, part) for part in case["expected"]} == case["expected"]


def first(record: dict[str, Any], names: tuple[str, ...]) -> object:
    """The model: the first name with a value; after all of them the dotted ones, part by part."""
    for name in names:
        if record.get(name) is not None:
            return record[name]
    for name in names:
        found: object = record
        for key in name.split(".") if "." in name else ():
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None and found is not record:
            return found
    return None


ALL = tuple({name: None for part in Fields.__slots__ for name in getattr(Fields(), part)})


@pytest.mark.parametrize("part", ["url", "canonical_url", "title", "site", "language"])
def test_the_first_name_that_has_a_value_wins(part: str) -> None:
    names = getattr(Fields(), part)
    for i, name in enumerate(names):
        record = {n: f"https://{n}.example/" if names.index(n) >= i else None for n in reversed(names)}
        assert getattr(article(record), part) == f"https://{name}.example/"


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["text", "body", "a", "a.b", "id", "guid", "date", "published", "title", "url", "other"]),
            st.one_of(
                st.none(), st.sampled_from(["", "x", b"x", "http://x", 0, {"b": "y"}, {"b": None}, {"b": {"c": 1}}, []])
            ),
            max_size=8,
        ),
        max_size=8,
    )
)
def test_what_is_remembered_of_shapes_does_not_change_what_is_found(records: list[dict[str, Any]]) -> None:
    fields = Fields(
        text=("a.b", "text", "body", "a"),
        id=("id", "guid", "a.b.c"),
        published=("date", "published"),
        title=("title", "a"),
        site=("a.b", "site"),
        url=("url", "guid", "a.b"),
        canonical_url=("a", "url"),
    )
    parts = (fields.text, fields.id, fields.published, fields.title, fields.site, fields.url, fields.canonical_url)
    essentials = Essentials(fields)
    for record in [*records, *records]:
        values = essentials(record)
        assert values == [first(record, names) for names in parts]
        found = Article("", record, fields)
        assert (essentials.title(values), essentials.url(values, record)) == (found.title, found.url)
        assert essentials.canonical_url(values) == found.canonical_url


def test_many_shapes_are_not_all_remembered() -> None:
    essentials = Essentials(Fields())
    for i in range(3 * PLANS):
        assert essentials({f"key{i}": 1, "id": i, "text": "x"}) == ["x", i, None, None, None, None, None]
    assert len(essentials._plans) <= PLANS


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"": "0", "text": "words", "url": "https://one.example/"},
            ["words", None, None, None, None, "https://one.example/", None],
        ),
        ({"": "no text"}, [None, None, None, None, None, None, None]),
        ({"": "2024-01-31", "text": "words", "id": 1}, ["words", 1, None, None, None, None, None]),
        (
            {"": "x", "text": "words", "headline": "A title", "publisher": "one.example", "date": "2024-01-31"},
            ["words", None, "2024-01-31", "A title", "one.example", None, None],
        ),
    ],
)
def test_a_key_without_a_name_is_no_part(record: dict[str, Any], expected: object) -> None:
    """As the index column has in a CSV file."""
    assert Essentials(Fields())(record) == expected


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"a": {"b": "nested"}}, "nested"),
        ({"a.b": "flat", "a": {"b": "nested"}}, "flat"),
        ({"a": {"b": None}}, None),
        ({"a": None}, None),
        ({"a": "b"}, None),
        ({"a": ["b"]}, None),
        ({"a": [{"b": "in a list"}]}, None),
        ({"a": {"b": {"c": 1}}}, {"c": 1}),
        ({"a": UserDict({"b": "any mapping"})}, "any mapping"),
        ({"b": "below nothing"}, None),
        ({}, None),
    ],
)
def test_dotted_names_reach_into_records(record: dict[str, Any], text: object) -> None:
    assert Essentials(Fields(text=("a.b",)))(record)[0] == text
    assert Fields(text=("a.b",)).text_of(record) == text


def test_deep_and_mixed_paths() -> None:
    fields = Fields(text=("body", "a.b.c"), id=("meta.id",), published=("meta.date",))
    record = {"a": {"b": {"c": "deep"}}, "meta": {"id": 9, "date": "2024-01-31"}}
    found = article(record, fields)
    assert (found.text, found.id, found.published) == ("deep", "9", 1706659200.0)
    assert article({**record, "body": "flat"}, fields).text == "flat"


def test_without_id_and_url_the_text_names_the_record() -> None:
    fields = Fields()
    one, same, other = (fields.identity(None, {}, text) for text in (b"a", b"a", b"b"))
    assert one == same != other
    assert one.startswith("text-")


@pytest.mark.parametrize("names", ["body", b"body", None, 3, ("body", 3)])
def test_names_of_fields_come_in_a_tuple(names: Any) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"text is {names!r}: give a tuple of names")):
        Settings(fields=Fields(text=names))


def test_bytes_of_records_in_memory_are_read_as_utf_8() -> None:
    found = article({"title": b"caf\xc3\xa9 \xff", "url": b"https://one.example/"})
    assert (found.title, found.url) == ("café \ufffd", "https://one.example/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://one.example/a", "one.example"),
        ("https://WWW.One.Example:8080/a?b#c", "one.example"),
        ("http://user:secret@one.example/", "one.example"),
        ("https://www.www.example/", "www.example"),
        ("https://wwwone.example/", "wwwone.example"),
        ("https://[::1]/", "::1"),
        ("https://", None),
        ("https:///a", None),
        ("one.example/a", None),
        ("https://[broken", None),
        ("", None),
        (None, None),
    ],
)
def test_host(url: str | None, expected: str | None) -> None:
    assert host(url) == expected


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(),
        st.text(),
        st.text().map("https://".__add__),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "id", "text"]), inner)),
    max_leaves=5,
)
RECORDS = st.dictionaries(st.sampled_from(ALL), VALUES, max_size=6)


@given(RECORDS)
def test_no_record_is_too_odd(record: dict[str, Any]) -> None:
    found = article(record)
    assert isinstance(found.id, str)
    assert found.id
    assert isinstance(found.text, str)
    for value in (found.url, found.canonical_url, found.title, found.site, found.language):
        assert value is None or (isinstance(value, str) and value)
    for moment in (found.published, found.modified):
        assert moment is None or isinstance(moment, float)


MARKED: list[tuple[dict[str, Any], object]] = [
    ({"text": "<b>x</b>", "content_html": "<i>y</i>"}, "<b>x</b>"),
    ({"text": None, "content_html": "<i>y</i>"}, "y"),
    ({"content_html": "<i>y</i>", "url": "z"}, "y"),
    ({"content_html": None, "url": "z"}, None),
    ({"markdown": "[x](y)", "raw_text": "z"}, "[x]"),
    ({"markdown": None, "raw_text": "z"}, "z"),
    ({"markdown": {"raw_markdown": "[x](y)"}}, "[x]"),
    (
        {"content": [{"type": "text/html", "value": "<p>x</p>"}], "markdown": None},
        [{"type": "text/html", "value": "<p>x</p>"}],
    ),
]


@pytest.mark.parametrize("turn", [1, -1])
def test_marks_do_not_count_whatever_the_first_record_of_a_shape_holds(turn: int) -> None:
    essentials = Essentials(Fields())
    for record, text in MARKED[::turn]:
        assert essentials(record)[0] == text


@pytest.mark.parametrize(
    ("record", "part", "expected"),
    [
        ({"url": "/a", "source": "Post", "metadata": {"url": "https://one.example/a"}}, "url", "https://one.example/a"),
        ({"url": "/a", "mainEntityOfPage": {"@id": "https://one.example/a"}}, "url", "https://one.example/a"),
        ({"mainEntityOfPage": "https://one.example/a"}, "url", "https://one.example/a"),
        ({"published": "yesterday", "published_parsed": [2024, 1, 31, 0, 0, 0, 2, 31, 0]}, "published", 1706659200.0),
        ({"publisher": {"name": "The Post"}}, "site", "The Post"),
        ({"publisher": {"name": "The Post"}, "url": "https://one.example/a"}, "site", "one.example"),
        ({"source_domain": b"one.example"}, "site", "one.example"),
        ({"source_url": "https://one.example/"}, "url", None),
        ({"summary": "A lead"}, "text", ""),
    ],
)
def test_a_value_that_is_of_no_use_does_not_hide_the_next_one(
    record: dict[str, Any], part: str, expected: object
) -> None:
    found = article(record)
    assert getattr(found, part) == expected
    result = deduplicate([{**record, "text": "x"}])
    facts = result._source.facts
    if part == "published":
        assert facts.published(0) == expected
    if part == "site":
        assert facts.site_names[facts.sites[0]] == str(expected).lower()
