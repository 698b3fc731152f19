"""The commands of an index: `dedup check`, and `dedup index` with info, verify, expire, compact, export, import."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from dedup.cli_config import is_uri
from dedup.cli_help import FILE, INDEX, Command, Group, fail, option, switch
from dedup.cli_options import (
    EXIT_QUARANTINED,
    decides,
    errors,
    is_quiet,
    prefers,
    read_text,
    reads,
    settings_of,
    shows_progress,
    speaks,
    stages,
    tell_compiling,
)

if TYPE_CHECKING:
    from dedup.index import Index

EXIT_DUPLICATE = 1
EXIT_UNCHECKED = 2


def uri_of(name: str) -> str:
    """A URI as it is; the name of a file as that of an index in this file.

    >>> uri_of("seen.db"), uri_of("sqlite:seen.db")
    ('sqlite:seen.db', 'sqlite:seen.db')
    """
    return name if is_uri(name) else f"sqlite:{name}"


@click.command(
    cls=Command,
    short_help="Whether one article is new to an index.",
    examples="""
        dedup check article.txt --index seen.db
        dedup check article.json --index seen.db --json
        curl -s https://example.org/1.json | dedup check - --index seen.db
    """,
)
@click.argument("file", type=FILE, metavar="FILE")
@option("-i", "--index", "uri", type=INDEX, required=True, metavar="INDEX", help="The index: a file, or a URI.")
@switch("json", dest="as_json", help="Print the verdict as a JSON line.")
@prefers
@decides
@speaks
def check(**options: Any) -> None:
    """Whether the article of FILE (a text, or one record as JSON; - is standard input) is new to an index. Adds nothing.

    Exit codes: 0 new, 1 a duplicate, 2 it could not be checked, 130 interrupted.
    """
    with errors(failed=EXIT_UNCHECKED, damaged=EXIT_UNCHECKED):
        from dedup.json_values import dumps
        from dedup.opening import open_index
        from dedup.terminal import printable

        settings = settings_of(options)
        record = _record(read_text(options["file"]))
        if record is None:
            fail(f"{options['file']}: has several records, and check takes one: give them to dedup run", EXIT_UNCHECKED)
        tell_compiling()
        with open_index(uri_of(options["uri"]), settings, create=False) as index:
            verdict = index.check(record)
        if options["as_json"]:
            sys.stdout.buffer.write(dumps(dataclasses.asdict(verdict)) + b"\n")
        elif verdict.status == "quarantined":
            fail(f"{options['file']}: {verdict.reason}", EXIT_UNCHECKED)
        elif is_quiet():
            pass
        elif verdict.duplicate:
            click.echo(printable(f"duplicate of {verdict.duplicate_of}: {verdict.relation}, {verdict.reason}"))
        else:
            better = f", a better copy of {', '.join(verdict.replaces)}: {verdict.reason}" if verdict.replaces else ""
            click.echo(printable(f"new{better}"))
        if verdict.status == "quarantined":
            sys.exit(EXIT_UNCHECKED)
        sys.exit(EXIT_DUPLICATE if verdict.duplicate else 0)


def _record(text: str) -> Mapping[str, Any] | str | None:
    """The record of a file: a JSON object, or the text itself; None for several records (JSON Lines)."""
    if not text.lstrip().startswith("{"):
        return text
    found = _object(text)
    if found is None and _object(text.lstrip().partition("\n")[0]) is not None:
        return None
    return text if found is None else found


def _object(text: str) -> Mapping[str, Any] | None:
    """The JSON object that a text is, if it is one."""
    from dedup.json_values import parse

    try:
        found = parse(text.encode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@click.group(
    cls=Group,
    short_help="Look after an index.",
    examples="""
        dedup index info seen.db
        dedup index expire seen.db --older-than 90d
        dedup index export seen.db -o articles.jsonl.gz
    """,
)
def index() -> None:
    """Look after an index (made by `dedup run --index`, or in Python)."""


@index.command(
    cls=Command,
    short_help="What an index holds.",
    examples="""
        dedup index info seen.db
        dedup index info seen.db --json
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@switch("json", dest="as_json", help="Print a JSON line.")
@speaks
def info(name: str, *, as_json: bool) -> None:
    """What INDEX holds, and what it was made by."""
    with errors(), _opened(name) as opened:
        from dedup.json_values import dumps
        from dedup.report import print_facts

        facts = {**dataclasses.asdict(opened.stats()), "made by": opened.made_by}
        if as_json:
            sys.stdout.buffer.write(dumps(facts) + b"\n")
        else:
            print_facts(facts)


@index.command(
    cls=Command,
    short_help="Read all of an index, and tell what is damaged.",
    examples="""
        dedup index verify seen.db
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@speaks
def verify(name: str) -> None:
    """Read all of INDEX, and tell what is damaged. Exit codes: 0 nothing, 1 something."""
    with errors(), _opened(name) as opened:
        problems = opened.verify()
        for problem in problems:
            click.echo(problem)
        if problems:
            fail(f"{name}: {len(problems):,} problems found")
        click.echo(f"{len(opened):,} articles, all well")


@index.command(
    cls=Command,
    short_help="Forget old articles.",
    examples="""
        dedup index expire seen.db --older-than 90d
        dedup index expire seen.db --before 2026-01-01 --published
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@option("--older-than", metavar="TIME", help="Added longer ago than this: 30d, 12h, 2w.")
@option("--before", metavar="DATE", help="Added before this date.")
@switch("published", help="Go by the date of publication instead.")
@speaks
def expire(name: str, *, older_than: str | None, before: str | None, published: bool) -> None:
    """Forget old articles of INDEX; they count as new when they come again."""
    with errors(), _opened(name) as opened:
        by = "published" if published else "seen"
        gone = opened.expire(before=before, older_than=older_than, by=by)  # type: ignore[arg-type]
        click.echo(f"{gone:,} articles forgotten, {len(opened):,} left")


@index.command(
    cls=Command,
    short_help="Give room back.",
    examples="""
        dedup index compact seen.db
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@speaks
def compact(name: str) -> None:
    """Give the room of forgotten articles of INDEX back."""
    with errors(), _opened(name) as opened:
        before = opened.stats().disk
        opened.compact()
        click.echo(f"{before:,} bytes before, {opened.stats().disk:,} now")


@index.command(
    cls=Command,
    short_help="Write the articles as JSON Lines.",
    examples="""
        dedup index export seen.db > articles.jsonl
        dedup index export seen.db -o articles.jsonl.gz
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@option("-o", "--output", type=FILE, default="-", show_default=True, help="JSON Lines.")
@switch("copies", help="Also the copies that are stored beside them, for an index elsewhere.")
@switch("force", help="Replace an output that exists.")
@speaks
def export(name: str, *, output: str, copies: bool, force: bool) -> None:
    """Write the articles of INDEX as JSON Lines, which `dedup index import` reads."""
    with errors("interrupted; no output was written"), _opened(name) as opened:
        from dedup.json_values import dumps
        from dedup.outputs import Outputs

        with Outputs(force) as outputs:
            outputs.check(output, inputs=opened.files)
            with outputs.open(output) as stream:
                stream.writelines(dumps(dict(found.record)) + b"\n" for found in opened.entries(copies=copies))
            outputs.commit()


@index.command(
    "import",
    cls=Command,
    short_help="Add the articles of a dump.",
    examples="""
        dedup index import seen.db articles.jsonl.gz
        zstdcat old.jsonl.zst | dedup index import seen.db -
    """,
)
@click.argument("name", type=INDEX, metavar="INDEX")
@click.argument("inputs", nargs=-1, required=True, type=FILE, metavar="INPUT...")
@prefers
@decides
@reads
@shows_progress
@speaks
def import_(**options: Any) -> None:
    """Add the articles of INPUT (JSON Lines) to INDEX, which is made if there is none; those that repeat others are not added.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with records that could not be read, 130 interrupted.
    """
    with errors():
        from dedup.index import BATCH
        from dedup.lines import LineSource
        from dedup.opening import open_index
        from dedup.spool import Workspace

        settings = settings_of(options)
        tell_compiling()
        with (
            open_index(uri_of(options["name"]), settings) as opened,
            Workspace(None) as workspace,
            stages(options) as progress,
        ):
            source = LineSource(options["inputs"], settings.fields, settings.limits, workspace, settings.format)
            new = known = rows = 0
            for batch in source.batches():  # to the end, before a record is asked for
                rows += len(batch.texts)
                progress("read", rows, source.expected)
            for start in range(0, rows, BATCH):
                records = [source.record(i) for i in range(start, min(start + BATCH, rows))]
                for verdict in opened.add_many(records):
                    new += verdict.new
                    known += verdict.duplicate
                progress("choose", new + known, rows)
            lost = source.records - new - known
        click.echo(f"{source.records:,} = {new:,} new + {known:,} duplicates + {lost:,} not read")
        sys.exit(EXIT_QUARANTINED if lost else 0)


def _opened(name: str) -> Index:
    from dedup.opening import inspect_index

    return inspect_index(uri_of(name))
