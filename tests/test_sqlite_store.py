"""The file of an index: what it survives, and what it refuses without a change."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from dedup import DedupError, Settings, open_index
from dedup.errors import IndexDamaged, IndexMismatch, StoreError
from dedup.opening import inspect_index
from dedup.scheme import Scheme
from dedup.stores import Opening, sqlite_file
from dedup.tables import Tables
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
        tables = (
            "articles ORDER BY row",
            "keys ORDER BY last",
            "header",
            "boilerplate",
            "sqlite_sequence ORDER BY name",
        )
        found = [row for table in tables for row in db.execute(f"SELECT * FROM {table}").fetchall()]
    db.close()
    return found


def test_what_was_added_is_known_when_it_is_opened_again(path: Path) -> None:
    with open_index(f"sqlite:{path}") as index:
        assert len(index) == ARTICLES
        assert all(verdict.duplicate for verdict in index.add_many(rows()))
        assert index.add({"id": "x", "text": article(500)}).new
        assert index.verify() == []


@pytest.mark.skipif(os.name != "posix", reason="limits of processes are of POSIX")
@pytest.mark.parametrize("room", [1, 20_000, 100_000])
def test_an_index_that_does_not_fit_on_its_disk_is_not_made(tmp_path: Path, room: int) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(StoreError, match=r"seen\.db: cannot be made: "):
            open_index(f"sqlite:{tmp_path / 'seen.db'}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == []
    open_index(f"sqlite:{tmp_path / 'seen.db'}").close()


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
        ("CREATE INDEX more ON articles (site)", "its tables are others"),
        ("ANALYZE", "its tables are others"),
        ("ALTER TABLE boilerplate ADD COLUMN more AS (name + 1)", "its tables are others"),
        ("CREATE TRIGGER more AFTER INSERT ON gone BEGIN DELETE FROM articles; END", "its tables are others"),
        ("ALTER TABLE articles ADD COLUMN more", "its tables are others"),
        ("DELETE FROM header WHERE name = 'seed'", "its header is damaged"),
        ("UPDATE header SET value = '3' WHERE name = 'seed'", "its header is damaged"),
        ("UPDATE header SET value = 'x' WHERE name = 'seed'", "its header is damaged"),
        ("DELETE FROM articles WHERE row = 3", "56 articles were stored and 8 forgotten, but 47 are there"),
        ("UPDATE sqlite_sequence SET seq = 2 WHERE name = 'articles'", "2 articles were stored"),
        ("UPDATE keys SET near = x'01'", "damaged keys: 1 bytes of keys"),
        ("UPDATE keys SET near = zeroblob(length(near))", "damaged keys: the checksum"),
        ("UPDATE keys SET numbers = zeroblob(length(numbers) - 16)", "damaged keys: numbers that do not fit"),
        ("DELETE FROM keys", "articles 1 to 56 have no keys"),
        ("UPDATE keys SET first = 2", "damaged keys"),
    ],
)
def test_files_of_another_form_are_refused_as_they_are(path: Path, statement: str, why: str) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=DELETE")
    db.execute(statement)
    db.commit()
    db.close()
    before = digest(path)
    with pytest.raises(IndexDamaged, match=why):
        open_index(f"sqlite:{path}")
    assert digest(path) == before


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE gone SET row = 2", "row 2: is there, and in the list"),
        ("UPDATE boilerplate SET name = name + 1", "boilerplate 1: the checksum"),
        ("DELETE FROM boilerplate", "names of boilerplate were stored, but 0"),
        ("UPDATE articles SET kept = 99 WHERE row = 3", "row 3: the checksum"),
        ("UPDATE gone SET row = 3", "row 1: has keys, and is not there"),
        ("UPDATE gone SET row = 3", "row 3: has no keys"),
    ],
)
def test_rows_that_were_changed_are_told(tmp_path: Path, statement: str, why: str) -> None:
    path = tmp_path / "seen.db"
    with open_index(f"sqlite:{path}") as index:
        closing = "\n" + article(99, 150)
        for i in range(6):
            title = article(50 + i, 6)
            index.add({"id": f"a{i}", "text": article(i, 60) + closing, "title": title, "site": "x.example"})
        index.discard("a0")
        assert index.stats().boilerplate > 0
        assert index.verify() == []
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()
    with open_index(f"sqlite:{path}") as index:
        assert any(why in told for told in index.verify())


def hot(path: Path, statement: str | None = None) -> Path:
    """The same index as a process leaves it that was killed, with what it changed in the log only."""
    copy = path.with_name("hot.db")
    with open_index(f"sqlite:{path}") as index, contextlib.closing(sqlite3.connect(path)) as db:
        index.add({"id": "last", "text": article(900)})
        if statement is not None:
            db.execute(statement)
            db.commit()
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    return copy


@pytest.mark.parametrize(
    ("statement", "settings"),
    [
        (None, Settings(min_tokens=30)),
        ("UPDATE keys SET near = x'01'", None),
        ("DELETE FROM articles WHERE row = 3", None),
    ],
)
def test_what_is_refused_keeps_its_log(path: Path, statement: str | None, settings: Settings | None) -> None:
    copy = hot(path, statement)
    log = copy.with_name("hot.db-wal")
    before = digest(copy), digest(log)
    with pytest.raises(StoreError):
        open_index(f"sqlite:{copy}", settings)
    assert (digest(copy), digest(log)) == before


def test_a_link_leads_to_the_file_and_its_log(path: Path) -> None:
    copy = hot(path)
    link = path.with_name("link.db")
    link.symlink_to(copy)
    with open_index(f"sqlite:{link}") as index:
        assert len(index) == ARTICLES + 1
        assert index.stats().disk > copy.stat().st_size
        assert index.add({"id": "x", "text": article(500)}).new
    with open_index(f"sqlite:{copy}") as index:
        assert "x" in index


def test_a_name_that_sqlite_takes_for_another_thing_is_that_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with open_index("sqlite::memory:") as index:
            index.add({"id": "a", "text": article(1)})
            assert len(index) == 1
    assert names(tmp_path) == [":memory:"]


@pytest.mark.parametrize("another", [False, True])
def test_a_file_that_went_while_it_was_open_is_noticed(path: Path, another: bool) -> None:
    with open_index(f"sqlite:{path}") as index:
        for part in path.parent.glob("seen.db*"):
            part.unlink()
        if another:
            open_index(f"sqlite:{path}").close()
        for use in (index.add, index.check):
            with pytest.raises(StoreError, match="another file is in its place" if another else "the file is gone"):
                use({"id": "x", "text": article(500)})


def test_opening_a_file_once_more_leaves_the_locks_of_who_has_it_open(path: Path) -> None:
    """POSIX takes a process's locks on a file away when it closes any handle of it: others would remove the log then."""
    ask = f"from dedup import open_index\nwith open_index('sqlite:{path}') as index: print('x' in index)"
    with open_index(f"sqlite:{path}") as index:
        open_index(f"sqlite:{path}").close()
        with pytest.raises(IndexMismatch):
            open_index(f"sqlite:{path}", Settings(min_tokens=30))
        subprocess.run([sys.executable, "-c", ask], check=True)
        assert index.add({"id": "x", "text": article(500)}).new
        told = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout
        assert told == "True\n"


def test_what_another_process_forgot_and_compacted_away_is_noticed(tmp_path: Path) -> None:
    uri = f"sqlite:{tmp_path / 'seen.db'}"
    closing = "\n" + article(99, 150)
    made = [
        {"id": f"a{i}", "text": article(i, 60) + closing, "title": article(50 + i, 6), "site": "x.example"}
        for i in range(6)
    ]
    with open_index(uri) as one, open_index(uri) as other:
        one.add_many(made[:2])
        assert other.check(made[0]).duplicate_of == "a0"
        memory = other.stats().memory
        one.discard("a0")
        one.discard("a1")
        one.compact()
        assert [other.add(row).status for row in made] == ["new"] * 6
        assert other.stats() == one.stats()
        assert other.stats().memory == memory
        assert other.verify() == []


def segments(path: Path) -> list[tuple[int, int, int]]:
    """First and last article of the rows that hold keys, and how many bytes of them."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        size = "length(near) + length(held) + length(pieces)"
        return db.execute(f"SELECT first, last, {size} FROM keys ORDER BY last").fetchall()


@pytest.mark.parametrize("gone", [(), (1,), (1, 2, 3), (5, 9, 17), (20,), (19, 20), tuple(range(1, 21))])
def test_compacting_joins_keys_and_leaves_those_of_the_forgotten_out(tmp_path: Path, gone: tuple[int, ...]) -> None:
    path = tmp_path / "seen.db"
    made = [{"id": f"a{i}", "text": article(i)} for i in range(1, 31)]
    with open_index(f"sqlite:{path}") as one, open_index(f"sqlite:{path}") as other:
        for record in made[:20]:
            one.add(record)
        assert [found[:2] for found in segments(path)] == [(i, i) for i in range(1, 21)]
        for i in gone:
            one.discard(f"a{i}")
        one.add_many(made[20:25])  # behind what `other` knows by now
        assert len(other) == 25 - len(gone)
        one.add_many(made[25:])
        before = sum(size for _, _, size in segments(path))
        one.compact()
        ((first, last, size),) = segments(path)
        assert (first, last) == (1, 30)
        assert size < before if gone else size == before
        with open_index(f"sqlite:{path}") as third:
            for index in (one, other, third):
                assert [index.check(record).duplicate for record in made] == [i not in gone for i in range(1, 31)]
                assert index.verify() == []
        one.compact()
        assert segments(path) == [(first, last, size)]
        assert {other.add(record).status for record in made} <= {"new", "duplicate"}
        assert other.verify() == []


def test_an_answer_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process replaces the article while this one looks: the answer is that of before, and not that there is none."""
    uri = f"sqlite:{tmp_path / 'seen.db'}"
    short, whole = {"id": "short", "text": article(1, 95)}, {"id": "whole", "text": article(1, 100)}
    with open_index(uri) as one, open_index(uri) as other:
        one.add(short)
        get = other._session.store.get

        def slow(rows: Any) -> Any:
            monkeypatch.undo()
            assert one.add(whole).replaces == ("short",)
            return get(rows)

        monkeypatch.setattr(other._session.store, "get", slow)
        assert other.check(short).duplicate_of == "short"
        assert other.check(short).duplicate_of == "whole"


def test_taking_in_what_others_wrote_may_be_interrupted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(f"sqlite:{path}") as one, open_index(f"sqlite:{path}") as other:
        one.add_many(rows(20, 100))

        def stop(*given: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Tables, "add", stop)
        with pytest.raises(KeyboardInterrupt):
            other.check({"id": "x", "text": article(1)})
        monkeypatch.undo()
        assert all(other.check(row).duplicate for row in [*rows(), *rows(20, 100)])


def test_copies_that_were_not_stored_keep_their_article_in_its_place(tmp_path: Path) -> None:
    """With `first` nothing is replaced, so no copies are stored; whoever opens the index with another policy cannot compare."""
    uri = f"sqlite:{tmp_path / 'seen.db'}"
    words = article(1, 200).split(" ")
    with open_index(uri, keep="first") as index:
        index.add({"id": "middle", "text": " ".join(words)})
        assert index.add({"id": "left", "text": " ".join(words[20:])}).duplicate_of == "middle"
    with open_index(uri) as index:
        verdict = index.add({"id": "long", "text": " ".join([*words[:165], *article(9, 40).split(" ")])})
        assert verdict.duplicate_of == "middle"
        assert verdict.reason.endswith("kept by too many copies to compare again")


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
    for _ in range(900):
        at, bit = rng.randrange(len(whole)), rng.randrange(8)
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        try:
            changed = content(flipped) != before
        except (sqlite3.DatabaseError, UnicodeDecodeError):
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
        assert index._session.store._db.run("PRAGMA trusted_schema").fetchone() == (0,)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("durability", "level"), [("process", 1), ("power", 2)])
def test_durability_is_that_of_sqlite(path: Path, durability: Any, level: int) -> None:
    with open_index(f"sqlite:{path}", durability=durability) as index:
        assert index._session.store._db.run("PRAGMA synchronous").fetchone() == (level,)  # type: ignore[attr-defined]
        assert index._session.store._db.run("PRAGMA journal_mode").fetchone() == ("wal",)  # type: ignore[attr-defined]


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


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_file_that_another_program_holds_is_told_and_used_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    monkeypatch.setattr("dedup.stores.sqlite_connection.BUSY", 0.1)
    with open_index(f"sqlite:{path}") as index, closing(sqlite3.connect(path, isolation_level=None)) as other:
        count = len(index)
        other.execute(lock)
        for change in (lambda: index.add({"id": "new", "text": article(900)}), lambda: index.expire(older_than="1d")):
            with pytest.raises(StoreError, match="others have been writing for"):
                change()
        assert index.check({"text": article(900)}).new
        assert len(index) == count
        other.execute("ROLLBACK")
        assert index.add({"id": "new", "text": article(900)}).new
        assert index.verify() == []


def test_a_name_that_is_no_utf8_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE articles SET id = CAST(x'ff41' AS TEXT) WHERE row = (SELECT min(row) FROM articles)")
        db.commit()
    with open_index(f"sqlite:{path}") as index:
        assert index.verify() != []
        with pytest.raises(IndexDamaged, match="decode"):
            list(index.entries())
