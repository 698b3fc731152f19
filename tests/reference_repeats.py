"""The slow twins of `kernels.inpage`, written to be read: they define what is right."""

from __future__ import annotations

from collections.abc import Sequence

Run = tuple[int, int, int]
TRIES = 16


def repeated_runs(tokens: Sequence[int], size: int) -> list[Run]:
    """The runs of `size` or more that stand earlier, too: (earlier start, start, length), disjoint, never from a repeat."""
    taken = [False] * len(tokens)
    places: dict[tuple[int, ...], list[int]] = {}
    for i in range(len(tokens) - size + 1):
        places.setdefault(tuple(tokens[i : i + size]), []).append(i)

    def reach(i: int, j: int) -> int:
        n = 0
        while i + n < len(tokens) and j + n < i and not taken[j + n] and tokens[i + n] == tokens[j + n]:
            n += 1
        return n

    found: list[Run] = []
    shift = i = 0
    while i + size <= len(tokens):
        here = places[tuple(tokens[i : i + size])]
        expected = i + shift
        tried = [expected] if expected in here and expected < i else []
        tried += [j for j in here[:TRIES] if j < i]
        best, where = 0, -1
        for j in tried:
            n = reach(i, j)
            if n > best or (n == best and abs(j - expected) < abs(where - expected)):
                best, where = n, j
        if best < size:
            i += 1
            continue
        found.append((where, i, best))
        taken[i : i + best] = [True] * best
        shift = where - i
        i += best
    return found


def link(runs: Sequence[Run], reach: int) -> tuple[list[float], list[int]]:
    """For every run the score of the best chain that ends with it, and the run before it (-1: none)."""
    scores: list[float] = []
    before: list[int] = []
    heads: list[int] = []
    for r, (source, place, length) in enumerate(runs):
        best, previous, head = float(length), -1, place
        for q in range(r - 1, max(-1, r - 1 - reach), -1):
            a = source - runs[q][0] - runs[q][2]
            b = place - runs[q][1] - runs[q][2]
            if a >= 0 and b >= 0 and source + length <= heads[q]:
                score = scores[q] + length - 0.5 * min(a, b) - 0.25 * abs(a - b)
                if score > best:
                    best, previous, head = score, q, heads[q]
        scores.append(best)
        before.append(previous)
        heads.append(head)
    return scores, before


def repeated_words(tokens: Sequence[int], size: int, least: int) -> int:
    """How many tokens lie in runs of `least` or more that stand earlier, too."""
    return sum(length for _, _, length in repeated_runs(tokens, size) if length >= least)


def repeated_in_all(texts: Sequence[Sequence[int]], size: int, least: int) -> list[int]:
    """The same of many texts: none of them repeats what stands in another."""
    return [repeated_words(tokens, size, least) for tokens in texts]
