"""Articles of an index in Redis, read from the server when they are compared."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from dedup.entries import Entry
from dedup.errors import IndexDamaged
from dedup.stores import redis_rows as rows_
from dedup.stores.redis_change import Change
from dedup.stores.redis_mirror import Mirror
from dedup.stores.redis_server import Server

REMEMBERED: Final = 4096
"""So many articles are remembered; others are read again."""


class Articles:
    """The entries of rows as they were when they were added, which never changes; rows are never used twice."""

    def __init__(self, server: Server, key: str) -> None:
        self._server, self._key = server, key
        self._known: OrderedDict[int, Entry] = OrderedDict()

    def clear(self) -> None:
        """Forgets all."""
        self._known.clear()

    def remember(self, entries: dict[int, Entry]) -> None:
        """Keeps entries at hand, whatever row they say that they have."""
        self._known.update(entries)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def of(self, rows: Sequence[int], mirror: Mirror, change: Change, *, needed: bool = False) -> dict[int, Entry]:
        """The entries of rows; what others have deleted since is left out, or is damage where it is `needed`.

        Raises IndexDamaged.
        """
        found = {row: change.pending[row].entry.at(row) for row in rows if row in change.pending}
        found |= {row: self._known[row].at(row) for row in rows if row in self._known}
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        if not missing:
            return found
        read = {}
        for row, data in zip(missing, self._data(missing, change), strict=True):
            if data is None:
                if needed:
                    raise IndexDamaged(self._server.uri, f"row {row} has no article: others took it away")
                continue
            try:
                read[row] = rows_.entry_of(row, mirror.rows[row], data)
            except rows_.DAMAGE as error:
                why = f"row {row} is damaged: {error}; `dedup index verify` tells more"
                raise IndexDamaged(self._server.uri, why) from error
        self.remember(read)
        return found | read

    def _data(self, rows: list[int], change: Change) -> list[bytes | None]:
        """What the server has of rows, which may be part of a change that is under way."""
        staged = {row: part.stage for part in change.staged for row in rows if part.first <= row <= part.end}
        if staged:
            return self._server.ask_all([("HGET", staged.get(row, self._key), row) for row in rows])
        found: list[bytes | None] = self._server.ask("HMGET", self._key, *rows)
        return found
