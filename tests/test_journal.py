"""A run against an index that is interrupted: the same run goes on, and comes to what it would have come to."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from dedup import indexed, journal, open_index
from dedup.cli import main
from dedup.index import BATCH, Index
from dedup.journal import Journal
from dedup.outputs import Outputs
from tests.hostile import article, digest

SAMPLE: Final = Path(__file__).resolve().parent.parent / "data" / "sample.jsonl.gz"
OUTPUTS: Final = ("out.jsonl", "removed.jsonl", "quarantined.jsonl")


@pytest.fixture(autouse=True)
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a hundred, so that a short run has several."""
    for module in (indexed, journal):
        monkeypatch.setattr(module, "BATCH", 100)


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "in.jsonl"
    with gzip.open(SAMPLE) as lines:
        path.write_bytes(
            b"".join(line for i, line in enumerate(lines) if i < 420) + b'{"id": "e", "text": "!"}\n{"id"\n'
        )
    return path


def run(dump: Path, folder: Path, *more: str) -> Result:
    folder.mkdir(exist_ok=True)
    out, removed, quarantined = (str(folder / name) for name in OUTPUTS)
    files = [
        str(dump),
        "-o",
        out,
        "--removed",
        removed,
        "--quarantined",
        quarantined,
        "--index",
        str(folder / "seen.db"),
    ]
    return CliRunner().invoke(main, ["run", *files, "-q", *more])


def outputs(folder: Path) -> list[bytes]:
    place = str(folder / "seen.db").encode()
    return [(folder / name).read_bytes().replace(place, b"seen.db") for name in OUTPUTS]


@pytest.fixture(scope="module")
def whole(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What a run in one transaction gives."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(dump, folder).exit_code == 3
    return outputs(folder)


def interrupt(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, at: int, *, after: bool = False) -> None:
    """The call number `at` of a method is interrupted, before or after what it does."""
    method: Callable[..., Any] = getattr(owner, name)
    calls = []

    def stopped(self: object, *arguments: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == at and not after:
            raise KeyboardInterrupt
        found = method(self, *arguments, **options)
        if len(calls) == at:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(owner, name, stopped)


@pytest.mark.parametrize(
    ("owner", "name", "at", "after"),
    [
        (Journal, "begin", 1, False),
        (Journal, "begin", 1, True),
        (Journal, "add", 1, False),
        (Journal, "add", 1, True),
        (Index, "place", 3, False),
        (Journal, "_write", 3, True),
        (Outputs, "commit", 1, False),
        (Outputs, "commit", 1, True),
        (Journal, "finish", 1, False),
        (Journal, "_write", 6, True),
    ],
)
def test_a_run_goes_on_where_it_was_interrupted(
    tmp_path: Path,
    dump: Path,
    whole: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    at: int,
    after: bool,
) -> None:
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt(patch, owner, name, at, after=after)
        done = run(dump, folder, "--resume")
    assert done.exit_code == 130
    assert "--resume goes on from here" in done.stderr
    placed = (folder / "out.jsonl").exists()
    assert placed == (name in ("finish",) or (name, after) == ("commit", True) or at == 6)
    assert run(dump, folder, "--resume", "--force").exit_code == 3
    assert outputs(folder) == whole
    with open_index(f"sqlite:{folder / 'seen.db'}") as index:
        assert len(index) == whole[0].count(b"\n")
        assert index.notes() == {}
        assert index.verify() == []


def test_what_is_kept_of_a_dump_is_what_the_index_keeps(tmp_path: Path) -> None:
    """Also where a better copy sends copies of an earlier one elsewhere, and others replace these."""
    assert run(SAMPLE, tmp_path).exit_code == 0
    kept = [json.loads(line)["id"] for line in outputs(tmp_path)[0].splitlines()]
    with open_index(f"sqlite:{tmp_path / 'seen.db'}") as index:
        assert sorted(kept) == sorted(entry.id for entry in index.entries())


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (indexed, journal):
        monkeypatch.setattr(module, "BATCH", BATCH)
    assert run(SAMPLE, tmp_path / "whole").exit_code == 0
    folder = tmp_path / "run"
    folder.mkdir()
    command = [sys.executable, "-m", "dedup", "run", str(SAMPLE), "-o", str(folder / "out.jsonl"), "-q", "--resume"]
    command += ["--removed", str(folder / "removed.jsonl"), "--quarantined", str(folder / "quarantined.jsonl")]
    with subprocess.Popen([*command, "--index", str(folder / "seen.db")]) as process:
        known = folder / "out.jsonl.journal"
        while process.poll() is None and (not known.exists() or known.read_bytes().count(b"\n") < 2):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert not (folder / "out.jsonl").exists()
    assert run(SAMPLE, folder, "--resume").exit_code == 0
    assert outputs(folder) == outputs(tmp_path / "whole")


def small(path: Path, *numbers: int) -> Path:
    path.write_text("".join(json.dumps({"id": f"a{i}", "text": article(i)}) + "\n" for i in numbers))
    return path


def test_a_finished_run_gives_the_same_again_and_leaves_the_index_alone(tmp_path: Path) -> None:
    """So that a job that is run again for a day that is done changes nothing."""
    source, folder = small(tmp_path / "in.jsonl", 1, 2, 3), tmp_path / "run"
    assert run(source, folder, "--resume").exit_code == 0
    before, index = outputs(folder), digest(folder / "seen.db")
    assert run(source, folder, "--resume", "--force").exit_code == 0
    assert outputs(folder) == before
    assert digest(folder / "seen.db") == index
    assert run(small(tmp_path / "in.jsonl", 1, 2, 3, 4), folder, "--resume", "--force").exit_code == 0  # another run
    assert outputs(folder)[0].count(b"\n") == 1


def test_what_does_not_belong_together_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = small(tmp_path / "in.jsonl", 1, 2, 3), tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt(patch, Outputs, "commit", 1)
        assert run(source, folder, "--resume").exit_code == 130
    held = digest(folder / "seen.db")
    for more, why in (
        ((), "was interrupted; give --resume"),
        (("--resume", "--threshold", "0.9"), "another settings"),
    ):
        done = run(source, folder, *more)
        assert (done.exit_code, why in done.stderr) == (1, True)
    done = run(small(tmp_path / "other.jsonl", 1, 2, 3, 4), folder, "--resume")
    assert (done.exit_code, "another input" in done.stderr) == (1, True)
    written = folder / "out.jsonl.journal"
    lines = written.read_bytes().split(b"\n")
    for damage, why in (
        (b"\n".join(lines[:1]) + b"\n", "is cut"),
        (lines[0] + b"\n{}\n", "is damaged"),
        (b"x", "is damaged"),
        (lines[0].replace(b'"format": 1', b'"format": 9') + b"\n", "format 9"),
    ):
        written.write_bytes(damage)
        done = run(source, folder, "--resume")
        assert (done.exit_code, why in done.stderr) == (1, True)
    assert digest(folder / "seen.db") == held
    assert not (folder / "out.jsonl").exists()


def test_a_journal_that_is_gone_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, folder = small(tmp_path / "in.jsonl", 1, 2, 3), tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt(patch, Outputs, "commit", 1)
        run(source, folder, "--resume")
    (folder / "out.jsonl.journal").unlink()
    assert run(source, folder, "--resume").exit_code == 0
    assert "is gone" in caplog.text
    assert outputs(folder)[0] == b""
    assert journal.SUFFIX == ".journal"


@pytest.mark.parametrize(
    "arguments", [["run", "x", "-o", "y", "--resume"], ["run", "x", "--index", "i.db", "--resume"]]
)
def test_what_resume_needs(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "x", 1)
    assert CliRunner().invoke(main, arguments).exit_code == 2
    assert not (tmp_path / "y").exists()
