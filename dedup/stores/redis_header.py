"""The header of an index in Redis: made, and checked before anything else is done to the index."""

from __future__ import annotations

import logging
import os
import secrets
from typing import Final

from dedup.errors import IndexDamaged, StoreError
from dedup.stores import Opening, compared
from dedup.stores.redis_mirror import NONCE
from dedup.stores.redis_scripts import CREATE
from dedup.stores.redis_server import Server

log = logging.getLogger("dedup")

APPLICATION: Final = "article-dedup"

VERSION: Final = "3"
"""Of the form of the keys."""

_MARKS: Final = ("application", "version")


def opened(server: Server, prefix: str, opening: Opening) -> tuple[dict[str, str], str]:
    """The header of an index, which is made if there is none, and its epoch. Raises StoreError, IndexDamaged and IndexMismatch;
    then nothing was changed.
    """
    _able(server, opening.durability)
    found = _header(server, prefix)
    if not found:
        if not opening.create:
            raise StoreError(server.uri, f"there is no index with the prefix {prefix}")
        marks = dict(zip(_MARKS, (APPLICATION, VERSION), strict=True))
        given = [text for pair in sorted({**opening.header, **marks}.items()) for text in pair]
        server.run(CREATE, prefix, [secrets.token_hex(8), os.urandom(NONCE), *given])
        found = _header(server, prefix)
    application, version = (found.pop(name, "") for name in _MARKS)
    if application != APPLICATION:
        raise IndexDamaged(server.uri, f"is no index: there are other keys that begin with {prefix}:")
    if version != VERSION:
        raise IndexDamaged(server.uri, f"has format {version}; this version of dedup reads format {VERSION}")
    compared(server.uri, opening, found)
    epoch = server.ask("HGET", f"{prefix}:state", "epoch")
    if epoch is None:
        raise IndexDamaged(server.uri, f"is damaged: there is no {prefix}:state")
    return found, epoch.decode()


def _header(server: Server, prefix: str) -> dict[str, str]:
    found: dict[bytes, bytes] = server.ask("HGETALL", f"{prefix}:header")
    return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in found.items()}


def _able(server: Server, durability: str) -> None:
    """Whether the server is one that an index can be trusted to."""
    if durability not in ("process", "power"):
        raise StoreError(server.uri, f"durability is {durability!r}: give process or power")
    facts = server.facts()
    if facts.get("cluster_enabled"):
        raise StoreError(server.uri, "is a Redis Cluster, over which the keys of one index cannot be spread")
    policy = str(facts.get("maxmemory_policy", ""))
    if facts.get("maxmemory") and policy.startswith("allkeys"):
        log.warning(
            "%s: the server drops keys when its memory is full (maxmemory-policy %s): use noeviction",
            server.uri,
            policy,
        )
    if durability == "power":
        values = {name: server.setting(name) for name in ("appendonly", "appendfsync")}
        if values != {"appendonly": "yes", "appendfsync": "always"}:
            raise StoreError(
                server.uri, f"surviving the loss of power takes appendonly yes, appendfsync always; it has {values}"
            )
