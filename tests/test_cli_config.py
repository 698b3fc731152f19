"""Settings from a file: which file, which keys, which values, and that the command line goes before them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dedup import cli_config
from tests.hostile import article, edited, invoke, line, names, objects


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a dump of two articles of which one is an edited copy (resemblance 0.95)."""
    story = article(1)
    here = tmp_path / "here"
    here.mkdir()
    (here / "in.jsonl").write_bytes(
        line(id="a", text=story, date="2026-03-01") + line(id="b", text=edited(story, 4), date="2026-06-01")
    )
    monkeypatch.chdir(here)
    return here


def config(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    path = folder / name
    path.write_text(f"[tool.dedup]\n{text}\n" if name == "pyproject.toml" else text, "utf-8")
    return path


def kept(*options: str) -> list[str]:
    done = invoke("run", "in.jsonl", *options)
    assert done.exit_code == 0, done.stderr
    return [record["id"] for record in objects(done.stdout_bytes)]


def test_the_table_of_the_project_is_read(folder: Path) -> None:
    assert kept() == ["a"]
    config(folder, "threshold = 0.96")
    assert kept() == ["a", "b"]
    config(folder, 'keep = "latest"')
    assert kept() == ["b"]
    config(folder, 'keep = ["latest", "id"]')
    assert kept() == ["b"]


def test_the_command_line_goes_before_the_file(folder: Path) -> None:
    config(folder, "threshold = 0.96\nquiet = true")
    assert kept("--threshold", "0.9") == ["a"]
    assert invoke("run", "in.jsonl").stderr == ""
    assert "kept" in invoke("run", "in.jsonl", "--no-quiet").stderr
    assert kept("--no-config") == ["a"]


def test_a_table_of_a_command_goes_before_the_general_ones(folder: Path) -> None:
    config(folder, "threshold = 0.96\n[tool.dedup.run]\nthreshold = 0.9\n[tool.dedup.tune]\nexamples = 0")
    assert kept() == ["a"]
    relation = json.loads(invoke("explain", "--json", "a", "b", "--in", "in.jsonl").stdout)["relation"]
    assert relation == "related"
    assert "closest" not in invoke("tune", "in.jsonl").stdout


def test_what_a_command_does_not_have_is_for_the_others(folder: Path) -> None:
    config(folder, 'removed = "removed.jsonl"\nexcerpts = true\n[tool.dedup.index.import]\njobs = 2')
    assert kept() == ["a"]
    assert names(folder) == ["in.jsonl", "pyproject.toml", "removed.jsonl"]
    assert invoke("tune", "in.jsonl").exit_code == 0


def test_a_file_can_be_named(folder: Path) -> None:
    config(folder, "threshold = 0.9")
    other = config(folder.parent, "threshold = 0.96", "news.toml")
    assert kept("--config", str(other)) == ["a", "b"]
    project = config(folder.parent, "threshold = 0.97")
    assert kept("--config", str(project)) == ["a", "b"]


def test_files_in_it_are_beside_it(folder: Path) -> None:
    other = config(folder.parent, 'removed = "gone.jsonl"\nindex = "seen.db"', "news.toml")
    assert kept("--config", str(other)) == ["a"]
    assert names(folder.parent) == ["gone.jsonl", "here", "news.toml", "seen.db"]
    (folder.parent / "one.txt").write_text("one text alone")
    assert invoke("check", "../one.txt", "--config", str(other)).exit_code == 0
    (folder.parent / "working").mkdir()
    working = config(folder.parent, 'work-dir = "working"', "working.toml")
    assert kept("--config", str(working)) == ["a"]
    memory = config(folder.parent, 'index = "memory:"\nremoved = "-"\noutput = "kept"', "memory.toml")
    assert invoke("run", "in.jsonl", "--config", str(memory)).exit_code == 0
    assert "kept" in names(folder.parent)


def test_above_the_folder_settings_count_within_a_repository_only(folder: Path) -> None:
    config(folder.parent, "threshold = 0.96")
    assert kept() == ["a"]
    (folder.parent / ".git").mkdir()
    assert kept() == ["a", "b"]
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')  # without a table of ours it is passed over
    assert kept() == ["a", "b"]
    config(folder, "")
    assert kept() == ["a"]
    (folder / "pyproject.toml").unlink()
    (folder / ".git").write_text("gitdir: elsewhere")  # a worktree: its root ends the search
    assert cli_config.find(folder) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files belong to nobody")
def test_above_the_folder_the_file_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config(folder.parent, "threshold = 0.96")
    (folder.parent / ".git").mkdir()
    os.chown(path, 12345, -1) if os.getuid() == 0 else monkeypatch.setattr(os, "getuid", lambda: 12345)
    done = invoke("run", "in.jsonl")
    assert done.exit_code == 2
    assert f"{path}: belongs to another user; read it with --config" in done.stderr
    assert kept("--config", str(path)) == ["a", "b"]
    assert kept("--no-config") == ["a"]


def test_the_file_is_told_when_asked_for(folder: Path) -> None:
    path = config(folder, "threshold = 0.96\nexamples = 3")
    assert str(path) not in invoke("run", "in.jsonl").stderr
    told = invoke("run", "in.jsonl", "-v").stderr.splitlines()
    assert told[0] == f"dedup: settings from {path}: threshold = 0.96"
    assert told[1].startswith("dedup: threshold 0.96, keep complete,earliest,id, ")
    (folder / "pyproject.toml").unlink()
    assert "settings from" not in invoke("run", "in.jsonl", "-v").stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("treshold = 0.9", "unknown key treshold; did you mean threshold?"),
        ("text_field = 'a'", "unknown key text_field; did you mean text-field?"),
        ("no-boilerplate = true", "unknown key no-boilerplate; write boilerplate = false"),
        ("no-merge = false", "unknown key no-merge; write merge = true"),
        ("zzzz = 1", "unknown key zzzz; there are "),
        ("help = true", "unknown key help"),
        ("config = 'x'", "unknown key config"),
        ("version = true", "unknown key version; did you mean versions?"),
        ("run = 1", "unknown key run: that is a command; give a table [tool.dedup.run]"),
        ("[tool.dedup.runs]\njobs = 1", "unknown key runs; did you mean run?"),
        ("[tool.dedup.run]\nexcerpts = true", "unknown key run.excerpts"),
        ("[tool.dedup.index.import]\njob = 1", "unknown key index.import.job; did you mean jobs?"),
        ("threshold = 'high'", "threshold is 'high': give a number"),
        ("threshold = true", "threshold is True: give a number"),
        ("jobs = 1.5", "jobs is 1.5: give a whole number"),
        ("jobs = -1", "jobs is -1: -1 is not in the range x>=0"),
        ("merge = 1", "merge is 1: give true or false"),
        ("versions = 'newest'", "versions is 'newest': 'newest' is not one of"),
        ("keep = 1", "keep is 1: give a string or a list of strings"),
        ("text-field = ['a']", "text-field is ['a']: give a string"),
        ("[tool.dedup.tune]\nexamples = 'many'", "tune.examples is 'many': give a whole number"),
        ("threshold = 0.3", "threshold is 0.3: give 0.5 to 1"),
        ("=", "is not TOML: "),
        ("a = '\udcff'", "is not TOML: "),
    ],
)
def test_what_is_wrong_is_named_in_one_line(folder: Path, text: str, said: str) -> None:
    path = folder / "pyproject.toml"
    path.write_bytes(f"[tool.dedup]\n{text}\n".encode("utf-8", "surrogateescape"))
    done = invoke("run", "in.jsonl", "-o", "out")
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert said in done.stderr
    assert str(path) in done.stderr
    assert done.stderr.count("\n") == 1
    assert names(folder) == ["in.jsonl", "pyproject.toml"]
    assert invoke("run", "in.jsonl", "--no-config").exit_code == 0
    assert invoke("run", "--help").exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("[project]\n", "has no table [tool.dedup]"),
        ("tool = 1\n", "tool is 1: give a table [tool.dedup]"),
    ],
)
def test_a_file_that_is_named_must_be_one(folder: Path, text: str | None, said: str) -> None:
    path = folder.parent / "pyproject.toml"
    if text is not None:
        path.write_text(text)
    done = invoke("run", "in.jsonl", "--config", str(path))
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("words", [["--config", "x.toml", "--no-config"], ["--no-config", "--config", "x.toml"]])
def test_a_file_and_none_contradict_each_other(folder: Path, words: list[str]) -> None:
    config(folder, "", "x.toml")
    done = invoke("run", "in.jsonl", *words)
    assert done.exit_code == 2
    assert "contradict" in done.stderr
