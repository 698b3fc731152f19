"""Progress: live on a terminal, with a rate and the time that is left; elsewhere only what was asked for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from dedup import deduplicate
from dedup.fields import Fields
from dedup.lines import LineSource
from dedup.progress import progress
from dedup.settings import Limits
from dedup.sources import RecordSource
from dedup.spool import Workspace
from tests.hostile import COMPRESSED, article, compress, line


def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error is a terminal, as far as anybody can see."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("show", [True, False])
def test_without_a_terminal_only_compiling_is_told(show: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with progress(show) as tell:
        for stage in ("read", "sign", "compare", "choose"):
            tell(stage, 1, 2)
        assert capsys.readouterr() == ("", "")
        tell("compile", 0, 0)
    told = capsys.readouterr()
    assert told.out == ""
    assert ("compiling" in told.err) is show


@pytest.mark.parametrize(("show", "live"), [(True, True), (True, False), (False, True)])
def test_on_a_terminal_it_is_live(
    show: bool, live: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    with progress(show, live=live) as tell:
        tell("read", 12_345, 0)
        tell("compare", 1, 2)
    told = capsys.readouterr()
    assert told.out == ""
    assert bool(told.err) is (show and live)


def test_count_rate_and_the_time_that_is_left_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "120")
    with progress(True) as tell:
        for done in (1, 1_000, 2_000):
            tell("read", done, 40_000)
    told = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    assert re.search(r"2,000 articles read, [\d,]+/s", told)
    assert re.search(r"\d\d:\d\d", told)


def test_a_dumb_terminal_is_left_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with progress(True) as tell:
        tell("read", 1, 2)
    assert "\x1b" not in capsys.readouterr().err


def test_stages_are_timed(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(True, times=True) as tell:
        deduplicate([article(i) for i in range(40)], progress=tell)
    told = [re.sub(r" in [\d.]+ s$", "", row) for row in capsys.readouterr().err.splitlines() if "compiling" not in row]
    assert told[:2] == ["dedup: 40 articles read", "dedup: 40 texts fingerprinted"]
    assert told[-1] == "dedup: 40 copies weighed"


def test_a_stage_never_goes_beyond_its_total() -> None:
    seen: list[tuple[str, int, int]] = []
    story = article(1, 300)
    many = [f"{story} {article(i, 20)}" for i in range(80)]
    deduplicate(many, progress=lambda *stage: seen.append(stage))
    assert {stage for stage, _, _ in seen} - {"compile"} == {"read", "sign", "compare", "choose"}
    for stage, done, total in seen:
        assert done <= total or stage == "compile"
    assert next(total for stage, _, total in seen if stage == "compare") > 1024


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_how_many_rows_there_will_be_is_estimated(tmp_path: Path, suffix: str) -> None:
    data = b"".join(line(id=i, text=article(i, 200)) for i in range(3_000))
    paths = [tmp_path / f"{part}.jsonl{suffix}" for part in "ab"]
    for path in paths:
        path.write_bytes(compress(data, suffix))
    with Workspace(None) as workspace:
        source = LineSource(paths, Fields(), Limits(), workspace)
        told = [source.expected for _ in source.batches()]
        assert len(told) > 4
        assert all(3_000 < rows < 12_000 for rows in told)
        assert source.expected == 0


def test_nobody_can_tell_how_much_comes_from_an_iterator() -> None:
    assert RecordSource(iter(["a"]), Fields()).expected == 0
    assert RecordSource(["a", "b"], Fields()).expected == 2
