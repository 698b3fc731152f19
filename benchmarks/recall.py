"""Which pairs of alike texts are proposed for comparison, on real token sequences, beside the formula.

    python benchmarks/recall.py --markdown

First, pairs whose word 5-grams have a known Jaccard similarity, under the bands chosen for that similarity. Second,
pairs by resemblance, under the default settings: edits scattered over the text, and edits in one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from corpus import Writer
from harness import Table, finish, machine, parser, say

from dedup import Bands, Settings, Texts, compare, fingerprint
from dedup.signatures import band_keys

JACCARDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
CLOSE: Final = 0.005
BINS: Final = ((0.80, 0.85), (0.85, 0.90), (0.90, 0.95), (0.95, 1.0))
SHINGLE: Final = 5

Pair = tuple[str, str]


def article(writer: Writer) -> list[str]:
    """The words of an article of 200 to 2,000 words."""
    return writer.text(writer.paragraphs(int(writer.rng.integers(200, 2_000)))).split()


def at_jaccard(writer: Writer, jaccard: float) -> Pair:
    """Two texts with about this Jaccard similarity of 5-grams: words are replaced until enough 5-grams are broken."""
    words = article(writer)
    edited = words.copy()
    shingles = len(words) - SHINGLE + 1
    common = round(2 * shingles * jaccard / (1 + jaccard))
    broken = np.zeros(shingles, bool)
    for place in (2 * SHINGLE + writer.rng.permutation(len(words) - 2 * SHINGLE)).tolist():
        if broken.sum() + SHINGLE > shingles - common:
            break
        edited[place] = f"new{place}"
        broken[max(0, place - SHINGLE + 1) : place + 1] = True
    for place in range(shingles - common - int(broken.sum())):  # a word at the start breaks one more 5-gram each
        edited[place] = f"new{place}"
    return " ".join(words), " ".join(edited)


def scattered(writer: Writer, share: float) -> Pair:
    """A text, and the same with words replaced here and there."""
    words = article(writer)
    edited = words.copy()
    for place in writer.rng.permutation(len(words))[: round(share * len(words))].tolist():
        edited[place] = f"new{place}"
    return " ".join(words), " ".join(edited)


def block(writer: Writer, share: float) -> Pair:
    """A text, and the same with a stretch of it replaced by other sentences."""
    words = article(writer)
    size = round(share * len(words))
    start = int(writer.rng.integers(0, len(words) - size + 1))
    other = writer.text(writer.paragraphs(max(2, size))).split()[:size]
    return " ".join(words), " ".join([*words[:start], *other, *words[start + size :]])


def proposed(pairs: list[Pair], bands: Bands) -> list[bool]:
    """Whether the two texts of a pair share a band."""
    prints = fingerprint(Texts.of([text for pair in pairs for text in pair]), Settings().scheme)
    keys = band_keys(prints.signatures.values, bands)
    return [bool(hit) for hit in (keys[:, ::2] == keys[:, 1::2]).any(axis=0)]


def by_jaccard(writer: Writer, count: int) -> Iterator[dict[str, Any]]:
    """The share proposed at each Jaccard similarity."""
    for jaccard in JACCARDS:
        pairs: list[Pair] = []
        found: list[float] = []
        while len(pairs) < count:
            pair = at_jaccard(writer, jaccard)
            real = compare(*pair).jaccard
            if abs(real - jaccard) <= CLOSE:
                pairs.append(pair)
                found.append(real)
        bands = Bands.choose(jaccard)
        hits = proposed(pairs, bands)
        say(f"Jaccard {jaccard}: {sum(hits)} of {count}")
        formula = float(np.mean([bands.recall(real) for real in found]))
        yield {
            "jaccard": jaccard,
            "mean": float(np.mean(found)),
            "bands": [bands.count, bands.rows],
            "pairs": count,
            "proposed": sum(hits),
            "formula": formula,
        }


def by_resemblance(writer: Writer, count: int) -> Iterator[dict[str, Any]]:
    """The share proposed in each range of resemblance, by the way of editing."""
    ways: dict[str, Callable[[Writer, float], Pair]] = {"scattered": scattered, "block": block}
    for way, edit in ways.items():
        bins: dict[tuple[float, float], list[Pair]] = {b: [] for b in BINS}
        while any(len(pairs) < count for pairs in bins.values()):
            pair = edit(writer, writer.rng.uniform(0.001, 0.25))
            real = compare(*pair).resemblance
            for (low, high), pairs in bins.items():
                if low <= real < high and len(pairs) < count:
                    pairs.append(pair)
        for (low, high), pairs in bins.items():
            hits = proposed(pairs, Settings().bands)
            say(f"{way} {low}-{high}: {sum(hits)} of {count}")
            yield {"edits": way, "from": low, "to": high, "pairs": count, "proposed": sum(hits)}


def jaccard_table(results: list[dict[str, Any]]) -> Table:
    """Measured beside the formula; the error is two standard errors of a share."""
    rows = []
    for r in results:
        share = r["proposed"] / r["pairs"]
        error = 2 * (r["formula"] * (1 - r["formula"]) / r["pairs"]) ** 0.5
        rows.append(
            (
                f"{r['jaccard']:.1f}",
                f"{r['bands'][0]} x {r['bands'][1]}",
                f"{r['pairs']:,}",
                f"{r['formula']:.2%}",
                f"{share:.2%}",
                f"±{error:.2%}",
            )
        )
    head = ("Jaccard", "bands x rows", "pairs", "formula", "measured", "2 standard errors")
    return Table("Pairs proposed, under the bands chosen for their Jaccard similarity", head, rows)


def resemblance_table(results: list[dict[str, Any]]) -> Table:
    """Ways of editing by ranges of resemblance."""
    bands = Settings().bands
    rows = []
    for low, high in BINS:
        shares = {r["edits"]: r["proposed"] / r["pairs"] for r in results if r["from"] == low}
        rows.append((f"{low:.2f}-{high:.2f}", *(f"{shares[way]:.1%}" for way in ("scattered", "block"))))
    count = results[0]["pairs"]
    title = (
        f"Pairs proposed, under the default settings ({bands.count} bands of {bands.rows} rows; {count:,} pairs a cell)"
    )
    return Table(title, ("resemblance", "edits scattered", "edits in a block"), rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--pairs", type=int, default=2_000, help="in each row or cell (default: %(default)s)")
    options = arguments.parse_args()
    before = machine()
    writer = Writer(11)
    jaccard = list(by_jaccard(writer, options.pairs))
    resemblance = list(by_resemblance(writer, options.pairs))
    tables = [jaccard_table(jaccard), resemblance_table(resemblance)]
    finish("recall", options, before, tables, {"by_jaccard": jaccard, "by_resemblance": resemblance})
