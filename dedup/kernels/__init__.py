"""All compiled code (numba): pure functions over arrays, each with a slow twin in the tests that defines right.

A module of it is imported when it is first asked for (`kernels.table`), as numba takes half a second to import.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

COMPILING = "compiling the kernels: once in an environment, about half a minute"
"""What a log says when they are."""


def __getattr__(name: str) -> Any:
    """A module of the package. The command hides scipy from numba (`__main__`), and from nobody else."""
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    import numba  # noqa: F401

    if sys.modules.get("scipy", sys) is None:
        sys.modules.pop("scipy", None)  # another thread may do the same
    return import_module(f"{__name__}.{name}")


def cold() -> bool:
    """Whether the kernels still have to be compiled in this environment, which takes seconds, once."""
    cached = __getattr__("align").align_pairs.stats.cache_path
    return not cached or not any(Path(cached).glob("align.align_pairs-*.nbi"))
