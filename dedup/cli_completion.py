"""The command `dedup completion`: a shell -> the script that completes `dedup` in it."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dedup.cli_help import Command


@click.command(
    cls=Command,
    short_help="Print the script that completes dedup in a shell.",
    examples="""
        dedup completion bash > ~/.local/share/bash-completion/completions/dedup
        dedup completion zsh > ~/.zfunc/_dedup
        dedup completion fish > ~/.config/fish/completions/dedup.fish
    """,
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a script for SHELL, which completes commands, options, their values, and names of files."""
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this version of Click completes nothing in {shell}")
    click.echo(made(click.get_current_context().find_root().command, {}, "dedup", "_DEDUP_COMPLETE").source())
