"""Records whose text holds a body twice: what a run gives back, and what it reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dedup import Fields, Settings, clean_page, deduplicate
from dedup.cleaning import clean, exchanged
from dedup.dump import Files, run
from dedup.errors import SettingsError
from dedup.signatures import Texts, encode, split
from tests.test_inpage import ENGLISH, aggregated

DOUBLED = aggregated(*ENGLISH[:3])
CLEANED = clean_page(DOUBLED).text
OTHER = ENGLISH[6].text


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1, "text": "TEXT", "n": 1e5}',
        '{ "text" : "TEXT" ,"nan":NaN,"big":123456789012345678901234567890}',
        '{"TEXT": 1, "text": "TEXT"}',
    ],
)
def test_only_the_text_is_exchanged(line: str) -> None:
    old, new = 'caf\u00e9 "a/b"\n\u2028', "caf\u00e9"
    for ascii_only in (True, False):
        told = json.dumps(old, ensure_ascii=ascii_only)[1:-1]
        before, after = line.replace("TEXT", told).encode(), line.rsplit("TEXT", 1)
        wanted = after[0].replace("TEXT", told) + json.dumps(new, ensure_ascii=False)[1:-1] + after[1]
        assert exchanged(before, {}, old, new) == wanted.encode()


def test_escaped_slashes_are_found() -> None:
    assert exchanged(rb'{"text":"a\/b c"}', {}, "a/b c", "a/b") == b'{"text":"a/b"}'


def test_a_text_in_two_fields_makes_the_record_anew() -> None:
    line = b'{"text":"a b","copy":"a b","big":123456789012345678901234567890}'
    record = {**json.loads(line), "text": "a"}
    assert json.loads(exchanged(line, record, "a b", "a")) == record


def test_lone_surrogates_are_escaped() -> None:
    assert exchanged(b'{"text":"a \\ud800 b"}', {}, "a \ud800 b", "\ud800") == b'{"text":"\\ud800"}'


def test_a_batch_is_cleaned_by_number() -> None:
    texts = [encode(text) for text in (OTHER, DOUBLED, "", DOUBLED)]
    found = clean(texts, split(Texts.of(texts)))
    assert found.texts == {1: encode(CLEANED), 3: encode(CLEANED)}
    assert found.repeats == {1: 1, 3: 1}
    assert found.unfinished == 0


def test_a_kept_record_has_each_body_once() -> None:
    record, plain = {"id": "a", "text": DOUBLED, "x": [1]}, {"id": "b", "text": OTHER}
    result = deduplicate([record, plain])
    assert result.kept == [{"id": "a", "text": CLEANED, "x": [1]}, plain]
    assert result.kept[1] is plain
    assert record["text"] == DOUBLED
    (found,) = result.page_repeats()
    assert (found.id, found.field, found.place.line) == ("a", "text", 1)
    assert found.text == DOUBLED[found.repeat.dropped.start : found.repeat.dropped.end]
    summary = result.summary()
    assert (summary.page_repeats, summary.kept, summary.unfinished_pages) == (1, 2, 0)


def test_texts_and_nested_fields_are_cleaned_too() -> None:
    assert list(deduplicate([DOUBLED, OTHER]).kept) == [CLEANED, OTHER]
    nested = {"id": 1, "page": {"body": {"text": DOUBLED}, "n": 2}}
    result = deduplicate([nested], settings=Settings(fields=Fields(text=("page.body.text",))))
    assert result.kept == [{"id": 1, "page": {"body": {"text": CLEANED}, "n": 2}}]
    assert nested["page"] == {"body": {"text": DOUBLED}, "n": 2}
    assert next(result.page_repeats()).field == "page.body.text"


def test_pages_are_kept_or_not_looked_at() -> None:
    records = [{"id": "a", "text": DOUBLED}, {"id": "b", "text": OTHER}]
    kept = deduplicate(records, settings=Settings(pages="keep"))
    assert kept.kept[0] is records[0]
    assert kept.summary().page_repeats == 1
    off = deduplicate(records, settings=Settings(pages="off"))
    assert off.kept[0] is records[0]
    assert off.summary().page_repeats == 0
    with pytest.raises(SettingsError, match="pages is 'no': give clean, keep, off"):
        Settings(pages="no")  # type: ignore[arg-type]


def test_a_doubled_page_and_its_article_are_copies() -> None:
    text = ENGLISH[3].text
    doubled = {"id": "b", "text": f"{text}\n\nShare\nPrint\n\n{text}"}
    found = deduplicate([{"id": "a", "text": text}, doubled]).removed
    assert [(removed.id, removed.duplicate_of) for removed in found] in ([("b", "a")], [("a", "b")])
    assert (
        deduplicate([{"id": "a", "text": text}, doubled], settings=Settings(pages="off")).summary().relations["exact"]
        == 0
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_nothing_is_lost_in_a_run(tmp_path: Path) -> None:
    records = [{"id": f"r{i}", "text": article.text} for i, article in enumerate(ENGLISH[5:15])]
    records[3]["text"] = DOUBLED
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    for name, settings in (("one", Settings()), ("two", Settings(jobs=2)), ("keep", Settings(pages="keep"))):
        run(
            Files(inputs=[str(source)], kept=str(tmp_path / name), removed=str(tmp_path / f"{name}.removed")),
            settings,
        )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one.removed").read_bytes() == (tmp_path / "two.removed").read_bytes()
    kept, given = (tmp_path / "one").read_bytes().splitlines(), source.read_bytes().splitlines()
    assert [line for line in kept if line not in given] == [
        json.dumps({"id": "r3", "text": CLEANED}, ensure_ascii=False).encode()
    ]
    (told,) = [line for line in lines(tmp_path / "one.removed") if line["relation"] == "page_repeat"]
    assert told["id"] == told["duplicate_of"] == "r3"
    assert told["field"] == "text"
    assert told["dropped"] is True
    assert CLEANED[: told["start"]] + told["text"] + CLEANED[told["start"] :] == DOUBLED
    assert set((tmp_path / "keep").read_bytes().splitlines()) <= set(given)
    assert (
        next(line for line in lines(tmp_path / "keep.removed") if line["relation"] == "page_repeat")["dropped"] is False
    )
    again = tmp_path / "again"
    run(Files(inputs=[str(tmp_path / "one")], kept=str(again)), Settings())
    assert again.read_bytes() == (tmp_path / "one").read_bytes()
