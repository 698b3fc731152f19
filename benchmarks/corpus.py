"""Makes a dump of invented news articles, a quarter of them copies, and the truth about it.

    python benchmarks/corpus.py --articles 100000 --out dump.jsonl

The truth goes to dump.jsonl.truth.jsonl, a line for each article: `id`, `cluster` (the id of the original), `kind`.
The same seed gives the same bytes. Articles are written as they are made, so a million of them need no more memory.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

Codes = NDArray[np.int32]
"""An article's words: `form * VOCABULARY + word`, where the form says how the word is written (see `_forms`)."""

VOCABULARY: Final = 50_000
COPIES: Final = 0.25
FURNISHED: Final = 0.40
KINDS: Final = {"exact": 0.20, "light edits": 0.30, "truncated": 0.20, "framed": 0.20, "heavy edits": 0.10}
"""Copies by kind: the same; 1-5 % of the words edited; the first 50-90 %; 2-5 paragraphs of the site around; 10-25 %
of the words edited."""

MEDIAN_WORDS: Final = 430
SPREAD: Final = 0.6
SITES: Final = 400
WINDOW: Final = 50_000
"""Copies are of one of this many latest originals."""

_ONSETS: Final = (*"bcdfghjklmnprstvwy", "st", "tr", "pr", "ch", "sh", "th", "br", "cr", "gr", "pl", "cl", "fr")
_VOWELS: Final = (*"aeiouaeio", "ea", "ou", "ai", "io", "ee")
_CODAS: Final = ("", "", "", *"nrstldm", "ng", "nt", "st", "ck")
_ACCENTS: Final = str.maketrans("aeiouc", "áéíöüç")
_TAILS: Final = (" ", ", ", ". ", ".\n\n", ".” ", ".”\n\n")


class Writer:
    """Writes articles; `rng` makes all choices."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        words = _vocabulary(random.Random(seed))
        self._forms = _forms(words)
        share = 1.0 / (np.arange(VOCABULARY) + 2.7) ** 1.03  # Zipf and Mandelbrot
        self._drawn = self.rng.choice(VOCABULARY, 1 << 22, p=share / share.sum()).astype(np.int32)
        self.furniture = [[self.paragraphs(int(self.rng.integers(18, 70))) for _ in range(8)] for _ in range(SITES)]

    def words(self, count: int) -> Codes:
        """Words without any marks."""
        return self._drawn[self.rng.integers(0, len(self._drawn), count)]

    def paragraphs(self, count: int) -> Codes:
        """Sentences in paragraphs, some in quotation marks."""
        rng = self.rng
        tails = np.where(rng.random(count) < 0.05, 1, 0)
        ends = np.flatnonzero(rng.random(count) < 0.055)
        if not len(ends) or ends[-1] != count - 1:
            ends = np.append(ends, count - 1)
        starts = np.concatenate(([0], ends[:-1] + 1))
        leads = np.zeros(count, np.int64)
        leads[starts] = 1
        tails[ends] = np.where(rng.random(len(ends)) < 0.25, 3, 2)
        tails[-1] = 3
        quoted = rng.random(len(ends)) < 0.06
        leads[starts[quoted]] = 2
        tails[ends[quoted]] += 2
        forms = leads * len(_TAILS) + tails
        return (self.words(count) + forms * VOCABULARY).astype(np.int32)

    def article(self) -> Codes:
        """An article of log-normal length."""
        return self.paragraphs(int(np.clip(MEDIAN_WORDS * np.exp(SPREAD * self.rng.standard_normal()), 40, 8_000)))

    def framed(self, codes: Codes, site: int, count: int) -> Codes:
        """With `count` paragraphs of the site, some before and some after."""
        own = self.furniture[site]
        parts = [own[i] for i in self.rng.permutation(len(own))[:count]]
        before = int(self.rng.integers(0, count + 1))
        return np.concatenate([*parts[:before], codes, *parts[before:]])

    def edited(self, codes: Codes, share: float) -> Codes:
        """With this share of the words replaced (6 in 10), dropped or added (2 each)."""
        count = max(1, round(share * len(codes)))
        places = self.rng.permutation(len(codes))[:count]
        new = self.words(count)
        replaced, dropped = round(0.6 * count), round(0.8 * count)
        codes = codes.copy()
        codes[places[:replaced]] += new[:replaced] - codes[places[:replaced]] % VOCABULARY
        added = np.insert(codes, places[dropped:], new[dropped:])
        shift = np.searchsorted(np.sort(places[dropped:]), places[replaced:dropped], side="right")
        return np.delete(added, places[replaced:dropped] + shift)

    def text(self, codes: Codes) -> str:
        """The words as they are read."""
        return "".join(self._forms[codes].tolist()).strip()


def _vocabulary(rng: random.Random) -> list[str]:
    """Pseudo-words by falling frequency, the frequent ones short; some are names, accented, numbers, with apostrophe."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        rank = len(words)
        syllables = 1 if rank < 300 else rng.randint(1, 2) if rank < 5_000 else rng.randint(2, 3)
        word = "".join(
            (rng.choice(_ONSETS) if rng.random() < 0.85 else "")
            + rng.choice(_VOWELS)
            + (rng.choice(_CODAS) if rng.random() < 0.5 else "")
            for _ in range(syllables)
        )
        odd = rng.random() if rank >= 500 else 1.0
        if odd < 0.08:
            word = word.capitalize()
        elif odd < 0.13:
            word = word.translate(_ACCENTS)
        elif odd < 0.15:
            word = f"{int(10 ** rng.uniform(0, 7)):,}"
        elif odd < 0.16:
            word = f"{word}’s"
        words[word] = None
    return list(words)


def _forms(words: list[str]) -> NDArray[np.object_]:
    """Every word in every form: as it is, capital, after an opening quotation mark; each with every tail."""
    capitals = [w[0].upper() + w[1:] for w in words]
    leads = (words, capitals, ["“" + w for w in capitals])
    return np.array([w + tail for lead in leads for tail in _TAILS for w in lead], dtype=object)


def _records(count: int, seed: int) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The records, each with its truth."""
    writer = Writer(seed)
    rng = writer.rng
    originals: list[tuple[str, str, Codes]] = []
    latest = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(count):
        identity = f"a{number:07d}"
        site = int(rng.integers(SITES))
        if number > 20 and rng.random() < COPIES:
            cluster, title, codes = originals[int(len(originals) * rng.random())]
            kind = list(KINDS)[int(np.searchsorted(np.cumsum(list(KINDS.values())), rng.random()))]
            codes = _copy(writer, codes, kind, site)
        else:
            cluster, kind, codes = identity, "original", writer.article()
            title = writer.text(writer.words(int(rng.integers(5, 13)))).capitalize()
            if rng.random() < FURNISHED:
                codes = writer.framed(codes, site, int(rng.integers(1, 4)))
            if len(originals) < WINDOW:
                originals.append((cluster, title, codes))
            else:
                originals[number % WINDOW] = (cluster, title, codes)
        latest += timedelta(seconds=int(rng.integers(0, 120)))
        host = f"www.site{site:03d}.example"
        record = {
            "id": identity,
            "url": f"https://{host}/{latest:%Y/%m/%d}/story-{number}.html",
            "site": host,
            "title": title,
            "published": latest.isoformat(),
            "text": writer.text(codes),
        }
        yield record, {"id": identity, "cluster": cluster, "kind": kind}


def _copy(writer: Writer, codes: Codes, kind: str, site: int) -> Codes:
    rng = writer.rng
    match kind:
        case "light edits":
            return writer.edited(codes, rng.uniform(0.01, 0.05))
        case "heavy edits":
            return writer.edited(codes, rng.uniform(0.10, 0.25))
        case "truncated":
            return codes[: round(len(codes) * rng.uniform(0.5, 0.9))]
        case "framed":
            return writer.framed(codes, site, int(rng.integers(2, 6)))
        case _:
            return codes


def truth_of(dump: Path) -> Path:
    """Where the truth about a dump is."""
    return dump.with_name(dump.name + ".truth.jsonl")


def write(path: Path, articles: int, seed: int) -> None:
    """Writes the dump and its truth; the dump gets its name when all of it is there."""
    part = path.with_name(path.name + ".part")
    with part.open("wb", buffering=1 << 20) as dump, truth_of(path).open("wb", buffering=1 << 20) as truth:
        for record, fact in _records(articles, seed):
            dump.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            truth.write(orjson.dumps(fact, option=orjson.OPT_APPEND_NEWLINE))
    part.rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    write(options.out, options.articles, options.seed)
