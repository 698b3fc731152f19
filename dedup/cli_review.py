"""The commands that look and change nothing: `dedup explain`, `dedup tune`, `dedup boilerplate`."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import click

from dedup.cli_help import FILE, Command, option, switch
from dedup.cli_options import (
    colours,
    decides,
    errors,
    read_text,
    reads,
    settings_of,
    shows_progress,
    speaks,
    stages,
    tell_compiling,
)

_HINT = "; ids of a dump need --in DUMP"


@click.command(
    cls=Command,
    short_help="Why two articles are, or are not, copies.",
    examples="""
        dedup explain one.txt other.txt
        dedup explain a0012 a0815 --in news.jsonl.gz
        dedup explain --json a0012 a0815 --in news.jsonl.gz
    """,
)
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@option(
    "--in",
    "dump",
    type=FILE,
    metavar="DUMP",
    help="A and B are ids of records of this dump; without, they are text files.",
)
@switch("diff", default=True, help="Only the figures.")
@switch("json", dest="as_json", help="Print the figures as JSON on standard output.")
@decides
@reads
@colours
@speaks
def explain(**options: Any) -> None:
    """Why A and B are, or are not, copies of each other: the figures, and where they differ.

    Exit codes: 0 explained, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from dedup import report
    from dedup.explanation import explain as explain_records
    from dedup.json_values import dumps
    from dedup.show import print_diff

    a, b, dump = options["a"], options["b"], options["dump"]
    with errors():
        settings = settings_of(options)
        if dump is None and a == b == "-":
            raise click.UsageError("standard input cannot be both texts")
        tell_compiling()
        first, second = (a, b) if dump is not None else (read_text(a, _HINT), read_text(b, _HINT))
        found = explain_records(first, second, dump, settings)
        if options["as_json"]:
            figures = {"ids": (a, b), **dataclasses.asdict(found.match)}
            sys.stdout.buffer.write(dumps(figures) + b"\n")
            return
        report.print_match(found, a, b, settings.min_tokens)
        if options["diff"] and found.match.relation != "exact":
            print_diff(*found.texts, found.pieces)


@click.command(
    cls=Command,
    short_help="What each threshold would remove.",
    examples="""
        dedup tune news.jsonl.gz
        dedup tune news.jsonl.gz --examples 10 --json
    """,
)
@click.argument("dump", type=FILE)
@option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Decisions at the border to show.")
@switch("json", dest="as_json", help="Print a JSON line for each threshold and example.")
@decides
@reads
@shows_progress
@speaks
def tune(**options: Any) -> None:
    """How many records of DUMP each threshold removes, and the decisions that were closest at the one given.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from dedup import report
    from dedup.deduplication import deduplicate
    from dedup.json_values import dumps
    from dedup.settings import default_jaccard

    with errors():
        settings = settings_of(options)
        lowest = default_jaccard(min(settings.threshold, *report.THRESHOLDS))  # what each of them would look at
        lower = dataclasses.replace(settings, candidate_jaccard=lowest)
        with stages(options) as progress:
            result = deduplicate(options["dump"], settings=lower, progress=progress)
        rows = [(t, result.rethreshold(t).summary()) for t in report.THRESHOLDS]
        near = result.borderline(options["examples"])
        if options["as_json"]:
            for t, summary in rows:
                line = {"threshold": t, "removed": summary.removed, **summary.relations, "siblings": summary.siblings}
                sys.stdout.buffer.write(dumps(line) + b"\n")
            for border in near:
                sys.stdout.buffer.write(dumps(dataclasses.asdict(border)) + b"\n")
        else:
            report.print_thresholds(rows, near, settings.threshold)


@click.command(
    cls=Command,
    short_help="What sites print around different articles.",
    examples="""
        dedup boilerplate news.jsonl.gz
        dedup boilerplate news.jsonl.gz --site example.org --most 50
    """,
)
@click.argument("dump", type=FILE)
@option("--site", "only", metavar="SITE", help="Of this site only.")
@option("--most", type=click.IntRange(min=1), default=100, show_default=True, help="So many lines at most.")
@switch("json", dest="as_json", help="Print a JSON line for each.")
@decides
@reads
@shows_progress
@speaks
def boilerplate(**options: Any) -> None:
    """The lines and sentences that the sites of DUMP print around different articles, the most frequent first.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from dedup.explanation import repeated
    from dedup.json_values import dumps
    from dedup.terminal import printable

    with errors():
        settings = settings_of(options)
        tell_compiling()
        with stages(options) as progress:
            everywhere = repeated(options["dump"], settings, progress)
        found = [r for r in everywhere if options["only"] in (None, r.site)]
        for piece in found[: options["most"]]:
            if options["as_json"]:
                sys.stdout.buffer.write(dumps(dataclasses.asdict(piece)) + b"\n")
            else:
                click.echo(f"{piece.records:>7,}  {piece.site or '-'}  {printable(piece.text)}")
        if len(found) > options["most"] and not options["as_json"]:
            click.echo(f"and {len(found) - options['most']:,} more; --most N shows them", err=True)
