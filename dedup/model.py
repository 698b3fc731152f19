"""The values that flow: what two texts have in common, what became of each record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Relation = Literal["exact", "near", "sibling", "different"]
"""`exact`: equal normalised text. `near`: resemblance at or above the threshold. Of these one is removed. `sibling`: as
alike as that, but the numbers differ as in two notices of one template. `different`: none of these."""


@dataclass(frozen=True, slots=True)
class Match:
    """What two texts have in common, in shares of their words (tokens), 0 to 1.

    `resemblance`: twice the aligned words over the words of both. `containment`: aligned words over the words of the
    shorter (`share_shorter`); `share_longer` over those of the longer. `jaccard`: of the sets of shingles.
    """

    relation: Relation
    resemblance: float
    containment: float
    share_longer: float
    jaccard: float
    aligned: int
    words: tuple[int, int]

    @property
    def share_shorter(self) -> float:
        """The share of the shorter text that is aligned; the same number as `containment`."""
        return self.containment

    @property
    def duplicate(self) -> bool:
        """Whether one of the two would be removed."""
        return self.relation in ("exact", "near")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record came from: file (or `<records>`), and its number, counted from 1 (lines of a file, else records)."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True)
class Removed:
    """A record that was removed: which kept one it repeats, and why."""

    id: str
    duplicate_of: str
    relation: Relation
    resemblance: float
    containment: float
    reason: str
    place: Place
    kept_place: Place


@dataclass(frozen=True, slots=True)
class Cluster:
    """A star: the kept record, and the records removed because each of them matches it."""

    canonical: str
    place: Place
    members: tuple[Removed, ...]


QuarantineReason = Literal[
    "not_json", "not_utf8", "not_an_object", "no_text", "text_not_a_string", "empty", "too_long", "damaged"
]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be judged and was set aside, neither kept nor removed."""

    place: Place
    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The account of a run: `records == kept + removed + quarantined`, `removed == exact + near`.

    `candidates`: pairs of distinct texts that shared a bucket; `verified`: those aligned; `siblings`: those
    that are alike but for their numbers, and stay. `capped_buckets`: buckets too
    full to pair everything with everything; `long_gaps`: gaps too long to be aligned; `blank_lines` are no records.
    `undated`: records without a date that can be read, which count as later than all others for `earliest`.
    """

    records: int
    kept: int
    removed: int
    quarantined: int
    exact: int
    near: int
    clusters: int
    candidates: int
    verified: int
    siblings: int
    capped_buckets: int
    long_gaps: int
    blank_lines: int
    undated: int
    quarantined_by_reason: Mapping[str, int]
    bytes: int
    seconds: float
