"""Results -> what a person reads in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dedup.corpus import Progress
from dedup.model import Match

if TYPE_CHECKING:
    from dedup.result import Result

_MEANINGS = {
    "exact": "equal words",
    "near": "edited copies",
    "truncated": "truncated copies",
    "extended": "extended copies",
    "revised": "other versions of the same piece",
}

SHOWN = 3
"""Records in quarantine that the summary names; `--quarantined` lists them all."""


@contextmanager
def progress(show: bool) -> Iterator[Progress]:
    """Shows what is being done on standard error: live on a terminal, else only that the kernels are being compiled."""
    if not sys.stderr.isatty() or not show:
        yield _compiling if show else _nothing
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:

        def tell(stage: str, done: int, total: int) -> None:
            if stage == "compile":
                _compiling(stage, done, total)
            words = {"read": "articles read", "compare": "pairs compared", "choose": "copies weighed"}
            status.update(f"{done:,} {words.get(stage, stage)}" if stage in words else "compiling")

        yield tell


def _compiling(stage: str, done: int, total: int) -> None:
    if stage == "compile":
        print("dedup: compiling, once in this environment (about 20 seconds)", file=sys.stderr, flush=True)


def tell_compiling() -> None:
    """Says so when the kernels still have to be compiled."""
    from dedup import kernels

    if kernels.cold():
        _compiling("compile", 0, 0)


def _nothing(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def print_summary(result: Result) -> None:
    """The account of a run on standard error."""
    from rich.console import Console
    from rich.table import Table

    summary = result.summary()
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"{summary.records:,}", "records in")
    for relation, count in summary.relations.items():
        if count:
            table.add_row(f"{count:,}", f"removed, {_MEANINGS[relation]}")
    table.add_row(f"{summary.quarantined:,}", "in quarantine" + _reasons(result))
    table.add_row(f"{summary.kept:,}", "kept")
    console.print(table)
    rate = summary.records / summary.seconds if summary.seconds else 0.0
    console.print(
        f"{summary.records:,} = {summary.kept:,} kept + {summary.removed:,} removed + {summary.quarantined:,} quarantined; "
        f"{summary.seconds:.1f} s, {rate:,.0f} articles/s"
    )
    if summary.undated and {"earliest", "latest"} & set(result.settings.policy.names):
        console.print(f"{summary.undated:,} records have no date that can be read (ISO 8601 or RFC 2822)")
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
    if summary.boilerplate_only:
        console.print(f"{summary.boilerplate_only:,} records of other pages stay, though nothing but boilerplate is left of them")
    limits = {
        "full buckets": summary.capped_buckets,
        "hot passages": summary.hot_passages,
        "gaps too long to align": summary.long_gaps,
    }
    if any(limits.values()):
        console.print("limits reached: " + ", ".join(f"{count:,} {name}" for name, count in limits.items() if count))
    for record in result.quarantined[:SHOWN]:
        console.print(printable(f"{record.place}: {record.reason}: {record.detail}"), soft_wrap=True)
    if len(result.quarantined) > SHOWN:
        console.print(f"and {len(result.quarantined) - SHOWN:,} more in quarantine; --quarantined FILE lists them")


def _reasons(result: Result) -> str:
    reasons = result.summary().quarantined_by_reason
    return " (" + ", ".join(f"{name} {count:,}" for name, count in reasons.items()) + ")" if reasons else ""


def print_match(match: Match, a: str, b: str, min_tokens: int) -> None:
    """A comparison on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row("relation", match.relation)
    table.add_row("resemblance", f"{match.resemblance:.4f}  share of the words of both that is aligned")
    table.add_row("containment", f"{match.containment:.4f}  share of the shorter one's words")
    table.add_row("share of longer", f"{match.share_longer:.4f}")
    table.add_row("shingle Jaccard", f"{match.jaccard:.4f}")
    table.add_row(
        "words",
        f"{match.words[0]:,} in {printable(a)}, {match.words[1]:,} in {printable(b)}, {match.aligned:,} aligned",
    )
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(table)
    if min(match.words) < min_tokens:
        console.print(f"texts of fewer than {min_tokens} words are copies only when they are equal")


def printable(text: str) -> str:
    """The text with control characters shown as symbols, so that data cannot steer a terminal.

    >>> printable("a\\x1b[31mb\\n")
    'a␛[31mb␊'
    """
    return "".join(
        chr(0x2400 + ord(c)) if c < " " else "␡" if c == "\x7f" else "\ufffd" if not c.isprintable() and c != " " else c
        for c in text
    )
