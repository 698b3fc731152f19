"""The command `dedup completion`: a shell -> the script that completes `dedup` in it; and what is answered to that script.

Click makes the scripts and the answers. They are corrected where a value stands behind `=`: bash hands the mark over as a word of
its own, zsh and fish put what is answered in the place of the whole word.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from dedup.cli_help import Command


class _Bash(BashComplete):
    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        return [word for word in args if word != "="], incomplete


class _Whole(ShellComplete):
    """Answers with whole words, `--option=value`."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        name, mark, begun = incomplete.partition("=")
        found = super().get_completions(args, incomplete)
        if not mark or not name.startswith("--"):
            return found
        return [
            CompletionItem(f"{name}={value}")
            for item in found
            for value in (_files(begun) if item.type == "file" else [item.value])
        ]


class _Zsh(_Whole, ZshComplete):
    pass


class _Fish(_Whole, FishComplete):
    # only the first comma parts a kind from what is answered; descriptions and values have others
    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


for _name, _kind in (("bash", _Bash), ("zsh", _Zsh), ("fish", _Fish)):
    add_completion_class(_kind, _name)


def _files(begun: str) -> list[str]:
    """The names of files that begin so; folders with a slash behind."""
    return sorted(f"{path}/" if Path(path).is_dir() else path for path in glob.glob(glob.escape(begun) + "*"))  # noqa: PTH207


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
    assert made is not None
    click.echo(made(click.get_current_context().find_root().command, {}, "dedup", "_DEDUP_COMPLETE").source())
