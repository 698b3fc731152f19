"""Files in, files out: the whole of `dedup run` apart from its command line."""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import orjson

from dedup.batch import decide
from dedup.cleaning import exchanged
from dedup.corpus import Progress
from dedup.errors import InputError
from dedup.lines import LineSource, parse
from dedup.merge import Merged
from dedup.model import PageRepeat, Quarantined, Removed
from dedup.outputs import Outputs
from dedup.result import Result
from dedup.settings import Settings
from dedup.sources import once
from dedup.spool import Workspace

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

MERGED: Final = "dedup_merged"
"""The field of a kept record with paragraphs of its removed copies: a list of `{"id": of the copy, "text": ...}`."""

_SPAN: Final = 1 << 20
"""The input is copied in stretches of about this many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where a run reads and writes. `-` is standard input or output. `work_dir`: for unnamed working files; by default
    the folder of `kept`, or the system's temporary folder when that is standard output. `merge`: kept records get a field
    `MERGED` with the paragraphs that only their removed copies have, where there are any.
    """

    inputs: Sequence[str]
    kept: str | None = None
    removed: str | None = None
    quarantined: str | None = None
    force: bool = False
    work_dir: str | None = None
    merge: bool = False

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
        outputs.check(files.kept, files.removed, files.quarantined, inputs=tuple(files.inputs))
        source = LineSource(files.inputs, settings.fields, settings.limits, workspace)
        decider = decide(source, settings, workspace, progress)
        result = Result(source, decider, settings, 0.0)
        usable(result.summary().kept, result.quarantined)
        if files.kept is not None:
            with outputs.open(files.kept) as stream:
                if files.merge:
                    stream.writelines(_merged_lines(result, source))
                else:
                    write_lines(stream, source, result.kept_rows, result.changed)
        if files.removed is not None:
            with outputs.open(files.removed) as stream:
                stream.writelines(map(removed_line, result.iterate_removed()))
                dropped = settings.pages == "clean"
                stream.writelines(page_line(found, dropped=dropped) for found in result.page_repeats())
        if files.quarantined is not None:
            with outputs.open(files.quarantined) as stream:
                stream.writelines(map(quarantined_line, result.quarantined))
        source.check_unchanged()
        outputs.commit()
        done = Result(source, decider, settings, time.perf_counter() - start)
        done.left_out = result.left_out
        return done


def usable(kept: int, quarantined: Sequence[Quarantined]) -> None:
    """Raises InputError for inputs that have records, none of which can be used."""
    if kept == 0 and quarantined:
        first = quarantined[0]
        raise InputError(first.place.source, f"no record can be used; line {first.place.line}: {first.detail}")


def write_lines(stream: IO[bytes], source: LineSource, kept: Sequence[int], changed: Callable[[int], bool]) -> None:
    """Writes the kept rows as they came, those that `changed` with each body of their texts once."""
    rows = np.array(kept, np.int64)
    head = 0
    for place in [place for place, row in enumerate(kept) if changed(row)] if source.doubled else []:
        _write_kept(stream, source, rows[head:place])
        stream.write(_cleaned_line(source, int(rows[place])) + b"\n")
        head = place + 1
    _write_kept(stream, source, rows[head:])


def _cleaned_line(source: LineSource, row: int) -> bytes:
    """The line of a row with each body of its text once; as it came where the text cannot be exchanged."""
    line = source.raw(row)
    record = parse(line)
    cleaned = once(record, source.fields)
    if cleaned is record:
        return line
    return exchanged(line, cleaned, str(source.fields.literal(record)), str(source.fields.literal(cleaned)))


def _write_kept(stream: IO[bytes], source: LineSource, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    """Copies the lines of `rows` as they came; a last line without an end gets one."""
    if not len(rows):
        return
    files = np.array(source.files)[rows]
    starts = np.array(source.starts)[rows]
    ends = starts + np.array(source.sizes)[rows]
    same = (files[1:] == files[:-1]) & (starts[1:] // _SPAN == starts[:-1] // _SPAN)
    heads = np.concatenate(([0], np.flatnonzero(~same) + 1, [len(rows)]))
    for head, tail in itertools.pairwise(heads.tolist()):
        # one stretch of the input, of which the lines that are not kept are left out
        base = int(starts[head])
        data = source.read(int(files[head]), base, int(ends[tail - 1]) - base)
        apart = np.flatnonzero(starts[head + 1 : tail] != ends[head : tail - 1] + 1) + head + 1
        first = np.concatenate(([head], apart))
        last = np.concatenate((apart, [tail])) - 1
        parts = [data[s:e] for s, e in zip((starts[first] - base).tolist(), (ends[last] - base).tolist(), strict=True)]
        stream.write(b"\n".join(parts))
        stream.write(b"\n")


def _merged_lines(result: Result, source: LineSource) -> Iterator[bytes]:
    """The kept lines, those that gain paragraphs with one field more."""
    gains = result.additions()
    place, gain = next(gains, (-1, None))
    for i, row in enumerate(result.kept_rows):
        line = _cleaned_line(source, row) if result.changed(row) else source.raw(row)
        if i == place and gain is not None:
            line = _with_additions(line, parse(line), gain)
            place, gain = next(gains, (-1, None))
        yield line + b"\n"


def _with_additions(line: bytes, record: Mapping[str, Any] | str, gain: Merged) -> bytes:
    """A line with the field MERGED; the rest of it stays byte for byte, unless it has such a field already."""
    added = [{"id": addition.id, "text": addition.text} for addition in gain.additions]
    if isinstance(record, Mapping) and MERGED in record:
        before = record[MERGED] if isinstance(record[MERGED], list) else [record[MERGED]]
        return dumps({**record, MERGED: [*before, *added]})
    field = dumps({MERGED: added})[1:-1]
    body = line.rstrip()[:-1].rstrip()
    return body + (b"" if body == b"{" else b",") + field + b"}"


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


def dumps(value: Any) -> bytes:
    """JSON as UTF-8; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps({k: _clean(v) for k, v in value.items()})


def _clean(value: Any) -> Any:
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value
