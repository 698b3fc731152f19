"""Two texts and their titles -> whether they swap names: other people, places, companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from dedup.words import locate

SPELLING: Final = 0.6
"""Two words that are spelled alike from this share on (rapidfuzz ratio) are one name, corrected."""

SUBJECT: Final = 3
"""A subject in a title has so many words at most: `Lockheed <LK>`, `Sioux City`."""

Swaps = Sequence[tuple[int, int, int]]
"""Tokens that stand in each other's place: (token of one text, token of the other, how often)."""


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
