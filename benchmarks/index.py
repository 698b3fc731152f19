"""What an index costs: time of an answer, articles a second, memory, disk, and how these grow.

    python benchmarks/index.py --articles 100000 1000000 --markdown

Articles of 450 invented words, all of them new, 25 sites; each store and size in a fresh process. articles/s: `add_many`, 500
at once, from records in memory, over the last tenth, with the loss of power survived where there is a disk. `check`: 2,000 single
articles, half of them edited copies of stored ones. Memory is what the process has more than before the index was opened, with
records that wait left out; disk is, with Redis, the memory of the server. datasketch: `MinHashLSH` in memory at a threshold of
0.5, query and insert, one article after another, shingles of five words, from the same text, 20,000 articles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from corpus import Writer
from harness import HERE, Table, finish, machine, parser, say
from redis_process import running

import dedup

WORDS: Final = 450
BATCH: Final = 500
CHECKS: Final = 2_000
PEER: Final = 20_000
KINDS: Final = ("memory", "sqlite", "sqlite, bands only", "redis")


class Source:
    """Articles by their number, the same for the same number of articles made before."""

    def __init__(self) -> None:
        self.writer = Writer(11)
        self.made = 0

    def batch(self, count: int) -> list[dict[str, str]]:
        """The next articles."""
        found = []
        for _ in range(count):
            i = self.made = self.made + 1
            title = self.writer.text(self.writer.words(8))
            url = f"https://site{i % 25}.example/news/{i}"
            found.append(self.record(f"a{i}", self.writer.text(self.writer.paragraphs(WORDS)), title, url))
        return found

    @staticmethod
    def record(name: str, text: str, title: str, url: str) -> dict[str, str]:
        """One article."""
        return {"id": name, "text": text, "title": title, "url": url, "date": "2026-05-01"}


def resident() -> int:
    """Bytes of memory that no file stands behind."""
    info = psutil.Process().memory_full_info()
    return int(info.uss)


def settings(kind: str) -> dedup.Settings:
    """Passages and boilerplate need memory of their own; `bands only` goes without."""
    plain = kind.endswith("bands only")
    return dedup.Settings(passages=not plain, boilerplate=not plain)


def measure(kind: str, articles: int, work: Path) -> dict[str, Any]:
    """All figures of one store."""
    path = work / "index.db"
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    if kind == "redis":
        with running(work, "always") as port:
            return _measured(kind, articles, f"redis://127.0.0.1:{port}/0?prefix=bench")
    return _measured(kind, articles, "memory:" if kind == "memory" else f"sqlite:{path}")


def _measured(kind: str, articles: int, uri: str) -> dict[str, Any]:
    source = Source()
    warm = dedup.open_index("memory:", settings(kind))
    sample = source.batch(BATCH)
    warm.add_many([*sample, *({**r, "text": edited(r["text"])} for r in sample)])
    warm.close()
    before = resident()
    index = dedup.open_index(uri, settings(kind), durability="power")
    spent: list[tuple[float, float]] = []
    stored: list[dict[str, str]] = []
    for start in range(0, articles, BATCH):
        records = source.batch(BATCH)
        if start % (articles // 10) == 0:
            stored += records[: CHECKS // 20]
        wall, cpu = time.perf_counter(), time.process_time()
        new = sum(verdict.new for verdict in index.add_many(records))
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
        assert new == len(records)
    last = spent[-max(1, len(spent) // 10) :]
    del records
    asked = [{**r, "text": edited(r["text"])} for r in stored] + source.batch(CHECKS - len(stored))
    np.random.default_rng(1).shuffle(asked)  # type: ignore[arg-type]
    took = []
    for record in asked:
        begin = time.perf_counter()
        index.check(record)
        took.append(time.perf_counter() - begin)
    singly = source.batch(500)
    begin = time.perf_counter()
    for record in singly:
        index.add(record)
    added = time.perf_counter() - begin
    stats = index.stats()
    memory = resident() - before
    index.close()
    reopened = 0.0
    if kind != "memory":
        begin = time.perf_counter()
        index = dedup.open_index(uri, settings(kind))
        reopened = time.perf_counter() - begin
        index.close()
    return {
        "kind": kind,
        "articles": articles,
        "fill": BATCH * len(last) / sum(wall for wall, _ in last),
        "cpu": sum(cpu for _, cpu in last) / (BATCH * len(last)),
        "median": float(np.median(took)),
        "p99": float(np.quantile(took, 0.99)),
        "add": added / len(singly),
        "memory": memory,
        "tables": stats.memory,
        "disk": stats.disk,
        "reopen": reopened,
    }


def edited(text: str) -> str:
    """With three words exchanged."""
    words = text.split(" ")
    for place in (len(words) // 4, len(words) // 2, 3 * len(words) // 4):
        words[place] = "elsewhere"
    return " ".join(words)


def peer() -> dict[str, float]:
    """CPU seconds an article: datasketch, and this library one article at a time and in batches."""
    from datasketch import MinHash, MinHashLSH
    from peers import five_grams_bytes

    source = Source()
    records = source.batch(PEER)
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    cpu = time.process_time()
    for record in records:
        made = MinHash(num_perm=128)
        made.update_batch(five_grams_bytes(record["text"]))
        if not lsh.query(made):
            lsh.insert(record["id"], made)
    theirs = (time.process_time() - cpu) / PEER
    dedup.open_index("memory:").add_many(source.batch(2))
    index = dedup.open_index("memory:")
    cpu = time.process_time()
    for record in records:
        index.add(record)
    singly = (time.process_time() - cpu) / PEER
    index = dedup.open_index("memory:")
    cpu = time.process_time()
    index.add_many(records)
    return {"datasketch": theirs, "add": singly, "add_many": (time.process_time() - cpu) / PEER}


def runs(options: Any) -> Iterator[dict[str, Any]]:
    """Each kind and size in a process of its own."""
    for kind in options.kinds:
        for size in options.articles:
            command = [sys.executable, __file__, "--one", kind, "--articles", str(size), "--work", str(options.work)]
            found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            say(f"{kind}, {size}: {found['fill']:,.0f} articles/s, median {found['median'] * 1e6:,.0f} us")
            yield found


def table(results: list[dict[str, Any]]) -> Table:
    """A row for each store and size."""
    first: dict[str, float] = {}
    rows = []
    for r in results:
        n = r["articles"]
        growth = r["cpu"] / first.setdefault(r["kind"], r["cpu"])
        rows.append(
            (
                r["kind"],
                f"{n:,}",
                f"{r['fill']:,.0f}",
                f"{r['cpu'] * 1e6:,.0f}",
                f"{growth:.2f}",
                f"{r['median'] * 1e3:.2f}",
                f"{r['p99'] * 1e3:.2f}",
                f"{r['add'] * 1e3:.2f}",
                f"{r['memory'] / 1e6:,.0f}",
                f"{r['tables'] / n:,.0f}",
                f"{r['disk'] / n:,.0f}" if r["disk"] else "",
                f"{r['reopen']:.2f}" if r["reopen"] else "",
            )
        )
    head = ("store", "articles", "articles/s", "CPU µs each", "growth", "check ms", "p99 ms", "add ms", "memory MB")
    return Table("An index by its size", (*head, "table B each", "disk B each", "reopen s"), rows)


def compared(figures: dict[str, float]) -> Table:
    """This library beside datasketch."""
    rows = [(name, f"{t * 1e6:,.0f}", f"{figures['datasketch'] / t:.1f}") for name, t in figures.items()]
    return Table("Query and insert from raw text, in memory", ("what", "CPU µs an article", "times as fast"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    arguments.add_argument("--one", choices=KINDS, help="this one only, as JSON")
    options = arguments.parse_args()
    options.work.mkdir(exist_ok=True)
    if options.one:
        print(json.dumps(measure(options.one, options.articles[0], options.work)))
    else:
        sys.path.insert(0, str(HERE))
        before = machine()
        figures = peer()
        results = list(runs(options))
        finish("index", options, before, [table(results), compared(figures)], {"stores": results, "peer": figures})
