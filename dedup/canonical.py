"""Which copy of an article is kept: policies in a table, chained into one total order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from dedup.errors import SettingsError
from dedup.fields import Article
from dedup.urls import host, normal_url


class Copy(NamedTuple):
    """One copy of an article, as policies compare it.

    `published`: seconds since 1970 UTC. `words`: tokens of its text. `held`: of the words of its cluster, how many it
    holds: its own, and those of every copy that matches it, as far as they are aligned with it. `position`: its place in
    the input. `read` reads its record, for policies that need more.
    """

    id: str
    published: float | None
    words: int
    held: int
    position: int
    read: Callable[[], Article]


Key = Callable[[Copy], Any]
"""Smaller is kept, as `sorted` orders."""

DEFAULT: Final = "complete,earliest,id"


def _canonical_url(copy: Copy) -> int:
    """0 for a copy whose URL is the canonical one that it names, 1 without either, 2 for one that points elsewhere."""
    article = copy.read()
    if article.url is None or article.canonical_url is None:
        return 1
    return 0 if normal_url(article.url) == normal_url(article.canonical_url) else 2


POLICIES: Final[dict[str, Key]] = {
    "complete": lambda copy: -copy.held,
    "longest": lambda copy: -copy.words,
    "earliest": lambda copy: (copy.published is None, copy.published or 0.0),
    "latest": lambda copy: (copy.published is None, -(copy.published or 0.0)),
    "canonical-url": _canonical_url,
    "first": lambda copy: copy.position,
    "id": lambda copy: copy.id,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A chain of policies; the first that tells two copies apart decides."""

    names: tuple[str, ...]
    keys: tuple[Key, ...]

    @classmethod
    def parse(
        cls,
        keep: str | Callable[[Article], Any] | Sequence[str | Callable[[Article], Any]],
        sources: Sequence[str] = (),
    ) -> Policy:
        """From `"complete,earliest,id"`, a list of names, or your own functions of an Article (smaller is kept).

        `source` ranks copies by where their site stands in `sources`. Raises SettingsError.
        """
        chain = keep.split(",") if isinstance(keep, str) else [keep] if callable(keep) else keep
        if not isinstance(chain, Sequence) or not all(isinstance(link, str) or callable(link) for link in chain):
            raise SettingsError(f"keep is {keep!r}: give names of policies, or functions of an Article")
        names: list[str] = []
        keys: list[Key] = []
        for link in chain:
            if callable(link):
                names.append(getattr(link, "__name__", "own policy"))
                keys.append(_own(link))
                continue
            name = link.strip()
            if name == "source":
                if not sources:
                    raise SettingsError("the policy source needs a ranked list of sites: sources= or --sources")
                keys.append(_source(sources))
            elif name in POLICIES:
                keys.append(POLICIES[name])
            else:
                known = ", ".join(sorted([*POLICIES, "source"]))
                raise SettingsError(f"no policy is called {name!r}; there are {known}")
            names.append(name)
        if "id" not in names:
            names.append("id")
            keys.append(POLICIES["id"])
        return cls(tuple(names), tuple(keys))

    def rank(self, copy: Copy) -> tuple[Any, ...]:
        """What copies are ordered by: one value a policy."""
        return tuple(key(copy) for key in self.keys)

    def decided(self, kept: tuple[Any, ...], other: tuple[Any, ...]) -> str:
        """The name of the first policy that tells two ranks apart, `content` when none does."""
        return next((name for name, a, b in zip(self.names, kept, other, strict=True) if a != b), "content")


def _own(key: Callable[[Article], Any]) -> Key:
    return lambda copy: key(copy.read())


def _source(sources: Sequence[str]) -> Key:
    place = {name.lower().removeprefix("www."): i for i, name in enumerate(sources)}

    def key(copy: Copy) -> int:
        article = copy.read()
        names = (article.site, host(article.url))
        return min((place.get(n.lower().removeprefix("www."), len(place)) for n in names if n), default=len(place))

    return key
