"""`dedup page`: what it prints, where, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dedup import clean_page, cli
from tests.test_inpage import ENGLISH, aggregated

TEXT = aggregated(*ENGLISH[:3])


def invoke(*words: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.main, ["page", *words], input=data)


@pytest.fixture
def page(tmp_path: Path) -> str:
    path = tmp_path / "page.txt"
    path.write_bytes(TEXT.encode())
    return str(path)


def test_the_cleaned_page_is_printed_and_nothing_else(page: str) -> None:
    done = invoke(page)
    assert done.exit_code == 0
    assert done.stdout == clean_page(TEXT).text
    assert done.stderr.endswith("words dropped\n")
    assert "1 repeat, " in done.stderr


def test_standard_input_is_a_page(page: str) -> None:
    assert invoke("-", data=TEXT.encode()).stdout == invoke(page).stdout


def test_a_page_without_repeats_comes_out_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes("a\r\nb\x0b\u2028 ".encode())
    done = invoke(str(path))
    assert done.stdout_bytes == path.read_bytes()
    assert "0 repeats, 0 words" in done.stderr


@pytest.mark.parametrize(
    "data", ["a b".encode("utf-16"), b"caf\xe9", b"\x1f\x8b\x08"], ids=["utf-16", "latin-1", "gzip"]
)
def test_what_is_no_utf8_is_refused_with_what_to_do(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(data)
    done = invoke(str(path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"dedup: {path}: is not UTF-8; convert or unpack it (")


def test_json_has_text_and_repeats(page: str) -> None:
    found = json.loads(invoke(page, "--json").stdout)
    (repeat,) = found["repeats"]
    assert found["text"] == clean_page(TEXT).text
    assert found["complete"] is True
    assert repeat["kind"] == "body"
    assert TEXT[repeat["dropped"]["start"] : repeat["dropped"]["end"]].strip()
    assert set(repeat) == {"kept", "dropped", "kind", "similarity", "unique", "reason"}


def test_the_map_names_what_stays_and_what_goes(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = invoke(page, "--map").stdout.splitlines()
    kept, dropped = (next(line for line in lines if f"{state} A" in line) for state in ("kept", "dropped"))
    assert "█" in kept
    assert "░" in dropped
    assert "in paragraphs" in dropped
    assert lines[0].split()[0] == "1"
    assert max(map(len, lines)) <= 120
    assert sum(int(line.split(" words")[0].split()[-1].replace(",", "")) for line in lines) > 500


def test_the_map_of_an_empty_page_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    assert invoke(str(tmp_path / "empty.txt"), "--map").stdout == ""


def test_a_page_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("\x1b]0;owned\x07\x1b[31m\n" + TEXT, "utf8")
    assert all(c.isprintable() or c == "\n" for c in invoke(str(path), "--map").stdout)


def test_excerpts_and_merge_are_passed_on(page: str) -> None:
    assert invoke(page, "--excerpts").stdout == clean_page(TEXT, excerpts=True).text
    assert invoke(page, "--merge").stdout == clean_page(TEXT, merge=True).text


def test_html_is_told_by_the_suffix_or_the_option(tmp_path: Path) -> None:
    pytest.importorskip("html_text")
    path = tmp_path / "page.HTML"
    path.write_bytes(b"<h1>Title</h1><p>one<p>two")
    assert invoke(str(path)).stdout == "Title\n\none\n\ntwo"
    assert invoke("-", "--html", data=path.read_bytes()).stdout == "Title\n\none\n\ntwo"


@pytest.mark.parametrize(
    ("words", "data", "code", "told"),
    [
        (("nothing.txt",), None, 1, "nothing.txt: No such file or directory"),
        (("-",), b"\xff\xfe\x00", 1, "is not UTF-8; convert"),
        (("-", "--map", "--json"), b"", 2, "give one of them"),
        ((), None, 2, "Missing argument"),
    ],
)
def test_errors_say_what_is_wrong(words: tuple[str, ...], data: bytes | None, code: int, told: str) -> None:
    done = invoke(*words, data=data)
    assert done.exit_code == code
    assert told in done.stderr
    assert done.stdout == ""
