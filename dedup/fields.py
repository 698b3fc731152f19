"""Which field of a record holds what: records of common scrapers -> Article."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dedup import dates
from dedup.urls import host

PLANS: Final = 1_000
"""So many shapes of records (sets of keys) are remembered at once."""


_NOWHERE: Final = object()
"""A key that no record has."""


@dataclass(frozen=True, slots=True)
class Fields:
    """For each part of an article the names it may have, first hit first; `a.b` reaches into nested records."""

    text: tuple[str, ...] = (
        "articleBody",
        "article_text",
        "maintext",
        "plaintext",
        "text",
        "body",
        "content",
        "markdown",
        "raw_text",
    )
    id: tuple[str, ...] = ("id", "guid", "_id")
    url: tuple[str, ...] = ("url", "link", "loaded_url", "source")
    canonical_url: tuple[str, ...] = ("canonicalUrl", "canonical_url", "canonical_link")
    title: tuple[str, ...] = ("title", "headline", "article_title", "name")
    published: tuple[str, ...] = (
        "datePublished",
        "date_publish",
        "article_publish_date",
        "publish_date",
        "publishing_date",
        "published",
        "date",
    )
    modified: tuple[str, ...] = ("dateModified", "date_modify", "modified", "updated")
    site: tuple[str, ...] = ("source_domain", "hostname", "site", "publisher")
    language: tuple[str, ...] = ("language", "lang", "inLanguage", "article_language", "meta_lang")

    def text_of(self, record: Mapping[str, Any]) -> object:
        """The value of the first text field that is there and not None; None when there is none."""
        return _first(record, self.text)

    def with_text(self, record: Mapping[str, Any], text: str) -> dict[str, Any]:
        """A copy of a record with another text in the place of its own (`text_of`)."""
        name = self.text_name(record)
        return _with(record, [name] if record.get(name) is not None else name.split("."), text)

    def text_name(self, record: Mapping[str, Any]) -> str:
        """The name of the field that the text of a record is in (`text_of`); empty when there is none."""
        plain = (name for name in self.text if record.get(name) is not None)
        nested = (name for name in self.text if "." in name and _first(record, (name,)) is not None)
        return next(plain, None) or next(nested, "")

    def identity(self, given: object, record: Mapping[str, Any], text: bytes) -> str:
        """What the record is called: its id, else its URL, else a hash of its text."""
        if isinstance(given, str) and given:
            return given
        if isinstance(given, int):
            return str(given)
        return _url(_first(record, self.url)) or "text-" + hashlib.blake2b(text, digest_size=8).hexdigest()


class Essentials:
    """Looks up in every record of a dump what each of them is asked for: text, id, date of publication, title, site, URL.

    A dump has few shapes of records: the names that hit are remembered by the record's keys, because trying all of them
    anew takes longer than parsing the record.
    """

    def __init__(self, fields: Fields) -> None:
        self._names = (fields.text, fields.id, fields.published, fields.title, fields.site, fields.url)
        self._nested = [any("." in name for name in names) for names in self._names]
        self._plans: dict[tuple[str, ...], tuple[tuple[object, ...], tuple[int, ...]]] = {}

    def __call__(self, record: Mapping[str, Any]) -> list[Any]:
        """The six values as the record states them, None for what it does not."""
        keys = tuple(record)
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plan(keys, record)
        values: list[Any] = list(map(record.get, plan[0]))  # type: ignore[arg-type]
        for part in plan[1]:
            if values[part] is None:
                values[part] = _first(record, self._names[part])
        return values

    def _plan(self, keys: tuple[str, ...], record: Mapping[str, Any]) -> tuple[tuple[object, ...], tuple[int, ...]]:
        """The name to ask first for each part, and the parts that may be found elsewhere when it has no value."""
        if len(self._plans) >= PLANS:
            self._plans.clear()
        there = [[name for name in names if name in record] for names in self._names]
        first = tuple(found[0] if found else _NOWHERE for found in there)
        others = tuple(i for i, found in enumerate(there) if len(found) > 1 or self._nested[i])
        self._plans[keys] = first, others
        return self._plans[keys]


@dataclass(frozen=True, slots=True)
class Article:
    """A record as policies see it: each part is looked up in the record when it is asked for, None when it is unknown.

    Times are seconds since 1970 UTC.
    """

    id: str
    record: Mapping[str, Any]
    fields: Fields

    @property
    def text(self) -> str:
        """The text; empty when it is not a string."""
        value = self.fields.text_of(self.record)
        return value if isinstance(value, str) else ""

    @property
    def url(self) -> str | None:
        """The URL, when it is one."""
        return _url(_first(self.record, self.fields.url))

    @property
    def canonical_url(self) -> str | None:
        """The URL that the page calls its canonical one."""
        return _url(_first(self.record, self.fields.canonical_url))

    @property
    def title(self) -> str | None:
        """The title."""
        return _string(_first(self.record, self.fields.title))

    @property
    def published(self) -> float | None:
        """When it was published."""
        return dates.parse(_first(self.record, self.fields.published))

    @property
    def modified(self) -> float | None:
        """When it was last changed."""
        return dates.parse(_first(self.record, self.fields.modified))

    @property
    def site(self) -> str | None:
        """The record's site, else the host name of its URL."""
        return _string(_first(self.record, self.fields.site)) or host(self.url)

    @property
    def language(self) -> str | None:
        """The language, as the record states it."""
        return _string(_first(self.record, self.fields.language))


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> object:
    """The first of the names that the record has a value for; then the dotted ones, part by part."""
    for name in names:
        value = record.get(name)
        if value is not None:
            return value
    for name in names:
        if "." in name:
            inner: object = record
            for part in name.split("."):
                inner = inner.get(part) if isinstance(inner, Mapping) else None
            if inner is not None:
                return inner
    return None


def _with(record: Mapping[str, Any], path: list[str], value: object) -> dict[str, Any]:
    return {**record, path[0]: _with(record[path[0]], path[1:], value) if path[1:] else value}


def _url(value: object) -> str | None:
    text = _string(value)
    return text if text and text.startswith(("http://", "https://")) else None


def _string(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) and value else None
