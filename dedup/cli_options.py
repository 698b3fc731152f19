"""What the commands have in common: options, settings, errors, exit codes, and how much they say."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup import kernels
from dedup.canonical import DEFAULT, POLICIES
from dedup.cli_config import reads_config, used
from dedup.cli_help import EXIT_FAILED, EXIT_INTERRUPTED, fail, option, quiet_pipe, switch
from dedup.errors import DedupError, IndexDamaged, IndexMismatch, InputError, SettingsError
from dedup.terminal import printable

if TYPE_CHECKING:
    from dedup.corpus import Progress
    from dedup.settings import Settings

EXIT_QUARANTINED = 3
EXIT_INDEX = 4

_FIELDS = {
    "text": "Where the text is; a.b reaches into nested records.",
    "id": "Where the id is.",
    "date": "Where the date of publication is.",
    "title": "Where the title is.",
    "url": "Where the URL is.",
    "site": "Where the site is.",
}

_PARTS = {"date": "published"}

COMPARING = "What counts as a copy"
FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "arrow", "warc", "pages")
OUTPUT = "What is written, and said"
FIELDS = "Fields of a record, guessed from common names otherwise"

_VERBOSE = "dedup.verbose"
_QUIET = "dedup.quiet"


def speaks(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that tell how much is said, and where settings are read from, for a command."""
    quiet = switch(
        "-q", "quiet", expose_value=False, callback=_noted(_QUIET), help="Say nothing but results and errors."
    )
    verbose = switch(
        "-v",
        "verbose",
        expose_value=False,
        callback=_noted(_VERBOSE),
        section=OUTPUT,
        help="Tell settings, file and times.",
    )
    return quiet(verbose(reads_config(command)))


def _noted(key: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def note(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        ctx.meta[key] = value

    return note


def is_quiet() -> bool:
    """Whether the running command was asked to be quiet."""
    return bool(click.get_current_context().meta.get(_QUIET))


def is_verbose() -> bool:
    """Whether the running command was asked to tell more."""
    return bool(click.get_current_context().meta.get(_VERBOSE))


def stages(options: dict[str, Any]) -> AbstractContextManager[Progress]:
    """What a command shows of its stages."""
    from dedup.progress import progress

    return progress(not is_quiet(), live=options["progress"], times=is_verbose())


def colours(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that tells whether colours are used, for a command; without it the terminal and NO_COLOR, FORCE_COLOR decide."""

    def decide(ctx: click.Context, param: click.Parameter, value: str) -> None:
        if value != "auto" and not ctx.resilient_parsing:
            wanted, other = ("FORCE_COLOR", "NO_COLOR") if value == "always" else ("NO_COLOR", "FORCE_COLOR")
            os.environ[wanted] = "1"
            os.environ.pop(other, None)

    return option(
        "--color",
        type=click.Choice(("auto", "always", "never")),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=decide,
        section=OUTPUT,
        help="Colours on standard output.",
    )(command)


def shows_progress(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that turns progress off, for a command."""
    return switch("progress", default=True, section=OUTPUT, help="No progress on a terminal.")(command)


def tell_compiling() -> None:
    """Says so when the kernels still have to be compiled."""
    from dedup import progress

    if not is_quiet():
        progress.tell_compiling()


def _policies(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of policies that a list of them may go on with, for shells."""
    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in (*POLICIES, "source") if name.startswith(begun)]


def prefers(command: Callable[..., None]) -> Callable[..., None]:
    """The options that tell which copy is kept, and how, for a command."""
    options = [
        option(
            "--keep",
            metavar="POLICY,...",
            default=DEFAULT,
            listed=True,
            shell_complete=_policies,
            help=f"Which copy stays: by {DEFAULT}, or by longest, latest, source, canonical-url, first.",
        ),
        option(
            "--sources",
            default="",
            metavar="A,B",
            listed=True,
            section=COMPARING,
            help="Sites, best first, for --keep source.",
        ),
        option(
            "--versions",
            type=click.Choice(("policy", "latest", "earliest", "all")),
            default="policy",
            show_default=True,
            section=COMPARING,
            help="Which version of a revised piece stays; policy: as --keep says.",
        ),
        option(
            "--pages",
            type=click.Choice(("clean", "keep", "off")),
            default="clean",
            show_default=True,
            section=COMPARING,
            help="Bodies that stand twice in one text: drop one; only report them; do not look.",
        ),
    ]
    for decorate in reversed(options):
        command = decorate(command)
    return command


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """The option that tells what inputs are, for a command."""
    return option(
        "--format",
        type=click.Choice(FORMATS),
        section=FIELDS,
        help="What inputs are; default: as their names or first bytes tell.",
    )(command)


def decides(command: Callable[..., None]) -> Callable[..., None]:
    """The options that tell how articles are read and compared, for a command."""
    options = [
        option(
            "--threshold",
            type=float,
            default=0.8,
            show_default=True,
            help="Resemblance of an edited copy, 0.5 to 1.",
        ),
        option("--window", metavar="TIME", section=COMPARING, help="No match further apart: 30d, 12h, 2w."),
        switch("boilerplate", default=True, section=COMPARING, help="Count what a site repeats as text."),
        switch("passages", default=True, section=COMPARING, help="Do not look for texts that hold each other."),
        switch(
            "templates",
            default=True,
            section=COMPARING,
            help="Take issues of one template with other facts for copies.",
        ),
        *(option(f"--{part}-field", metavar="NAME", section=FIELDS, help=help) for part, help in _FIELDS.items()),
        option(
            "--jobs",
            type=click.IntRange(min=0),
            metavar="N",
            default=1,
            show_default=True,
            help="Threads; 0: one per core.",
        ),
    ]
    for decorate in reversed(options):
        command = decorate(command)
    return command


def settings_of(options: dict[str, Any]) -> Settings:
    """The settings that options of a command ask for. Raises SettingsError."""
    from dedup.fields import Fields
    from dedup.settings import Settings

    named = {_PARTS.get(part, part): (options[f"{part}_field"],) for part in _FIELDS if options[f"{part}_field"]}
    settings = Settings(
        threshold=options["threshold"],
        window=options["window"],
        format=options.get("format"),
        boilerplate=options["boilerplate"],
        passages=options["passages"],
        templates=options["templates"],
        versions=options.get("versions", "policy"),
        pages=options.get("pages", "clean"),
        keep=options.get("keep", DEFAULT),
        sources=tuple(s.strip() for s in options.get("sources", "").split(",") if s.strip()),
        fields=dataclasses.replace(Fields(), **named),
        jobs=options["jobs"] or os.cpu_count() or 1,
    )
    if is_verbose():
        from dedup import report

        report.tell_settings(settings)
    return settings


@contextmanager
def errors(interrupted: str = "interrupted", failed: int = EXIT_FAILED, damaged: int = EXIT_INDEX) -> Iterator[None]:
    """Errors of the library as errors of the command. `failed`: its exit code then; `damaged`: that for an index which is
    damaged, or was made with other settings.
    """
    ctx = click.get_current_context()
    config = used(ctx)
    if config is not None and is_verbose():
        told = ", ".join(f"{key} = {value}" for key, value in config[1].items()) or "none for this command"
        click.echo(f"dedup: settings from {printable(f'{config[0]}: {told}')}", err=True)
    logging.getLogger("dedup").addHandler(_ECHO)
    try:
        yield
    except SettingsError as error:
        source = f" (there are settings in {config[0]}, too)" if config is not None and config[1] else ""
        raise click.UsageError(str(error) + source) from error
    except (IndexDamaged, IndexMismatch) as error:
        fail(str(error), damaged)
    except DedupError as error:
        fail(str(error), failed)
    except BrokenPipeError:
        quiet_pipe()
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error), failed)
    except KeyboardInterrupt:
        click.echo(f"dedup: {interrupted}", err=True)
        sys.exit(EXIT_INTERRUPTED)


class _Echo(logging.Handler):
    """Warnings of the library on standard error; what is compiled is told otherwise."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line."""
        if record.msg != kernels.COMPILING:
            click.echo(f"dedup: {printable(record.getMessage())}", err=True)


_ECHO = _Echo(logging.WARNING)


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
        raise InputError(name, f"is not UTF-8; convert or unpack it ({error.reason} at byte {error.start})") from error
