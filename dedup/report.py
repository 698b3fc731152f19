"""Results -> what a person reads in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dedup.model import REMOVED, Border, Quarantined, Summary
from dedup.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dedup.explanation import Explanation
    from dedup.indexed import IndexedSummary
    from dedup.inpage import Page
    from dedup.result import Result
    from dedup.settings import Settings

_MEANINGS = {
    "exact": "equal words",
    "near": "edited copies",
    "truncated": "truncated copies",
    "extended": "extended copies",
    "revised": "other versions of the same piece",
}

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""What `dedup tune` tries."""

SHOWN = 3
"""Records in quarantine that the summary names; `--quarantined` lists them all."""


def tell_settings(settings: Settings) -> None:
    """The settings of a run on standard error."""
    bands = settings.bands
    told = {
        "threshold": f"{settings.threshold:g}",
        "keep": ",".join(settings.policy.names),
        "versions": settings.versions,
        "pages": settings.pages,
        "window": settings.window or "none",
        "jobs": str(settings.jobs),
        "candidates": f"{bands.count} bands of {bands.rows} rows" + (", passages" if settings.passages else ""),
    }
    print("dedup: " + ", ".join(f"{name} {printable(value)}" for name, value in told.items()), file=sys.stderr)


def print_summary(result: Result) -> None:
    """The account of a run on standard error."""
    summary = result.summary()
    console = _console(stderr=True)
    _print_account(console, summary)
    if summary.passed_over:
        console.print(f"{summary.passed_over:,} records of archives that are no articles passed over")
    for name in result.unstated:
        console.print(printable(f"no record has a field {name}"))
    if summary.undated and (result.settings.window or {"earliest", "latest"} & set(result.settings.policy.names)):
        apart = ", and no window holds them apart" if result.settings.window else ""
        console.print(f"{_some(summary.undated, 'record has', 'records have')} no date that can be read{apart}")
    stay = {
        "of one template with other facts": summary.siblings,
        "related": summary.related,
        "other versions": summary.versions,
    }
    if any(stay.values()):
        told = ", ".join(f"{count:,} {name}" for name, count in stay.items() if count)
        console.print(f"pairs that were looked at and stay: {told}")
    if summary.boilerplate_words:
        console.print(f"{summary.boilerplate_words:,} words set aside as boilerplate of their sites")
    if summary.page_repeats:
        done = "dropped" if result.settings.pages == "clean" else "left"
        console.print(
            f"{_some(summary.page_repeats, 'body that stands', 'bodies that stand')} twice in one kept text {done}"
        )
    if summary.boilerplate_only:
        console.print(
            f"{_some(summary.boilerplate_only, 'record of another page stays', 'records of other pages stay')}, "
            f"though nothing but boilerplate is left of {'it' if summary.boilerplate_only == 1 else 'them'}"
        )
    limits = {
        "full buckets": summary.capped_buckets,
        "hot passages": summary.hot_passages,
        "gaps too long to align": summary.long_gaps,
        "pages with more repeats": summary.unfinished_pages,
        "paragraphs not merged": result.left_out,
    }
    if any(limits.values()):
        console.print("limits reached: " + ", ".join(f"{count:,} {name}" for name, count in limits.items() if count))
    _print_quarantine(console, result.quarantined)


def print_indexed(summary: IndexedSummary, quarantined: Sequence[Quarantined], uri: str) -> None:
    """The account of a run against an index on standard error."""
    console = _console(stderr=True)
    _print_account(console, summary)
    console.print(printable(f"{summary.seen:,} of those removed repeat an article of an earlier run ({uri})"))
    changes = {
        "earlier articles have a better copy now": summary.replaced,
        "earlier copies are kept again": summary.restored,
    }
    for told, ids in changes.items():
        if ids:
            shown = ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
            console.print(printable(f"{len(ids):,} {told}: {shown}; --json lists them"))
    _print_quarantine(console, quarantined)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, those of a mapping under its name, on standard output."""
    table = _table()
    for name, value in facts.items():
        for part, inner in value.items() if isinstance(value, Mapping) else (("", value),):
            table.add_row(
                f"{inner:,}" if isinstance(inner, int) else str(inner), f"{name.replace('_', ' ')} {part}".strip()
            )
    _console().print(table)


def _some(count: int, one: str, many: str) -> str:
    """A count, and what is counted.

    >>> _some(1, "record has", "records have"), _some(2000, "record has", "records have")
    ('1 record has', '2,000 records have')
    """
    return f"{count:,} {one if count == 1 else many}"


def _print_account(console: Console, summary: Summary | IndexedSummary) -> None:
    table = _table()
    table.add_row(f"{summary.records:,}", "records in")
    for relation, count in summary.relations.items():
        if count:
            table.add_row(f"{count:,}", f"removed, {_MEANINGS[relation]}")
    table.add_row(f"{summary.quarantined:,}", "in quarantine" + _reasons(summary.quarantined_by_reason))
    table.add_row(f"{summary.kept:,}", "kept")
    console.print(table)
    rate = summary.records / summary.seconds if summary.seconds else 0.0
    console.print(
        f"{summary.records:,} = {summary.kept:,} kept + {summary.removed:,} removed + {summary.quarantined:,} quarantined; "
        f"{summary.seconds:.1f} s, {rate:,.0f} articles/s"
    )


def _print_quarantine(console: Console, quarantined: Sequence[Quarantined]) -> None:
    for record in quarantined[:SHOWN]:
        console.print(printable(f"{record.place}: {record.reason}: {record.detail}"))
    if len(quarantined) > SHOWN:
        console.print(f"and {len(quarantined) - SHOWN:,} more in quarantine; --quarantined FILE lists them")


def tell_repeats(page: Page) -> None:
    """What was found in a page, on standard error."""
    repeats, words = _counted(len(page.repeats), "repeat"), _counted(page.dropped_words, "word")
    print(f"dedup: {repeats}, {words} dropped", file=sys.stderr)
    if not page.complete:
        print("dedup: limit reached: there may be more repeats", file=sys.stderr)


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}" + ("" if count == 1 else "s")


def _reasons(reasons: Mapping[str, int]) -> str:
    return " (" + ", ".join(f"{name} {count:,}" for name, count in reasons.items()) + ")" if reasons else ""


def print_match(found: Explanation, a: str, b: str, min_tokens: int) -> None:
    """What two articles have in common, and what decided, on standard output."""
    match, a, b = found.match, printable(a), printable(b)
    table = _table()
    table.add_row("relation", f"{match.relation}: " + ("one is removed" if match.duplicate else "both stay"))
    table.add_row("reason", match.reason)
    table.add_row("resemblance", f"{match.resemblance:.4f}  share of the words of both that is aligned")
    table.add_row("containment", f"{match.containment:.4f}  share of the shorter one's words")
    table.add_row("share of longer", f"{match.share_longer:.4f}")
    table.add_row("opening", f"{match.lead:.4f}  share of one opening that the other has")
    table.add_row("shingle Jaccard", f"{match.jaccard:.4f}")
    table.add_row("words", f"{match.words[0]:,} in {a}, {match.words[1]:,} in {b}, {match.aligned:,} aligned")
    table.add_row("numbers", f"{match.numbers:,}, of which {match.swaps:,} stand in the place of others")
    table.add_row("titles", _unless_unknown(match.titles, "{:.4f}  similarity"))
    table.add_row("dates", _unless_unknown(match.gap, "{:,.1f} hours apart"))
    table.add_row("site, page", f"{_known(match.same_site)} site, {_known(match.same_page)} page")
    if any(match.boilerplate):
        table.add_row(
            "boilerplate", f"{match.boilerplate[0]:,} words of {a}, {match.boilerplate[1]:,} of {b} set aside"
        )
    console = _console()
    console.print(table)
    if min(match.words) < min_tokens:
        console.print(f"texts of fewer than {min_tokens} words are copies only when they are equal")
    for name, text, spans in zip((a, b), found.texts, found.boilerplate, strict=True):
        for start, end in spans:
            console.print(f"boilerplate of {name}: {printable(text[start:end])}")
    console.print()


def print_thresholds(rows: Sequence[tuple[float, Summary]], near: Sequence[Border], chosen: float) -> None:
    """How many records each threshold removes, and the closest decisions, on standard output."""
    table = _table()
    names = [name for name in REMOVED if any(summary.relations[name] for _, summary in rows)]
    table.add_row("threshold", "removed", *names, "siblings")
    for threshold, summary in rows:
        relations = [f"{summary.relations[name]:,}" for name in names]
        table.add_row(f"{threshold:g}", f"{summary.removed:,}", *relations, f"{summary.siblings:,}")
    console = _console()
    console.print(table)
    if near:
        console.print(f"\nclosest decisions at {chosen:g}:")
    for border in near:
        told = "a copy" if border.copies else "both stay"
        console.print(
            printable(f"{border.ids[0]}  {border.ids[1]}  {border.relation}, {told}: {border.reason}"), soft_wrap=True
        )


def _console(stderr: bool = False) -> Console:
    """Prints what it is given as it is: no markup, no line breaks of its own."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _table() -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    return table


def _unless_unknown(value: float | None, form: str) -> str:
    return "unknown" if value is None else form.format(value)


def _known(same: bool | None) -> str:
    return "unknown" if same is None else "same" if same else "another"
