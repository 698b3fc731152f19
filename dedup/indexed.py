"""A dump and an index -> the articles of the dump that are new to the index, and repeat none of the others."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dedup.corpus import Progress
from dedup.dump import Files, page_line, quarantined_line, removed_line, usable, write_lines
from dedup.election import Change, Placed
from dedup.entries import read
from dedup.errors import AccountingError
from dedup.index import BATCH, Index
from dedup.lines import LineSource
from dedup.model import REMOVED, Place, Quarantined, Removed, Verdict
from dedup.outputs import Outputs
from dedup.result import page_repeats
from dedup.spool import Workspace


@dataclass(frozen=True, slots=True)
class IndexedSummary:
    """The account of a run against an index: `records == kept + removed + quarantined`. `relations` tells how the removed
    ones repeat what is kept. `seen`: so many of them repeat an article of an earlier run. `replaced`: ids of earlier articles
    of which a kept one is a better copy; `restored`: ids of earlier copies that are kept again, as they repeated an article
    that was replaced and do not repeat the one in its place.
    """

    records: int
    kept: int
    removed: int
    quarantined: int
    relations: Mapping[str, int]
    seen: int
    replaced: Sequence[str]
    restored: Sequence[str]
    page_repeats: int
    blank_lines: int
    quarantined_by_reason: Mapping[str, int]
    bytes: int
    seconds: float


def run(files: Files, index: Index, progress: Progress) -> tuple[IndexedSummary, list[Quarantined]]:
    """Adds the records of the inputs to the index, in their order, and writes those that are kept in the end, removals, and
    quarantine. Index and outputs change together, with the end of the run, or not at all. Raises as `dump.run`, and StoreError.
    """
    start = time.perf_counter()
    settings = index.settings
    with Outputs(files.force) as outputs, Workspace(files.workplace) as workspace, index.transaction():
        inputs = (*files.inputs, *index.files)
        outputs.check(files.kept, files.removed, files.quarantined, inputs=inputs)
        source = LineSource(files.inputs, settings.fields, settings.limits, workspace)
        ledger = _Ledger(source, index)
        ledger.fill(progress)
        usable(len(ledger.kept) + len(ledger.removed), ledger.quarantined)
        changed = source.doubled if settings.pages == "clean" else {}
        if files.kept is not None:
            with outputs.open(files.kept) as stream:
                write_lines(stream, source, ledger.kept, changed.__contains__)
        if files.removed is not None:
            with outputs.open(files.removed) as stream:
                stream.writelines(map(removed_line, ledger.removed))
                repeats = page_repeats(source, settings.fields, ledger.kept)
                stream.writelines(page_line(found, dropped=settings.pages == "clean") for found in repeats)
        if files.quarantined is not None:
            with outputs.open(files.quarantined) as stream:
                stream.writelines(map(quarantined_line, ledger.quarantined))
        source.check_unchanged()
        summary = ledger.summary(start)
        outputs.commit()
    return summary, ledger.quarantined


class _Ledger:
    """What becomes of the rows of a dump while later ones arrive. Rows of the store tell of rows of the dump: `owner` which one
    is stored there; `like` (by row of the dump) where its words are, so that it follows what becomes of these (`changes`).
    """

    def __init__(self, source: LineSource, index: Index) -> None:
        self._source, self._index = source, index
        self._owner: dict[int, int] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._for: dict[int, int] = {}
        self._like: dict[int, int] = {}
        self._changes: dict[int, Change] = {}
        self.replaced: list[str] = []
        self.restored: list[str] = []
        self.quarantined: list[Quarantined] = []
        self.kept: list[int] = []
        self.removed: list[Removed] = []

    def fill(self, progress: Progress) -> None:
        """Adds all rows to the index."""
        source, rows = self._source, 0
        for batch in source.batches():  # to the end, before a record is asked for
            rows += len(batch.texts)
            progress("read", rows, 0)
        for start in range(0, rows, BATCH):
            numbers = range(start, min(start + BATCH, rows))
            reading = read([source.record(i) for i in numbers], self._index.settings)
            source.doubled.update((start + i, times) for i, times in reading.doubled.items())
            for i, placed in zip(numbers, self._index.place(reading), strict=True):
                self._take(i, placed)
            progress("choose", numbers[-1] + 1, rows)
        empty = [row for row, verdict in self._verdicts.items() if verdict.status == "quarantined"]
        places = [Quarantined(source.place(row), "empty", "the text has no words") for row in empty]
        self.quarantined = sorted([*source.quarantined, *places], key=lambda q: source.order(q.place))
        for row in sorted(self._like):
            self._follow(row)
        self.kept = [row for row, verdict in sorted(self._verdicts.items()) if verdict.new]
        self.removed = list(self._removed())

    def _take(self, row: int, placed: Placed) -> None:
        self._verdicts[row] = placed.verdict
        if placed.row:
            self._owner[placed.row] = row
        if placed.like:
            self._for[row], self._like[row] = placed.kept, placed.like
        for change in placed.changes:
            self._changes[change.old] = change
            known = self._owner.pop(change.old, None)
            if known is not None and change.new:
                self._owner[change.new] = known
            elif known is None and change.was_kept:
                self.replaced.append(change.verdict.id)
            elif known is None and not change.kept:
                self.restored.append(change.verdict.id)

    def _follow(self, row: int) -> None:
        """Gives a row the verdict of the end, from what became of the words that it has."""
        last, at = None, self._like[row]
        while (change := self._changes.get(at)) is not None:
            last, before, at = change, at, change.new or change.kept
            if at == before:
                break
        if last is None:
            return
        verdict, kept = last.verdict, last.kept
        if verdict.new and self._owner.get(last.new) != row:
            verdict, kept = _EQUAL_TO_KEPT, last.new
        self._verdicts[row], self._for[row] = replace(verdict, id=self._verdicts[row].id), kept

    def _removed(self) -> Iterator[Removed]:
        """The rows to remove, in order, with what is kept for them in the end."""
        source, ids = self._source, {}
        for row, verdict in sorted(self._verdicts.items()):
            if not verdict.duplicate:
                continue
            kept = self._for[row]
            here = self._owner.get(kept)
            if kept not in ids:
                ids[kept] = self._index.id_of(kept) if here is None else source.facts.ids[here]
            yield Removed(
                id=verdict.id,
                duplicate_of=ids[kept],
                relation=verdict.relation or "exact",
                resemblance=verdict.resemblance,
                containment=verdict.containment,
                reason=verdict.reason,
                place=source.place(row),
                kept_place=Place(self._index.uri, 0) if here is None else source.place(here),
            )

    def summary(self, start: float) -> IndexedSummary:
        """The account. Raises AccountingError should a record be missing from it."""
        source = self._source
        relations = Counter(record.relation for record in self.removed)
        account = IndexedSummary(
            records=source.records,
            kept=len(self.kept),
            removed=len(self.removed),
            quarantined=len(self.quarantined),
            relations={name: relations[name] for name in REMOVED},
            seen=sum(record.kept_place.source == self._index.uri for record in self.removed),
            replaced=self.replaced,
            restored=self.restored,
            page_repeats=sum(source.doubled.get(row, 0) for row in self.kept),
            blank_lines=source.blank_lines,
            quarantined_by_reason=dict(sorted(Counter(q.reason for q in self.quarantined).items())),
            bytes=source.volume,
            seconds=round(time.perf_counter() - start, 3),
        )
        if account.records != account.kept + account.removed + account.quarantined:
            raise AccountingError(f"records in and out differ: {account}")
        return account


_EQUAL_TO_KEPT: Final = Verdict("", "duplicate", None, "exact", 1.0, 1.0, "equal words; kept by an earlier decision")
"""On a row whose words are those of an article that is kept again."""
