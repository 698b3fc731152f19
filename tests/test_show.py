"""What a person sees of a diff: marks without colours, nothing that steers the terminal, no word that is lost."""

from __future__ import annotations

import contextlib
import io
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.diff import diff
from dedup.show import CONTEXT, print_diff
from dedup.words import locate
from tests.hostile import article
from tests.test_tokens import nasty

WIDE = 100_000


def told(a: str, b: str, capsys: pytest.CaptureFixture[str], width: int | None = WIDE) -> str:
    """What is printed, without the last end of line."""
    print_diff(a, b, diff(a, b), width)
    found = capsys.readouterr()
    assert found.err == ""
    assert found.out.endswith("\n")
    return found.out[:-1]


def printed(a: str, b: str, width: int) -> str:
    """The same, as often as is wanted within one test."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print_diff(a, b, diff(a, b), width)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)


SENTENCE = "It will not sail on Monday, the office said, for a storm is coming."


def test_marks(capsys: pytest.CaptureFixture[str]) -> None:
    other = SENTENCE.replace("Monday", "Tuesday").replace("the office said, ", "").replace("storm", "big storm")
    expected = "It will not sail on [-Monday, the office said,-]{+Tuesday,+} for a {+big+} storm is coming."
    assert told(SENTENCE, other, capsys) == expected


def test_removed_and_added(capsys: pytest.CaptureFixture[str]) -> None:
    longer = SENTENCE + " Tickets stay valid."
    assert told(SENTENCE, longer, capsys) == SENTENCE + " {+Tickets stay valid.+}"
    assert told(longer, SENTENCE, capsys) == SENTENCE + " [-Tickets stay valid.-]"


def test_moved_paragraphs_are_shown_at_both_places(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = article(1, 20), article(2, 10), article(3, 30)
    a, b = "\n\n".join((first, second, third)), "\n".join((first, third, second + "!"))
    assert told(a, b, capsys) == f"{first}\n\n[~{second}~]\n\n{third}\n{{~{second}!~}}"
    assert told(b, a, capsys) == f"{first}\n{{~{second}~}}\n\n{third}\n[~{second}!~]"


@pytest.mark.parametrize("words", [3 * CONTEXT, 3 * CONTEXT + 1, 1000, 5000])
def test_long_equal_stretches_are_shortened(words: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = article(1, words)
    start, end = text.split(" ")[:CONTEXT], text.split(" ")[-CONTEXT:]
    short = " ".join((*start, f"… {words - 2 * CONTEXT:,} words …", *end))
    assert told(text, text, capsys) == (text if words == 3 * CONTEXT else short)
    assert told(text + " old", text + " new", capsys).endswith(" ".join(end) + " [-old-]{+new+}")


def test_long_texts_of_one_side_are_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    text = article(1, 200)
    assert told("", text, capsys) == "{+" + text + "+}"
    assert told(text, "", capsys) == "[-" + text + "-]"


@pytest.mark.parametrize("text", ["", "…", " \n "])
def test_texts_without_words(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(text, text, capsys) == text.strip()


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        told("One line.\r\nTwo\u2028three\n", "One line. Two three four", capsys) == "One line.\nTwo\nthree\n{+four+}"
    )


def test_a_narrow_console_wraps(capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(SENTENCE, SENTENCE.replace("office", "harbour office"), capsys, 24).split("\n")
    assert len(rows) > 2
    assert max(map(len, rows)) <= 24
    assert " ".join(row.strip() for row in rows) == SENTENCE.replace("office", "{+harbour+} office")


def test_without_a_width_it_is_that_of_the_console(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert max(map(len, told(SENTENCE, SENTENCE, capsys, None).split("\n"))) <= 30


# Terminals


def test_colours_stand_for_marks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    colours(monkeypatch)
    out = told(SENTENCE + " [bold]x", SENTENCE.replace("Monday", "Tuesday") + " [bold]x", capsys)
    assert "\x1b[9;31mMonday,\x1b[0m\x1b[32mTuesday,\x1b[0m" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain == SENTENCE.replace("Monday,", "Monday,Tuesday,") + " [bold]x"


def test_moved_text_is_blue(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    colours(monkeypatch)
    long, short = article(1, 20), article(2, 10)
    assert (
        told(f"{short}\n{long}", f"{long}\n{short}", capsys)
        == f"\x1b[2;34m{short}\x1b[0m\n{long}\n\x1b[34m{short}\x1b[0m"
    )


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colours_shows_marks(
    name: str, value: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    colours(monkeypatch)
    monkeypatch.setenv(name, value)
    assert told("one two three", "one 2 three", capsys) == "one [-two-]{+2+} three"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_other_encodings_lose_characters_only(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
    text = article(1, 100)
    print_diff(text + " 東京", text + " नमस्ते", diff(text + " 東京", text + " नमस्ते"), WIDE)
    sys.stdout.flush()
    found = raw.getvalue().decode(encoding)
    assert " 76 words " in found
    assert "[-??-]" in found


# Texts of any kind


def test_nothing_in_a_text_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out = told("a\x1b[31m b\x07 [red]c[/red] :smile:", "a\x1b]0;t\x07 b \u202e \x9b1m", capsys)
    assert "␛" in out
    assert "[red]c[/red] :smile:" in out
    assert out.isprintable()


def test_spaces_and_invisible_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert told("10\xa0000\u3000km soft\xadly می\u200cخواهم", "", capsys) == "[-10 000 km softly میخواهم-]"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("東京は晴れ。", "東京は雨。", "東京は[-晴れ。-]{+雨。+}"),
        ("الطقس جميل اليوم", "الطقس سيئ اليوم", "الطقس [-جميل-]{+سيئ+} اليوم"),
        ("שלום לכולם", "שלום לך", "שלום [-לכולם-]{+לך+}"),
    ],
)
def test_other_scripts(a: str, b: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(a, b, capsys) == expected
    assert told(a * 100, b * 90, capsys, 20)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=60) | nasty, st.text(st.characters(), max_size=60) | nasty, st.integers(1, 90))
def test_any_text_can_be_printed(a: str, b: str, width: int) -> None:
    out = printed(a, b, width)
    assert all(c.isprintable() or c == "\n" for c in out)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.lists(st.sampled_from("abcdef"), max_size=40))
def test_either_text_can_be_read_from_the_marks(a: list[str], b: list[str]) -> None:
    """One of at most forty words is not shortened, but for a stretch that is all equal."""
    out = printed(" ".join(a), " ".join(b), WIDE)
    if "…" not in out:
        for text, other in ((a, r"\{([+~]).*?\1\}"), (b, r"\[([-~]).*?\1\]")):
            left = re.sub(other, " ", out)
            assert locate(left).tokens.tolist() == locate(" ".join(text)).tokens.tolist()
