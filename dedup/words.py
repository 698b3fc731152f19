"""A text -> its words: the token of each, and where it stands; and what tells texts of few words apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels, tokens
from dedup.signatures import Texts, eights


class Words(NamedTuple):
    """The words of one text: word i has the token `tokens[i]` (u32[n]) and is `text[starts[i]:ends[i]]` (i64[n] each).

    Positions count code points. A word is as it was printed, with its marks and the invisible characters in it.
    """

    tokens: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def locate(text: str) -> Words:
    """The words of a text, with the tokens that `signatures.tokenize` gives.

    >>> text = "Der „Fluß“, 東京!"
    >>> found = locate(text)
    >>> [text[i:j] for i, j in zip(found.starts, found.ends, strict=True)]
    ['Der', 'Fluß', '東', '京']
    """
    table = tokens.load()
    buffer, offsets = Texts.of([text])
    size = int(offsets[1])
    out, froms, tos = np.empty(size, np.uint32), np.empty(size, np.int64), np.empty(size, np.int64)
    n = kernels.words.locate(eights(buffer), 0, size, table.entries, table.expansions, out, froms, tos)
    starts, ends = froms[:n].copy(), tos[:n].copy()
    if size > len(text):  # some code points have several bytes
        before = np.zeros(size + 1, np.int32)
        np.cumsum(buffer[:size] & 0xC0 != 0x80, out=before[1:])
        starts, ends = before[starts].astype(np.int64), before[ends].astype(np.int64)
    return Words(out[:n].copy(), starts, ends)


def spelling(text: bytes) -> bytes:
    """Eight bytes for every word of a text (UTF-8): tokens have 31 bits, and two short texts of a million are one by chance.

    >>> spelling("Der Fluß".encode()) == spelling(b"DER FLUSS") != spelling(b"Der Fluss 2")
    True
    """
    table = tokens.load()
    out = np.empty(len(text), np.uint64)
    buffer, _ = Texts.of([text])
    n = kernels.words.spell(eights(buffer), 0, len(text), table.entries, table.expansions, out)
    return out[:n].tobytes()
