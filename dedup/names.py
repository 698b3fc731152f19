"""Two texts and their titles -> whether they swap names: other people, places, companies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from dedup.words import locate

SPELLING: Final = 0.6
"""Two words that are spelled alike from this share on (rapidfuzz ratio) are one name, corrected."""

SUBJECT: Final = 3
"""A subject in a title has so many words at most: `Lockheed <LK>`, `Sioux City`."""

CAPITALS: Final = 0.3
"""Where so many words of a text begin with a capital, as in German and in headlines, capitals tell no names."""

REMEMBERED: Final = 128
"""Of so many texts the words with capitals are remembered: a text is compared with many."""

_WORD: Final = re.compile(r"\w+")

Swaps = Sequence[tuple[int, int, int]]
"""Tokens that stand in each other's place: (token of one text, token of the other, how often)."""

Places = Sequence[tuple[str, str]]
"""Places where two texts differ: (words of one, words of the other)."""


def renamed(names: Swaps, a: str, b: str) -> bool:
    """Whether one of the swaps, made twice or more, is of two names: not in lower case anywhere, not spelled alike, and not
    in front of a number wherever they stand, as the heads of a table are (`Sales 12.4 mln`, `Revs 12.4 mln`).
    """
    names = [swap for swap in names if swap[2] > 1]
    if not names:
        return False
    ours, theirs = _printed(a, {p for p, _, _ in names}), _printed(b, {q for _, q, _ in names})
    heads, others = _heads(a), _heads(b)
    return any(
        not any(word[0].islower() for word in ours[p] | theirs[q])
        and not spelled_alike(min(ours[p]), min(theirs[q]))
        and not (p in heads and q in others)
        for p, q, _ in names
    )


def retitled(names: Swaps, a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Whether one of the swaps, made twice or more, is of two words of the titles, of which the other article has none, in
    whatever case: `Carrot soup`, `Parsnip soup`; (title, text) each. Words spelled alike are one; numbers are judged elsewhere.
    """
    ours, theirs = ({*locate(title).tokens.tolist()} for title, _ in (a, b))
    swaps = [(p, q) for p, q, n in names if n > 1 and not (p | q) & 1 and p in ours - theirs and q in theirs - ours]
    tokens = {token for swap in swaps for token in swap}
    here, there = (_printed(text, tokens) if swaps else {} for _, text in (a, b))
    return any(not here[q] and not there[p] and not spelled_alike(min(here[p]), min(there[q])) for p, q in swaps)


def title_swaps(a: str, b: str) -> set[tuple[int, int]]:
    """The tokens of two titles that stand in each other's place, if that is all in which the titles differ, and neither is in the
    other title; numbers are judged elsewhere.

    >>> len(title_swaps("Trail jacket, red", "Trail jacket, forest green")), title_swaps("Trail jacket", "Trail jacket, red")
    (2, set())
    """
    from rapidfuzz.distance import Levenshtein

    ours, theirs = (locate(title).tokens.tolist() for title in (a, b))
    places: list[tuple[list[int], list[int]]] = []
    i = j = equal = 0
    for block in Levenshtein.opcodes(ours, theirs).as_matching_blocks():
        if block.a > i or block.b > j:
            places.append((ours[i : block.a], theirs[j : block.b]))
        i, j, equal = block.a + block.size, block.b + block.size, equal + block.size
    if 2 * equal < max(len(ours), len(theirs)) or any(
        not 0 < len(side) <= SUBJECT for place in places for side in place
    ):
        return set()
    return {(p, q) for x, y in places for p in x for q in y if not (p | q) & 1 and p not in theirs and q not in ours}


def swapped_too(swaps: set[tuple[int, int]], places: Places, a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Whether one of the swaps of two titles is made at one of the places of the texts, too, and neither word is in the other
    article, in whatever case; (title, text) each. The title that a text may hold does not count. Words spelled alike are one.
    """
    sides = [({*locate(x).tokens.tolist()}, {*locate(y).tokens.tolist()}) for x, y in places]
    swaps = {(p, q) for p, q in swaps if any(p in x and q in y for x, y in sides)}
    if not swaps:
        return False
    own = [[locate(part).tokens.tolist() for part in article] for article in (a, b)]
    swaps = {(p, q) for p, q in swaps if _beside(p, *own[0]) and _beside(q, *own[1])}
    tokens = {token for swap in swaps for token in swap}
    ours, theirs = (_printed(text, tokens) if swaps else {} for _, text in (a, b))
    return any(not ours[q] and not theirs[p] and not spelled_alike(min(ours[p]), min(theirs[q])) for p, q in swaps)


def _beside(token: int, title: list[int], text: list[int]) -> bool:
    """Whether a token stands in a text outside of the title that is printed in it."""
    held = sum(text[i : i + len(title)] == title for i, first in enumerate(text) if first == title[0])
    return text.count(token) > held * title.count(token)


def _heads(text: str) -> set[int]:
    """The tokens that have a number behind them wherever they stand."""
    tokens = locate(text).tokens
    numbered = np.zeros(len(tokens), bool)
    numbered[:-1] = tokens[1:] & 1
    return set(tokens[numbered].tolist()) - set(tokens[~numbered].tolist())


def other_subject(a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Whether each title has a name that its own text uses and that the other title and text do not; (title, text) each.

    A name is a word that its text never prints in lower case. Two names that are spelled alike are one, corrected. Of names
    that stand in each other's place in two titles it is enough that one text does not use the other's: the other may
    mention a rival.
    """
    ours, theirs = (locate(title).tokens.tolist() for title, _ in (a, b))
    used, used_there = (_printed(text, {*ours, *theirs}) for _, text in (a, b))
    mine = _names(set(ours) - set(theirs), used, used_there)
    other = _names(set(theirs) - set(ours), used_there, used)
    if _unmatched(mine, other) and _unmatched(other, mine):
        return True
    return any(_stand_in(used[p], used_there[q], used_there[p], used[q]) for p, q in _in_place(ours, theirs))


def own_capitals(a: str, b: str) -> int:
    """How many words with capitals, wherever they stand, each of two texts has at least that the other has in no case: they have
    no more places with other names. Quick, as many pairs are asked for.
    """
    ours, theirs = _capitals(a), _capitals(b)
    return min(sum(word not in other.known for word in own.capitals) for own, other in ((ours, theirs), (theirs, ours)))


class _Capitals(NamedTuple):
    """The words of a text that have a capital, and all of its words; in lower case."""

    capitals: tuple[str, ...]
    known: frozenset[str]


@lru_cache(maxsize=REMEMBERED)
def _capitals(text: str) -> _Capitals:
    words = _WORD.findall(text)
    return _Capitals(
        tuple(word.lower() for word in words if word[0].isupper()), frozenset(word.lower() for word in words)
    )


def other_names(places: Places, a: str, b: str) -> int:
    """How many places, (words of `a`, words of `b` in their stead), name somebody or something else: both have names that the
    other text does not have, with a capital wherever they are printed, and none is spelled like one of the other, or a short
    form of it.
    """
    if not places or _capital_share(a) >= CAPITALS or _capital_share(b) >= CAPITALS:
        return 0
    sides = [[{*locate(place[k]).tokens.tolist()} for place in places] for k in (0, 1)]
    tokens: set[int] = set().union(*sides[0], *sides[1])
    ours, theirs = _printed(a, tokens), _printed(b, tokens)
    return sum(
        _other_name(_own_names(p, ours, theirs), _own_names(q, theirs, ours)) for p, q in zip(*sides, strict=True)
    )


def _capital_share(text: str) -> float:
    starts = locate(text).starts.tolist()
    return sum(text[start].isupper() for start in starts) / max(1, len(starts))


def _other_name(names: set[str], others: set[str]) -> bool:
    return bool(names and others) and not any(_one_name(name, other) for name in names for other in others)


def _one_name(a: str, b: str) -> bool:
    """Whether two names are spelled alike, or one is short for the other: `MI`, `Michigan`."""
    a, b = a.lower(), b.lower()
    return a.startswith(b) or b.startswith(a) or spelled_alike(a, b)


def _own_names(tokens: set[int], printed: dict[int, set[str]], elsewhere: dict[int, set[str]]) -> set[str]:
    """The words without a digit that have a capital wherever they are printed, and are not in the other text."""
    words = (printed[token] for token in tokens if not token & 1 and not elsewhere[token])
    return {min(word) for word in words if word and all(form[0].isupper() for form in word)}


def _stand_in(ours: set[str], theirs: set[str], ours_there: set[str], theirs_here: set[str]) -> bool:
    """Whether two words of titles, as each is printed in its own text and in the other one, are two subjects.

    One text may mention the subject of the other, as a rival.
    """
    if not (_is_name(ours) and _is_name(theirs)) or (ours_there and theirs_here):
        return False
    return not spelled_alike(min(ours), min(theirs))


def _in_place(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """Tokens of two titles that stand in each other's place, word for word, if half of the longer title is equal."""
    from rapidfuzz.distance import Levenshtein

    steps = Levenshtein.opcodes(a, b)
    equal = sum(step.src_end - step.src_start for step in steps if step.tag == "equal")
    if 2 * equal < max(len(a), len(b)):
        return []
    found: list[tuple[int, int]] = []
    for step in steps:
        if step.tag == "replace" and step.src_end - step.src_start == step.dest_end - step.dest_start <= SUBJECT:
            found += zip(a[step.src_start : step.src_end], b[step.dest_start : step.dest_end], strict=True)
    return found


def _is_name(printed: set[str]) -> bool:
    """Whether a word is used, and never in lower case."""
    return bool(printed) and not any(word[0].islower() for word in printed)


def _names(tokens: set[int], used: dict[int, set[str]], elsewhere: dict[int, set[str]]) -> set[str]:
    return {min(used[t]) for t in tokens if _is_name(used[t]) and not elsewhere[t]}


def _unmatched(names: set[str], others: set[str]) -> bool:
    """Whether one of the names is not spelled like any of the others."""
    return any(not any(spelled_alike(name, other) for other in others) for name in names)


def spelled_alike(a: str, b: str) -> bool:
    """Whether two words may be one name, in two spellings.

    >>> spelled_alike("Gaddafi", "Kadhafi"), spelled_alike("Anna", "Otto")
    (True, False)
    """
    from rapidfuzz import fuzz

    return fuzz.ratio(a.lower(), b.lower()) >= 100.0 * SPELLING


def _printed(text: str, tokens: set[int]) -> dict[int, set[str]]:
    """How the words with these tokens are printed in a text."""
    found: dict[int, set[str]] = {token: set() for token in tokens}
    words = locate(text)
    for i in np.flatnonzero(np.isin(words.tokens, np.array(list(tokens), np.uint32))).tolist():
        found[int(words.tokens[i])].add(text[words.starts[i] : words.ends[i]])
    return found
