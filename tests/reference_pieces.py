"""Slow twins of what works on pieces, passages, contexts and gaps, in plain Python: they define what is right.

Written from the docstrings of `dedup.signatures.split` and of the kernels `boilerplate`, `passages` and `contrast`: sets,
whole windows and every place, instead of tables, rolled choices and early ends.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from dedup.signatures import SENTENCE
from tests import reference
from tests.reference_align import Run

STOPS: Final = ".!?"
"""Full stops that end a sentence only with white space behind them."""

CLOSERS: Final = "\"')]"
"""May stand between a full stop and the white space, and so may any sign beyond ASCII that is no part of a word."""

BLANKS: Final = " \t\r"

SIGNS: Final = "。！？｡" + "।॥" + "؟۔" + "።"
"""Ideographic, Indic, Arabic and Ethiopic full stops: nothing need stand behind them."""

SPREAD: Final = 0x9E3779B1

Tokens = Sequence[int]


class Context(NamedTuple):
    """What a piece stands in: the first distinct words of a title and of an opening, and all pieces of the text."""

    title: list[int]
    opening: list[int]
    pieces: Sequence[Sequence[int]] = ()


def silent(character: str) -> bool:
    """Whether a character beyond ASCII is no part of a word."""
    kind = reference.kind(character)
    return character > "\x7f" and (kind in ("skip", "separator") or not reference.fold(character))


def sentences(text: str) -> Iterator[tuple[str, bool]]:
    """The text cut behind every line end and every full stop, however short; whether a line ends there."""
    start = 0
    stop = False
    for i, character in enumerate(text):
        end = character == "\n" or character in SIGNS or (stop and character in BLANKS)
        if end:
            yield text[start : i + 1], character == "\n"
            start = i + 1
        if character in STOPS:
            stop = True
        elif not silent(character) and character not in CLOSERS:
            stop = False
    yield text[start:], True


def pieces(text: str, least: int = SENTENCE) -> list[list[int]]:
    """The tokens of every piece: a sentence of fewer than `least` goes with the next one of its line."""
    found = []
    waiting: list[int] = []
    for sentence, line_ends in sentences(text):
        waiting += [word.value for word in reference.tokenize(sentence)]
        if len(waiting) >= (1 if line_ends else least):
            found.append(waiting)
            waiting = []
    return found


def passages(tokens: Tokens, size: int, window: int) -> set[int]:
    """The least shingle of every window, the rightmost of equal ones; of the whole text where it has no window."""
    hashes = reference.shingles(tokens, size)
    if not hashes:
        return set()
    width = min(window, len(hashes))
    places = {
        min(range(start, start + width), key=lambda i: (hashes[i], -i)) for start in range(len(hashes) - width + 1)
    }
    return {hashes[i] * SPREAD & reference.MASK32 for i in places}


def proposed(
    texts: Sequence[set[int]], alive: Sequence[bool], limit: int, share: float
) -> tuple[dict[tuple[int, int], int], int]:
    """The pairs that share enough passages, with how many; and how many passages were held by more than `limit`."""
    holders = defaultdict(list)
    for text, found in enumerate(texts):
        for passage in found if alive[text] else ():
            holders[passage].append(text)
    times: dict[tuple[int, int], int] = defaultdict(int)
    for held in holders.values():
        for low in held[:limit]:
            for high in held:
                times[low, high] += low < high
    enough = {}
    for (a, b), shared in times.items():
        fewer = min(len(texts[a]), len(texts[b]))
        if shared and shared >= min(2, fewer) and shared >= share * fewer:
            enough[a, b] = shared
    return enough, sum(len(held) > limit for held in holders.values())


def context(title: Tokens, text: Sequence[Tokens], least: int, width: int) -> Context:
    """Title and opening of a text in pieces: the first piece of `least` words, else the last one."""
    long = [piece for piece in text if len(piece) >= least]
    opening = [*long, *text[-1:], []][0]
    return Context(list(dict.fromkeys(title))[:width], list(dict.fromkeys(opening))[:width], text)


def share_few(a: Tokens, b: Tokens) -> bool:
    """Whether two sets share less than half of the smaller; an empty one shares nothing."""
    fewer = min(len(set(a)), len(set(b)))
    return fewer == 0 or len(set(a) & set(b)) < fewer / 2


def mostly_shared(a: Context, b: Context) -> bool:
    """Whether half of the words of the shorter text lie in pieces that both have, each as often as both have it."""
    ours, theirs = (Counter(map(tuple, text.pieces)) for text in (a, b))
    words = [sum(map(len, text.pieces)) for text in (a, b)]
    return sum(len(piece) * times for piece, times in (ours & theirs).items()) >= min(words) / 2


def unlike(a: Context, b: Context) -> bool:
    """Whether these are two articles: by their titles, and by openings or texts; without titles, by both of these."""
    openings, texts = share_few(a.opening, b.opening), not mostly_shared(a, b)
    if a.title and b.title:
        return share_few(a.title, b.title) and (openings or texts)
    return openings and texts


def many(items: Sequence[Context], need: int, apart: Callable[[Context, Context], bool]) -> bool:
    """Whether `need` of the items are apart from each other, taken greedily in their order."""
    chosen: list[Context] = []
    for item in items:
        if all(apart(item, other) for other in chosen):
            chosen.append(item)
    return len(chosen) >= need


def many_contexts(keys: Sequence[int], contexts: Sequence[Context], need: int) -> list[int]:
    """The keys (sorted, with the context of each) that stand in `need` contexts that are mutually unlike."""
    groups = itertools.groupby(zip(keys, contexts, strict=True), key=lambda entry: entry[0])
    return [key for key, group in groups if many([c for _, c in group], need, unlike)]


def many_titles(contexts: Sequence[Context], need: int) -> bool:
    """Whether `need` of the contexts have titles that are mutually unlike; those without a title do not count."""
    return many([c for c in contexts if c.title], need, lambda a, b: share_few(a.title, b.title))


def lead_share(a: Tokens, b: Tokens, first: int, within: int, run: int) -> float:
    """The share of the first tokens of `a` that lie in runs which the first ones of `b` hold."""
    ours, theirs = list(a[:first]), list(b[:within])
    held = {tuple(theirs[j : j + run]) for j in range(len(theirs) - run + 1)}
    covered = {k for i in range(len(ours) - run + 1) if tuple(ours[i : i + run]) in held for k in range(i, i + run)}
    return len(covered) / len(ours) if ours else 0.0


class Gap(NamedTuple):
    """Start and end in a, start and end in b; whether it lies between two runs."""

    a0: int
    a1: int
    b0: int
    b1: int
    inner: bool


Matching = Callable[[Tokens, Tokens], Sequence[int]]
"""Tokens of two sides -> for each of the first the place of its mate in the second, -1 without one."""


def gaps(a: Tokens, b: Tokens, runs: Sequence[Run]) -> list[Gap]:
    """What lies between runs that are neighbours in both texts, before the first run and behind the last one."""
    taken = {j + k for _, j, n in runs for k in range(n)}
    stops = [*runs, (len(a), len(b), 0)]
    starts = [(0, 0), *((i + n, j + n) for i, j, n in runs)]
    found = [
        Gap(i, k, j, m, 0 < place < len(runs))
        for place, ((i, j), (k, m, _)) in enumerate(zip(starts, stops, strict=True))
    ]
    return [
        gap
        for gap in found
        if gap.b1 >= gap.b0 and not taken & set(range(gap.b0, gap.b1)) and (gap.a1 > gap.a0 or gap.b1 > gap.b0)
    ]


def places(a: Tokens, b: Tokens, mates: Sequence[int]) -> list[tuple[Tokens, Tokens]]:
    """A gap cut at its matched tokens: what stands in the place of what."""
    found = []
    i = j = 0
    for k, mate in [*((k, mate) for k, mate in enumerate(mates) if mate >= 0), (len(a), len(b))]:
        found.append((a[i:k], b[j:mate]))
        i, j = k + 1, mate + 1
    return [place for place in found if place[0] or place[1]]


def read_gaps(
    a: Tokens, b: Tokens, runs: Sequence[Run], longest: int, short: int, framing: int, match: Matching, most: int
) -> tuple[list[int], dict[tuple[int, int], int]]:
    """The counts of places of `contrast.read_gaps`, of the first two those in frames, and how often tokens of one text only
    replace each other.
    """
    swaps = lone = replaced = others = 0
    frames = [0, 0]
    names: dict[tuple[int, int], int] = {}
    for a0, a1, b0, b1, inner in gaps(a, b, runs):
        left, right = a[a0:a1], b[b0:b1]
        size = max(len(left), len(right))
        mates = match(left, right) if size <= longest else []
        agreed = 2 * sum(mate >= 0 for mate in mates) / (len(left) + len(right))
        if size > longest or not (inner or size <= short or agreed >= 0.5):
            others += 1
            continue
        framed = not inner and is_frame(left, right, framing)
        for u, v in places(left, right, mates):
            if max(len(u), len(v)) > short:
                others += 1
            elif u and v:
                x, y = sum(t % 2 for t in u), sum(t % 2 for t in v)
                swaps += min(x, y)
                lone += abs(x - y)
                replaced += 1
                if framed:
                    frames = [frames[0] + min(x, y), frames[1] + abs(x - y)]
                for pair in itertools.product(u, v):
                    if only_here(a, b, pair[0]) and only_here(b, a, pair[1]) and (pair in names or len(names) < most):
                        names[pair] = names.get(pair, 0) + 1
    return [swaps, lone, replaced, others, *frames], names


def is_frame(left: Tokens, right: Tokens, least: int) -> bool:
    """Whether two edges have no word without a digit in common, `least` of them each, and not equally many numbers."""
    ours, theirs = [[t for t in edge if t % 2 == 0] for edge in (left, right)]
    numbers = len(left) - len(ours), len(right) - len(theirs)
    return numbers[0] != numbers[1] and min(len(ours), len(theirs)) >= least and not set(ours) & set(theirs)


def only_here(own: Tokens, other: Tokens, token: int) -> bool:
    """Whether a token without a digit stands twice or more in one text, and never in the other."""
    return token % 2 == 0 and list(own).count(token) > 1 and token not in other
