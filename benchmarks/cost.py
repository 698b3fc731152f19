"""What boilerplate, passages, the template guard and repeats within pages cost: whole runs with them, and without.

    python benchmarks/cost.py --articles 100000 --rounds 3 --markdown

Each run is a process of its own; the settings take turns within each round. Compare CPU seconds: they vary less than wall
seconds when other work runs on the machine. The default is promised to cost at most twice the run without the four.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Final

from harness import Ran, Table, child, dump, finish, machine, parser, run_command, say

SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "nothing": (),
    "--no-boilerplate": ("--no-boilerplate",),
    "--no-passages": ("--no-passages",),
    "--no-templates": ("--no-templates",),
    "--pages off": ("--pages", "off"),
    "all four": ("--no-boilerplate", "--no-passages", "--no-templates", "--pages", "off"),
}
BARE: Final = "all four"

Rounds = dict[str, list[Ran]]


def measure(source: Path, kept: Path, rounds: int) -> Rounds:
    """All rounds, the settings in turn."""
    runs: Rounds = {name: [] for name in SETTINGS}
    for number in range(1, rounds + 1):
        for name, options in SETTINGS.items():
            runs[name].append(child(run_command(source, kept, *options)))
            say(f"round {number}: {name}: {runs[name][-1].cpu:.2f} CPU s")
    kept.unlink()
    return runs


def table(runs: Rounds, articles: int) -> Table:
    """A row for each of the settings, beside the bare run."""
    bare = median(r.cpu for r in runs[BARE])
    least = min(r.cpu for r in runs[BARE])
    rows = []
    for name, done in runs.items():
        cpu = median(r.cpu for r in done)
        summary = json.loads(done[0].output)
        rows.append(
            (
                name,
                f"{cpu:.2f}",
                f"{min(r.cpu for r in done):.2f}",
                f"{cpu / bare:.2f}",
                f"{min(r.cpu for r in done) / least:.2f}",
                f"{median(r.wall for r in done):.2f}",
                f"{max(r.peak for r in done) / 1e6:,.0f}",
                f"{summary['candidates']:,}",
                f"{summary['removed']:,}",
            )
        )
    head = ("switched off", "CPU s, median", "least", "to all four off", "of the least", "wall s, median", "peak MB")
    title = f"Whole runs with parts switched off: {articles:,} articles, {len(runs[BARE])} rounds"
    return Table(title, (*head, "candidates", "removed"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, default=100_000, help="in the dump (default: %(default)s)")
    arguments.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    options = arguments.parse_args()
    source = dump(options.work, options.articles)
    kept = options.work / "kept-cost.jsonl"
    child(run_command(source, kept))  # not counted: kernels are compiled when they are first needed
    before = machine()
    runs = measure(source, kept, options.rounds)
    data = [
        {
            "off": SETTINGS[name],
            "rounds": [{"cpu": r.cpu, "wall": r.wall, "peak": r.peak} for r in done],
            "summary": json.loads(done[0].output),
        }
        for name, done in runs.items()
    ]
    finish("cost", options, before, [table(runs, options.articles)], data)
