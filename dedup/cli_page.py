"""The command `dedup page`: one page -> the page with each of its bodies once."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from dedup.cli_help import FILE, Command, switch
from dedup.cli_options import colours, errors, is_quiet, read_bytes, read_text, speaks, tell_compiling


@click.command(
    cls=Command,
    short_help="Drop what stands twice in one page.",
    examples="""
        dedup page page.txt > clean.txt
        dedup page page.html --map
        curl -s https://example.org/news/1 | dedup page - --html --json
    """,
)
@click.argument("file", type=FILE, metavar="FILE")
@switch("excerpts", help="Also drop repeated leads, standfirsts, teasers and captions.")
@switch("merge", help="Leave sentences of a dropped copy that the other copy lacks.")
@switch("html", dest="as_html", help="FILE is HTML, as .html and .htm files are anyway.")
@switch("map", dest="as_map", help="Draw the page as a strip of paragraphs instead: what stays, what goes.")
@switch("json", dest="as_json", help="Print text and repeats as one JSON line instead.")
@colours
@speaks
def page(file: str, *, excerpts: bool, merge: bool, as_html: bool, as_map: bool, as_json: bool) -> None:
    """Drop what stands twice in one page (a text, or HTML; - is standard input), and print the page.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    if as_map and as_json:
        raise click.UsageError("--map and --json both go to standard output: give one of them")
    from dedup import report
    from dedup.inpage import clean_page
    from dedup.json_values import dumps
    from dedup.page_map import print_map

    with errors():
        tell_compiling()
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
        if not as_json and not is_quiet():
            report.tell_repeats(found)
