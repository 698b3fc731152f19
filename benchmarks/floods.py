"""Whether time for an article stays the same when a dump is one text over and over.

    python benchmarks/floods.py --markdown

CPU time is that of the process less that of a run of one record; the least of `--rounds` runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
from corpus import Writer
from harness import Table, child, finish, machine, one_record, parser, run_command, say

SIZES: Final = (12_500, 25_000, 50_000)


def floods() -> dict[str, Callable[[int], str]]:
    """Article number -> text, by flood."""
    writer = Writer(5)
    words = writer.text(writer.paragraphs(400)).split()
    text = " ".join(words)
    head, tail = " ".join(words[:200]), " ".join(words[200:])
    return {
        "identical": lambda number: text,
        "empty, but for the first": lambda number: "" if number else text,
        "one number differs": lambda number: f"{head} {number} {tail}",
    }


def write(path: Path, text: Callable[[int], str], size: int) -> None:
    """A dump of `size` articles."""
    with path.open("wb", buffering=1 << 20) as out:
        out.writelines(orjson.dumps({"id": str(n), "text": text(n)}) + b"\n" for n in range(size))


def measure(work: Path, rounds: int) -> list[dict[str, Any]]:
    """All floods at all sizes."""
    one = one_record(work)
    source, kept = work / "flood.jsonl", work / "kept-flood.jsonl"
    start = min(child(run_command(one, kept)).cpu for _ in range(rounds))
    results = []
    for name, text in floods().items():
        for size in SIZES:
            write(source, text, size)
            runs = [child(run_command(source, kept)) for _ in range(rounds)]
            cpu = min(run.cpu for run in runs) - start
            counts = json.loads(runs[0].output)
            counts = {key: counts[key] for key in ("kept", "removed", "quarantined", "verified", "capped_buckets")}
            say(f"{name}, {size}: {cpu:.2f} CPU s")
            results.append({"flood": name, "articles": size, "cpu": cpu, "peak": max(r.peak for r in runs), **counts})
    source.unlink()
    kept.unlink()
    return results


def table(results: list[dict[str, Any]]) -> Table:
    """A row for each flood and size."""
    first: dict[str, float] = {}
    rows = []
    for r in results:
        time = r["cpu"] / r["articles"]
        counts = (f"{r[key]:,}" for key in ("kept", "removed", "quarantined", "verified"))
        ratio = time / first.setdefault(r["flood"], time)
        row = (f"{r['articles']:,}", f"{r['cpu']:.2f}", f"{time * 1e6:,.1f}", f"{ratio:.2f}")
        rows.append((r["flood"], *row, *counts, f"{r['peak'] / 1e6:,.0f}"))
    head = ("flood", "articles", "CPU s", "µs an article", f"to {SIZES[0]:,}", "kept", "removed", "quarantined")
    return Table("Floods: time above a run of one record", (*head, "pairs aligned", "peak MB"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    options = arguments.parse_args()
    before = machine()
    results = measure(options.work, options.rounds)
    finish("floods", options, before, [table(results)], results)
