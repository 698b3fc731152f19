"""Corpus -> the rows under a title that their site prints above many texts: the name of a column, and not of a piece."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.corpus import Corpus

TEXTS: Final = 3
"""A title above so many different texts of one site names a column (`Daily horoscope`, `From the courts`): that two texts
share it says nothing. A piece that was revised more than once has its title above as many; it is then told by its URL."""

_SITE: Final = np.uint64(0x9E3779B97F4A7C15)


def columns(corpus: Corpus) -> NDArray[np.bool_]:
    """Whether each row stands under the title of a column, bool[n]."""
    from dedup.kernels import hashes as kernel

    words = np.ascontiguousarray(corpus.contexts[:, 0])
    titles = np.empty(len(words), np.uint64)
    kernel.piece_keys(words.ravel(), np.arange(1, len(words) + 1) * words.shape[1], titles)
    found = np.zeros(len(words), bool)
    rows = np.flatnonzero(words[:, 0])
    if len(rows) == 0:
        return found
    keys = titles[rows] ^ (corpus.sites[rows].astype(np.int64).view(np.uint64) * _SITE)
    texts = corpus.hashes[rows, 0]
    order = np.lexsort((texts, keys))
    keys, texts = keys[order], texts[order]
    other = np.concatenate(([True], keys[1:] != keys[:-1]))
    heads = np.flatnonzero(other)
    new = np.concatenate(([True], texts[1:] != texts[:-1])) | other
    counts = np.add.reduceat(new.astype(np.int64), heads)
    found[rows[order]] = np.repeat(counts >= TEXTS, np.diff(heads, append=len(rows)))
    return found
