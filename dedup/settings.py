"""What a user may set; checked once, here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from dedup import canonical, dates
from dedup.bands import Bands
from dedup.errors import SettingsError
from dedup.evidence import Rules
from dedup.fields import Article, Fields
from dedup.scheme import Scheme

Pages = Literal["clean", "keep", "off"]

PAGES: Final[tuple[Pages, ...]] = get_args(Pages)

Versions = Literal["policy", "latest", "earliest", "all"]

VERSIONS: Final[tuple[Versions, ...]] = get_args(Versions)

FORMATS: Final = ("jsonl", "json", "csv", "tsv", "parquet", "arrow", "warc", "pages")
"""What inputs may be: JSON Lines, CSV, TSV, Parquet, Arrow IPC, WARC and WET, and files that are one page each."""

Keep = str | Callable[[Article], Any] | Sequence[str | Callable[[Article], Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the work. Each is counted in the summary, or quarantines by name, when it is reached.

    `record_bytes`: a longer line or record is quarantined as `too_long`. `file_bytes`, `expansion`: where a file unpacks to more
    bytes, or to more times its size (which does not count below four records of the most bytes), the rest of it is quarantined
    as `too_large`. `bucket`: in a fuller bucket each text is compared with
    this many of its longest texts only. `passage`: the same for a passage that more texts hold.
    """

    record_bytes: int = 16 * 1024 * 1024
    file_bytes: int = 1 << 40
    expansion: int = 1_000
    bucket: int = 32
    passage: int = 32

    def __post_init__(self) -> None:
        if self.record_bytes < 1024:
            raise SettingsError(f"record_bytes is {self.record_bytes}: give at least 1024")
        for name in ("bucket", "passage", "file_bytes", "expansion"):
            if getattr(self, name) < 2:
                raise SettingsError(f"{name} is {getattr(self, name)}: give at least 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How articles are compared and chosen.

    `threshold`: the resemblance from which an edited copy counts as the same, 0.5 to 1. `min_tokens`: texts with fewer
    words match only when they are equal. `candidate_jaccard`: the shingle Jaccard from which at least 99 % of the pairs
    are proposed for comparison (`default_jaccard`). `boilerplate`: whether what a site repeats is set aside. `passages`:
    whether texts that hold each other are proposed. `templates`: whether texts of one template with other facts are told
    from copies. `versions` of one piece: `policy` (`keep` decides), `latest`, `earliest`, or `all` (none is removed).
    `pages`: bodies that stand twice in one text count once, and kept records are given back with each body once (`clean`),
    or as they came (`keep`); `off`: nobody looks. `window`: texts dated further apart are no copies, as `30d` (`12h`, `2w`).
    `format` of inputs, one of `FORMATS`; None: told by each one's name, else by its first bytes.
    `keep`, `sources`: which copy stays (`canonical.Policy`). `jobs`: threads.
    """

    threshold: float = 0.8
    min_tokens: int = 25
    candidate_jaccard: float | None = None
    boilerplate: bool = True
    passages: bool = True
    templates: bool = True
    versions: Versions = "policy"
    pages: Pages = "clean"
    window: str | None = None
    format: str | None = None
    keep: Keep = canonical.DEFAULT
    sources: tuple[str, ...] = ()
    scheme: Scheme = field(default_factory=Scheme)
    fields: Fields = field(default_factory=Fields)
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1
    policy: canonical.Policy = field(init=False)
    bands: Bands = field(init=False)
    window_hours: float | None = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.threshold, bool) or not isinstance(self.threshold, (int, float)):
            raise SettingsError(f"threshold is {self.threshold!r}: give a number from 0.5 to 1")
        if isinstance(self.sources, str):
            raise SettingsError(f"sources is the string {self.sources!r}: give a list of sites")
        for part, names in asdict(self.fields).items():
            if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
                raise SettingsError(f"{part} is {names!r}: give a tuple of names")
        if not 0.5 <= self.threshold <= 1.0:
            raise SettingsError(
                f"threshold is {self.threshold}: give 0.5 to 1 (below half, two texts differ more than they agree)"
            )
        if self.min_tokens < self.scheme.shingle:
            raise SettingsError(f"min_tokens is {self.min_tokens}: give at least the shingle, {self.scheme.shingle}")
        if self.jobs < 1:
            raise SettingsError(f"jobs is {self.jobs}: give at least 1")
        if self.versions not in VERSIONS:
            raise SettingsError(f"versions is {self.versions!r}: give {', '.join(VERSIONS)}")
        if self.format not in (None, *FORMATS):
            raise SettingsError(f"format is {self.format!r}: give {', '.join(FORMATS)}")
        if self.pages not in PAGES:
            raise SettingsError(f"pages is {self.pages!r}: give {', '.join(PAGES)}")
        hours = None if self.window is None else dates.duration(self.window) / 3600.0
        object.__setattr__(self, "window_hours", hours)
        object.__setattr__(self, "policy", canonical.Policy.parse(self.keep, self.sources))
        target = self.candidate_jaccard if self.candidate_jaccard is not None else default_jaccard(self.threshold)
        object.__setattr__(self, "bands", Bands.choose(target, self.scheme.permutations))

    @property
    def rules(self) -> Rules:
        """What of these decides on a pair."""
        return Rules(self.threshold, self.versions != "all", self.templates, self.window_hours)


def default_jaccard(threshold: float) -> float:
    """The shingle Jaccard that is proposed for a threshold: 0.5, or less where two texts may differ in a longer stretch.

    Two texts of resemblance t that differ in one stretch have a Jaccard of t / (2 - t), but edits that lie scattered cost
    `shingle` shingles each: 5 % of the words edited leave 0.63, 8 % leave 0.5. More pairs cost next to nothing, as the
    words decide.

    >>> default_jaccard(0.8), round(default_jaccard(0.6), 3)
    (0.5, 0.429)
    """
    return min(0.5, threshold / (2.0 - threshold))
