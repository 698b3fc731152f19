"""An article and the kept ones of an index -> which of them it repeats, and how."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.alignment import Tokens
from dedup.columns import tuples
from dedup.entries import Entry, Words, words_of
from dedup.evidence import UNLIKE_TITLE, Decision
from dedup.fields import Article
from dedup.keys import Lot, keys_of
from dedup.learning import Learned, printed
from dedup.nodes import page_name
from dedup.relations import THIN, judge
from dedup.settings import Settings
from dedup.signals import Cards, RowSignals, title_similarity
from dedup.urls import page
from dedup.verify import measure

REMEMBERED: Final = 4096
"""So many articles of a store are remembered with their words; others are read again."""


class Piece(NamedTuple):
    """An article as it is compared: the entry, its words, and of these what is not boilerplate: the `core` (words, u32), and
    the keys of its `pieces` (u64).
    """

    entry: Entry
    words: Words
    core: NDArray[np.uint32]
    pieces: NDArray[np.uint64]

    @property
    def left(self) -> float:
        """The share of the words that is core."""
        return len(self.core) / max(1, len(self.words.tokens))


class Found(NamedTuple):
    """An article of the index that shares enough with another one to be judged: what was decided, and the words aligned.
    `copy`: where the words of a stored copy of it are the equal ones, that copy.
    """

    piece: Piece
    decision: Decision
    aligned: int
    resemblance: float
    containment: float
    copy: Entry | None = None

    @property
    def row(self) -> int:
        """Its number in the store."""
        return self.piece.entry.row


class _Bench:
    """Some articles side by side, as `signals` reads them; row i is `entries[i]`."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        codes: dict[str, int] = {}
        self.sites = [-1 if e.site is None else codes.setdefault(e.site, len(codes)) for e in entries]

    @property
    def facts(self) -> _Bench:
        """Sites and dates, which the bench knows itself."""
        return self

    def published(self, row: int) -> float | None:
        """Seconds since 1970 UTC, None when unknown."""
        return self._entries[row].published

    def article(self, row: int) -> Article:
        """The article of a row."""
        return self._entries[row].article


class Matcher:
    """Compares articles as a run does; remembers the words of those it read last."""

    def __init__(self, settings: Settings, learned: Learned) -> None:
        self.settings, self.learned = settings, learned
        self._plain = replace(settings, pages="off", jobs=1)
        self._known: OrderedDict[int, Words] = OrderedDict()

    def words(self, entries: Sequence[Entry]) -> list[Words]:
        """The words of entries of the store."""
        known = self._known
        missing = [entry for entry in entries if entry.row not in known]
        if missing:
            known.update(zip((e.row for e in missing), words_of(missing, self._plain), strict=True))
        found = [known[entry.row] for entry in entries]
        self._trim()
        return found

    def remember(self, rows: Sequence[int], words: Sequence[Words]) -> None:
        """Takes the words of entries that were just stored. They are parts of the arrays of a batch, which go when the last
        of its entries is forgotten; the first that came is the first that goes.
        """
        self._known.update(zip(rows, words, strict=True))
        self._trim()

    def _trim(self) -> None:
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Forgets all words."""
        self._known.clear()

    def pieces(self, entries: Sequence[Entry], words: Sequence[Words] | None = None) -> list[Piece]:
        """Articles without what is known as boilerplate of their sites; `words`: theirs; read for those of the store."""
        words = self.words(entries) if words is None else words
        found = tuples(Piece, entries, words, [own.tokens for own in words], [own.keys for own in words])
        if not entries or not self.settings.boilerplate or not self.learned.names:
            return found
        held = printed((entry.site for entry in entries), words)
        marks = self.learned.marks(held)
        for i in np.unique(np.searchsorted(held.ends, marks.nonzero()[0], side="right")).tolist():
            start = held.ends[i - 1] if i else 0
            found[i] = _stripped(entries[i], words[i], marks[start : held.ends[i]])
        return found

    def keys(self, pieces: Sequence[Piece]) -> Lot:
        """What articles are found by."""
        return keys_of([p.core for p in pieces], [p.words for p in pieces], [p.pieces for p in pieces], self.settings)

    def equal(self, piece: Piece, other: Piece) -> bool:
        """Whether two articles have equal words, and neither dates nor pages speak against taking them for one: of two texts
        of which hardly anything but boilerplate is left, another page is another article.
        """
        if piece.words.hash != other.words.hash or self.too_far(piece.entry, other.entry):
            return False
        if piece.left >= THIN:
            return True
        titled = len(piece.core) >= self.settings.min_tokens
        names = {page_name(p.entry.article, by_title=titled) for p in (piece, other)}
        return len(names) == 1 and names != {""}

    def parted(self, piece: Piece, other: Piece) -> bool:
        """Whether two articles of one site have equal words, and neither title nor URL in common: a page that holds nothing but
        furniture looks so, and only more of its kind would tell. A run over a dump parts three of them.
        """
        a, b = piece.entry, other.entry
        if piece.words.hash != other.words.hash or a.site is None or a.site != b.site:
            return False
        titles = title_similarity(a.title, b.title)
        if titles is None or titles >= UNLIKE_TITLE:
            return False
        pages = [page(e.canonical_url) or page(e.url) for e in (a, b)]
        return None not in pages and pages[0] != pages[1]

    def same(self, piece: Piece, other: Piece) -> bool:
        """Whether two articles have equal words, and nothing speaks against taking them for one."""
        return self.equal(piece, other) and not self.parted(piece, other)

    def too_far(self, a: Entry, b: Entry) -> bool:
        """Whether the window of time holds two articles apart."""
        window = self.settings.window_hours
        if window is None or a.published is None or b.published is None:
            return False
        return abs(a.published - b.published) > window * 3600.0

    def copied(self, piece: Piece, copy: Entry, kept: Entry) -> Found | None:
        """What is found of a kept article by a stored copy of it: whether that has the words of this article."""
        other = self.pieces([copy])[0]
        if not self.same(piece, other):
            return None
        decision = _EQUAL._replace(quantity=f"equal words in its copy {copy.id}")
        return Found(self.pieces([kept])[0], decision, len(piece.core), 1.0, 1.0, copy)

    def compare(self, piece: Piece, others: Sequence[Piece]) -> list[Found]:
        """What was found of those of the others that share enough with the article to be judged."""
        others = [other for other in others if not self.parted(piece, other)]
        equal = [Found(o, _EQUAL, len(o.core), 1.0, 1.0) for o in others if self.equal(piece, o)]
        same = {found.row for found in equal}
        least = self.settings.min_tokens
        rest = [o for o in others if o.entry.row not in same and len(o.core) >= least]
        if not rest or len(piece.core) < least:
            return equal
        return equal + self._judged(piece, rest)

    def _judged(self, piece: Piece, others: Sequence[Piece]) -> list[Found]:
        sides = sorted([piece, *others], key=lambda p: (-len(p.core), p.words.hash, p is not piece))
        me = next(i for i, side in enumerate(sides) if side is piece)
        pairs = np.array([(min(i, me), max(i, me)) for i in range(len(sides)) if i != me])
        measured = measure(Tokens.of(*(side.core for side in sides)), pairs)
        lengths = np.array([len(side.core) for side in sides])
        left = np.array([side.left for side in sides])
        entries = [side.entry for side in sides]
        cards = Cards(_Bench(entries), entries.__getitem__)
        found = []
        for i, (a, b) in enumerate(measured.pairs.tolist()):
            evidence = measured.evidence(i, lengths, left)
            signals = RowSignals(cards, (a, b), measured.names.get(i, ()))
            decision = judge(evidence, signals, self.settings.rules)
            other = sides[b if a == me else a]
            if decision.relation == "truncated" and a == me:  # the article holds the other one
                decision = decision._replace(relation="extended")
            found.append(Found(other, decision, evidence.aligned, evidence.resemblance, evidence.share_shorter))
        return found


def _stripped(entry: Entry, words: Words, marks: NDArray[np.bool_]) -> Piece:
    """An article without the pieces that are marked."""
    core = np.empty(len(words.tokens), np.uint32)
    size = kernels.boilerplate.strip(words.tokens, words.lengths, marks.view(np.uint8), core)
    core.flags.writeable = False
    return Piece(entry, words, core[:size], words.keys[~marks])


_EQUAL: Final = Decision("exact", "equal words", 1.0, 1.0)
