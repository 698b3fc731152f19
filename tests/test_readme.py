"""What README.md says runs: its Python blocks, and its two commands as far as they need no installation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dedup import deduplicate
from dedup.dump import Files, run
from dedup.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_blocks_run_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert "a repeats b - resemblance" in capsys.readouterr().out


def test_the_first_example_has_ten_statements_at_most() -> None:
    assert len(blocks("python")[0].splitlines()) <= 10


def test_the_sample_is_what_the_command_says(tmp_path: Path) -> None:
    install, tests = (block.strip() for block in blocks("sh")[:2])
    words = install.split(" && ")[1].split()
    assert words[:3] == ["dedup", "run", "data/sample.jsonl.gz"]
    result = run(Files(inputs=[str(ROOT / words[2])], kept=str(tmp_path / "unique.jsonl")), Settings())
    assert f"{result.summary().records:,} records" in README
    assert tests in (ROOT / ".ci" / "run").read_text("utf-8").replace("--quiet ", "")


def test_the_removal_that_is_shown_is_one_of_the_sample() -> None:
    [shown] = map(json.loads, blocks("json"))
    removed = {r.id: r for r in deduplicate(ROOT / "data" / "sample.jsonl.gz").removed}
    found = removed[shown["id"]]
    for part in ("duplicate_of", "relation", "resemblance", "containment", "reason"):
        assert getattr(found, part) == shown[part]
    assert (found.place.line, found.kept_place.line) == (shown["line"], shown["kept_line"])
    assert f"dedup explain {found.id} {found.duplicate_of} --in data/sample.jsonl.gz" in README
