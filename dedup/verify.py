"""Candidate pairs -> what they have in common, on the words."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.alignment import Aligned, Tokens, align
from dedup.model import Match
from dedup.settings import Settings
from dedup.signatures import Texts, encode, fingerprint, shingles

CHUNK: Final = 1024
"""Pairs are aligned in chunks of this many; tokens in a file are in memory for a chunk at a time."""

_QUOTES: Final = str.maketrans("‘’‚‛“”„‟«»‹›`´", "''''" + '""""""' + "''''")


SWAPPED: Final = 1 / 3
"""Two texts are siblings, of one template but with other facts, when more than this share of the numbers is swapped."""


class Verified(NamedTuple):
    """Pairs that are copies: `pairs` i64[n, 2], `words` i64[n] aligned. `tried`: pairs aligned; `siblings`: pairs that
    reach the threshold and are no copies for their numbers; `long_gaps`.
    """

    pairs: NDArray[np.int64]
    words: NDArray[np.int64]
    tried: int
    siblings: int
    long_gaps: int


def resemblance(words: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """2 * aligned / (both lengths), f64[n]."""
    share: NDArray[np.float64] = 2.0 * words / np.maximum(1, a + b)
    return share


def siblings(aligned: Aligned, both: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs differ in their numbers as notices of one template do, bool[n]; `both`: the words of both texts.

    One number that changes alone, as a count of comments does, is no other fact.
    """
    alone = both - 2 * aligned.words <= 2
    apart: NDArray[np.bool_] = (aligned.swaps > SWAPPED * aligned.numbers) & ((aligned.swaps > 1) | ~alone)
    return apart


def verify(
    tokens: Tokens,
    pairs: NDArray[np.int64],
    threshold: float,
    pool: Executor | None = None,
    release: Callable[[], None] = lambda: None,
) -> Verified:
    """Aligns those pairs (longer text first) whose lengths allow the threshold, and returns the copies among them.

    `release` is called after every chunk, to give memory of tokens back.
    """

    def aligned(chunk: NDArray[np.int64]) -> Aligned:
        found = align(tokens, chunk)
        release()
        return found

    lengths = tokens.ends - tokens.starts
    a, b = lengths[pairs[:, 0]], lengths[pairs[:, 1]]
    pairs = pairs[resemblance(np.minimum(a, b), a, b) >= threshold]
    chunks = [pairs[i : i + CHUNK] for i in range(0, len(pairs), CHUNK)]
    done = list((pool.map if pool else map)(aligned, chunks))
    words = np.concatenate([d.words for d in done]) if done else np.empty(0, np.int64)
    reach = resemblance(words, lengths[pairs[:, 0]], lengths[pairs[:, 1]]) >= threshold
    sizes = (sum(lengths[chunk].T) for chunk in chunks)
    apart = (
        np.concatenate([siblings(d, n) for d, n in zip(done, sizes, strict=True)]) if done else np.empty(0, np.bool_)
    )
    passed = reach & ~apart
    count = int(np.count_nonzero(reach & apart))
    return Verified(pairs[passed], words[passed], len(pairs), count, sum(d.long_gaps for d in done))


def short_hash(text: bytes, words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The identity (u64[2]) of a text too short to be compared: its tokens, and its shape."""
    data = words.tobytes() + encode(shape(text.decode("utf-8", "replace")))
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


def compare(a: str, b: str, settings: Settings | None = None) -> Match:
    """What two texts have in common, and whether one would be removed as a copy of the other.

    >>> compare("Same words, other marks!", "same words other marks").relation
    'different'

    (Texts under `min_tokens` words must be equal to the punctuation.)
    """
    settings = settings or Settings()
    encoded = [encode(a), encode(b)]
    words, ends, _, hashes = fingerprint(Texts.of(encoded), settings.scheme)
    sides = [(words[: ends[0]], encoded[0], hashes[0].tolist()), (words[ends[0] :], encoded[1], hashes[1].tolist())]
    (first, first_text, _), (second, second_text, _) = sorted(sides, key=lambda s: (-len(s[0]), s[2]))
    found = align(Tokens.of(first, second), np.array([[0, 1]]))
    aligned = int(found.words[0])
    long, short = len(first), len(second)
    share = 2.0 * aligned / max(1, long + short)
    equal = 0 < long == short and bool(np.array_equal(first, second))
    if short < settings.min_tokens:
        equal = equal and bool(np.array_equal(short_hash(first_text, first), short_hash(second_text, second)))
        near = False
    else:
        near = share >= settings.threshold
    template = bool(siblings(found, np.array([long + short]))[0])
    sets = [set(shingles(s, settings.scheme.shingle).tolist()) for s in (first, second)]
    union = len(sets[0] | sets[1])
    return Match(
        relation="exact" if equal else "different" if not near else "sibling" if template else "near",
        resemblance=1.0 if equal else share,
        containment=1.0 if equal else aligned / max(1, short),
        share_longer=1.0 if equal else aligned / max(1, long),
        jaccard=len(sets[0] & sets[1]) / union if union else float(equal),
        aligned=long if equal else aligned,
        words=(int(ends[0]), int(len(words) - ends[0])),
    )
