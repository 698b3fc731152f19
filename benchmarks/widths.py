"""What it costs to know fewer bits of a key: articles that have nothing to do with any other, and are compared all the same.

    python benchmarks/widths.py --articles 100000 1000000 --markdown

So many articles of 36 keys of bands, 36 of passages and 21 of pieces, drawn at random, are entered in tables, and 20,000 more
are looked up. `bits`: what is known of a key of a band; `B`: bytes of the 36 of an article as they are packed for Redis; `false`:
share of the articles for which a row was found that does not hold the key. Of 32 bits: articles with such a row for one of their
`passages`, or `pieces`; `proposed`: with as many passages of one row as propose it; `printed`: with a piece that seems to stand
in two rows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from harness import Table, finish, machine, parser, say

from dedup.kernels import packing
from dedup.key_table import EXTRA, Digest, KeyTable
from dedup.passages import SHARE
from dedup.settings import Limits

KEYS: Final = (36, 36, 21)
ASKED: Final = 20_000
PART: Final = 50_000
BITS: Final = (32, 34, 36, 38, 40, 42)


def drawn(rng: np.random.Generator, articles: int, kind: int, extra: int) -> Digest:
    """The keys of so many articles; passages are hashes of 32 bits."""
    most = 1 << 32 if kind == 1 else 1 << 63
    keys = rng.integers(0, most, articles * KEYS[kind], np.uint64)
    return Digest.wide(keys, kind, extra)


def found(articles: int, kind: int, extra: int) -> list[tuple[int, int, int]]:
    """What is found for each article that is asked for: rows, the most keys of one row, the most rows of one key."""
    rng = np.random.default_rng(kind)
    limits = Limits()
    table = KeyTable((limits.bucket, limits.passage, limits.bucket)[kind], extra)
    table.empty(articles * KEYS[kind])
    alive = np.ones(articles + 1, np.uint8)
    for first in range(1, articles + 1, PART):
        rows = np.arange(first, min(first + PART, articles + 1), dtype=np.uint32)
        table.add(drawn(rng, len(rows), kind, extra), np.repeat(rows, KEYS[kind]), alive)
    asked, told = drawn(rng, ASKED, kind, extra), []
    for i in range(ASKED):
        own = slice(i * KEYS[kind], (i + 1) * KEYS[kind])
        rows, numbers = table.find(Digest(asked.places[own], asked.marks[own]), alive)
        most = (int(np.unique(part, return_counts=True)[1].max(initial=0)) for part in (rows, numbers))
        told.append((len(rows), *most))
    return told


def measure(articles: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Bands by the bits that are known, and the rest as it is."""
    bands = []
    for bits in BITS:
        told = found(articles, 0, bits - 32)
        false = sum(rows > 0 for rows, _, _ in told) / ASKED
        bands.append({"articles": articles, "bits": bits, "bytes": packing.room(KEYS[0], bits), "false": false})
        say(f"{articles:,} articles, {bits} bits: {false:.2%}")
    passages, pieces = found(articles, 1, EXTRA[1]), found(articles, 2, EXTRA[2])
    return bands, {
        "articles": articles,
        "passages": sum(rows > 0 for rows, _, _ in passages) / ASKED,
        "proposed": sum(shared >= max(2, SHARE * KEYS[1]) for _, shared, _ in passages) / ASKED,
        "pieces": sum(rows > 0 for rows, _, _ in pieces) / ASKED,
        "printed": sum(held >= 2 for _, _, held in pieces) / ASKED,
    }


def main(options: Any) -> None:
    """Both tables."""
    before = machine()
    measured = [measure(articles) for articles in options.articles]
    bands = [one for own, _ in measured for one in own]
    rest = [other for _, other in measured]
    rows = [(f"{r['articles']:,}", str(r["bits"]), f"{r['bytes']:,}", f"{r['false']:.2%}") for r in bands]
    names = ("passages", "proposed", "pieces", "printed")
    others = [(f"{r['articles']:,}", *(f"{r[name]:.2%}" for name in names)) for r in rest]
    tables = [
        Table("Keys of bands by the bits that are known", ("articles", "bits", "B", "false"), rows),
        Table("Keys of 32 bits", ("articles", *names), others),
    ]
    finish("widths", options, before, tables, {"bands": bands, "rest": rest})


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--articles", type=int, nargs="+", default=[100_000, 1_000_000])
    options = arguments.parse_args()
    options.work.mkdir(exist_ok=True)
    main(options)
