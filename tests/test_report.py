"""What a person reads: nothing in the data may steer the terminal, and nothing is told that was not asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Fields, Settings, deduplicate
from dedup.explanation import explain
from dedup.report import SHOWN, print_match, print_summary, print_thresholds
from dedup.terminal import printable
from tests.hostile import article, edited, line, lines, run


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain words, [markup] and :smile:", "plain words, [markup] and :smile:"),
        ("Ünïcödé 新聞 😀", "Ünïcödé 新聞 😀"),
        ("a\x1b[31mb", "a␛[31mb"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\0\t\r\n", "␀␉␍␊"),
        ("\x7f", "␡"),
        ("\x80\x9b31m", "\ufffd\ufffd31m"),
        ("\u202eleft\u2066to right", "\ufffdleft\ufffdto right"),
        ("\u200b\u2028\ufeff", "\ufffd\ufffd\ufffd"),
        ("\ud800\udfff", "\ufffd\ufffd"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_what_is_printable_prints_and_stays(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert all(a == b for a, b in zip(text, shown, strict=True) if a.isprintable())
    assert printable(shown) == shown


def summary(folder: Path, name: str, data: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """What is told of a file."""
    path = folder / name
    path.write_bytes(data)
    print_summary(run(path, None))
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_the_summary_tells_the_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = summary(tmp_path, "in.jsonl", lines(15) + b"{bad\n" * 2 + line(text=""), capsys)
    rows = [row.strip() for row in told.splitlines()]
    assert rows[:5] == [
        "26  records in",
        " 5  removed, equal words".strip(),
        " 3  removed, edited copies".strip(),
        " 3  in quarantine (empty 1, not_json 2)".strip(),
        "15  kept",
    ]
    assert rows[5].startswith("26 = 15 kept + 8 removed + 3 quarantined; ")
    assert rows[6] == "24 records have no date that can be read"
    assert rows[7].startswith(f"{tmp_path}/in.jsonl:24: not_json: ")


def test_of_many_in_quarantine_a_few_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = summary(tmp_path, "in.jsonl", b"{bad\n" * (SHOWN + 4) + lines(1), capsys)
    assert told.count("in.jsonl:") == SHOWN
    assert "and 4 more in quarantine; --quarantined FILE lists them" in told


@pytest.mark.parametrize("name", ["a\x1b[31m\x07b\x9bc\u202e", "\udcff\x1b]0;x\x07", "[red]a", "a[bold]", "%s{}"])
def test_names_are_told_as_they_are_or_as_symbols(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = summary(tmp_path, name, b'{"\\u001b]0;k\\u0007": 1}\n{"text": "words"}', capsys)
    assert f"{printable(name)}:1: no_text: keys seen: ␛]0;k␇" in told
    assert all(c.isprintable() or c == "\n" for c in told)


def test_line_numbers_are_no_emoji(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "in.jsonl:100: not_json" in summary(tmp_path, "in.jsonl", b"\n" * 99 + b"{bad\n" + lines(1), capsys)


def test_a_match_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    story = article(1)
    print_match(explain(story, edited(story, 4)), "one\x1b.txt", "other.txt", 25)
    told = capsys.readouterr()
    assert told.err == ""
    rows = dict(row.strip().split("  ", 1) for row in told.out.strip().splitlines())
    assert rows["relation"] == "near: one is removed"
    assert rows["reason"] == "resemblance 0.95 >= 0.8"
    assert rows["resemblance"].startswith("0.9500  ")
    assert rows["words"] == "80 in one␛.txt, 80 in other.txt, 76 aligned"
    assert (rows["titles"], rows["dates"], rows["site, page"]) == ("unknown", "unknown", "unknown site, another page")
    assert "boilerplate" not in rows


def test_what_stands_beside_a_match_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"text": article(1), "title": "Ferry", "url": "https://one.example/a", "date": "2026-03-02T08:00:00Z"}
    print_match(explain(one, {**one, "text": article(2), "date": "2026-03-02T10:30:00Z"}), "a", "b", 25)
    rows = dict(row.strip().split("  ", 1) for row in capsys.readouterr().out.strip().splitlines())
    assert rows["relation"] == "different: both stay"
    assert (rows["titles"], rows["dates"]) == ("1.0000  similarity", "2.5 hours apart")
    assert rows["site, page"] == "same site, same page"


def test_thresholds_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    story = article(1)
    result = deduplicate([{"id": "one\x1b", "text": story}, {"id": "[red]", "text": edited(story, 4)}])
    rows = [(t, result.rethreshold(t).summary()) for t in (0.8, 1.0)]
    print_thresholds(rows, result.borderline(), 0.8)
    told = [row.split() for row in capsys.readouterr().out.splitlines() if row.strip()]
    assert told[0] == ["threshold", "removed", "near", "siblings"]
    assert told[1] == ["0.8", "1", "1", "0"]
    assert told[2] == ["1", "0", "0", "0"]
    assert " ".join(told[-1]) == "[red] one␛ near, a copy: resemblance 0.95 >= 0.8"


@pytest.mark.parametrize("name", ["[red]a.txt", "[/b].txt", ":smile:.txt"])
def test_names_of_compared_files_are_no_markup(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        print_match(explain("a", "b"), name, "other.txt", 25)
    finally:
        told = capsys.readouterr().out
    assert f"1 in {name}, 1 in other.txt" in told
    assert "texts of fewer than 25 words are copies only when they are equal" in told


def test_pairs_alike_but_for_their_numbers_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = article(1).split()
    notices = [" ".join([*story[:30], str(n), *story[30:60], str(n + 1), *story[60:]]) for n in (100, 200)]
    told = summary(tmp_path, "in.jsonl", b"".join(line(id=i, text=text) for i, text in enumerate(notices)), capsys)
    assert "pairs that were looked at and stay: 1 of one template with other facts\n" in told
    assert "2 = 2 kept + 0 removed + 0 quarantined" in told


def test_fields_that_no_record_has_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(3))
    fields = Fields(title=("headlin",), url=("url",), published=("pub", "date"))
    print_summary(run(path, None, Settings(fields=fields, window="30d")))
    told = capsys.readouterr().err
    assert "no record has a field headlin\n" in told
    assert "no record has a field pub, date\n" in told
    assert "a field url" not in told
    assert "records have no date that can be read, and no window holds them apart" in told
