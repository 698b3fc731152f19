"""Two records -> what stands beside their words: titles, URLs, sites, dates, and the names that they swap."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, NamedTuple, Protocol

from dedup.alignment import RUN
from dedup.diff import Piece, diff
from dedup.fields import Article
from dedup.names import (
    Places,
    Swaps,
    other_names,
    other_subject,
    own_capitals,
    renamed,
    retitled,
    swapped_too,
    title_swaps,
)
from dedup.urls import page
from dedup.values import apart
from dedup.words import locate

Rows = Sequence[int]

CARDS: Final = 1 << 16
"""So many records are remembered at once, with their titles and URLs; more are read again."""

_UNREAD: Final = -1.0
"""A similarity that was not asked for yet."""


class Dated(Protocol):
    """What is known of rows without reading them: `sites` by their numbers, -1 where unknown, and dates."""

    @property
    def sites(self) -> Sequence[int]:
        """The number of the site of every row."""

    def published(self, row: int) -> float | None:
        """Seconds since 1970 UTC, None when unknown."""


class Readable(Protocol):
    """Rows whose articles can be read."""

    @property
    def facts(self) -> Dated:
        """Sites and dates."""

    def article(self, row: int) -> Article:
        """The article of a row."""


class Named(Protocol):
    """What says how a record is called, and where it stands: an `Article`, or an entry of an index."""

    @property
    def title(self) -> str | None:
        """The title."""

    @property
    def url(self) -> str | None:
        """The URL."""

    @property
    def canonical_url(self) -> str | None:
        """The URL that the page calls its canonical one."""


class Card(NamedTuple):
    """What a record says beside its text: its title, as titles are compared, and its own URL and the canonical one."""

    title: str
    urls: tuple[str | None, str | None]

    @property
    def place(self) -> str:
        """The place on its page, where the URL ends in one (`#post-14`)."""
        return (self.urls[0] or "").partition("#")[2]


class Cards:
    """The cards of some rows, and the pages that they name; a record is read when it is first asked for: by `named`, if it is
    given, or as an article.
    """

    def __init__(self, source: Readable, named: Callable[[int], Named] | None = None) -> None:
        self.source = source
        self._named: Callable[[int], Named] = named or source.article
        self._known: dict[int, Card] = {}
        self._pages: dict[int, frozenset[str]] = {}

    def __getitem__(self, row: int) -> Card:
        card = self._known.get(row)
        if card is None:
            if len(self._known) >= CARDS:
                self._known.clear()
                self._pages.clear()
            named = self._named(row)
            card = self._known[row] = Card(normal_title(named.title), (named.url, named.canonical_url))
        return card

    def pages(self, row: int) -> frozenset[str]:
        """The pages that a record names as its own (`urls.page`); bringing URLs to one form is dear."""
        found = self._pages.get(row)
        if found is None:
            urls = self[row].urls
            found = self._pages[row] = frozenset(name for name in map(page, urls) if name)
        return found


class RowSignals:
    """The signals beside two rows of a source; records are read when they are asked for (see `evidence.Signals`).

    `names` are the tokens of the first text that stand in the place of tokens of the second; `crowds`, other rows with
    the very same texts, whose URLs count as well.
    """

    def __init__(
        self, cards: Cards, rows: tuple[int, int], names: Swaps = (), crowds: tuple[Rows, Rows] = ((), ())
    ) -> None:
        self._cards = cards
        self._source = cards.source
        self._rows = rows
        self._names = names
        self._crowds = crowds
        facts = cards.source.facts
        a, b = rows
        unknown = facts.sites[a] < 0 or facts.sites[b] < 0
        self.same_site = None if unknown else facts.sites[a] == facts.sites[b]
        """None where one of the records names no site."""
        here, there = facts.published(a), facts.published(b)
        self.gap = None if here is None or there is None else abs(here - there) / 3600.0
        """Hours between the dates of publication."""
        self.texts_read = False
        """Whether texts had to be read."""
        self._similarity: float | None = _UNREAD

    def titles(self) -> float | None:
        """Similarity of the titles, 0 to 1; None where one has no title."""
        if self._similarity == _UNREAD:
            a, b = self._rows
            self._similarity = _title_similarity(self._cards[a].title, self._cards[b].title)
        return self._similarity

    def same_page(self) -> bool:
        """Whether both name one URL as their own, or as the canonical one of theirs, and not two places on its page."""
        places = {self._cards[row].place for row in self._rows}
        if len(places) > 1 and "" not in places:
            return False
        a, b = (self._pages(row, crowd) for row, crowd in zip(self._rows, self._crowds, strict=True))
        return not a.isdisjoint(b)

    def other_page(self) -> bool:
        """Whether both name URLs, and other ones."""
        return all(self._cards.pages(row) for row in self._rows) and not self.same_page()

    def _pages(self, row: int, crowd: Rows) -> frozenset[str]:
        return self._cards.pages(row).union(*map(self._cards.pages, crowd))

    def _texts(self) -> tuple[str, str]:
        self.texts_read = True
        a, b = (self._source.article(row).text for row in self._rows)
        return a, b

    def renamed(self) -> bool:
        """Whether a name, or a word of the title, stands in the place of another one, twice or more."""
        return any(times > 1 for _, _, times in self._names) and self._renamed

    @cached_property
    def _renamed(self) -> bool:
        a, b = ((article.title or "", article.text) for article in map(self._source.article, self._rows))
        return renamed(self._names, *self._texts()) or retitled(self._names, a, b)

    def renamed_places(self) -> int:
        """How many places have a name in one text and another name in the other; any word of a script without capitals."""
        return sum(_has_name(a) and _has_name(b) for a, b in self._replaced)

    def capital_places(self) -> int:
        """How many places have a word with a capital in both texts, another one in each."""
        return sum(_has_capital(a) and _has_capital(b) for a, b in self._replaced)

    @property
    def _replaced(self) -> Places:
        return self._differing[0]

    @cached_property
    def _differing(self) -> tuple[Places, Places]:
        """The words that stand in the place of others; and of these, if not of one site, those inside the common body."""
        a, b = self._texts()
        pieces = diff(a, b)
        every = _places(a, b, pieces)
        if self.same_site:
            return every, every
        runs = [i for i, piece in enumerate(pieces) if piece.kind == "equal"]
        first = next((i for i in runs if _is_run(a[slice(*pieces[i].a)])), None)
        last = next((i for i in reversed(runs) if _is_run(a[slice(*pieces[i].a)])), None)
        return every, _places(a, b, pieces[first:last]) if first is not None else []

    def other_names(self, least: float) -> int:
        """How many places have a name in one text and another name in the other, if not of one site, between the first and the
        last run that both have: what stands around may be bylines and datelines. 0 where there are fewer than `least`.
        """
        return self._other_names if self._own_capitals >= least and self._other_names >= least else 0

    @cached_property
    def _own_capitals(self) -> int:
        return own_capitals(*self._texts())

    @cached_property
    def _other_names(self) -> int:
        return other_names(self._differing[1], *self._texts())

    def retitled(self) -> bool:
        """Whether a word of one title has another one in its place in the other title, and in the texts."""
        return self.titles() not in (None, 1.0) and self._retitled

    @cached_property
    def _retitled(self) -> bool:
        titles = [self._cards[row].title for row in self._rows]
        swaps = title_swaps(*titles)  # without reading texts
        return bool(swaps) and swapped_too(swaps, self._replaced, *zip(titles, self._texts(), strict=True))

    def values_apart(self) -> float:
        """The share of the numbers of one text that the other does not state, however it prints them."""
        return self._values_apart

    @cached_property
    def _values_apart(self) -> float:
        return apart(*self._texts())

    def other_subject(self) -> bool:
        """Whether the title of each has a name that the other text does not mention."""
        return self.titles() not in (None, 1.0) and self._other_subject

    @cached_property
    def _other_subject(self) -> bool:
        self.texts_read = True
        a, b = map(self._source.article, self._rows)
        return other_subject((a.title or "", a.text), (b.title or "", b.text))


def _places(a: str, b: str, pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """The words that stand in the place of others among the pieces of two texts."""
    return [(a[slice(*piece.a)], b[slice(*piece.b)]) for piece in pieces if piece.kind == "replaced"]


def _is_run(text: str) -> bool:
    """Whether it has as many words as an anchor of an alignment."""
    return len(locate(text).tokens) >= RUN


def _has_name(text: str) -> bool:
    """Whether some word does not begin with a lower-case letter."""
    return any(word[0].isalpha() and not word[0].islower() for word in text.split())


def _has_capital(text: str) -> bool:
    """Whether some word begins with a capital."""
    return any(word[0].isupper() for word in text.split())


def title_similarity(a: str | None, b: str | None) -> float | None:
    """rapidfuzz's token set ratio, 0 to 1: words that only one title has do not count when it has all of the other's.

    >>> title_similarity("Ferry stays in port", "FERRY stays in port, say officials"), title_similarity("Ferry", None)
    (1.0, None)
    """
    return _title_similarity(normal_title(a), normal_title(b))


def normal_title(title: str | None) -> str:
    """A title as titles are compared: its words in lower case, without punctuation; empty where it has none.

    Vowel signs, as in Hindi and Thai, are parts of their words.

    >>> normal_title("Ferry: again"), normal_title("हिन्दी, में ❤️")
    ('ferry  again', 'हिन्दी  में')
    """
    from rapidfuzz import utils

    composed = unicodedata.normalize("NFC", title or "")
    if composed.isascii() or not any(map(_is_mark, composed)):
        return utils.default_process(composed)
    kept = []
    within = False
    for c in composed:
        within = c.isalnum() or (within and _is_mark(c))
        kept.append(c if within else " ")
    return "".join(kept).lower().strip()


def _is_mark(c: str) -> bool:
    return unicodedata.category(c)[0] == "M"


def _title_similarity(a: str, b: str) -> float | None:
    from rapidfuzz import fuzz

    return fuzz.token_set_ratio(a, b) / 100.0 if a and b else None
