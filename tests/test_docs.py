"""What the documents say runs: the blocks of code of README.md and of docs/, in order, with the output that they show."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dedup
from dedup.errors import MissingExtra
from tests.hostile import article, environment, line, warm
from tests.test_hosts import RECIPES

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

INSTALLS: Final = re.compile(r"^(pip install|python -m (venv|pytest)|pre-commit)\b")
"""Commands that are not run: they fetch something, or run these tests."""

_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*).*?\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)

OUTPUT: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A block of code: its first line in the document, language, and text; `output`: what the block behind it shows."""

    line: int
    language: str
    code: str
    output: str | None


def blocks(document: str) -> list[Block]:
    """Blocks of Python and shell. The output of one is a block `text` that comes next, however much is said between."""
    fences = list(_FENCE.finditer(document))
    found = []
    for i, fence in enumerate(fences):
        if fence["language"] in ("python", "sh"):
            after = fences[i + 1] if i + 1 < len(fences) else None
            output = after["code"] if after is not None and after["language"] == "text" else None
            first = document.count("\n", 0, fence.start()) + 2
            found.append(Block(first, fence["language"], _flush(fence), output))
    return found


def _flush(fence: re.Match[str]) -> str:
    """The code without the indentation of its fence."""
    width = len(fence["indent"])
    return "".join(row[width:] if row.strip() else row for row in fence["code"].splitlines(keepends=True))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the sample dump, and the files whose names stand for those of a user."""
    warm()
    story = ". ".join(article(i, 24).capitalize() for i in range(5)) + "."
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "data" / "sample.jsonl.gz", tmp_path / "data")
    (tmp_path / "news.jsonl").write_bytes(b"".join(line(id=f"n{i}", text=article(i)) for i in range(9)))
    (tmp_path / "today.jsonl").write_bytes(b"".join(line(id=f"t{i}", text=article(i)) for i in range(5, 12)))
    news = [{"id": f"n{i}", "text": article(i)} for i in range(9)]
    pq.write_table(pa.Table.from_pylist(news), tmp_path / "news.parquet")
    (tmp_path / "old.csv").write_text("id,text\n" + "".join(f"{r['id']},{r['text']}\n" for r in news))
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "1.html").write_text(f"<p>{article(3)}</p>")
    (tmp_path / "article.txt").write_text(article(77))
    lines = ["Menu", story, "Share", "Related articles", "A title", story.upper(), "Contact"]
    (tmp_path / "page.txt").write_text("\n\n".join(lines))
    (tmp_path / "page.html").write_text("".join(f"<p>{paragraph}</p>" for paragraph in lines))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "dedup").write_text(f'#!/bin/sh\nexec {sys.executable} -m dedup "$@"\n')
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for path in (tmp_path / "bin").iterdir():
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def commands(code: str) -> str:
    """The commands of a block without those that install something."""
    rows = [row.split(" && ", 1)[1] if INSTALLS.match(row) and " && " in row else row for row in code.splitlines()]
    return "\n".join(row for row in rows if not INSTALLS.match(row))


def run_shell(code: str, where: str) -> str:
    """What the commands print on standard output and error. Skips when a program is not there."""
    variables = environment(COLUMNS="100", PYTHONPATH=str(ROOT), NO_COLOR="1")
    done = subprocess.run(
        ["bash", "-eu", "-c", commands(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=variables,
        check=False,
    )
    printed = done.stdout.decode("utf-8", "replace")
    missing = re.search(r"(\S+): command not found", printed)
    if done.returncode == 127 and missing:
        pytest.skip(f"{where} needs the program {missing[1]}")
    assert done.returncode == 0, f"{where}: exit code {done.returncode}\n{printed}"
    return printed


def run_python(code: str, where: str, names: dict[str, Any]) -> str:
    """What a block prints. Skips when a package is not installed."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, where, "exec"), names)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in {*sys.stdlib_module_names, "dedup", ""}:
            raise
        pytest.skip(f"{where} needs the package {package}")
    except MissingExtra as error:
        pytest.skip(f"{where} needs the extra {error.extra}")
    return printed.getvalue()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path not in RECIPES], ids=lambda path: str(path.relative_to(ROOT))
)
def test_blocks_run_and_print_what_is_shown(path: Path, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(path.read_text("utf-8")):
        where = f"{path.relative_to(ROOT)}:{block.line}"
        printed = run_shell(block.code, where) if block.language == "sh" else run_python(block.code, where, names)
        if block.output is not None:
            matches = doctest.OutputChecker().check_output(block.output, printed, OUTPUT)
            assert matches, f"{where} printed:\n{printed}\nand not:\n{block.output}"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("```python\na = 1\n```\n", [Block(2, "python", "a = 1\n", None)]),
        ("```sh\nls\n```\nprints\n```text\nx\n```\n", [Block(2, "sh", "ls\n", "x\n")]),
        ("```sh\nls\n```\n```json\n{}\n```\n```text\nx\n```\n", [Block(2, "sh", "ls\n", None)]),
        ("* a\n\n    ```python\n    a = 1\n      b\n    ```\n", [Block(4, "python", "a = 1\n  b\n", None)]),
        ("```toml\n```\n```console\n$ x\n```\n", []),
    ],
)
def test_blocks_are_found(document: str, found: list[Block]) -> None:
    assert blocks(document) == found


def test_what_installs_is_left_out() -> None:
    assert commands("pip install x\npip install . && dedup run\nls") == "dedup run\nls"


# The reference


def test_every_public_name_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
    assert sorted(re.findall(r"^::: dedup\.(\w+)$", text, re.MULTILINE)) == sorted(dedup.__all__)


def test_every_setting_of_the_command_is_explained() -> None:
    """The reference of the command is made from the command; it has to name it."""
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert re.search(r"::: mkdocs-click\n\s+:module: dedup\.cli\n\s+:command: main\n", text)


def test_pictures_are_those_that_the_script_draws(tmp_path: Path) -> None:
    draw = ROOT / "docs" / "pictures" / "draw.py"
    spec = importlib.util.spec_from_file_location("draw", draw)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    drawn = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text("utf-8") for path in draw.parent.glob("*.svg")}


def pictures() -> Iterator[str]:
    for path in DOCUMENTS:
        yield from re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", path.read_text("utf-8"))


def test_pictures_are_described_and_nothing_is_fetched_from_elsewhere() -> None:
    assert list(pictures())
    assert not [name for name in pictures() if "//" in name]
    for path in DOCUMENTS:
        assert "![](" not in path.read_text("utf-8"), path


# README


def test_the_first_example_has_ten_statements_at_most() -> None:
    first = next(block for block in blocks(README) if block.language == "python")
    assert len(first.code.splitlines()) <= 10


def test_the_sample_is_what_the_command_says() -> None:
    install, tests = (block.code.strip() for block in blocks(README) if block.language == "sh" and "pip" in block.code)
    assert install == "pip install . && dedup run data/sample.jsonl.gz -o unique.jsonl --removed removed.jsonl"
    assert tests in (ROOT / ".ci" / "run").read_text("utf-8").replace("--quiet ", "")


def test_the_removal_that_is_shown_is_one_of_the_sample() -> None:
    [shown] = [json.loads(fence["code"]) for fence in _FENCE.finditer(README) if fence["language"] == "json"]
    result = dedup.deduplicate(ROOT / "data" / "sample.jsonl.gz")
    assert f"{result.summary().records:,} records" in README
    found = next(r for r in result.removed if r.id == shown["id"])
    for part in ("duplicate_of", "relation", "resemblance", "containment", "reason"):
        assert getattr(found, part) == shown[part]
    assert (found.place.line, found.kept_place.line) == (shown["line"], shown["kept_line"])
    assert f"dedup explain {found.id} {found.duplicate_of} --in data/sample.jsonl.gz" in README
