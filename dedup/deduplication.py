"""`deduplicate`: articles of any origin -> the result of a run over them."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict, TypeVar, Unpack, overload

from dedup.batch import Decider, decide
from dedup.corpus import Progress
from dedup.errors import InputError, kind_of
from dedup.lines import LineSource
from dedup.result import Outcome, Result
from dedup.settings import Keep, Settings
from dedup.shapes import Record
from dedup.sources import RecordSource, Source
from dedup.spool import Workspace

if TYPE_CHECKING:
    from dedup.frame_result import FrameResult

FRAMES: Final = frozenset({("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")})
"""The data frames that are read, by package and name."""

_LAZY: Final = ("polars", "LazyFrame")

NAME: Final = 255
"""No file system that is in use takes a name of more bytes: a string with a longer part is a text and no path."""


class Frame(Protocol):
    """A data frame of pandas or polars, or a table of pyarrow."""

    @property
    def columns(self) -> Any:
        """Its columns."""

    @property
    def shape(self) -> Any:
        """Rows and columns."""


F = TypeVar("F", bound=Frame)
R = TypeVar("R", bound=Outcome)
S = TypeVar("S", bound=Source)


class Options(TypedDict, total=False):
    """What `deduplicate` takes beside the articles."""

    text: str | None
    threshold: float | None
    keep: Keep | None
    settings: Settings | None
    work_dir: str | Path | None
    progress: Progress | None


@overload
def deduplicate(articles: F, **options: Unpack[Options]) -> FrameResult[F]: ...
@overload
def deduplicate(articles: Iterable[Record] | str | Path, **options: Unpack[Options]) -> Result: ...
def deduplicate(
    articles: Any,
    *,
    text: str | None = None,
    threshold: float | None = None,
    keep: Keep | None = None,
    settings: Settings | None = None,
    work_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> Result | FrameResult[Any]:
    """Finds repeated articles and decides which copy of each is kept.

    `articles`: mappings, objects of scrapers (`Fields` tells what is understood), plain strings, the path of a JSON Lines
    file (also .gz, .bz2, .xz, .zst), or a data frame (pandas, polars, pyarrow), which gives a `FrameResult`. `text` (the field
    or column that holds the text), `threshold` and `keep` go before those of `settings`. Working data (about four bytes a word)
    stays in memory, or in unnamed files in `work_dir`. Raises SettingsError, NoTextField, InputError, MissingExtra.

    >>> story = "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is "
    >>> story += "expected to bring waves of up to six metres to the strait in the early hours of the morning."
    >>> result = deduplicate([{"id": 1, "text": story}, {"id": 2, "text": story.upper()}])
    >>> [r["id"] for r in result.kept], [(r.id, r.duplicate_of, r.relation) for r in result.removed]
    ([1], [('2', '1', 'exact')])
    """
    settings = chosen(settings, text, threshold, keep)
    if isinstance(articles, str) and not _may_be_a_path(articles):
        raise InputError(RecordSource.name, "a string is the path of a dump; give texts in a list")
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(articles).__mro__}
    if isinstance(articles, Mapping):
        raise InputError(RecordSource.name, "a mapping is one record; give a list of them")
    if _LAZY in kinds:
        raise InputError("<frame>", "a polars LazyFrame has no rows yet; give what its collect() returns")
    if kinds & FRAMES:
        from dedup.frame_result import FrameResult, Maker
        from dedup.frames import FrameTable
        from dedup.table_source import TableSource

        table: TableSource[Maker] = TableSource(FrameTable(articles), settings.fields)
        return run(lambda _: table, FrameResult[Any], settings, work_dir, progress)

    if not isinstance(articles, (str, Path)) and (isinstance(articles, bytes) or not _may_be_iterated(articles)):
        raise InputError(RecordSource.name, f"{kind_of(articles)}; give a list of records, or the path of a dump")

    def source(workspace: Workspace) -> Source:
        if isinstance(articles, (str, Path)):
            return LineSource([articles], settings.fields, settings.limits, workspace, settings.format)
        return RecordSource(articles, settings.fields)

    return run(source, Result, settings, work_dir, progress)


def _may_be_a_path(text: str) -> bool:
    """Whether a string can be the name of a file: it is one line, and no part of it is too long."""
    parts = text.replace("\\", "/").split("/")
    return len(text.splitlines()) < 2 and all(len(part.encode("utf-8", "surrogatepass")) <= NAME for part in parts)


def _may_be_iterated(articles: object) -> bool:
    return hasattr(articles, "__iter__") or hasattr(articles, "__getitem__")


def chosen(settings: Settings | None, text: str | None, threshold: float | None, keep: Keep | None) -> Settings:
    """The settings, with those that were named beside them in their places. Raises SettingsError."""
    settings = settings or Settings()
    changes: dict[str, Any] = {name: v for name, v in (("threshold", threshold), ("keep", keep)) if v is not None}
    if text is not None:
        changes["fields"] = replace(settings.fields, text=(text,))
    return replace(settings, **changes) if changes else settings


def run(
    source: Callable[[Workspace], S],
    kind: Callable[[S, Decider, Settings, float], R],
    settings: Settings,
    work_dir: str | Path | None,
    progress: Progress | None,
) -> R:
    """Reads and decides; returns a result of that kind."""
    start = time.perf_counter()
    workspace = Workspace(Path(work_dir) if work_dir is not None else None)
    try:
        read = source(workspace)
        decider = decide(read, settings, workspace, progress)
        result = kind(read, decider, settings, time.perf_counter() - start)
    except BaseException:
        workspace.close()
        raise
    # Files stay open as long as kept records may be asked for: by this result, or one at another threshold.
    weakref.finalize(decider, workspace.close)
    return result
