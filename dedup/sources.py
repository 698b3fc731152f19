"""Records of any origin -> batches of texts, and back from a row number to its record."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from dedup import dates
from dedup.errors import InputError, NoTextField, kind_of
from dedup.fields import Article, Essentials, Fields
from dedup.inpage import clean_page
from dedup.model import Place, Quarantined, QuarantineReason
from dedup.shapes import Attributes, Record, is_object, known, seen, view
from dedup.signatures import encode
from dedup.urls import host

ORIGINS: Final = 100_000
"""So many origins of URLs are remembered, each with its host, and so many spellings of sites."""

BATCH_BYTES: Final = 1 << 19
"""Texts are read and fingerprinted in batches of about this many bytes."""


_host: Final = lru_cache(maxsize=ORIGINS)(host)


class Rows(NamedTuple):
    """Records as they are read: their texts and titles, as UTF-8 (empty where a record has no title)."""

    texts: list[bytes]
    titles: list[bytes]


class Facts:
    """What is remembered of every row while it is read: id, date of publication, and site.

    `sites` i32: a number for each site, -1 where a record names none. `stated`: in how many records each part was found.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._published = array("d")
        self._codes: dict[str, int] = {}
        self._names: list[str] = []
        self._origins: dict[str, int] = {}
        self._spelled: dict[str, int] = {}
        self.ids: list[str] = []
        self.sites = array("i")
        self.stated = dict.fromkeys(("id", "published", "title", "site", "url"), 0)

    def add(self, record: Mapping[str, Any], text: bytes, essentials: Sequence[Any]) -> bytes:
        """Takes the next row, with what `Essentials` found in it; returns its title."""
        _, given, published, title, site, url, _ = essentials
        stated = self.stated
        stated["id"] += given is not None
        stated["published"] += published is not None
        stated["title"] += title is not None
        stated["site"] += site is not None
        stated["url"] += url is not None
        self.ids.append(self._fields.identity(given, record, text))
        moment = dates.parse(published)
        if moment is None and published is not None:
            moment = self._fields.published_of(record)
        self._published.append(math.nan if moment is None else moment)
        self.sites.append(self._site(site, url, record))
        if isinstance(title, str):
            return encode(title)
        return encode(Article("", record, self._fields).title or "") if isinstance(title, bytes) else b""

    def _site(self, site: object, url: object, record: Mapping[str, Any]) -> int:
        """The number of a record's site: as it states it, else the host of its URL."""
        if isinstance(site, str) and site:
            return self._code(site)
        if not isinstance(url, str) or site or not url.startswith("http"):
            if site is None and url is None:
                return -1
            name = self._fields.site_of(record)
            return -1 if name is None else self._code(name)
        path = url.find("/", 8)  # behind `https://`, and a letter of a host behind `http://`
        origin = url if path < 0 else url[:path]
        code = self._origins.get(origin)
        if code is None:
            name = _host(origin) if origin.startswith(("http://", "https://")) else None
            code = -1 if name is None else self._code(name)
            if len(self._origins) < ORIGINS:
                self._origins[origin] = code
        return code

    def _code(self, name: str) -> int:
        code = self._spelled.get(name)
        if code is None:
            plain = name.lower().removeprefix("www.")
            code = self._codes.setdefault(plain, len(self._codes))
            if code == len(self._names):
                self._names.append(plain)
            if len(self._spelled) < ORIGINS:
                self._spelled[name] = code
        return code

    @property
    def site_names(self) -> list[str]:
        """The sites by their numbers."""
        return self._names.copy()

    def site(self, row: int) -> str | None:
        """The site of a row."""
        code = self.sites[row]
        return self._names[code] if code >= 0 else None

    @property
    def undated(self) -> int:
        """How many rows state no date that can be read."""
        return sum(map(math.isnan, self._published))

    def published(self, row: int) -> float | None:
        """Seconds since 1970 UTC, None when unknown."""
        moment = self._published[row]
        return None if math.isnan(moment) else moment


class Source(Protocol):
    """Where records come from. Row numbers count the records that have a text, from 0, in input order.

    `doubled`: rows whose text holds a body twice, and how many times more; `article` gives their text with each body once,
    `record` as it came. `unfinished`: how many of them were too hard.
    """

    quarantined: list[Quarantined]
    facts: Facts
    doubled: dict[int, int]
    unfinished: int

    @property
    def blank_lines(self) -> int:
        """Lines without a record."""

    @property
    def passed_over(self) -> int:
        """Records of archives that are no articles."""

    @property
    def volume(self) -> int:
        """Bytes read so far; of texts, for records in memory."""

    def batches(self) -> Iterator[Rows]:
        """The texts and titles of all rows in order; to be read to the end once, before anything else is asked."""

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""

    def raw(self, row: int) -> bytes:
        """The record of a row as bytes that tell it from any other record."""

    def record(self, row: int) -> Record:
        """The record of a row as it came."""

    def place(self, row: int) -> Place:
        """Where the record of a row came from."""

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""

    @property
    def records(self) -> int:
        """How many records there were, those set aside included."""

    @property
    def expected(self) -> int:
        """About how many rows there will be, while they are read; 0 where nobody can tell."""


class RecordSource:
    """Records in memory: mappings, objects with attributes, or plain strings that are texts themselves."""

    name: Final = "<records>"

    def __init__(self, records: Iterable[Record], fields: Fields) -> None:
        self._records = records
        self._fields = fields
        self._rows: list[Record] = []
        self._numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = self.passed_over = 0
        self.volume = 0
        self.doubled: dict[int, int] = {}
        self.unfinished = 0

    def batches(self) -> Iterator[Rows]:
        """The texts and titles of all rows in order. Raises NoTextField when no record has a text."""
        rows = Rows([], [])
        size = 0
        keys: set[str] = set()
        essentials = Essentials(self._fields)
        for number, record in enumerate(self._records, 1):
            taken = take(record, essentials, self._fields)
            if not isinstance(taken, Taken):
                if taken[0] == "no_text":
                    keys.update(seen(record))
                self.quarantined.append(Quarantined(Place(self.name, number), *taken))
                continue
            self._rows.append(record)
            self._numbers.append(number)
            data = encode(taken.text)
            rows.texts.append(data)
            rows.titles.append(self.facts.add(taken.record, data, taken.values))
            size += len(data)
            if size >= BATCH_BYTES:
                self.volume += size
                yield rows
                rows, size = Rows([], []), 0
        self.volume += size
        if not self._rows and self.quarantined:
            if any(q.reason == "no_text" for q in self.quarantined):
                raise NoTextField(self.name, keys, self._fields.text)
            raise InputError(
                self.name, f"no record is a mapping, an object or a string: the first is {self.quarantined[0].detail}"
            )
        yield rows

    @property
    def expected(self) -> int:
        """How many records were given, where that is known."""
        return len(self._records) if isinstance(self._records, Sized) else 0

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""
        record = self._rows[row]
        if isinstance(record, str):
            record = {self._fields.text[0]: record}
        return article_of(self.facts.ids[row], record, self._fields, doubled=row in self.doubled)

    def raw(self, row: int) -> bytes:
        """The record of a row as Python shows it; of an object, which may show its address, the parts of the article."""
        record = self._rows[row]
        if isinstance(record, (str, Mapping)):
            return encode(repr(record))
        found = self.article(row)
        parts = (found.text, found.title, found.url, found.canonical_url, found.site, found.published, found.modified)
        return encode(repr(parts))

    def record(self, row: int) -> Record:
        """The very object that was given."""
        return self._rows[row]

    def place(self, row: int) -> Place:
        """The number of a row's record, from 1."""
        return Place(self.name, self._numbers[row])

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""
        return 0, place.line

    @property
    def records(self) -> int:
        """How many records there were, those set aside included."""
        return len(self._rows) + len(self.quarantined)


class Taken(NamedTuple):
    """A record that has a text: as a mapping, with that text, and with what `Essentials` found in it."""

    record: Mapping[str, Any]
    text: str
    values: list[Any]


def take(record: Record, essentials: Essentials, fields: Fields) -> Taken | tuple[QuarantineReason, str]:
    """A record in memory as it is read, or why it is set aside, and the detail a user needs."""
    if isinstance(record, str):
        return Taken({fields.text[0]: record}, record, essentials.nothing)
    try:
        if type(record) is dict:
            values = essentials(record)
            if type(values[0]) is str:
                return Taken(record, values[0], values)
        mapping = view(record)
        if mapping is None:
            return no_text(record, None)
        values = essentials.of_object(mapping) if isinstance(mapping, Attributes) else essentials(mapping)
        text = values[0] if isinstance(values[0], str) else fields.text_of(mapping)
        return Taken(mapping, text, values) if isinstance(text, str) else no_text(record, text)
    except Exception as error:  # a property of somebody's class may raise anything
        return "damaged", f"an attribute of {kind_of(record)} cannot be read: {error!r}"


def article_of(name: str, record: Record, fields: Fields, *, doubled: bool) -> Article:
    """A record as policies see it, with each body of its text once."""
    found = Article(name, record, fields)
    if not doubled:
        return found
    text = clean_page(found.text).text
    cleaned = fields.with_text(record, text)
    return replace(found, record={**known(record), fields.text[0]: text} if cleaned is record else cleaned)


def once(record: Record, fields: Fields) -> Record:
    """A copy of a record with each body of its text once. The record itself where its text cannot be exchanged: it is HTML, or
    computed by the object.
    """
    if isinstance(record, str):
        return clean_page(record).text
    text = fields.literal(record)
    return record if text is None else fields.with_text(record, clean_page(text).text)


def no_text(record: Record, text: object) -> tuple[QuarantineReason, str]:
    """Why a record without a usable text is set aside, and the detail a user needs."""
    if not isinstance(record, Mapping) and not is_object(record):
        return "not_an_object", f"{kind_of(record)}, not an object"
    if text is None:
        return "no_text", "keys seen: " + ", ".join(seen(record)[:20])
    return "text_not_a_string", f"the text is {kind_of(text)}"
