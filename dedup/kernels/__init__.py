"""All compiled code (numba): pure functions over arrays, each with a slow twin in the tests that defines right."""

from __future__ import annotations

import sys
from pathlib import Path

import numba  # noqa: F401  # before anything else of it, and without scipy where the command hides that

if sys.modules.get("scipy", sys) is None:
    del sys.modules["scipy"]

COMPILING = "compiling the kernels: once in an environment, about half a minute"
"""What a log says when they are."""


def cold() -> bool:
    """Whether the kernels still have to be compiled in this environment, which takes seconds, once."""
    from dedup.kernels.align import align_pairs

    cached = align_pairs.stats.cache_path
    return not cached or not any(Path(cached).glob("align.align_pairs-*.nbi"))
