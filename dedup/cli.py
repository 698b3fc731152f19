"""The command `dedup`: words of a shell -> calls of the library."""

from __future__ import annotations

import atexit
import dataclasses
import gc
import io
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dedup import cli_completion, cli_index, cli_page, cli_review
from dedup.cli_help import FILE, INDEX, Command, Root, option, switch
from dedup.cli_options import (
    EXIT_QUARANTINED,
    FORMATS,
    OUTPUT,
    decides,
    errors,
    is_quiet,
    prefers,
    reads,
    settings_of,
    shows_progress,
    speaks,
    stages,
    tell_compiling,
)
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from dedup.dump import Files
    from dedup.indexed import IndexedSummary
    from dedup.model import Summary
    from dedup.settings import Settings


@click.group(
    "dedup",
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples="""
        dedup run news.jsonl.gz -o unique.jsonl --removed removed.jsonl
        dedup explain a0012 a0815 --in news.jsonl.gz
        dedup run --help
    """,
)
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Removes repeated articles from scraped news and web pages."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts idle threads otherwise: a tenth of a second
    gc.disable()  # a run makes no cycles worth looking for, and looking costs a twentieth of it
    atexit.register(gc.freeze)  # nor are they looked for at the end, which takes a tenth of a second
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know few letters; data files are written as bytes


@main.command(
    cls=Command,
    short_help="Keep one copy of every article of a dump.",
    examples="""
        dedup run news.jsonl.gz -o unique.jsonl --removed removed.jsonl
        dedup run 'dump/*.parquet' -o unique.parquet --keep earliest
        dedup run today.jsonl -o new.jsonl --index seen.db
    """,
    details="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with records in quarantine, 4 the index is damaged or was made "
    "with other settings, 130 interrupted.",
)
@click.argument("inputs", nargs=-1, required=True, type=FILE, metavar="INPUT...")
@option("-o", "--output", type=FILE, default="-", show_default=True, help="Kept records, as they came.")
@option("--removed", type=FILE, help="A JSON line per removed record: what it repeats, why.")
@option("--quarantined", type=FILE, help="A JSON line per record that cannot be used.")
@prefers
@decides
@reads
@option(
    "-i",
    "--index",
    "uri",
    type=INDEX,
    metavar="INDEX",
    help="Keep what is new to this index, too, and add it.",
)
@option(
    "--to",
    type=click.Choice([name for name in FORMATS if name not in ("json", "pages")]),
    section=OUTPUT,
    help="Format of kept records; default: by the name of the output, else as the inputs.",
)
@switch("resume", section=OUTPUT, help="With --index: go on where the same run was interrupted.")
@switch("merge", section=OUTPUT, help="Add the paragraphs that only removed copies have, in a field dedup_merged.")
@option(
    "--exit-code-if-empty",
    type=click.IntRange(0, 255),
    metavar="N",
    section=OUTPUT,
    help="End with this exit code when no record is kept.",
)
@switch("lenient", section=OUTPUT, help="End with exit code 0 although there are records in quarantine.")
@option(
    "--work-dir",
    type=click.Path(exists=True, file_okay=False),
    section=OUTPUT,
    help="For working files; default: the output's folder.",
)
@shows_progress
@switch("force", help="Replace outputs that exist.")
@switch("dry-run", help="Decide, and write nothing.")
@switch("json", dest="as_json", section=OUTPUT, help="Print the summary as JSON, the last line of stdout.")
@speaks
def run(**options: Any) -> None:
    """Keep one copy of every article of INPUT: JSON Lines, CSV, Parquet, Arrow, WARC, pages, or these as .gz .bz2 .xz .zst. A
    dash is standard input.
    """
    output, as_json = options["output"], options["as_json"]
    if as_json and not options["dry_run"] and "-" in (output, options["removed"], options["quarantined"]):
        raise click.UsageError("--json and an output both go to standard output: give -o FILE")
    more = "; --resume goes on from here" if options["resume"] else ""
    with errors(f"interrupted; no output was written{more}"):
        from dedup import dump
        from dedup.json_values import dumps

        files = dump.Files(
            inputs=options["inputs"],
            kept=None if options["dry_run"] else output,
            removed=None if options["dry_run"] else options["removed"],
            quarantined=None if options["dry_run"] else options["quarantined"],
            force=options["force"],
            work_dir=options["work_dir"],
            merge=options["merge"],
            to=options["to"],
        )
        settings = settings_of(options)
        if options["resume"] and not options["uri"]:
            raise SettingsError("--resume goes with --index: nothing else is kept of a run that was interrupted")
        summary = (_indexed if options["uri"] else _alone)(files, settings, options)
        if as_json:
            sys.stdout.buffer.write(dumps(dataclasses.asdict(summary)) + b"\n")
        sys.exit(_exit_code(summary, options))


def _alone(files: Files, settings: Settings, options: dict[str, Any]) -> Summary:
    """A run over a dump, to its end."""
    from dedup import dump, report

    with stages(options) as progress:
        result = dump.run(files, settings, progress)
    if not is_quiet():
        report.print_summary(result)
    return result.summary()


def _indexed(files: Files, settings: Settings, options: dict[str, Any]) -> IndexedSummary:
    """A run against an index, to its end."""
    from dedup import indexed, report
    from dedup.opening import open_index

    if files.merge or options["dry_run"]:
        raise SettingsError("--index goes with neither --merge nor --dry-run")
    tell_compiling()
    uri = cli_index.uri_of(options["uri"])
    served = uri.startswith(("redis:", "rediss:"))  # what a server survives is for its own settings to say
    opened = open_index(uri, settings, durability="process" if served else "power")
    with opened as index, stages(options) as progress:
        summary, quarantined = indexed.run(files, index, progress, resume=options["resume"])
    if not is_quiet():
        report.print_indexed(summary, quarantined, index.uri)
    return summary


def _exit_code(summary: Summary | IndexedSummary, options: dict[str, Any]) -> int:
    """Records that could not be used are told before that there are no others."""
    if summary.quarantined and not options["lenient"]:
        return EXIT_QUARANTINED
    return options["exit_code_if_empty"] or 0 if summary.kept == 0 else 0


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


for command in (
    cli_index.check,
    cli_index.index,
    cli_page.page,
    cli_review.explain,
    cli_review.tune,
    cli_review.boilerplate,
    cli_completion.completion,
):
    main.add_command(command)
