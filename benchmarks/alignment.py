"""How long two long texts take to compare, and what comes out.

    python benchmarks/alignment.py --markdown

`dedup.compare` of two texts in memory: tokens, alignment and the Jaccard similarity of the shingles.
"""

from __future__ import annotations

import gc
from statistics import median
from time import perf_counter
from typing import Any, Final

from corpus import Writer
from harness import Table, finish, machine, parser, say

from dedup import compare

LONG: Final = 20_000
SHORT: Final = 5_000


def cases() -> dict[str, tuple[str, str]]:
    """Pairs of texts."""
    writer = Writer(3)

    def words(count: int) -> list[str]:
        return [w for w in writer.text(writer.words(2 * count)).split() if w.isalnum()][:count]

    base, other = words(LONG), words(LONG)
    edited = base.copy()
    for place in writer.rng.permutation(LONG)[: LONG // 10].tolist():
        edited[place] = other[place]
    half = LONG // 2
    cycle = base[:50] * (LONG // 50)
    shared = [i % 4_000 < 10 for i in range(LONG)]
    stretches = base, [a if same else b for a, b, same in zip(base, other, shared, strict=True)]
    return {
        "10 % of the words edited": (" ".join(base), " ".join(edited)),
        "halves swapped": (" ".join(base), " ".join(base[half:] + base[:half])),
        "unrelated": (" ".join(base), " ".join(other)),
        "unrelated, 5,000 words": (" ".join(base[:SHORT]), " ".join(other[:SHORT])),
        "one word repeated": (" ".join(["again"] * LONG), " ".join(["again"] * (LONG - 1000))),
        "one word repeated, another word repeated": (" ".join(["again"] * LONG), " ".join(["more"] * LONG)),
        "a b a b against a a b b": (" ".join(["a", "b"] * half), " ".join(["a", "a", "b", "b"] * (half // 2))),
        "every second word shared": (
            " ".join(w for pair in zip(base[:half], base[half:], strict=True) for w in pair),
            " ".join(w for pair in zip(base[:half], other[half:], strict=True) for w in pair),
        ),
        "every eighth word edited": (
            " ".join(base),
            " ".join(other[i] if i % 8 == 7 else word for i, word in enumerate(base)),
        ),
        "long unlike stretches between shared runs": (" ".join(stretches[0]), " ".join(stretches[1])),
        "a cycle of 50 words, every ninth word edited": (
            " ".join(cycle),
            " ".join(other[i] if i % 9 == 8 else word for i, word in enumerate(cycle)),
        ),
    }


def measure(rounds: int) -> list[dict[str, Any]]:
    """All cases, one after another."""
    compare("loads the kernels", "once")
    results = []
    for name, (a, b) in cases().items():
        seconds = []
        for _ in range(rounds):
            gc.collect()
            start = perf_counter()
            match = compare(a, b)
            seconds.append(perf_counter() - start)
        say(f"{name}: {median(seconds):.3f} s")
        results.append(
            {
                "texts": name,
                "words": match.words,
                "seconds": seconds,
                "relation": match.relation,
                "resemblance": match.resemblance,
                "containment": match.containment,
                "jaccard": match.jaccard,
            }
        )
    return results


def table(results: list[dict[str, Any]]) -> Table:
    """A row for each case."""
    rows = [
        (
            r["texts"],
            f"{r['words'][0]:,} / {r['words'][1]:,}",
            f"{median(r['seconds']) * 1e3:.1f}",
            f"{min(r['seconds']) * 1e3:.1f}",
            f"{r['resemblance']:.3f}",
            f"{r['jaccard']:.3f}",
            r["relation"],
        )
        for r in results
    ]
    head = ("texts", "words", "ms, median", "least", "resemblance", "Jaccard", "relation")
    return Table("Two long texts compared", head, rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    options = arguments.parse_args()
    before = machine()
    results = measure(options.rounds)
    finish("alignment", options, before, [table(results)], results)
