"""A dump and two of its records, or two texts -> why they are, or are not, copies of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dedup import boilerplate, corpus
from dedup.boilerplate import Cores, Repeated, Span
from dedup.comparison import match, side
from dedup.corpus import Corpus, Progress
from dedup.diff import Piece, diff
from dedup.errors import InputError
from dedup.lines import LineSource
from dedup.model import Match
from dedup.settings import Settings
from dedup.shapes import Record
from dedup.signals import Cards
from dedup.sources import RecordSource, Source
from dedup.spool import Workspace


@dataclass(frozen=True, slots=True)
class Explanation:
    """Two articles side by side: `ids`, `texts`, what they have in common (`match`), the stretches of their texts that are
    shared and those that are not (`pieces`), and the spans of each that are boilerplate of its site.
    """

    ids: tuple[str, str]
    texts: tuple[str, str]
    match: Match
    pieces: tuple[Piece, ...]
    boilerplate: tuple[tuple[Span, ...], tuple[Span, ...]]


def explain(
    a: Record, b: Record, dump: str | Path | Sequence[Record] | None = None, settings: Settings | None = None
) -> Explanation:
    """Why two articles are, or are not, copies of each other.

    With a `dump` (a path, or records), `a` and `b` are ids of its records, and what is boilerplate of their sites is
    learnt from it; without, they are texts or records. Raises InputError when there is no such record.
    """
    settings = settings or Settings()
    with Workspace(None) as workspace:
        source = _source(a, b, dump, settings, workspace)
        known = corpus.read(source, settings, workspace, None, corpus.silent)
        plain = Cores(known.tokens, None)
        if dump is not None:
            cores = boilerplate.cores(source, known, workspace) if settings.boilerplate else plain
            return between(source, known, cores, (row_of(source, a), row_of(source, b)), settings)
        for record in source.quarantined:
            raise InputError(record.place.source, f"record {record.place.line}: {record.detail}")
        return between(source, known, plain, (0, 1), settings)


def _source(
    a: Record, b: Record, dump: str | Path | Sequence[Record] | None, settings: Settings, workspace: Workspace
) -> Source:
    if isinstance(dump, (str, Path)):
        return LineSource([dump], settings.fields, settings.limits, workspace, settings.format)
    return RecordSource([a, b] if dump is None else dump, settings.fields)


def row_of(source: Source, name: object) -> int:
    """The row of the record with this id. Raises InputError when there is none, or more than one."""
    found = [row for row, known in enumerate(source.facts.ids) if known == str(name)]
    if len(found) != 1:
        raise InputError(str(name), "no record has this id" if not found else f"{len(found)} records have this id")
    return found[0]


def between(source: Source, known: Corpus, cores: Cores, rows: tuple[int, int], settings: Settings) -> Explanation:
    """The explanation of two rows of a corpus."""
    a, b = (side(known, cores, row) for row in rows)
    texts = source.article(rows[0]).text, source.article(rows[1]).text
    return Explanation(
        ids=(source.facts.ids[rows[0]], source.facts.ids[rows[1]]),
        texts=texts,
        match=match(Cards(source), a, b, settings),
        pieces=diff(*texts),
        boilerplate=(
            boilerplate.spans(texts[0], known, cores, rows[0]),
            boilerplate.spans(texts[1], known, cores, rows[1]),
        ),
    )


def repeated(
    dump: str | Path | Sequence[Record], settings: Settings | None = None, progress: Progress = corpus.silent
) -> list[Repeated]:
    """What the sites of a dump print around different articles, the most frequent first."""
    settings = settings or Settings()
    with Workspace(None) as workspace:
        source = _source("", "", dump, settings, workspace)
        known = corpus.read(source, settings, workspace, None, progress)
        return boilerplate.listing(source, known, boilerplate.cores(source, known, workspace))
