"""The values that decisions are made of: what was measured of two texts, what stands beside them, what a user set."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from dedup.model import Relation

TITLE: Final = 0.7
"""Titles agree from this similarity on (rapidfuzz token set ratio); `UNLIKE_TITLE`: they disagree below that one."""

UNLIKE_TITLE: Final = 0.5

SAME_TITLE: Final = 0.85
"""Titles from here on are one title, in other words: what only the name of a company has in common lies below."""

ONE_TITLE: Final = 0.95

LATE_HOURS: Final = 168.0
"""Texts of one site that lie further apart are issues of one template even if they differ in whole passages, too."""

ISSUE_HOURS: Final = 20.0
"""Two issues of one template lie at least this far apart; corrections and copies on one site lie closer."""


class Signals(Protocol):
    """What stands beside two texts; unknown is None. `gap`: hours between their dates of publication."""

    @property
    def same_site(self) -> bool | None:
        """Whether both are of one site."""

    @property
    def gap(self) -> float | None:
        """Hours between the dates of publication."""

    def titles(self) -> float | None:
        """Similarity of the titles, 0 to 1."""

    def same_page(self) -> bool:
        """Whether both name the same URL."""

    def other_page(self) -> bool:
        """Whether both name URLs, and other ones."""

    def renamed(self) -> bool:
        """Whether a name of one text stands consistently in the place of another name of the other."""

    def renamed_places(self) -> int:
        """How many places have a name in one text and another name in the other."""

    def capital_places(self) -> int:
        """How many places have a word with a capital in both texts, another one in each."""

    def other_names(self, least: float) -> int:
        """How many places have a name in one text and another name in the other; if not of one site, inside the common body; 0
        where there are fewer than `least`.
        """

    def retitled(self) -> bool:
        """Whether a word of one title has another one in its place in the other title, and in the texts."""

    def values_apart(self) -> float:
        """The share of the numbers of one text that the other does not state, however it prints them."""

    def other_subject(self) -> bool:
        """Whether the title of each has a name that the other text does not mention."""


class Evidence(NamedTuple):
    """What was measured of two texts (without their boilerplate), the longer one first.

    `words` of both, `aligned` of them; `lead`: the share of the first 60 words of one that the first 250 of the other hold
    (the larger of the two directions); `numbers` in the text that has fewer, `swaps` of them that stand in the place of
    another number, `lone` ones that stand in the place of other words; `replaced`: places with a few other words;
    `passages`: places with more of them; `inner`: words of both between the first and the last words that they share, and
    not shared; `frames`: those of the `swaps` and of the `lone` ones that stand in bylines, stamps and the like around the
    body; `common`: numbers that both have, wherever they stand; `left`: the smaller share of a text that is not boilerplate.
    """

    words: tuple[int, int]
    aligned: int
    lead: float
    numbers: int
    swaps: int
    lone: int
    replaced: int
    passages: int
    inner: int
    frames: tuple[int, int]
    common: int
    left: float

    @property
    def resemblance(self) -> float:
        """Twice the aligned words over the words of both."""
        return 2.0 * self.aligned / max(1, sum(self.words))

    @property
    def share_shorter(self) -> float:
        """The share of the shorter text that is aligned."""
        return self.aligned / max(1, self.words[1])

    @property
    def share_longer(self) -> float:
        """The share of the longer text that is aligned."""
        return self.aligned / max(1, self.words[0])

    @property
    def agreement(self) -> float:
        """The mean of the two shares."""
        return (self.share_shorter + self.share_longer) / 2.0


class Rules(NamedTuple):
    """What a user set: `threshold`; `revised`: whether revised versions are duplicates; `templates`: whether texts of one
    template with other facts are told from copies; `window` in hours.
    """

    threshold: float = 0.8
    revised: bool = True
    templates: bool = True
    window: float | None = None


class Decision(NamedTuple):
    """How two texts are related, and the quantity that decided: its name, its value, and the limit it was held against."""

    relation: Relation
    quantity: str
    value: float
    limit: float

    @property
    def reason(self) -> str:
        """For people: `resemblance 0.9312 >= 0.8`."""
        sign = ">=" if self.value >= self.limit else "<"
        return f"{self.quantity} {self.value:.4g} {sign} {self.limit:.4g}"


def known(similarity: float | None) -> float:
    """A similarity of titles; between all limits where there is none."""
    return UNLIKE_TITLE if similarity is None else similarity
