"""`dedup run --index`, `dedup check`, `dedup index`: what the shell sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dedup import cli, open_index
from tests.hostile import article, compress, digest, edited, line, names, objects
from tests.redis_process import Redis
from tests.test_index import family


def invoke(*words: object, given: str | None = None) -> Result:
    return CliRunner().invoke(cli.main, [*map(str, words)], input=given)


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """An index that holds three articles."""
    path = tmp_path / "seen.db"
    with open_index(f"sqlite:{path}") as index:
        index.add_many([{"id": f"old{i}", "text": article(i)} for i in range(3)])
    return path


def dump(path: Path, *records: dict[str, Any]) -> Path:
    path.write_bytes(b"".join(line(**record) for record in records))
    return path


def test_only_what_is_new_to_the_index_is_kept(tmp_path: Path, seen: Path) -> None:
    new = {"id": "new", "text": article(7), "extra": "ä"}
    source = dump(
        tmp_path / "in.jsonl",
        {"id": "again", "text": article(1)},
        new,
        {"id": "copy", "text": edited(article(7))},
        {"id": "edited", "text": edited(article(2))},
        {"id": "empty", "text": "!"},
    )
    kept, removed, aside = tmp_path / "out.jsonl", tmp_path / "removed.jsonl", tmp_path / "aside.jsonl"
    done = invoke(
        "run",
        source,
        "-o",
        kept,
        "--removed",
        removed,
        "--quarantined",
        aside,
        "--index",
        seen,
        "--json",
        "--no-progress",
    )
    assert done.exit_code == 3, done.output
    assert kept.read_bytes() == line(**new)
    told = [(r["id"], r["duplicate_of"], r["relation"], r["kept_source"]) for r in objects(removed.read_bytes())]
    assert told == [
        ("again", "old1", "exact", f"sqlite:{seen}"),
        ("copy", "new", "near", str(source)),
        ("edited", "old2", "near", f"sqlite:{seen}"),
    ]
    assert [r["reason"] for r in objects(aside.read_bytes())] == ["empty"]
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["records"], summary["kept"], summary["removed"], summary["quarantined"]) == (5, 1, 3, 1)
    assert summary["seen"] == 2
    again = invoke("run", source, "-o", kept, "--force", "--index", seen)
    assert again.exit_code == 3
    assert kept.read_bytes() == b""


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_long_inputs_come_out_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    data = b"".join(line(id=f"a{i}", text=article(i, 90), number=i) for i in range(1500))
    assert len(data) > 1 << 19  # several batches, which a compressed input is spooled in
    source, kept = tmp_path / f"in.jsonl{suffix}", tmp_path / "out.jsonl"
    source.write_bytes(compress(data, suffix))
    done = invoke("run", source, "-o", kept, "--index", tmp_path / "seen.db")
    assert done.exit_code == 0, done.output
    assert kept.read_bytes() == data
    told = invoke("index", "import", tmp_path / "seen.db", source).stdout
    assert told == "1,500 = 0 new + 1,500 duplicates + 0 not read\n"


def test_a_better_copy_of_the_same_dump_takes_the_place_in_the_output(tmp_path: Path, seen: Path) -> None:
    whole = article(9, 100)
    source = dump(
        tmp_path / "in.jsonl",
        {"id": "short", "text": " ".join(whole.split(" ")[:95])},
        {"id": "whole", "text": whole},
        {"id": "more", "text": article(2) + " " + article(50, 6)},
    )
    kept, removed = tmp_path / "out.jsonl", tmp_path / "removed.jsonl"
    done = invoke("run", source, "-o", kept, "--removed", removed, "--index", seen, "--json")
    assert done.exit_code == 0, done.output
    assert [r["id"] for r in objects(kept.read_bytes())] == ["whole", "more"]
    assert [(r["id"], r["duplicate_of"]) for r in objects(removed.read_bytes())] == [("short", "whole")]
    assert json.loads(done.stdout.splitlines()[-1])["replaced"] == ["old2"]


def test_a_run_that_fails_leaves_index_and_outputs_as_they_were(tmp_path: Path, seen: Path) -> None:
    source = dump(tmp_path / "in.jsonl", {"id": "new", "text": article(7)})
    before = digest(seen)
    done = invoke("run", source, "-o", tmp_path / "out.jsonl", "--removed", tmp_path / "no" / "x", "--index", seen)
    assert done.exit_code == 1
    assert digest(seen) == before
    assert names(tmp_path) == ["in.jsonl", "seen.db"]
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b"{}\n{}\n")
    assert invoke("run", broken, "-o", tmp_path / "out.jsonl", "--index", seen).exit_code == 1
    assert digest(seen) == before


@pytest.mark.parametrize("option", ["--merge", "--dry-run"])
def test_what_does_not_go_with_an_index(tmp_path: Path, seen: Path, option: str) -> None:
    source = dump(tmp_path / "in.jsonl", {"id": "new", "text": article(7)})
    assert invoke("run", source, "-o", tmp_path / "out.jsonl", "--index", seen, option).exit_code == 2


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (article(1), 1, "duplicate of old1: exact"),
        (json.dumps({"id": "x", "text": edited(article(1))}), 1, "duplicate of old1: near"),
        (article(8), 0, "new"),
        (article(1) + " " + article(50, 6), 0, "new, a better copy of old1"),
        ("!", 2, "empty"),
    ],
)
def test_checking_tells_by_its_exit_code(seen: Path, given: str, code: int, told: str) -> None:
    before = digest(seen)
    done = invoke("check", "-", "--index", seen, given=given)
    assert done.exit_code == code
    assert told in done.output
    assert digest(seen) == before
    as_json = invoke("check", "-", "--index", seen, "--json", given=given)
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout)["status"] == {0: "new", 1: "duplicate", 2: "quarantined"}[code]


def test_what_cannot_be_checked_is_neither_new_nor_a_duplicate(tmp_path: Path, seen: Path) -> None:
    assert invoke("check", tmp_path / "none", "--index", seen).exit_code == 2
    assert invoke("check", "-", "--index", tmp_path / "none.db", given=article(1)).exit_code == 2
    assert names(tmp_path) == ["seen.db"]


def test_a_dump_is_not_checked_as_one_text(seen: Path) -> None:
    for given in (line(id="a", text=article(1)) + line(id="b", text=article(2)), b'\n{"text": "a"}\n{"text'):
        done = invoke("check", "-", "--index", seen, given=given.decode())
        assert (done.exit_code, "several records" in done.output) == (2, True)
    assert invoke("check", "-", "--index", seen, given="{ no JSON " + article(8)).exit_code == 0


def test_an_index_is_looked_after(tmp_path: Path, seen: Path) -> None:
    facts = json.loads(invoke("index", "info", seen, "--json").stdout)
    assert (facts["articles"], facts["made by"]["seed"]) == (3, "1")
    assert "3  articles" in invoke("index", "info", seen).stdout
    assert invoke("index", "verify", seen).stdout == "3 articles, all well\n"
    assert invoke("index", "export", seen, "-o", tmp_path / "all.jsonl").exit_code == 0
    assert [r["id"] for r in objects((tmp_path / "all.jsonl").read_bytes())] == ["old0", "old1", "old2"]
    told = invoke("index", "import", tmp_path / "more.db", tmp_path / "all.jsonl").stdout
    assert told == "3 = 3 new + 0 duplicates + 0 not read\n"
    assert invoke("index", "expire", seen, "--older-than", "1h").stdout == "0 articles forgotten, 3 left\n"
    assert invoke("index", "expire", seen, "--before", "2100-01-01").stdout == "3 articles forgotten, 0 left\n"
    assert invoke("index", "compact", seen).exit_code == 0
    assert invoke("index", "expire", seen).exit_code == 2
    assert invoke("index", "info", tmp_path / "none.db").exit_code == 1


def test_an_index_that_was_moved_elsewhere_decides_alike(tmp_path: Path) -> None:
    """Copies that are stored beside what is kept go with it, so that none of them is lost when a better copy arrives."""
    one, other, articles = tmp_path / "one.db", tmp_path / "other.db", tmp_path / "all.jsonl"
    texts = [text for seed in range(6) for text in family(seed)]
    later = [(f"later{i}", f"{text} {article(9000 + i, 9)}") for i, text in enumerate(texts)]
    with open_index(f"sqlite:{one}") as index:
        index.add_many([{"id": f"a{i}", "text": text} for i, text in enumerate(texts)])
        assert index.stats().stored_copies > 10
    assert invoke("index", "export", one, "--copies", "-o", articles).exit_code == 0
    assert invoke("index", "import", other, articles).exit_code == 0
    with open_index(f"sqlite:{one}") as first, open_index(f"sqlite:{other}") as second:
        assert [found.record for found in second.entries()] == [found.record for found in first.entries()]
        assert second.stats().stored_copies == first.stats().stored_copies
        rows = [{"id": name, "text": text} for name, text in later]
        assert second.add_many(rows) == first.add_many(rows)


@pytest.mark.parametrize("pages", ["off", "keep"])
def test_an_index_can_be_asked_as_it_was_made(tmp_path: Path, pages: str) -> None:
    source, seen = dump(tmp_path / "in.jsonl", {"id": "a", "text": article(1)}), tmp_path / "seen.db"
    assert invoke("run", source, "-o", tmp_path / "out.jsonl", "--index", seen, "--pages", pages).exit_code == 0
    assert invoke("check", "-", "--index", seen, "--pages", pages, given=article(1)).exit_code == 1
    told = invoke("index", "import", seen, source, "--pages", pages, "--keep", "first").stdout
    assert told == "1 = 0 new + 1 duplicates + 0 not read\n"
    if pages == "off":
        assert "made with pages off" in invoke("check", "-", "--index", seen, given=article(1)).output


def test_no_output_takes_the_place_of_the_index(tmp_path: Path, seen: Path) -> None:
    source, before = dump(tmp_path / "in.jsonl", {"id": "new", "text": article(7)}), digest(seen)
    commands: list[tuple[object, ...]] = [
        ("run", source, "-o", seen, "--index", seen, "--force"),
        ("run", source, "-o", tmp_path / "out.jsonl", "--removed", seen, "--index", seen, "--force"),
        ("index", "export", seen, "-o", seen, "--force"),
    ]
    for words in commands:
        done = invoke(*words)
        assert done.exit_code == 1
        assert "is also an input" in done.output
        assert digest(seen) == before


def test_damage_is_told(seen: Path) -> None:
    data = seen.read_bytes()
    place = data.index(b"old1")
    seen.write_bytes(data[:place] + b"olx1" + data[place + 4 :])
    done = invoke("index", "verify", seen)
    assert done.exit_code == 1
    assert "problems found" in done.output


def test_an_index_in_redis_by_its_uri(redis_index: Redis, tmp_path: Path) -> None:
    source, kept, removed = (tmp_path / f"{name}.jsonl" for name in ("in", "kept", "removed"))
    source.write_bytes(line(id="a", text=article(1)) + line(id="b", text=article(2)))
    uri = redis_index.uri()
    refused = invoke(
        "run", source, "-o", kept, "--index", uri.replace("//127.0.0.1", "//:s3cret@127.0.0.1") + "&tll=1d"
    )
    assert refused.exit_code == 1
    assert "knows no option 'tll'" in refused.output
    assert "s3cret" not in refused.output
    assert invoke("run", source, "-o", kept, "--index", uri).exit_code == 0
    assert kept.read_bytes() == source.read_bytes()
    assert invoke("run", source, "-o", kept, "--removed", removed, "--force", "--index", uri).exit_code == 0
    assert kept.read_bytes() == b""
    assert [r["kept_source"] for r in objects(removed.read_bytes())] == [uri, uri]
    assert "2 articles, all well" in invoke("index", "verify", uri).stdout
    told = json.loads(invoke("index", "info", uri, "--json").stdout)
    assert (told["articles"], told["made by"]["seed"]) == (2, "1")
    assert "0 articles forgotten, 2 left" in invoke("index", "expire", uri, "--older-than", "1d").stdout
    assert invoke("index", "compact", uri).exit_code == 0
    exported = invoke("index", "export", uri).stdout_bytes
    assert [r["id"] for r in objects(exported)] == ["a", "b"]
