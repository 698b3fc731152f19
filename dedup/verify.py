"""Candidate pairs -> what was measured of them, on the words."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import RUN, Aligned, Tokens, align
from dedup.evidence import Evidence
from dedup.relations import FLOOR, HALF
from dedup.signatures import encode, starts_of
from dedup.stretches import in_order
from dedup.words import spelling

CHUNK: Final = 256
"""Pairs are aligned in chunks of this many; tokens in a file are in memory for a chunk at a time."""

_QUOTES: Final = str.maketrans("‘’‚‛“”„‟«»‹›`´", "''''" + '""""""' + "''''")


LEAD_WORDS: Final = 60
"""So many words are the opening of a text; it is looked for in the first `LEAD_WITHIN` of the other, in runs of `LEAD_RUN`."""

LEAD_WITHIN: Final = 250

LEAD_RUN: Final = 5

GAP: Final = 64
"""Gaps of more words a side are not searched for words that stand in the place of others."""

PLACE: Final = 12
"""A place where texts differ in more words a side is another passage, not another fact."""

FRAMING: Final = 4
"""Bylines and stamps at the edge of a text have so many words beside their numbers; with fewer they may be facts."""

NAMES: Final = 4
"""So many pairs of words that replace each other are looked at for names."""

_COUNTS: Final = 8


class Measured(NamedTuple):
    """Pairs that share enough to be judged, n of them, the longer text first.

    `pairs` i64[n, 2]; `aligned` i64[n] words; `leads` f64[n]; `counts` i64[n, 8]: numbers in the place of numbers, numbers in
    the place of other words, places with words in the place of others, places with other passages, words that differ inside
    the body, of the first two those in frames around it, numbers that both have, wherever they stand; `numbers` i64[n] in the
    text that has fewer; `names`: by pair, the tokens that replace each other. `tried`: pairs aligned; `long_gaps`.
    """

    pairs: NDArray[np.int64]
    aligned: NDArray[np.int64]
    leads: NDArray[np.float64]
    counts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    names: dict[int, list[tuple[int, int, int]]]
    tried: int
    long_gaps: int

    @classmethod
    def joined(cls, parts: Sequence[Measured]) -> Measured:
        """The pairs of all parts, one part after another."""
        names: dict[int, list[tuple[int, int, int]]] = {}
        known = 0
        for part in parts:
            names.update((known + i, swaps) for i, swaps in part.names.items())
            known += len(part.pairs)
        return cls(
            np.concatenate([np.empty((0, 2), np.int64), *(p.pairs for p in parts)]),
            np.concatenate([np.empty(0, np.int64), *(p.aligned for p in parts)]),
            np.concatenate([np.empty(0), *(p.leads for p in parts)]),
            np.concatenate([np.empty((0, _COUNTS), np.int64), *(p.counts for p in parts)]),
            np.concatenate([np.empty(0, np.int64), *(p.numbers for p in parts)]),
            names,
            sum(p.tried for p in parts),
            sum(p.long_gaps for p in parts),
        )

    def evidence(self, i: int, lengths: NDArray[np.int64], left: NDArray[np.float64]) -> Evidence:
        """Pair i, with the `lengths` of all texts, and the share of each that is `left` beside boilerplate."""
        return next(self.evidences(lengths, left, slice(i, i + 1)))

    def evidences(
        self, lengths: NDArray[np.int64], left: NDArray[np.float64], pairs: slice = slice(None)
    ) -> Iterator[Evidence]:
        """The same for all of these pairs."""
        texts = self.pairs[pairs]
        return map(
            _evidence,
            lengths[texts].tolist(),
            self.aligned[pairs].tolist(),
            self.leads[pairs].tolist(),
            self.numbers[pairs].tolist(),
            self.counts[pairs].tolist(),
            left[texts].min(axis=1).tolist(),
        )


def _evidence(words: list[int], aligned: int, lead: float, numbers: int, counts: list[int], left: float) -> Evidence:
    swaps, lone, replaced, passages, inner, framed_swaps, framed_lone, common = counts
    frames = framed_swaps, framed_lone
    pair = words[0], words[1]
    return Evidence(pair, aligned, lead, numbers, swaps, lone, replaced, passages, inner, frames, common, left)


def resemblance(words: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """2 * aligned / (both lengths), f64[n]."""
    share: NDArray[np.float64] = 2.0 * words / np.maximum(1, a + b)
    return share


def measure(tokens: Tokens, pairs: NDArray[np.int64], pool: Executor | None = None) -> Measured:
    """Aligns the pairs (longer text first) and measures those that share enough to be judged at any threshold."""
    parts = list(in_parts(tokens, pairs, pool))
    return parts[0] if len(parts) == 1 else Measured.joined(parts)


def in_parts(
    tokens: Tokens,
    pairs: NDArray[np.int64],
    pool: Executor | None = None,
    release: Callable[[], None] = lambda: None,
) -> Iterator[Measured]:
    """`measure`, a chunk of pairs at a time; with a pool, the next ones are measured while the caller has one.

    `release` is called after every chunk, to give memory of tokens back.
    """

    def measured(chunk: NDArray[np.int64]) -> Measured:
        found = _measure(tokens, chunk)
        release()
        return found

    return in_order(pool, measured, (pairs[i : i + CHUNK] for i in range(0, len(pairs), CHUNK)))


def measure_all(tokens: Tokens, pairs: NDArray[np.int64]) -> Measured:
    """The same for all pairs, however little they share."""
    return _contrasted(tokens, pairs, align(tokens, pairs), np.ones(len(pairs), bool))


def _measure(tokens: Tokens, pairs: NDArray[np.int64]) -> Measured:
    found = align(tokens, pairs)
    lengths = tokens.ends - tokens.starts
    a, b = lengths[pairs[:, 0]], lengths[pairs[:, 1]]
    shorter, longer = found.words / np.maximum(1, b), found.words / np.maximum(1, a)
    some = (shorter >= HALF) | (shorter + longer >= 2 * FLOOR) | (resemblance(found.words, a, b) >= HALF)
    return _contrasted(tokens, pairs, found, some)


def _contrasted(tokens: Tokens, pairs: NDArray[np.int64], found: Aligned, some: NDArray[np.bool_]) -> Measured:
    chosen = pairs[some]
    leads = np.empty((len(chosen), 2))
    counts = np.empty((len(chosen), _COUNTS), np.int64)
    names = np.empty((len(chosen), NAMES, 3), np.int64)
    lead = (LEAD_WORDS, LEAD_WITHIN, LEAD_RUN)
    runs = found.runs, starts_of(found.run_ends)[some], found.run_ends[some]
    kernels.contrast.contrast_pairs(
        tokens.values, tokens.starts, tokens.ends, chosen, runs, RUN, (GAP, PLACE, FRAMING), lead, leads, counts, names
    )
    several = (names[:, 0, 2] > 1).nonzero()[0].tolist()
    named = {i: [(p, q, n) for p, q, n in names[i].tolist() if n] for i in several}
    return Measured(
        chosen, found.words[some], leads.max(axis=1), counts, found.numbers[some], named, len(pairs), found.long_gaps
    )


def short_hash(text: bytes) -> NDArray[np.uint64]:
    """The identity (u64[2]) of a text too short to be compared: its words, and its shape."""
    data = spelling(text) + encode(shape(text.decode("utf-8", "replace")))
    return np.frombuffer(hashlib.blake2b(data, digest_size=16).digest(), np.uint64)


def shape(text: str) -> str:
    """A text with a `w` for every word and without white space; quotation marks are all alike.

    >>> shape("C++ is “fun”."), shape("1.5 10") == shape("1 5.10")
    ('w++w"w".', False)
    """
    out: list[str] = []
    last = " "
    for c in "".join(unicodedata.normalize("NFD", c) for c in text.translate(_QUOTES)):
        category = unicodedata.category(c)
        if category == "Cf":
            continue
        mark = category[0] in "PS" or unicodedata.combining(c) == 1
        sign = c if mark else "w" if category[0] in "LNM" else " "
        if mark or (sign == "w" and last != "w"):
            out.append(sign)
        last = sign
    return "".join(out)
