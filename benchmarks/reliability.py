"""What an index survives: kills, cuts, flipped bits, full disks, foreign files, many processes, many openings.

    python benchmarks/reliability.py --markdown
    python benchmarks/reliability.py --parts kills cuts --kills 20

A row a question: what was done how often, what came of it, and the worst. `lost`: articles of which a process had said that they
are stored, and which are not there. Exit code 1 if anything came out otherwise than it must. The tests hold small versions.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
from harness import HERE, Table, finish, machine, parser, say

sys.path.insert(0, str(HERE.parent))

import dedup
from dedup import DedupError, open_index
from dedup.errors import StoreError
from tests.hostile import article, edited

BATCHES: Final = (1, 50, 500)
WRITERS: Final = 8
READERS: Final = 4
ADDS: Final = 1_000
ROUNDS: Final = 200
OPENED: Final = 2.0
"""Seconds on the clock that opening and `verify` may take together, at `--articles`; those of CPU are told beside them."""

FOUND: Final = 0.999
"""The share of harmful flips that must be found."""


class Outcome(NamedTuple):
    """A row: what was done, how often, what came of it, and whether that is what must come."""

    done: str
    times: int
    came: str
    well: bool


def record(i: int) -> dict[str, str]:
    """An article of 80 words, with a site and a title."""
    return {"id": f"a{i}", "text": article(i), "title": f"Title {i}", "url": f"https://x{i % 4}.example/{i}"}


def made(path: Path, count: int) -> Path:
    """An index with so many articles, a copy of every fifth, one that was forgotten, and boilerplate."""
    with open_index(f"sqlite:{path}") as index:
        index.add_many([record(i) for i in range(count)])
        index.add_many([{"id": f"b{i}", "text": edited(article(i))} for i in range(0, count, 5)])
        for i in range(5):
            row = {**record(10_000 + i), "text": f"{article(10_000 + i)}\n{article(99, 60)}", "site": "w.example"}
            index.add({**row, "title": article(20_000 + i, 6)})
        index.discard("a3")
        assert index.stats().boilerplate
    return path


def removed(path: Path) -> None:
    """Removes an index."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Of a file and its log."""
    log = path.with_name(path.name + "-wal")
    parts = [part.read_bytes() for part in (path, log) if part.exists()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def stored(path: Path) -> tuple[set[str], list[str], float]:
    """The ids in an index, what `verify` says, and the seconds that opening and verifying took."""
    start = time.perf_counter()
    with open_index(f"sqlite:{path}") as index:
        problems = index.verify()
        seconds = time.perf_counter() - start
        return {found.id for found in index.entries()}, problems, seconds


def writer(path: Path, first: int, count: int, batch: int, *signal: Path) -> subprocess.Popen[str]:
    """A process that writes, and says what is stored (`tests/index_writer.py`)."""
    words = [sys.executable, "-m", "tests.index_writer", f"sqlite:{path}", first, count, batch, *signal]
    return subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, text=True, cwd=HERE.parent)


def new_ids(told: str) -> list[str]:
    """What a writer said, in whole lines."""
    return [name for line in told.split("\n")[:-1] if line.startswith("NEW") for name in line.split()[1:]]


def ready(processes: list[subprocess.Popen[str]], signal: Path) -> None:
    """Lets all begin at once."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
    signal.touch()


def kills(work: Path, options: Any) -> Iterator[Outcome]:
    """SIGKILL at random moments of adding."""
    rng = random.Random(1)
    for batch in BATCHES:
        lost = phantom = problems = acknowledged = 0
        worst = 0.0
        path = work / "kills.db"
        rounds = -(-options.kills // len(BATCHES))
        known: set[str] = set()
        for i in range(rounds):
            if i % 20 == 0:
                removed(path)
                known = set()
            process = writer(path, 100_000 * i, 100_000, batch)
            assert process.stdout is not None
            assert process.stdout.readline() == "READY\n"
            time.sleep(rng.uniform(0.0, 1.0))
            process.kill()
            told = new_ids(process.communicate()[0])
            acknowledged += len(told)
            known |= set(told)
            there, wrong, seconds = stored(path)
            lost += len(known - there)
            phantom += len(there - known) not in (0, batch)
            known |= there
            problems += len(wrong)
            worst = max(worst, seconds)
        came = f"{acknowledged:,} acknowledged, {lost} lost, {phantom} with more than the batch in flight, {problems} damages"
        came += f"; opened and verified in {worst:.2f} s at most"
        yield Outcome(f"SIGKILL while adding, {batch} a batch", rounds, came, not (lost or phantom or problems))
        say(f"kills, batch {batch}: {came}")


def full(work: Path, options: Any) -> Iterator[Outcome]:
    """No more room for the file at some size, then room again."""
    rng = random.Random(2)
    lost = wrong = other = told = 0
    path = work / "full.db"
    for _ in range(options.full):
        removed(path)
        limit = rng.randrange(150_000, 1_500_000)
        batch = rng.choice((1, 10, 100))
        command = [sys.executable, __file__, "--role", "full", "--role-arguments", path, limit, batch, "--work", work]
        said = json.loads(subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE).stdout)
        there, problems, _ = stored(path)
        lost += len(set(said["stored"]) - there)
        wrong += len(problems) + len(there - set(said["stored"]))
        told += said["error"] == "StoreError"
        other += said["error"] != "StoreError"
    came = f"{told} told, {lost} lost, {wrong} damages or articles that were refused"
    yield Outcome("no more room for the file (RLIMIT_FSIZE)", options.full, came, not (lost or wrong or other))


def fill_until_full(path: str, limit: int, batch: int) -> dict[str, Any]:
    """Adds until there is no room, then with room again."""
    found: list[str] = []
    error = ""
    with open_index(f"sqlite:{path}") as index:
        unlimited = resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited))
        try:
            for i in range(0, 100_000, batch):
                found += [v.id for v in index.add_many([record(j) for j in range(i, i + batch)], batch=batch) if v.new]
        except Exception as caught:
            error = type(caught).__name__
        known = index.check(record(0)).status if found else "duplicate"
        assert known == "duplicate"
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
        found += [v.id for v in index.add_many([record(j) for j in range(200_000, 200_010)]) if v.new]
    return {"stored": found, "error": error}


def opened(work: Path, options: Any) -> Iterator[Outcome]:
    """Opening and verifying a large index, in a process that did not fill it."""
    path = work / "large.db"
    removed(path)
    command = [sys.executable, HERE / "index.py", "--one", "sqlite", "--articles", options.articles, "--work", work]
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    shutil.move(work / "index.db", path)
    start, cpu = time.perf_counter(), time.process_time()
    with open_index(f"sqlite:{path}") as index:
        took, spent = time.perf_counter() - start, time.process_time() - cpu
        start, cpu = time.perf_counter(), time.process_time()
        problems = index.verify()
        verified, more = time.perf_counter() - start, time.process_time() - cpu
    size = path.stat().st_size
    came = f"opened in {took:.2f} s ({spent:.2f} s of CPU), verified in {verified:.2f} s ({more:.2f}), "
    came += f"{size / 1e6:,.0f} MB, {len(problems)} damages"
    yield Outcome(f"an index of {options.articles:,} articles", 1, came, not problems and took + verified < OPENED)
    removed(path)


def cuts(work: Path, options: Any) -> Iterator[Outcome]:
    """The log ends at every 512 bytes of the last three commits."""
    path, log, cut = work / "cuts.db", work / "cuts.db-wal", work / "cut.db"
    removed(path)
    with open_index(f"sqlite:{path}") as index:
        counts, sizes = [], []
        for i in range(5):
            index.add_many([record(j) for j in range(100 * i, 100 * i + 3 + i)])
            counts.append(len(index))
            sizes.append(log.stat().st_size)
        data, logged = path.read_bytes(), log.read_bytes()
    wrong = times = 0
    for end in [*range(sizes[1], len(logged), 512), len(logged)]:
        removed(cut)
        cut.write_bytes(data)
        cut.with_name("cut.db-wal").write_bytes(logged[:end])
        there, problems, _ = stored(cut)
        times += 1
        wrong += bool(problems) or len(there) != counts[sum(size <= end for size in sizes) - 1]
    yield Outcome(
        "the log cut at every 512 bytes of three commits", times, f"{times - wrong} a prefix of them", not wrong
    )


def content(path: Path) -> list[tuple[Any, ...]] | None:
    """All rows as SQLite reads them, None where it cannot."""
    tables = ("articles ORDER BY row", "keys ORDER BY last", "header", "boilerplate", "sqlite_sequence ORDER BY name")
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.text_factory = bytes
        try:
            return [row for table in tables for row in db.execute(f"SELECT * FROM {table}").fetchall()]  # noqa: S608
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # a message, or the schema, may be no UTF-8
            return None


def flips(work: Path, options: Any) -> Iterator[Outcome]:
    """Single bits change; harmful is what changes a row, or an answer."""
    path, flipped = made(work / "flips.db", 60), work / "flipped.db"
    whole, before = path.read_bytes(), content(path)
    asked = [record(i) for i in range(0, 60, 4)] + [{"id": "x", "text": edited(article(i), 5)} for i in range(0, 60, 7)]

    def answers() -> list[Any] | None:
        """What the index says; None when it tells of damage itself."""
        with open_index(f"sqlite:{flipped}") as index:
            said: list[Any] = [index.check(one) for one in asked]
            return None if index.verify() else said

    flipped.write_bytes(whole)
    right = answers()
    assert right is not None
    rng = random.Random(3)
    harmful = found = crashed = 0
    for i in range(options.flips):
        at, bit = rng.randrange(len(whole)), rng.randrange(8)
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        changed = content(flipped) != before
        told = False
        try:
            said = answers()
            told = said is None
            changed |= said is not None and said != right
        except DedupError:
            told = True
        except Exception as error:
            crashed += 1
            changed = True
            say(f"byte {at}, bit {bit}: {type(error).__name__}: {error}")
        harmful += changed
        found += changed and told
        if i % 500 == 499:
            say(f"flips: {i + 1}, {found} of {harmful}")
    came = f"{harmful:,} harmful, {found:,} of them found by opening or `verify`, {crashed} crashes"
    yield Outcome("a bit flipped", options.flips, came, found >= FOUND * harmful and not crashed)


def truncated(work: Path, options: Any) -> Iterator[Outcome]:
    """The file ends at every hundredth of its size."""
    whole, cut = made(work / "whole.db", 60).read_bytes(), work / "short.db"
    refused = 0
    for percent in range(100):
        cut.write_bytes(whole[: len(whole) * percent // 100])
        refused += turned_away(cut)
    yield Outcome("the file cut at every 1 %", 100, f"{refused} refused and left as they are", refused == 100)


def turned_away(path: Path) -> bool:
    """Whether a file is refused by name, and it and its log are as they were."""
    before = digest(path)
    try:
        open_index(f"sqlite:{path}").close()
    except StoreError:
        return digest(path) == before
    return False


def foreign(work: Path, options: Any) -> Iterator[Outcome]:
    """What is no index, and what means harm."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("seen.db", "text")
    files: dict[str, bytes] = {
        "empty": b"",
        "text": b"Ferry to Port Ellery stays in port.\n" * 10,
        "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 8,
        "pickle": b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93\x94.",
        "zip": archive.getvalue(),
        "SQLite's own words": b"SQLite format 3\0" + bytes(2000),
    }
    refused = 0
    path = work / "foreign.db"
    for data in files.values():
        removed(path)
        path.write_bytes(data)
        refused += turned_away(path)
    yield Outcome("a foreign file: " + ", ".join(files), len(files), f"{refused} refused", refused == len(files))
    statements = {
        "another application": "PRAGMA application_id=7",
        "an old format": "PRAGMA user_version=0",
        "a future format": "PRAGMA user_version=2",
        "a trigger": "CREATE TRIGGER t AFTER INSERT ON gone BEGIN DELETE FROM articles; END",
        "a view": "CREATE VIEW v AS SELECT 1",
        "a generated column": "ALTER TABLE boilerplate ADD COLUMN more AS (name + 1)",
        "an index with an expression": "CREATE INDEX i ON articles (abs(row))",
        "another table": "CREATE TABLE more (x)",
        "another header": "UPDATE header SET value = '3' WHERE name = 'seed'",
    }
    whole = made(work / "plain.db", 20).read_bytes()
    refused = 0
    for statement in statements.values():
        removed(path)
        path.write_bytes(whole)
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute(statement)
            db.commit()
        refused += turned_away(path)
    came = f"{refused} refused and left as they are"
    yield Outcome("an index with " + ", ".join(statements), len(statements), came, refused == len(statements))


def processes(work: Path, options: Any) -> Iterator[Outcome]:
    """Writers and readers at once."""
    path, signal = work / "many.db", work / "now"
    removed(path)
    signal.unlink(missing_ok=True)
    open_index(f"sqlite:{path}").close()
    writers = [writer(path, 10_000 * i, ADDS, 1, signal) for i in range(WRITERS)]
    command = [sys.executable, __file__, "--role", "read", "--role-arguments", path, WRITERS * ADDS, "--work", work]
    readers = [subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) for _ in range(READERS)]
    ready([*writers, *readers], signal)
    start = time.perf_counter()
    told = [process.communicate()[0] for process in writers]
    took = time.perf_counter() - start
    errors = sum(process.wait() != 0 for process in (*writers, *readers))
    there, problems, _ = stored(path)
    new = sum(len(new_ids(text)) for text in told)
    came = (
        f"{errors} errors, {new:,} acknowledged, {len(there):,} rows, {len(problems)} damages, {new / took:,.0f} adds/s"
    )
    done = f"{WRITERS} processes that add {ADDS:,} articles each, {READERS} that read"
    yield Outcome(done, 1, came, not (errors or problems) and new == len(there) == WRITERS * ADDS)
    removed(path)
    signal.unlink()
    writers = [writer(path, 0, ROUNDS, 1, signal) for _ in range(WRITERS)]
    ready(writers, signal)
    told = [process.communicate()[0] for process in writers]
    times = [sum(f"a{i}" in names for names in map(new_ids, told)) for i in range(ROUNDS)]
    shares = ", ".join(str(len(new_ids(text))) for text in told)
    came = f"new {min(times)} to {max(times)} times; the processes were first with {shares}"
    yield Outcome(f"one article added by {WRITERS} processes at once", ROUNDS, came, set(times) == {1})


def read_until(path: str, count: int) -> None:
    """Asks an index until it holds so many articles, which may only become more."""
    with open_index(f"sqlite:{path}") as index:
        print("READY", flush=True)
        last = 0
        while last < count:
            now = len(index)
            assert now >= last
            last = now
            index.check(record(last))
            index.get("a0")


def leak(work: Path, options: Any) -> Iterator[Outcome]:
    """The memory of one process that opens, fills and closes indexes, again and again."""
    process = psutil.Process()
    path = work / "leak.db"
    sizes = []
    for i in range(options.leaks):
        removed(path)
        with open_index(f"sqlite:{path}") as index:
            index.add_many([record(j) for j in range(1000 * i, 1000 * i + 1000)])
        gc.collect()
        sizes.append(process.memory_info().rss / 1e6)
    removed(path)
    tenth = max(1, len(sizes) // 10)
    settled = sizes[2 * tenth :]
    early, late = (sum(part) / len(part) for part in (settled[:tenth], settled[-tenth:]))
    slope = (late - early) / max(1, len(settled) - tenth) * 100
    came = f"{early:,.0f} MB early, {late:,.0f} MB late: {slope:+.2f} MB in 100 rounds"
    yield Outcome("opened, 1,000 articles added, closed", options.leaks, came, slope < 1.0)


PARTS: Final[dict[str, Callable[[Path, Any], Iterator[Outcome]]]] = {
    "kills": kills,
    "full": full,
    "opened": opened,
    "cuts": cuts,
    "flips": flips,
    "truncated": truncated,
    "foreign": foreign,
    "processes": processes,
    "leak": leak,
}

ROLES: Final[dict[str, Callable[..., Any]]] = {"full": fill_until_full, "read": read_until}


def main(options: Any) -> int:
    """All parts that were asked for; the exit code."""
    options.work.mkdir(exist_ok=True)
    if options.role:
        path, *numbers = options.role_arguments
        print(json.dumps(ROLES[options.role](path, *map(int, numbers))))
        return 0
    before = machine()
    found: list[Outcome] = []
    dedup.deduplicate([article(1), edited(article(1))])
    for part in options.parts:
        with tempfile.TemporaryDirectory(dir=options.work, prefix="reliability-") as folder:
            found += PARTS[part](Path(folder), options)
        say(f"{part}: {found[-1].came}")
    rows = [(o.done, f"{o.times:,}", o.came, "yes" if o.well else "NO") for o in found]
    table = Table("What an index survives", ("what was done", "times", "what came of it", "as it must"), rows)
    finish("reliability", options, before, [table], [outcome._asdict() for outcome in found])
    return 0 if all(outcome.well for outcome in found) else 1


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--parts", nargs="+", choices=[*PARTS], default=[*PARTS])
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--full", type=int, default=40, help="how often there is no room")
    arguments.add_argument("--flips", type=int, default=2_000)
    arguments.add_argument("--leaks", type=int, default=200)
    arguments.add_argument("--articles", type=int, default=100_000, help="of the index that is opened")
    arguments.add_argument("--role", choices=[*ROLES], help="what a process of this script does")
    arguments.add_argument("--role-arguments", nargs="*", default=[])
    sys.exit(main(arguments.parse_args()))
