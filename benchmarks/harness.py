"""What the benchmarks share: timed child processes, dumps, tables and results.

It imports nothing heavy: the peak memory of a child counts from that of the process that starts it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = ("article-dedup", "numpy", "numba", "rapidfuzz", "orjson", "datasketch", "xxhash", "rensa")
DEDUP: Final = (sys.executable, "-m", "dedup")
QUARANTINED: Final = 3
"""The exit code of `dedup run` when records went to quarantine."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a child process took: seconds, bytes of resident memory at the peak, and what it printed."""

    wall: float
    user: float
    system: float
    peak: int
    output: str

    @property
    def cpu(self) -> float:
        """User and system seconds, of its own children too."""
        return self.user + self.system


def child(
    command: Sequence[str | Path], *, threads: int | None = None, watch: Callable[[int], None] | None = None
) -> Ran:
    """Runs a command to its end. `threads`: for all thread pools in it. `watch` is called with its id every 20 ms."""
    pools = ("RAYON_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **({name: str(threads) for name in pools} if threads else {})}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdout=output, stderr=errors, env=environment)
        if watch is not None:
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                watch(process.pid)
                sleep(0.02)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in (0, QUARANTINED):
            raise SystemExit(f"{' '.join(map(str, command))}\n{errors.read().decode(errors='replace')}")
        return Ran(wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, output.read().decode())


def script(name: str, *arguments: str | Path) -> list[str | Path]:
    """The command that runs a script of this folder."""
    return [sys.executable, HERE / f"{name}.py", *arguments]


def dump(work: Path, articles: int) -> Path:
    """A dump of so many articles, made once (`corpus.py`)."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{articles}.jsonl"
    if not path.exists():
        say(f"writing {path}")
        child(script("corpus", "--articles", str(articles), "--out", path))
    return path


def one_record(work: Path) -> Path:
    """A dump of one short record: what a run costs without work. The first run on it compiles the kernels."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "one.jsonl"
    path.write_text(json.dumps({"id": "1", "text": "one two three four five " * 10}) + "\n")
    child(run_command(path, work / "kept.jsonl"))
    return path


def run_command(source: Path, kept: Path, *options: str) -> list[str | Path]:
    """The command of a whole run that prints its summary."""
    return [*DEDUP, "run", source, "-o", kept, "--force", "--json", "--quiet", *options]


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--markdown", action="store_true", help="tables as they stand in README.md")
    made.add_argument("--work", type=Path, default=HERE / "work", help="for dumps and outputs (default: %(default)s)")
    return made


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are printed; the first column is text, the others are numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def render(self, markdown: bool) -> str:
        """The table as Markdown or as plain columns."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        aligned = [
            [
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            for line in lines
        ]
        if not markdown:
            return "\n".join([self.title, *("  ".join(line) for line in aligned)])
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        return "\n".join(
            [f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:]))]
        )


def machine() -> dict[str, Any]:
    """What the numbers depend on beside the code."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": versions,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def finish(
    name: str, options: argparse.Namespace, before: dict[str, Any], tables: Sequence[Table], data: object
) -> None:
    """Prints the tables and what they were measured on, and writes `results/NAME.json`. `before`: `machine()` at the start."""
    packages = ", ".join(f"{package} {number}" for package, number in before["packages"].items())
    print("\n\n".join(table.render(options.markdown) for table in tables))
    print(
        f"\n{before['cpu']}, {before['cores']} cores, load {before['load']} at the start; {before['system']}, ", end=""
    )
    print(f"Python {before['python']}; {packages}.")
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    chosen = {key: value for key, value in vars(options).items() if key not in ("work", "markdown")}
    content = {"machine": before, "options": chosen, "data": data}
    (results / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
