"""A dump and an index -> the articles of the dump that are new to the index, and repeat none of the others."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from dedup.corpus import Progress
from dedup.dump import Files, opened, page_line, quarantined_line, removed_line, usable
from dedup.election import Change, Placed
from dedup.entries import read
from dedup.errors import AccountingError, SettingsError
from dedup.index import BATCH, Index
from dedup.journal import Batch, Journal
from dedup.lines import LineSource
from dedup.model import REMOVED, Place, Quarantined, Removed, Verdict
from dedup.outputs import Outputs
from dedup.result import page_repeats
from dedup.spool import Workspace
from dedup.writing import Changes, write


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
    passed_over: int
    quarantined_by_reason: Mapping[str, int]
    bytes: int
    seconds: float


def run(
    files: Files, index: Index, progress: Progress, *, resume: bool = False
) -> tuple[IndexedSummary, list[Quarantined]]:
    """Adds the records of the inputs to the index, in their order, and writes those that are kept in the end, removals, and
    quarantine. Index and outputs change together, with the end of the run, or not at all.

    With `resume`, the index takes 500 records at once, and a journal beside the output of kept records tells what became of
    them: the same run goes on from there when it was interrupted, and gives the same outputs again when it was finished.
    Raises as `dump.run`, and StoreError.
    """
    start = time.perf_counter()
    if resume and files.kept in (None, "-"):
        raise SettingsError("--resume needs an output file: give -o FILE")
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(files.force))
        workspace = stack.enter_context(Workspace(files.workplace))
        source, to = opened(files, index.settings, outputs, workspace, index.files)
        journal = None
        if files.kept is not None and files.kept != "-":
            journal = stack.enter_context(Journal(files.kept, index))
            journal.check(resume=resume)
        if not resume:
            journal = None
            stack.enter_context(index.transaction())
        summary, quarantined = _run(files, index, progress, outputs, source, to, journal, start)
        outputs.commit()
        if journal is not None:
            journal.finish()
    return summary, quarantined


def _run(
    files: Files,
    index: Index,
    progress: Progress,
    outputs: Outputs,
    source: LineSource,
    to: str,
    journal: Journal | None,
    start: float,
) -> tuple[IndexedSummary, list[Quarantined]]:
    settings = index.settings
    ledger = _Ledger(source, index)
    ledger.fill(progress, journal)
    usable(len(ledger.kept) + len(ledger.removed), ledger.quarantined)
    changed = source.doubled if settings.pages == "clean" else {}
    if files.kept is not None:
        write(outputs, files.kept, to, source, ledger.kept, Changes(source, ledger.kept, changed.__contains__))
    if files.removed is not None:
        with outputs.open(files.removed) as stream:
            stream.writelines(map(removed_line, ledger.removed))
            repeats = page_repeats(source, settings.fields, ledger.kept)
            stream.writelines(page_line(found, dropped=settings.pages == "clean" and to != "warc") for found in repeats)
    if files.quarantined is not None:
        with outputs.open(files.quarantined) as stream:
            stream.writelines(map(quarantined_line, ledger.quarantined))
    source.check_unchanged()
    return ledger.summary(start), ledger.quarantined


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

    def fill(self, progress: Progress, journal: Journal | None) -> None:
        """Adds all rows to the index, but for those that the journal tells of."""
        source, rows = self._source, 0
        dump = blake2b(digest_size=16)
        for read_now in source.batches():  # to the end, before a record is asked for
            rows += len(read_now.texts)
            for part in (*read_now.texts, *read_now.titles) if journal else ():
                dump.update(len(part).to_bytes(8, "little") + part)
            progress("read", rows, source.expected)
        dump.update(repr(source.facts.ids).encode("utf-8", "surrogatepass"))
        done = journal.begin(dump.hexdigest(), self._settings) if journal else []
        for number, start in enumerate(range(0, rows, BATCH)):
            numbers = range(start, min(start + BATCH, rows))
            batch = done[number] if number < len(done) else self._add(number, numbers, journal)
            source.doubled.update(batch.doubled)
            for i, placed in zip(numbers, batch.placed, strict=True):
                self._take(i, placed)
            progress("choose", numbers[-1] + 1, rows)
        empty = [row for row, verdict in self._verdicts.items() if verdict.status == "quarantined"]
        places = [Quarantined(source.place(row), "empty", "the text has no words") for row in empty]
        self.quarantined = sorted([*source.quarantined, *places], key=lambda q: source.order(q.place))
        for row in sorted(self._like):
            self._follow(row)
        self.kept = [row for row, verdict in sorted(self._verdicts.items()) if verdict.new]
        self.removed = list(self._removed())

    @property
    def _settings(self) -> str:
        """A digest of all settings that a verdict may depend on."""
        settings = self._index.settings
        parts = [f.name for f in dataclasses.fields(settings) if f.init and f.name != "jobs"]
        return blake2b(repr([getattr(settings, name) for name in parts]).encode(), digest_size=16).hexdigest()

    def _add(self, number: int, rows: range, journal: Journal | None) -> Batch:
        """Adds a batch of rows to the index."""
        reading = read([self._source.record(row) for row in rows], self._index.settings)
        twice = {row: reading.doubled[i] for row, i in zip(rows, reading.outcome, strict=True) if i in reading.doubled}
        with self._index.transaction():
            batch = Batch(self._index.place(reading), twice)
            if journal:
                journal.add(number, batch)
        return batch

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
        source = self._source
        ids: dict[int, str] = {}
        for row, verdict in sorted(self._verdicts.items()):
            if not verdict.duplicate:
                continue
            kept = self._for[row]
            here = self._owner.get(kept)
            if kept not in ids:
                found = self._index.id_of(kept) if here is None else source.facts.ids[here]
                ids[kept] = found or verdict.duplicate_of or ""  # gone from the index since: another process was there
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
            passed_over=source.passed_over,
            quarantined_by_reason=dict(sorted(Counter(q.reason for q in self.quarantined).items())),
            bytes=source.volume,
            seconds=round(time.perf_counter() - start, 3),
        )
        if account.records != account.kept + account.removed + account.quarantined:
            raise AccountingError(f"records in and out differ: {account}")
        return account


_EQUAL_TO_KEPT: Final = Verdict("", "duplicate", None, "exact", 1.0, 1.0, "equal words; kept by an earlier decision")
"""On a row whose words are those of an article that is kept again."""
