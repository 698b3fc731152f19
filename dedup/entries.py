"""Records -> what an index keeps of each (an entry), and what follows from its text (words)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.columns import slices, tuples
from dedup.corpus import Batch, fingerprinted
from dedup.fields import Article, Essentials, Fields
from dedup.model import Place, Quarantined
from dedup.settings import Settings
from dedup.shapes import Record
from dedup.signatures import encode
from dedup.sources import Facts, Rows, Taken, take

_STORED: Final = Fields()
"""How the parts of an entry are named in the record that policies see."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_essentials: Final = lru_cache(maxsize=16)(Essentials)
"""What shapes records have is remembered from one batch to the next, for so many maps of fields."""


class Entry(NamedTuple):
    """What an index keeps of an article. `text`: UTF-8, each body once. `published`, `seen` (when it was added): seconds
    since 1970 UTC. `row`: its number in the store, from 1; 0 for one that is in none. `kept`: the row that is kept for
    it, 0 when it is kept itself. `copies`: so many copies were dropped for it; `lost` of them, with other words, were not
    stored. `body`: the text as the store holds it, if that was made already.
    """

    id: str
    text: bytes
    title: str | None = None
    url: str | None = None
    canonical_url: str | None = None
    site: str | None = None
    published: float | None = None
    seen: float = 0.0
    row: int = 0
    kept: int = 0
    copies: int = 0
    lost: int = 0
    body: bytes = b""

    def at(self, row: int) -> Entry:
        """The entry in another row of a store; some times as fast as `_replace`."""
        return Entry._make((*self[:_ROW], row, *self[_ROW + 1 :]))

    @property
    def record(self) -> dict[str, Any]:
        """The entry as a record, under the first names of `Fields`."""
        parts = {
            "id": self.id,
            "url": self.url,
            "canonicalUrl": self.canonical_url,
            "title": self.title,
            "datePublished": None if self.published is None else moment(self.published),
            "source_domain": self.site,
            "articleBody": self.text.decode("utf-8", "surrogatepass"),
        }
        return {name: value for name, value in parts.items() if value is not None}

    @property
    def article(self) -> Article:
        """The entry as policies see it."""
        return Article(self.id, self.record, _STORED)


_ROW: Final = Entry._fields.index("row")


def moment(seconds: float) -> str:
    """Seconds since 1970 UTC as ISO 8601.

    >>> moment(0.0)
    '1970-01-01T00:00:00+00:00'
    """
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


class Words(NamedTuple):
    """What follows from title and text of an entry: its `tokens` u32[n], a 128-bit `hash` of them; its pieces (lines and
    sentences), m of them: `keys` u64[m], `lengths` u32[m]; `context` u32[2, CONTEXT]: words of title and opening.
    """

    tokens: NDArray[np.uint32]
    hash: bytes
    keys: NDArray[np.uint64]
    lengths: NDArray[np.uint32]
    context: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Reading:
    """A batch of records as an index takes it: the `entries` and `words` of those with a text that has words, and for every
    record, in order, the number of its entry, or why it has none. `doubled`: the entries whose text held a body twice.
    """

    entries: list[Entry] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    outcome: list[int | Quarantined] = field(default_factory=list)
    doubled: dict[int, int] = field(default_factory=dict)


def read(records: Iterable[Record], settings: Settings) -> Reading:
    """Reads records; those without a text or without words are set aside."""
    fields = settings.fields
    facts, essentials = Facts(fields), _essentials(fields)
    found = Reading()
    parts = Rows([], [])
    now = time.time()
    for number, given in enumerate(records, 1):
        taken = take(given, essentials, fields)
        if not isinstance(taken, Taken):
            found.outcome.append(Quarantined(Place("<records>", number), *taken))
            continue
        record, text, values = taken
        data = encode(text)
        parts.texts.append(data)
        parts.titles.append(facts.add(record, data, values))
        row = len(facts.ids) - 1
        found.outcome.append(row)
        found.entries.append(
            Entry(
                facts.ids[row],
                data,
                essentials.title(values),
                essentials.url(values, record),
                essentials.canonical_url(values),
                facts.site(row),
                facts.published(row),
                now,
            )
        )
    if parts.texts:
        _take(found, parts, settings)
    return found


def _take(found: Reading, parts: Rows, settings: Settings) -> None:
    """The words of all entries; entries without any are set aside."""
    batch = fingerprinted(parts, settings)
    words = _words(batch)
    entries, found.entries[:] = found.entries[:], []
    for number, row in enumerate(found.outcome):
        if not isinstance(row, int):
            continue
        if batch.lengths[row] == 0:
            found.outcome[number] = Quarantined(Place("<records>", number + 1), "empty", "the text has no words")
            continue
        found.outcome[number] = new = len(found.entries)
        if row in batch.doubled:
            entries[row] = entries[row]._replace(text=batch.texts[row])
            found.doubled[new] = batch.doubled[row]
        found.entries.append(entries[row])
        found.words.append(words[row])


def words_of(entries: Sequence[Entry], plain: Settings) -> list[Words]:
    """The words of entries that come from a store, whose texts were cleaned then; `plain`: settings that clean no pages."""
    titles = [encode(entry.title or "") for entry in entries]
    return _words(fingerprinted(Rows([entry.text for entry in entries], titles), plain))


def _words(batch: Batch) -> list[Words]:
    tokens = batch.tokens.copy()  # stands in room for a token a byte, which is not to be held with the words
    tokens.flags.writeable = False
    words, pieces = slices(batch.lengths), slices(batch.counts)
    hashes = batch.hashes.tobytes()
    size = batch.hashes.itemsize * batch.hashes.shape[1]
    return tuples(
        Words,
        map(tokens.__getitem__, words),
        [hashes[at : at + size] for at in range(0, len(hashes), size)],
        map(batch.keys.__getitem__, pieces),
        map(batch.pieces.__getitem__, pieces),
        batch.contexts,
    )
