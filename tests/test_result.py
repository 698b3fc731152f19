"""What a run gives back: the very records, the removed ones with their reasons, clusters, and an account."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from dedup import Cluster, Place, Removed, Result, Settings, deduplicate
from dedup.errors import InputError, NoTextField, SettingsError
from dedup.model import REMOVED
from tests.hostile import article, balanced, edited, line, lines, records

TEXT: Final = article(900)


@pytest.fixture
def given() -> list[dict[str, Any]]:
    return records()


# The kept


def test_kept_records_are_the_very_objects(given: list[dict[str, Any]]) -> None:
    result = deduplicate(given)
    known = {id(record) for record in given}
    assert all(id(record) in known for record in result.kept)
    order = [given.index(dict(record)) for record in result.kept if not isinstance(record, str)]
    assert order == sorted(order)
    assert [given[i]["id"] for i in order] == [f"s{i}" for i in range(30)]


def test_records_are_left_as_they_are(given: list[dict[str, Any]]) -> None:
    deduplicate(given)
    assert given == records()


def test_kept_is_a_sequence(given: list[dict[str, Any]]) -> None:
    kept = deduplicate(given).kept
    listed = list(kept)
    assert isinstance(kept, Sequence)
    assert len(kept) == len(listed) == 30
    assert kept[0] is listed[0]
    assert kept[-1] is listed[-1]
    assert kept[2:5] == listed[2:5]
    assert kept[::-1] == listed[::-1]
    assert kept[100:] == []
    assert kept == listed
    assert kept != listed[1:]
    assert kept != listed[::-1]
    assert kept != object()
    assert listed[3] in kept
    assert kept.index(listed[3]) == 3
    assert list(reversed(kept)) == listed[::-1]
    with pytest.raises(IndexError):
        kept[30]


@pytest.mark.parametrize(
    ("articles", "message"),
    [
        (None, "None; give a list of records, or the path of a dump"),
        (5, "an int; give a list"),
        (b"The ferry", "a bytes; give a list"),
        ({"text": "The ferry"}, "a mapping is one record"),
        ("The ferry.\nIt sails.", "a string is the path of a dump; give texts in a list"),
        ("The ferry sails. " * 20, "a string is the path of a dump; give texts in a list"),
        ("no.jsonl", "no.jsonl: no such file"),
        ([None], "the first is None, not an object"),
        ([5], "the first is an int, not an object"),
    ],
)
def test_what_holds_no_articles(articles: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        deduplicate(articles)


def test_strings_and_other_mappings() -> None:
    frozen = MappingProxyType({"text": TEXT.upper()})
    texts: list[Any] = [TEXT, frozen, article(901)]
    result = deduplicate(iter(texts), keep="first")
    assert list(result.kept) == [TEXT, article(901)]
    assert result.kept[0] is texts[0]
    other = deduplicate([frozen, TEXT], keep="first")
    assert other.kept[0] is frozen


def test_kept_of_a_file_is_read_anew(tmp_path: Path, given: list[dict[str, Any]]) -> None:
    path = tmp_path / "dump.jsonl"
    path.write_bytes(lines())
    for source in (path, str(path)):
        result = deduplicate(source)
        assert result.kept == list(deduplicate(given).kept)
        assert result.kept[1:3] == [r for r in given if r["id"] in ("s1", "s2")]
        assert result.kept[0] == result.kept[0]
        assert [(r.id, r.duplicate_of, r.reason) for r in result.removed] == [
            (r.id, r.duplicate_of, r.reason) for r in deduplicate(given).removed
        ]


def test_kept_of_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl.gz"
    path.write_bytes(gzip.compress(lines()))
    result = deduplicate(path)
    assert [r["id"] for r in result.kept if not isinstance(r, str)] == [f"s{i}" for i in range(30)]


def test_working_data_may_lie_in_files(tmp_path: Path, given: list[dict[str, Any]]) -> None:
    result = deduplicate(given, work_dir=tmp_path)
    assert result.removed == deduplicate(given).removed


# The removed


def test_removed_records() -> None:
    edit = edited(TEXT)
    result = deduplicate(
        [
            {"id": "a", "text": article(901)},
            {"id": "b", "text": TEXT},
            "",
            {"id": "c", "text": TEXT.upper()},
            {"id": "d", "text": edit},
        ],
        keep="first",
    )
    home = Place("<records>", 2)
    assert result.removed == [
        Removed("c", "b", "exact", 1.0, 1.0, "equal words; kept by first", Place("<records>", 4), home),
        Removed(
            "d",
            "b",
            "near",
            0.9625,
            0.9625,
            "resemblance 0.9625 >= 0.8; kept by first",
            Place("<records>", 5),
            home,
        ),
    ]
    assert result.removed[1].resemblance == 77 / 80  # three words of eighty
    assert str(result.removed[1].place) == "<records>:5"
    assert result.removed is result.removed
    assert list(result.iterate_removed()) == result.removed


def test_places_in_a_file_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl"
    path.write_bytes(b"\n" + line(id="a", text=TEXT) + b"not json\n\n" + line(id="b", text=TEXT + "!"))
    result = deduplicate(path)
    assert [(r.id, r.place, r.kept_place) for r in result.removed] == [("b", Place(str(path), 5), Place(str(path), 2))]
    assert [(q.reason, q.place.line) for q in result.quarantined] == [("not_json", 3)]
    assert result.summary().blank_lines == 2


def test_clusters(given: list[dict[str, Any]]) -> None:
    result = deduplicate(given)
    assert all(isinstance(cluster, Cluster) for cluster in result.clusters)
    assert [cluster.canonical for cluster in result.clusters] == [
        f"s{i}" for i in range(30) if i % 3 == 0 or i % 5 == 0
    ]
    assert sorted(m.id for c in result.clusters for m in c.members) == sorted(r.id for r in result.removed)
    for cluster in result.clusters:
        assert {member.duplicate_of for member in cluster.members} == {cluster.canonical}
        assert {member.kept_place for member in cluster.members} == {cluster.place}


# The account


def test_the_summary(given: list[dict[str, Any]]) -> None:
    result = deduplicate([*given, "", {"id": "x"}, {"text": 5}, 7])
    summary = result.summary()
    assert balanced(summary)
    assert (summary.records, summary.kept, summary.removed) == (len(given) + 4, 30, len(given) - 30)
    assert summary.quarantined_by_reason == {"empty": 1, "no_text": 1, "not_an_object": 1, "text_not_a_string": 1}
    assert list(summary.relations) == list(REMOVED)
    assert summary.relations == {name: sum(r.relation == name for r in result.removed) for name in REMOVED}
    assert (summary.relations["exact"], summary.relations["near"]) == (10, 6)
    assert (summary.siblings, summary.related, summary.versions) == (0, 0, 0)
    assert (summary.boilerplate_words, summary.boilerplate_only, summary.hot_passages) == (0, 0, 0)
    assert summary.clusters == len(result.clusters)
    assert summary.verified <= summary.candidates
    assert summary.bytes == sum(len(record["text"]) for record in given)
    assert summary.seconds >= 0
    assert [q.place.line for q in result.quarantined] == sorted(q.place.line for q in result.quarantined)
    assert result.quarantined[0].detail == "the text has no words"


def test_results_show_themselves_in_short(given: list[dict[str, Any]]) -> None:
    result = deduplicate([*given, ""])
    assert repr(result) == "<Result: 30 kept, 16 removed, 1 quarantined>"
    assert repr(result.kept) == "<30 records>"
    huge = deduplicate([article(i, 30) for i in range(3000)])
    assert max(len(repr(huge)), len(repr(huge.kept))) < 200
    assert isinstance(huge, Result)


# Options


def test_threshold_and_keep_go_before_settings() -> None:
    a, b = TEXT, edited(TEXT, 12)
    made = Settings(threshold=0.95, keep="longest", versions="all", jobs=2)
    assert deduplicate([a, b], settings=made).removed == []
    result = deduplicate([a, b + " end"], threshold=0.6, keep="first", settings=made)
    assert list(result.kept) == [a]
    assert (result.settings.threshold, result.settings.keep, result.settings.jobs) == (0.6, "first", 2)
    assert (made.threshold, made.keep) == (0.95, "longest")
    assert list(deduplicate([a, b + " end"], threshold=0.6, settings=made).kept) == [b + " end"]
    assert deduplicate([a, b], settings=Settings(threshold=0.6)).settings.threshold == 0.6


def test_errors() -> None:
    with pytest.raises(SettingsError, match="threshold is 3"):
        deduplicate([TEXT], threshold=3)
    with pytest.raises(SettingsError, match="no policy"):
        deduplicate([TEXT], keep="bets")
    with pytest.raises(NoTextField, match="keys seen: words"):
        deduplicate([{"words": TEXT}])
    with pytest.raises(InputError):
        deduplicate("/nowhere/at/all.jsonl")


def test_an_error_in_the_input_is_passed_on() -> None:
    def broken() -> Any:
        yield TEXT
        raise RuntimeError("the scraper broke")

    with pytest.raises(RuntimeError, match="the scraper broke"):
        deduplicate(broken())


def test_an_error_in_a_policy_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        deduplicate([TEXT, TEXT], keep=lambda a: 1 / 0)


@pytest.mark.parametrize("given", [{"id": 1, "text": "words"}, [1, 2], [b"words"], [None]])
def test_what_are_no_records_is_an_error(given: Any) -> None:
    with pytest.raises(InputError, match="<records>"):
        deduplicate(given)


def test_dates_that_cannot_be_read_are_counted() -> None:
    dates = ["2026-03-02", "yesterday", None, "March 2, 2021", 1_600, "02/03/2021"]
    assert deduplicate([{"text": "words", "published": d} for d in dates]).summary().undated == 4
