"""Which copy is kept: each policy by a table, chains of them, functions of one's own, and a total order at the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import Article, Fields, Policy, Settings, deduplicate
from dedup.canonical import DEFAULT, POLICIES, Copy
from dedup.errors import DedupError, SettingsError
from tests.hostile import article, edited

TEXT: Final = article(800)
Keep = str | Callable[[Article], Any] | Sequence[str | Callable[[Article], Any]]


def copy(name: str = "x", **facts: Any) -> Copy:
    """A copy; `record` is what its record holds."""
    record = facts.pop("record", {})
    made = {"published": None, "words": 10, "held": 10, "position": 0} | facts
    return Copy(name, read=lambda: Article(name, record, Fields()), **made)


def order(keep: Keep, copies: Sequence[Copy], sources: Sequence[str] = ()) -> list[str]:
    """The ids, best first."""
    policy = Policy.parse(keep, sources)
    return [c.id for c in sorted(copies, key=policy.rank)]


def kept(records: Sequence[dict[str, Any]], **options: Any) -> list[str]:
    return [r["id"] for r in deduplicate(records, **options).kept if not isinstance(r, str)]


# Each policy

TABLE: Final[list[tuple[str, dict[str, dict[str, Any]], list[str]]]] = [
    ("complete", {"a": {"held": 5}, "b": {"held": 50}, "c": {"held": 20}}, ["b", "c", "a"]),
    ("longest", {"a": {"words": 5}, "b": {"words": 7}, "c": {"words": 6}}, ["b", "c", "a"]),
    ("earliest", {"a": {"published": 9.0}, "b": {"published": 3.0}, "c": {"published": 5.0}}, ["b", "c", "a"]),
    ("earliest", {"a": {}, "b": {"published": 9e9}, "c": {"published": 0.0}}, ["c", "b", "a"]),
    ("earliest", {"a": {}, "b": {"published": -5.0}, "c": {"published": 0.0}}, ["b", "c", "a"]),
    ("latest", {"a": {"published": 3.0}, "b": {"published": 9.0}, "c": {"published": 5.0}}, ["b", "c", "a"]),
    ("latest", {"a": {}, "b": {"published": 0.0}, "c": {"published": -7.0}}, ["b", "c", "a"]),
    ("first", {"a": {"position": 2}, "b": {"position": 0}, "c": {"position": 1}}, ["b", "c", "a"]),
    ("id", {"b": {}, "c": {}, "a": {}, "10": {}, "9": {}}, ["10", "9", "a", "b", "c"]),
]


@pytest.mark.parametrize(("keep", "copies", "expected"), TABLE)
def test_policies(keep: str, copies: dict[str, dict[str, Any]], expected: list[str]) -> None:
    for turn in itertools.permutations(copies.items()):
        assert order(keep, [copy(name, **facts) for name, facts in turn]) == expected


def test_the_table_holds_every_policy_that_reads_no_record() -> None:
    assert {keep for keep, _, _ in TABLE} | {"canonical-url"} == set(POLICIES)


@pytest.mark.parametrize("keep", sorted({*POLICIES, "source"} - {"first"}))
def test_ties_go_by_id(keep: str) -> None:
    copies = [copy(name, position=i) for i, name in enumerate("cab")]
    assert order(keep, copies, ["x.example"]) == ["a", "b", "c"]


# The canonical URL

URLS: Final = [
    ("https://one.example/a", "https://one.example/a", 0),
    ("https://one.example/a?b=2&a=1", "https://one.example/a?a=1&b=2", 0),
    ("https://ONE.example/a", "https://one.example/a", 0),
    ("https://one.example/a#comments", "https://one.example/a", 0),
    ("https://one.example", "https://one.example/", 0),
    ("https://one.example/é", "https://one.example/%C3%A9", 0),
    ("https://one.example/a?utm_source=x", "https://one.example/a", 0),
    ("https://one.example/a?id=5", "https://one.example/a", 2),
    ("https://one.example/a", "https://two.example/a", 2),
    ("http://one.example/a", "https://one.example/a", 0),
    ("https://one.example/a/", "https://one.example/a", 0),
    ("https://one.example/a", None, 1),
    (None, "https://one.example/a", 1),
    (None, None, 1),
    ("https://one.example/a", "/a", 1),
    ("https://one.example/a", "", 1),
    ("https://[one.example/a", "https://[one.example/a", 0),
]


@pytest.mark.parametrize(("url", "canonical", "rank"), URLS)
def test_canonical_url(url: str | None, canonical: str | None, rank: int) -> None:
    """A relative canonical URL counts as none."""
    found = copy(record={"url": url, "canonicalUrl": canonical})
    assert Policy.parse("canonical-url").rank(found)[0] == rank


def test_the_canonical_copy_goes_first_and_the_one_that_points_elsewhere_last() -> None:
    records = {
        "own": {"url": "https://one.example/a?x=1&b=2", "canonical_url": "https://one.example/a?b=2&x=1"},
        "none": {"url": "https://two.example/a"},
        "away": {"url": "https://agg.example/a", "canonical_url": "https://one.example/a"},
    }
    assert order("canonical-url", [copy(n, record=r) for n, r in records.items()]) == ["own", "none", "away"]
    given = [{"id": f"{9 - i}", "text": TEXT, **r} for i, r in enumerate(records.values())]
    assert kept(given, keep="canonical-url") == ["9"]


# Sources


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"site": "best.example"}, 0),
        ({"site": "WWW.Best.example"}, 0),
        ({"url": "https://www.best.example/x"}, 0),
        ({"url": "https://best.example:8080/x"}, 0),
        ({"url": "https://second.example/x"}, 1),
        ({"site": "The Best Times", "url": "https://best.example/x"}, 0),
        ({"site": "second.example", "url": "https://best.example/x"}, 0),
        ({"site": "other.example"}, 2),
        ({"url": "https://sub.best.example/x"}, 2),
        ({}, 2),
    ],
)
def test_sources(record: dict[str, Any], place: int) -> None:
    policy = Policy.parse("source", ["www.Best.example", "second.example"])
    assert policy.rank(copy(record=record))[0] == place


def test_source_needs_sources() -> None:
    with pytest.raises(SettingsError, match=r"policy source needs .* sources= or --sources"):
        Policy.parse("source")
    with pytest.raises(SettingsError, match="sources"):
        Settings(keep="complete,source")
    records = [{"id": "1", "text": TEXT, "site": "a.example"}, {"id": "2", "text": TEXT, "site": "b.example"}]
    assert kept(records, settings=Settings(keep="source", sources=("b.example",))) == ["2"]


# Chains and functions


def test_the_first_policy_that_tells_copies_apart_decides() -> None:
    a = copy("a", words=10, published=5.0)
    b = copy("b", words=10, published=3.0)
    c = copy("c", words=12, published=9.0)
    assert order("longest,earliest", [a, b, c]) == ["c", "b", "a"]
    assert order("earliest,longest", [a, b, c]) == ["b", "a", "c"]
    assert order(["longest", "latest"], [a, b, c]) == ["c", "a", "b"]
    assert order(" longest , earliest ", [a, b, c]) == ["c", "b", "a"]
    policy = Policy.parse("longest,earliest")
    assert policy.names == ("longest", "earliest", "id")
    ranks = {each.id: policy.rank(each) for each in (a, b, c)}
    assert policy.decided(ranks["c"], ranks["b"]) == "longest"
    assert policy.decided(ranks["b"], ranks["a"]) == "earliest"
    assert policy.decided(ranks["a"], ranks["a"]) == "content"
    twin = policy.rank(copy("z", words=10, published=5.0))
    assert policy.decided(ranks["a"], twin) == "id"


def test_id_ends_every_chain_once() -> None:
    assert Policy.parse(DEFAULT).names == ("complete", "earliest", "id")
    assert Policy.parse("id").names == ("id",)
    assert Policy.parse("id,longest").names == ("id", "longest")
    assert Policy.parse([]).names == ("id",)


@pytest.mark.parametrize("keep", ["best", "", "longest,,id", "Longest", ["longest", "bset"]])
def test_an_unknown_policy_names_the_known_ones(keep: str | list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.parse(keep)
    for name in [*POLICIES, "source"]:
        assert name in str(caught.value)
    assert isinstance(caught.value, (DedupError, ValueError))


def shortest(a: Article) -> int:
    return len(a.text)


def test_functions_of_ones_own() -> None:
    records = [{"id": "1", "text": TEXT}, {"id": "2", "text": TEXT + " !!!"}, {"id": "3", "text": TEXT + " !"}]
    assert kept(records, keep=lambda a: -len(a.text)) == ["2"]
    assert kept(records, keep=shortest) == ["1"]
    assert kept(records, keep=[lambda a: a.text.endswith("!"), "id"]) == ["1"]
    assert kept(records, keep=[lambda a: not a.text.endswith("!"), "id"]) == ["2"]
    assert kept(records, keep=["longest", lambda a: -int(a.id)]) == ["3"]
    assert kept(records, keep=lambda a: 0) == ["1"]


def test_functions_see_the_article() -> None:
    seen: list[Article] = []

    def look(a: Article) -> int:
        seen.append(a)
        return 0

    record = {"id": "1", "text": TEXT, "url": "https://a.example/x", "date": "2024-01-31", "lang": "en", "extra": 5}
    deduplicate([record, {"id": "2", "text": TEXT}], keep=look)
    found = next(a for a in seen if a.id == "1")
    assert (found.text, found.url, found.site, found.language) == (TEXT, "https://a.example/x", "a.example", "en")
    assert found.published == 1706659200.0
    assert found.record["extra"] == 5


def test_a_function_is_named_in_the_reason() -> None:
    result = deduplicate([{"id": "1", "text": TEXT}, {"id": "2", "text": TEXT + "!"}], keep=[shortest, "longest"])
    assert [removed.reason for removed in result.removed] == ["equal words; kept by shortest"]


# In a run

STORY: Final = {"a": TEXT, "b": TEXT.upper(), "c": edited(TEXT) + " and three more words"}


@pytest.mark.parametrize(
    ("keep", "dates", "expected", "policies"),
    [
        ("longest", {}, "c", {"longest"}),
        ("earliest", {"a": "2024-01-03", "b": "2024-01-02", "c": "2024-01-05"}, "b", {"earliest"}),
        ("latest", {"a": "2024-01-03", "b": "2024-01-02", "c": "2024-01-05"}, "c", {"latest"}),
        ("earliest", {"c": "2024-01-05"}, "c", {"earliest"}),
        ("latest", {"b": "1969-01-05"}, "b", {"latest"}),
        ("latest", {"b": "someday"}, "a", {"id"}),
        ("first", {}, "a", {"first"}),
        ("id", {}, "a", {"id"}),
        ("complete,earliest,id", {}, "c", {"complete"}),
    ],
)
def test_the_reason_names_the_policy_that_decided(
    keep: str, dates: dict[str, str], expected: str, policies: set[str]
) -> None:
    records = [{"id": name, "text": text, "date": dates.get(name)} for name, text in STORY.items()]
    result = deduplicate(records, keep=keep)
    assert [r["id"] for r in result.kept if not isinstance(r, str)] == [expected]
    assert {removed.reason.split("kept by ")[1] for removed in result.removed} == policies
    for removed in result.removed:
        assert removed.duplicate_of == expected
        if removed.relation == "exact":
            assert removed.reason.startswith("equal words; ")
        else:
            assert removed.reason.startswith(f"resemblance {removed.resemblance:.4g} >= 0.8; ")


def test_identical_ids_fall_back_to_content() -> None:
    records = [{"id": "same", "text": TEXT, "n": n} for n in range(5)]
    first = list(deduplicate(records).kept)
    assert len(first) == 1
    for turn in itertools.islice(itertools.permutations(records), 0, 120, 17):
        result = deduplicate(turn)
        assert list(result.kept) == first
        assert {removed.reason for removed in result.removed} == {"equal words; kept by content"}


def test_first_goes_by_the_input() -> None:
    records = [{"id": name, "text": TEXT} for name in "zyx"]
    assert kept(records, keep="first") == ["z"]
    assert kept(records[::-1], keep="first") == ["x"]


# A total order

COPIES: Final = st.builds(
    lambda name, published, words, held, position: copy(
        name, published=published, words=words, held=held, position=position
    ),
    st.sampled_from("abc"),
    st.none() | st.sampled_from([-1.0, 0.0, 5.0, 5.5]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 3),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(POLICIES)), min_size=1, max_size=4),
    st.lists(COPIES, min_size=2, max_size=6),
    st.randoms(),
)
def test_every_chain_is_a_total_order(names: list[str], copies: list[Copy], draw: Any) -> None:
    policy = Policy.parse(",".join(names))
    ranks = sorted(map(policy.rank, copies))
    assert ranks == sorted(map(policy.rank, draw.sample(copies, len(copies))))
    for a, b in itertools.pairwise(ranks):
        decided = policy.decided(a, b)
        assert (decided == "content") == (a == b)
        assert decided in (*policy.names, "content")
