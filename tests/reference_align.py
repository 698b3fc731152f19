"""Slow twins of the compiled alignment, the candidate search and the choice of stars, in plain Python.

Written from the docstrings of `dedup.alignment`, `dedup.candidates` and `dedup.clusters`. The twin of the common runs
tries every place of the second text, the kernel only the first sixteen: they agree on texts with fewer places.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dedup.alignment import GAP_LIMIT, GAP_SHARE, RUN, SHORT_GAP

Run = tuple[int, int, int]
"""Start in a, start in b, length."""


def extend(a: Sequence[int], b: Sequence[int], i: int, j: int, taken: set[int]) -> int:
    """How many tokens agree from there on, up to one of b that is taken."""
    n = 0
    while i + n < len(a) and j + n < len(b) and a[i + n] == b[j + n] and j + n not in taken:
        n += 1
    return n


def common_runs(a: Sequence[int], b: Sequence[int], size: int = RUN) -> list[Run]:
    """Left to right through a: the longest continuation, among equals the nearest to the expected place, then the lowest."""
    runs: list[Run] = []
    taken: set[int] = set()
    i = shift = 0
    while i <= len(a) - size:
        found = [(extend(a, b, i, j, taken), -abs(j - i - shift), -(j != i + shift), -j) for j in range(len(b))]
        length, _, _, place = max(found, default=(0, 0, 0, 0))
        if length < size:
            i += 1
            continue
        runs.append((i, -place, length))
        taken |= set(range(-place, -place + length))
        shift = -place - i
        i += length
    return runs


def common(a: Sequence[int], b: Sequence[int]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = row[:]
        for j, y in enumerate(b):
            row[j + 1] = before[j] + 1 if x == y else max(before[j + 1], row[j])
    return row[-1]


def align(a: Sequence[int], b: Sequence[int]) -> int:
    """The aligned tokens: common runs, and what the gaps between runs that are neighbours in both texts have in common."""
    runs = common_runs(a, b)
    words = sum(length for _, _, length in runs)
    for (i, j, n), (k, m, _) in itertools.pairwise(runs):
        left, right = a[i + n : k], b[j + n : m] if m > j else []
        between = any(j + n <= start < m for _, start, _ in runs)
        if not left or not right or between or max(len(left), len(right)) > GAP_LIMIT:
            continue
        shared = common(left, right)
        short = max(len(left), len(right)) <= SHORT_GAP
        if short or 2 * shared >= GAP_SHARE * (len(left) + len(right)):
            words += shared
    return words


def candidates(bands: Iterable[Sequence[int]], limit: int) -> tuple[set[tuple[int, int]], int]:
    """All pairs with an equal key in some band, in fuller buckets those with the lowest texts; how many were fuller."""
    pairs = set()
    capped = 0
    for keys in bands:
        buckets = defaultdict(list)
        for text, key in enumerate(keys):
            buckets[key].append(text)
        for texts in buckets.values():
            capped += len(texts) > limit
            pairs |= {(low, high) for low in texts[:limit] for high in texts if low < high}
    return pairs, capped


def depths(count: int, pairs: Sequence[tuple[int, int]], cut: Sequence[bool]) -> list[int]:
    """By text the longest chain of texts that ends in it, each of which is a truncated copy of the one before."""
    above: dict[int, list[int]] = defaultdict(list)
    for (a, b), shorter in zip(pairs, cut, strict=True):
        if shorter:
            above[b].append(a)

    def depth(text: int) -> int:
        return max((depth(longer) + 1 for longer in above[text]), default=0)

    return [depth(text) for text in range(count)]


def stars(
    count: int,
    pairs: Sequence[tuple[int, int]],
    ranked: Sequence[int],
    alike: Sequence[float],
    cut: Sequence[bool],
) -> tuple[list[int], list[int]]:
    """Best first: keep what no kept text matches; the others go to the kept text that is most alike, then best ranked,
    and to their own truncated copies only for want of others.
    """
    partners: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair, (a, b) in enumerate(pairs):
        partners[a].append((b, pair))
        partners[b].append((a, pair))
    kept: set[int] = set()
    for text in ranked:
        if not any(other in kept for other, _ in partners[text]):
            kept.add(text)
    owner, via = list(range(count)), [-1] * count
    for text in ranked:
        if text not in kept:
            able = [
                (cut[pair] and pairs[pair][0] == text, -alike[pair], ranked.index(other), other, pair)
                for other, pair in partners[text]
                if other in kept
            ]
            *_, owner[text], via[text] = min(able)
    return owner, via


def mates(a: Sequence[int], b: Sequence[int]) -> list[int | None]:
    """For every token of a the place of b that a longest common subsequence matches it with, of those one with most tokens
    without digits; rather later ones of a.
    """
    best = [[(0, 0)] * (len(b) + 1) for _ in range(len(a) + 1)]

    def with_pair(i: int, j: int) -> tuple[int, int]:
        count, words = best[i + 1][j + 1]
        return count + 1, words + 1 - a[i] % 2

    for i, j in itertools.product(reversed(range(len(a))), reversed(range(len(b)))):
        best[i][j] = max(best[i + 1][j], best[i][j + 1], with_pair(i, j) if a[i] == b[j] else (0, 0))
    found: list[int | None] = [None] * len(a)
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j] and best[i][j] == with_pair(i, j):
            found[i] = j
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def gaps(a: Sequence[int], b: Sequence[int]) -> list[tuple[Sequence[int], Sequence[int], bool]]:
    """What stands before, between and behind common runs that are neighbours in both texts; whether it is between them."""
    runs = [(0, 0, 0), *common_runs(a, b), (len(a), len(b), 0)]
    found = []
    for (i, j, n), (k, m, size) in itertools.pairwise(runs):
        between = any(j + n <= start < m for _, start, length in runs if length)
        if m >= j + n and not between and (k > i + n or m > j + n):
            found.append((a[i + n : k], b[j + n : m], n > 0 and size > 0))
    return found


def contrast(a: Sequence[int], b: Sequence[int], longest: int, short: int) -> list[int]:
    """Numbers in the place of numbers, numbers in the place of words, such places, and places of more words."""
    counts = [0, 0, 0, 0]
    for left, right, inner in gaps(a, b):
        size = max(len(left), len(right))
        agreed = 2 * common(left, right) / (len(left) + len(right))
        if size > longest or not (inner or size <= short or agreed >= 0.5):
            counts[3] += 1
            continue
        matched = [(i, j) for i, j in enumerate(mates(left, right)) if j is not None]
        for (i, j), (k, m) in itertools.pairwise([(-1, -1), *matched, (len(left), len(right))]):
            one, other = left[i + 1 : k], right[j + 1 : m]
            if max(len(one), len(other)) > short:
                counts[3] += 1
            elif one and other:
                x, y = (sum(t % 2 for t in side) for side in (one, other))
                counts[0] += min(x, y)
                counts[1] += abs(x - y)
                counts[2] += 1
    return counts


def lead(a: Sequence[int], b: Sequence[int], first: int, within: int, run: int) -> float:
    """The share of the opening of a that lies in runs of tokens which the beginning of b holds."""
    opening, other = list(a[:first]), list(b[:within])
    runs = {tuple(other[j : j + run]) for j in range(len(other) - run + 1)}
    covered = {i + k for i in range(len(opening) - run + 1) if tuple(opening[i : i + run]) in runs for k in range(run)}
    return len(covered) / len(opening) if opening else 0.0
