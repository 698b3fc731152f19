"""Makers of texts, dumps and damage, for the tests of reading, of writing and of the command line."""

from __future__ import annotations

import bz2
import functools
import gc
import gzip
import hashlib
import json
import lzma
import os
import random
import signal
import string
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from unittest import mock

from click.testing import CliRunner
from click.testing import Result as Invoked

from dedup import deduplicate, dump
from dedup.cli import main
from dedup.model import Summary
from dedup.result import Result
from dedup.settings import Settings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst")

_SEED = random.Random(20240131)
WORDS: Final = ["".join(_SEED.choices("abcdefghijklmnoprstuvw", k=_SEED.randint(3, 9))) for _ in range(3000)]


def article(seed: int, words: int = 80) -> str:
    """A text of random words, the same for the same seed, that shares next to nothing with that of another seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(text: str, changes: int = 3) -> str:
    """The text with some words in its middle replaced."""
    words = text.split(" ")
    start = (len(words) - changes) // 2
    words[start : start + changes] = [f"edited{letter}" for letter in string.ascii_lowercase[:changes]]
    return " ".join(words)


def line(**record: Any) -> bytes:
    """A record as a line of a JSON Lines file, with its end."""
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def records(stories: int = 30) -> list[dict[str, Any]]:
    """Stories of which every third has a copy of equal words, and every fifth an edited one."""
    found: list[dict[str, Any]] = []
    for i in range(stories):
        text = article(i)
        found.append({"id": f"s{i}", "url": f"https://one.example/{i}", "text": text})
        if i % 3 == 0:
            found.append({"id": f"s{i}-copy", "url": f"https://two.example/{i}", "text": text.upper() + "!"})
        if i % 5 == 0:
            found.append({"id": f"s{i}-edit", "url": f"https://two.example/{i}e", "text": edited(text)})
    return found


def lines(stories: int = 30) -> bytes:
    """`records` as a JSON Lines file."""
    return b"".join(line(**record) for record in records(stories))


def compress(data: bytes, suffix: str) -> bytes:
    """What a file of that suffix holds; zstd with a checksum, as its command line writes it."""
    packers: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lambda plain: lzma.compress(plain, preset=0),
        ".zst": lambda plain: bytes(zstd.compress(plain, options={zstd.CompressionParameter.checksum_flag: 1})),
    }
    return packers[suffix](data)


def decompress(data: bytes, suffix: str) -> bytes:
    """The other way round."""
    unpackers: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        ".gz": gzip.decompress,
        ".bz2": bz2.decompress,
        ".xz": lzma.decompress,
        ".zst": zstd.decompress,
    }
    return unpackers[suffix](data)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    """All that a folder holds, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def objects(data: bytes) -> list[dict[str, Any]]:
    """The records of a JSON Lines file."""
    return [json.loads(record) for record in data.splitlines()]


def balanced(summary: Summary) -> bool:
    """Whether no record was lost and none was counted twice."""
    return (
        summary.records == summary.kept + summary.removed + summary.quarantined
        and summary.removed == sum(summary.relations.values())
        and summary.quarantined == sum(summary.quarantined_by_reason.values())
    )


@functools.cache
def warm() -> None:
    """Compiles the kernels, so that no command has to say that it does."""
    deduplicate([article(1), edited(article(1)), article(1)])


def run(inputs: Path | Iterable[Path], kept: Path | None, settings: Settings | None = None, **files: Any) -> Result:
    """`dump.run` on paths; the account must balance."""
    paths = [inputs] if isinstance(inputs, Path) else list(inputs)
    places: dict[str, Any] = {name: str(value) if isinstance(value, Path) else value for name, value in files.items()}
    result = dump.run(
        dump.Files(inputs=[str(path) for path in paths], kept=None if kept is None else str(kept), **places),
        settings or Settings(),
    )
    assert balanced(result.summary())
    return result


def invoke(*args: str | Path, stdin: bytes = b"") -> Invoked:
    """The command in this process; only its own exits may end it, and what it sets in the process is put back."""
    warm()
    before = signal.getsignal(signal.SIGTERM), gc.isenabled(), gc.get_threshold()
    try:
        with mock.patch.dict(os.environ):
            done = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        gc.set_threshold(*before[2])
        if before[1]:
            gc.enable()
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def account(done: Invoked) -> dict[str, Any]:
    """The summary that `--json` left in the last line of standard output; it must balance."""
    found: dict[str, Any] = json.loads(done.stdout_bytes.splitlines()[-1])
    assert balanced(Summary(**found))
    return found


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without what would colour or resize output."""
    plain = {k: v for k, v in os.environ.items() if k not in {"FORCE_COLOR", "NO_COLOR", "COLUMNS", "PYTHONHASHSEED"}}
    return {**plain, "TERM": "xterm-256color", **extra}


def command(*args: str | Path) -> list[str]:
    """`python -m dedup` with arguments."""
    return [sys.executable, "-m", "dedup", *map(str, args)]


def shell(*args: str | Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    warm()
    return subprocess.run(command(*args), input=stdin, capture_output=True, env=environment(**env), check=False)
