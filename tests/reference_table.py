"""The slow twin of `kernels/table.py`: a dictionary from keys to rows."""

from __future__ import annotations

from collections.abc import Container, Iterable

_MASK = (1 << 64) - 1


def digest(key: int, salt: int, extra: int) -> tuple[int, int]:
    """Place and mark of a key, of which so many bits more than the place are known."""
    k = (key ^ salt) * 0x9FB21C651E98DF25 & _MASK
    k ^= k >> 32
    k = k * 0xC4CEB9FE1A85EC53 & _MASK
    k ^= k >> 29
    place, own = k >> 32, k % (1 << extra)
    return place, ((place << extra) + own) % (1 << 28)


class Table:
    """Which rows hold a key; a key that `limit` living rows hold takes no more, and one that is not alive gives way."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows: dict[tuple[int, int], list[int]] = {}
        self.refused = 0

    def add(self, key: tuple[int, int], row: int, alive: Container[int], leaving: Container[int] = ()) -> None:
        """`leaving`: rows that are not alive, and keep their places."""
        held = self.rows.setdefault(key, [])
        if row in held:
            return
        dead = [i for i, other in enumerate(held) if other not in alive and other not in leaving]
        if sum(other in alive for other in held) >= self.limit:
            self.refused += 1
        elif dead:
            held[dead[0]] = row
        else:
            held.append(row)

    def find(self, keys: Iterable[tuple[int, int]], alive: set[int]) -> list[tuple[int, int]]:
        """Living rows and the number of the key, sorted."""
        return sorted((row, i) for i, key in enumerate(keys) for row in self.rows.get(key, ()) if row in alive)


def often(found: list[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """Of what `Table.find` gives, the keys that so many rows hold."""
    keys = [key for _, key in found]
    return [(row, key) for row, key in found if keys.count(key) >= least]


def propose(
    near: list[tuple[int, int]], held: list[tuple[int, int]], own: int, counts: dict[int, int], share: float
) -> list[int]:
    """Rows that share a near key, or enough of the held ones: two (one where a text has one), and a share of the fewer."""
    chosen = {row for row, _ in near}
    rows = [row for row, _ in held]
    for row in set(rows):
        fewer = min(counts[row], own)
        if rows.count(row) >= min(2, fewer) and rows.count(row) >= share * fewer:
            chosen.add(row)
    return sorted(chosen)
