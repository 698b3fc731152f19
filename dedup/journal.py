"""What became of the records of a run so far, in a file beside its output: an interrupted run goes on from there."""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple

from dedup.election import Change, Placed
from dedup.errors import OutputError
from dedup.index import BATCH, Index
from dedup.model import Verdict
from dedup.outputs import sync

log = logging.getLogger("dedup")

SUFFIX: Final = ".journal"

FORMAT: Final = 1


class Batch(NamedTuple):
    """What became of some records; `doubled`: rows of the dump whose text held a body twice, and how many times more."""

    placed: list[Placed]
    doubled: dict[int, int]


class Journal:
    """Lines of JSON: what the run is about, then a line a batch, and a last one when it is finished.

    A batch is written here before its transaction ends, and the transaction notes in the index how many there are: so the
    lines that count are known, wherever a run was stopped.
    """

    def __init__(self, output: str, index: Index) -> None:
        self.path = Path(output + SUFFIX)
        self._name = str(self.path.absolute()).encode("utf-8", "backslashreplace").decode()
        self._index = index
        self._file: IO[bytes] | None = None
        self._about: dict[str, Any] = {}
        self._batches: list[Batch] = []
        self._finished = False

    def check(self, *, resume: bool) -> None:
        """Reads what is there. Raises OutputError for damage, and for an interrupted run that is not to be resumed."""
        if self.path.exists():
            self._read()
        elif self._name in self._index.notes():
            log.warning("%s is gone: what an interrupted run added to the index counts as seen before", self.path)
        if self._about and not self._finished and not resume:
            raise OutputError(
                self.path, "a run to this output was interrupted; give --resume to go on, or remove the file"
            )

    def _read(self) -> None:
        lines = self.path.read_bytes().split(b"\n")[:-1]  # the last one was not written to its end
        try:
            self._about = dict(json.loads(lines[0] if lines else b""))
            if self._about.get("format", FORMAT) != FORMAT:
                raise ValueError(f"format {self._about['format']}")
            token, _, count = self._index.notes().get(self._name, "").partition(" ")
            self._finished = len(lines) > 1 and json.loads(lines[-1]) == {"finished": True}
            known = len(lines) - 2 if self._finished else int(count) if token == self._about.get("run") else 0
            self._batches = [_batch(json.loads(line)) for line in lines[1 : 1 + known]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OutputError(self.path, f"is damaged, or no journal of a run: {error!r}") from error
        if len(self._batches) < known:
            raise OutputError(self.path, f"is cut: {known} batches were written, {len(self._batches)} are there")

    def begin(self, dump: str, settings: str) -> Sequence[Batch]:
        """What was done already of a run over this dump (a digest) with these settings. Raises OutputError for another one's."""
        about = {"format": FORMAT, "input": dump, "settings": settings, "batch": BATCH}
        same = all(self._about.get(name) == value for name, value in about.items())
        if self._about and not self._finished and not same:
            what = "input" if self._about.get("input") != dump else "settings"
            raise OutputError(
                self.path, f"belongs to an interrupted run with another {what}; finish that, or remove the file"
            )
        if same:
            self._file = self.path.open("r+b")
            kept = b"\n".join(self.path.read_bytes().split(b"\n")[: 1 + len(self._batches)]) + b"\n"
            self._file.seek(len(kept))
            if not self._finished:
                self._file.truncate()
            return self._batches
        self._about = about | {"run": secrets.token_hex(8)}
        self._batches, self._finished = [], False
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as file:
            file.write(json.dumps(self._about).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)
        sync(self.path.parent)
        self._file = self.path.open("ab")
        return []

    def add(self, number: int, batch: Batch) -> None:
        """Writes a batch, the transaction of which is under way."""
        self._write({"placed": [_plain(placed) for placed in batch.placed], "doubled": list(batch.doubled.items())})
        self._index.note(self._name, f"{self._about['run']} {number + 1}")

    def finish(self) -> None:
        """Says that the outputs are in their places."""
        if not self._finished:
            self._write({"finished": True})
        if self._name in self._index.notes():
            self._index.note(self._name, None)

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def _plain(placed: Placed) -> dict[str, Any]:
    changes = [change._replace(verdict=asdict(change.verdict)) for change in placed.changes]  # type: ignore[arg-type]
    return placed._asdict() | {"verdict": asdict(placed.verdict), "changes": changes}


def _batch(line: dict[str, Any]) -> Batch:
    return Batch([_placed(**known) for known in line["placed"]], dict(line["doubled"]))


def _placed(verdict: dict[str, Any], changes: list[list[Any]], **rows: int) -> Placed:
    told = [Change(old, new, kept, _verdict(known), was_kept) for old, new, kept, known, was_kept in changes]
    return Placed(_verdict(verdict), **rows, changes=tuple(told))


def _verdict(known: dict[str, Any]) -> Verdict:
    parts: dict[str, Any] = {name: _frozen(value) for name, value in known.items()}
    return Verdict(**parts)


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
