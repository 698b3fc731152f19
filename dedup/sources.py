"""Records of any origin -> batches of texts, and back from a row number to its record."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from dedup import dates
from dedup.errors import InputError, NoTextField
from dedup.fields import Article, Essentials, Fields
from dedup.model import Place, Quarantined, QuarantineReason
from dedup.signatures import encode

BATCH_BYTES: Final = 1 << 19
"""Texts are read and fingerprinted in batches of about this many bytes."""


class Facts:
    """What is remembered of every row while it is read: id, and date of publication."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._published = array("d")
        self.ids: list[str] = []

    def add(self, record: Mapping[str, Any], text: bytes, given: object, published: object) -> None:
        """Takes the next row, with its id and date as the record states them."""
        self.ids.append(self._fields.identity(given, record, text))
        moment = dates.parse(published)
        self._published.append(math.nan if moment is None else moment)

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

    `volume`: bytes read (of texts, for records in memory).
    """

    quarantined: list[Quarantined]
    blank_lines: int
    volume: int
    facts: Facts

    def batches(self) -> Iterator[list[bytes]]:
        """The texts of all rows in order, as UTF-8; to be read to the end once, before anything else is asked."""

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""

    def raw(self, row: int) -> bytes:
        """The record of a row as bytes that tell it from any other record."""

    def record(self, row: int) -> Mapping[str, Any] | str:
        """The record of a row as it is given back."""

    def place(self, row: int) -> Place:
        """Where the record of a row came from."""

    def order(self, place: Place) -> tuple[int, int]:
        """Sorts places by input order."""

    @property
    def records(self) -> int:
        """How many records there were, those set aside included."""


class RecordSource:
    """Records in memory: mappings, or plain strings that are texts themselves."""

    name: Final = "<records>"

    def __init__(self, records: Iterable[Mapping[str, Any] | str], fields: Fields) -> None:
        self._records = records
        self._fields = fields
        self._rows: list[Mapping[str, Any] | str] = []
        self._numbers = array("q")
        self.facts = Facts(fields)
        self.quarantined: list[Quarantined] = []
        self.blank_lines = 0
        self.volume = 0

    def batches(self) -> Iterator[list[bytes]]:
        """The texts of all rows in order, as UTF-8. Raises NoTextField when no record has one."""
        texts: list[bytes] = []
        size = 0
        keys: set[str] = set()
        essentials = Essentials(self._fields)
        for number, record in enumerate(self._records, 1):
            mapping = self._mapping(record)
            text, given, published = (None, None, None) if mapping is None else essentials(mapping)
            if mapping is None or not isinstance(text, str):
                keys.update(map(str, mapping or ()))
                self.quarantined.append(Quarantined(Place(self.name, number), *no_text(record, text)))
                continue
            self._rows.append(record)
            self._numbers.append(number)
            texts.append(encode(text))
            self.facts.add(mapping, texts[-1], given, published)
            size += len(texts[-1])
            if size >= BATCH_BYTES:
                self.volume += size
                yield texts
                texts, size = [], 0
        self.volume += size
        if not self._rows and self.quarantined:
            if any(q.reason == "no_text" for q in self.quarantined):
                raise NoTextField(self.name, keys, self._fields.text)
            raise InputError(
                self.name, f"no record is a mapping or a string: the first is {self.quarantined[0].detail}"
            )
        yield texts

    def _mapping(self, record: object) -> Mapping[str, Any] | None:
        """A record as a mapping; None for what is neither a mapping nor a string."""
        if isinstance(record, Mapping):
            return record
        return {self._fields.text[0]: record} if isinstance(record, str) else None

    def article(self, row: int) -> Article:
        """The record of a row, as policies see it."""
        return Article(self.facts.ids[row], self._mapping(self._rows[row]) or {}, self._fields)

    def raw(self, row: int) -> bytes:
        """The record of a row as Python shows it."""
        return encode(repr(self._rows[row]))

    def record(self, row: int) -> Mapping[str, Any] | str:
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


def no_text(record: object, text: object) -> tuple[QuarantineReason, str]:
    """Why a record without a usable text is set aside, and the detail a user needs."""
    if not isinstance(record, Mapping):
        return "not_an_object", f"a {type(record).__name__}, not an object"
    if text is None:
        return "no_text", "keys seen: " + ", ".join(sorted(map(str, record))[:20])
    return "text_not_a_string", f"the text is a {type(text).__name__}"
