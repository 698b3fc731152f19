"""Articles one after another -> a verdict on each, against all that came before: an index that remembers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from itertools import islice
from types import TracebackType
from typing import Final, Literal, TypeVar

from dedup import ahead, dates
from dedup.ahead import Prepared
from dedup.election import Placed
from dedup.entries import Entry, Reading, read
from dedup.errors import InputError, SettingsError
from dedup.fields import Article
from dedup.matching import Found
from dedup.model import IndexStats, Likeness, Quarantined, Verdict
from dedup.ready import Ready
from dedup.session import Session
from dedup.settings import Settings
from dedup.shapes import Record
from dedup.sources import once
from dedup.stores import Store

T = TypeVar("T", bound=Record)

BATCH: Final = 500
"""Articles of one transaction."""


class Index:
    """Remembers articles, and tells of each new one whether it repeats one of them (made by `open_index`).

    Decides as a run over a dump does. It knows only what came before: so boilerplate is learnt on the way, and where a
    better copy arrives later, the verdict on that one says what it `replaces`. Threads may share an index; other processes
    may have the same file open. After a verdict was returned, the article is stored.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.uri, self.settings = store.uri, settings
        self._session = Session(store, settings)

    # What is asked of it

    def add(self, article: Record) -> Verdict:
        """Whether an article is new; if so it is remembered, at once and for all who share the index."""
        return self.add_many((article,))[0]

    def add_many(self, articles: Iterable[Record], *, batch: int = BATCH) -> list[Verdict]:
        """A verdict on each article, in order; as `add`, but with one transaction for `batch` articles. Should `articles` raise
        something, the batches before are stored, and that one is not. With `settings.jobs` of more than one, a thread reads the
        next articles while the last ones are stored. Raises SettingsError.
        """
        _check_many(articles, batch)
        found: list[Verdict] = []
        for prepared in ahead.batches(self._session, self.settings, articles, batch):
            found += [placed.verdict for placed in self._placed(prepared)]
        return found

    def stream(self, articles: Iterable[T], *, batch: int = 1) -> Iterator[tuple[T, Verdict]]:
        """Every article with its verdict, `batch` articles a transaction: the very object that was given, or a copy of it where
        its text holds a body twice (`sources.once`; unless `settings.pages` says otherwise). A batch is added when its first
        article is asked for. Raises SettingsError.
        """
        _check_many(articles, batch)
        return self._stream(iter(articles), batch)

    def _stream(self, source: Iterator[T], batch: int) -> Iterator[tuple[T, Verdict]]:
        while chunk := list(islice(source, batch)):
            self._session.ready()
            reading = read(chunk, self.settings)
            verdicts = [placed.verdict for placed in self._placed(ahead.prepared(self._session, reading))]
            for number, (record, verdict) in enumerate(zip(chunk, verdicts, strict=True)):
                row = reading.outcome[number]
                if isinstance(row, int) and row in reading.doubled and self.settings.pages == "clean":
                    yield once(record, self.settings.fields), verdict
                else:
                    yield record, verdict

    def place(self, reading: Reading) -> list[Placed]:
        """What becomes of every record of a batch that was read (`entries.read`), in one transaction."""
        self._session.ready()
        return self._placed(ahead.prepared(self._session, reading))

    def _placed(self, prepared: Prepared) -> list[Placed]:
        placed: list[Placed] = []
        if prepared.batch is not None:
            self._session.ahead(prepared.batch)
            with self.transaction():
                placed = self._session.election.place_all(prepared.batch)
        return [placed[found] if isinstance(found, int) else _nowhere(found) for found in prepared.outcome]

    def transaction(self) -> AbstractContextManager[None]:
        """Whatever is added in the block is stored with its end, all of it, or nothing if something is raised: in the block, or
        by a call of this index within it, even when the block goes on. Others wait.
        """
        return self._session.transaction()

    def check(self, article: Record) -> Verdict:
        """The verdict that `add` would give now, without what that would mean for other copies (`restored`, `moved`); nothing is
        remembered.
        """
        reading = read((article,), self.settings)
        with self._session.reading():
            found = reading.outcome[0]
            if not isinstance(found, int):
                return _set_aside(found)
            return self._session.election.check(self._session.election.ready(reading.entries, reading.words)[0])

    def matches(self, article: Record) -> list[Likeness]:
        """All kept articles that share enough with an article to be judged, the most alike first: those that it repeats, and
        those that are `related`, `sibling` or `version`. `article`: a record, or the id of one that is kept. Raises InputError.
        """
        with self._session.reading():
            if isinstance(article, str):
                ready = self._known(article)
            else:
                reading = read((article,), self.settings)
                outcome = reading.outcome[0]
                if not isinstance(outcome, int):
                    raise InputError("<record>", outcome.detail)
                ready = self._session.election.ready(reading.entries, reading.words)[0]
            found = self._session.election.found(ready)
            return sorted(map(_likeness, found), key=lambda like: (-like.resemblance, like.id))

    def _known(self, id: str) -> Ready:
        entries = [entry for entry in self._session.store.named(id) if not entry.kept]
        if not entries:
            raise InputError(id, "the index keeps no article with this id")
        return self._session.election.ready(entries[-1:], self._session.matcher.words(entries[-1:]))[0]

    def get(self, id: str | int) -> Article | None:
        """The article with this id, the latest of several; None where the index keeps none."""
        with self._session.reading():
            entries = [entry for entry in self._session.store.named(str(id)) if not entry.kept]
            return entries[-1].article if entries else None

    def __contains__(self, id: object) -> bool:
        return isinstance(id, (str, int)) and self.get(id) is not None

    def __len__(self) -> int:
        with self._session.reading():
            return self._session.store.count()[0]

    def id_of(self, row: int) -> str | None:
        """The id of the article in a row of the store; None where there is none."""
        with self._session.reading():
            found = self._session.store.get([row])
        return found[0].id if found else None

    def note(self, name: str, value: str | None) -> None:
        """Keeps something that a run needs to know of itself, which is not empty and can be written as UTF-8; None forgets it.
        Raises SettingsError.
        """
        if value == "" or (name + (value or "")).encode("utf-8", "replace").decode() != name + (value or ""):
            raise SettingsError(f"a note {name!r} of {value!r} cannot be kept")
        with self.transaction():
            self._session.store.note(name, value)

    def notes(self) -> dict[str, str]:
        """All that was noted."""
        with self._session.reading():
            return self._session.store.notes()

    # What is taken out of it

    def discard(self, id: str | int) -> int:
        """Forgets the articles with this id and the copies stored beside them; returns how many articles went."""
        with self.transaction():
            return self._forget(self._session.store.named(str(id)))

    def expire(
        self,
        *,
        before: str | date | datetime | float | None = None,
        older_than: str | None = None,
        by: Literal["seen", "published"] = "seen",
    ) -> int:
        """Forgets articles that were added before a moment, or longer ago than a span of time (`30d`, `12h`), with the copies
        stored beside them; returns how many articles went. `by="published"`: by their dates of publication; articles without
        one stay. Raises SettingsError.
        """
        if (before is None) == (older_than is None):
            raise SettingsError("expire needs either before= or older_than=")
        if by not in ("seen", "published"):
            raise SettingsError(f"by is {by!r}: give seen or published")
        if older_than is not None:
            moment = time.time() - dates.duration(older_than)
        else:
            known = dates.parse(before)
            if known is None:
                raise SettingsError(f"before is {before!r}: give a date, such as 2026-01-31")
            moment = known
        with self.transaction():
            rows = iter(self._session.store.older(moment, published=by == "published"))
            gone = 0
            while part := list(islice(rows, BATCH)):
                gone += self._forget(self._session.store.get(part))
            return gone

    def _forget(self, entries: Iterable[Entry]) -> int:
        """Forgets entries, with their copies; returns how many of them were kept."""
        gone: dict[int, bool] = {}
        for entry in entries:
            gone[entry.row] = not entry.kept
            if not entry.kept:
                gone.update((copy.row, False) for copy in self._session.store.copies(entry.row))
        self._session.store.discard(gone)
        return sum(gone.values())

    # What it tells of itself

    def entries(self, *, copies: bool = False) -> Iterator[Article]:
        """All articles that are kept, in the order in which they were added; with `copies`, each before those that are stored
        beside it, so that another index to which all are added keeps and stores the same, but for what it decides otherwise as
        it knows less boilerplate. The index may be used meanwhile: an article that came or went then may be among them or not.
        """
        with self._session.reading():
            found = self._session.store.entries()
        while True:
            with self._session.reading():
                part = list(islice(found, BATCH))
                beside = {e.row: self._session.store.copies(e.row) for e in part if copies and not e.kept}
            if not part:
                return
            for entry in part:
                if not entry.kept:
                    yield entry.article
                    yield from (copy.article for copy in beside.get(entry.row, ()))

    @property
    def files(self) -> tuple[str, ...]:
        """The file that it is kept in, if it is kept in one; nothing else may be written there."""
        path = getattr(self._session.store, "path", None)
        return () if path is None else (str(path),)

    @property
    def made_by(self) -> dict[str, str]:
        """The settings that made it, which whoever adds articles must share."""
        return dict(self._session.store.header)

    def stats(self) -> IndexStats:
        """What it holds."""
        with self._session.reading():
            kept, stored, dropped = self._session.store.count()
            tables = self._session.store.tables
            return IndexStats(
                articles=kept,
                stored_copies=stored,
                dropped=dropped,
                boilerplate=len(self._session.matcher.learned.names),
                capped=tables.capped,
                memory=tables.nbytes,
                disk=self._session.store.size(),
            )

    def verify(self) -> list[str]:
        """What is damaged, in words; empty when all is well. Reads everything."""
        with self._session.reading():
            return self._session.store.verify()

    def compact(self) -> None:
        """Gives the room of what was forgotten back, on disk and in memory. Raises StoreError within a transaction."""
        self._session.compact()

    def close(self) -> None:
        """Ends the use of the index. Raises StoreError within a transaction."""
        self._session.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_many(articles: object, batch: int) -> None:
    if batch < 1:
        raise SettingsError(f"batch is {batch}: give at least 1")
    if isinstance(articles, (str, Mapping)):
        raise SettingsError("one article is given where many are expected: put it into a list")


def _set_aside(record: Quarantined) -> Verdict:
    return Verdict("", "quarantined", reason=f"{record.reason}: {record.detail}")


def _nowhere(record: Quarantined) -> Placed:
    return Placed(_set_aside(record), 0, 0, 0)


def _likeness(found: Found) -> Likeness:
    decision = found.decision
    return Likeness(
        found.piece.entry.id,
        decision.relation,
        round(found.resemblance, 4),
        round(found.containment, 4),
        decision.reason,
    )
