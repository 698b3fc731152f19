"""Keys of all rows of an index in Redis, read from the server: what tables are filled from when they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dedup.key_log import Chunk
from dedup.stores.redis_change import Change
from dedup.stores.redis_mirror import Mirror
from dedup.stores.redis_rows import CHUNK, RECORD
from dedup.stores.redis_scripts import CHUNKS
from dedup.stores.redis_server import Server


def held(server: Server, key: Callable[[str], str], mirror: Mirror, change: Change) -> Iterator[Chunk]:
    """The rows that `mirror` knows, those of a change that is under way included. `key`: a name with the prefix."""
    total = -(-mirror.last // CHUNK)
    for start in range(0, total, CHUNKS):
        numbers = range(start, min(start + CHUNKS, total))
        found = server.ask("MGET", *(key(f"{kind}:{n}") for n in numbers for kind in ("rows", "keys")))
        parts = []
        for i, n in enumerate(numbers):
            data, keys = mirror.up_to_here(n, *found[2 * i : 2 * i + 2])
            parts.append(mirror.split(np.frombuffer(data, RECORD), keys, n * CHUNK + 1))
        yield Chunk.joined(parts)
    for part in change.staged:
        found = server.ask("HMGET", part.stage, "rows", "keys")
        yield mirror.split(np.frombuffer(found[0], RECORD), found[1], part.first)
    yield change.chunk
