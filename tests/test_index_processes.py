"""One index, several processes, and ends without warning."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, Protocol

import pytest

from dedup import Settings, open_index
from dedup.errors import StoreError
from tests.hostile import article
from tests.redis_process import Redis


class Writer(Protocol):
    def __call__(
        self, uri: str, first: int, count: int, batch: int, signal: Path | None = None
    ) -> subprocess.Popen[str]: ...


@pytest.fixture
def writer() -> Iterator[Writer]:
    """Starts processes that write; none outlives the test, whatever came of it."""
    folder = Path(__file__).resolve().parent.parent
    with ExitStack() as stack:

        def start(uri: str, first: int, count: int, batch: int, signal: Path | None = None) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.index_writer", uri, first, count, batch]
            command += [] if signal is None else [signal]
            process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, cwd=folder)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture(params=["sqlite", "redis"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an index that several processes can use."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'seen.db'}"
    server: Redis = request.getfixturevalue("redis_index")
    return server.uri()


def output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def acknowledged(told: str) -> list[str]:
    """The ids of all whole lines."""
    lines = told.split("\n")[:-1]
    return [name for told_line in lines if told_line.startswith("NEW") for name in told_line.split()[1:]]


def started(processes: list[subprocess.Popen[str]], signal: Path) -> None:
    """Lets all of them begin at once."""
    for process in processes:
        assert output(process).readline() == "READY\n"
    signal.touch()


def test_an_article_that_many_add_at_once_is_new_once(writer: Writer, uri: str, tmp_path: Path) -> None:
    signal = tmp_path / "now"
    processes = [writer(uri, 0, 30, batch, signal) for batch in (1, 3, 1, 7, 30, 2, 1, 30)]
    started(processes, signal)
    told = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert sorted(name for text in told for name in acknowledged(text)) == sorted(f"a{i}" for i in range(30))
    with open_index(uri) as index:
        assert len(index) == 30
        assert index.verify() == []


def test_writers_and_a_reader_get_along(writer: Writer, uri: str, tmp_path: Path) -> None:
    signal = tmp_path / "now"
    processes = [writer(uri, 1000 * i, 100, 1 + 9 * (i % 2), signal) for i in range(4)]
    started(processes, signal)
    counts = [0]
    with open_index(uri) as index:
        while any(process.poll() is None for process in processes):
            counts.append(len(index))
            assert index.check({"id": "x", "text": article(1)}).status in ("new", "duplicate")
        assert counts == sorted(counts)
        assert [process.wait(60) for process in processes] == [0] * 4
        assert len(index) == 400
        assert index.verify() == []


FULL: Final = """
import resource, sys
from dedup import open_index
from dedup.errors import StoreError
from tests.hostile import article

with open_index("sqlite:" + sys.argv[1]) as index:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        for i in range(0, 10000, 10):
            index.add_many([{"id": f"a{j}", "text": article(j)} for j in range(i, i + 10)])
            print("NEW", *(f"a{j}" for j in range(i, i + 10)), flush=True)
    except StoreError:
        print("FULL")
    assert index.check({"text": article(0)}).duplicate
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert index.add({"id": "after", "text": article(20000)}).new
    print("NEW after", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes")
@pytest.mark.parametrize("limit", [200_000, 333_333, 700_000])
def test_what_was_acknowledged_is_there_when_there_is_no_more_room(tmp_path: Path, limit: int) -> None:
    path, folder = tmp_path / "seen.db", Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", FULL, path, limit]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    assert "FULL\n" in done.stdout
    with open_index(f"sqlite:{path}") as index:
        assert index.verify() == []
        assert {found.id for found in index.entries()} == set(acknowledged(done.stdout))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing tells of open files")
def test_no_file_stays_open(tmp_path: Path) -> None:
    uri, wrong = f"sqlite:{tmp_path / 'seen.db'}", tmp_path / "wrong.db"
    wrong.write_bytes(b"SQLite format 3\0" + bytes(5000))

    def use() -> int:
        with open_index(uri) as index:
            index.add({"id": "a", "text": article(1)})
        for refused, settings in ((uri, Settings(min_tokens=30)), (f"sqlite:{wrong}", None)):
            with pytest.raises(StoreError):
                open_index(refused, settings)
        return len(list(Path("/proc/self/fd").iterdir()))

    counts = [use() for _ in range(5)]
    assert counts[1:] == counts[:-1]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("batch", [1, 50, 500])
def test_what_was_acknowledged_survives_a_kill(writer: Writer, uri: str, batch: int) -> None:
    rng = random.Random(batch)
    known: set[str] = set()
    for round_ in range(3):
        process = writer(uri, 5000 * round_, 5000, batch)
        assert output(process).readline() == "READY\n"
        time.sleep(rng.uniform(0.0, 0.8))
        process.kill()
        known |= set(acknowledged(process.communicate()[0]))
        with open_index(uri) as index:
            assert index.verify() == []
            stored = {found.id for found in index.entries()}
        assert known <= stored
        lost_acknowledgements = stored - known
        assert len(lost_acknowledgements) in (0, batch)
        known |= lost_acknowledgements


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer that interrupts")
@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
def test_an_index_is_used_on_after_interrupts_at_any_moment(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    uri = {"memory": "memory:", "sqlite": f"sqlite:{tmp_path / 'seen.db'}"}.get(kind, "")
    if not uri:
        server: Redis = request.getfixturevalue("redis_index")
        uri = server.uri()
    folder = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "tests.index_interrupted", uri, "300"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[0]) > 30
