"""Two records -> what stands beside their words: titles, URLs, sites, dates, and the names that they swap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from dedup.sources import Source
from dedup.urls import same_page
from dedup.words import locate

SPELLING: Final = 0.6
"""Two words that are spelled alike from this share on (rapidfuzz ratio) are one name, corrected."""

Swaps = Sequence[tuple[int, int, int]]
"""Tokens that stand in each other's place: (token of one text, token of the other, how often)."""


class RowSignals:
    """The signals beside two rows of a source; records are read when they are asked for (see `relations.Signals`).

    `names` are the tokens of the first text that stand in the place of tokens of the second.
    """

    def __init__(self, source: Source, rows: tuple[int, int], names: Swaps = ()) -> None:
        self._source = source
        self._rows = rows
        self._names = names

    @cached_property
    def _beside(self) -> tuple[float | None, bool, bool]:
        """Similarity of the titles, whether it is one page, whether names are swapped: all that needs the records."""
        a, b = map(self._source.article, self._rows)
        one = same_page(a.url, b.url) or same_page(a.canonical_url or a.url, b.canonical_url or b.url)
        swapped = any(times > 1 for _, _, times in self._names) and renamed(self._names, a.text, b.text)
        return title_similarity(a.title, b.title), one, swapped

    @property
    def read(self) -> bool:
        """Whether the records had to be read."""
        return "_beside" in vars(self)

    @property
    def same_site(self) -> bool | None:
        """None where one of the records names no site."""
        a, b = (self._source.facts.sites[row] for row in self._rows)
        return None if a < 0 or b < 0 else a == b

    @property
    def gap(self) -> float | None:
        """Hours between the dates of publication."""
        a, b = (self._source.facts.published(row) for row in self._rows)
        return None if a is None or b is None else abs(a - b) / 3600.0

    def titles(self) -> float | None:
        """Similarity of the titles, 0 to 1; None where one has no title."""
        return self._beside[0]

    def same_page(self) -> bool:
        """Whether both have the same URL, or name the same canonical one."""
        return self._beside[1]

    def renamed(self) -> bool:
        """Whether a name stands in the place of another one, twice or more."""
        return bool(self._names) and self._beside[2]


def title_similarity(a: str | None, b: str | None) -> float | None:
    """rapidfuzz's token set ratio, 0 to 1: words that only one title has do not count when it has all of the other's.

    >>> title_similarity("Ferry stays in port", "FERRY stays in port, say officials"), title_similarity("Ferry", None)
    (1.0, None)
    """
    from rapidfuzz import fuzz, utils

    if not a or not b:
        return None
    return fuzz.token_set_ratio(a, b, processor=utils.default_process) / 100.0


def renamed(names: Swaps, a: str, b: str) -> bool:
    """Whether one of the swaps, made twice or more, is of two names: not in lower case anywhere, not spelled alike."""
    from rapidfuzz import fuzz

    ours, theirs = _printed(a, {p for p, _, _ in names}), _printed(b, {q for _, q, _ in names})
    return any(
        times > 1
        and not any(word[0].islower() for word in ours[p] | theirs[q])
        and fuzz.ratio(min(ours[p]).lower(), min(theirs[q]).lower()) < 100.0 * SPELLING
        for p, q, times in names
    )


def _printed(text: str, tokens: set[int]) -> dict[int, set[str]]:
    """How the words with these tokens are printed in a text."""
    found: dict[int, set[str]] = {token: set() for token in tokens}
    words = locate(text)
    for token, start, end in zip(words.tokens.tolist(), words.starts.tolist(), words.ends.tolist(), strict=True):
        if token in found:
            found[token].add(text[start:end])
    return found
