"""How long it takes a new user to the first result: a fresh environment, the installation, the first run on the sample.

Fails when it takes more than LIMIT seconds or COMMANDS commands. What pip has in its cache, and the network, count as they are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LIMIT: Final = 120.0
COMMANDS: Final = 3


def main() -> None:
    """Prints seconds of every command, and of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default=str(ROOT), help="what is installed (default: this checkout)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "venv", "Scripts" if os.name == "nt" else "bin")
        unique = Path(folder, "unique.jsonl")
        commands = (
            [sys.executable, "-m", "venv", str(Path(folder, "venv"))],
            [str(scripts / "pip"), "install", "--quiet", options.project],
            [str(scripts / "dedup"), "run", str(ROOT / "data" / "sample.jsonl.gz"), "-o", str(unique)],
        )
        total = 0.0
        for command in commands:
            start = perf_counter()
            subprocess.run(command, check=True, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})
            seconds = perf_counter() - start
            total += seconds
            print(f"{seconds:6.1f} s  {Path(command[0]).name} {' '.join(command[1:4])} ...")
        kept = len(unique.read_bytes().splitlines())
    print(f"{total:6.1f} s  {len(commands)} commands, {kept:,} articles kept")
    if total > LIMIT or len(commands) > COMMANDS:
        raise SystemExit(f"more than {LIMIT:.0f} s or {COMMANDS} commands")


if __name__ == "__main__":
    main()
