"""What an index in Redis costs: articles a second by workers, CPU of the server, and its memory by article.

    python benchmarks/shared.py --articles 20000 --runs 3 --markdown

Each worker is a process that adds articles of its own (see `index.py`: 450 invented words, all new), 1,000 at once, over
loopback, into an empty index; the server writes an append-only file, synced every second. The fastest of some runs, of one worker
and of two in turn, as other work on the machine slows two workers more than one: `others` tells how many cores that took. `at
most`: articles a second by the CPU that an article takes, if workers and server had all cores to themselves and nobody waited.
`lock`: the share of its time in which a single worker holds the lock; so 1 / lock is what more workers can gain. Bytes of the
server by MEMORY USAGE: of the keys (`keys each`: how many), of what is known of a row beside, and of the compressed texts.
`store only`: articles that were read and fingerprinted before are decided on and added. `buckets`: the other design, keys in the
server in hashes of about 64 fields, looked up and entered by one script; the server only, without texts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import corpus
import numpy as np
import psutil
import redis
from harness import HERE, Table, finish, machine, parser, say
from index import Source, settings
from redis_process import running

import dedup
from dedup.entries import read

BATCH: Final = 1_000
KINDS: Final = ("redis", "redis, bands only")

_BUCKETS: Final = """
local keys, row, bits, found = ARGV[1], ARGV[2], ARGV[3], {}
local call, sub = redis.call, string.sub
for i = 1, #keys, 6 do
  local a, b, c = string.byte(keys, i, i + 2)
  local bucket = 'b:' .. math.floor((a * 65536 + b * 256 + c) / 2 ^ (24 - bits))
  local field = sub(keys, i + 2, i + 5)
  local known = call('HGET', bucket, field)
  if known then found[#found + 1] = i else call('HSET', bucket, field, row) end
end
return #found
"""


def worker(uri: str, kind: str, number: int, articles: int) -> None:
    """Adds articles when it is told to, and prints what it took."""
    source = Source()
    source.writer, source.made = corpus.Writer(11 + number), number * 10_000_000
    dedup.open_index("memory:", settings(kind)).add_many(source.batch(200))
    batches = [source.batch(BATCH) for _ in range(articles // BATCH)]
    held = 0.0
    with dedup.open_index(uri, settings(kind)) as index:
        write = index._session.store.write

        @contextmanager
        def timed() -> Iterator[None]:
            nonlocal held
            with write():
                begin = time.perf_counter()
                yield
            held += time.perf_counter() - begin

        index._session.store.write = timed  # type: ignore[method-assign]
        print("ready", flush=True)
        sys.stdin.readline()
        wall, cpu = time.perf_counter(), time.process_time()
        for batch in batches:
            assert all(verdict.new for verdict in index.add_many(batch, batch=BATCH))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "lock": held / wall}))


def together(uri: str, kind: str, workers: int, articles: int) -> tuple[list[dict[str, float]], float]:
    """What each of several workers took that begin at once, and the CPU seconds of the machine meanwhile."""
    started = []
    for number in range(workers):
        command = [sys.executable, __file__, "--worker", uri, kind, str(number), "--articles", str(articles)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    before = busy()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = [json.loads(process.communicate()[0]) for process in started]
    return found, busy() - before


def busy() -> float:
    """CPU seconds of the machine until now."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def server_cpu(client: redis.Redis) -> float:
    """CPU seconds of the server until now."""
    info: Any = client.info("cpu")
    return float(info["used_cpu_user"] + info["used_cpu_sys"])


def memory(client: redis.Redis, pattern: str) -> int:
    """Bytes of the keys of a pattern."""
    keys: Any = client.keys(pattern)
    found: Any = [client.memory_usage(key, samples=0) for key in keys]
    return sum(found)


def measure(client: redis.Redis, port: int, kind: str, workers: int, articles: int) -> dict[str, Any]:
    """The figures of so many workers."""
    client.flushall()
    uri = f"redis://127.0.0.1:{port}/0?prefix=bench"
    cpu = server_cpu(client)
    took, all_work = together(uri, kind, workers, articles)
    total = workers * articles
    wall, server = max(one["wall"] for one in took), server_cpu(client) - cpu
    own = sum(one["cpu"] for one in took)
    return {
        "kind": kind,
        "workers": workers,
        "rate": total / wall,
        "cpu": own / total,
        "lock": took[0]["lock"],
        "server": server / total,
        "others": max(0.0, all_work - own - server) / wall,
        "cores": psutil.cpu_count(),
        "each": memory(client, "bench:keys:*") / total,
        "rows": memory(client, "bench:rows:*") / total,
        "texts": memory(client, "bench:articles") / total,
    }


def store_only(client: redis.Redis, port: int, kind: str, articles: int) -> dict[str, Any]:
    """One process that has its articles read and fingerprinted; `keys`: how many an article has."""
    client.flushall()
    index = dedup.open_index(f"redis://127.0.0.1:{port}/0?prefix=bench", settings(kind))
    source, session = Source(), index._session
    took, keys = 0.0, 0
    for _ in range(articles // BATCH):
        reading = read(source.batch(BATCH), index.settings)
        ready = session.election.ready(reading.entries, reading.words)
        keys += sum(int((span.ends - span.starts).sum()) for span in ready.keys.spans)
        begin = time.perf_counter()
        session.ahead(ready)
        with session.transaction():
            placed = session.election.place_all(ready)
        assert all(found.verdict.new for found in placed)
        took += time.perf_counter() - begin
    index.close()
    return {"rate": articles / took, "keys": keys / articles}


def buckets(client: redis.Redis, keys: int, articles: int) -> dict[str, float]:
    """The same number of keys in hashes in the server."""
    client.flushall()
    script = client.register_script(_BUCKETS)
    rng = np.random.default_rng(1)
    bits = max(1, round(np.log2(articles * keys / 64)))
    cpu = server_cpu(client)
    for _ in range(articles // BATCH):
        script(args=[rng.bytes(6 * keys * BATCH), "123456", bits])
    return {"server": (server_cpu(client) - cpu) / articles, "each": memory(client, "b:*") / articles}


def main(options: Any) -> None:
    """All tables."""
    before = machine()
    results = []
    alone = []
    with running(options.work, "everysec") as port, redis.Redis(port=port) as client:
        for kind in KINDS:
            runs = [
                [measure(client, port, kind, workers, options.articles) for workers in (1, 2)]
                for _ in range(options.runs)
            ]
            for several in zip(*runs, strict=True):
                results.append(max(several, key=lambda run: float(run["rate"])))
                say(f"{kind}, {results[-1]['workers']}: {results[-1]['rate']:,.0f} articles/s")
            alones = [store_only(client, port, kind, options.articles) for _ in range(options.runs)]
            found = max(alones, key=lambda run: float(run["rate"]))
            other = buckets(client, round(found["keys"]), options.articles)
            alone.append(
                {"kind": kind, "ours": results[-1]["server"], "memory": results[-1]["each"], **found, "other": other}
            )
    finish("shared", options, before, [table(results), designs(alone)], {"workers": results, "designs": alone})


def table(results: list[dict[str, Any]]) -> Table:
    """A row for each number of workers."""
    rows = []
    first = 1.0
    for r in results:
        first = r["rate"] if r["workers"] == 1 else first
        numbers = (f"{r['rate']:,.0f}", f"{r['rate'] / first:.2f}", f"{r['lock']:.2f}" if r["workers"] == 1 else "")
        most = min(r["workers"] / r["cpu"], r["cores"] / (r["cpu"] + r["server"]))
        times = (f"{r['cpu'] * 1e6:,.0f}", f"{r['server'] * 1e6:,.0f}", f"{most:,.0f}", f"{r['others']:.1f}")
        sizes = (f"{r['each']:,.0f}", f"{r['rows']:,.0f}", f"{r['texts']:,.0f}")
        rows.append((r["kind"], str(r["workers"]), *numbers, *times, *sizes))
    head = ("store", "workers", "articles/s", "gain", "lock", "CPU µs each", "server µs each", "at most", "others")
    return Table("An index in Redis", (*head, "keys B each", "rows B each", "texts B each"), rows)


def designs(alone: list[dict[str, Any]]) -> Table:
    """Keys in chunks and in the memory of each process, and keys in buckets in the server."""
    rows = [
        (
            r["kind"],
            f"{r['keys']:.0f}",
            f"{r['rate']:,.0f}",
            f"{r['ours'] * 1e6:,.0f}",
            f"{r['memory']:,.0f}",
            f"{r['other']['server'] * 1e6:,.0f}",
            f"{r['other']['each']:,.0f}",
        )
        for r in alone
    ]
    head = ("store", "keys each", "store only, articles/s", "server µs each", "keys B each", "buckets: server µs each")
    return Table("Where the keys are", (*head, "buckets: keys B each"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, default=20_000, help="of each worker (default: %(default)s)")
    arguments.add_argument("--runs", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    arguments.add_argument("--worker", nargs=3, metavar=("URI", "KIND", "NUMBER"), help="one worker, as JSON")
    options = arguments.parse_args()
    if options.worker:
        worker(options.worker[0], options.worker[1], int(options.worker[2]), options.articles)
    else:
        options.work.mkdir(exist_ok=True)
        sys.path.insert(0, str(HERE))
        main(options)
