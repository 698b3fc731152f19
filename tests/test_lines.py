"""Files to rows: whatever a line holds, it is a row, blank, or in quarantine with its reason and its number."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dedup.errors import DedupError, InputError, NoTextField
from dedup.fields import Fields
from dedup.formats import BOM
from dedup.lines import PATIENCE, LineSource
from dedup.model import Place
from dedup.settings import Limits, Settings
from dedup.sources import BATCH_BYTES
from dedup.spool import Spool, Workspace
from tests.hostile import COMPRESSED, article, compress, decompress, line, lines, names, objects, run

GOOD = line(id="good", text=article(1))
DEEP = b'{"text": "words", "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

REFUSED: list[tuple[bytes, str]] = [
    (b"\0\0\0\0", "not_json"),
    (b'{"text": "a raw \0 byte"}', "not_json"),
    (b"{", "not_json"),
    (b"no json", "not_json"),
    (b'{"text": "cut of', "not_json"),
    (b'{"text": "words"} trailing garbage', "not_json"),
    (b'{"text": "one"}{"text": "two"}', "not_json"),
    (b"{'text': 'python'}", "not_json"),
    (BOM + b'{"text": "a mark in the middle of the file"}', "not_json"),
    (DEEP, "not_json"),
    ('{"text": "café"}'.encode("latin-1"), "not_utf8"),
    (b'{"text": "\xff\xfe"}', "not_utf8"),
    (b'{"text": "\xed\xa0\x80"}', "not_utf8"),  # a surrogate, spelled out
    (b"[]", "not_an_object"),
    (b'[{"text": "in a list"}]', "not_an_object"),
    (b'"a string"', "not_an_object"),
    (b"12", "not_an_object"),
    (b"NaN", "not_an_object"),
    (b"null", "not_an_object"),
    (b"true", "not_an_object"),
    (b"{}", "no_text"),
    (b'{"id": 1, "headline": "no text"}', "no_text"),
    (b'{"text": null}', "no_text"),
    (b'{"text": 5}', "text_not_a_string"),
    (b'{"text": 0}', "text_not_a_string"),
    (b'{"text": false}', "text_not_a_string"),
    (b'{"text": ["a", "list"]}', "text_not_a_string"),
    (b'{"text": {"a": "mapping"}}', "text_not_a_string"),
    (b'{"text": NaN}', "text_not_a_string"),
    (b'{"text": ""}', "empty"),
    (b'{"text": "  \\t\\n\\u00a0 "}', "empty"),
    (b'{"text": "... --- !?"}', "empty"),
    (b'{"text": "' + b"x " * 20_000 + b'"}', "too_long"),
    (b" " * 40_000, "too_long"),
]

ACCEPTED: list[tuple[bytes, str]] = [
    (b'{"text": "plain words", "id": "a"}', "a"),
    (b' {"id":"spaced" ,  "text"\t: "odd   spacing" }  ', "spaced"),
    (b'{"id": "crlf", "text": "windows words"}\r', "crlf"),
    (b'{"text": "not a number", "score": NaN, "more": -Infinity, "id": "nan"}', "nan"),
    (b'{"text": "half a pair \\ud83d of surrogates", "id": "lone"}', "lone"),
    (b'{"text": "a \\u0000 escaped", "id": "nul"}', "nul"),
    (b'{"text": "first", "text": "the last one of two counts", "id": "twice"}', "twice"),
    (b'{"\\u0074ext": "an escaped key", "id": "key"}', "key"),
    (b'{"text": "caf\\u00e9 and caf\xc3\xa9", "id": "e"}', "e"),
    (b'{"text": "an id that is a number", "id": 7}', "7"),
    (b'{"text": "an id below nothing", "id": -7}', "-7"),
    (b'{"text": "the url is the id", "url": "https://a.example/1"}', "https://a.example/1"),
    (b'{"text": "an id that is empty", "id": "", "url": "https://a.example/2"}', "https://a.example/2"),
    (b'{"text": "zero is an id", "id": 0}', "0"),
]


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def read(path: Path, limits: Limits | None = None) -> LineSource:
    """A source that has been read to its end; what it opened is closed."""
    with Workspace(None) as workspace:
        source = LineSource([path], Fields(), limits or Limits(), workspace)
        list(source.batches())
    return source


@pytest.mark.parametrize(("hostile", "reason"), REFUSED, ids=lambda v: repr(v[:24]) if isinstance(v, bytes) else None)
@pytest.mark.parametrize("end", [b"\n", b""], ids=["line end", "no line end"])
def test_a_bad_line_is_set_aside_by_reason_and_number(tmp_path: Path, hostile: bytes, reason: str, end: bytes) -> None:
    path = put(tmp_path / "in.jsonl", GOOD + b"\n" + line(id="other", text=article(2)) + hostile + end)
    kept = tmp_path / "out.jsonl"
    result = run(path, kept, Settings(limits=Limits(record_bytes=1024 * 32)) if reason == "too_long" else None)
    assert [(q.place, q.reason) for q in result.quarantined] == [(Place(str(path), 4), reason)]
    summary = result.summary()
    assert (summary.records, summary.kept, summary.blank_lines) == (3, 2, 1)
    assert summary.quarantined_by_reason == {reason: 1}
    assert kept.read_bytes() == GOOD + line(id="other", text=article(2))


def test_all_bad_lines_at_once_are_all_accounted_for(tmp_path: Path) -> None:
    hostile = [h for h, reason in REFUSED if reason != "too_long"]
    path = put(tmp_path / "in.jsonl", b"\n".join([GOOD.strip(), *hostile]))
    aside = tmp_path / "aside.jsonl"
    result = run(path, tmp_path / "out.jsonl", quarantined=aside)
    assert [q.reason for q in result.quarantined] == [r for _, r in REFUSED if r != "too_long"]
    assert [q.place.line for q in result.quarantined] == list(range(2, len(hostile) + 2))
    assert [(r["source"], r["line"], r["reason"]) for r in objects(aside.read_bytes())] == [
        (q.place.source, q.place.line, q.reason) for q in result.quarantined
    ]
    assert all(set(r) == {"source", "line", "reason", "detail"} and r["detail"] for r in objects(aside.read_bytes()))
    assert (result.summary().records, result.summary().kept) == (len(hostile) + 1, 1)


def test_accepted_lines_are_kept_byte_for_byte(tmp_path: Path) -> None:
    data = b"\n".join(good for good, _ in ACCEPTED)
    path = put(tmp_path / "in.jsonl", data)
    result = run(path, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == data + b"\n"
    assert result.summary().quarantined == 0


@pytest.mark.parametrize(("good", "name"), ACCEPTED)
def test_what_a_record_is_called(tmp_path: Path, good: bytes, name: str) -> None:
    assert read(put(tmp_path / "in.jsonl", good)).facts.ids == [name]


def test_records_without_an_id_or_url_are_called_after_their_text(tmp_path: Path) -> None:
    source = read(put(tmp_path / "in.jsonl", line(text="one text") + line(text="other text") + line(text="one text")))
    first, second, third = source.facts.ids
    assert first == third != second
    assert first.startswith("text-")


def test_equal_ids_are_no_reason_to_remove(tmp_path: Path) -> None:
    data = line(id="same", text=article(1)) + line(id="same", text=article(2)) + line(id="same", text=article(1))
    result = run(put(tmp_path / "in.jsonl", data), tmp_path / "out.jsonl")
    assert [(r.place.line, r.kept_place.line) for r in result.removed] in ([(3, 1)], [(1, 3)])
    assert sorted(r["text"] for r in objects((tmp_path / "out.jsonl").read_bytes())) == sorted([article(1), article(2)])


@pytest.mark.parametrize(
    ("data", "records", "blank"),
    [
        (b"", 0, 0),
        (b"\n", 0, 1),
        (b"\n\r\n  \n\t\n\n", 0, 5),
        (BOM, 0, 0),
        (BOM + b"\n", 0, 1),
        (BOM + GOOD, 1, 0),
        (BOM + GOOD.rstrip(b"\n"), 1, 0),
        (b"\n\n" + GOOD + b"\n", 1, 3),
        (GOOD.replace(b"\n", b"\r\n") + b"\r\n", 1, 1),
    ],
)
def test_files_with_little_in_them(tmp_path: Path, data: bytes, records: int, blank: int) -> None:
    kept = tmp_path / "out.jsonl"
    summary = run(put(tmp_path / "in.jsonl", data), kept).summary()
    assert (summary.records, summary.blank_lines, summary.bytes) == (records, blank, len(data))
    assert kept.read_bytes() == (data.removeprefix(BOM).strip(b"\n").removesuffix(b"\n\r") + b"\n" if records else b"")


@pytest.mark.parametrize("end", [b"\n", b"", b"\r\n"])
def test_a_missing_line_end_does_not_join_files(tmp_path: Path, end: bytes) -> None:
    one = put(tmp_path / "one.jsonl", GOOD.strip() + end)
    other = put(tmp_path / "other.jsonl", BOM + line(id="other", text=article(2)).strip() + end)
    run([one, other], tmp_path / "out.jsonl")
    ended = end or b"\n"
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(
        record.strip() + ended for record in (GOOD, line(id="other", text=article(2)))
    )


def test_files_are_one_dump(tmp_path: Path) -> None:
    one = put(tmp_path / "one.jsonl", GOOD)
    other = put(tmp_path / "other.jsonl.gz", compress(b"{bad\n" + line(id="later", text=article(1)), ".gz"))
    result = run([one, other], tmp_path / "out.jsonl", Settings(keep="first"))
    assert [(r.id, r.place, r.kept_place) for r in result.removed] == [
        ("later", Place(str(other), 2), Place(str(one), 1))
    ]
    assert [q.place for q in result.quarantined] == [Place(str(other), 1)]


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "in.jsonl", GOOD)
    with pytest.raises(InputError, match="is given twice"):
        run([path, path], None)


def test_a_missing_file_is_told_before_any_is_read(tmp_path: Path) -> None:
    paths = [put(tmp_path / "in.jsonl", GOOD), tmp_path / "none.jsonl"]
    with Workspace(None) as workspace, pytest.raises(InputError, match=r"none\.jsonl: no such file"):
        LineSource(paths, Fields(), Limits(), workspace)


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    data = GOOD + line(id="long", text=" ".join(article(i, 1000) for i in range(1500)), pad="x" * 1_000_000) + GOOD
    assert len(data) > 10_000_000
    result = run(put(tmp_path / "in.jsonl", data), tmp_path / "out.jsonl")
    assert [r.place.line for r in result.removed] == [3] or [r.place.line for r in result.removed] == [1]
    kept = (tmp_path / "out.jsonl").read_bytes()
    assert len(kept) == len(data) - len(GOOD)
    assert data.splitlines()[1] in kept.splitlines()


@pytest.mark.parametrize("size", [1024, 1025, 5000, BATCH_BYTES - 1, BATCH_BYTES, BATCH_BYTES + 1, 3 * BATCH_BYTES])
@pytest.mark.parametrize("end", [b"\n" + GOOD, b""])
def test_a_line_over_the_limit_leaves_the_numbers_right(tmp_path: Path, size: int, end: bytes) -> None:
    long = b'{"id": "long", "text": "' + b"w " * (size // 2 - 13) + b'"}'
    long += b" " * (size - len(long))
    path = put(tmp_path / "in.jsonl", b"\n" + long + end)
    source = read(path, Limits(record_bytes=1024))
    assert [(q.place.line, q.reason) for q in source.quarantined] == ([(2, "too_long")] if size > 1024 else [])
    rows = len(source.starts)
    assert [source.place(row).line for row in range(rows)] == ([] if size > 1024 else [2]) + ([3] if end else [])
    assert source.records == (2 if end else 1)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_compressed_and_plain_are_the_same(tmp_path: Path, suffix: str) -> None:
    data = b"\n{bad\n" + lines(40)
    written = []
    for name in ("in.jsonl", f"in.jsonl{suffix}"):
        kept, removed = tmp_path / f"{name}.kept", tmp_path / f"{name}.removed"
        result = run(
            put(tmp_path / name, compress(data, suffix if name.endswith(suffix) else "")), kept, removed=removed
        )
        summary = {k: getattr(result.summary(), k) for k in result.summary().__slots__ if k != "seconds"}
        gone = removed.read_bytes().replace(f'"{tmp_path / name}"'.encode(), b'"in"')
        written.append((kept.read_bytes(), gone, summary, [(q.place.line, q.reason) for q in result.quarantined]))
    assert written[0] == written[1]
    assert written[0][2]["removed"] == 14 + 8  # copies of equal words, and edited ones
    assert written[0][3] == [(2, "not_json")]


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_records_before_the_damage_of_a_large_file_are_kept(tmp_path: Path, suffix: str) -> None:
    data = b"".join(line(id=str(i), text=article(i, 200)) for i in range(2400))
    assert len(data) > 5 * BATCH_BYTES
    path = put(tmp_path / f"in.jsonl{suffix}", compress(data, suffix)[:-100])
    aside = tmp_path / "aside.jsonl"
    result = run(path, tmp_path / "out.jsonl", quarantined=aside)
    [damaged] = result.quarantined
    kept = result.summary().kept
    assert (damaged.reason, damaged.place) == ("damaged", Place(str(path), kept + 1))
    assert kept > 1000
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(data.splitlines(keepends=True)[:kept])
    assert [r["reason"] for r in objects(aside.read_bytes())] == ["damaged"]


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_records_before_the_damage_of_a_small_file_are_kept(tmp_path: Path, suffix: str) -> None:
    """The damage is 400,000 bytes in, and the first of two members is whole."""
    data = b"".join(line(id=str(i), text=article(i, 200)) for i in range(300))
    broken = compress(lines(30), suffix)[:-8]
    path = put(tmp_path / f"in.jsonl{suffix}", compress(data, suffix) + broken)
    result = run(path, tmp_path / "out.jsonl")
    [damaged] = result.quarantined
    kept = (tmp_path / "out.jsonl").read_bytes()
    assert kept.startswith(data)
    assert damaged.reason == "damaged"
    assert damaged.place.line == result.summary().records - result.summary().quarantined + 1


@pytest.mark.parametrize("suffix", [".bz2", ".xz", ".zst"])
def test_a_compressed_file_of_no_bytes_is_damaged(tmp_path: Path, suffix: str) -> None:
    """These formats have a header even for nothing; gzip's reader takes no bytes for no members."""
    with pytest.raises(InputError, match="no record can be used; line 1: "):
        run(put(tmp_path / f"in.jsonl{suffix}", b""), None)


@pytest.mark.parametrize("data", [b'{"text": ""}\n{"text": "!!!"}\n', b'{"text": "..."}'])
def test_texts_without_words_only_are_an_error(tmp_path: Path, data: bytes) -> None:
    kept = put(tmp_path / "out.jsonl", b"precious")
    with pytest.raises(InputError, match="no record can be used; line 1: the text has no words"):
        run(put(tmp_path / "in.jsonl", data), kept, force=True)
    assert kept.read_bytes() == b"precious"


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_empty_file_is_empty(tmp_path: Path, suffix: str) -> None:
    kept = tmp_path / f"out.jsonl{suffix}"
    assert run(put(tmp_path / f"in.jsonl{suffix}", compress(b"", suffix)), kept).summary().records == 0
    assert decompress(kept.read_bytes(), suffix) == b""
    assert run(kept, None).summary().quarantined == 0


def test_gzip_trailing_garbage_is_damage_after_the_records(tmp_path: Path) -> None:
    data = b"".join(line(id=str(i), text=article(i, 200)) for i in range(600))
    result = run(put(tmp_path / "in.jsonl.gz", compress(data, ".gz") + b"garbage"), tmp_path / "out.jsonl")
    [damaged] = result.quarantined
    assert damaged.reason == "damaged"
    assert damaged.place.line == result.summary().kept + 1


def test_a_file_without_texts_is_given_up_with_the_keys_seen(tmp_path: Path) -> None:
    path = put(tmp_path / "in.jsonl", b'{"Body": "a", "id": 1}\n' * 3 + b'{"lead": "a"}\n')
    with pytest.raises(NoTextField, match="keys seen: Body, id, lead") as caught:
        read(path)
    assert caught.value.keys == ["Body", "id", "lead"]
    assert caught.value.source == str(path)


def test_a_file_without_texts_among_others_is_given_up_too(tmp_path: Path) -> None:
    good, bad = put(tmp_path / "good.jsonl", GOOD), put(tmp_path / "bad.jsonl", b'{"lead": "a"}\n')
    for order in ([good, bad], [bad, good]):
        with pytest.raises(NoTextField, match=r"bad\.jsonl: no record has a text"):
            run(order, tmp_path / "out.jsonl")
    assert names(tmp_path) == ["bad.jsonl", "good.jsonl"]


def test_a_long_file_without_texts_is_given_up_early(tmp_path: Path) -> None:
    textless = b"".join(line(id=i, pad="x" * 500) for i in range(PATIENCE * 2))
    assert len(textless) > BATCH_BYTES
    with Workspace(None) as workspace:
        source = LineSource([put(tmp_path / "in.jsonl", textless * 3)], Fields(), Limits(), workspace)
        with pytest.raises(NoTextField):
            list(source.batches())
    assert source.volume < 2 * len(textless)


def test_giving_up_never_drops_the_rest_of_a_file_without_a_word(tmp_path: Path) -> None:
    textless = b"".join(line(id=i, pad="x" * 500) for i in range(PATIENCE * 2))
    path = put(tmp_path / "in.jsonl", b"{bad\n" + textless + GOOD)
    try:
        records = run(path, None).summary().records
    except NoTextField:
        return
    assert records == 2 * PATIENCE + 2


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(GOOD)


def rewrite(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"a", b"b"))
    os.utime(path, ns=(1, 1))


def truncate(path: Path) -> None:
    path.write_bytes(b"{")


def on_read(change: Callable[[Path], object], path: Path) -> Callable[[str, int, int], None]:
    """A progress callback that changes a file once its first batch has been read."""
    done: list[str] = []

    def tell(stage: str, count: int, total: int) -> None:
        if stage == "read" and not done:
            done.append(stage)
            change(path)

    return tell


def changed(path: Path, change: Callable[[Path], object], **settings: Any) -> None:
    from dedup import dump

    kept = path.parent / "out" / "kept.jsonl"
    kept.parent.mkdir()
    try:
        with pytest.raises(InputError) as caught:
            dump.run(dump.Files(inputs=[str(path)], kept=str(kept)), Settings(**settings), on_read(change, path))
        assert caught.value.path == str(path)
    finally:
        assert names(kept.parent) == []


@pytest.mark.parametrize("change", [append, rewrite, truncate])
def test_an_input_that_changes_while_it_is_read_is_told(tmp_path: Path, change: Callable[[Path], object]) -> None:
    changed(put(tmp_path / "in.jsonl", lines(10)), change)


def test_an_input_that_changes_is_told_when_policies_read_it(tmp_path: Path) -> None:
    changed(put(tmp_path / "in.jsonl", lines(10)), truncate, keep="canonical-url")


def test_an_input_that_goes_away_is_told(tmp_path: Path) -> None:
    changed(put(tmp_path / "in.jsonl", lines(10)), Path.unlink)


def test_a_compressed_input_may_change_once_it_is_read(tmp_path: Path) -> None:
    """Its lines are in the spool."""
    from dedup import dump

    path = put(tmp_path / "in.jsonl.gz", compress(lines(10), ".gz"))
    kept = tmp_path / "out.jsonl"
    result = dump.run(dump.Files(inputs=[str(path)], kept=str(kept)), Settings(), on_read(truncate, path))
    assert result.summary().kept == len(kept.read_bytes().splitlines()) > 0


def test_a_full_disk_is_not_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Spool, data: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Spool, "append", full)
    with pytest.raises((OSError, DedupError)):
        read(put(tmp_path / "in.jsonl.gz", compress(lines(10), ".gz")))


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_named_pipe_is_read_once_and_spooled(tmp_path: Path) -> None:
    import threading

    pipe = tmp_path / "in.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(lines(10),))
    writer.start()
    plain = put(tmp_path / "plain.jsonl", lines(10))
    try:
        run(pipe, tmp_path / "out.jsonl")
    finally:
        writer.join()
    run(plain, tmp_path / "same.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "same.jsonl").read_bytes() != b""


def test_a_row_leads_back_to_its_line(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf\n" + b"".join(
        b" " * i + line(id=str(i), text=article(i), published="2024-01-31") for i in range(5)
    )
    path = put(tmp_path / "in.jsonl", data)
    with Workspace(None) as workspace:
        source = LineSource([path], Fields(), Limits(), workspace)
        [rows] = source.batches()
        assert rows.titles == [b""] * 5
        for row in range(5):
            own = data.removeprefix(BOM).split(b"\n")[row + 1]
            assert source.raw(row) == own
            assert source.record(row) == json.loads(own)
            assert source.article(row).text.encode() == rows.texts[row]
            assert source.place(row) == Place(str(path), row + 2)
            assert source.facts.published(row) == source.article(row).published == 1706659200.0
        source.check_unchanged()
    assert source.order(Place(str(path), 2)) < source.order(Place(str(path), 10))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"id,text\n1,words\n", "line 1: not_json"),
        (b'"words"\n', "line 1: not_an_object"),
        (b"\x01\x02\xff\n", "line 1: not_utf8"),
    ],
    ids=["CSV", "a text", "bytes"],
)
def test_a_file_without_a_record_is_an_error_that_says_what_is_expected(
    tmp_path: Path, data: bytes, named: str
) -> None:
    with pytest.raises(InputError, match="expected JSON Lines") as caught:
        run(put(tmp_path / "in.jsonl", data), tmp_path / "out.jsonl")
    assert named in str(caught.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_lines_do_not_hide_that_no_record_has_a_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextField, match="keys seen: lead"):
        run(put(tmp_path / "in.jsonl", b'{"lead": "a"}\n{bad\n'), None)
