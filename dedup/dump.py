"""Files in, files out: the whole of `dedup run` apart from its command line."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dedup.batch import decide
from dedup.corpus import Progress
from dedup.errors import InputError
from dedup.json_values import dumps
from dedup.lines import LineSource
from dedup.model import PageRepeat, Quarantined, Removed
from dedup.outputs import Outputs
from dedup.result import Result
from dedup.settings import Settings
from dedup.spool import Workspace
from dedup.writing import Changes, native, target, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where a run reads and writes. `-` is standard input or output. `work_dir`: for unnamed working files; by default
    the folder of `kept`, or the system's temporary folder when that is standard output. `merge`: kept records get a field
    `readers.MERGED` with the paragraphs that only their removed copies have, where there are any. `to`: the format of `kept`;
    None: as its name tells, else that of the inputs (`writing.target`).
    """

    inputs: Sequence[str]
    kept: str | None = None
    removed: str | None = None
    quarantined: str | None = None
    force: bool = False
    work_dir: str | None = None
    merge: bool = False
    to: str | None = None

    @property
    def workplace(self) -> Path:
        """The folder for working files."""
        if self.work_dir is not None:
            return Path(self.work_dir)
        return Path(tempfile.gettempdir()) if self.kept in (None, "-") else Path(str(self.kept)).parent


def run(files: Files, settings: Settings, progress: Progress | None = None) -> Result:
    """Reads the inputs as one dump, and writes kept lines, removals and quarantine, all of them or none.

    An input of which no record can be used is an error. Raises SettingsError, NoTextField, InputError, OutputError,
    AccountingError.
    """
    start = time.perf_counter()
    with Outputs(files.force) as outputs, Workspace(files.workplace) as workspace:
        source, to = opened(files, settings, outputs, workspace)
        decider = decide(source, settings, workspace, progress)
        result = Result(source, decider, settings, 0.0)
        usable(result.summary().kept, result.quarantined)
        if files.kept is not None:
            gains = result.additions() if files.merge else None
            changes = Changes(source, result.kept_rows, result.changed, gains)
            write(outputs, files.kept, to, source, result.kept_rows, changes)
        if files.removed is not None:
            with outputs.open(files.removed) as stream:
                stream.writelines(map(removed_line, result.iterate_removed()))
                dropped = settings.pages == "clean" and to != "warc"
                stream.writelines(page_line(found, dropped=dropped) for found in result.page_repeats())
        if files.quarantined is not None:
            with outputs.open(files.quarantined) as stream:
                stream.writelines(map(quarantined_line, result.quarantined))
        source.check_unchanged()
        outputs.commit()
        done = Result(source, decider, settings, time.perf_counter() - start)
        done.left_out = result.left_out
        return done


def opened(
    files: Files, settings: Settings, outputs: Outputs, workspace: Workspace, others: Sequence[str] = ()
) -> tuple[LineSource, str]:
    """The inputs of a run, and the format of what is kept of them; all that can be refused is refused now. `others`: files that
    no output may replace.
    """
    source = LineSource(files.inputs, settings.fields, settings.limits, workspace, settings.format)
    outputs.check(files.kept, files.removed, files.quarantined, inputs=(*source.paths, *others))
    kinds = source.kinds()
    to = target(files.kept, files.to, kinds, merge=files.merge)
    source.uniform = native(to, kinds) and files.kept is not None
    return source, to


def usable(kept: int, quarantined: Sequence[Quarantined]) -> None:
    """Raises InputError for inputs that have records, none of which can be used."""
    if kept == 0 and quarantined:
        first = quarantined[0]
        raise InputError(first.place.source, f"no record can be used; line {first.place.line}: {first.detail}")


def removed_line(removed: Removed) -> bytes:
    """A removed record as a line of JSON."""
    line = {
        "id": removed.id,
        "duplicate_of": removed.duplicate_of,
        "relation": removed.relation,
        "resemblance": removed.resemblance,
        "containment": removed.containment,
        "reason": removed.reason,
        "source": removed.place.source,
        "line": removed.place.line,
        "kept_source": removed.kept_place.source,
        "kept_line": removed.kept_place.line,
    }
    return dumps(line) + b"\n"


def page_line(found: PageRepeat, *, dropped: bool) -> bytes:
    """A body that stands twice in a kept record as a line of JSON."""
    repeat = found.repeat
    line = {
        "id": found.id,
        "duplicate_of": found.id,
        "relation": "page_repeat",
        "resemblance": repeat.similarity,
        "reason": f"{repeat.kind} stands twice in one text; kept is the copy {repeat.reason}",
        "source": found.place.source,
        "line": found.place.line,
        "field": found.field,
        "start": repeat.dropped.start,
        "end": repeat.dropped.end,
        "kept_start": repeat.kept.start,
        "kept_end": repeat.kept.end,
        "dropped": dropped and not found.fixed,
        "unique": [part.text for part in repeat.unique],
        "text": found.text,
    }
    return dumps(line) + b"\n"


def quarantined_line(record: Quarantined) -> bytes:
    """A record in quarantine as a line of JSON."""
    place = record.place
    return dumps({"source": place.source, "line": place.line, "reason": record.reason, "detail": record.detail}) + b"\n"
