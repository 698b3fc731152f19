"""Stages of a run -> what a person sees of them on standard error while they pass."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dedup.corpus import Progress

_TOLD: Final = {
    "read": "articles read",
    "sign": "texts fingerprinted",
    "compare": "pairs compared",
    "choose": "copies weighed",
}
"""Stage -> what is counted in it."""


@contextmanager
def progress(show: bool, *, live: bool = True, times: bool = False) -> Iterator[Progress]:
    """What a run may call as it goes on. `show`: say that the kernels are being compiled, which takes half a minute, once.
    `live`: also draw a bar with a rate and the time that is left, where standard error is a terminal. `times`: print what
    each stage took.
    """
    clock = _Clock(times)
    if not (show and live and sys.stderr.isatty()):
        yield clock.tell if times else tell_stage if show else _nothing
        clock.stop()
        return
    with _bars() as draw:

        def tell(stage: str, done: int, total: int) -> None:
            tell_stage(stage, done, total)
            clock.tell(stage, done, total)
            draw(stage, done, total)

        yield tell
    clock.stop()


@contextmanager
def _bars() -> Iterator[Progress]:
    """A bar for the stage that a run is in; it goes away in the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(bar_width=24), TextColumn("{task.description}"), TimeRemainingColumn(compact=True)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar, of, start = bars.add_task("starting", total=None), "", time.perf_counter()

        def draw(stage: str, done: int, total: int) -> None:
            nonlocal bar, of, start
            if stage not in _TOLD:
                return
            if stage != of:
                bars.remove_task(bar)
                bar, of, start = bars.add_task(_TOLD[stage], total=None), stage, time.perf_counter()
            rate = done / max(1e-3, time.perf_counter() - start)
            bars.update(bar, completed=done, total=total or None, description=f"{done:,} {_TOLD[stage]}, {rate:,.0f}/s")

        yield draw


class _Clock:
    """Tells what each stage took when the next one begins."""

    def __init__(self, aloud: bool) -> None:
        self._aloud, self._stage, self._done, self._start = aloud, "", 0, time.perf_counter()

    def tell(self, stage: str, done: int, total: int) -> None:
        """Takes note of a stage."""
        if stage != self._stage:
            self.stop()
            self._stage = stage
        self._done = done

    def stop(self) -> None:
        """Ends the stage that goes on."""
        now = time.perf_counter()
        if self._aloud and self._stage in _TOLD:
            told = f"dedup: {self._done:,} {_TOLD[self._stage]} in {now - self._start:.2f} s"
            print(told, file=sys.stderr, flush=True)
        self._stage, self._start = "", now


def tell_stage(stage: str, done: int, total: int) -> None:
    """Says that the kernels are being compiled, and nothing of other stages."""
    if stage == "compile":
        print("dedup: compiling, once in this environment (about half a minute)", file=sys.stderr, flush=True)


def tell_compiling() -> None:
    """Says so when the kernels still have to be compiled."""
    from dedup import kernels

    if kernels.cold():
        tell_stage("compile", 0, 0)


def _nothing(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""
