"""Working data that may outgrow memory: appended once, then read through a memory map."""

from __future__ import annotations

import io
import mmap
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.typing import NDArray

from dedup.errors import OutputError


class Spool:
    """Bytes in memory, or in a file without a name, which the system reclaims however the process ends."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] = (
            io.BytesIO() if folder is None else tempfile.TemporaryFile(dir=folder, prefix=".dedup-", buffering=0)
        )
        self._map: mmap.mmap | None = None
        self.size = 0

    def append(self, data: bytes | NDArray[np.uint32]) -> None:
        """Adds to the end. Raises OutputError, as on a full disk."""
        view = memoryview(data if isinstance(data, bytes) else data.data.cast("B"))
        self.size += view.nbytes
        try:
            while view.nbytes:  # an unbuffered file may take less than it is given
                view = view[self._file.write(view) :]
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> OutputError:
        why = f"working files: {error.strerror or error}; --work-dir, or work_dir=..., names another folder for them"
        return OutputError(str(self._folder), why)

    @property
    def file(self) -> IO[bytes]:
        """The spool as a file to seek and read in."""
        return self._file

    def view(self) -> NDArray[np.uint32]:
        """All that was appended, as u32[size / 4]; nothing may be appended any more."""
        self._file.flush()
        if self.size == 0:
            return np.empty(0, np.uint32)
        if isinstance(self._file, io.BytesIO):
            return np.frombuffer(self._file.getbuffer().toreadonly(), np.uint32)
        self._map = mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ)
        return np.frombuffer(self._map, np.uint32)

    def replace(self, at: int, data: NDArray[np.uint32]) -> None:
        """Puts `data` in the place of what was appended from byte `at` on, which views show from now on. Raises OutputError."""
        view = memoryview(data.data.cast("B"))
        if isinstance(self._file, io.BytesIO):
            self._file.getbuffer()[at : at + view.nbytes] = view
            return
        try:
            while view.nbytes:
                written = os.pwrite(self._file.fileno(), view, at)
                view, at = view[written:], at + written
        except OSError as error:
            raise self._full(error) from error

    def release(self) -> None:
        """Gives the memory of mapped pages back; they are read again when needed."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Frees file and disk space (the map goes with its last view)."""
        if not isinstance(self._file, io.BytesIO):
            self._file.close()


class Workspace:
    """Where a run keeps its working data: a folder, or memory when `folder` is None. Closes its spools with itself."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._spools: list[Spool] = []
        self._files: list[IO[bytes]] = []

    def spool(self) -> Spool:
        """A new, empty spool."""
        spool = Spool(self.folder)
        self._spools.append(spool)
        return spool

    def release(self) -> None:
        """Gives the memory of all mapped pages back."""
        for spool in self._spools:
            spool.release()

    def keep(self, file: IO[bytes]) -> IO[bytes]:
        """A file to be closed with the workspace."""
        self._files.append(file)
        return file

    def __enter__(self) -> Workspace:
        return self

    def close(self) -> None:
        """Closes all files; unnamed ones go with that."""
        for spool in self._spools:
            spool.close()
        for file in self._files:
            file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
