"""Outputs appear whole or not at all, and nothing is replaced unasked."""

from __future__ import annotations

import errno
import gc
import os
import random
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from dedup import outputs as module
from dedup.errors import OutputError
from dedup.outputs import Outputs
from tests.hostile import COMPRESSED, decompress, digest, lines, names, run

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")


def written(name: Path, data: bytes, force: bool = False) -> None:
    with Outputs(force) as outputs:
        outputs.check(str(name))
        with outputs.open(str(name)) as stream:
            stream.write(data)
        outputs.commit()


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_an_output_is_written_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.jsonl{suffix}"
    written(path, b"x" * 5_000_000)
    assert decompress(path.read_bytes(), suffix) == b"x" * 5_000_000
    assert names(tmp_path) == [path.name]


def test_nothing_is_seen_before_the_commit(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with Outputs(False) as outputs:
        for path in (one, other):
            with outputs.open(str(path)) as stream:
                stream.write(b"data")
            assert not path.exists()
        outputs.commit()
        assert names(tmp_path) == ["one", "other"]
    assert names(tmp_path) == ["one", "other"]


def test_without_a_commit_nothing_is_left(tmp_path: Path) -> None:
    with Outputs(False) as outputs, outputs.open(str(tmp_path / "out")) as stream:
        stream.write(b"data")
    assert names(tmp_path) == []


def test_an_output_that_exists_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"precious")
    before = digest(path)
    with pytest.raises(OutputError, match="exists; give --force") as caught:
        written(path, b"new")
    assert caught.value.path == str(path)
    assert digest(path) == before
    written(path, b"new", force=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["out"]


@posix
def test_modes_are_kept_or_follow_the_umask(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        written(old, b"x", force=True)
        written(new, b"x")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, 0o640]


def make_folder(folder: Path) -> Path:
    (folder / "taken").mkdir()
    return folder / "taken"


def make_parentless(folder: Path) -> Path:
    return folder / "none" / "out"


def make_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def make_below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / "out"


@posix
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_folder, "is a folder"),
        (make_parentless, "the folder .*none does not exist"),
        (make_below_a_file, "the folder .*file does not exist"),
        (make_pipe, "is not a regular file"),
        (lambda folder: Path(os.devnull), "is not a regular file"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_what_cannot_be_an_output(tmp_path: Path, make: Callable[[Path], Path], why: str, force: bool) -> None:
    path = make(tmp_path)
    before = names(tmp_path)
    with pytest.raises(OutputError, match=why) as caught:
        Outputs(force).check(str(path))
    assert caught.value.path == str(path)
    assert names(tmp_path) == before


@posix
@pytest.mark.parametrize("way", ["the same", "another spelling", "a symlink", "a hard link"])
def test_an_input_is_never_an_output(tmp_path: Path, way: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(5))
    before = digest(source)
    output = source if way == "the same" else tmp_path / "link"
    if way == "another spelling":
        (tmp_path / "folder").mkdir()
        output = tmp_path / "folder" / ".." / "in.jsonl"
    if way == "a symlink":
        output.symlink_to(source)
    if way == "a hard link":
        output.hardlink_to(source)
    for places in ({"kept": output}, {"kept": None, "removed": output}, {"kept": None, "quarantined": output}):
        with pytest.raises(OutputError, match="is also an input; inputs are never changed"):
            run(source, **places, force=True)
    assert digest(source) == before


@posix
@pytest.mark.parametrize("way", ["the same", "another spelling", "a symlink to nothing"])
@pytest.mark.parametrize("force", [False, True])
def test_two_outputs_are_two_files(tmp_path: Path, way: str, force: bool) -> None:
    first = tmp_path / "out"
    second = {
        "the same": first,
        "another spelling": tmp_path / "f" / ".." / "out",
        "a symlink to nothing": tmp_path / "l",
    }
    (tmp_path / "f").mkdir()
    (tmp_path / "l").symlink_to(first)
    before = names(tmp_path)
    with pytest.raises(OutputError, match="is given for two outputs"):
        Outputs(force).check(str(first), None, str(second[way]))
    assert names(tmp_path) == before


def test_standard_output_is_one_output() -> None:
    Outputs(False).check("-", None, None)
    with pytest.raises(OutputError, match="is given for two outputs"):
        Outputs(False).check("-", "-")


@posix
def test_a_symlink_is_replaced_and_not_what_it_leads_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    with pytest.raises(OutputError, match="exists"):
        written(link, b"new")
    written(link, b"new", force=True)
    assert (link.read_bytes(), target.read_bytes()) == (b"new", b"precious")
    assert names(tmp_path) == ["link", "target"]


class Failing:
    """A stream that takes some bytes and then fails."""

    def __init__(self, stream: IO[bytes], room: int, error: BaseException) -> None:
        self._stream, self._room, self._error = stream, room, error

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise self._error
        return self._stream.write(data)

    def writelines(self, parts: Any) -> None:
        for part in parts:
            self.write(part)

    def close(self) -> None:
        self._stream.close()


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("error", "raised"),
    [(FULL, OutputError), (KeyboardInterrupt(), KeyboardInterrupt), (MemoryError(), MemoryError)],
)
@pytest.mark.parametrize("failing", ["kept", "removed", "quarantined"])
def test_a_failure_midway_leaves_everything_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
    failing: str,
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(30) + b"{bad\n" * 10)
    out = tmp_path / "out"
    out.mkdir()
    places: dict[str, Any] = {name: out / name for name in ("kept", "removed", "quarantined")}
    places["kept"].write_bytes(b"precious")
    seen: list[list[str]] = []

    def fail(stream: IO[bytes], name: str) -> Any:
        seen.append(names(out))
        return Failing(stream, 300, error) if name == failing else stream

    monkeypatch.setattr(module, "compressor", fail)
    with pytest.raises(raised) as caught:
        run(source, **places, force=True)
    if isinstance(caught.value, OutputError):
        assert caught.value.path == str(places[failing])
        assert "No space left" in str(caught.value)
    assert any(name.endswith(".part") for name in seen[-1])  # there was something to clear up
    assert names(out) == ["kept"]
    assert places["kept"].read_bytes() == b"precious"


def test_a_failure_of_the_last_sync_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        written(tmp_path / "out", b"data")
    assert names(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="files are not synced while they are written here")
def test_a_long_output_is_brought_to_disk_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.steady.STRETCH", 1 << 20)
    real, synced = os.fdatasync, []

    def sync(handle: int) -> None:
        real(handle)
        synced.append(os.fstat(handle).st_size)

    monkeypatch.setattr(os, "fdatasync", sync)
    data = random.Random(1).randbytes(9 << 20)
    with Outputs(False) as outputs:
        with outputs.open(str(tmp_path / "out")) as stream:
            for i in range(0, len(data), 3 << 18):
                stream.write(data[i : i + (3 << 18)])
        outputs.commit()
    assert (tmp_path / "out").read_bytes() == data
    assert len(synced) >= 6
    assert synced == sorted(synced)


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="files are not synced while they are written here")
@pytest.mark.parametrize("parts", [1, 2, 20])
def test_a_failure_of_an_early_sync_is_a_failure(parts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("dedup.steady.STRETCH", 1 << 20)
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        written(tmp_path / "out", bytes(parts << 20))
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_output_that_fails_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    def fail() -> None:
        with Outputs(False) as outputs, outputs.open(str(tmp_path / f"out{suffix}")) as stream:
            stream.write(b"data" * 1000)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    gc.collect()
    assert names(tmp_path) == []


LEAK = """
import gc, sys
from dedup.outputs import Outputs
try:
    with Outputs(False) as outputs, outputs.open(sys.argv[1]) as stream:
        stream.write(b"data")
        raise RuntimeError
except RuntimeError:
    stream = None
gc.collect()
"""


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_output_that_fails_is_closed(tmp_path: Path, suffix: str) -> None:
    import subprocess

    code = [sys.executable, "-X", "dev", "-W", "ignore", "-c", LEAK, str(tmp_path / f"out{suffix}")]
    assert subprocess.run(code, capture_output=True, check=True).stderr == b""


@posix
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    path.write_bytes(b"")
    written(path, b"data", force=True)
    assert path.read_bytes() == b"data"


@posix
def test_a_failed_move_is_an_output_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "replace", fail)
    try:
        with pytest.raises(OutputError, match="Input/output error"):
            written(tmp_path / "out", b"data")
    finally:
        assert names(tmp_path) == []
