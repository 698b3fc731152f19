"""The slow twin of `kernels/table.py`: a dictionary from keys to rows."""

from __future__ import annotations

from collections.abc import Iterable

_MASK = (1 << 64) - 1


def digest(key: int, salt: int) -> tuple[int, int]:
    """Place and tag of a key."""
    k = (key ^ salt) * 0x9FB21C651E98DF25 & _MASK
    k ^= k >> 32
    k = k * 0xC4CEB9FE1A85EC53 & _MASK
    k ^= k >> 29
    return k >> 32, k & 0xFFFF


class Table:
    """Which rows hold a key; a key that `limit` rows hold takes no more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows: dict[tuple[int, int], list[int]] = {}
        self.refused = 0

    def add(self, key: tuple[int, int], row: int) -> None:
        held = self.rows.setdefault(key, [])
        if row in held:
            return
        if len(held) >= self.limit:
            self.refused += 1
        else:
            held.append(row)

    def find(self, keys: Iterable[tuple[int, int]], alive: set[int]) -> list[tuple[int, int]]:
        """Living rows and the number of the key, sorted."""
        return sorted((row, i) for i, key in enumerate(keys) for row in self.rows.get(key, ()) if row in alive)
