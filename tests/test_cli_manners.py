"""The manners of the command: names of options, help that fits a screen, pipes, letters, colours, completion, exit codes."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click
import pytest
from click.shell_completion import CompletionItem

from dedup import __main__, cli, cli_help, open_index
from dedup.kernels import COMPILING
from tests.hostile import article, command, edited, environment, invoke, lines, warm

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and files")

SPEAKS: Final = {"quiet", "verbose", "config", "no-config"}
FIELDS: Final = {"text-field", "id-field", "date-field", "title-field", "url-field", "site-field"}
DECIDES: Final = {"threshold", "window", "boilerplate", "passages", "templates", "jobs"} | FIELDS

PREFERS: Final = {"keep", "sources", "versions", "pages"}

OPTIONS: Final = {
    "": set(),
    "run": {
        "output",
        "removed",
        "quarantined",
        "index",
        "resume",
        "merge",
        "work-dir",
        "force",
        "dry-run",
        "json",
        "progress",
        "lenient",
        "exit-code-if-empty",
        "format",
        "to",
    }
    | PREFERS
    | DECIDES
    | SPEAKS,
    "check": {"index", "json"} | PREFERS | DECIDES | SPEAKS,
    "page": {"excerpts", "merge", "html", "map", "json", "color"} | SPEAKS,
    "explain": {"in", "diff", "json", "format", "color"} | DECIDES | SPEAKS,
    "tune": {"examples", "json", "progress", "format"} | DECIDES | SPEAKS,
    "boilerplate": {"site", "most", "json", "progress", "format"} | DECIDES | SPEAKS,
    "completion": set(),
    "index": set(),
    "index info": {"json"} | SPEAKS,
    "index verify": SPEAKS,
    "index expire": {"older-than", "before", "published"} | SPEAKS,
    "index compact": SPEAKS,
    "index export": {"output", "copies", "force"} | SPEAKS,
    "index import": {"progress", "format"} | PREFERS | DECIDES | SPEAKS,
}
"""Every option of every command, without dashes; a switch `--no-x` as `x`. A new one is a decision, and is written here."""

SHORT: Final = {"output": "-o", "index": "-i", "quiet": "-q", "verbose": "-v", "help": "-h"}
"""The letters, as common tools have them: the same wherever the option is."""

OUR_OWN: Final = {"help", "help-all", "version"}

COMMANDS: Final = {" ".join(path): made for path, made in cli_help.leaves(cli.main)}
SCREEN: Final = 23
"""Lines that the help of the main command may have at 80 columns: all of it and the prompt fit the smallest window."""


def options(made: click.Command) -> dict[str, click.Option]:
    with click.Context(made, parent=click.Context(cli.main, **cli.main.context_settings)) as context:
        params = made.get_params(context)
    return {max(p.opts, key=len).lstrip("-"): p for p in params if isinstance(p, click.Option)}


@pytest.mark.parametrize("path", COMMANDS)
def test_options_are_those_of_the_table(path: str) -> None:
    found = options(COMMANDS[path])
    assert set(found) - OUR_OWN == OPTIONS[path]
    for name, option in found.items():
        short = [spelled for spelled in option.opts if not spelled.startswith("--")]
        assert short == ([SHORT[name]] if name in SHORT else [])
        assert option.help
        assert option.help[0].isupper()
        assert option.help.endswith(".")


def test_the_same_option_is_the_same_everywhere() -> None:
    kinds: dict[str, set[str]] = {}
    for made in COMMANDS.values():
        for name, option in options(made).items():
            kinds.setdefault(name, set()).add(f"{option.type!r} {option.is_flag} {option.default}")
    apart = {name for name, found in kinds.items() if len(found) > 1}
    assert apart <= {"index", "output"} - {"output"}


def test_switches_have_an_opposite() -> None:
    """So that the command line can take back what a file of settings says."""
    alone = {
        name
        for made in COMMANDS.values()
        for name, option in options(made).items()
        if option.is_flag and not option.secondary_opts
    }
    assert alone == OUR_OWN | {"no-config"}


def test_the_help_of_a_run_fits_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = invoke("run", "--help").stdout.splitlines()
    assert len(told) <= SCREEN
    assert max(map(len, told)) <= 80
    everything = invoke("run", "--help-all").stdout
    for name, option in options(COMMANDS["run"]).items():
        shown = f"  --no-{name} " if option.is_flag and option.default is True else f"--{name} "
        assert shown in everything
        assert (shown in "\n".join(told)) is not bool(getattr(option, "section", ""))


# Pipes


PIPED = [
    ["run", "IN"],
    ["run", "--help"],
    ["run", "IN", "-o", "OUT", "--json"],
    ["tune", "IN", "--json"],
    ["boilerplate", "IN"],
    ["explain", "IN", "IN"],
    ["page", "IN"],
    ["page", "IN", "--map"],
    ["completion", "bash"],
]


@posix
@pytest.mark.parametrize("words", PIPED, ids=" ".join)
def test_a_reader_that_is_gone_ends_a_command_in_silence(tmp_path: Path, words: list[str]) -> None:
    warm()
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(3))
    there = [word.replace("IN", str(source)).replace("OUT", str(tmp_path / "out")) for word in words]
    reader, writer = os.pipe()
    os.close(reader)
    quiet = ["-q"] if words[-1] != "--help" and words[0] != "completion" else []
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run(
            command(*there, *quiet), stdout=out, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert done.stderr == b""
    assert done.returncode in (0, 1)  # 0: nothing had to be printed


def test_the_last_line_of_standard_output_is_the_summary(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(9))
    for more in ([], ["--index", str(tmp_path / "seen.db")], ["-v"], ["-q"]):
        done = invoke("run", source, "-o", tmp_path / "out", "--force", "--json", *more)
        assert done.exit_code == 0
        assert json.loads(done.stdout.splitlines()[-1])["records"] == 14


# Exit codes


@pytest.fixture
def seen(tmp_path: Path) -> tuple[Path, Path]:
    """A dump, and an index that has seen all of it."""
    source, index = tmp_path / "in.jsonl", tmp_path / "seen.db"
    source.write_bytes(lines(9))
    assert invoke("run", source, "-o", tmp_path / "first", "--index", index).exit_code == 0
    return source, index


def test_a_run_that_keeps_nothing_may_have_an_exit_code_of_its_own(tmp_path: Path, seen: tuple[Path, Path]) -> None:
    source, index = seen
    for more, code in (([], 0), (["--exit-code-if-empty", "99"], 99), (["--exit-code-if-empty", "0"], 0)):
        done = invoke("run", source, "-o", tmp_path / "again", "--force", "--index", index, "--json", *more)
        assert (done.exit_code, json.loads(done.stdout)["kept"]) == (code, 0)
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"")
    assert invoke("run", empty, "--exit-code-if-empty", "99").exit_code == 99
    assert invoke("run", source, "--exit-code-if-empty", "99").exit_code == 0
    assert invoke("run", source, "--exit-code-if-empty", "256").exit_code == 2


def test_records_in_quarantine_are_told_first_unless_nobody_minds(tmp_path: Path, seen: tuple[Path, Path]) -> None:
    source, index = seen
    source.write_bytes(lines(9) + b"{bad\n")
    for more, code in (([], 3), (["--lenient"], 99), (["--lenient", "--exit-code-if-empty", "0"], 0)):
        words = ["--index", str(index), "--exit-code-if-empty", "99", *more]
        assert invoke("run", source, "-o", tmp_path / "again", "--force", *words).exit_code == code
    assert invoke("run", source, "--lenient").exit_code == 0


def test_an_index_that_cannot_be_used_has_an_exit_code_of_its_own(tmp_path: Path, seen: tuple[Path, Path]) -> None:
    source, index = seen
    other = ["--threshold", "0.5"]
    done = invoke("run", source, "-o", tmp_path / "x", "--index", index, *other)
    assert done.exit_code == 4
    assert done.stderr.count("\n") == 1
    assert invoke("check", source, "--index", index, *other).exit_code == 2
    index.write_bytes(index.read_bytes()[:5000])
    assert invoke("run", source, "-o", tmp_path / "x", "--index", index).exit_code == 4
    assert invoke("index", "info", index).exit_code == 4
    assert invoke("run", source, "-o", tmp_path / "x", "--index", tmp_path).exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "dedup: No such command 'rnu'. Did you mean 'run'? See dedup --help"),
        (["run"], "dedup: Missing argument 'INPUT...'. See dedup run --help"),
        (["run", "x", "--threshhold", "1"], "Did you mean"),
        (["index", "inof", "x"], "Did you mean 'info'? See dedup index --help"),
        (["run", "x", "--jobs", "many"], "'many' is not a valid integer range. See dedup run --help"),
        (["run", "none.jsonl"], "dedup: none.jsonl: no such file"),
        (["check", "none.txt", "--index", "none.db"], "dedup: none.txt: No such file or directory"),
        (["completion", "cmd"], "'cmd' is not one of 'bash', 'zsh', 'fish'. See dedup completion --help"),
    ],
)
def test_an_error_is_one_line_that_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke(*words)
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert done.stderr.startswith("dedup: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_a_command_the_help_is_told() -> None:
    done = invoke()
    assert done.exit_code == 2
    assert done.stderr.splitlines()[0].startswith("Usage: dedup")


@posix
def test_an_interrupt_before_a_command_begins_is_one_line() -> None:
    code = (
        "import os, signal\nfrom dedup import cli\n"
        "cli.main.commands['run'].parse_args = lambda *a: os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\ncli.main(['run', 'x'], 'dedup')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, b"", b"dedup: interrupted")


# What is said


@pytest.mark.parametrize(
    "words",
    [
        ["check", "text.txt", "--index", "seen.db"],
        ["page", "text.txt"],
        ["tune", "in.jsonl"],
        ["boilerplate", "in.jsonl"],
        ["run", "in.jsonl"],
        ["index", "import", "seen.db", "in.jsonl"],
    ],
)
def test_quiet_says_nothing_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_bytes(lines(3))
    (tmp_path / "text.txt").write_text(article(50))
    with open_index("sqlite:seen.db"):
        pass
    done = invoke(*words, "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    if words[0] == "check":
        assert done.stdout == ""


def test_warnings_of_the_library_are_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And what is said of compiling only by the command's own message."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(3))

    def read(*args: object, **kwargs: object) -> list[str]:
        logging.getLogger("dedup").warning("a \x1b %s", "warning")
        logging.getLogger("dedup").warning(COMPILING)
        return []

    monkeypatch.setattr("dedup.explanation.repeated", read)
    for _ in range(2):
        assert invoke("boilerplate", source).stderr == "dedup: a ␛ warning\n"


# Letters and colours


LETTERS: Final = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


@pytest.mark.parametrize(
    "words",
    [
        ["run", "新聞.jsonl"],
        ["explain", "a", "b", "--in", "新聞.jsonl"],
        ["tune", "新聞.jsonl"],
        ["boilerplate", "新聞.jsonl"],
        ["page", "新聞.jsonl", "--map"],
        ["explain", "a", "新", "--in", "新聞.jsonl"],
        ["run", "無い.jsonl"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_knows_few_letters_gets_others(tmp_path: Path, words: list[str], encoding: str) -> None:
    warm()
    (tmp_path / "新聞.jsonl").write_text(
        json.dumps({"id": "a", "text": f"é {article(1)} Ünï…"}, ensure_ascii=False)
        + "\n"
        + json.dumps({"id": "b", "text": f"é {edited(article(1))} Ünï…"}, ensure_ascii=False)
        + "\n{bad 新聞\n",
        "utf-8",
    )
    letters = environment(**LETTERS, PYTHONIOENCODING=encoding)
    done = subprocess.run(command(*words), cwd=tmp_path, capture_output=True, env=letters, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1, 3)
    assert done.stdout or done.stderr or words[0] == "boilerplate"


@pytest.mark.parametrize(
    ("variables", "options", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, [], False),
        ({"FORCE_COLOR": "1"}, ["--color", "auto"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({}, ["--color=always"], True),
    ],
)
def test_colours_are_as_they_are_wanted(
    tmp_path: Path, variables: dict[str, str], options: list[str], coloured: bool
) -> None:
    story = article(1)
    for name, text in (("a", story), ("b", edited(story))):
        (tmp_path / name).write_text(text)
    warm()
    words = command("explain", tmp_path / "a", tmp_path / "b", *options)
    done = subprocess.run(words, capture_output=True, env=environment(**variables), check=False)
    assert done.returncode == 0
    assert (b"\x1b[3" in done.stdout) is coloured
    assert (b"[-" in done.stdout.replace(b"\x1b[", b"")) is not coloured


# Completion


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(name: str) -> None:
    done = invoke("completion", name)
    assert done.exit_code == 0
    assert f"{name}_complete" in done.stdout
    assert "_DEDUP_COMPLETE" in done.stdout


def test_what_switches_turn_off_is_described() -> None:
    told = {item.value: item.help for item in offered("page", "--")}
    assert told["--no-excerpts"] == "The opposite of --excerpts."
    assert str(told["--excerpts"]).startswith("Also drop")
    told = {item.value: item.help for item in offered("run", "--")}
    assert told["--progress"] == "The opposite of --no-progress."


def offered(name: str, begun: str) -> list[CompletionItem[Any]]:
    made = COMMANDS[name]
    with click.Context(made) as context:
        return made.shell_complete(context, begun)


def test_names_of_files_are_completed_by_the_shell() -> None:
    for made, param in itertools.chain.from_iterable([(c, p) for p in c.params] for c in COMMANDS.values()):
        if isinstance(param.type, cli_help.Location):
            with click.Context(made) as context:
                [item] = param.shell_complete(context, "da")
            assert (item.value, item.type) == ("da", "file")


def test_a_file_with_broken_settings_does_not_break_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.dedup]\nnothing = 1")
    assert invoke("run", "x").exit_code == 2
    asked = {"_DEDUP_COMPLETE": "bash_complete", "COMP_WORDS": "dedup run --thr", "COMP_CWORD": "2"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in asked.items():
            patch.setenv(name, value)
        done = invoke()
    assert (done.exit_code, done.stdout, done.stderr) == (0, "plain,--threshold\n", "")


class Interrupting(ModuleType):
    """A module that is imported for ever, until somebody loses patience."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interrupt_while_the_command_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "dedup.cli", Interrupting("dedup.cli"))
    monkeypatch.setitem(sys.modules, "scipy", ModuleType("scipy"))  # which the command does without
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "dedup: interrupted\n")


def test_scipy_is_out_of_sight_only_until_numba_is_there() -> None:
    code = "import sys; sys.modules['scipy'] = None; from dedup import kernels; kernels.table; print('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE).stdout == b"False\n"
