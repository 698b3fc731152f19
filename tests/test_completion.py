"""Completion in the shells themselves: a line and a tab, as somebody types them."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from dedup import cli
from tests.hostile import environment

CASES: Final = {
    "dedup ru": "dedup run",
    "dedup index ex": "dedup index exp",
    "dedup completion f": "dedup completion fish",
    "dedup run --thr": "dedup run --threshold",
    "dedup page --no-exc": "dedup page --no-excerpts",
    "dedup run --versions la": "dedup run --versions latest",
    "dedup run --versions=la": "dedup run --versions=latest",
    "dedup run --versions=latest --format=ar": "dedup run --versions=latest --format=arrow",
    "dedup run --keep complete,lo": "dedup run --keep complete,longest",
    "dedup run --keep=la": "dedup run --keep=latest",
    "dedup run da": "dedup run data.jsonl",
    "dedup run data.jsonl oth": "dedup run data.jsonl other.csv",
    "dedup run -o my": "dedup run -o my file.jsonl",
    "dedup run --config=oth": "dedup run --config=other.csv",
}
"""Lines, and what they are after a tab, as one more command prints them."""

BOTH: Final = ("expire", "export")
PROMPT: Final = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
BEGIN: Final = {
    "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; eval \"$(dedup completion bash)\"",
    "zsh": 'unsetopt beep; autoload -U compinit; compinit -u -D; eval "$(dedup completion zsh)"',
}
SECONDS: Final = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with files to complete, and the command."""
    for name in ("data.jsonl", "my file.jsonl", "other.csv"):
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "dedup"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dedup "$@"\n')
    command.chmod(0o755)
    return tmp_path


def surroundings(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    package = str(Path(cli.__file__).parent.parent)
    return environment(PATH=path, PYTHONPATH=package, HOME=str(folder), ZDOTDIR=str(folder), TERM="dumb", PS1="> ")


class Typed:
    """A shell on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self._process, self._terminal = process, terminal

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def until(self, wanted: str) -> str:
        """What is printed up to a pattern."""
        seen, end = "", time.monotonic() + SECONDS
        while not re.search(wanted, seen):
            assert time.monotonic() < end, seen
            if select.select([self._terminal], [], [], 0.1)[0]:
                seen += os.read(self._terminal, 65536).decode(errors="replace")
        return seen


@contextmanager
def shell(name: str, folder: Path) -> Iterator[Typed]:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        PROMPT[name],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=surroundings(folder),
        start_new_session=True,
    )
    os.close(theirs)
    typed = Typed(process, ours)
    try:
        typed.type(f"{BEGIN[name]}; echo rea''dy\n")
        typed.until(r"\bready\r?\n")
        yield typed
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def printed(typed: Typed, line: str) -> str:
    """What a line is when a tab was pressed at its end: it is asked for as the words of another command."""
    typed.type(f"{line}\t")
    typed.type("\x01printf '<%s>' \x05; echo do''ne\n")
    seen = typed.until(r"(?:\n|\r|^)(<[^\n]*>)done")
    return " ".join(re.findall(r"<([^<>\n]*)>", seen.rsplit("\n<", 1)[-1].join(("<", ""))))


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals")
@pytest.mark.parametrize("name", PROMPT)
def test_a_tab_completes_the_line(name: str, folder: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"no {name}")
    with shell(name, folder) as typed:
        assert {line: printed(typed, line) for line in CASES} == CASES


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish_offers_what_the_line_may_become(folder: Path) -> None:
    script = "dedup completion fish | source\n" + "".join(
        f"echo '== {line}'; complete -C '{line}'\n" for line in (*CASES, "dedup ")
    )
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env=surroundings(folder),
        check=True,
    )
    blocks = [block.split("\n", 1) for block in done.stdout.split("== ")[1:]]
    offers = {line: dict(offer.partition("\t")[::2] for offer in rest.splitlines()) for line, rest in blocks}
    for line, completed in CASES.items():
        begun = line.rsplit(" ", 1)[1]
        rest = completed.removeprefix(line[: -len(begun)])
        assert list(offers[line]) == (list(BOTH) if rest == "exp" else [rest])
    assert offers["dedup "]["explain"] == "Why two articles are, or are not, copies."
