"""`import dedup.pandas` gives every pandas frame `df.dedup.articles()`."""

from __future__ import annotations

from typing import Unpack

import pandas as pd

from dedup.deduplication import Options, deduplicate
from dedup.frame_result import FrameResult


@pd.api.extensions.register_dataframe_accessor("dedup")
class Accessor:
    """What `df.dedup` is."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def articles(self, **options: Unpack[Options]) -> FrameResult[pd.DataFrame]:
        """Finds repeated articles; takes the options of `dedup.deduplicate`, and returns what it does."""
        return deduplicate(self._frame, **options)
