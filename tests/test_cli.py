"""The command: its exits, what it says and where, and that it leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import dedup
from dedup import cli, cli_help, cli_options
from dedup.canonical import POLICIES
from dedup.model import Summary
from tests.hostile import (
    COMPRESSED,
    account,
    article,
    command,
    compress,
    digest,
    edited,
    environment,
    invoke,
    line,
    lines,
    names,
    objects,
    records,
    run,
    shell,
    warm,
)

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and files")
COMMANDS = {" ".join(path): command for path, command in cli_help.leaves(cli.main)}
"""What follows `dedup` on a command line -> the command."""

EXAMPLES = [example for command in COMMANDS.values() for example in getattr(command, "examples", ())]

STEERING = "\x1b]0;owned\x07\x1b[31m\x9b"
"""Sets the title of a terminal, rings its bell and colours what follows."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(15))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "kept.jsonl"


# What comes out


def test_a_run_with_all_its_outputs(source: Path, out: Path) -> None:
    with source.open("ab") as file:
        file.write(b"{bad\n")
    removed, aside = out.with_name("removed.jsonl"), out.with_name("aside.jsonl")
    done = invoke("run", source, "-o", out, "--removed", removed, "--quarantined", aside, "--json")
    assert done.exit_code == 3
    found = account(done)
    assert done.stdout_bytes.count(b"\n") == 1
    assert (found["records"], found["kept"], found["removed"], found["quarantined"]) == (24, 15, 8, 1)
    assert len(objects(out.read_bytes())) == 15
    assert len(objects(removed.read_bytes())) == 8
    assert [(r["source"], r["line"], r["reason"]) for r in objects(aside.read_bytes())] == [
        (str(source), 24, "not_json")
    ]
    assert names(out.parent) == ["aside.jsonl", "kept.jsonl", "removed.jsonl"]


def test_the_json_is_the_summary(source: Path, out: Path) -> None:
    found = account(invoke("run", source, "-o", out, "--json"))
    expected = dataclasses.asdict(run(source, None).summary())
    assert list(found) == [field.name for field in dataclasses.fields(Summary)]
    assert {**found, "seconds": 0} == {**expected, "seconds": 0}


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_a_file_and_standard_input_are_the_same(tmp_path: Path, suffix: str) -> None:
    data = b"\xef\xbb\xbf" + lines(15) + b"{bad"
    source = tmp_path / f"in.jsonl{suffix}"
    source.write_bytes(compress(data, suffix))
    found = []
    for name, stdin in ((str(source), b""), ("-", data)):
        folder = tmp_path / ("stdin" if name == "-" else "file")
        folder.mkdir()
        done = invoke(
            "run", name, "-o", folder / "kept", "--removed", folder / "removed", "--quarantined", folder / "aside",
            "--json", stdin=stdin,
        )  # fmt: skip
        assert done.exit_code == 3
        files = [
            (folder / k).read_bytes().replace(json.dumps(name).encode(), b'""') for k in ("kept", "removed", "aside")
        ]
        found.append((files, {**account(done), "seconds": 0}))
    assert found[0] == found[1]
    assert found[0][0][0] == b"".join(line(**r) for r in records(15) if "-" not in r["id"])


def test_standard_output_gets_the_kept_lines_alone(source: Path, out: Path) -> None:
    invoke("run", source, "-o", out)
    for args in ([], ["-o", "-"], ["-q"]):
        done = invoke("run", source, *args)
        assert (done.exit_code, done.stdout_bytes) == (0, out.read_bytes())
        assert bool(done.stderr_bytes) is ("-q" not in args)


def test_a_process_of_its_own_says_and_writes_the_same(source: Path, out: Path) -> None:
    """Standard input to standard output; and without a terminal there are no escape codes."""
    done = shell("run", "-", stdin=source.read_bytes() + b"{bad\n")
    invoke("run", source, "-o", out)
    assert (done.returncode, done.stdout) == (3, out.read_bytes())
    assert b"in quarantine (not_json 1)" in done.stderr
    assert b"-:24: not_json: " in done.stderr
    assert b"\x1b" not in done.stderr


def test_hash_seeds_do_not_matter(source: Path, tmp_path: Path) -> None:
    found = set()
    for seed in ("0", "1", "random"):
        removed = tmp_path / f"removed-{seed}"
        done = shell("run", source, "--removed", removed, "-q", PYTHONHASHSEED=seed)
        assert (done.returncode, done.stderr) == (0, b"")
        found.add((done.stdout, removed.read_bytes()))
    assert len(found) == 1


@pytest.mark.parametrize("jobs", ["2", "0"])
def test_jobs_do_not_matter(source: Path, out: Path, jobs: str) -> None:
    found = []
    for count in ("1", jobs):
        folder = out.parent / count
        folder.mkdir()
        assert invoke("run", source, "-o", folder / "k", "--removed", folder / "r", "--jobs", count).exit_code == 0
        found.append(((folder / "k").read_bytes(), (folder / "r").read_bytes()))
    assert found[0] == found[1]


def test_the_order_of_the_input_does_not_matter(source: Path, tmp_path: Path) -> None:
    given = source.read_bytes().splitlines(keepends=True)
    found = set()
    for seed in range(3):
        (tmp_path / "shuffled").write_bytes(b"".join(random.Random(seed).sample(given, len(given))))
        done = invoke("run", tmp_path / "shuffled", "--removed", tmp_path / f"r{seed}", "-q")
        gone = sorted(r["id"] for r in objects((tmp_path / f"r{seed}").read_bytes()))
        found.add((tuple(sorted(r["id"] for r in objects(done.stdout_bytes))), tuple(gone)))
    [(kept, removed)] = found
    assert set(kept) | set(removed) == {r["id"] for r in records(15)}
    assert len(removed) == 8


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_what_is_written_compressed_can_be_read_again(source: Path, out: Path, suffix: str) -> None:
    packed = out.with_suffix(f".jsonl{suffix}")
    assert invoke("run", source, "-o", packed).exit_code == 0
    done = invoke("run", packed)
    assert done.exit_code == 0
    assert done.stdout_bytes == invoke("run", source).stdout_bytes


# Choices


def test_the_policy_source_wants_its_sites_in_order(tmp_path: Path) -> None:
    story = article(1)
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(line(id=s, url=f"https://www.{s}.example/", text=story) for s in ("x", "y", "z")))
    for sites, first in (("x.example,y.example", "x"), (" z.example ,, X.example", "z"), ("none.example", "x")):
        done = invoke("run", source, "--keep", "source", "--sources", sites)
        assert [r["id"] for r in objects(done.stdout_bytes)] == [first]
    done = invoke("run", source, "--keep", "source")
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "--sources" in done.stderr


@pytest.mark.parametrize("keep", [*sorted(POLICIES), "latest,longest", " id , first"])
def test_every_policy_runs(source: Path, keep: str) -> None:
    done = invoke("run", source, "--keep", keep)
    assert done.exit_code == 0
    assert len(objects(done.stdout_bytes)) == 15


def test_fields_can_be_named(tmp_path: Path) -> None:
    story = article(1)
    source = tmp_path / "in.jsonl"
    given = [("new", "2024-02-02"), ("old", "2024-01-01"), ("none", None)]
    source.write_bytes(b"".join(line(meta={"key": k, "day": d}, page={"body": story}, text=k) for k, d in given))
    names_of_fields = ["--text-field", "page.body", "--id-field", "meta.key", "--date-field", "meta.day"]
    done = invoke("run", source, "--removed", tmp_path / "r", "--keep", "earliest", *names_of_fields)
    assert [r["meta"]["key"] for r in objects(done.stdout_bytes)] == ["old"]
    assert [(r["id"], r["duplicate_of"]) for r in objects((tmp_path / "r").read_bytes())] == [
        ("new", "old"),
        ("none", "old"),
    ]


def test_the_threshold_is_used(tmp_path: Path) -> None:
    story = article(1)
    source = tmp_path / "in.jsonl"
    source.write_bytes(line(id="a", text=story) + line(id="b", text=edited(story, 4)))
    assert [len(objects(invoke("run", source, "--threshold", t).stdout_bytes)) for t in ("0.95", "0.951")] == [1, 2]


# What is refused


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["run"], 2, "Missing argument 'INPUT...'"),
        (["run", "IN", "--none"], 2, "No such option"),
        (
            ["run", "IN", "--keep", "best"],
            2,
            "no policy is called 'best'; there are canonical-url, complete, earliest,",
        ),
        (["run", "IN", "--keep", ""], 2, "no policy is called ''"),
        (["run", "IN", "--threshold", "0.49"], 2, "threshold is 0.49: give 0.5 to 1"),
        (["run", "IN", "--threshold", "1.01"], 2, "threshold is 1.01"),
        (["run", "IN", "--threshold", "nan"], 2, "threshold is nan"),
        (["run", "IN", "--threshold", "high"], 2, "'high' is not a valid float"),
        (["run", "IN", "--jobs", "-1"], 2, "--jobs"),
        (["run", "IN", "--work-dir", "none"], 2, "does not exist"),
        (["run", "IN", "IN"], 1, "is given twice"),
        (["run", "none.jsonl"], 1, "dedup: none.jsonl: no such file"),
        (["run", "IN", "none.jsonl"], 1, "dedup: none.jsonl: no such file"),
        (["run", "DIR"], 1, "is a folder without .html or .txt files"),
        (["run", "IN", "-o", "DIR"], 1, "is a folder"),
        (["run", "IN", "-o", "DIR/none/out"], 1, "does not exist"),
        (["run", "IN", "-o", "IN"], 1, "is also an input; inputs are never changed"),
        (["run", "IN", "-o", "IN", "--force"], 1, "is also an input; inputs are never changed"),
        (["run", "IN", "-o", "DIR/x", "--removed", "DIR/x"], 1, "is given for two outputs"),
        (["run", "IN", "--removed", "-"], 1, "is given for two outputs"),
        (["run", "IN", "--text-field", "lead"], 1, "no record has a text in lead; keys seen: id, text, url"),
        (["run", "IN", "--versions", "newest"], 2, "'newest' is not one of 'policy', 'latest', 'earliest', 'all'"),
        (["run", "IN", "--window", "soon"], 2, "'soon'"),
        (["explain", "IN"], 2, "Missing argument 'B'"),
        (["explain", "IN", "none.txt"], 1, "dedup: none.txt: No such file or directory"),
        (["explain", "IN", "DIR"], 1, "Is a directory"),
        (["explain", "IN", "IN", "--threshold", "2"], 2, "threshold is 2.0"),
        (["explain", "a", "b", "--in", "IN"], 1, "dedup: a: no record has this id"),
        (["explain", "a", "b", "--in", "none.jsonl"], 1, "dedup: none.jsonl: no such file"),
        (["tune", "none.jsonl"], 1, "dedup: none.jsonl: no such file"),
        (["boilerplate", "none.jsonl"], 1, "dedup: none.jsonl: no such file"),
        (["none"], 2, "No such command"),
    ],
)
def test_what_is_refused_is_explained(source: Path, args: list[str], code: int, said: str) -> None:
    before = digest(source)
    real = [a.replace("IN", str(source)).replace("DIR", str(source.parent)) for a in args]
    done = invoke(*real)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stdout_bytes == b""
    assert (digest(source), names(source.parent)) == (before, [source.name])


@pytest.mark.parametrize(
    "args", [[], ["-o", "-"], ["-o", "OUT", "--removed", "-"], ["-o", "OUT", "--quarantined", "-"]]
)
def test_json_and_an_output_do_not_share_standard_output(source: Path, out: Path, args: list[str]) -> None:
    done = invoke("run", source, "--json", *[a.replace("OUT", str(out)) for a in args])
    assert (done.exit_code, done.stdout_bytes) == (2, b"")
    assert "give -o FILE" in done.stderr
    assert names(out.parent) == []


def test_nothing_is_replaced_without_force(source: Path, out: Path) -> None:
    for name in ("kept", "removed", "quarantined"):
        taken = out.with_name("taken")
        taken.write_bytes(b"precious")
        before = digest(taken)
        places = {n: str(taken if n == name else out.with_name(n)) for n in ("kept", "removed", "quarantined")}
        args = ["-o", places["kept"], "--removed", places["removed"], "--quarantined", places["quarantined"]]
        done = invoke("run", source, *args)
        assert (done.exit_code, digest(taken)) == (1, before)
        assert f"{taken}: exists; give --force" in done.stderr
        assert names(out.parent) == ["taken"]
        assert invoke("run", source, *args, "--force").exit_code == 0
        assert digest(taken) != before
        for path in out.parent.iterdir():
            path.unlink()


def test_a_dry_run_writes_nothing(source: Path, out: Path) -> None:
    out.write_bytes(b"precious")
    args: list[str | Path] = [
        "run",
        source,
        "-o",
        out,
        "--removed",
        out.with_name("r"),
        "--quarantined",
        out.with_name("q"),
    ]
    done = invoke(*args, "--dry-run", "--json")
    assert (done.exit_code, account(done)["kept"]) == (0, 15)
    assert "15  kept" in done.stderr
    assert (names(out.parent), out.read_bytes()) == (["kept.jsonl"], b"precious")
    done = invoke("run", source, "--dry-run")
    assert (done.exit_code, done.stdout_bytes) == (0, b"")
    done = invoke("run", source, "--dry-run", "--json")
    assert (done.exit_code, done.stdout_bytes.count(b"\n")) == (0, 1)


def test_quiet_is_quiet_but_for_errors(source: Path, out: Path) -> None:
    with source.open("ab") as file:
        file.write(b"{bad\n")
    for flag in ("-q", "--quiet"):
        done = invoke("run", source, "-o", out, "--force", flag)
        assert (done.exit_code, done.stdout_bytes, done.stderr_bytes) == (3, b"", b"")
    done = invoke("run", source, "-o", out, "-q")
    assert (done.exit_code, done.stdout_bytes) == (1, b"")
    assert "exists" in done.stderr
    assert "kept" in invoke("run", source, "-o", out, "--force", "--no-progress").stderr


# Exits


def test_the_codes_are_the_ones_that_the_help_tells() -> None:
    told = invoke("run", "--help-all").stdout
    assert (
        "0 done, 1 failed, 2 wrong usage, 3 done with records in quarantine, 4 the index is damaged or was made with other "
        "settings, 130 interrupted"
    ) in " ".join(told.split())
    assert (cli_help.EXIT_FAILED, cli_help.EXIT_USAGE, cli_help.EXIT_INTERRUPTED) == (1, 2, 130)
    assert (cli_options.EXIT_QUARANTINED, cli_options.EXIT_INDEX) == (3, 4)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """The signal comes when the run has taken in more than a pipe can hold, and waits for the rest."""
    warm()
    (tmp_path / "old").write_bytes(b"precious")
    args = ["run", "-", "-o", "old", "--removed", "new.gz", "--force"]
    with subprocess.Popen(
        command(*args),
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(Path(dedup.__file__).parent.parent)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"".join(line(id=i, text=article(i, 400)) for i in range(1000)))
        process.stdin.flush()
        time.sleep(
            0.5
        )  # CPython may miss a signal between two reads of one buffer; now it waits in a read, or computes
        process.send_signal(number)
        assert process.wait(60) == 130
        assert process.stdout.read() == b""
        assert process.stderr.read().decode() == "dedup: interrupted; no output was written\n"
    assert (tmp_path / "old").read_bytes() == b"precious"
    assert names(tmp_path) == ["old"]


IMPORTING = """
import importlib.abc, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "dedup.batch":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from dedup.cli import main
main(prog_name="dedup")
"""


@posix
def test_an_interrupt_during_the_imports_is_one_too(source: Path, out: Path) -> None:
    args = [sys.executable, "-c", IMPORTING, "run", str(source), "-o", str(out)]
    done = subprocess.run(args, capture_output=True, env=environment(), check=False)
    assert names(out.parent) == []
    assert b"Traceback" not in done.stderr
    assert done.returncode == 130


@posix
def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    """As `dedup run big.jsonl | head -1`."""
    warm()
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(line(id=i, text=article(i, 1000)) for i in range(300)))
    with subprocess.Popen(
        command("run", source), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == source.read_bytes().splitlines(keepends=True)[0]
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_an_error_without_a_traceback(source: Path) -> None:
    warm()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("run", source), stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


# Words


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("path", COMMANDS)
def test_help_leads_with_examples(flag: str, path: str) -> None:
    done = invoke(*path.split(), flag)
    assert done.exit_code == 0
    rows = [row.strip() for row in done.stdout.splitlines() if row.strip()]
    examples = COMMANDS[path].examples  # type: ignore[attr-defined]
    assert examples
    assert rows[0].startswith("Usage: ")
    assert rows[1 : len(examples) + 1] == examples


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_right(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one.txt", "other.txt"):
        (tmp_path / name).write_bytes(b"")
    words = shlex.split(example.split("|")[-1].split(">")[0])
    assert words[0] == "dedup"
    command: click.Command = cli.main
    while isinstance(command, click.Group) and len(words) > 1:
        words = words[1:]
        command = command.commands[words[0]]
    with contextlib.suppress(click.exceptions.Exit), command.make_context(words[0], words[1:]) as found:
        assert isinstance(found, click.Context)


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if isinstance(command, click.Group)])
def test_every_command_is_in_the_help(path: str) -> None:
    told = invoke(*path.split(), "--help").stdout
    group = COMMANDS[path]
    assert isinstance(group, click.Group)
    for name, inner in group.commands.items():
        assert inner.short_help
        assert f"  {name} " in told
        assert inner.short_help in told


def test_every_policy_is_in_the_help() -> None:
    told = " ".join(invoke("run", "--help").stdout.split())
    assert all(policy in told for policy in [*POLICIES, "source"])


def test_python_m_dedup_tells_its_version() -> None:
    done = shell("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dedup, version {dedup.__version__}\n".encode(), b"")


def test_names_and_keys_cannot_steer_the_terminal(tmp_path: Path) -> None:
    source = tmp_path / f"in{STEERING}.jsonl"
    source.write_bytes(b'{"id": "\\u001b[31m", "text": "words"}\n' + line(**{STEERING: 1}) + line(id=STEERING, text=[]))
    done = invoke("run", source, "-o", tmp_path / f"out{STEERING}", "--json")
    assert done.exit_code == 3
    assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert "in␛]0;owned␇␛[31m\ufffd.jsonl:2: no_text: keys seen: ␛]0;owned␇" in done.stderr
    assert all(c.isprintable() or c == "\n" for c in done.stdout)


@pytest.mark.parametrize("name", ["IN", "none"])
def test_names_of_compared_files_cannot_steer_the_terminal(tmp_path: Path, name: str) -> None:
    source = tmp_path / f"in{STEERING}"
    source.write_bytes(b"words")
    done = invoke("explain", source, source if name == "IN" else f"{name}{STEERING}")
    assert done.exit_code == (0 if name == "IN" else 1)
    assert all(c.isprintable() or c == "\n" for c in done.output)


@pytest.mark.parametrize("case", ["missing input", "keys", "missing folder"])
def test_errors_cannot_steer_the_terminal(tmp_path: Path, case: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(line(**{STEERING: 1}))
    args: dict[str, list[str | Path]] = {
        "missing input": [tmp_path / STEERING],
        "keys": [source],
        "missing folder": [source, "-o", tmp_path / STEERING / "out"],
    }
    done = invoke("run", *args[case])
    assert done.exit_code == 1
    assert all(c.isprintable() or c == "\n" for c in done.stderr)


@posix
def test_on_a_terminal_data_cannot_steer_it(tmp_path: Path) -> None:
    """Standard error is a terminal here: what is live is rich's own, and what is data is shown as symbols."""
    import pty

    warm()
    source = tmp_path / f"in{STEERING}.jsonl"
    source.write_bytes(lines(15) + line(**{STEERING: 1}))
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(
            command("run", source, "-o", tmp_path / "out"), stderr=slave, env=environment(COLUMNS="500")
        ) as process:
            os.close(slave)
            told = b""
            with contextlib.suppress(OSError):  # the other end is closed
                while more := os.read(master, 65536):
                    told += more
            assert process.wait(60) == 3
    finally:
        os.close(master)
    assert b"\x1b" in told  # it is live
    assert b"\x1b]0;" not in told
    assert b"\x07" not in told
    assert b"\xc2\x9b" not in told
    assert "no_text: keys seen: ␛]0;owned␇␛[31m\ufffd".encode() in told


# explain


def texts(folder: Path, *data: bytes) -> list[Path]:
    paths = [folder / f"{i}.txt" for i in range(len(data))]
    for path, content in zip(paths, data, strict=True):
        path.write_bytes(content)
    return paths


def test_explain_tells_what_two_files_have_in_common(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    story = article(1)
    one, other = texts(tmp_path, story.encode(), b"\xef\xbb\xbf" + edited(story, 4).encode())
    done = invoke("explain", "--no-diff", one, other)
    assert (done.exit_code, done.stderr_bytes) == (0, b"")
    rows = dict(row.strip().split("  ", 1) for row in done.stdout.splitlines() if row.strip())
    assert rows["relation"].startswith("near: one is removed")
    assert [rows[k][:6] for k in ("resemblance", "containment")] == ["0.9500", "0.9500"]
    assert list(rows) == [
        "relation",
        "reason",
        "resemblance",
        "containment",
        "share of longer",
        "opening",
        "shingle Jaccard",
        "words",
        "numbers",
        "titles",
        "dates",
        "site, page",
    ]
    whole = invoke("explain", one, other).stdout
    assert whole.startswith(done.stdout)
    assert "editeda" in whole[len(done.stdout) :]


def test_explain_as_json_is_the_match(tmp_path: Path) -> None:
    story = article(1)
    for a, b in ((story, edited(story, 4)), (story, story.upper()), (story, article(2)), ("", "")):
        one, other = texts(tmp_path, a.encode(), b.encode())
        done = invoke("explain", "--json", one, other)
        found = json.loads(done.stdout)
        assert found.pop("ids") == [str(one), str(other)]
        assert found == json.loads(json.dumps(dataclasses.asdict(dedup.compare(a, b))))
        assert done.stdout_bytes.count(b"\n") == 1


def test_records_of_a_dump_are_explained_by_their_ids(source: Path) -> None:
    found = json.loads(invoke("explain", "--json", "s0", "s0-copy", "--in", source).stdout)
    assert (found["ids"], found["relation"], found["same_site"]) == (["s0", "s0-copy"], "exact", False)
    done = invoke("explain", "s0", "s0-edit", "--in", source)
    assert done.exit_code == 0
    assert "near: one is removed" in done.stdout


def test_tune_tells_what_each_threshold_removes(source: Path) -> None:
    done = invoke("tune", source)
    assert (done.exit_code, done.stderr_bytes) == (0, b"")
    rows = [row.split() for row in done.stdout.splitlines() if row.strip()]
    assert rows[0][:2] == ["threshold", "removed"]
    found = {row[0]: row[1] for row in rows[1:12]}
    assert (found["0.8"], found["1"]) == ("8", "5")
    written = objects(invoke("tune", source, "--json", "--examples", "2").stdout_bytes)
    assert [(r["threshold"], r["removed"]) for r in written[:11]] == [(float(t), int(n)) for t, n in found.items()]
    assert [r["relation"] for r in written[11:]] == ["near"] * 2


def test_boilerplate_is_listed(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    letter = "Sign up here for the morning letter of the Ellery Courier."
    source.write_bytes(
        b"".join(
            line(id=str(i), url=f"https://one.example/{i}", title=article(100 + i, 8), text=f"{article(i)}.\n{letter}")
            for i in range(5)
        )
    )
    done = invoke("boilerplate", source)
    assert (done.exit_code, done.stdout.split()) == (0, ["5", "one.example", *letter.strip(".").split()])
    assert objects(invoke("boilerplate", source, "--json").stdout_bytes) == [
        {"site": "one.example", "text": letter.strip("."), "records": 5}
    ]
    assert invoke("boilerplate", source, "--site", "two.example").stdout == ""


def test_what_is_set_is_used(tmp_path: Path) -> None:
    """The options of a run reach its settings; an option for a field names it."""
    source = tmp_path / "in.jsonl"
    story = article(1, 100)
    cut = " ".join(story.split()[:40])
    days = [("a", story, "2026-03-01"), ("b", story, "2026-04-15"), ("c", cut, "2026-03-01")]
    source.write_bytes(b"".join(line(id=i, text=t, day=day) for i, t, day in days))

    def kept(*options: str) -> list[str]:
        return [r["id"] for r in objects(invoke("run", source, "-q", *options).stdout_bytes)]

    assert kept() == ["a"]
    assert kept("--window", "30d") == ["a"]
    assert kept("--window", "30d", "--date-field", "day") == ["a", "b"]
    assert kept("--window", "46d", "--date-field", "day") == ["a"]
    assert kept("--no-passages", "--no-templates", "--no-boilerplate", "--versions", "all")[0] == "a"


@pytest.mark.parametrize("threshold", ["0.9", "0.96"])
def test_explain_says_what_a_run_does(tmp_path: Path, threshold: str) -> None:
    story = article(1)
    one, other = texts(tmp_path, story.encode(), edited(story, 4).encode())
    source = tmp_path / "in.jsonl"
    source.write_bytes(line(text=story, id="a") + line(text=edited(story, 4), id="b"))
    relation = json.loads(invoke("explain", "--json", "--threshold", threshold, one, other).stdout)["relation"]
    kept = objects(invoke("run", source, "--threshold", threshold).stdout_bytes)
    assert (relation, len(kept)) == (("near", 1) if threshold == "0.9" else ("related", 2))


def test_explain_reads_standard_input(tmp_path: Path) -> None:
    [one] = texts(tmp_path, article(1).encode())
    for args in ((one, "-"), ("-", one)):
        done = invoke("explain", "--json", *args, stdin=article(1).upper().encode())
        assert (done.exit_code, json.loads(done.stdout)["relation"]) == (0, "exact")


def test_explain_of_what_is_no_text_fails(tmp_path: Path) -> None:
    one, other = texts(tmp_path, b"words", gzip.compress(b"words"))
    done = invoke("explain", one, other)
    assert (done.exit_code, done.stdout_bytes) == (1, b"")
    assert "is not UTF-8; convert or unpack it" in done.stderr


def test_explain_names_the_file_that_is_no_text(tmp_path: Path) -> None:
    one, other = texts(tmp_path, b"words", gzip.compress(b"words"))
    assert str(other) in invoke("explain", one, other).stderr


def test_explain_refuses_standard_input_twice() -> None:
    assert invoke("explain", "-", "-", stdin=b"words").exit_code == 2


# What it touches

AUDIT = """
import json, os, sys

notes = sys.argv.pop(1)
touched = []

def note(event, args):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.")):
        touched.append([event, ""])
    elif event == "open":
        path, mode, flags = args
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            if not isinstance(path, int):  # those were noted when they were opened
                touched.append([event, os.path.abspath(os.fsdecode(path))])
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod"):
        touched.append([event, os.path.abspath(os.fsdecode(args[0]))])
    elif event in ("os.rename", "os.link", "os.symlink"):
        touched.append([event, os.path.abspath(os.fsdecode(args[1]))])

sys.addaudithook(note)
try:
    from dedup.cli import main
    main(prog_name="dedup")
finally:
    seen = list(touched)
    with open(notes, "w") as file:
        json.dump(seen, file)
"""


def test_nothing_is_touched_but_the_outputs(tmp_path: Path) -> None:
    """No network, no other process, no file outside the folder of the outputs but numba's cache."""
    warm()
    source = tmp_path / "in" / "in.jsonl.gz"
    source.parent.mkdir()
    source.write_bytes(compress(lines(15) + b"{bad\n", ".gz"))
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    notes = tmp_path / "notes.json"
    out = tmp_path / "out"
    args = ["run", source, "-o", out / "k.gz", "--removed", out / "r.xz", "--quarantined", out / "q"]
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(notes), *map(str, args)],
        cwd=tmp_path / "elsewhere",
        env=environment(
            PYTHONDONTWRITEBYTECODE="1",
            PYTHONPATH=str(Path(dedup.__file__).parent.parent),
            HOME=str(tmp_path / "elsewhere"),
            TMPDIR=str(tmp_path / "elsewhere"),
        ),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    touched = json.loads(notes.read_text())
    cache = str(Path(dedup.__file__).parent / "kernels" / "__pycache__")
    assert [t for t in touched if t[0] == "os.rename" and t[1].startswith(str(out))]  # the hook does see
    assert [t for t in touched if not t[1].startswith((str(out), cache)) and t[1] != os.devnull] == []
    assert (names(out), names(tmp_path / "elsewhere"), names(source.parent)) == (
        ["k.gz", "q", "r.xz"],
        [],
        [source.name],
    )
