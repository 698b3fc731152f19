"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import IO

from dedup.errors import OutputError
from dedup.formats import compressor
from dedup.steady import SteadyFile

_BUFFER = 1 << 20


class Outputs:
    """The outputs of one run: written beside their places under other names, and moved there together by `commit`.

    Leaving the context without `commit` removes what was written. `-` is standard output, written as it comes.
    """

    def __init__(self, force: bool) -> None:
        self._force = force
        self._written: list[tuple[Path, Path]] = []

    def check(self, *names: str | None, inputs: tuple[str, ...] = ()) -> None:
        """Raises OutputError, before any work is done, for an output that cannot or must not be written."""
        paths = [Path(name) for name in names if name is not None and name != "-"]
        for path in paths:
            if path.is_dir():
                raise OutputError(path, "is a folder")
            if not path.parent.is_dir():
                raise OutputError(path, f"the folder {path.parent} does not exist")
            if path.exists() and not stat.S_ISREG(path.stat().st_mode):
                raise OutputError(path, "is not a regular file; give - for standard output")
            if any(name != "-" and path.exists() and Path(name).exists() and path.samefile(name) for name in inputs):
                raise OutputError(path, "is also an input; inputs are never changed")
            if path.exists() and not self._force:
                raise OutputError(path, "exists; give --force to replace it")
        if len({path.resolve() for path in paths}) < len(paths) or [*names].count("-") > 1:
            raise OutputError(paths[0] if paths else "-", "is given for two outputs")

    @contextmanager
    def open(self, name: str, *, packed: bool = True) -> Iterator[IO[bytes]]:
        """A stream to write one output to, compressed as the suffix of its name says; not `packed`: by its writer."""
        if name == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        path = Path(name)
        try:
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".dedup-", suffix=".part")
        except OSError as error:
            raise OutputError(path, error.strerror or str(error)) from error
        self._written.append((Path(temporary), path))
        try:
            steady = SteadyFile(handle)
            with io.BufferedWriter(steady, _BUFFER) as file:
                stream = compressor(file, path.name) if packed else file
                with nullcontext() if stream is file else closing(stream):
                    yield stream
                file.flush()
                steady.settle()
        except OSError as error:
            raise OutputError(path, error.strerror or str(error)) from error

    def commit(self) -> None:
        """Moves every output to its place."""
        for temporary, path in self._written:
            try:
                temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
                temporary.replace(path)
                sync(path.parent)
            except OSError as error:
                raise OutputError(path, error.strerror or str(error)) from error
        self._written.clear()

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary, _ in self._written:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def sync(folder: Path) -> None:
    """Makes what was made or renamed in a folder last; only POSIX can open folders."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
