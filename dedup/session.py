"""An open store, and what decides with its help: one change at a time, all of it or nothing, and reads of one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dedup.election import Election
from dedup.errors import StoreError
from dedup.learning import Learned
from dedup.matching import Matcher
from dedup.ready import Batch
from dedup.settings import Settings
from dedup.stores import Store


class Session:
    """Threads may share it. What is known beside the store's tables (`matcher`, `election`) is made anew after a change that
    was undone.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._uri, self._settings = store.uri, settings
        self.store = store
        self._lock = threading.RLock()
        self._inside = self._reading = self._failed = self._closed = False
        self._start()

    def _start(self) -> None:
        self._stale = True
        self.matcher = Matcher(self._settings, Learned(self.store.learned()))
        self.election = Election(self.store, self.matcher)
        self._stale = False

    def ready(self) -> None:
        """Makes good for a change that was undone. Raises StoreError when the store was closed."""
        with self._lock:
            if self._closed:
                raise StoreError(self._uri, "was closed; open it anew")
            if self._stale:
                self._start()

    def ahead(self, batch: Batch) -> None:
        """Has the store get ready for articles that will be placed."""
        with self._lock:
            self.ready()
            self.store.ahead(batch.entries, batch.keys)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One change (see `Index.transaction`); a block within a block is a part of it."""
        with self._lock:
            if self._inside:
                yield from self._within()
                return
            self.ready()
            try:
                self._inside, self._failed = True, False
                with self.store.write():
                    self._refresh()
                    yield
                    if self._failed:
                        raise StoreError(self._uri, "a part of this change failed, so that all of it is undone")
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
    def reading(self) -> Iterator[None]:
        """What is read in the block is of one moment, and no older than its beginning; a block within a block, or within a
        transaction, is a part of it.
        """
        with self._lock:
            if self._inside or self._reading:
                yield
                return
            self.ready()
            try:
                self._reading = True
                with self.store.read():
                    self._refresh()
                    yield
            finally:
                self._reading = False

    def _refresh(self) -> None:
        self._stale = True  # until what was taken in is known here, too
        self.matcher.learned.add(self.store.refresh())
        self._stale = False

    def compact(self) -> None:
        """Has the store give room back. Raises StoreError within a transaction."""
        with self._lock:
            self.ready()
            self._outside()
            self._stale = True
            self.store.compact()

    def close(self) -> None:
        """Ends the use of the store. Raises StoreError within a transaction."""
        with self._lock:
            self._outside()
            self._closed = True
            self.store.close()

    def _outside(self) -> None:
        if self._inside:
            raise StoreError(self._uri, "is within a transaction, which has to end first")
