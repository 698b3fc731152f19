"""Articles of every tool: what is read of them, that they are compared alike, and that the very objects come back."""

from __future__ import annotations

import copy
import warnings
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from dedup import Article, Fields, Settings, compare, deduplicate, open_index, unique
from dedup.errors import InputError, NoTextField
from dedup.fields import Essentials
from dedup.shapes import exchanged, is_object, reach, seen, view
from dedup.sources import Taken, once, take
from tests.shapes import PARAGRAPHS, SHAPES, TEXT, URL, Row, Shape

FIELDS = Fields()

each = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)

DOUBLED = "\n".join(("Menu", *PARAGRAPHS, "Share", "Related articles", "Ferry stays in port", *PARAGRAPHS))


@pytest.fixture(autouse=True)
def _warnings_of_others() -> Any:
    """What other packages warn of while they are imported is not our matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@each
def test_what_is_read(shape: Shape) -> None:
    found = Article("x", shape.made(), FIELDS)
    assert found.url == shape.url
    assert found.title == shape.title
    assert str(found.site).removeprefix("www.") == shape.site
    assert found.published == shape.published
    essentials = Essentials(FIELDS)
    taken = take(found.record, essentials, FIELDS)
    assert isinstance(taken, Taken)
    assert essentials.title(taken.values) == shape.title
    assert essentials.url(taken.values, taken.record) == shape.url
    assert taken.text == found.text
    for paragraph in PARAGRAPHS:
        assert paragraph in taken.text
    assert "<" not in taken.text


@each
def test_the_very_object_comes_back_and_is_compared(shape: Shape) -> None:
    article = shape.made()
    copied: dict[str, Any] = {"id": "copy", "text": TEXT.upper()}
    result = deduplicate([article, copied, article], keep="first")
    assert [kept is article for kept in result.kept] == [True]
    assert len(result.removed) == 2
    assert compare(article, copied).duplicate
    assert next(iter(unique([article, copied]))) is article
    with open_index("memory:") as index:
        assert index.check(article).new
        assert index.add(article).new
        assert [verdict.duplicate for verdict in index.add_many([copied, article])] == [True, True]


@each
def test_facts_are_those_of_the_article(shape: Shape) -> None:
    """What a run remembers while it reads is what policies see later."""
    article = shape.made()
    seen_by_policy: list[Article] = []
    result = deduplicate([article, {"id": "b", "text": TEXT}], keep=lambda a: seen_by_policy.append(a) or a.id)  # type: ignore[func-returns-value]
    assert len(result.kept) == 1
    facts = result._source.facts
    found = next(a for a in seen_by_policy if a.record is article)
    assert facts.ids[0] == found.id
    assert facts.published(0) == found.published
    assert facts.site_names[facts.sites[0]] == str(found.site).lower().removeprefix("www.")


@each
def test_a_doubled_body(shape: Shape) -> None:
    article = shape.made(DOUBLED)
    before = copy.copy(article)
    text = Article("x", article, FIELDS).text
    if text.count(PARAGRAPHS[1]) < 2:
        pytest.skip("the extractor has dropped the second copy itself")
    [given] = deduplicate([article]).kept
    [streamed] = unique([article])
    for kept in (given, streamed):
        if shape.keeps:
            assert type(kept) is type(article)
            assert Article("x", kept, FIELDS).text.count(PARAGRAPHS[1]) == 1
            assert Article("x", kept, FIELDS).title == shape.title
        else:
            assert kept is article
    assert Article("x", article, FIELDS).text == text == Article("x", before, FIELDS).text
    repeats = list(deduplicate([article]).page_repeats())
    assert repeats
    assert {repeat.fixed for repeat in repeats} == {not shape.keeps}


class Broken:
    """An object of which a property cannot be read."""

    title = "A title"

    @property
    def text(self) -> str:
        raise RuntimeError("no page was downloaded")


def test_objects_without_a_text_are_set_aside_and_what_they_have_is_named() -> None:
    empty = SimpleNamespace(lead="words", number=7)
    result = deduplicate([{"text": TEXT}, empty, Broken(), 5])
    assert [(q.reason, q.place.line) for q in result.quarantined] == [
        ("no_text", 2),
        ("damaged", 3),
        ("not_an_object", 4),
    ]
    assert result.quarantined[0].detail == "keys seen: lead, number"
    assert "no page was downloaded" in result.quarantined[1].detail
    with open_index("memory:") as index:
        verdict = index.add(empty)
        assert (verdict.status, verdict.reason) == ("quarantined", "no_text: keys seen: lead, number")
        assert "RuntimeError" in index.check(Broken()).reason
        assert list(unique([empty], index=index)) == [empty]
    with pytest.raises(NoTextField, match="keys seen: lead, number"):
        deduplicate([empty])
    with pytest.raises(InputError, match="lead, number"):
        compare(empty, {"text": TEXT})


def test_what_is_computed_is_read_when_it_is_needed() -> None:
    asked = []

    class Lazy:
        text = TEXT
        url = URL

        @property
        def language(self) -> str:
            asked.append("language")
            return "en"

    kept = deduplicate([Lazy()]).kept[0]
    assert asked == []
    assert Article("x", kept, FIELDS).language == "en"


def test_methods_are_no_fields() -> None:
    article = SimpleNamespace(text=TEXT, title=lambda: "no title", date=print, url=URL)
    found = Article("x", article, FIELDS)
    assert (found.title, found.published, found.url) == (None, None, URL)


def test_names_are_overridden_for_objects_too() -> None:
    article = SimpleNamespace(words=SimpleNamespace(all=TEXT), text="decoy", parts=[{"url": URL}])
    fields = Fields(text=("words.all",), url=("parts.0.url",))
    found = Article("x", article, fields)
    assert (found.text, found.url) == (TEXT, URL)
    assert deduplicate([article, article], settings=Settings(fields=fields)).removed[0].id == URL


def test_objects_that_show_their_address_do_not_make_decisions() -> None:
    """Of equal objects the kept one is chosen by what they hold, whatever their addresses are."""
    articles = [SimpleNamespace(text=TEXT + mark, other=object()) for mark in ("", "!", "?")]
    orders = (articles, articles[::-1], articles[1:] + articles[:1])
    kept = [deduplicate([SimpleNamespace(**vars(a), id="same") for a in order]).kept[0].text for order in orders]
    assert len(set(kept)) == 1


@pytest.mark.parametrize(
    ("record", "path", "expected"),
    [
        ({"a": {"b": 1}, "c": 2}, ["a", "b"], {"a": {"b": 5}, "c": 2}),
        ({"a": [1, {"b": 1}]}, ["a", "1", "b"], {"a": [1, {"b": 5}]}),
        (MappingProxyType({"a": 1}), ["a"], {"a": 5}),
        (Row("t", "x", "u", "d"), ["text"], Row("t", 5, "u", "d")),  # type: ignore[arg-type]
        (SimpleNamespace(a=SimpleNamespace(b=1)), ["a", "b"], SimpleNamespace(a=SimpleNamespace(b=5))),
    ],
)
def test_values_are_exchanged_in_copies(record: Any, path: list[str], expected: Any) -> None:
    before = repr(record)
    assert exchanged(record, path, 5) == expected
    assert repr(record) == before


def test_what_a_copy_would_share_is_left_as_it_was() -> None:
    class Shared:
        def __init__(self) -> None:
            self._values = {"text": DOUBLED}

        @property
        def text(self) -> str:
            return self._values["text"]

        @text.setter
        def text(self, value: str) -> None:
            self._values["text"] = value

    article = Shared()
    assert once(article, FIELDS) is article
    assert article.text == DOUBLED


def test_what_is_computed_cannot_be_exchanged() -> None:
    class Computed:
        @property
        def text(self) -> str:
            return DOUBLED

    article = Computed()
    assert once(article, FIELDS) is article
    assert deduplicate([article]).kept[0] is article


@pytest.mark.parametrize("value", [5, None, True, 1.5, b"x", ["x"], ("x",), {"x"}, str, len, object(), range(3)])
def test_built_in_values_are_no_objects(value: object) -> None:
    assert not is_object(value)
    assert view(value) is None


@pytest.mark.parametrize(
    ("value", "part", "expected"),
    [
        ({"a": 1}, "a", 1),
        ({"a": 1}, "b", None),
        ([7, 8], "1", 8),
        ([7, 8], "2", None),
        ([7, 8], "-1", None),
        ([7, 8], "²", None),
        ("text", "title", None),
        (5, "real", None),
        (SimpleNamespace(a=1), "a", 1),
        (SimpleNamespace(a=1), "b", None),
    ],
)
def test_steps_of_dotted_names(value: object, part: str, expected: object) -> None:
    assert reach(value, part) == expected


def test_attributes_as_a_mapping() -> None:
    found = view(SimpleNamespace(b=1, a=None, _hidden=2, method=len))
    assert found is not None
    assert dict(found) == {"b": 1}
    assert len(found) == 1
    assert seen(Row("t", "x", "u", "d")) == ["date", "text", "title", "url"]
