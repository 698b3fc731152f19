"""Which field of a record holds what: records of common scrapers -> Article."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dedup import dates
from dedup.markup import from_html, from_markdown
from dedup.shapes import Record, exchanged, is_object, known, reach
from dedup.urls import host

PLANS: Final = 1_000
"""So many shapes of records (sets of keys) are remembered at once."""


_NOWHERE: Final = object()
"""A key that no record has."""


@dataclass(frozen=True, slots=True)
class Fields:
    """For each part of an article the names it may have, first hit first; `a.b` reaches into nested records, `a.0` into lists.

    A text is a string, or as feeds have it: `{"type": "text/html", "value": ...}`, or a list of these, of which the first
    counts. Where the type or the end of the name says `html`, tags do not count; where the name ends in `markdown`, targets of
    links do not. Names of keys and of attributes are looked up alike (`shapes.view`).
    """

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
        "content_text",
        "articleBodyHtml",
        "content_html",
        "summary_detail",
        "markdown.raw_markdown",
    )
    id: tuple[str, ...] = ("id", "guid", "_id")
    url: tuple[str, ...] = (
        "url",
        "link",
        "loaded_url",
        "source",
        "html.responded_url",
        "html.requested_url",
        "metadata.url",
        "metadata.sourceURL",
        "metadata.source_url",
        "mainEntityOfPage",
        "mainEntityOfPage.@id",
    )
    canonical_url: tuple[str, ...] = ("canonicalUrl", "canonical_url", "canonical_link", "metadata.canonical_url")
    title: tuple[str, ...] = ("title", "headline", "article_title", "name", "metadata.title")
    published: tuple[str, ...] = (
        "datePublished",
        "date_publish",
        "article_publish_date",
        "publish_date",
        "publishing_date",
        "published",
        "date",
        "date_published",
        "published_parsed",
        "metadata.date",
        "metadata.publishedTime",
        "metadata.published_time",
    )
    modified: tuple[str, ...] = (
        "dateModified",
        "date_modify",
        "modified",
        "updated",
        "date_modified",
        "updated_parsed",
        "metadata.modifiedTime",
        "metadata.modified_time",
    )
    site: tuple[str, ...] = ("source_domain", "hostname", "site", "publisher")
    language: tuple[str, ...] = (
        "language",
        "lang",
        "inLanguage",
        "article_language",
        "meta_lang",
        "metadata.language",
    )

    def text_of(self, record: Record) -> object:
        """The text of a record as it is compared: the first that is one. Else the first value of another kind; None without."""
        odd = None
        for name, value in _values(known(record), self.text):
            found = _text(name, value)
            if found is not None:
                return found
            odd = value if odd is None else odd
        return odd

    def text_name(self, record: Record) -> str:
        """The name of the field that the text of a record is in (`text_of`); empty when there is none."""
        found = [(name, _text(name, value)) for name, value in _values(known(record), self.text)]
        texts = (name for name, text in found if text is not None)
        return next(texts, found[0][0] if found else "")

    def literal(self, record: Record) -> str | None:
        """The text of a record as it stands in it, where it stands in one string that is no HTML."""
        name = self.text_name(record)
        value = next((v for n, v in _values(known(record), (name,))), None) if name else None
        return value if isinstance(value, str) and not _is_html(name) else None

    def literal_name(self, names: Collection[str]) -> str | None:
        """Of the fields with these names the one whose strings are the texts of their records, each as it stands in it, and are
        asked for nothing else. None where that cannot be told.
        """
        name = next((name for name in self.text if name in names), None)
        others = (*self.id, *self.url, *self.canonical_url, *self.title, *self.published, *self.modified, *self.site)
        return None if name is None or name in others or _is_html(name) or _is_markdown(name) else name

    def with_text(self, record: Record, text: str) -> Record:
        """A copy of a record, of its own kind, with another text in the place of its `literal` one; the record itself where it
        has none, or computes it.
        """
        if self.literal(record) is None:
            return record
        name = self.text_name(record)
        return exchanged(record, [name] if known(record).get(name) is not None else name.split("."), text)

    def identity(self, given: object, record: Mapping[str, Any], text: bytes) -> str:
        """What the record is called: its id, else its URL, else a hash of its text."""
        if isinstance(given, str) and given:
            return given
        if isinstance(given, int):
            return str(given)
        return self.url_of(record) or "text-" + hashlib.blake2b(text, digest_size=8).hexdigest()

    def url_of(self, record: Mapping[str, Any]) -> str | None:
        """The first value of a record under these names that is a URL."""
        first = _first(record, self.url)
        found = _url(first)
        if found or first is None:
            return found
        return next((url for _, value in _values(record, self.url) if (url := _url(value))), None)

    def published_of(self, record: Mapping[str, Any]) -> float | None:
        """The first date of publication of a record that can be read."""
        read = (dates.parse(value) for _, value in _values(record, self.published))
        return next((moment for moment in read if moment is not None), None)

    def site_of(self, record: Mapping[str, Any]) -> str | None:
        """The site of a record as it names it, else the host of its URL, else the name of its publisher (`publisher.name`)."""
        stated = _first(record, self.site)
        return _string(stated) or host(self.url_of(record)) or _string(reach(stated, "name"))


_Plan = tuple[tuple[object, ...], tuple[int, ...], bool]
"""The name to ask first for each part; the parts that may be found elsewhere when it has no value; whether the text may have
marks that do not count, so that the map of fields is asked for it where the first name has none.
"""


class Essentials:
    """Looks up in every record of a dump what each of them is asked for: text, id, date of publication, title, site,
    URL, canonical URL. Threads may share one.

    A dump has few shapes of records: the names that hit are remembered by the record's keys, because trying all of them
    anew takes longer than parsing the record.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        parts = (fields.text, fields.id, fields.published, fields.title, fields.site, fields.url, fields.canonical_url)
        self._names = parts
        self.nothing: list[Any] = [None] * len(parts)
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def __call__(self, record: Mapping[str, Any]) -> list[Any]:
        """The values as the record states them, None for what it does not."""
        keys = tuple(record)
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plan(keys, record)
        values: list[Any] = list(map(record.get, plan[0]))  # type: ignore[arg-type]
        for part in plan[1]:
            if values[part] is None:
                values[part] = _first(record, self._names[part])
        if plan[2] and values[0] is None:
            values[0] = self._fields.text_of(record)
        return values

    @staticmethod
    def title(values: Sequence[Any]) -> str | None:
        """The title (`Article.title`) from the values."""
        return _string(values[3])

    def url(self, values: Sequence[Any], record: Mapping[str, Any]) -> str | None:
        """The URL (`Article.url`) from the values; where the first one is none, from the record."""
        first = values[5]
        return _url(first) or (None if first is None else self._fields.url_of(record))

    @staticmethod
    def canonical_url(values: Sequence[Any]) -> str | None:
        """The canonical URL (`Article.canonical_url`) from the values."""
        return _url(values[6])

    def of_object(self, record: Mapping[str, Any]) -> list[Any]:
        """The values of an object as a mapping: what it has is not told by its keys, so nothing is remembered."""
        return [self._fields.text_of(record), *(_first(record, names) for names in self._names[1:])]

    def _plan(self, keys: tuple[str, ...], record: Mapping[str, Any]) -> _Plan:
        if len(self._plans) >= PLANS:
            self._plans.clear()
        there = [[name for name in names if name in record] for names in self._names]
        inner = [any("." in name and name.split(".")[0] in record for name in names) for names in self._names]
        marked = [_is_html(name) or _is_markdown(name) for name in there[0]]
        if marked[:1] == [True]:
            there[0] = []
        first = tuple(found[0] if found else _NOWHERE for found in there)
        others = tuple(i for i, found in enumerate(there) if (i or not any(marked)) and (len(found) > 1 or inner[i]))
        plan = self._plans[keys] = first, others, any(marked)
        return plan


@dataclass(frozen=True, slots=True)
class Article:
    """A record as policies see it: each part is looked up in the record when it is asked for, None when it is unknown.

    Times are seconds since 1970 UTC.
    """

    id: str
    record: Record
    fields: Fields

    def _value(self, names: tuple[str, ...]) -> object:
        return _first(known(self.record), names)

    @property
    def text(self) -> str:
        """The text; empty when there is none."""
        value = self.fields.text_of(self.record)
        return value if isinstance(value, str) else ""

    @property
    def url(self) -> str | None:
        """The URL, when it is one."""
        return self.fields.url_of(known(self.record))

    @property
    def canonical_url(self) -> str | None:
        """The URL that the page calls its canonical one."""
        return _url(self._value(self.fields.canonical_url))

    @property
    def title(self) -> str | None:
        """The title."""
        return _string(self._value(self.fields.title))

    @property
    def published(self) -> float | None:
        """When it was published."""
        return self.fields.published_of(known(self.record))

    @property
    def modified(self) -> float | None:
        """When it was last changed."""
        return dates.parse(self._value(self.fields.modified))

    @property
    def site(self) -> str | None:
        """The record's site, else the host name of its URL."""
        return self.fields.site_of(known(self.record))

    @property
    def language(self) -> str | None:
        """The language, as the record states it."""
        return _string(self._value(self.fields.language))


def _values(record: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The values that a record has under these names, with the names; then under the dotted ones, part by part."""
    for name in names:
        value = record.get(name)
        if value is not None:
            yield name, value
    for name in names:
        if "." in name and (inner := _inner(record, name)) is not None:
            yield name, inner


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> object:
    """The first of `_values`."""
    for name in names:
        value = record.get(name)
        if value is not None:
            return value
    for name in names:
        if "." in name:
            value = _inner(record, name)
            if value is not None:
                return value
    return None


def _inner(record: Mapping[str, Any], name: str) -> object:
    """What a dotted name leads to."""
    inner: object = record
    for part in name.split("."):
        inner = reach(inner, part)
        if inner is None:
            break
    return inner


def _text(name: str, value: object) -> str | None:
    """A value as a text, None when it is none."""
    if isinstance(value, str):
        return from_html(value) if _is_html(name) else from_markdown(value) if _is_markdown(name) else value
    if isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, Mapping) and isinstance(value.get("value"), str):
        return _text(str(value.get("type")), value["value"])
    return None


def _is_html(name: str) -> bool:
    return name.endswith(("html", "Html", "HTML", "xhtml+xml"))


def _is_markdown(name: str) -> bool:
    return name.endswith(("markdown", "Markdown"))


def _url(value: object) -> str | None:
    text = value if isinstance(value, str) or value is None else str(value) if is_object(value) else _string(value)
    return text if text and text.startswith(("http://", "https://")) else None


def _string(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") or None
    return value if isinstance(value, str) and value else None
