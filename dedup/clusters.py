"""Verified pairs and an order of preference -> stars: every removed text matches the kept text of its cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import kernels


def held_words(lengths: NDArray[np.int64], pairs: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every text how many of its cluster's words it holds: its own, and what is aligned of each text that it matches."""
    held = lengths.copy()
    np.add.at(held, pairs[:, 0], words)
    np.add.at(held, pairs[:, 1], words)
    return held


def depths(count: int, pairs: NDArray[np.int64], cut: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every text how long a chain of texts there is of which each holds the next as its truncated copy, i64[count].

    `pairs` i64[n, 2] have the lower number, which is the longer text, first; `cut` bool[n]: the second is truncated.
    """
    chains = pairs[cut]
    found = np.zeros(count, np.int64)
    kernels.graph.deepen(chains[np.argsort(chains[:, 0], kind="stable")], found)
    return found


def stars(
    count: int,
    pairs: NDArray[np.int64],
    ranked: NDArray[np.int64],
    alike: NDArray[np.float64],
    cut: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every text the text that stands for it (itself when it is kept), and the pair that says so (-1 when kept).

    `pairs` i64[n, 2] are the matches, `alike` f64[n] their resemblance, `cut` bool[n] those whose second text is a truncated
    copy of the first, `ranked` all texts that occur in pairs, best first. The best is kept and whatever matches it removed,
    then the best of the rest, and so on: no two kept texts match, and a chain of small edits does not merge its ends. A
    removed text goes to the kept text it resembles most, but to its own truncated copy only where there is no other.
    """
    left, right = np.concatenate((pairs, pairs[:, ::-1])).T
    strength = np.concatenate((alike, alike))
    source = np.concatenate((np.arange(len(pairs)),) * 2)
    shortened = np.concatenate((cut, np.zeros(len(pairs), bool)))
    order = np.argsort(left, kind="stable")
    heads = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(left, minlength=count), out=heads[1:])
    kept = np.empty(count, np.uint8)
    kernels.graph.cover(ranked, heads, np.ascontiguousarray(right[order]), kept)
    place = np.zeros(count, np.int64)
    place[ranked] = np.arange(len(ranked))
    use = np.flatnonzero((kept[left] == 0) & (kept[right] == 1))
    use = use[np.lexsort((place[right[use]], -strength[use], shortened[use], left[use]))]
    first = np.ones(len(use), bool)
    first[1:] = left[use][1:] != left[use][:-1]
    use = use[first]
    owner = np.arange(count)
    owner[left[use]] = right[use]
    via = np.full(count, -1, np.int64)
    via[left[use]] = source[use]
    return owner, via
