"""`import dedup.polars` gives every polars frame `df.dedup.articles()`."""

from __future__ import annotations

from typing import Unpack

import polars as pl

from dedup.deduplication import Options, deduplicate
from dedup.frame_result import FrameResult


@pl.api.register_dataframe_namespace("dedup")
class Namespace:
    """What `df.dedup` is."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def articles(self, **options: Unpack[Options]) -> FrameResult[pl.DataFrame]:
        """Finds repeated articles; takes the options of `dedup.deduplicate`, and returns what it does."""
        return deduplicate(self._frame, **options)
