"""The command `dedup`: words of a shell -> calls of the library."""

from __future__ import annotations

import dataclasses
import gc
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dedup import cli_index, cli_page, cli_review
from dedup.cli_options import EXIT_QUARANTINED, Examples, decides, errors, prefers, settings_of
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from dedup.corpus import Progress
    from dedup.dump import Files
    from dedup.settings import Settings


class RunCommand(Examples):
    """`dedup run`."""

    examples = """
        dedup run news.jsonl.gz -o unique.jsonl --removed removed.jsonl
        zstdcat news.jsonl.zst | dedup run - > unique.jsonl
        dedup run *.jsonl -o unique.jsonl.gz --keep earliest --threshold 0.9 --jobs 2
        dedup run today.jsonl -o new.jsonl --index seen.db
    """


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="article-dedup", prog_name="dedup")
def main() -> None:
    """Removes repeated articles from scraped news and web pages."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts idle threads otherwise: a tenth of a second
    gc.disable()  # a run makes no cycles worth looking for, and looking costs a twentieth of it
    signal.signal(signal.SIGTERM, _terminated)


@main.command(cls=RunCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", default="-", show_default=True, help="Kept records, the lines as they came.")
@click.option("--removed", metavar="FILE", help="One JSON line per removed record: what it repeats, how much, why.")
@click.option("--quarantined", metavar="FILE", help="One JSON line per record that could not be read or has no words.")
@prefers
@decides
@click.option(
    "--work-dir", type=click.Path(exists=True, file_okay=False), help="For working files; default: the output's folder."
)
@click.option(
    "--merge", is_flag=True, help="Add the paragraphs that only removed copies have, in a field dedup_merged."
)
@click.option(
    "--index", "uri", metavar="INDEX", help="Keep what is new to this index as well, and add it: a file, or a URI."
)
@click.option("--force", is_flag=True, help="Replace outputs that exist.")
@click.option("--dry-run", is_flag=True, help="Decide, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output.")
@click.option("-q", "--quiet", is_flag=True, help="No summary and no progress.")
@click.option("--no-progress", is_flag=True, help="No progress.")
def run(**options: Any) -> None:
    """Keep one copy of every article of INPUT (JSON Lines, also .gz .bz2 .xz .zst; - is standard input).

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with records in quarantine, 130 interrupted.
    """
    output, as_json = options["output"], options["as_json"]
    if as_json and not options["dry_run"] and "-" in (output, options["removed"], options["quarantined"]):
        raise click.UsageError("--json and an output both go to standard output: give -o FILE")
    with errors("interrupted; no output was written"):
        from dedup import dump, report

        files = dump.Files(
            inputs=options["inputs"],
            kept=None if options["dry_run"] else output,
            removed=None if options["dry_run"] else options["removed"],
            quarantined=None if options["dry_run"] else options["quarantined"],
            force=options["force"],
            work_dir=options["work_dir"],
            merge=options["merge"],
        )
        settings = settings_of(options)
        with report.progress(show=not options["quiet"] and not options["no_progress"]) as progress:
            if options["uri"]:
                _run_indexed(files, settings, progress, options)
            result = dump.run(files, settings, progress)
    summary = result.summary()
    if not options["quiet"]:
        report.print_summary(result)
    if as_json:
        sys.stdout.buffer.write(dump.dumps(dataclasses.asdict(summary)) + b"\n")
    sys.exit(EXIT_QUARANTINED if summary.quarantined else 0)


def _run_indexed(files: Files, settings: Settings, progress: Progress, options: dict[str, Any]) -> NoReturn:
    """The run against an index, to its end."""
    from dedup import dump, indexed, report
    from dedup.opening import open_index

    if files.merge or options["dry_run"]:
        raise SettingsError("--index goes with neither --merge nor --dry-run")
    with open_index(cli_index.uri_of(options["uri"]), settings, durability="power") as index:
        summary, quarantined = indexed.run(files, index, progress)
    if not options["quiet"]:
        report.print_indexed(summary, quarantined, index.uri)
    if options["as_json"]:
        sys.stdout.buffer.write(dump.dumps(dataclasses.asdict(summary)) + b"\n")
    sys.exit(EXIT_QUARANTINED if summary.quarantined else 0)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


for command in (
    cli_index.check,
    cli_index.index,
    cli_page.page,
    cli_review.explain,
    cli_review.tune,
    cli_review.boilerplate,
):
    main.add_command(command)
