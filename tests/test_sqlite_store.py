"""The file of an index: what it survives, and what it refuses without a change."""

from __future__ import annotations

import io
import logging
import multiprocessing
import os
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from dedup import DedupError, Settings, open_index
from dedup.errors import IndexDamaged, IndexMismatch, StoreError
from dedup.opening import inspect_index
from dedup.scheme import Scheme
from dedup.stores import Opening, sqlite_file
from tests.hostile import article, digest, edited, names

ARTICLES: Final = 40


def rows(count: int = ARTICLES, start: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for i in range(start, start + count):
        found.append({"id": f"a{i}", "text": article(i), "title": f"Title {i}", "url": f"https://x{i % 4}.example/{i}"})
        if i % 5 == 0:
            found.append({"id": f"b{i}", "text": edited(article(i)), "date": "2026-01-01"})
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index on disk, closed."""
    path = tmp_path / "seen.db"
    with open_index(f"sqlite:{path}") as index:
        index.add_many(rows())
    assert names(tmp_path) == ["seen.db"]
    return path


def content(path: Path) -> list[tuple[Any, ...]]:
    """All that an index keeps, as SQLite reads it."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        db.text_factory = bytes
        found = (
            db.execute("SELECT * FROM articles ORDER BY row").fetchall() + db.execute("SELECT * FROM header").fetchall()
        )
    db.close()
    return found


def test_what_was_added_is_known_when_it_is_opened_again(path: Path) -> None:
    with open_index(f"sqlite:{path}") as index:
        assert len(index) == ARTICLES
        assert all(verdict.duplicate for verdict in index.add_many(rows()))
        assert index.add({"id": "x", "text": article(500)}).new
        assert index.verify() == []


def test_two_who_have_it_open_see_what_the_other_did(path: Path) -> None:
    closing = "\n" + article(99, 150)
    with open_index(f"sqlite:{path}") as one, open_index(f"sqlite:{path}") as other:
        assert one.add({"id": "x", "text": article(500)}).new
        assert other.check({"id": "y", "text": article(500)}).duplicate_of == "x"
        other.discard("x")
        assert one.add({"id": "y", "text": article(500)}).new
        for i in range(3):
            title = article(700 + i, 6)
            assert one.add(
                {"id": f"w{i}", "text": article(600 + i, 60) + closing, "site": "w.example", "title": title}
            ).new
        assert other.stats() == one.stats()
        assert other.stats().boilerplate > 0
        assert other.add({"id": "z", "text": article(601, 60), "site": "w.example", "title": article(701, 6)}).duplicate


def foreign(kind: str) -> bytes:
    """A file that is no index."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("seen.db", "text")
    return {
        "text": b"Ferry to Port Ellery stays in port.\n" * 10,
        "image": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 8,
        "pickle": b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93\x94.",
        "zip": archive.getvalue(),
        "one byte": b"x",
    }[kind]


@pytest.mark.parametrize("kind", ["text", "image", "pickle", "zip", "one byte"])
def test_foreign_files_are_refused_as_they_are(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seen.db"
    path.write_bytes(foreign(kind))
    before = digest(path)
    with pytest.raises(IndexDamaged, match="not a SQLite file"):
        open_index(f"sqlite:{path}")
    assert digest(path) == before
    assert names(tmp_path) == ["seen.db"]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("PRAGMA application_id=7", "another application"),
        ("PRAGMA user_version=0", "has format 0"),
        ("PRAGMA user_version=2", "has format 2"),
        ("CREATE TABLE more (x)", "its tables are others"),
        ("CREATE VIEW more AS SELECT 1", "its tables are others"),
        ("CREATE TRIGGER more AFTER INSERT ON gone BEGIN DELETE FROM articles; END", "its tables are others"),
        ("ALTER TABLE articles ADD COLUMN more", "its tables are others"),
        ("DELETE FROM header WHERE name = 'seed'", "its header is damaged"),
    ],
)
def test_files_of_another_form_are_refused_as_they_are(path: Path, statement: str, why: str) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=DELETE")
    db.execute(statement)
    db.commit()
    db.close()
    before = digest(path)
    with pytest.raises(StoreError, match=why):
        open_index(f"sqlite:{path}", settings=Settings(scheme=Scheme(seed=2)) if "seed" in why else None)
    assert digest(path) == before


def test_an_empty_file_is_refused_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    path.touch()
    with pytest.raises(IndexDamaged, match="is empty"):
        open_index(f"sqlite:{path}")
    assert path.read_bytes() == b""


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_another_process_made_first_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Two processes find no file and make one each: the second one uses what the first one put there."""
    path = tmp_path / "seen.db"
    fill = sqlite_file._fill
    others: list[Path] = []

    def filled(whole: Path, opening: Opening) -> None:
        fill(whole, opening)
        if not others:
            others.append(path)
            with open_index(f"sqlite:{path}") as first:
                first.add({"id": "a", "text": article(1)})

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(sqlite_file, "_fill", filled)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    with open_index(f"sqlite:{path}") as index:
        assert index.add({"id": "b", "text": article(1)}).duplicate_of == "a"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["seen.db"]


def test_a_file_that_was_cut_is_refused_as_it_is(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    cut = tmp_path / "cut.db"
    for percent in range(1, 100, 3):
        cut.write_bytes(whole[: len(whole) * percent // 100])
        before = digest(cut)
        with pytest.raises(IndexDamaged):
            open_index(f"sqlite:{cut}")
        assert digest(cut) == before


@pytest.mark.parametrize(
    ("settings", "name", "values"),
    [
        (Settings(scheme=Scheme(seed=2)), "seed", ("1", "2")),
        (
            Settings(scheme=Scheme(shingle=4)),
            "scheme",
            (Scheme(seed=0).fingerprint, Scheme(shingle=4, seed=0).fingerprint),
        ),
        (Settings(min_tokens=30), "min_tokens", ("25", "30")),
        (Settings(threshold=0.5), "bands", ("35 of 3 rows", "rows")),
        (Settings(passages=False), "passages", ("True", "False")),
        (Settings(boilerplate=False), "boilerplate", ("True", "False")),
        (Settings(pages="off"), "pages", ("clean", "off")),
    ],
)
def test_other_settings_are_refused_by_name(path: Path, settings: Settings, name: str, values: tuple[str, str]) -> None:
    before = digest(path)
    with pytest.raises(IndexMismatch) as caught:
        open_index(f"sqlite:{path}", settings)
    assert caught.value.found == values[0]
    assert values[1] in caught.value.expected
    assert f"made with {name} {values[0]}, opened with {name} {caught.value.expected}" in str(caught.value)
    assert digest(path) == before


def test_an_index_that_is_only_looked_at_may_be_of_any_settings(tmp_path: Path) -> None:
    uri = f"sqlite:{tmp_path / 'seen.db'}"
    with open_index(uri, Settings(min_tokens=30, passages=False)) as index:
        index.add_many(rows(3))
    with inspect_index(uri) as index:
        assert len(index) == 3
        assert index.verify() == []
        assert index.made_by["min_tokens"] == "30"


def test_a_seed_that_was_drawn_is_remembered(tmp_path: Path) -> None:
    seeds = set()
    for name in ("a.db", "b.db"):
        uri = f"sqlite:{tmp_path / name}"
        with open_index(uri, seed="random") as index:
            index.add_many(rows(5))
            seeds.add(index.settings.scheme.seed)
        for options in ({}, {"seed": "random"}):
            with open_index(uri, **options) as index:  # type: ignore[arg-type]
                assert index.settings.scheme.seed in seeds
                assert all(verdict.duplicate for verdict in index.add_many(rows(5)))
        with pytest.raises(IndexMismatch, match="seed"):
            open_index(uri, seed=7)
    assert len(seeds) == 2


def test_single_bits_that_flip_are_found(path: Path, tmp_path: Path) -> None:
    """Whatever opens, is read and verified raises nothing but the library's own errors; a row that reads otherwise is told."""
    whole, before = path.read_bytes(), content(path)
    harmful = found = 0
    rng = random.Random(4)
    flipped = tmp_path / "flipped.db"
    for _ in range(600):
        at, bit = rng.randrange(len(whole)), rng.randrange(8)
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        try:
            changed = content(flipped) != before
        except sqlite3.DatabaseError:
            changed = True
        try:
            with open_index(f"sqlite:{flipped}") as index:
                told = bool(index.verify())
        except DedupError:
            told = True
        harmful += changed
        found += changed and told
    assert harmful > 100
    assert found == harmful


def test_every_cut_of_the_log_leaves_a_prefix_of_the_commits(tmp_path: Path) -> None:
    path, log = tmp_path / "seen.db", tmp_path / "seen.db-wal"
    with open_index(f"sqlite:{path}") as index:
        counts, sizes = [0], [0]
        for i in range(4):
            index.add_many(rows(3, 10 * i + 1))
            counts.append(len(index))
            sizes.append(log.stat().st_size)
        data, logged = path.read_bytes(), log.read_bytes()
    cut = tmp_path / "cut.db"
    seen = set()
    for end in [*range(sizes[1], len(logged), 512), len(logged)]:
        cut.write_bytes(data)
        (tmp_path / "cut.db-wal").write_bytes(logged[:end])
        with open_index(f"sqlite:{cut}") as index:
            assert len(index) == counts[sum(size <= end for size in sizes) - 1]
            assert index.verify() == []
            seen.add(len(index))
    assert seen == set(counts[1:])


def test_the_schema_of_a_file_is_not_trusted(path: Path) -> None:
    with open_index(f"sqlite:{path}") as index:
        assert index._store._db.run("PRAGMA trusted_schema").fetchone() == (0,)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("durability", "level"), [("process", 1), ("power", 2)])
def test_durability_is_that_of_sqlite(path: Path, durability: Any, level: int) -> None:
    with open_index(f"sqlite:{path}", durability=durability) as index:
        assert index._store._db.run("PRAGMA synchronous").fetchone() == (level,)  # type: ignore[attr-defined]
        assert index._store._db.run("PRAGMA journal_mode").fetchone() == ("wal",)  # type: ignore[attr-defined]


def test_names_that_utf8_cannot_hold_are_stored(tmp_path: Path) -> None:
    with open_index(f"sqlite:{tmp_path / 'seen.db'}") as index:
        row = {
            "id": "a\ud800",
            "text": article(1) + "\ud800",
            "site": "x\udfff",
            "title": "\ud800",
            "url": "https://x\ud800",
        }
        assert index.add(row).new
        assert index.get("a\ud800") is not None
        assert index.add({"id": "b", "text": article(1)}).duplicate_of == "a\ufffd"
        assert index.verify() == []


def _in_a_child(index: Any, told: Any) -> None:
    try:
        index.add({"id": "x", "text": article(900)})
    except StoreError as error:
        told.put(str(error))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing to fork with")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_index_is_not_used_behind_a_fork(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    with open_index(f"sqlite:{path}") as index:
        child = context.Process(target=_in_a_child, args=(index, told))
        child.start()
        assert "opened in another process" in told.get(timeout=60)
        child.join()
        assert index.add({"id": "x", "text": article(900)}).new


def test_a_network_file_system_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite_file, "_file_system", lambda folder: "nfs4")
    with caplog.at_level(logging.WARNING, "dedup"), open_index(f"sqlite:{tmp_path / 'seen.db'}"):
        assert "network file system" in caplog.text


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "seen.db"
    folder.mkdir()
    with pytest.raises(StoreError):
        open_index(f"sqlite:{folder}")
