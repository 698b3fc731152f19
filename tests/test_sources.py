"""Records in memory, and `deduplicate`: what comes in comes out as it was, and nothing is written or said unasked."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
from collections import UserDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dedup import Article, Fields, Removed, Settings, deduplicate
from dedup.errors import DedupError, InputError, NoTextField, SettingsError
from dedup.model import Place
from dedup.sources import BATCH_BYTES, RecordSource, Rows
from tests.hostile import COMPRESSED, article, balanced, compress, edited, environment, lines, names, records

SPOOLS = 6
"""Working files of a run without boilerplate: tokens, pieces (two), contexts, passages."""

open_files = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
"""See test_a_result_closes_its_files."""


def where(removed: list[Removed]) -> list[tuple[int, int, str]]:
    return [(r.place.line, r.kept_place.line, r.relation) for r in removed]


def test_dicts_come_back_as_the_very_same_objects() -> None:
    given = records(30)
    before = [dict(record) for record in given]
    result = deduplicate(given)
    kept = {id(record) for record in result.kept}
    assert kept <= {id(record) for record in given}
    assert len(kept) == len(result.kept) == 30
    assert given == before
    gone = [given[r.place.line - 1]["id"] for r in result.removed]
    assert gone == [r.id for r in result.removed]
    assert {id(r) for r in given} - kept == {id(r) for r in given if r["id"] in gone}
    assert balanced(result.summary())
    assert {r.place.source for r in result.removed} == {"<records>"}


def test_strings_are_texts() -> None:
    story = article(1)
    given = [story, article(2), story.upper(), edited(story)]
    result = deduplicate(given, keep="first")
    assert list(result.kept) == [story, article(2)]
    assert result.kept[0] is story
    assert where(result.removed) == [(3, 1, "exact"), (4, 1, "near")]


def test_generators_and_mappings_of_every_kind() -> None:
    story = article(1)

    def made() -> Iterator[Mapping[str, Any]]:
        yield {"text": story, "id": "dict"}
        yield UserDict({"text": story, "id": "user"})
        yield MappingProxyType({"text": story, "id": "proxy"})

    result = deduplicate(made(), keep="first")
    assert [(r.id, r.duplicate_of) for r in result.removed] == [("user", "dict"), ("proxy", "dict")]


def test_what_is_no_record_is_set_aside_by_number() -> None:
    given: list[Any] = [
        {"text": article(1)},
        5,
        None,
        ["text"],
        b"bytes",
        {"text": 7},
        {"id": 1},
        {"text": " "},
        article(2),
    ]
    result = deduplicate(given)
    assert [(q.place, q.reason) for q in result.quarantined] == [
        (Place("<records>", number), reason)
        for number, reason in [
            (2, "not_an_object"),
            (3, "not_an_object"),
            (4, "not_an_object"),
            (5, "not_an_object"),
            (6, "text_not_a_string"),
            (7, "no_text"),
            (8, "empty"),
        ]
    ]
    assert list(result.kept) == [given[0], given[-1]]
    assert (result.summary().records, balanced(result.summary())) == (9, True)


@pytest.mark.parametrize("given", [[{"lead": "a", "id": 1}], [{"lead": "a"}, {"Text": "b"}], [{}]])
def test_records_without_a_text_anywhere_are_an_error(given: list[dict[str, Any]]) -> None:
    with pytest.raises(NoTextField, match="no record has a text in articleBody") as caught:
        deduplicate(given)
    assert caught.value.keys == sorted({key for record in given for key in record})
    assert caught.value.source == "<records>"


def test_no_records_are_no_error() -> None:
    result = deduplicate([])
    assert (list(result.kept), result.removed, result.quarantined) == ([], [], [])
    assert result.summary().records == 0


def test_lone_surrogates_and_nul_are_characters() -> None:
    given = [{"text": f"{article(1)} \ud83d", "id": "\udc00"}, {"text": f"\0 {article(2)}"}]
    assert list(deduplicate(given).kept) == given


def test_the_text_field_can_be_named() -> None:
    story = article(1)
    given = [{"a": {"b": story}, "text": "decoy"}, {"a": {"b": story + "!"}, "text": "another"}]
    result = deduplicate(given, settings=Settings(fields=Fields(text=("a.b",)), keep="first"))
    assert where(result.removed) == [(2, 1, "exact")]
    assert len(deduplicate(given).kept) == 2


def test_batches_are_bounded_and_in_order() -> None:
    texts = [article(i, 400) for i in range(600)]
    source = RecordSource(iter(texts), Fields())
    batches = list(source.batches())
    assert len(batches) > 2
    assert [text.decode() for batch in batches for text in batch.texts] == texts
    assert all(sum(map(len, batch.texts[:-1])) < BATCH_BYTES for batch in batches)
    assert [title for batch in batches for title in batch.titles] == [b""] * len(texts)
    assert source.volume == sum(map(len, texts))


def test_a_row_leads_back_to_its_record() -> None:
    given: list[Any] = [
        None,
        {"id": 3, "text": "words", "date": "2024-01-31", "title": "A café", "url": "https://www.One.example/x"},
        "other words",
        {"text": "more words", "title": 5, "site": "one.example", "url": "https://two.example/"},
        {"text": "last words", "site": 5, "url": "two.example/x"},
    ]
    source = RecordSource(given, Fields())
    [rows] = source.batches()
    assert rows == Rows([b"words", b"other words", b"more words", b"last words"], ["A café".encode(), b"", b"", b""])
    assert list(source.facts.sites) == [0, -1, 0, -1]
    assert source.facts.site_names == ["one.example"]
    assert source.record(0) is given[1]
    assert source.record(1) is given[2]
    assert (source.place(0), source.place(1)) == (Place("<records>", 2), Place("<records>", 3))
    assert (source.article(0).id, source.article(0).text, source.article(1).text) == ("3", "words", "other words")
    assert (source.facts.published(0), source.facts.published(1)) == (1706659200.0, None)
    assert source.raw(0) != source.raw(1)
    assert source.order(source.place(0)) < source.order(source.place(1))


def test_own_policies_see_the_record() -> None:
    def shortest_title(found: Article) -> int:
        return len(found.title or "")

    story = article(1)
    given = [{"text": story, "title": "long title"}, {"text": story, "title": "short"}]
    result = deduplicate(given, keep=[shortest_title])
    assert list(result.kept) == [given[1]]
    assert result.removed[0].reason == "equal words; kept by shortest_title"


def test_arguments_go_before_settings() -> None:
    story = article(1)
    given = [{"text": story, "id": "b"}, {"text": edited(story, 4), "id": "a"}]
    settings = Settings(threshold=0.99, keep="id", versions="all")
    assert len(deduplicate(given, settings=settings).kept) == 2
    result = deduplicate(given, settings=settings, threshold=0.8, keep="first")
    assert list(result.kept) == [given[0]]
    with pytest.raises(SettingsError, match=r"threshold is 1\.5"):
        deduplicate(given, threshold=1.5)


@open_files
@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read(tmp_path: Path, suffix: str, kind: type) -> None:
    path = tmp_path / f"in.jsonl{suffix}"
    path.write_bytes(compress(lines(20), suffix))
    result = deduplicate(kind(path))
    same = deduplicate(records(20))
    assert result.kept == same.kept
    assert result.kept[-1] == list(same.kept)[-1]
    assert result.kept[1:3] == list(same.kept)[1:3]
    assert where(result.removed) == where(same.removed) != []
    assert {r.place.source for r in result.removed} == {str(path)}
    assert names(tmp_path) == [path.name]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: no such file") as caught:
        deduplicate(tmp_path / "none.jsonl")
    assert isinstance(caught.value, DedupError)


@open_files
def test_the_work_folder_is_used_and_left_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    used: list[Path] = []
    real = tempfile.TemporaryFile

    def noted(*args: Any, **options: Any) -> Any:
        used.append(Path(options["dir"]))
        return real(*args, **options)

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    seen: list[list[str]] = []
    result = deduplicate(records(20), work_dir=tmp_path, progress=lambda *_: seen.append(names(tmp_path)))
    assert used == [tmp_path] * SPOOLS
    assert seen
    assert not any(seen)
    assert names(tmp_path) == []
    assert result.kept == deduplicate(records(20)).kept
    assert used == [tmp_path] * SPOOLS  # memory, when no folder is given


@pytest.mark.parametrize("kind", ["path", "work folder"])
def test_a_result_closes_its_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(5))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = deduplicate(path) if kind == "path" else deduplicate(records(5), work_dir=tmp_path)
        assert len(list(result.kept)) == 5
        del result
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_progress_is_told_when_asked_for() -> None:
    told: list[tuple[str, int, int]] = []
    deduplicate(records(20), progress=lambda *step: told.append(step))
    stages = [stage for stage, _, _ in told if stage != "compile"]
    assert set(stages) == {"read", "sign", "compare", "choose"}
    assert max(done for stage, done, _ in told if stage == "read") == len(records(20))


SILENT = """
import sys
from dedup import deduplicate, kernels
kernels.cold = lambda: True  # the one thing that is worth a warning
deduplicate(["a text", "a text", "", "..."])
sys.stdout.write("done")
"""


def test_the_library_says_nothing_by_default() -> None:
    done = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, check=True, env=environment())
    assert (done.stdout, done.stderr) == (b"done", b"")


def test_the_library_logs_to_its_logger(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.kernels.cold", lambda: True)
    told: list[str] = []
    deduplicate(["a text"], progress=lambda stage, done, total: told.append(stage))
    assert [record.name for record in caplog.records] == ["dedup"]
    assert "compile" in told
