"""Records whose text holds a body twice: what a run gives back, and what it reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dedup import Fields, Settings, clean_page, deduplicate
from dedup.cleaning import clean, exchanged
from dedup.dump import Files, run
from dedup.errors import SettingsError
from dedup.signatures import Texts, encode, split
from tests.doubles import shortened
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


# Records with another text


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6) | st.just("text")


@examples(deadline=None, max_examples=300)
@given(
    st.dictionaries(st.text(max_size=5), VALUES | st.lists(VALUES, max_size=3), max_size=5),
    st.text(st.characters(), min_size=1, max_size=12),
    st.text(st.characters(), max_size=12),
    st.booleans(),
)
def test_any_record_says_what_it_said_but_for_its_text(
    others: dict[str, Any], old: str, new: str, ascii_only: bool
) -> None:
    record = {**others, "text": old}
    line = json.dumps(record, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    wanted = {**record, "text": new}
    found = exchanged(line, wanted, old, new)
    assert json.loads(found.decode("utf-8", "surrogatepass")) == wanted


def test_escapes_of_the_rest_stay() -> None:
    line = rb'{"a":"\u00e9\/","text":"caf\u00e9 \"x\" \\","b":"\ud83d\ude00","c":[ 1.0,-0,1E5 ]}'
    rest = rb'{"a":"\u00e9\/","text":"new","b":"\ud83d\ude00","c":[ 1.0,-0,1E5 ]}'
    assert exchanged(line, {}, 'caf\u00e9 "x" \\', "new") == rest


def test_a_text_that_also_is_a_key_is_no_second_text() -> None:
    assert exchanged(b'{"a b" : {"a b":1},"text":"a b"}', {}, "a b", "a") == b'{"a b" : {"a b":1},"text":"a"}'


def test_a_text_in_a_list_or_nested_record_counts_as_another_field() -> None:
    for other in ('["a b"]', '{"x":"a b"}', '"\\u0061 b"'):
        line = f'{{"text":"a b","other":{other},"n":NaN,"big":12345678901234567890123}}'.encode()
        record = {**json.loads(line), "text": "a"}
        found = json.loads(exchanged(line, record, "a b", "a"))
        assert (found["text"], found["other"], found["big"]) == (
            "a",
            json.loads(line)["other"],
            12345678901234567890123,
        )
        assert found["n"] != found["n"]


# Batches


def test_nothing_is_found_in_batches_without_repeats() -> None:
    for texts in ([], [b""], [encode(OTHER)], [b"word " * 5_000], [encode("\ud800 " * 500)]):
        found = clean(texts, split(Texts.of(texts)))
        assert found == ({}, {}, 0)


def test_lone_surrogates_of_a_doubled_page_stay() -> None:
    text = DOUBLED.replace("Hashtags", "Hash\ud800tags")
    (found,) = clean([encode(text)], split(Texts.of([text]))).texts.values()
    assert found.decode("utf-8", "surrogatepass") == CLEANED.replace("Hashtags", "Hash\ud800tags")


def test_pages_that_are_not_finished_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ENGLISH[9].text
    parts = [shortened(text, 0.5), shortened(text, 0.75), text]
    page = "\n\nShare\nPrint\n\n".join(parts)
    monkeypatch.setattr("dedup.inpage.ROUNDS", 1)
    texts = [encode(page), encode(OTHER)]
    assert clean(texts, split(Texts.of(texts))).unfinished == 1
    assert deduplicate([page, OTHER]).summary().unfinished_pages == 1


# Results


def test_a_cleaned_record_is_a_new_one_and_the_others_are_the_given_ones() -> None:
    given_records = [{"id": str(i), "text": text} for i, text in enumerate((DOUBLED, OTHER, ENGLISH[7].text))]
    copies = [dict(record) for record in given_records]
    kept = deduplicate(given_records).kept
    assert kept[0] is not given_records[0]
    assert type(kept[0]) is dict
    assert list(kept[0]) == ["id", "text"]
    assert kept[1] is given_records[1]
    assert kept[2] is given_records[2]
    assert given_records == copies
    strings = [OTHER, DOUBLED]
    assert deduplicate(strings).kept[0] is OTHER


def test_keeping_pages_changes_no_decision() -> None:
    story, other = ENGLISH[3].text, ENGLISH[4].text
    records = [
        {"id": "a", "text": story},
        {"id": "b", "text": f"{story}\n\nShare\nPrint\n\n{story}"},
        {"id": "c", "text": DOUBLED},
        {"id": "d", "text": f"{other}\n\nShare\nPrint\n\n{other}"},
    ]
    clean_run, kept_run = (deduplicate(records, settings=Settings(pages=pages)) for pages in ("clean", "keep"))
    assert clean_run.kept_rows == kept_run.kept_rows
    assert clean_run.removed == kept_run.removed
    assert list(clean_run.page_repeats()) == list(kept_run.page_repeats())
    assert len(list(kept_run.page_repeats())) == kept_run.summary().page_repeats > 0
    assert all(kept is records[row] for kept, row in zip(kept_run.kept, kept_run.kept_rows, strict=True))


def test_a_field_with_a_dot_in_its_name() -> None:
    fields = Fields(text=("a.b",))
    for record, wanted in (
        ({"a": {"b": DOUBLED, "c": 1}, "id": "x"}, {"a": {"b": CLEANED, "c": 1}, "id": "x"}),
        ({"a.b": DOUBLED, "a": {"b": "other"}}, {"a.b": CLEANED, "a": {"b": "other"}}),
    ):
        result = deduplicate([record], settings=Settings(fields=fields))
        assert result.kept == [wanted]
        assert [found.field for found in result.page_repeats()] == ["a.b"]


def test_the_doubles_of_plain_strings_have_no_field() -> None:
    (found,) = deduplicate([OTHER, DOUBLED]).page_repeats()
    assert found.field == ""
    assert found.text == DOUBLED[found.repeat.dropped.start : found.repeat.dropped.end]


# Runs


def test_lines_stay_byte_for_byte_around_the_text(tmp_path: Path) -> None:
    """Odd spacing, escapes, NaN, CRLF, two keys: only the text of the doubled page is another."""
    told = json.dumps(DOUBLED).encode().replace(b"/", b"\\/")
    odd = [
        b'{ "text" :"%s" , "a":[ ] }' % json.dumps(OTHER).encode()[1:-1],
        b'\t{"z":NaN, "text" : %s ,"big":123456789012345678901234567890,"e":"\\u00e9"}\r' % told,
        b'{"\\u0074ext":%s,"m":-0}' % json.dumps(ENGLISH[7].text).encode(),
    ]
    source, kept = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(odd))
    run(Files(inputs=[str(source)], kept=str(kept)), Settings())
    found = kept.read_bytes().split(b"\n")
    assert found[::2] == odd[::2]
    assert found[1] == odd[1].replace(told, json.dumps(CLEANED, ensure_ascii=False).encode())
    run(Files(inputs=[str(source)], kept=str(kept), force=True), Settings(pages="keep"))
    assert kept.read_bytes() == b"\n".join(odd) + b"\n"


def test_originals_are_rebuilt_from_the_removed_file(tmp_path: Path) -> None:
    """Also where a text has several repeats: their places count in the original, so they are put back in order."""
    story = ENGLISH[4].text
    texts = {"one": DOUBLED, "two": "\n\nShare\nPrint\n\n".join([story] * 4), "three": OTHER}
    source, kept, removed = (tmp_path / name for name in ("in.jsonl", "kept.jsonl", "removed.jsonl"))
    source.write_bytes(
        b"".join(json.dumps({"id": name, "text": text}).encode() + b"\n" for name, text in texts.items())
    )
    result = run(Files(inputs=[str(source)], kept=str(kept), removed=str(removed)), Settings())
    found = {record["id"]: record["text"] for record in lines(kept)}
    assert found["two"] != texts["two"]
    told = [line for line in lines(removed) if line["relation"] == "page_repeat"]
    assert len(told) == result.summary().page_repeats == 4
    assert [line["line"] for line in told] == [1, 2, 2, 2]
    for line in told:
        found[line["id"]] = found[line["id"]][: line["start"]] + line["text"] + found[line["id"]][line["start"] :]
    assert found == texts
    for line in told:
        text = texts[line["id"]]
        assert text[line["start"] : line["end"]] == line["text"]
        assert text[line["kept_start"] : line["kept_end"]].split()[:20] == line["text"].split()[:20]


def test_a_run_on_what_was_kept_changes_nothing(tmp_path: Path) -> None:
    source, kept, again, removed = (tmp_path / name for name in ("in", "kept", "again", "removed"))
    pages = [aggregated(*ENGLISH[i : i + 3]) for i in (0, 5, 10)]
    source.write_bytes(b"".join(json.dumps({"id": i, "text": page}).encode() + b"\n" for i, page in enumerate(pages)))
    first = run(Files(inputs=[str(source)], kept=str(kept)), Settings(jobs=2))
    assert first.summary().page_repeats >= 3
    second = run(Files(inputs=[str(kept)], kept=str(again), removed=str(removed)), Settings())
    assert again.read_bytes() == kept.read_bytes()
    assert removed.read_bytes() == b""
    assert second.summary().page_repeats == 0


def test_a_record_written_anew_can_be_read_again() -> None:
    """A lone surrogate elsewhere in a record whose text stands in two fields: UTF-8 cannot hold it, an escape can."""
    line = rb'{"text":"a b","copy":"a b","n":"\ud800"}'
    record = {**json.loads(line), "text": "a"}
    assert json.loads(exchanged(line, record, "a b", "a").decode()) == record


def test_a_kept_line_with_a_lone_surrogate_is_read_in_the_next_run(tmp_path: Path) -> None:
    source, kept, again = (tmp_path / name for name in ("in", "kept", "again"))
    records = [{"id": 1, "text": DOUBLED, "copy": DOUBLED, "n": "\ud800"}, {"id": 2, "text": OTHER}]
    source.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    run(Files(inputs=[str(source)], kept=str(kept)), Settings())
    assert run(Files(inputs=[str(kept)], kept=str(again)), Settings()).quarantined == []


def test_another_field_with_the_same_text_before_it_keeps_it(tmp_path: Path) -> None:
    line = b'{"copy":"a b","text":"a b"}'
    assert json.loads(exchanged(line, {"copy": "a b", "text": "a"}, "a b", "a")) == {"copy": "a b", "text": "a"}
    source, kept = tmp_path / "in", tmp_path / "kept"
    source.write_bytes(json.dumps({"summary": DOUBLED, "text": DOUBLED}).encode() + b"\n")
    run(Files(inputs=[str(source)], kept=str(kept)), Settings())
    assert lines(kept) == [{"summary": DOUBLED, "text": CLEANED}]
