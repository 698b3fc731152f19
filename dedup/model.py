"""The values that flow: what two texts have in common, what became of each record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Relation = Literal["exact", "near", "truncated", "extended", "revised", "version", "sibling", "related", "different"]
"""`exact`: equal normalised text. `near`: resemblance at or above the threshold. `truncated`: nearly all of it stands in the
longer text (`extended`: the other way round). `revised`: another version of the same piece. Of these one is removed.
`version`: a revised one, where versions are kept. `sibling`: of one template, with other facts. `related`: half of the
shorter text stands in the longer, and they are different pieces. `different`: none of these."""

REMOVED: Final[tuple[Relation, ...]] = ("exact", "near", "truncated", "extended", "revised")
"""The relations of which one text is removed."""

DUPLICATES: Final = frozenset(REMOVED)


@dataclass(frozen=True, slots=True)
class Match:
    """What two texts have in common, in shares of their words (tokens), 0 to 1, and what follows from it.

    `resemblance`: twice the aligned words over the words of both. `containment`: aligned words over the words of the
    shorter (`share_shorter`); `share_longer` over those of the longer. `jaccard`: of the sets of shingles. `reason`: the
    quantity that decided. `lead`: the share of one opening that the other holds. `numbers`, of which `swaps` stand in the
    place of others. `titles`: their similarity; `gap`: hours between the dates; None where unknown. `boilerplate`: words
    of each text that were set aside.
    """

    relation: Relation
    reason: str
    resemblance: float
    containment: float
    share_longer: float
    jaccard: float
    aligned: int
    words: tuple[int, int]
    lead: float
    numbers: int
    swaps: int
    titles: float | None = None
    gap: float | None = None
    same_site: bool | None = None
    same_page: bool = False
    boilerplate: tuple[int, int] = (0, 0)

    @property
    def share_shorter(self) -> float:
        """The share of the shorter text that is aligned; the same number as `containment`."""
        return self.containment

    @property
    def duplicate(self) -> bool:
        """Whether one of the two would be removed."""
        return self.relation in DUPLICATES


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


RepeatKind = Literal["body", "excerpt"]
"""What stands twice in a page: a body, or an excerpt (a lead, a standfirst, a teaser, a caption)."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A stretch of a text: `text` is `start:end` of it, in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the input, in code points: from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A stretch that stands twice: `dropped` goes, `kept` stays.

    `kind`: `body`, or `excerpt` (a lead, a standfirst, a teaser, a caption). `similarity`: twice the common words over the
    words of both copies. `unique`: what stands in the dropped copy only; inside `dropped` it goes with it, and what is left of
    the paragraphs around it stays. `reason`: why this copy stays.
    """

    kept: Span
    dropped: Span
    kind: RepeatKind
    similarity: float
    unique: tuple[Paragraph, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PageRepeat:
    """A body that stands twice in the text of a kept record: `repeat` tells where, `text` is what was dropped (or would be,
    where pages are kept), `field` where the record has its text (empty for a plain string). `fixed`: the record is given back
    as it came, because its text is HTML or computed; the places are those in the text that was compared.
    """

    id: str
    place: Place
    field: str
    repeat: Repeat
    text: str
    fixed: bool = False


Status = Literal["new", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an index says of an article: `new`, or a `duplicate` of the one that is kept (`duplicate_of`), or `quarantined`,
    as it has no words. `relation`, `resemblance`, `containment`, `reason` as in `Removed`.

    A new article may be a better copy than what was kept so far: `replaces` are the ids of those that are not kept any more,
    and `restored` the ids of earlier duplicates of these that are none of the new one, and so are kept again. `moved` are
    those that are none of it, and copies of another kept article: pairs of their ids and that of the article. All other
    duplicates of what was replaced are duplicates of the new one. The three are empty for all other verdicts.
    """

    id: str
    status: Status
    duplicate_of: str | None = None
    relation: Relation | None = None
    resemblance: float = 0.0
    containment: float = 0.0
    reason: str = ""
    replaces: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()

    @property
    def new(self) -> bool:
        """Whether the article is to be kept."""
        return self.status == "new"

    @property
    def duplicate(self) -> bool:
        """Whether the article is a copy of one that is kept."""
        return self.status == "duplicate"


@dataclass(frozen=True, slots=True)
class Likeness:
    """An article of an index that shares enough with another one to be judged, and what was decided."""

    id: str
    relation: Relation
    resemblance: float
    containment: float
    reason: str


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an index holds: `articles` that are kept; `stored_copies` beside them, to be compared again should a better copy
    arrive; `dropped` duplicates in all. `boilerplate`: lines and sentences known as such. `capped`: keys of bands, passages
    and pieces that were not entered, because as many articles as `Limits` allow hold them already (or, once in millions, for
    want of room). `memory`: bytes of its tables; `disk`: bytes, with Redis those of the server's memory.
    """

    articles: int
    stored_copies: int
    dropped: int
    boilerplate: int
    capped: Mapping[str, int]
    memory: int
    disk: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A star: the kept record, and the records removed because each of them matches it."""

    canonical: str
    place: Place
    members: tuple[Removed, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """A decision that was close: two records, their relation, the reason, and whether one of them is a copy.

    `distance`: how far the quantity that decided lies from its limit, as a share of the limit.
    """

    ids: tuple[str, str]
    relation: Relation
    reason: str
    copies: bool
    distance: float


QuarantineReason = Literal[
    "not_json",
    "not_utf8",
    "not_an_object",
    "not_a_row",
    "not_a_page",
    "no_text",
    "text_not_a_string",
    "empty",
    "too_long",
    "too_large",
    "damaged",
]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be judged and was set aside, neither kept nor removed."""

    place: Place
    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The account of a run: `records == kept + removed + quarantined`; `relations` tells how the removed ones repeat.

    `candidates`: pairs of distinct texts that shared a bucket or passages; `verified`: those that were aligned and share
    enough to be judged; `siblings`, `related`, `versions`: judged, and no reason to remove anything. `boilerplate_words`:
    words set aside as a site's boilerplate; `boilerplate_only`: records with equal text that stay, because nothing but
    boilerplate is left of them and they are other pages. `page_repeats`: bodies that stand twice in the text of one kept
    record. `capped_buckets`, `hot_passages`: shared by too many texts to pair everything with everything; `long_gaps`: gaps
    too long to be aligned; `unfinished_pages`: with more repeated bodies than were looked for; `blank_lines` are no
    records, nor is what of an archive is no article (`passed_over`).
    `undated`: records without a date that can be read, which count as later than all others for `earliest`.
    """

    records: int
    kept: int
    removed: int
    quarantined: int
    relations: Mapping[str, int]
    clusters: int
    candidates: int
    verified: int
    siblings: int
    related: int
    versions: int
    boilerplate_words: int
    boilerplate_only: int
    page_repeats: int
    capped_buckets: int
    hot_passages: int
    long_gaps: int
    unfinished_pages: int
    blank_lines: int
    passed_over: int
    undated: int
    quarantined_by_reason: Mapping[str, int]
    bytes: int
    seconds: float
