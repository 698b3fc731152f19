"""The URI of an index in Redis -> where it is, and how it may be reached."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dedup import dates
from dedup.errors import SettingsError, StoreError
from dedup.stores import shown

PORT: Final = 6379

TIMEOUT: Final = 10.0
"""Seconds that an answer of the server may take, unless `timeout` says otherwise."""

_PREFIX: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_OPTIONS: Final = ("prefix", "ttl", "timeout", "insecure", "ca")


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and the keys of one index in it: all begin with `prefix` and a colon. `uri`: as it may be shown. `secure`: TLS,
    with the certificates of `ca` (a file) instead of those of the system. `ttl`: seconds after which articles are forgotten.
    `timeout`: seconds that an answer may take.
    """

    uri: str
    host: str
    port: int
    db: int
    prefix: str
    secure: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ttl: float | None = None
    timeout: float = TIMEOUT
    ca: str | None = None

    @classmethod
    def of(cls, rest: str, *, secure: bool) -> Address:
        """From what stands behind `redis:` or, if it is to be `secure`, `rediss:`. Raises StoreError."""
        given = f"{'rediss' if secure else 'redis'}:{rest}"
        uri = shown(given)
        try:
            parts = urlsplit(given)
            port = parts.port or PORT
        except ValueError as error:
            raise StoreError(uri, f"names no server: {_plain(error, given)}") from None
        if not parts.hostname:
            raise StoreError(uri, "names no server: write redis://host:6379/0?prefix=news")
        options = _options(parts, uri)
        password = None if parts.password is None else unquote(parts.password)
        if not password and not _loopback(parts.hostname) and options.get("insecure") != "1":
            raise StoreError(
                uri,
                f"{parts.hostname} is another machine, and no password is given: whoever reaches it may change the index; "
                "write redis://:password@host, or insecure=1 if the network is closed",
            )
        if options.get("ca") and not secure:
            raise StoreError(uri, "ca is for connections with TLS: write rediss://")
        return cls(
            uri=uri,
            host=parts.hostname,
            port=port,
            db=_db(parts.path, uri),
            prefix=_prefix(options, uri),
            secure=secure,
            user=unquote(parts.username) if parts.username else None,
            password=password or None,
            ttl=_ttl(options, uri),
            timeout=_timeout(options, uri),
            ca=options.get("ca"),
        )


def _plain(error: ValueError, given: str) -> str:
    """What was wrong; without the URI, of which the words of an error may quote a part."""
    return "its port is no number from 0 to 65535" if "ort" in str(error) else "it is no URI"


def _options(parts: SplitResult, uri: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise StoreError(uri, f"knows no option {name!r}; there are {', '.join(_OPTIONS)}")
        if name in options:
            raise StoreError(uri, f"has {name} twice")
        options[name] = value
    if parts.fragment:
        raise StoreError(uri, "has a # in it: write %23 in a password")
    if options.get("insecure", "0") not in ("0", "1"):
        raise StoreError(uri, f"insecure is {options['insecure']!r}: give 0 or 1")
    return options


def _loopback(host: str) -> bool:
    """Whether a host is this machine for sure; names are not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _db(path: str, uri: str) -> int:
    number = path.strip("/")
    if not number:
        return 0
    if not (number.isascii() and number.isdigit()):
        raise StoreError(uri, f"the database is {number!r}: give its number, as in redis://host:6379/0")
    return int(number)


def _prefix(options: dict[str, str], uri: str) -> str:
    prefix = options.get("prefix", "")
    if not prefix:
        raise StoreError(uri, "has no prefix, which all keys of the index begin with: add ?prefix=news")
    if not _PREFIX.fullmatch(prefix):
        raise StoreError(uri, f"the prefix is {prefix!r}: give up to 64 letters, digits, dots, - and _")
    return prefix


def _ttl(options: dict[str, str], uri: str) -> float | None:
    if "ttl" not in options:
        return None
    try:
        return dates.duration(options["ttl"])
    except SettingsError as error:
        raise StoreError(uri, f"ttl: {error}") from None


def _timeout(options: dict[str, str], uri: str) -> float:
    if "timeout" not in options:
        return TIMEOUT
    try:
        seconds = float(options["timeout"])
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 3600.0:
        raise StoreError(uri, f"timeout is {options['timeout']!r}: give seconds, above 0, to 3600")
    return seconds
