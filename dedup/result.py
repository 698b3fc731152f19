"""Decisions about rows -> what users see: kept and removed records, clusters, quarantine, summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from dedup.batch import Decider
from dedup.boilerplate import Repeated, everywhere, listing, spans
from dedup.errors import AccountingError
from dedup.explanation import Explanation, between, row_of
from dedup.fields import Fields
from dedup.inpage import clean_page
from dedup.merge import Dropped, Merged, merge
from dedup.model import DUPLICATES, REMOVED, Border, Cluster, PageRepeat, Place, Quarantined, Removed, Summary
from dedup.settings import Settings
from dedup.shapes import Record
from dedup.sources import Source, once


class Outcome:
    """What a run decided, wherever its records came from. `settings` made it; `quarantined` lists the records set aside.
    `left_out`: paragraphs over the limit of an article, which `additions` did not give.
    """

    def __init__(self, source: Source, decider: Decider, settings: Settings, seconds: float) -> None:
        self.settings = settings
        self._source = source
        self._decider = decider
        self._decisions = decisions = (
            decider.decisions if settings == decider.settings else decider.judged(settings.rules)[0]
        )
        self._seconds = seconds
        self.left_out = 0
        empty = [
            Quarantined(source.place(row), "empty", "the text has no words")
            for row in (decisions.keeper < 0).nonzero()[0].tolist()
        ]
        self.quarantined: list[Quarantined] = sorted([*source.quarantined, *empty], key=lambda q: source.order(q.place))

    def changed(self, row: int) -> bool:
        """Whether the text of a row is given back with each body once, and not as it came."""
        return row in self._source.doubled and self.settings.pages == "clean"

    def page_repeats(self) -> Iterator[PageRepeat]:
        """The bodies that stand twice in the text of one kept record, in input order."""
        return page_repeats(self._source, self.settings.fields, self._decisions.kept.tolist())

    @property
    def kept_rows(self) -> list[int]:
        """The rows to keep, in input order."""
        rows: list[int] = self._decisions.kept.tolist()
        return rows

    @cached_property
    def removed(self) -> list[Removed]:
        """The records to remove, in input order."""
        return list(self.iterate_removed())

    def iterate_removed(self) -> Iterator[Removed]:
        """The records to remove, in input order, one at a time."""
        facts, decisions, source = self._source.facts, self._decisions, self._source
        for row in decisions.removed.tolist():
            kept = int(decisions.keeper[row])
            why = decisions.removals[row]
            yield Removed(
                id=facts.ids[row],
                duplicate_of=facts.ids[kept],
                relation=why.relation,
                resemblance=round(why.resemblance, 4),
                containment=round(why.containment, 4),
                reason=f"{why.reason}; kept by {why.decided}",
                place=source.place(row),
                kept_place=source.place(kept),
            )

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Every kept record that has copies, with its copies, in input order of the kept ones."""
        stars: dict[Place, list[Removed]] = {}
        for removed in self.removed:
            stars.setdefault(removed.kept_place, []).append(removed)
        places = sorted(stars, key=self._source.order)
        return [Cluster(stars[place][0].duplicate_of, place, tuple(stars[place])) for place in places]

    def summary(self) -> Summary:
        """The account of the run. Raises AccountingError should a record be missing from it."""
        decisions, source = self._decisions, self._source
        removed, kept = decisions.removed, len(decisions.kept)
        relations = Counter(why.relation for why in decisions.removals.values())
        account = Summary(
            records=source.records,
            kept=kept,
            removed=len(removed),
            quarantined=len(self.quarantined),
            relations={name: relations[name] for name in REMOVED},
            clusters=len(set(decisions.keeper[removed].tolist())),
            **asdict(decisions.counts),
            page_repeats=sum(source.doubled.get(row, 0) for row in decisions.kept.tolist()) if source.doubled else 0,
            unfinished_pages=source.unfinished,
            blank_lines=source.blank_lines,
            passed_over=source.passed_over,
            undated=source.facts.undated,
            quarantined_by_reason=dict(sorted(Counter(q.reason for q in self.quarantined).items())),
            bytes=source.volume,
            seconds=round(self._seconds, 3),
        )
        if account.records != account.kept + account.removed + account.quarantined:
            raise AccountingError(f"records in and out differ: {account}")
        return account

    @property
    def unstated(self) -> tuple[str, ...]:
        """The fields named in the settings that no record has; a name may be misspelled."""
        fields, usual = self.settings.fields, Fields()
        return tuple(
            ", ".join(getattr(fields, part))
            for part, count in self._source.facts.stated.items()
            if count == 0 and getattr(fields, part) != getattr(usual, part)
        )

    def additions(self) -> Iterator[tuple[int, Merged]]:
        """For the kept records, by their place in `kept`: the paragraphs that only their removed copies have, where there
        are any. Copies are taken earliest first; what is boilerplate of any site is left out.
        """
        copies: dict[int, list[int]] = {}
        self.left_out = 0
        furniture = everywhere(self._decider.corpus, self._decider.cores)
        for row in self._decisions.removed.tolist():
            copies.setdefault(int(self._decisions.keeper[row]), []).append(row)
        for place, kept in enumerate(self._decisions.kept.tolist()):
            rows = sorted(copies.get(kept, ()), key=self._age)
            if rows:
                found = merge(self._source.article(kept).text, [self._dropped(row, furniture) for row in rows])
                self.left_out += found.left_out
                if found.additions:
                    yield place, found

    def _age(self, row: int) -> tuple[float, str, bytes]:
        facts = self._source.facts
        date = facts.published(row)
        return float("inf") if date is None else date, facts.ids[row], self._source.raw(row)

    def _dropped(self, row: int, furniture: NDArray[np.uint64]) -> Dropped:
        text, known = self._source.article(row).text, self._decider
        return Dropped(self._source.facts.ids[row], text, spans(text, known.corpus, known.cores, row, furniture))

    def rethreshold(self, threshold: float) -> Self:
        """The result at another threshold, from what was measured: nothing is aligned again.

        Pairs were proposed for the threshold of the run: far below it, some that it would find are missing. Raises
        SettingsError.
        """
        settings = replace(self.settings, threshold=threshold)
        return type(self)(self._source, self._decider, settings, self._seconds)

    def borderline(self, count: int = 10) -> list[Border]:
        """The decisions closest to their limits, to be looked at, at most `count` of them."""
        decider, facts = self._decider, self._source.facts
        close = []
        for pair, nodes in enumerate(decider.measured.pairs.tolist()):
            found = decider.judge.decision(decider.measured, pair, self.settings.rules)
            if found.relation != "different":
                distance = abs(found.value - found.limit) / found.limit
                rows = [decider.judge.speaker(node) for node in nodes]
                ids = sorted(facts.ids[row] for row in rows)
                close.append(
                    Border(
                        (ids[0], ids[1]), found.relation, found.reason, found.relation in DUPLICATES, round(distance, 4)
                    )
                )
        return sorted(close, key=lambda border: (border.distance, border.ids))[:count]

    def boilerplate(self) -> list[Repeated]:
        """The lines and sentences that sites print around different articles, the most frequent first."""
        return listing(self._source, self._decider.corpus, self._decider.cores)

    def explain(self, a: str, b: str) -> Explanation:
        """Why the records of two ids are, or are not, copies of each other. Raises InputError for unknown ids."""
        rows = row_of(self._source, a), row_of(self._source, b)
        return between(self._source, self._decider.corpus, self._decider.cores, rows, self.settings)

    def __repr__(self) -> str:
        kept, removed = len(self._decisions.kept), len(self._decisions.removed)
        return f"<{type(self).__name__}: {kept} kept, {removed} removed, {len(self.quarantined)} quarantined>"


class Result(Outcome):
    """What a run decided about records, or the lines of files."""

    @property
    def kept(self) -> Sequence[Record]:
        """The records to keep, in input order: the very objects that were given, or the lines of a file, parsed anew; those
        whose text holds a body twice are copies with each body once (`sources.once`), unless `pages` are kept.
        """
        return Kept(self._given, self._decisions.kept.tolist())

    def _given(self, row: int) -> Record:
        """A kept record as it is given back."""
        record = self._source.record(row)
        return once(record, self.settings.fields) if self.changed(row) else record


class Kept(Sequence[Record]):
    """The kept records of a result; those of files are read when they are asked for."""

    def __init__(self, read: Callable[[int], Record], rows: list[int]) -> None:
        self._read = read
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self._read(row) for row in self._rows[index]]
        return self._read(self._rows[index])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def page_repeats(source: Source, fields: Fields, rows: Iterable[int]) -> Iterator[PageRepeat]:
    """The bodies that stand twice in the texts of these rows."""
    for row in rows:
        if row in source.doubled:
            record = source.record(row)
            name = "" if isinstance(record, str) else fields.text_name(record)
            text = record if isinstance(record, str) else fields.literal(record)
            fixed = text is None or (name != "" and fields.with_text(record, "") is record)
            text = str(fields.text_of(record)) if text is None else text
            for repeat in clean_page(text).repeats:
                dropped = text[repeat.dropped.start : repeat.dropped.end]
                yield PageRepeat(source.facts.ids[row], source.place(row), name, repeat, dropped, fixed)
