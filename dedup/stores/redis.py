"""A store in Redis, which several machines share: articles in the server; keys in memory, kept up with the server."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from dedup import zstd
from dedup.entries import Entry
from dedup.errors import IndexDamaged, StoreError
from dedup.keys import Keys, Lot
from dedup.packing import packed_alone
from dedup.stores import Opening
from dedup.stores import redis_header as header
from dedup.stores import redis_rows as rows_
from dedup.stores.redis_address import Address
from dedup.stores.redis_articles import REMEMBERED, Articles
from dedup.stores.redis_care import problems, size, slim
from dedup.stores.redis_change import Change
from dedup.stores.redis_mirror import NONCE, Mirror
from dedup.stores.redis_parcels import Parcel, Parcels
from dedup.stores.redis_rows import CHUNK
from dedup.stores.redis_scripts import CHUNKS, COMMIT, HISTORY, HISTORY_BYTES, LOOK
from dedup.stores.redis_server import LEASE, Lock, Server
from dedup.tables import Tables

log = logging.getLogger("dedup")

STAGED: Final = 16 << 20
"""Bytes of a change; more are sent before its end, to stay apart until then."""

_ENTRIES: Final = 500
"""Articles are read one after another in parts of so many."""


_REFUSED: Final = {
    b"gone": "was emptied, or made anew, while it was open: nothing was written; open it again",
    b"damaged": "is damaged: {0}; others, or the server for want of memory, took keys away",
    b"back": "the server went back to an older state of it, as after a restart without its last changes; open it again",
}
"""What a script says when it does nothing."""


class RedisStore:
    """Entries in Redis (see `stores.Store`).

    Rows are read and written in chunks; `Mirror` holds what a process knows of them. A change is one script that runs only at the
    version of the index that the change was made at.
    """

    def __init__(self, opening: Opening, *, secure: bool = False) -> None:
        self._address = Address.of(opening.rest, secure=secure)
        self.uri = self._address.uri
        self._prefix = self._address.prefix
        self._limits = opening.limits
        self._server = Server(self._address)
        try:
            self.header, self._epoch = header.opened(self._server, self._prefix, opening)
            self._lock = Lock(self._server, self._prefix)
            self._writing = False
            self._open: object = None  # the last change
            self._articles = Articles(self._server, self._key("articles"))
            self._parcels: Parcels | None = None
            self._others = False  # whether somebody else wrote before the last change
            self._forget()
            self.refresh()
        except BaseException:
            self._server.close()
            raise

    @property
    def tables(self) -> Tables:
        """The keys of all."""
        return self._mirror.tables

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _forget(self) -> None:
        """Everything in memory is to be read anew."""
        self._mirror = Mirror(self.uri, self._limits, self._address.ttl)
        self._articles.clear()
        self._parcels = None
        self._change = Change(self._mirror)

    # Keeping up

    def _catch_up(self, answer: list[Any]) -> None:
        """Takes in what an answer says, and asks for more until there is none. Raises IndexDamaged."""
        before = None
        while answer[0] != b"same":
            if answer[0] in _REFUSED:
                raise IndexDamaged(self.uri, _REFUSED[answer[0]].format(*(detail.decode() for detail in answer[1:])))
            if answer[0] == b"anew":
                before = before or self._mirror
                self._forget()
            elif self._mirror.take(answer):
                break
            answer = self._server.run(LOOK, self._prefix, self._look())
        if before is not None and not self._mirror.continues(before):
            self._mirror = before
            raise IndexDamaged(self.uri, _REFUSED[b"back"])
        self._change = Change(self._mirror)

    def _keep_up(self) -> None:
        """Takes in what others wrote."""
        if not self._writing:
            self._catch_up(self._server.run(LOOK, self._prefix, self._look()))
            self._mirror.age()

    def _look(self) -> list[Any]:
        return [self._epoch, self._lock.token, *self._mirror.known()]

    def refresh(self) -> list[int]:
        """Takes in what others wrote; returns names of boilerplate that are new here."""
        self._keep_up()
        fresh, self._mirror.fresh = self._mirror.fresh, []
        return fresh

    def read(self) -> AbstractContextManager[None]:
        """What a process knows is of one moment: that of its last look."""
        self._settle()
        return nullcontext()

    # Changing

    @contextmanager
    def write(self) -> Iterator[None]:
        """One change: nobody else writes from here to its end."""
        self._settle()
        own = self._open = object()
        answer = self._lock.take(self._look())
        try:
            self._others = answer[0] != b"same"
            self._catch_up(answer)
            self._mirror.age()
            self._change.forget(sorted(self._mirror.aged))
            self._writing = True
            yield
            self._commit()
            self._writing = False
        except BaseException:
            if self._open is own:
                self._undo()
            raise

    def _settle(self) -> None:
        """Undoes what an interrupt left open."""
        if self._writing:
            self._undo()

    def _undo(self) -> None:
        """Nothing of the change is left, here or in the server."""
        if not self._writing or self._change:
            self._forget()
        self._writing = False
        try:
            self._lock.release()
            self.refresh()
        except StoreError as error:
            log.warning("the index is read anew when it is used again: %s", error)

    def _commit(self) -> None:
        mirror, change = self._mirror, self._change
        if not change:
            self._lock.release()
            return
        nonce = os.urandom(NONCE)
        base = (self._epoch, self._lock.token, mirror.version, nonce, mirror.nonce)
        answer = self._server.run(COMMIT, self._prefix, [*base, *change.arguments(), HISTORY, HISTORY_BYTES])
        if answer[0] == b"stale":
            raise StoreError(
                self.uri, "others wrote meanwhile, as this process held still for too long; add the batch again"
            )
        if answer[0] != b"done":
            self._catch_up(answer)
        mirror.version, mirror.nonce = mirror.version + 1, nonce
        mirror.generation += bool(change.anew)
        mirror.aged.clear()
        self._lock.given()
        self._parcels = None
        self._articles.remember({row: parcel.entry for row, parcel in change.pending.items()})
        self._change = Change(mirror)

    def _stage(self) -> None:
        """Sends what was added, if it is much, to be put into its place by the end of the change."""
        if self._change.weight <= STAGED:
            return
        for part in self._change.parts():
            stage = self._key(f"stage:{self._lock.token}:{len(self._change.staged)}")
            self._lock.stages.append(stage)
            fields = [value for article in part.articles for value in article]
            self._server.ask_all(
                [("HSET", stage, "rows", part.rows, "keys", part.keys, *fields), ("PEXPIRE", stage, int(LEASE * 1000))]
            )
            self._change.sent(part, stage)

    def add(self, entry: Entry, keys: Keys) -> int:
        """Stores an entry under a new row, with the others of this change at its end."""
        packed = packed_alone(keys)
        body = self._parcels.body(entry) if self._parcels else entry.body
        (row,) = self._mirror.append(rows_.records_of([entry], [packed]), [entry.site])
        self.tables.add_row(row, keys, entry.site)
        self._change.add(row, Parcel(entry._replace(body=body), packed))
        self._stage()
        return row

    def prepared(self, entries: list[Entry]) -> list[Entry]:
        """With their texts compressed."""
        bodies = zstd.packed(entry.text for entry in entries)
        return [entry._replace(body=body) for entry, body in zip(entries, bodies, strict=True)]

    def admit(self, entries: Sequence[Entry], keys: Lot, first: int) -> range:
        """Stores entries up to the first one that something here may have to do with; all at the end of this change."""
        mirror, change = self._mirror, self._change
        sites = [entry.site for entry in entries]
        change.entering = True
        count = self.tables.admit(keys, first, first + len(entries), mirror.last + 1, sites)
        made = self._parcels
        if made is None or not made.hold(keys, first, count):
            made = Parcels(entries[:count], keys, first, range(count))
        records, parcels = made.part(first, count)
        rows = mirror.append(records, sites[:count])
        for row, parcel in zip(rows, parcels, strict=True):
            change.add(row, parcel)
        change.entering = False
        self._stage()
        return rows

    def discard(self, rows: Iterable[int]) -> None:
        """Forgets rows."""
        for row in rows:
            if self._mirror.here(row):
                self._change.touch(row)  # first, so that an interrupt finds that there is something to undo
                self._mirror.lose(row)
                self._change.forget([row])

    def update(self, row: int, *, kept: int | None = None, copies: int = 0, lost: int = 0) -> None:
        """Changes a row."""
        if not self._mirror.here(row):
            return
        self._change.touch(row)
        record = self._mirror.rows[row]
        if kept is not None:
            self._mirror.keep_for(row, kept)
        record["copies"] += copies
        record["lost"] += lost

    def learn(self, names: Iterable[int]) -> None:
        """Keeps names of boilerplate."""
        new = [name for name in dict.fromkeys(names) if name not in self._mirror.names]
        self._change.learnt += new
        self._mirror.names.update(new)

    def note(self, name: str, value: str | None) -> None:
        """Keeps a value under a name; None forgets it."""
        self._change.noted[name] = value

    # Asking

    def ahead(self, entries: Sequence[Entry], keys: Lot) -> None:
        """Makes what will be sent of those that look new, and reads in one go what others will be compared with."""
        if self._others:
            self._keep_up()
        self.tables.expect(keys)  # others would wait while tables grow later
        proposed = self.tables.proposed(keys)
        wanted = sorted({row for rows in proposed.values() for row in rows})
        self._articles.of(wanted[-REMEMBERED:], self._mirror, self._change)
        self._parcels = Parcels(entries, keys, 0, [i for i in range(len(entries)) if i not in proposed])
        if self._others:
            self._keep_up()  # what is taken in here does not have to be while others wait

    def get(self, rows: Sequence[int]) -> list[Entry]:
        """The entries of rows that are there."""
        mirror = self._mirror
        wanted = [row for row in rows if mirror.here(row)]
        found = self._articles.of(wanted, mirror, self._change, needed=self._writing)
        return [mirror.now(found[row]) for row in wanted if row in found]

    def named(self, id: str) -> list[Entry]:
        """The entries with this id, the earliest first."""
        rows = self._mirror.where("id", lambda tags: tags == rows_.tag_of(id))
        return [entry for entry in self.get(rows) if entry.id == id]

    def copies(self, row: int) -> list[Entry]:
        """The stored copies of a row, the earliest first."""
        return self.get(self._mirror.copies.get(row, ()))

    def entries(self) -> Iterator[Entry]:
        """All entries, the earliest first."""
        for start in range(1, self._mirror.last + 1, _ENTRIES):
            yield from self.get(range(start, start + _ENTRIES))

    def older(self, moment: float, *, published: bool) -> list[int]:
        """The rows that were added, or are dated, before a moment."""
        return self._mirror.where("published" if published else "seen", lambda dates: dates < moment)

    def learned(self) -> Iterable[int]:
        """All names of boilerplate."""
        return sorted(self._mirror.names)

    def notes(self) -> dict[str, str]:
        """All values that are kept."""
        held = self._server.ask("HGETALL", self._key("notes"))
        known = {
            name.decode("utf-8", "surrogatepass"): value.decode() for name, value in held.items()
        } | self._change.noted
        return {name: value for name, value in known.items() if value is not None}

    def count(self) -> tuple[int, int, int]:
        """Articles kept, copies stored, copies dropped."""
        return self._mirror.count()

    # Looking after it

    def _numbers(self) -> range:
        """The chunks."""
        return range(-(-self._change.base // CHUNK))

    def size(self) -> int:
        """Bytes of the server's memory, as it estimates them."""
        return size(self._server, self._key, self._numbers())

    def verify(self) -> list[str]:
        """Checks every row by its checksums."""
        self._keep_up()
        return problems(self._server, self._mirror, self._key, self._numbers())

    def compact(self) -> None:
        """Gives the room that the keys of forgotten rows take back, in the server and in memory."""
        for start in range(0, len(self._numbers()), CHUNKS):
            with self.write():
                for n in self._numbers()[start : start + CHUNKS]:
                    anew = slim(self._server, self._key, n) if (n + 1) * CHUNK <= self._change.base else None
                    self._change.anew.update({} if anew is None else {n: anew})
        self._forget()
        self.refresh()

    def close(self) -> None:
        """Ends the use of the server."""
        self._lock.close()
        self._server.close()


def secure(opening: Opening) -> RedisStore:
    """The store behind a connection with TLS."""
    return RedisStore(opening, secure=True)
