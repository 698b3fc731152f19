"""Articles one after another -> a verdict on each, against all that came before: an index that remembers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Final, Literal

from dedup import dates
from dedup.election import Election, Placed, Ready
from dedup.entries import Entry, Reading, read
from dedup.errors import InputError, SettingsError, StoreError
from dedup.fields import Article
from dedup.learning import Learned
from dedup.matching import Found, Matcher
from dedup.model import IndexStats, Likeness, Quarantined, Verdict
from dedup.settings import Settings
from dedup.stores import Store

Record = Mapping[str, Any] | str

BATCH: Final = 500
"""Articles of one transaction."""


class Index:
    """Remembers articles, and tells of each new one whether it repeats one of them (made by `open_index`).

    Decides as a run over a dump does. It knows only what came before: so boilerplate is learnt on the way, and where a
    better copy arrives later, the verdict on that one says what it `replaces`. Threads may share an index; other processes
    may have the same file open. After a verdict was returned, the article is stored.
    """

    def __init__(self, uri: str, store: Store, settings: Settings) -> None:
        self.uri, self.settings = uri, settings
        self._store = store
        self._lock = threading.RLock()
        self._inside = self._failed = self._closed = False
        self._start()

    def _start(self) -> None:
        """Everything in memory beside the store's tables is made anew."""
        self._stale = True
        learned = Learned(self._store.learned())
        self._matcher = Matcher(self.settings, learned)
        self._election = Election(self._store, self._matcher)
        self._stale = False

    def _ready(self) -> None:
        """Makes good for a change that was undone. Raises StoreError when the index was closed."""
        if self._closed:
            raise StoreError(self.uri, "was closed; open it anew")
        if self._stale:
            self._start()

    # What is asked of it

    def add(self, article: Record) -> Verdict:
        """Whether an article is new; if so it is remembered, at once and for all who share the index."""
        return self.add_many((article,))[0]

    def add_many(self, articles: Iterable[Record], *, batch: int = BATCH) -> list[Verdict]:
        """A verdict on each article, in order; as `add`, but with one transaction for `batch` articles. Should `articles` raise
        something, the batches before are stored, and that one is not. Raises SettingsError.
        """
        return [verdict for _, verdict in self.stream(articles, batch=batch)]

    def stream(self, articles: Iterable[Record], *, batch: int = 1) -> Iterator[tuple[Record, Verdict]]:
        """Every article with its verdict, `batch` articles a transaction; the text of a new one has each body once (unless
        `settings.pages` says otherwise). A batch is added when its first article is asked for. Raises SettingsError.
        """
        if batch < 1:
            raise SettingsError(f"batch is {batch}: give at least 1")
        if isinstance(articles, (str, Mapping)):
            raise SettingsError("one article is given where many are expected: put it into a list")
        return self._stream(iter(articles), batch)

    def _stream(self, source: Iterator[Record], batch: int) -> Iterator[tuple[Record, Verdict]]:
        while chunk := list(islice(source, batch)):
            reading = read(chunk, self.settings)
            verdicts = [placed.verdict for placed in self.place(reading)]
            for number, (record, verdict) in enumerate(zip(chunk, verdicts, strict=True)):
                row = reading.outcome[number]
                if isinstance(row, int) and row in reading.doubled and self.settings.pages == "clean":
                    yield self._once(record, reading.entries[row].text), verdict
                else:
                    yield record, verdict

    def _once(self, record: Record, text: bytes) -> Record:
        body = text.decode("utf-8", "surrogatepass")
        return body if isinstance(record, str) else self.settings.fields.with_text(record, body)

    def place(self, reading: Reading) -> list[Placed]:
        """What becomes of every record of a batch that was read (`entries.read`), in one transaction."""
        with self._lock:
            self._ready()
            ready = self._election.ready(reading.entries, reading.words)
            with self.transaction():
                return [
                    self._election.place(ready[found]) if isinstance(found, int) else _nowhere(found)
                    for found in reading.outcome
                ]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Whatever is added in the block is stored with its end, all of it, or nothing if something is raised: in the block, or
        by a call of this index within it, even when the block goes on. Others wait.
        """
        with self._lock:
            if self._inside:
                yield from self._within()
                return
            self._ready()
            self._inside, self._failed = True, False
            try:
                with self._store.write():
                    self._refresh()
                    yield
                    if self._failed:
                        raise StoreError(self.uri, "a part of this change failed, so that all of it is undone")
            except BaseException:
                self._stale = True
                raise
            finally:
                self._inside = False

    def _within(self) -> Iterator[None]:
        """A part of a transaction; what it did before it failed cannot be undone alone."""
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What is read in the block is of one moment, and no older than its beginning."""
        with self._lock:
            self._ready()
            with self._store.read():
                self._refresh()
                yield

    def _refresh(self) -> None:
        self._stale = True  # until what was taken in is known here, too
        self._matcher.learned.names.update(self._store.refresh())
        self._stale = False

    def check(self, article: Record) -> Verdict:
        """The verdict that `add` would give now, without what that would mean for other copies (`restored`, `moved`); nothing is
        remembered.
        """
        reading = read((article,), self.settings)
        with self._reading():
            found = reading.outcome[0]
            if not isinstance(found, int):
                return _set_aside(found)
            return self._election.check(self._election.ready(reading.entries, reading.words)[0])

    def matches(self, article: Record | str) -> list[Likeness]:
        """All kept articles that share enough with an article to be judged, the most alike first: those that it repeats, and
        those that are `related`, `sibling` or `version`. `article`: a record, or the id of one that is kept. Raises InputError.
        """
        with self._reading():
            if isinstance(article, str):
                ready = self._known(article)
            else:
                reading = read((article,), self.settings)
                outcome = reading.outcome[0]
                if not isinstance(outcome, int):
                    raise InputError("<record>", outcome.detail)
                ready = self._election.ready(reading.entries, reading.words)[0]
            found = self._election.found(ready)
            return sorted(map(_likeness, found), key=lambda like: (-like.resemblance, like.id))

    def _known(self, id: str) -> Ready:
        entries = [entry for entry in self._store.named(id) if not entry.kept]
        if not entries:
            raise InputError(id, "the index keeps no article with this id")
        return self._election.ready(entries[-1:], self._matcher.words(entries[-1:]))[0]

    def get(self, id: str | int) -> Article | None:
        """The article with this id, the latest of several; None where the index keeps none."""
        with self._reading():
            entries = [entry for entry in self._store.named(str(id)) if not entry.kept]
            return entries[-1].article if entries else None

    def __contains__(self, id: object) -> bool:
        return isinstance(id, (str, int)) and self.get(id) is not None

    def __len__(self) -> int:
        with self._reading():
            return self._store.count()[0]

    def id_of(self, row: int) -> str:
        """The id of the article in a row of the store."""
        return self._store.get([row])[0].id

    # What is taken out of it

    def discard(self, id: str | int) -> int:
        """Forgets the articles with this id and the copies stored beside them; returns how many articles went."""
        with self.transaction():
            return self._forget(self._store.named(str(id)))

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
            rows = iter(self._store.older(moment, published=by == "published"))
            gone = 0
            while part := list(islice(rows, BATCH)):
                gone += self._forget(self._store.get(part))
            return gone

    def _forget(self, entries: Iterable[Entry]) -> int:
        """Forgets entries, with their copies; returns how many of them were kept."""
        gone: dict[int, bool] = {}
        for entry in entries:
            gone[entry.row] = not entry.kept
            if not entry.kept:
                gone.update((copy.row, False) for copy in self._store.copies(entry.row))
        self._store.discard(gone)
        return sum(gone.values())

    # What it tells of itself

    def entries(self, *, copies: bool = False) -> Iterator[Article]:
        """All articles that are kept, in the order in which they were added; with `copies`, each before those that are stored
        beside it, so that another index to which all are added keeps and stores the same. The index may be used meanwhile: an
        article that came or went then may be among them or not.
        """
        with self._reading():
            found = self._store.entries()
        while True:
            with self._reading():
                part = list(islice(found, BATCH))
                beside = {e.row: self._store.copies(e.row) for e in part if copies and not e.kept}
            if not part:
                return
            for entry in part:
                if not entry.kept:
                    yield entry.article
                    yield from (copy.article for copy in beside.get(entry.row, ()))

    @property
    def files(self) -> tuple[str, ...]:
        """The file that it is kept in, if it is kept in one; nothing else may be written there."""
        path = getattr(self._store, "path", None)
        return () if path is None else (str(path),)

    @property
    def made_by(self) -> dict[str, str]:
        """The settings that made it, which whoever adds articles must share."""
        return dict(self._store.header)

    def stats(self) -> IndexStats:
        """What it holds."""
        with self._reading():
            kept, stored, dropped = self._store.count()
            tables = self._store.tables
            return IndexStats(
                articles=kept,
                stored_copies=stored,
                dropped=dropped,
                boilerplate=len(self._matcher.learned.names),
                capped=tables.capped,
                memory=tables.nbytes,
                disk=self._store.size(),
            )

    def verify(self) -> list[str]:
        """What is damaged, in words; empty when all is well. Reads everything."""
        with self._reading():
            return self._store.verify()

    def compact(self) -> None:
        """Gives the room of what was forgotten back, on disk and in memory. Raises StoreError within a transaction."""
        with self._lock:
            self._ready()
            self._outside()
            self._stale = True
            self._store.compact()

    def close(self) -> None:
        """Ends the use of the index. Raises StoreError within a transaction."""
        with self._lock:
            self._outside()
            self._closed = True
            self._store.close()

    def _outside(self) -> None:
        if self._inside:
            raise StoreError(self.uri, "is within a transaction, which has to end first")

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _set_aside(record: Quarantined) -> Verdict:
    return Verdict("", "quarantined", reason=f"{record.reason}: {record.detail}")


def _nowhere(record: Quarantined) -> Placed:
    return Placed(_set_aside(record), 0, 0, 0, [])


def _likeness(found: Found) -> Likeness:
    decision = found.decision
    return Likeness(
        found.piece.entry.id,
        decision.relation,
        round(found.resemblance, 4),
        round(found.containment, 4),
        decision.reason,
    )
