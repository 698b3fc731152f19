"""Texts -> tokens, text hashes and MinHash signatures; to and from datasketch."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels, tokens
from dedup.bands import Bands
from dedup.errors import SchemeMismatch
from dedup.scheme import Scheme

if TYPE_CHECKING:
    from datasketch import MinHash


PADDING: Final = bytes(8)
"""Stands behind a buffer of texts, so that eight bytes can be read from any place."""

SENTENCE: Final = 6
"""A sentence of fewer tokens than this goes with the next one of its line: it may be no more than an abbreviation."""


class Texts(NamedTuple):
    """A batch of texts as the kernels read it: their UTF-8 in one `buffer` (u8[bytes + len(PADDING)]), text i at
    `offsets[i]:offsets[i + 1]`.
    """

    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str | bytes]) -> Texts:
        """Bytes are taken as UTF-8; lone surrogates of a str are kept (they separate words)."""
        parts = [t if isinstance(t, bytes) else encode(t) for t in texts]
        offsets = np.array([0, *accumulate(map(len, parts))], np.int64)
        return cls(np.frombuffer(b"".join((*parts, PADDING)), np.uint8), offsets)


def encode(text: str) -> bytes:
    """UTF-8, with lone surrogates passed through instead of raising."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Signatures:
    """MinHash signatures, `values` u32[n, permutations], never without the scheme that made them."""

    values: NDArray[np.uint32]
    scheme: Scheme

    def jaccard(self, i: int, other: Signatures, j: int) -> float:
        """The estimated Jaccard similarity of text i of these and text j of the others (sd about sqrt(J(1-J)/permutations)).

        Raises SchemeMismatch.
        """
        if self.scheme != other.scheme:
            raise SchemeMismatch(self.scheme, other.scheme)
        return float(np.mean(self.values[i] == other.values[j]))

    def to_datasketch(self, i: int) -> MinHash:
        """Text i's signature as a `datasketch.MinHash` (`affine32`), fit for any datasketch index of the same seed."""
        from datasketch import MinHash

        return MinHash(
            num_perm=self.scheme.permutations,
            seed=self.scheme.seed,
            scheme="affine32",
            hashvalues=self.values[i].copy(),
        )

    @classmethod
    def from_datasketch(cls, minhashes: Sequence[MinHash], scheme: Scheme) -> Signatures:
        """Signatures from `datasketch.MinHash` objects whose shingles were hashed as `scheme` says.

        Raises SchemeMismatch when seed, number of permutations or datasketch's own scheme differ.
        """
        for m in minhashes:
            found = (m.scheme, m.num_perm, m.seed)
            if found != ("affine32", scheme.permutations, scheme.seed):
                raise SchemeMismatch(("affine32", scheme.permutations, scheme.seed), found)
        values = np.array([m.hashvalues for m in minhashes], np.uint32).reshape(len(minhashes), scheme.permutations)
        return cls(values, scheme)


class Fingerprints(NamedTuple):
    """What a batch of texts is known by.

    `tokens` u32[total]; text i's end at `ends[i]` (i64[n]). `signatures` u32[n, permutations]. `hashes` u64[n, 2]:
    128 bits of the token sequence, equal for equal normalised texts.
    """

    tokens: NDArray[np.uint32]
    ends: NDArray[np.int64]
    signatures: Signatures
    hashes: NDArray[np.uint64]


@functools.cache
def permutations(scheme: Scheme) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The (a, b) of datasketch 2's `affine32` scheme, u32[permutations] each: h -> a * h + b mod 2**32, a odd.

    Drawn as datasketch draws them (numpy's legacy generator), without importing it: its scipy costs half a second.
    """
    draw = np.random.RandomState(scheme.seed)
    a = draw.randint(0, 1 << 31, scheme.permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = draw.randint(0, 1 << 32, scheme.permutations, dtype=np.uint32)
    return a, b


class Pieces(NamedTuple):
    """Texts as tokens: `tokens` u32[total], text i's end at `ends[i]` (i64[n]); and cut into lines and sentences:
    `pieces` i64[m] are their ends in `tokens`, text i's pieces end at `piece_ends[i]` (i64[n]).
    """

    tokens: NDArray[np.uint32]
    ends: NDArray[np.int64]
    pieces: NDArray[np.int64]
    piece_ends: NDArray[np.int64]


def eights(buffer: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The eight bytes from each byte of a buffer on, but for its last seven, lowest first: a view."""
    return np.ndarray(len(buffer) - 7, np.dtype("<u8"), buffer, strides=(1,))


def split(texts: Texts) -> Pieces:
    """The tokens of all texts, and which of them make a line or a sentence; every token lies in one piece.

    A line ends a piece. So does a full stop, in the common scripts, with white space behind it (none is needed where
    words have none), once the piece has `SENTENCE` tokens.
    """
    table = tokens.load()
    count = len(texts.offsets) - 1
    out = np.empty(len(texts.buffer), np.uint32)
    ends = np.empty(count, np.int64)
    pieces = np.empty(len(texts.buffer), np.int64)
    piece_ends = np.empty(count, np.int64)
    kernels.text.tokenize_all(
        texts.buffer,
        eights(texts.buffer),
        texts.offsets,
        table.inside,
        table.entries,
        table.expansions,
        SENTENCE,
        out,
        ends,
        pieces,
        piece_ends,
    )
    found = out[: ends[-1] if count else 0]
    found.flags.writeable = False  # as those of a spool are: kernels are compiled for one of the two
    return Pieces(found, ends, pieces[: piece_ends[-1] if count else 0].copy(), piece_ends)


def tokenize(texts: Texts) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Tokens of all texts, one after another (u32[total]), and where each text's end (i64[n])."""
    found = split(texts)
    return found.tokens, found.ends


def fingerprint(texts: Texts, scheme: Scheme, values: int | None = None) -> Fingerprints:
    """Tokens, signatures and text hashes of a batch (MinHash: Broder 1997).

    `values`: only the first so many values of each signature, for bands that use no more.
    """
    words, ends = tokenize(texts)
    starts = starts_of(ends)
    return Fingerprints(words, ends, sign(words, starts, ends, scheme, values), text_hashes(words, starts, ends))


def starts_of(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where sequences begin that stand one after another and end at `ends`, i64[n]."""
    starts = np.empty(len(ends), np.int64)
    starts[:1] = 0
    starts[1:] = ends[:-1]
    return starts


def sign(
    words: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    scheme: Scheme,
    values: int | None = None,
) -> Signatures:
    """The signatures of token sequences, sequence i at `words[starts[i]:ends[i]]`; `values` as in `fingerprint`."""
    a, b = permutations(scheme)
    signed = np.empty((len(ends), len(a[:values])), np.uint32)
    kernels.minhash.sign_all(words, starts, ends, scheme.shingle, a[:values], b[:values], signed)
    return Signatures(signed, scheme)


def band_keys(signatures: NDArray[np.uint32], bands: Bands) -> NDArray[np.uint64]:
    """u64[bands, texts]: a hash of every band of every signature."""
    keys = np.empty((bands.count, len(signatures)), np.uint64)
    kernels.minhash.cut(signatures, bands.rows, keys)
    return keys


def text_hashes(words: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """128 bits of each token sequence, u64[n, 2]."""
    found = np.empty((len(ends), 2), np.uint64)
    kernels.hashes.hash_all(words, starts, ends, found)
    return found


def shingles(words: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """The hashes of all shingles (runs of `size` tokens) of one token sequence, u32[max(0, n - size + 1)]."""
    out = np.empty(len(words), np.uint32)
    return out[: kernels.hashes.shingle(words, size, out)]
