"""Working data: what was appended is what is read, and nothing of it is ever seen in the folder."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import OutputError
from dedup.spool import Spool, Workspace
from tests.hostile import names


@pytest.fixture(params=["memory", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path if request.param == "folder" else None


def test_what_was_appended_is_viewed(folder: Path | None) -> None:
    with Workspace(folder) as workspace:
        spool = workspace.spool()
        spool.append(np.arange(5, dtype=np.uint32))
        spool.append(b"\x01\0\0\0")
        spool.append(np.empty(0, np.uint32))
        spool.append(np.arange(100_000, dtype=np.uint32))
        view = spool.view()
        spool.release()
        assert view.dtype == np.uint32
        assert view.tolist() == [*range(5), 1, *range(100_000)]
        assert spool.size == view.nbytes
        assert folder is None or names(folder) == []
    assert view[5] == 1  # the map goes with its last view


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace(tmp_path) as workspace, Path("/dev/full").open("wb", buffering=0) as full:
        spool = workspace.spool()
        spool.close()
        monkeypatch.setattr(spool, "_file", full)
        with pytest.raises(OutputError, match=f"^{tmp_path}: working files: No space left on device; --work-dir"):
            spool.append(b"x")


def test_what_is_replaced_is_viewed(folder: Path | None) -> None:
    with Workspace(folder) as workspace:
        spool = workspace.spool()
        spool.append(np.arange(3_000, dtype=np.uint32))
        view = spool.view()
        spool.replace(8, np.array([7, 8], np.uint32))
        spool.replace(4 * 2_999, np.array([9], np.uint32))
        spool.replace(0, np.empty(0, np.uint32))
        assert view.tolist() == [0, 1, 7, 8, *range(4, 2_999), 9]
        assert spool.size == view.nbytes


def test_an_empty_spool_has_an_empty_view(folder: Path | None) -> None:
    with Workspace(folder) as workspace:
        assert workspace.spool().view().tolist() == []


def test_stretches_of_a_spool_can_be_read(folder: Path | None) -> None:
    with Workspace(folder) as workspace:
        spool = workspace.spool()
        spool.append(b"one")
        spool.append(b"")
        spool.append(b"other")
        spool.file.seek(2)
        assert spool.file.read(3) == b"eot"


@given(parts=st.lists(st.binary(max_size=50)), most=st.integers(1, 7))
def test_a_file_that_takes_less_than_it_is_given_gets_it_all(parts: list[bytes], most: int) -> None:
    class Reluctant(io.BytesIO):
        def write(self, data: Any) -> int:
            return super().write(memoryview(data)[:most])

    spool = Spool(None)
    spool._file = Reluctant()
    for part in parts:
        spool.append(part)
    spool.file.seek(0)
    assert spool.file.read() == b"".join(parts)
    assert spool.size == len(b"".join(parts))


def test_a_workspace_closes_what_it_keeps_however_it_ends(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x")
    (tmp_path / "work").mkdir()
    files: list[IO[bytes]] = []

    def fail() -> None:
        with Workspace(tmp_path / "work") as workspace:
            files.append(workspace.keep((tmp_path / "kept").open("rb", buffering=0)))
            files.append(workspace.spool().file)
            files.append(workspace.spool().file)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [file.closed for file in files] == [True] * 3
    assert names(tmp_path / "work") == []


def test_the_folder_must_exist(tmp_path: Path) -> None:
    with Workspace(tmp_path / "none") as workspace, pytest.raises(FileNotFoundError):
        workspace.spool()
