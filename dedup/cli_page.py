"""The command `dedup page`: one page -> the page with each of its bodies once."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from dedup.cli_options import Examples, errors, read_bytes, read_text


class PageCommand(Examples):
    """`dedup page`."""

    examples = """
        dedup page page.txt > clean.txt
        dedup page page.html --map
        curl -s https://example.org/news/1 | dedup page - --html --json
    """


@click.command(cls=PageCommand)
@click.argument("file", metavar="FILE")
@click.option("--excerpts", is_flag=True, help="Also drop repeated leads, standfirsts, teasers and captions.")
@click.option("--merge", is_flag=True, help="Leave sentences of a dropped copy that the other copy lacks.")
@click.option("--html", "as_html", is_flag=True, help="FILE is HTML, as .html and .htm files are anyway.")
@click.option(
    "--map", "as_map", is_flag=True, help="Draw the page as a strip of paragraphs instead: what stays, what goes."
)
@click.option("--json", "as_json", is_flag=True, help="Print text and repeats as one JSON line instead.")
def page(file: str, *, excerpts: bool, merge: bool, as_html: bool, as_map: bool, as_json: bool) -> None:
    """Drop what stands twice in one page (a text, or HTML; - is standard input), and print the page.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    if as_map and as_json:
        raise click.UsageError("--map and --json both go to standard output: give one of them")
    from dedup import report
    from dedup.dump import dumps
    from dedup.inpage import clean_page
    from dedup.page_map import print_map

    with errors():
        report.tell_compiling()
        if as_html or Path(file).suffix.lower() in (".html", ".htm"):
            found = clean_page(html=read_bytes(file), excerpts=excerpts, merge=merge)
        else:
            found = clean_page(read_text(file), excerpts=excerpts, merge=merge)
        if as_map:
            print_map(found.paragraphs, found.repeats)
        elif as_json:
            line = {"text": found.text, "repeats": [dataclasses.asdict(r) for r in found.repeats]}
            sys.stdout.buffer.write(dumps({**line, "complete": found.complete}) + b"\n")
        else:
            sys.stdout.buffer.write(found.text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        if not as_json:
            report.tell_repeats(found)
