"""Looking after an index in Redis: what is damaged in it, what room it takes, and what of that is given back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dedup.stores import redis_rows as rows_
from dedup.stores.redis_mirror import Mirror
from dedup.stores.redis_rows import CHUNK, RECORD
from dedup.stores.redis_server import Server


def problems(server: Server, mirror: Mirror, key: Callable[[str], str], numbers: range) -> list[str]:
    """What is wrong with these chunks, of which `mirror` tells what should be there, in words. `key`: a name with the prefix."""
    known = mirror.rows[: mirror.last + 1]
    kept = (known["here"] == 1) & (known["kept"] == 0)
    found = [
        f"row {row}: is a copy of row {known[row]['kept']}, which is not kept"
        for row in mirror.where("kept", lambda rows: rows != 0)
        if known[row]["kept"] >= len(kept) or not kept[known[row]["kept"]]
    ]
    for n in numbers:
        rows = range(n * CHUNK + 1, (n + 1) * CHUNK + 1)
        parts = ("MGET", key(f"rows:{n}"), key(f"keys:{n}"))
        (data, keys), articles = server.ask_all([parts, ("HMGET", key("articles"), *rows)], whole=True)
        found += rows_.problems(n * CHUNK + 1, *mirror.up_to_here(n, data, keys), articles, mirror.sites)
    return found


def size(server: Server, key: Callable[[str], str], numbers: range) -> int:
    """Bytes of the server's memory that an index with these chunks takes, as the server estimates them."""
    names = ["header", "state", "articles", "names", "sites", "notes", "changes"]
    names += [f"{kind}:{n}" for n in numbers for kind in ("rows", "keys")]
    return sum(found or 0 for found in server.ask_all([("MEMORY", "USAGE", key(name)) for name in names]))


def slim(server: Server, key: Callable[[str], str], n: int) -> tuple[bytes, bytes] | None:
    """A full chunk without the keys of forgotten rows; None if it has none of these."""
    data, keys = server.ask("MGET", key(f"rows:{n}"), key(f"keys:{n}"))
    return rows_.slim(np.frombuffer(data, RECORD), keys or b"") if data else None
