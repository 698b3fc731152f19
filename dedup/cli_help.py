"""How commands and options are made: help that leads with examples, rare options apart, errors in one line."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NoReturn

import click
from click.shell_completion import CompletionItem

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130

_ALL: Final = "dedup.help-all"


class Location(click.ParamType[str]):
    """The name of a file, or `-`; shells complete it. `uri`: or the URI of an index."""

    def __init__(self, name: str = "file", *, uri: bool = False) -> None:
        self.name, self.uri = name, uri

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names of files, by the shell itself."""
        return [CompletionItem(incomplete, type="file")]


FILE: Final = Location()
INDEX: Final = Location("index", uri=True)


class Option(click.Option):
    """An option. One with a `section` is shown under that heading, and by --help-all only. `listed`: it takes names with commas
    between them, which a file of settings may give as a list.
    """

    def __init__(self, *args: Any, section: str = "", listed: bool = False, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.section, self.listed = section, listed

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """A switch is shown as what it changes, without its opposite."""
        record = super().get_help_record(ctx)
        if record is None or not self.secondary_opts:
            return record
        return ", ".join(sorted(self.secondary_opts if self.default else self.opts, key=len)), record[1]


def option(*names: str, **attrs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option of a command (`Option`)."""
    return click.option(*names, cls=Option, **attrs)


def switch(
    *names: str, default: bool = False, dest: str | None = None, **attrs: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option without a value. The last of its names gets an opposite, `--no-NAME`, so that a command line can take back
    what a file of settings says; `default` tells which of the two is the rule. `dest`: the name of its parameter.
    """
    *short, name = names
    given = [*short, f"--{name}/--no-{name}", dest or name.replace("-", "_")]
    return click.option(*given, cls=Option, default=default, show_default=False, **attrs)


class Command(click.Command):
    """A command whose help leads with its `examples`, printed as they stand. `details`: what --help-all ends with."""

    def __init__(self, *args: Any, examples: str = "", details: str = "", **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.details = details
        self.examples = [line.strip() for line in examples.strip().splitlines()]
        if self.examples:
            block = "\n".join(f"    {example}" for example in self.examples)
            self.help = f"\b\n{block}\n\n{inspect.cleandoc(self.help or '')}"
        if any(getattr(param, "section", "") for param in self.params):
            self.params.append(_help_all())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Names of commands and options. Of a switch, what the help shows is described, and the other one as its opposite."""
        found = super().shell_complete(ctx, incomplete)
        switches = [param for param in self.params if isinstance(param, click.Option) and param.secondary_opts]
        for param in switches:
            told, others = (param.secondary_opts, param.opts) if param.default else (param.opts, param.secondary_opts)
            for item in found:
                if item.value in others:
                    item.help = f"The opposite of {told[-1]}."
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, those of a section under its heading, if all are wanted."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            section, record = getattr(param, "section", ""), param.get_help_record(ctx)
            if isinstance(param, click.Option) and record is not None and (not section or ctx.meta.get(_ALL)):
                sections.setdefault(section or "Options", []).append(record)
        for name, records in sections.items():
            with formatter.section(name):
                formatter.write_dl(records)
        if self.details and ctx.meta.get(_ALL):
            formatter.write_paragraph()
            formatter.write_text(self.details)


class Group(click.Group, Command):
    """A command of commands, in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)


class Root(Group):
    """The outermost command. Errors are one line, and a reader of standard output that goes away ends it in silence."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs a command line to its end, and ends the process."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        code: Any = None
        try:
            try:
                code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            except SystemExit as done:
                code = done.code
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            code = _told(error)
        except (click.Abort, KeyboardInterrupt):
            click.echo("dedup: interrupted", err=True)
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            quiet_pipe()
        except OSError as error:
            _leave_output()
            fail(error.strerror or str(error))
        sys.exit(code)


def _told(error: click.ClickException) -> int:
    """Says what was wrong with a command line, and where to read on; the exit code."""
    from dedup.terminal import printable

    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "dedup"
    message = printable(" ".join(error.format_message().split()))
    hint = f" See {path} --help" if isinstance(error, click.UsageError) else ""
    click.echo(f"dedup: {message}{'' if message.endswith(('.', '?', ')')) else '.'}{hint}", err=True)
    return error.exit_code


def _help_all() -> Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            ctx.meta[_ALL] = True
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()

    return Option(
        ["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=show, help="Show all options."
    )


def leaves(command: click.Command, names: Sequence[str] = ()) -> Iterable[tuple[tuple[str, ...], click.Command]]:
    """All commands that a command has, with the names that lead to them, itself first."""
    yield tuple(names), command
    for name, inner in command.commands.items() if isinstance(command, click.Group) else ():
        yield from leaves(inner, (*names, name))


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Ends with the message."""
    from dedup.terminal import printable

    click.echo(f"dedup: {printable(message)}", err=True)
    sys.exit(code)


def quiet_pipe() -> NoReturn:
    """The reader of standard output has gone, as `| head` does: end as other tools do, without a word."""
    _leave_output()
    sys.exit(EXIT_FAILED)


def _leave_output() -> None:
    """What is left in the buffer goes nowhere, so that the interpreter does not try again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
