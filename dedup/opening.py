"""A URI -> an open index; and the stream of articles that are new to one."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from dedup.index import Index, T
from dedup.scheme import Scheme
from dedup.settings import Keep, Limits, Settings
from dedup.stores import Opening, open_store

Durability = Literal["process", "power"]

FORMAT: Final = 2
"""Raised when what an index keeps of an article changes its meaning."""


def open_index(
    uri: str,
    settings: Settings | None = None,
    *,
    threshold: float | None = None,
    keep: Keep | None = None,
    create: bool = True,
    durability: Durability = "process",
    seed: int | Literal["random"] | None = None,
) -> Index:
    """Opens the index that `uri` names, or makes it: `memory:`, `sqlite:seen.db`, `redis://host:6379/0?prefix=news`.

    `threshold` and `keep` go before those of `settings`. `create=False`: it must exist. `durability`: what a verdict that
    was returned survives: the end of the process, however it comes (`process`), or the loss of power, too (`power`). `seed`
    of the fingerprints of a new index; `random`: drawn, so that nobody can make articles that collide on purpose.

    Raises SettingsError, StoreError, IndexMismatch (made by other settings), IndexDamaged; the file is not changed then.
    """
    settings = settings or Settings()
    changes: dict[str, Any] = {name: v for name, v in (("threshold", threshold), ("keep", keep)) if v is not None}
    drawn = random.SystemRandom().randrange(1, 1 << 32) if seed == "random" else seed
    if drawn is not None:
        changes["scheme"] = dataclasses.replace(settings.scheme, seed=int(drawn))
    settings = dataclasses.replace(settings, **changes)
    free = seed == "random" or (seed is None and settings.scheme.seed == Scheme().seed)
    header = _header(settings)

    def opening(rest: str) -> Opening:
        return Opening(rest, header, frozenset({"seed"} if free else ()), settings.limits, create, durability)

    store = open_store(uri, opening)
    scheme = dataclasses.replace(settings.scheme, seed=int(store.header["seed"]))
    return Index(store, dataclasses.replace(settings, scheme=scheme))


def inspect_index(uri: str) -> Index:
    """Opens an index that exists, whatever settings made it, to look at what it holds or to take articles out of it; what it
    says of new articles means nothing. Raises as `open_index` does.
    """
    header = _header(Settings())
    free = frozenset(header) - {"format"}
    return Index(open_store(uri, lambda rest: Opening(rest, header, free, Limits(), create=False)), Settings())


def _header(settings: Settings) -> dict[str, str]:
    """What two runs must agree in to share an index."""
    scheme, bands = settings.scheme, settings.bands
    return {
        "format": str(FORMAT),
        "scheme": dataclasses.replace(scheme, seed=0).fingerprint,
        "shingle": str(scheme.shingle),
        "permutations": str(scheme.permutations),
        "text revision": str(scheme.revision),
        "seed": str(scheme.seed),
        "bands": f"{bands.count} of {bands.rows} rows",
        "min_tokens": str(settings.min_tokens),
        "passages": str(settings.passages),
        "boilerplate": str(settings.boilerplate),
        "pages": "off" if settings.pages == "off" else "clean",
    }


def unique(stream: Iterable[T], *, index: Index | str = "memory:", batch: int = 1) -> Iterator[T]:
    """The articles of a stream that are new: the very objects, or copies of those whose text holds a body twice, with it once.

    Mappings, texts, or objects of scrapers (`Fields`). `index`: an open one, or a URI. Records that hold no text are passed
    on, as nothing tells whether they are new. With a `batch` of more, so many articles are taken at once, which is faster;
    whoever stops in the middle of a batch does not get the rest of it, which the index knows already.

    >>> list(unique([{"text": "Ferry stays in port."}, {"text": "Ferry stays in port."}]))
    [{'text': 'Ferry stays in port.'}]
    """
    opened = index if isinstance(index, Index) else open_index(index)
    try:
        for record, verdict in opened.stream(stream, batch=batch):
            if not verdict.duplicate:
                yield record
    finally:
        if opened is not index:
            opened.close()
