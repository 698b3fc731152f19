"""Objects of scrapers (attrs, dataclasses, models, items, entries of feeds) -> mappings; and copies with another value."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

Record: TypeAlias = Any
"""An article as it is given: a mapping, a text, or an object whose attributes are its fields."""


def is_object(value: object) -> bool:
    """Whether a value has attributes of its own kind, as numbers, lists and other built-in values have not.

    >>> from types import SimpleNamespace
    >>> is_object(SimpleNamespace(text="words")), is_object(5), is_object(["words"]), is_object(dict)
    (True, False, False, False)
    """
    return type(value).__module__ not in ("builtins", "abc") and not isinstance(value, type)


class Attributes(Mapping[str, Any]):
    """The attributes of an object as a mapping, each read when it is asked for: some compute what they give. Methods, and
    attributes that are None, are not there.
    """

    def __init__(self, target: object) -> None:
        self._target = target

    def __getitem__(self, name: str) -> Any:
        found = _attribute(self._target, name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in seen(self._target) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def view(record: Record) -> Mapping[str, Any] | None:
    """A record as a mapping: itself when it is one, else its attributes; None for what has none.

    Of a `dict` with rules of its own, as feedparser's, only what it holds counts.
    """
    if isinstance(record, Mapping):
        return dict(record) if isinstance(record, dict) and type(record) is not dict else record
    return Attributes(record) if is_object(record) else None


def known(record: Record) -> Mapping[str, Any]:
    """A record as a mapping (`view`), empty for what is no record."""
    if type(record) is dict:
        return record
    found = view(record)
    return {} if found is None else found


def reach(value: object, part: str) -> object:
    """One step of a dotted name: into a mapping, a list (by number, from 0), or an object; None where it leads nowhere."""
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, (list, tuple)) and part.isascii() and part.isdigit():
        return value[int(part)] if int(part) < len(value) else None
    return _attribute(value, part) if is_object(value) else None


def _attribute(value: object, name: str) -> object:
    found = getattr(value, name, None)
    return None if callable(found) else found


def seen(record: Record) -> list[str]:
    """The names of the fields that a record has, for messages."""
    if isinstance(record, Mapping):
        return sorted(map(str, record))
    kind = type(record)
    names = [*getattr(record, "__dict__", ()), *getattr(kind, "model_fields", ()), *getattr(kind, "_fields", ())]
    for part in kind.__mro__:
        slots = getattr(part, "__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
        names += [name for name, value in vars(part).items() if isinstance(value, property)]
    return sorted({name for name in names if not name.startswith("_")})


def exchanged(record: Record, path: Sequence[str], value: object) -> Record:
    """A copy of a record with another value at a path of keys or attributes; the record itself where nothing can be set.

    What does not lie on the path is shared with the copy, and no validators of its class are run.
    """
    name, *rest = path
    if rest:
        inner = reach(record, name)
        value = exchanged(inner, rest, value)
        if value is inner:
            return record
    if isinstance(record, list):
        return [*record[: int(name)], value, *record[int(name) + 1 :]]
    if isinstance(record, Mapping):
        twin = record.copy() if isinstance(record, MutableMapping) and hasattr(record, "copy") else dict(record)
        twin[name] = value
        return twin
    if hasattr(record, "_replace"):  # a named tuple
        return record._replace(**{name: value})
    twin, before = copy.copy(record), getattr(record, name)
    try:
        object.__setattr__(twin, name, value)
    except AttributeError:  # a property that is computed
        return record
    if getattr(record, name) != before:  # kept in something that a copy shares
        object.__setattr__(record, name, before)
        return record
    return twin
