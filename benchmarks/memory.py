"""Whether memory and time for an article stay the same as the dump grows.

    python benchmarks/memory.py --articles 10000 100000 1000000 --markdown

Each size is a fresh process. `peak` is its resident memory at the peak, pages of files included; `anonymous` is what
of it no file stands behind, looked up every 20 ms (Linux only).
"""

from __future__ import annotations

from pathlib import Path

from harness import Ran, Table, child, dump, finish, machine, one_record, parser, run_command, say


class Watch:
    """The most anonymous memory that a process is seen with, in bytes."""

    def __init__(self) -> None:
        self.anonymous = 0

    def look(self, process: int) -> None:
        """Looks once."""
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except (OSError, ProcessLookupError):
            return
        for line in lines:
            if line.startswith("Anonymous:"):
                self.anonymous = max(self.anonymous, 1024 * int(line.split()[1]))


def measure(source: Path, kept: Path) -> tuple[Ran, int]:
    """One run, and its anonymous memory."""
    watch = Watch()
    return child(run_command(source, kept), watch=watch.look), watch.anonymous


def table(sizes: list[int], runs: list[tuple[Ran, int]], empty: tuple[Ran, int]) -> Table:
    """A row for each size, above a run of one record."""
    reference = sizes.index(100_000) if 100_000 in sizes else 0
    times = [(ran.cpu - empty[0].cpu) / n for n, (ran, _) in zip(sizes, runs, strict=True)]
    rows = [("1", f"{empty[0].peak / 1e6:,.0f}", "", f"{empty[1] / 1e6:,.0f}", "", f"{empty[0].cpu:.2f}", "", "")]
    for size, (ran, anonymous), time in zip(sizes, runs, times, strict=True):
        rows.append(
            (
                f"{size:,}",
                f"{ran.peak / 1e6:,.0f}",
                f"{(ran.peak - empty[0].peak) / size:,.0f}",
                f"{anonymous / 1e6:,.0f}",
                f"{(anonymous - empty[1]) / size:,.0f}",
                f"{ran.cpu:.2f}",
                f"{time * 1e6:,.0f}",
                f"{time / times[reference]:.2f}",
            )
        )
    head = (
        "articles",
        "peak MB",
        "bytes an article",
        "anonymous MB",
        "bytes an article",
        "CPU s",
        "CPU µs an article",
        f"to {sizes[reference]:,}",
    )
    return Table("Memory and time by size; an article costs what a run takes above a run of one record", head, rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000])
    options = arguments.parse_args()
    before = machine()
    kept = options.work / "kept-memory.jsonl"
    empty = measure(one_record(options.work), kept)
    runs = []
    for size in options.articles:
        runs.append(measure(dump(options.work, size), kept))
        say(f"{size}: {runs[-1][0].peak / 1e6:.0f} MB, {runs[-1][0].cpu:.1f} CPU s")
    kept.unlink()
    data = [
        {"articles": size, "peak": ran.peak, "anonymous": anonymous, "cpu": ran.cpu, "wall": ran.wall}
        for size, (ran, anonymous) in zip([1, *options.articles], [empty, *runs], strict=True)
    ]
    finish("memory", options, before, [table(options.articles, runs, empty)], data)
