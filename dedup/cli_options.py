"""What the commands have in common: options, settings, errors, and how their help looks."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dedup.canonical import DEFAULT
from dedup.errors import DedupError, InputError, SettingsError

if TYPE_CHECKING:
    from dedup.settings import Settings

EXIT_FAILED = 1
EXIT_QUARANTINED = 3
EXIT_INTERRUPTED = 130

_FIELDS = {
    "text": "Where the text is; a.b reaches into nested records.",
    "id": "Where the id is.",
    "date": "Where the date of publication is.",
    "title": "Where the title is.",
    "url": "Where the URL is.",
    "site": "Where the site is.",
}

_PARTS = {"date": "published"}


class Examples(click.Command):
    """A command whose help leads with examples, printed as they stand."""

    examples = ""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, then the description."""
        formatter.write_paragraph()
        for line in self.examples.strip().splitlines():
            formatter.write(f"  {line.strip()}\n")
        super().format_help_text(ctx, formatter)


def decides(command: Callable[..., None]) -> Callable[..., None]:
    """The options that tell how articles are read and compared, for a command."""
    options = [
        click.option(
            "--threshold",
            type=float,
            default=0.8,
            show_default=True,
            help="Resemblance from which an edited copy is the same.",
        ),
        click.option("--window", metavar="TIME", help="No match further apart: 30d, 12h, 2w."),
        click.option("--no-boilerplate", is_flag=True, help="Count what a site repeats as text."),
        click.option("--no-passages", is_flag=True, help="Do not look for texts that hold each other."),
        click.option("--no-templates", is_flag=True, help="Take issues of one template with other facts for copies."),
        *(click.option(f"--{part}-field", metavar="NAME", help=help) for part, help in _FIELDS.items()),
        click.option(
            "--jobs", type=click.IntRange(min=0), default=1, show_default=True, help="Threads; 0: one per core."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def prefers(command: Callable[..., None]) -> Callable[..., None]:
    """The options that tell which copy is kept, and how, for a command."""
    options = [
        click.option(
            "--keep",
            default=DEFAULT,
            show_default=True,
            help="Which copy stays: complete, longest, earliest, latest, source, canonical-url, first, id.",
        ),
        click.option("--sources", default="", metavar="A,B", help="Sites, best first, for --keep source."),
        click.option(
            "--versions",
            type=click.Choice(("policy", "latest", "earliest", "all")),
            default="policy",
            show_default=True,
            help="Which version of a revised piece stays; policy: as --keep says.",
        ),
        click.option(
            "--pages",
            type=click.Choice(("clean", "keep", "off")),
            default="clean",
            show_default=True,
            help="Bodies that stand twice in one text: drop one; only report them; do not look.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def settings_of(options: dict[str, Any]) -> Settings:
    """The settings that options of a command ask for. Raises SettingsError."""
    from dedup.fields import Fields
    from dedup.settings import Settings

    named = {_PARTS.get(part, part): (options[f"{part}_field"],) for part in _FIELDS if options[f"{part}_field"]}
    return Settings(
        threshold=options["threshold"],
        window=options["window"],
        boilerplate=not options["no_boilerplate"],
        passages=not options["no_passages"],
        templates=not options["no_templates"],
        versions=options.get("versions", "policy"),
        pages=options.get("pages", "clean"),
        keep=options.get("keep", DEFAULT),
        sources=tuple(s.strip() for s in options.get("sources", "").split(",") if s.strip()),
        fields=dataclasses.replace(Fields(), **named),
        jobs=options["jobs"] or os.cpu_count() or 1,
    )


@contextmanager
def errors(interrupted: str = "interrupted", failed: int = EXIT_FAILED) -> Iterator[None]:
    """Errors of the library as errors of the command; `failed`: its exit code then."""
    try:
        yield
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except DedupError as error:
        fail(str(error), failed)
    except BrokenPipeError:
        quiet_pipe()
    except OSError as error:
        fail(error.strerror or str(error), failed)
    except KeyboardInterrupt:
        click.echo(f"dedup: {interrupted}", err=True)
        sys.exit(EXIT_INTERRUPTED)


def read_bytes(name: str, hint: str = "") -> bytes:
    """A file, or standard input (`-`). Raises InputError."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except FileNotFoundError as error:
        raise InputError(name, "No such file or directory" + hint) from error
    except OSError as error:
        raise InputError(name, error.strerror or str(error)) from error


def read_text(name: str, hint: str = "") -> str:
    """The text of a file, or of standard input. Raises InputError."""
    try:
        return read_bytes(name, hint).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, str(error)) from error


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Ends with the message."""
    from dedup.terminal import printable

    click.echo(f"dedup: {printable(message)}", err=True)
    sys.exit(code)


def quiet_pipe() -> NoReturn:
    """The reader of standard output has gone, as `| head` does: end as other tools do, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(EXIT_FAILED)
