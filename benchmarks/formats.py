"""What reading and writing cost in each format: the share of `dedup run` that goes into them.

    python benchmarks/formats.py --articles 100000 --markdown

The same dump in every format. `run` is the CPU time of a whole `dedup run` from that format to that format; `input and output`
that of a process which only reads the dump as a run does and writes the records that the run kept, without the time that such a
process takes for one record. CPU seconds are user and system, of child processes too.
"""

from __future__ import annotations

import csv
import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Table, child, dump, finish, machine, one_record, parser, run_command, say, script

from dedup.formats import compressor

FORMATS: Final = ("jsonl", "csv", "parquet", "arrow")
CHUNK: Final = 10_000
"""Articles in a row group."""


def records(source: Path) -> Iterator[list[dict[str, Any]]]:
    """The records of a dump, in chunks."""
    with source.open("rb") as file:
        chunk = []
        for line in file:
            chunk.append(orjson.loads(line))
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def converted(source: Path, name: str) -> Path:
    """The dump in another format, made once."""
    path = source.with_name(f"{source.stem}.{name}")
    if path.exists():
        return path
    say(f"writing {path}")
    part = path.with_name(f"part-{path.name}")
    if name == "jsonl.gz":
        with part.open("wb") as file, compressor(file, name) as stream:
            stream.write(source.read_bytes())
    elif name.startswith("csv"):
        plain = part.with_name("part.csv")
        with plain.open("w", newline="", encoding="utf-8") as text:
            for i, chunk in enumerate(records(source)):
                writer = csv.DictWriter(text, list(chunk[0]))
                if i == 0:
                    writer.writeheader()
                writer.writerows(chunk)
        if name == "csv":
            plain.rename(part)
        else:
            with part.open("wb") as file, compressor(file, name) as stream:
                stream.write(plain.read_bytes())
            plain.unlink()
    else:
        tables = (pa.Table.from_pylist(chunk) for chunk in records(source))
        first = next(tables)
        with pq.ParquetWriter(part, first.schema) if name == "parquet" else pa.ipc.new_file(part, first.schema) as out:
            out.write_table(first)
            for table in tables:
                out.write_table(table)
    part.rename(path)
    return path


def copy(source: Path, kept: Path, ids: Path) -> None:
    """Reads a dump as a run does, and writes the records of these ids."""
    from dedup.fields import Fields
    from dedup.lines import LineSource
    from dedup.outputs import Outputs
    from dedup.settings import Limits
    from dedup.spool import Workspace
    from dedup.writing import Changes, native, target, write

    gc.disable()  # as the command does
    wanted = set(json.loads(ids.read_text()))
    with Outputs(True) as outputs, Workspace(kept.parent) as workspace:
        read = LineSource([source], Fields(), Limits(), workspace)
        to = target(str(kept), None, read.kinds(), merge=False)
        read.uniform = native(to, read.kinds())
        for _ in read.batches():
            pass
        rows = [row for row, name in enumerate(read.facts.ids) if name in wanted]
        write(outputs, str(kept), to, read, rows, Changes(read, rows, lambda row: False))
        outputs.commit()


def measure(work: Path, articles: int, rounds: int) -> tuple[Table, list[dict[str, Any]]]:
    """All formats, in turn, so many times."""
    source, one = dump(work, articles), one_record(work)
    ids, one_id = work / "kept-ids.json", work / "one-id.json"
    kept = work / "kept-formats.jsonl"
    child(run_command(source, kept))
    ids.write_text(json.dumps([orjson.loads(line)["id"] for line in kept.open("rb")]))
    one_id.write_text('["1"]')
    kept.unlink()
    cpu: dict[str, dict[str, list[float]]] = {name: {"run": [], "copy": [], "start": []} for name in FORMATS}
    peak = dict.fromkeys(FORMATS, 0)
    for number in range(rounds):
        for name in FORMATS:
            path, single = converted(source, name), converted(one, name)
            out = work / f"kept-formats.{name}"
            ran = child(run_command(path, out))
            peak[name] = max(peak[name], ran.peak)
            cpu[name]["run"].append(ran.cpu)
            cpu[name]["copy"].append(child(script("formats", "--copy", path, out, ids)).cpu)
            cpu[name]["start"].append(child(script("formats", "--copy", single, out, one_id)).cpu)
            out.unlink()
            say(f"round {number + 1}: {name}: {ran.cpu:.2f} CPU s")
    rows, data = [], []
    for name, times in cpu.items():
        run = median(times["run"])
        share = [(c - s) / r for c, s, r in zip(times["copy"], times["start"], times["run"], strict=True)]
        inout = median(c - s for c, s in zip(times["copy"], times["start"], strict=True))
        size = converted(source, name).stat().st_size
        rows.append(
            (
                name,
                f"{size / 1e6:,.0f}",
                f"{run:.2f}",
                f"{inout:.2f}",
                f"{median(share):.1%}",
                f"{peak[name] / 1e6:,.0f}",
            )
        )
        data.append({"format": name, "bytes": size, "peak": peak[name], **times})
    head = ("format", "MB", "CPU s, run", "input and output", "share", "peak MB")
    return Table(f"Reading and writing: {articles:,} articles, medians of {rounds}", head, rows), data


if __name__ == "__main__":
    if sys.argv[1:2] == ["--copy"]:
        copy(*map(Path, sys.argv[2:]))
        sys.exit()
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, default=100_000, help="in the dump (default: %(default)s)")
    arguments.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    options = arguments.parse_args()
    before = machine()
    table, results = measure(options.work, options.articles, options.rounds)
    finish("formats", options, before, [table], results)
