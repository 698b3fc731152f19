"""An article and an index -> whether it is new, and which copy is kept from now on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from dedup.canonical import Copy
from dedup.entries import Entry, Keys, Words
from dedup.matching import Found, Matcher, Piece
from dedup.model import DUPLICATES, Verdict
from dedup.stores import Store

COPIES: Final = 8
"""So many copies of an article, with other words than its own, are stored, to be compared with a better copy when one comes. An
article with more of them is not replaced any more, because its other copies could not be compared again."""

_LAST: Final = 1 << 62
"""The position of what is not stored yet."""


class Ready(NamedTuple):
    """An article that is ready to be placed: what it is found by, and the state of what was known as boilerplate then."""

    piece: Piece
    keys: Keys
    known: int


class _Choice(NamedTuple):
    """A kept article that an article repeats, and the name of what preferred one of the two."""

    found: Found
    decided: str

    @property
    def reason(self) -> str:
        """For people: `resemblance 0.93 >= 0.8; kept by complete`."""
        decision = self.found.decision
        return f"{decision.quantity if decision.relation == 'exact' else decision.reason}; kept by {self.decided}"


class _Weighed(NamedTuple):
    """`found`: kept articles that were judged. `worse`: those that the article repeats and is preferred to, the most alike
    first; `better`: the one that it is a copy of, if it is.
    """

    found: list[Found]
    worse: list[_Choice]
    better: _Choice | None


class Election:
    """Decides on articles one after another; what it does to the store is done in a `write()` of whoever calls."""

    def __init__(self, store: Store, matcher: Matcher) -> None:
        self.store, self.matcher = store, matcher
        self.settings = matcher.settings
        policy = self.settings.policy
        cut = len(policy.names) - (policy.names[-1] == "id")  # in a stream, what came first breaks ties
        self._names, self._keys = policy.names[:cut], policy.keys[:cut]
        self.lasting = self._names[:1] == ("first",)

    def ready(self, entries: Sequence[Entry], words: Sequence[Words]) -> list[Ready]:
        """Articles before they are placed: nothing here asks the store."""
        known = len(self.matcher.learned.names)
        pieces = [self.matcher.piece(entry, own) for entry, own in zip(entries, words, strict=True)]
        return [Ready(piece, keys, known) for piece, keys in zip(pieces, self.matcher.keys(pieces), strict=True)]

    def _again(self, article: Ready) -> Ready:
        """The same with what is known as boilerplate now."""
        return self.ready([article.piece.entry], [article.piece.words])[0]

    def check(self, article: Ready) -> Verdict:
        """The verdict that `place` would give; nothing is changed, and nothing learned."""
        if article.known != len(self.matcher.learned.names):
            article = self._again(article)
        weighed = self._weigh(article)
        return self._verdict(article.piece.entry, weighed)

    def found(self, article: Ready) -> list[Found]:
        """All kept articles that share enough with an article to be judged, itself left out."""
        row = article.piece.entry.row
        entries = self.store.get([r for r in self.store.tables.propose(article.keys).rows if r != row])
        return self.matcher.compare(article.piece, self.matcher.pieces(entries))

    def place(self, article: Ready) -> Verdict:
        """Takes an article in: stores it when it is new, counts it when it is a copy."""
        if article.known != len(self.matcher.learned.names):
            article = self._again(article)
        weighed = self._weigh(article)
        if self.settings.boilerplate and not any(found.decision.relation == "exact" for found in weighed.found):
            new = self.matcher.learned.learn(
                article.piece.entry.site, article.piece.words, self.store.tables, self._words
            )
            if new:
                self.store.learn(new)
                article = self._again(article)
                weighed = self._weigh(article)
        verdict = self._verdict(article.piece.entry, weighed)
        if weighed.better is not None:
            self._drop(article.piece, weighed.better.found)
            return verdict
        row = self._store(article)
        restored: list[str] = []
        for worse in weighed.worse:
            restored += self._replace(article.piece, row, worse.found)
        return replace(verdict, restored=tuple(restored)) if restored else verdict

    def _words(self, rows: list[int]) -> list[Words]:
        return self.matcher.words(self.store.get(rows))

    def _weigh(self, article: Ready) -> _Weighed:
        found = self.found(article)
        worse: list[_Choice] = []
        better: list[_Choice] = []
        for other in sorted(found, key=lambda other: (-other.resemblance, other.row)):
            if other.decision.relation in DUPLICATES:
                preferred, decided = self._preferred(article.piece, other)
                if not preferred or self.lasting:
                    better.append(_Choice(other, decided))
                elif other.piece.entry.lost:
                    better.append(_Choice(other, "too many copies to compare again"))
                else:
                    worse.append(_Choice(other, decided))
        return _Weighed(found, worse, better[0] if better else None)

    def _preferred(self, piece: Piece, other: Found) -> tuple[bool, str]:
        """Whether an article is preferred to a kept one that it is a copy of, and the name of what decided."""
        relation = other.decision.relation
        if relation in ("truncated", "extended"):
            return relation == "extended", "complete"
        wanted = self.settings.versions
        if relation == "revised" and wanted in ("latest", "earliest"):
            dates = (piece.entry.published, other.piece.entry.published)
            if None not in dates and dates[0] != dates[1]:
                later = (dates[0] or 0.0) > (dates[1] or 0.0)
                return later == (wanted == "latest"), f"versions {wanted}"
        ours, theirs = (self._rank(side, other.aligned) for side in (piece, other.piece))
        decided = next((n for n, a, b in zip(self._names, ours, theirs, strict=True) if a != b), "first")
        return ours < theirs, decided

    def _rank(self, piece: Piece, aligned: int) -> tuple[Any, ...]:
        entry = piece.entry
        copy = Copy(
            id=entry.id,
            published=entry.published,
            words=len(piece.words.tokens),
            held=len(piece.core) + aligned,
            position=entry.row or _LAST,
            read=lambda: entry.article,
        )
        return tuple(key(copy) for key in self._keys)

    def _verdict(self, entry: Entry, weighed: _Weighed) -> Verdict:
        choice = weighed.better or (weighed.worse[0] if weighed.worse else None)
        if choice is None:
            return Verdict(entry.id, "new")
        found = choice.found
        kept = found.piece.entry.id if weighed.better else None
        return Verdict(
            entry.id,
            "duplicate" if weighed.better else "new",
            duplicate_of=kept,
            relation=found.decision.relation,
            resemblance=round(found.resemblance, 4),
            containment=round(found.containment, 4),
            reason=choice.reason,
            replaces=() if weighed.better else tuple(worse.found.piece.entry.id for worse in weighed.worse),
        )

    def _store(self, article: Ready) -> int:
        row = self.store.add(article.piece.entry, article.keys)
        self.matcher.remember(row, article.piece.words)
        return row

    def _drop(self, piece: Piece, kept: Found) -> None:
        """Counts a copy, and stores it while there is room, should its words be others."""
        row = kept.row
        lost = 0
        if kept.decision.relation != "exact" and not self.lasting:
            lost = 1
            if kept.piece.entry.lost == 0:
                stored = self.store.copies(row)
                hashes = {words.hash for words in self.matcher.words(stored)}
                if piece.words.hash in hashes:
                    lost = 0
                elif len(stored) < COPIES:
                    lost = 0
                    self.matcher.remember(self.store.add(replace(piece.entry, row=0, kept=row), None), piece.words)
        self.store.update(row, copies=1, lost=lost)

    def _replace(self, piece: Piece, row: int, found: Found) -> list[str]:
        """Puts an article, stored as `row`, in the place of one that it is a better copy of; returns the ids of those copies
        of the old one that are none of the new one, and are kept again.
        """
        old = found.piece.entry
        members = self.matcher.pieces(self.store.copies(old.row))
        matching = {
            other.row for other in self.matcher.compare(piece, members) if other.decision.relation in DUPLICATES
        }
        self.store.discard([old.row])
        self.store.update(row, copies=old.copies + 1)
        stored = len(self.store.copies(row))
        if found.decision.relation != "exact":
            added = self.store.add(replace(old, row=0, kept=row, copies=0, lost=0), None)
            self.matcher.remember(added, found.piece.words)
            stored += 1
        restored = []  # one that matches another kept article is a copy of that, so that this comes to an end
        for member in members:
            entry = member.entry
            if entry.row in matching:
                self.store.update(entry.row, kept=row)
                stored += 1
                continue
            self.store.discard([entry.row])
            again = self.ready([replace(entry, row=0, kept=0)], [member.words])[0]
            copies = [other for other in self.found(again) if other.decision.relation in DUPLICATES]
            if copies:
                self._drop(again.piece, max(copies, key=lambda other: (other.resemblance, -other.row)))
            else:
                self._store(again)
                restored.append(entry.id)
        if stored > COPIES:
            self.store.update(row, lost=stored - COPIES)
        return restored
