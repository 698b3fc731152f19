"""Words of articles -> the keys that an index finds them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import passages
from dedup.alignment import Tokens
from dedup.entries import Words
from dedup.key_table import Digest
from dedup.settings import Settings
from dedup.signatures import band_keys, sign


class Keys(NamedTuple):
    """What an entry is found by: `near` (its bands, and behind them the whole text), `held` (its passages), `pieces`."""

    near: Digest
    held: Digest
    pieces: Digest


class Span(NamedTuple):
    """Keys of one kind of n entries: those of entry i are `starts[i]:ends[i]` (i64[n]) of `digest`."""

    digest: Digest
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class Lot:
    """What the entries of a batch are found by; `lot[i]` are the keys of entry i. `spans`: near, held, pieces."""

    def __init__(self, near: Span, held: Span, pieces: Span) -> None:
        self.spans = near, held, pieces

    def __len__(self) -> int:
        return len(self.spans[0].starts)

    def __getitem__(self, i: int) -> Keys:
        return Keys(*(_part(span, i) for span in self.spans))

    def part(self, first: int, last: int) -> Lot:
        """The keys of entries `first:last`."""
        return Lot(*(Span(own.digest, own.starts[first:last], own.ends[first:last]) for own in self.spans))

    def cut(self, kind: int, first: int, last: int) -> tuple[Digest, NDArray[np.int64]]:
        """The keys of one kind of entries `first:last`, one after another, and how many each has."""
        digest, starts, ends = self.spans[kind]
        starts, sizes = starts[first:last], (ends - starts)[first:last]
        if len(sizes) and int(sizes.sum()) == int(ends[last - 1] - starts[0]):
            part = slice(int(starts[0]), int(ends[last - 1]))
            return Digest(digest.places[part], digest.marks[part]), sizes
        numbers = np.arange(int(sizes.sum())) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        return Digest(digest.places[numbers], digest.marks[numbers]), sizes


def _part(span: Span, i: int) -> Digest:
    start, end = int(span.starts[i]), int(span.ends[i])
    return Digest(span.digest.places[start:end], span.digest.marks[start:end])


def keys_of(
    cores: Sequence[NDArray[np.uint32]],
    words: Sequence[Words],
    pieces: Sequence[NDArray[np.uint64]],
    settings: Settings,
) -> Lot:
    """What entries are found by, with their words, and the words (`cores`) and the pieces that are not boilerplate. One with too
    few words to be compared is found by all of them, and by nothing else.
    """
    bands, none = settings.bands, np.empty(0, np.uint64)
    tokens = Tokens.of(*cores)
    signed = sign(*tokens, settings.scheme, bands.count * bands.rows)
    near = np.empty((len(words), bands.count + 1), np.uint64)
    near[:, :-1] = band_keys(signed.values, bands).T
    near[:, -1] = _wholes(words)
    chosen = passages.chosen(tokens if settings.passages else tokens.part(0, 0))
    compared = tokens.ends - tokens.starts >= settings.min_tokens
    ends = (bands.count + 1) * np.arange(1, len(words) + 1)
    starts = ends - np.where(compared, bands.count + 1, 1)
    held = _span(chosen.values.astype(np.uint64), chosen.counts if settings.passages else None, compared, 1)
    parts = np.concatenate([none, *pieces]) if settings.boilerplate else none
    counts = np.array([len(p) for p in pieces], np.int64) if settings.boilerplate else None
    return Lot(Span(Digest.of(near.ravel(), 0), starts, ends), held, _span(parts, counts, compared | True, 2))


def _span(keys: NDArray[np.uint64], counts: NDArray[np.int64] | None, use: NDArray[np.bool_], kind: int) -> Span:
    """Keys of a kind, of which entry i has `counts[i]` (None: there are none at all), without those of entries not to `use`."""
    if counts is None:
        nothing = np.zeros(len(use), np.int64)
        return Span(Digest.of(keys[:0], kind), nothing, nothing)
    ends = np.add.accumulate(counts)
    return Span(Digest.of(keys, kind), np.where(use, ends - counts, ends), ends)


def whole_key(words: Words, pieces: NDArray[np.uint64]) -> Keys:
    """What a copy is found by: all of its words, and nothing less; and the pieces (u64) of which it counts as a holder."""
    return Keys(Digest.of(_wholes([words]), 0), _NONE, Digest.of(pieces, 2))


def _wholes(words: Sequence[Words]) -> NDArray[np.uint64]:
    """For each text what all of its words are found by."""
    return np.array(np.frombuffer(b"".join([own.hash for own in words]), "<u8")[::2], np.uint64)


_NONE: Final = Digest(np.empty(0, np.uint32), np.empty(0, np.uint32))
