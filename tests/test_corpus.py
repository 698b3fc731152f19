"""A corpus: what stands in it is what stands in its source, wherever batches end and however many threads read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import corpus, sources
from dedup.corpus import CONTEXT, OPENING, Corpus, read
from dedup.errors import InputError, NoTextField
from dedup.settings import Settings
from dedup.signatures import Texts, encode, tokenize
from dedup.sources import RecordSource
from dedup.spool import Workspace
from dedup.verify import short_hash
from tests import reference, reference_pieces
from tests.hostile import article, names

Record = Mapping[str, Any] | str

RECORDS: Final[list[Record]] = [
    {"text": article(1), "title": "The ferry stays in port", "url": "https://www.ellery.example/1"},
    {"text": "Short.\nBut of two lines, and with C++ in it!", "title": "Short", "site": "Ellery.Example"},
    {"text": "", "title": "Nothing at all", "url": "https://ellery.example/3"},
    {
        "text": "市议会周二决定关闭旧桥。居民说没有人通知他们！谁来支付费用？",
        "title": "旧桥关闭",
        "url": "https://qiao.example/1",
    },
    "A text that is no more than a text. It names no site and has no title of its own, and goes on and on like this.",
    {"text": " \n…", "title": "Dots"},
    {"text": "Share this\n" + article(2, 40) + ".\n" + article(3, 5), "url": "mailto:someone", "title": 5},
    {"text": "\ud800 a lone surrogate", "title": "\udfff and another one", "url": "http://qiao.example:80/2"},
    {"text": "नगर परिषद ने मंगलवार को पुराना पुल बंद किया। महापौर चुप रहे।", "title": "पुल बंद " * 20},
]

titles = st.none() | st.integers(0, 3) | st.sampled_from(["", "One title", "旧桥", "a b " * 20, "मंगलवार"])
words = st.sampled_from(["ferry", "Pier 3", "桥", ". ", "! ", "\n", " ", "。", "one two three four five six"])
texts = st.lists(words).map("".join)
sites = st.none() | st.sampled_from(["one.example", "WWW.one.example", "two.example", ""])
urls = st.none() | st.sampled_from(["https://one.example/a", "https://www.one.example/b", "ftp://x", "https://[", "x"])
records = st.fixed_dictionaries({"text": texts}, optional={"title": titles, "site": sites, "url": urls}) | texts
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def corpus_of(found: Iterable[Record], made: Settings | None = None, workspace: Workspace | None = None) -> Corpus:
    """What is read of some records, in memory unless there is a workspace."""
    made, workspace = made or Settings(), workspace or Workspace(None)
    source = RecordSource(found, made.fields)
    if made.jobs == 1:
        return read(source, made, workspace, None, lambda stage, done, total: None)
    with ThreadPoolExecutor(made.jobs) as pool:
        return read(source, made, workspace, pool, lambda stage, done, total: None)


def arrays(found: Corpus) -> dict[str, NDArray[Any]]:
    """All that a corpus holds."""
    plain = {f.name: getattr(found, f.name) for f in fields(found) if f.name not in ("tokens", "spool")}
    return {**plain, "values": found.tokens.values, "starts": found.tokens.starts, "ends": found.tokens.ends}


def same(one: Corpus, other: Corpus) -> None:
    ours, theirs = arrays(one), arrays(other)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name, strict=True)


def text_of(record: Record) -> str:
    return record if isinstance(record, str) else record["text"]


def title_of(record: Record) -> str:
    title = "" if isinstance(record, str) else record.get("title")
    return title if isinstance(title, str) else ""


def values_of(text: str) -> list[int]:
    return [word.value for word in reference.tokenize(text)]


def check(found: Corpus, given: list[Record], least: int) -> None:
    """The corpus against what the twins say of every record."""
    assert len(found.hashes) == len(found.lengths) == len(found.contexts) == len(found.sites) == len(given)
    assert len(found.piece_heads) == len(given) + 1
    assert found.piece_heads[-1] == len(found.piece_keys) == len(found.piece_lengths)
    for row, record in enumerate(given):
        text = text_of(record)
        pieces = reference_pieces.pieces(text)
        tokens = [token for piece in pieces for token in piece]
        assert found.tokens.values[found.tokens.starts[row] : found.tokens.ends[row]].tolist() == tokens
        assert found.lengths[row] == len(tokens)
        mine = slice(found.piece_heads[row], found.piece_heads[row + 1])
        assert found.piece_lengths[mine].tolist() == [len(piece) for piece in pieces]
        hashes = [reference.text_hash(piece) for piece in pieces]
        assert found.piece_keys[mine].tolist() == [a ^ b for a, b in hashes]
        expected = reference.text_hash(tokens)
        if 0 < len(tokens) < least:
            a, b = short_hash(encode(text)).tolist()
            expected = a, b
        assert tuple(found.hashes[row].tolist()) == expected
        context = reference_pieces.context(values_of(title_of(record)), pieces, OPENING, CONTEXT)
        for part, words in enumerate((context.title, context.opening)):
            assert found.contexts[row, part].tolist() == [*words, *[0] * (CONTEXT - len(words))]


def test_records_are_read_as_the_twins_say() -> None:
    found = corpus_of(RECORDS)
    check(found, RECORDS, Settings().min_tokens)
    assert found.sites.tolist() == [0, 0, 0, 1, -1, -1, -1, 1, -1]


@quick
@given(st.lists(records, max_size=8), st.integers(5, 30))
def test_any_records_are_read_as_the_twins_say(given: list[Record], least: int) -> None:
    check(corpus_of(given, Settings(min_tokens=least)), given, least)


@quick
@given(st.lists(records, max_size=8), st.integers(1, 200))
def test_borders_of_batches_change_nothing(given: list[Record], size: int) -> None:
    whole = corpus_of(given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BATCH_BYTES", size)
        same(corpus_of(given), whole)


@pytest.mark.parametrize("jobs", [2, 3, 8])
@pytest.mark.parametrize("size", [1, 2_000])
def test_jobs_change_nothing(jobs: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Record] = [*RECORDS * 20, *({"text": article(n, n + 1), "title": article(-n, 5)} for n in range(60))]
    whole = corpus_of(given)
    monkeypatch.setattr(sources, "BATCH_BYTES", size)
    same(corpus_of(given, Settings(jobs=jobs)), whole)


def test_a_folder_changes_nothing(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        same(corpus_of(RECORDS * 3, workspace=workspace), corpus_of(RECORDS * 3))
        assert names(tmp_path) == []


def test_kinds_of_numbers() -> None:
    kinds = {name: values.dtype for name, values in arrays(corpus_of(RECORDS)).items()}
    assert kinds == {
        "hashes": np.uint64,
        "lengths": np.int64,
        "piece_heads": np.int64,
        "piece_keys": np.uint64,
        "piece_lengths": np.uint32,
        "contexts": np.uint32,
        "sites": np.int32,
        "values": np.uint32,
        "starts": np.int64,
        "ends": np.int64,
    }


def test_sites_as_stated_come_before_hosts() -> None:
    found = corpus_of(
        [
            {"text": "a", "url": "https://www.one.example/1"},
            {"text": "a", "url": "https://two.example/2", "site": "One.example"},
            {"text": "a", "url": "https://two.example/3", "site": ""},
            {"text": "a", "url": "two.example/4"},
            {"text": "a", "site": "www.two.example"},
        ]
    )
    assert found.sites.tolist() == [0, 0, 1, -1, 1]


def test_nothing_to_read() -> None:
    found = corpus_of([])
    assert {name: values.size for name, values in arrays(found).items() if name != "piece_heads"} == dict.fromkeys(
        arrays(found).keys() - {"piece_heads"}, 0
    )
    assert found.contexts.shape == (0, 2, CONTEXT)
    same(corpus_of(["", ""], Settings(jobs=2)), corpus_of(["", " "]))
    assert corpus_of(["", ""]).piece_heads.tolist() == [0, 0, 0]


def test_records_without_a_text_are_no_rows() -> None:
    check(corpus_of([{"title": "x"}, "a text", {"text": 5}]), ["a text"], 25)
    with pytest.raises(NoTextField):
        corpus_of([{"title": "x"}])
    with pytest.raises(InputError):
        corpus_of([5])  # type: ignore[list-item]


def test_what_is_reported() -> None:
    seen: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch, Workspace(None) as workspace:
        patch.setattr(sources, "BATCH_BYTES", 300)
        made = Settings()
        source = RecordSource([article(n) for n in range(4)], made.fields)
        read(source, made, workspace, None, lambda *step: seen.append(step))
    assert seen[0] == ("read", 1, 4)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1] == ("read", 4, 4)


def test_a_failing_batch_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(corpus, "starts_of", fail)
    for jobs in (1, 2):
        with pytest.raises(MemoryError):
            corpus_of(RECORDS, Settings(jobs=jobs))


def test_a_copy_of_the_tokens_is_not_needed() -> None:
    """What is read is what `tokenize` gives, one text after another."""
    given = [text_of(record) for record in RECORDS]
    words, ends = tokenize(Texts.of(given))
    found = corpus_of(RECORDS)
    np.testing.assert_array_equal(found.tokens.values, words)
    np.testing.assert_array_equal(found.tokens.ends, ends)
    assert not found.tokens.values.flags.writeable
