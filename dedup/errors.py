"""Every error that is raised on purpose; the message says what to do next, the facts are attributes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def kind_of(value: object) -> str:
    """What a value of a wrong type is called in a message.

    >>> kind_of(None), kind_of(5), kind_of(b"x")
    ('None', 'an int', 'a bytes')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeio" else f"a {name}"


class DedupError(Exception):
    """Base of all errors that this library raises on purpose."""


class SettingsError(DedupError, ValueError):
    """A setting is unknown, out of range, or contradicts another one."""


class SchemeMismatch(DedupError, ValueError):
    """Signatures of two schemes were about to be compared. Attributes: `expected`, `found`."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(
            f"signatures of another scheme: expected {expected}, found {found}; fingerprint the texts again"
        )
        self.expected = expected
        self.found = found


class NoTextField(DedupError):
    """No record of an input has a text. Attributes: `source`, `keys` (the keys that the records do have)."""

    def __init__(self, source: str, keys: Iterable[str], wanted: Iterable[str]) -> None:
        self.source = source
        self.keys = sorted(keys)
        seen = ", ".join(self.keys) or "none"
        super().__init__(
            f"{source}: no record has a text in {', '.join(wanted)}; keys seen: {seen}. "
            "Name the field with --text-field, text=..., or Fields(text=(...,)) in settings"
        )


class InputError(DedupError):
    """An input cannot be read at all. Attribute: `path`."""

    def __init__(self, path: str | Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


class OutputError(DedupError):
    """An output cannot be written. Attribute: `path`."""

    def __init__(self, path: str | Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


class MissingExtra(DedupError, ImportError):
    """An optional part is not installed. Attribute: `extra`."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f'{what} needs an optional part: pip install "article-dedup[{extra}]"')
        self.extra = extra


class AccountingError(DedupError):
    """Records went missing between input and output: a defect of this library, nothing was written."""


class StoreError(DedupError):
    """An index cannot be opened or used; it was not changed. Attribute: `uri`."""

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(f"{uri}: {why}")
        self.uri = uri


class IndexMismatch(StoreError):
    """An index was made with other settings than those it is opened with. Attributes: `expected`, `found`."""

    def __init__(self, uri: str, name: str, expected: str, found: str) -> None:
        super().__init__(
            uri,
            f"made with {name} {found}, opened with {name} {expected}: their fingerprints cannot be compared; "
            f"open it as it was made, or fill a new index",
        )
        self.expected = expected
        self.found = found


class IndexDamaged(StoreError):
    """An index is damaged, or what stands in its place is none; it was left as it is."""
