"""A run against an index: what becomes of the records of a dump while better copies of them arrive."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from dedup import compare, indexed, open_index
from dedup.dump import Files
from tests.hostile import line, objects
from tests.test_index import chain, family


def run(folder: Path, rows: dict[str, str], index: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records that are kept, and those that are removed."""
    source, kept, removed = folder / "in.jsonl", folder / "out.jsonl", folder / "removed.jsonl"
    source.write_bytes(b"".join(line(id=name, text=text) for name, text in rows.items()))
    with open_index(index) as opened:
        files = Files(inputs=[str(source)], kept=str(kept), removed=str(removed), force=True)
        indexed.run(files, opened, lambda *told: None)
        assert {found.id for found in opened.entries()} == {row["id"] for row in objects(kept.read_bytes())}
    return objects(kept.read_bytes()), objects(removed.read_bytes())


@pytest.mark.parametrize("seed", range(6))
def test_what_is_removed_is_a_copy_of_what_it_names_as_it_says(tmp_path: Path, seed: int) -> None:
    texts = {f"{s}-{i}": text for s in (seed, seed + 20) for i, text in enumerate(family(s))}
    names = list(texts)
    random.Random(seed).shuffle(names)
    kept, removed = run(tmp_path, {name: texts[name] for name in names}, "memory:")
    assert sorted(row["id"] for row in [*kept, *removed]) == sorted(names)
    assert removed
    for row in removed:
        match = compare(texts[row["id"]], texts[row["duplicate_of"]])
        assert match.duplicate
        if row["relation"] != "exact":
            assert (row["resemblance"], row["containment"]) == (
                pytest.approx(match.resemblance, abs=1e-4),
                pytest.approx(match.containment, abs=1e-4),
            )


def test_a_copy_that_is_kept_again_is_in_the_output(tmp_path: Path) -> None:
    kept, removed = run(tmp_path, chain(), "memory:")
    assert {row["id"] for row in kept} == {"whole", "copy"}
    assert {(row["id"], row["duplicate_of"]) for row in removed} == {("one", "whole"), ("two", "whole")}


def test_equal_words_follow_the_copy_that_has_them(tmp_path: Path) -> None:
    """They were reported as copies of what that was a copy of, which a better one replaced."""
    rows = chain()
    names = ["one", "copy", "twin", "two", "whole"]
    kept, removed = run(tmp_path, {name: rows["copy" if name == "twin" else name] for name in names}, "memory:")
    assert {row["id"] for row in kept} == {"whole", "copy"}
    told = {row["id"]: (row["duplicate_of"], row["relation"], row["resemblance"]) for row in removed}
    assert told["twin"] == ("copy", "exact", 1.0)
