"""Settings of a Scrapy project that begin with `DEDUP_` -> what the pipeline does; checked once, here."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

from dedup.errors import SettingsError
from dedup.fields import Fields
from dedup.settings import Settings

PREFIX: Final = "DEDUP_"

Action = Literal["drop", "tag"]

_PARTS: Final = {"DATE": "published"}

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", "", "none"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a project asks for. `index`: a URI. `reset`: the articles of the index are forgotten first. `action`: duplicates are
    dropped, or passed on with a field that tells (`drop`, `tag`). `field`: the name of that field; empty: nothing is tagged.
    `pending`: a file that tells of articles that were not passed on yet, should the process be killed; None without one.
    """

    enabled: bool = True
    index: str = "memory:"
    reset: bool = False
    action: Action = "drop"
    field: str = "dedup"
    durability: Literal["process", "power"] = "process"
    pending: Path | None = None
    settings: Settings = dataclasses.field(default_factory=Settings)

    @classmethod
    def read(cls, given: Mapping[str, Any], jobdir: str | None = None, spider: str = "spider") -> Options:
        """From all settings of a project. Raises SettingsError for what is unknown or out of range, with a suggestion."""
        stated = {name: given[name] for name in given if name.startswith(PREFIX)}
        for name in stated:
            if name not in NAMES:
                near = difflib.get_close_matches(name, NAMES, 1, 0.8)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
                raise SettingsError(f"no setting is called {name}: {hint}")
        values = {name: _VALUES[name](name, value) for name, value in stated.items() if value is not None}
        uri = _uri(values.get("DEDUP_INDEX"), jobdir)
        own = {name: values[f"{PREFIX}{name.upper()}"] for name in _OWN if f"{PREFIX}{name.upper()}" in values}
        named = {
            _PARTS.get(part, part.lower()): values[n] for part in _FIELDS if (n := f"DEDUP_{part}_FIELD") in values
        }
        decided = {name: values[f"{PREFIX}{name.upper()}"] for name in _DECIDED if f"{PREFIX}{name.upper()}" in values}
        return cls(
            index=uri,
            pending=_pending(uri, jobdir, spider),
            settings=Settings(fields=dataclasses.replace(Fields(), **named), **decided),
            **own,
        )


def _uri(stated: str | None, jobdir: str | None) -> str:
    """The index: as it is stated (a URI, or the name of a file), else in the folder of the job, else in memory."""
    if stated:
        head = stated.partition(":")[0]
        return stated if ":" in stated and len(head) > 1 and head.isalnum() else f"sqlite:{stated}"
    return f"sqlite:{Path(jobdir) / 'dedup' / 'seen.db'}" if jobdir else "memory:"


def _pending(uri: str, jobdir: str | None, spider: str) -> Path | None:
    """The file of what was not passed on yet: in the folder of the job, else beside the index; none for an index in memory."""
    scheme, _, rest = uri.partition(":")
    if scheme == "memory":
        return None
    if jobdir:
        return Path(jobdir) / "dedup" / "pending"
    safe = "".join(c if c.isalnum() else "-" for c in spider)
    return Path(f"{rest}-{safe}.pending") if scheme == "sqlite" else None


def truth(name: str, value: object) -> bool:
    """A setting or an argument of a spider that is on or off. Raises SettingsError."""
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise SettingsError(f"{name} is {value!r}: give True or False")
    return word in _TRUE


def _number(name: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise SettingsError(f"{name} is {value!r}: give a number") from None


def _whole(name: str, value: object) -> int:
    number = _number(name, value)
    if number != int(number):
        raise SettingsError(f"{name} is {value!r}: give a whole number")
    return int(number)


def _names(name: str, value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Iterable) or not all(isinstance(part, str) for part in parts):
        raise SettingsError(f"{name} is {value!r}: give names, as a list or with commas between them")
    return tuple(part.strip() for part in parts if part.strip())


def _as_it_is(name: str, value: object) -> object:
    return value


def _path(name: str, value: object) -> str:
    return str(value)


def _one_of(*allowed: str) -> Callable[[str, object], object]:
    def check(name: str, value: object) -> object:
        if value not in allowed:
            raise SettingsError(f"{name} is {value!r}: give {' or '.join(allowed)}")
        return value

    return check


_FIELDS: Final = ("TEXT", "ID", "URL", "TITLE", "DATE", "SITE")
_OWN: Final = ("enabled", "reset", "action", "field", "durability")
_DECIDED: Final[dict[str, Callable[[str, object], object]]] = {
    "threshold": _number,
    "min_tokens": _whole,
    "boilerplate": truth,
    "passages": truth,
    "templates": truth,
    "versions": _as_it_is,
    "pages": _as_it_is,
    "window": _as_it_is,
    "keep": _as_it_is,
    "sources": _names,
}
"""What is handed to `Settings`, which checks it."""

_VALUES: Final[dict[str, Callable[[str, object], Any]]] = {
    "DEDUP_ENABLED": truth,
    "DEDUP_INDEX": _path,
    "DEDUP_RESET": truth,
    "DEDUP_ACTION": _one_of(*get_args(Action)),
    "DEDUP_FIELD": _path,
    "DEDUP_DURABILITY": _one_of("process", "power"),
    **{f"{PREFIX}{name.upper()}": check for name, check in _DECIDED.items()},
    **{f"DEDUP_{part}_FIELD": _names for part in _FIELDS},
}

NAMES: Final = tuple(_VALUES)
"""All settings that there are."""
