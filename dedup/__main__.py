"""The command `dedup`, also as `python -m dedup`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command. An interrupt that comes while it is imported ends it as a later one does.

    numba imports scipy where there is one, for its BLAS, which no kernel needs: a tenth of a second. So there seems to be none
    until numba is there (`kernels`).
    """
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    try:
        from dedup.cli import main as command
    except KeyboardInterrupt:
        print("dedup: interrupted", file=sys.stderr)
        sys.exit(130)
    command(prog_name="dedup")


if __name__ == "__main__":
    main()
