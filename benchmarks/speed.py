"""How fast `dedup` is beside rensa and datasketch: text to signature, and from a dump to its kept lines.

    python benchmarks/speed.py --articles 100000 --markdown

Each engine is a process of its own; the engines take turns, `--rounds` times. Compare CPU seconds: they vary less
than wall seconds when other work runs on the machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Final

from harness import Ran, Table, child, dump, finish, machine, one_record, parser, run_command, say, script

SIGNED: Final = 20_000
"""Texts in memory that are signed in a round, at most."""

RENSA, DATASKETCH, XXHASH = ("rensa",), ("datasketch",), ("datasketch", "xxhash")


@dataclass(frozen=True, slots=True)
class Engine:
    """A row of a table. `key`: its name in `peers.py`, if it is there."""

    name: str
    key: str
    needs: Sequence[str] = ()
    jobs: int = 1


SIGNERS: Final = (
    Engine("dedup", "dedup"),
    Engine("rensa, words hashed in Rust", "rensa-words", RENSA),
    Engine("rensa, 5-grams joined in Python", "rensa-strings", RENSA),
    Engine("datasketch, xxh32", "datasketch-xxh32", XXHASH),
    Engine("datasketch, sha1 (its default)", "datasketch-sha1", DATASKETCH),
)
RUNS: Final = (
    Engine("dedup run", "dedup"),
    Engine("dedup run --jobs 2", "dedup", jobs=2),
    Engine("dedup run of one record: its start", "start"),
    Engine("rensa, words in Rust, its flags", "rensa-flags", RENSA),
    Engine("rensa, words in Rust, bands in numpy", "rensa-bands", RENSA),
    Engine("rensa, bands in numpy, 2 processes", "rensa-bands", RENSA, jobs=2),
    Engine("rensa, RMinHashDeduplicator", "rensa-readme", RENSA),
    Engine("datasketch, xxh32, MinHashLSH", "datasketch", XXHASH),
    Engine("datasketch, xxh32, 2 processes", "datasketch", XXHASH, jobs=2),
    Engine("floor: read, parse, write all", "floor"),
)


def sign(engine: Engine, source: Path) -> dict[str, float]:
    """One round of text to signature, in one thread."""
    limit = ["--limit", str(SIGNED)]
    return dict(json.loads(child(script("peers", "sign", engine.key, source, *limit), threads=1).output))


def run(engine: Engine, source: Path, one: Path, kept: Path, jaccard: float) -> Ran:
    """One round from the dump to the kept lines, as a whole process."""
    if engine.key == "start":
        return child(run_command(one, kept))
    if engine.key == "dedup":
        return child(run_command(source, kept, "--jobs", str(engine.jobs)))
    how = ["--jaccard", str(jaccard), "--processes", str(engine.jobs)]
    return child(script("peers", "run", engine.key, source, kept, *how), threads=1)


def sign_table(rounds: dict[Engine, list[dict[str, float]]]) -> Table:
    """Text to signature."""
    rates = {e: sorted(r["articles"] / r["cpu"] for r in done) for e, done in rounds.items()}
    ours = next((median(rate) for e, rate in rates.items() if e.key == "dedup"), None)
    rows = [
        (
            engine.name,
            f"{median(rate):,.0f}",
            f"{rate[-1]:,.0f}",
            f"{1e6 / median(rate):,.0f}",
            f"{ours / median(rate):.1f}" if ours else "",
        )
        for engine, rate in rates.items()
    ]
    count = int(next(iter(rounds.values()))[0]["articles"])
    title = f"Text to signature: {count:,} articles in memory, 128 permutations of word 5-grams, one thread"
    head = ("engine", "articles/CPU s, median", "best", "µs an article", "dedup is faster by")
    return Table(title, head, rows)


def run_tables(
    rounds: dict[Engine, list[Ran]], scores: dict[Engine, dict[str, Any]], articles: int, jaccard: float
) -> list[Table]:
    """From the dump to the kept lines: what it costs, and what it finds."""
    ours = next((median(r.cpu for r in done) for e, done in rounds.items() if e.key == "dedup" and e.jobs == 1), None)
    costs, finds = [], []
    for engine, done in rounds.items():
        cpu, wall = median(r.cpu for r in done), median(r.wall for r in done)
        costs.append(
            (
                engine.name,
                f"{cpu:.2f}",
                f"{min(r.cpu for r in done):.2f}",
                f"{wall:.2f}",
                f"{min(r.wall for r in done):.2f}",
                f"{articles / cpu:,.0f}" if engine.key != "start" else "",
                f"{cpu / ours:.2f}" if ours else "",
                f"{max(r.peak for r in done) / 1e6:,.0f}",
            )
        )
        if engine.key not in ("start", "floor") and engine.jobs == 1:
            score = scores[engine]
            kinds = [f"{share:.1%}" for share in score["by_kind"].values()]
            finds.append((engine.name, f"{score['removed']:.1%}", *kinds, f"{score['lost']:,}"))
    count = f"{articles:,} articles"
    cost_head = ("pipeline", "CPU s, median", "least", "wall s, median", "least", "articles/CPU s", "CPU to dedup's")
    tables = [Table(f"Dump to kept lines, whole processes: {count}", (*cost_head, "peak MB"), costs)]
    if finds:
        kinds = next(iter(scores.values()))["by_kind"]
        found_head = ("pipeline", "copies removed", *kinds, "articles lost")
        title = f"What they find: {count}; dedup at resemblance 0.8, the others at Jaccard {jaccard}"
        tables.append(Table(title, found_head, finds))
    return tables


def chosen(engines: Sequence[Engine], only: Sequence[str], part: str) -> list[Engine]:
    """The engines whose `part: name` holds one of the words of `--only`; all of them without any."""
    return [e for e in engines if not only or any(word in f"{part}: {e.name}" for word in only)]


def check_packages(engines: Sequence[Engine]) -> None:
    """Ends with one line when a package is missing."""
    missing = sorted({name for e in engines for name in e.needs if find_spec(name) is None})
    if missing:
        raise SystemExit(f"not installed: pip install {' '.join(missing)}   (or leave them out with --only)")


def measure(options: argparse.Namespace) -> tuple[list[Table], dict[str, Any]]:
    """All rounds, the engines in turn."""
    signers = chosen(SIGNERS, options.only, "sign")
    runs = chosen(RUNS, options.only, "run")
    check_packages([*signers, *runs])
    source = dump(options.work, options.articles)
    one = one_record(options.work)
    signed: dict[Engine, list[dict[str, float]]] = {e: [] for e in signers}
    ran: dict[Engine, list[Ran]] = {e: [] for e in runs}
    scores: dict[Engine, dict[str, Any]] = {}
    for number in range(1, options.rounds + 1):
        for engine in signers:
            signed[engine].append(sign(engine, source))
            say(f"round {number}: sign: {engine.name}: {signed[engine][-1]['cpu']:.2f} CPU s")
        for engine in runs:
            kept = options.work / "kept.jsonl"
            ran[engine].append(run(engine, source, one, kept, options.jaccard))
            say(f"round {number}: run: {engine.name}: {ran[engine][-1].cpu:.2f} CPU s")
            if number == 1:
                scores[engine] = json.loads(child(script("score", source, kept)).output)
            kept.unlink()
    tables = [sign_table(signed)] if signed else []
    tables += run_tables(ran, scores, options.articles, options.jaccard) if ran else []
    data = {
        "sign": [{"engine": e.name, "rounds": done} for e, done in signed.items()],
        "run": [
            {
                "pipeline": e.name,
                "jobs": e.jobs,
                "rounds": [{"cpu": r.cpu, "wall": r.wall, "peak": r.peak} for r in done],
                "score": scores[e],
            }
            for e, done in ran.items()
        ],
    }
    return tables, data


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, default=10_000, help="in the dump (default: %(default)s)")
    arguments.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    arguments.add_argument("--jaccard", type=float, choices=(0.8, 0.7, 0.5), default=0.8, help="the others' threshold")
    arguments.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="as 'sign: dedup'; may be repeated"
    )
    chosen_options = arguments.parse_args()
    before = machine()
    printed, results = measure(chosen_options)
    threshold = "" if chosen_options.jaccard == 0.8 else f"-jaccard-{chosen_options.jaccard}"
    name = "speed-part" if chosen_options.only else f"speed-{chosen_options.articles}{threshold}"
    finish(name, chosen_options, before, printed, results)
