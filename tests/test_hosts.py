"""The recipes in docs/hosts run, offline, in a folder with the sample dump, and print what they say; each block is a process."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.hostile import environment

ROOT: Final = Path(__file__).resolve().parent.parent
RECIPES: Final = [path for path in sorted((ROOT / "docs" / "hosts").glob("*.md")) if path.stem != "anything"]
"""Those of hosts that may warn, or need a process of their own; `test_docs.py` runs all other documents."""

NEEDS: Final = {"crawlee", "datatrove", "feedparser", "fundus", "newspaper", "newsplease", "scrapy", "trafilatura"}

_BLOCK: Final = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_MISSING: Final = re.compile(r"ModuleNotFoundError: No module named '(\w+)|(ImportError: cannot import name .*)")


def run(language: str, code: str, folder: Path) -> str:
    """What a block prints; skips the test where its package is not installed, or not with the others that are."""
    shims = folder / "bin"
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-eu", "-c", code]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(
            PYTHONPATH=str(ROOT), PATH=f"{shims}:/usr/bin:/bin", CRAWLEE_STORAGE_DIR=str(folder / "storage")
        ),
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    missing = _MISSING.search(said)
    if done.returncode and missing and (missing[1] in NEEDS or missing[2]):
        pytest.skip(missing[0])
    assert done.returncode == 0, said
    return done.stdout.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "data" / "sample.jsonl.gz", tmp_path / "data")
    for name, words in (("python", ""), ("dedup", "-m dedup ")):
        shim = tmp_path / "bin" / name
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        shim.chmod(0o755)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("path", [path for path in RECIPES if path.stem != "scrapy"], ids=lambda path: path.stem)
def test_recipes_run(path: Path, folder: Path) -> None:
    blocks = _BLOCK.findall(path.read_text("utf-8"))
    assert blocks
    for language, code, output in blocks:
        printed = run(language, code, folder)
        if output:
            assert printed == output


def test_the_scrapy_recipe_drops_duplicates(folder: Path) -> None:
    recipe = (ROOT / "docs" / "hosts" / "scrapy.md").read_text("utf-8")
    printed = [run(language, code, folder) for language, code, _ in _BLOCK.findall(recipe)][-1]
    counts = dict(re.findall(r"dedup/(\w+)': (\d+)", printed))
    lines = (folder / "unique.jsonl").read_bytes().count(b"\n")
    assert int(counts["unique"]) == lines
    assert lines + int(counts["duplicates"]) == 200
    assert (folder / "job" / "dedup" / "seen.db").exists()
