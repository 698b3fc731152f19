"""An article and an index -> whether it is new, and which copy is kept from now on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any, Final, NamedTuple

from dedup.canonical import Copy
from dedup.columns import tuples
from dedup.entries import Entry, Words
from dedup.keys import whole_key
from dedup.learning import unlike
from dedup.matching import Found, Matcher, Piece
from dedup.model import DUPLICATES, Relation, Verdict
from dedup.ready import Batch, Ready
from dedup.stores import Store

COPIES: Final = 8
"""So many copies of an article, with other words than its own, are stored, to be compared with a better copy when one comes. An
article with more of them is not replaced any more, because its other copies could not be compared again."""

STRETCH: Final = 256
"""At most so many new articles are stored at once, and `SHORT` behind a copy: what is looked at in vain must not cost much."""

SHORT: Final = 16

_LAST: Final = 1 << 62
"""The position of what is not stored yet."""


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


class Change(NamedTuple):
    """What a better copy means for an earlier article, in rows of the store: `old` is where it was, `new` where it is (0: in
    none, and its words are those of `kept`, or it was one copy too many), `kept` the article that it is a copy of (0: it is kept
    again). `verdict` on it as a copy of that; `was_kept`: whether it was no copy before.
    """

    old: int
    new: int
    kept: int
    verdict: Verdict
    was_kept: bool = False


class Placed(NamedTuple):
    """What became of an article, in rows of the store: `row` is its own (0 where it was not stored), `kept` that of the article
    that is kept for it (0 when it is new), `like` that of the one that stands for its words: its own, that of an article with
    equal words, or `kept`. `changes`: what this means for others.
    """

    verdict: Verdict
    row: int
    kept: int
    like: int
    changes: tuple[Change, ...] = ()


class Election:
    """Decides on articles one after another; what it does to the store is done in a `write()` of whoever calls."""

    def __init__(self, store: Store, matcher: Matcher) -> None:
        self.store, self.matcher = store, matcher
        self.settings = matcher.settings
        policy = self.settings.policy
        cut = len(policy.names) - (policy.names[-1] == "id")  # in a stream, what came first breaks ties
        self._names, self._keys = policy.names[:cut], policy.keys[:cut]
        self.lasting = self._names[:1] == ("first",)

    def ready(self, entries: Sequence[Entry], words: Sequence[Words]) -> Batch:
        """Articles before they are placed: nothing here asks the store, so that a thread may do it while others are placed."""
        learned = self.matcher.learned
        known = len(learned.names)  # counted first: more may be learned meanwhile, and is looked for again then
        pieces = self.matcher.pieces(entries, words)
        return Batch(pieces, self.matcher.keys(pieces), learned, known)

    def check(self, article: Ready) -> Verdict:
        """The verdict that `place` would give; nothing is changed, and what is learned is forgotten again. Threads may have made
        articles ready with it meanwhile: these are made ready anew, as for anything that was undone.
        """
        learned = self.matcher.learned
        known = len(learned.names)
        try:
            article, weighed, _ = self._considered(article)
        finally:
            if len(learned.names) > known:
                self.matcher.learned = learned.first(known)
        return self._verdict(article.piece.entry, weighed)

    def _considered(self, article: Ready) -> tuple[Ready, _Weighed, list[int]]:
        """What is found of an article, without the boilerplate that it shows to be such, of which the names are given as well."""
        weighed = self._weigh(article)
        new: list[int] = []
        if self.settings.boilerplate and not any(found.decision.relation == "exact" for found in weighed.found):
            piece = article.piece
            pieces = piece.pieces, article.keys.pieces
            new = self.matcher.learned.learn(piece.entry.site, piece.words, pieces, self.store.tables, self._words)
            if new:
                article = self.ready([piece.entry], [piece.words])[0]
                weighed = self._weigh(article)
        return article, weighed, new

    def place_all(self, batch: Batch) -> list[Placed]:
        """Takes the articles in, in their order. Runs of those that nothing in the store has to do with are stored at once."""
        if batch.learned is not self.matcher.learned:  # what was learned was undone since
            batch = self.ready(batch.entries, [piece.words for piece in batch.pieces])
        done: list[Placed] = []
        count = len(batch.pieces)
        self._renew(batch, 0)
        stretch = STRETCH
        while len(done) < count:
            start = len(done)
            stop = min(start + stretch, next((i for i in batch.changed if i >= start), count))
            if start < stop:
                own = self.store.admit(batch.entries[start:stop], batch.keys, start)
                self.matcher.remember(own, [piece.words for piece in batch.pieces[start : start + len(own)]])
                verdicts = [Verdict(entry.id, "new") for entry in batch.entries[start : start + len(own)]]
                done += tuples(Placed, verdicts, own, repeat(0), own, repeat(()))
            stretch = min(4 * stretch, STRETCH) if len(done) == stop else SHORT
            if len(done) < count and len(done) < max(stop, start + 1):
                done.append(self.place(batch[len(done)]))
                self._renew(batch, len(done))
        return done

    def _renew(self, batch: Batch, start: int) -> None:
        """Brings the articles from `start` on to what is known as boilerplate now, which only grows."""
        names = self.matcher.learned.names
        if len(names) == batch.known or not self.settings.boilerplate:
            return
        numbers = batch.printed.holders(names[batch.known :], start)
        batch.known = len(names)
        if numbers:
            pieces = self.matcher.pieces([batch.entries[i] for i in numbers], [batch.pieces[i].words for i in numbers])
            keys = self.matcher.keys(pieces)
            batch.changed.update((i, Ready(pieces[k], keys[k])) for k, i in enumerate(numbers))
            batch.changed = dict(sorted(batch.changed.items()))

    def found(self, article: Ready) -> list[Found]:
        """All kept articles that share enough with an article to be judged, itself left out, and those of which a stored copy
        has its very words.
        """
        piece = article.piece
        entries = self.store.get([r for r in self.store.tables.propose(article.keys) if r != piece.entry.row])
        found = self.matcher.compare(piece, self.matcher.pieces([entry for entry in entries if not entry.kept]))
        copies = [entry for entry in entries if entry.kept]
        if copies and not any(other.decision.relation == "exact" for other in found):
            known = {other.row: i for i, other in enumerate(found)}
            stars = {entry.row: entry for entry in self.store.get(sorted({copy.kept for copy in copies}))}
            for copy in copies:
                kept = stars.get(copy.kept)
                other = None if kept is None else self.matcher.copied(piece, copy, kept)
                if other is not None and other.row in known:
                    found[known[other.row]] = other
                elif other is not None:
                    found.append(other)
        return found

    def place(self, article: Ready) -> Placed:
        """Takes an article in: stores it when it is new, counts it when it is a copy."""
        article, weighed, new = self._considered(article)
        if new:
            self.store.learn(new)
        verdict = self._verdict(article.piece.entry, weighed)
        if weighed.better is not None:
            kept = weighed.better.found
            row = self._drop(article.piece, kept)
            return Placed(verdict, row, kept.row, row or (kept.row if kept.copy is None else kept.copy.row))
        row = self._store(article)
        if not weighed.worse:
            return Placed(verdict, row, 0, row)
        changes: list[Change] = []
        left = [piece for worse in weighed.worse for piece in self._replace(article.piece, row, worse, changes)]
        over = len(self.store.copies(row)) - COPIES
        if over > 0:
            self.store.update(row, lost=over)
        settled = [self._settle(piece) for piece in left]
        restored = tuple(change.verdict.id for change in settled if not change.kept)
        moved = tuple((change.verdict.id, change.verdict.duplicate_of or "") for change in settled if change.kept)
        told = replace(verdict, restored=restored, moved=moved)
        return Placed(told, row, 0, row, (*changes, *settled))

    def _words(self, rows: list[int]) -> dict[int, Words]:
        entries = self.store.get(rows)
        return {entry.row: words for entry, words in zip(entries, self.matcher.words(entries), strict=True)}

    def _weigh(self, article: Ready) -> _Weighed:
        found = self.found(article)
        worse: list[_Choice] = []
        better: list[_Choice] = []
        for other in sorted(found, key=lambda other: (-other.resemblance, other.row)):
            if other.decision.relation in DUPLICATES:
                preferred, decided = self._preferred(article.piece, other)
                if other.copy is not None:
                    better.append(_Choice(other, "an earlier decision"))
                elif not preferred or self.lasting:
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
        self.matcher.remember([row], [article.piece.words])
        return row

    def _drop(self, piece: Piece, kept: Found) -> int:
        """Counts a copy, and stores it while there is room, should its words be others; returns its row, 0 without."""
        row = lost = 0
        if kept.decision.relation != "exact":
            lost = 1
            if kept.piece.entry.lost == 0 and not self.lasting:
                copies = self.store.copies(kept.row)
                if any(self.matcher.same(piece, other) for other in self.matcher.pieces(copies)):
                    lost = 0
                elif len(copies) < COPIES:
                    lost = 0
                    row = self._copy(piece, kept.piece, kept.row)
        self.store.update(kept.row, copies=1, lost=lost)
        return row

    def _copy(self, piece: Piece, kept: Piece, at: int) -> int:
        """Stores a copy of an article that is kept `at` a row. One that looks like another article counts as a holder of its
        pieces: what both share may be what many sites print, which more articles tell. One that looks like the kept one does not.
        """
        holds = self.settings.boilerplate and unlike(piece.words, kept.words)
        entry = piece.entry._replace(row=0, kept=at, copies=0, lost=0)
        row = self.store.add(entry, whole_key(piece.words, piece.pieces if holds else piece.pieces[:0]))
        self.matcher.remember([row], [piece.words])
        return row

    def _replace(self, piece: Piece, row: int, worse: _Choice, changes: list[Change]) -> list[Piece]:
        """Puts an article that was stored in the place of one that it is a better copy of; returns those copies of the old one
        that are none of the new one, which are in the store no more. Tells of the others in `changes`.
        """
        found = worse.found
        old = found.piece.entry
        members = self.matcher.pieces(self.store.copies(old.row))
        matching = {
            other.row: other for other in self.matcher.compare(piece, members) if other.decision.relation in DUPLICATES
        }
        left = [member for member in members if member.entry.row not in matching]
        for copy, other in sorted(matching.items()):
            self.store.update(copy, kept=row)
            changes.append(Change(copy, copy, row, _of(other, piece.entry, worse.decided)))
        self.store.discard([old.row, *(member.entry.row for member in left)])
        self.store.update(row, copies=old.copies + 1 - len(left))
        new = 0 if found.decision.relation == "exact" else self._copy(found.piece, piece, row)
        changes.append(Change(old.row, new, row, _of(found, piece.entry, worse.decided), was_kept=True))
        return left

    def _settle(self, member: Piece) -> Change:
        """Stores a copy of an article that was replaced, which is no copy of the new one: as a copy of another kept article that
        it matches, whatever the policy prefers, so that this comes to an end; or else as kept again.
        """
        entry = member.entry
        again = self.ready([entry._replace(row=0, kept=0)], [member.words])[0]
        copies = [other for other in self.found(again) if other.decision.relation in DUPLICATES]
        if not copies:
            return Change(entry.row, self._store(again), 0, Verdict(entry.id, "new"))
        best = max(copies, key=lambda other: (other.resemblance, -other.row))
        verdict = self._verdict(entry, _Weighed(copies, [], _Choice(best, "an earlier decision")))
        return Change(entry.row, self._drop(again.piece, best), best.row, verdict)


def _of(found: Found, better: Entry, decided: str) -> Verdict:
    """The verdict on an article that was found of a better one, as a copy of that."""
    decision = found.decision
    relation = _SEEN_FROM_THERE.get(decision.relation, decision.relation)
    return Verdict(
        found.piece.entry.id,
        "duplicate",
        duplicate_of=better.id,
        relation=relation,
        resemblance=round(found.resemblance, 4),
        containment=round(found.containment, 4),
        reason=_Choice(found, decided).reason,
    )


_SEEN_FROM_THERE: Final[dict[Relation, Relation]] = {"extended": "truncated", "truncated": "extended"}
"""What the one of two articles is to the other, by what that is to it; otherwise it is the same."""
