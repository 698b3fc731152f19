"""What an index costs: time of an answer, articles a second, memory, disk, and how these grow.

    python benchmarks/index.py --articles 100000 1000000 --markdown

Articles of 450 invented words, all of them new, 25 sites; each store and size in a fresh process. articles/s: `add_many`, 500
a transaction, from records in memory (`jobs 2`: 25,000 in a call, of which one thread reads while the other one stores), over
the last half, growing tables included, with the loss of power survived where there is a disk. `check`: 2,000 single
articles, half of them edited copies of stored ones. Memory is what the process has more than before the index was opened, with
records that wait left out; disk is, with Redis, the memory of the server. `opened`: the same of a process that only opens the
file; `predicted`: by the formula of `predicted`. Agreement with a run: pairs of copies that adding `data/sample.jsonl.gz` article
by article finds, and that a run over it finds, in three orders; precision by its labels. datasketch: `MinHashLSH` in memory at a
threshold of 0.5, query and insert, one article after another, shingles of five words, from the same text, 20,000 articles.
"""

from __future__ import annotations

import gc
import gzip
import itertools
import json
import random
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
from dedup.entries import read
from dedup.kernels.table import LINE
from dedup.key_table import EXTRA, buckets_for
from dedup.learning import Learned
from dedup.matching import Matcher
from dedup.tables import SPARE

ROW: Final = 10
"""Bytes of what tables know of a row beside its keys: seven, in arrays that double."""

WORDS: Final = 450
BATCH: Final = 500
CHECKS: Final = 2_000
PEER: Final = 20_000
KINDS: Final = ("memory", "memory, jobs 2", "sqlite", "sqlite, jobs 2", "sqlite, bands only", "redis")


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
    return dedup.Settings(passages=not plain, boilerplate=not plain, jobs=jobs(kind))


def jobs(kind: str) -> int:
    """Threads."""
    return 2 if kind.endswith("jobs 2") else 1


def measure(kind: str, articles: int, work: Path) -> dict[str, Any]:
    """All figures of one store."""
    path = work / "index.db"
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    if kind == "redis":
        with running(work, "always") as port:
            return _measured(kind, articles, f"redis://127.0.0.1:{port}/0?prefix=bench")
    return _measured(kind, articles, "memory:" if kind.startswith("memory") else f"sqlite:{path}")


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
    call = BATCH if jobs(kind) == 1 else min(articles // 4, 50 * BATCH)
    part = max(call, articles // 10)
    for start in range(0, articles, call):
        records = source.batch(call)
        if (start + call) % part == 0:
            stored += records[: CHECKS // 2 * part // articles]
        wall, cpu = time.perf_counter(), time.process_time()
        new = sum(verdict.new for verdict in index.add_many(records))
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
        assert new == len(records)
    last = spent[-max(1, len(spent) // 2) :]
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
    if not kind.startswith("memory"):
        begin = time.perf_counter()
        index = dedup.open_index(uri, settings(kind))
        reopened = time.perf_counter() - begin
        index.close()
    return {
        "kind": kind,
        "articles": articles,
        "fill": call * len(last) / sum(wall for wall, _ in last),
        "cpu": sum(cpu for _, cpu in last) / (call * len(last)),
        "median": float(np.median(took)),
        "p99": float(np.quantile(took, 0.99)),
        "add": added / len(singly),
        "memory": memory,
        "tables": stats.memory,
        "disk": stats.disk,
        "reopen": reopened,
    }


def opened(kind: str, path: Path) -> dict[str, Any]:
    """Bytes that an index takes in a process that opens it, and the keys an article has (of a sample)."""
    warm = dedup.open_index("memory:", settings(kind))
    sample = Source().batch(BATCH)
    warm.add_many(sample)
    limits = settings(kind)
    reading = read(sample, limits)
    matcher = Matcher(limits, Learned())
    lot = matcher.keys(matcher.pieces(reading.entries, reading.words))
    found = [lot[i] for i in range(len(lot))]
    keys = [sum(len(own[i].places) for own in found) / len(found) for i in range(len(EXTRA))]
    warm.close()
    del warm, sample, reading, matcher, lot, found
    gc.collect()
    before = resident()
    with dedup.open_index(f"sqlite:{path}", limits):
        gc.collect()
        return {"opened": resident() - before, "keys": keys}


def predicted(articles: int, keys: list[float]) -> int:
    """Bytes of memory of an index in a file that was opened: of its tables with so many keys an article each, and ten a row."""
    limits = dedup.Limits()
    kinds = zip(keys, (limits.bucket, limits.passage, limits.bucket), EXTRA, strict=True)
    return articles * ROW + sum(8 * LINE * buckets_for(int(SPARE * articles * own), *kind)[0] for own, *kind in kinds)


def pairs(keeper: dict[str, str]) -> set[tuple[str, str]]:
    """All pairs of articles that one is kept for."""
    clusters: dict[str, list[str]] = {}
    for name in sorted(keeper):
        clusters.setdefault(keeper[name], []).append(name)
    return {pair for names in clusters.values() for pair in itertools.combinations(names, 2)}


def streamed(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What is kept for every article in the end, when they are added one after another."""
    keeper: dict[str, str] = {}
    instead: dict[str, str] = {}
    for verdict in dedup.open_index("memory:").add_many(rows):
        keeper[verdict.id] = verdict.duplicate_of or verdict.id
        instead.update((name, verdict.id) for name in verdict.replaces)
        for name, kept in [*((name, name) for name in verdict.restored), *verdict.moved]:
            keeper[name] = kept
            if instead.pop(name, None) is not None and kept != name:
                instead[name] = kept

    def end(name: str) -> str:
        while name in instead:
            name = instead[name]
        return name

    return {name: end(kept) for name, kept in keeper.items()}


def agreement() -> list[dict[str, Any]]:
    """Adding the sample, and a run over it."""
    with gzip.open(HERE.parent / "data" / "sample.jsonl.gz") as lines:
        rows = [json.loads(line) for line in lines]
    with gzip.open(HERE.parent / "data" / "sample_labels.jsonl.gz") as lines:
        truth = {row["id"]: row["cluster"] for row in map(json.loads, lines)}
    result = dedup.deduplicate(rows)
    run = pairs({**{r["id"]: r["id"] for r in result.kept}, **{r.id: r.duplicate_of for r in result.removed}})  # type: ignore[index]
    found = []
    for seed in (None, 1, 2):
        if seed is not None:
            random.Random(seed).shuffle(rows)
        stream = pairs(streamed(rows))
        right = sum(truth[a] == truth[b] for a, b in stream)
        found.append(
            {
                "order": "as it came" if seed is None else f"shuffled, seed {seed}",
                "run": len(run),
                "stream": len(stream),
                "both": len(run & stream),
                "precision": right / len(stream),
            }
        )
    return found


def agreed(results: list[dict[str, Any]]) -> Table:
    """A row for each order."""
    rows = [
        (
            r["order"],
            f"{r['run']:,}",
            f"{r['stream']:,}",
            f"{r['both']:,}",
            f"{r['both'] / r['run']:.1%}",
            f"{r['precision']:.2%}",
        )
        for r in results
    ]
    head = ("order", "pairs of a run", "of adding", "of both", "of the run's", "precision of adding")
    return Table("The sample, added article by article, and a run over it", head, rows)


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
            if kind.startswith("sqlite"):
                command = [sys.executable, __file__, "--opened", kind, "--work", str(options.work)]
                found |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
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
                f"{sum(r['keys']):.0f}" if "keys" in r else "",
                f"{r['opened'] / 1e6:,.0f}" if "keys" in r else "",
                f"{predicted(n, r['keys']) / 1e6:,.0f}" if "keys" in r else "",
            )
        )
    head = ("store", "articles", "articles/s", "CPU µs each", "growth", "check ms", "p99 ms", "add ms", "memory MB")
    opening = ("keys each", "opened MB", "predicted MB")
    return Table("An index by its size", (*head, "table B each", "disk B each", "reopen s", *opening), rows)


def compared(figures: dict[str, float]) -> Table:
    """This library beside datasketch."""
    rows = [(name, f"{t * 1e6:,.0f}", f"{figures['datasketch'] / t:.1f}") for name, t in figures.items()]
    return Table("Query and insert from raw text, in memory", ("what", "CPU µs an article", "times as fast"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    arguments.add_argument("--one", choices=KINDS, help="this one only, as JSON")
    arguments.add_argument("--opened", choices=KINDS, help="the memory of the one that was made last, as JSON")
    options = arguments.parse_args()
    options.work.mkdir(exist_ok=True)
    if options.one:
        print(json.dumps(measure(options.one, options.articles[0], options.work)))
    elif options.opened:
        print(json.dumps(opened(options.opened, options.work / "index.db")))
    else:
        sys.path.insert(0, str(HERE))
        before = machine()
        figures = peer()
        results = list(runs(options))
        same = agreement()
        tables = [table(results), compared(figures), agreed(same)]
        finish("index", options, before, tables, {"stores": results, "peer": figures, "agreement": same})
