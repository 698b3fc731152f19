"""Removes repeated articles from scraped news and web pages."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.bands import Bands as Bands
    from dedup.canonical import Policy as Policy
    from dedup.comparison import compare as compare
    from dedup.deduplication import deduplicate as deduplicate
    from dedup.errors import DedupError as DedupError
    from dedup.explanation import Explanation as Explanation
    from dedup.explanation import explain as explain
    from dedup.fields import Article as Article
    from dedup.fields import Fields as Fields
    from dedup.frame_result import FrameResult as FrameResult
    from dedup.index import Index as Index
    from dedup.inpage import Page as Page
    from dedup.inpage import clean_page as clean_page
    from dedup.model import Border as Border
    from dedup.model import Cluster as Cluster
    from dedup.model import IndexStats as IndexStats
    from dedup.model import Likeness as Likeness
    from dedup.model import Match as Match
    from dedup.model import PageRepeat as PageRepeat
    from dedup.model import Paragraph as Paragraph
    from dedup.model import Place as Place
    from dedup.model import Quarantined as Quarantined
    from dedup.model import Removed as Removed
    from dedup.model import Repeat as Repeat
    from dedup.model import Span as Span
    from dedup.model import Summary as Summary
    from dedup.model import Verdict as Verdict
    from dedup.opening import open_index as open_index
    from dedup.opening import unique as unique
    from dedup.result import Result as Result
    from dedup.scheme import Scheme as Scheme
    from dedup.settings import Limits as Limits
    from dedup.settings import Settings as Settings
    from dedup.signatures import Signatures as Signatures
    from dedup.signatures import Texts as Texts
    from dedup.signatures import fingerprint as fingerprint

__version__ = "0.1.0"

_HOMES = {
    "Article": "fields",
    "Bands": "bands",
    "Border": "model",
    "Cluster": "model",
    "DedupError": "errors",
    "Explanation": "explanation",
    "Fields": "fields",
    "FrameResult": "frame_result",
    "Index": "index",
    "IndexStats": "model",
    "Likeness": "model",
    "Limits": "settings",
    "Match": "model",
    "Page": "inpage",
    "PageRepeat": "model",
    "Paragraph": "model",
    "Place": "model",
    "Policy": "canonical",
    "Quarantined": "model",
    "Removed": "model",
    "Repeat": "model",
    "Result": "result",
    "Scheme": "scheme",
    "Settings": "settings",
    "Signatures": "signatures",
    "Span": "model",
    "Summary": "model",
    "Texts": "signatures",
    "Verdict": "model",
    "clean_page": "inpage",
    "compare": "comparison",
    "deduplicate": "deduplication",
    "explain": "explanation",
    "fingerprint": "signatures",
    "open_index": "opening",
    "unique": "opening",
}

__all__ = [
    "Article",
    "Bands",
    "Border",
    "Cluster",
    "DedupError",
    "Explanation",
    "Fields",
    "FrameResult",
    "Index",
    "IndexStats",
    "Likeness",
    "Limits",
    "Match",
    "Page",
    "PageRepeat",
    "Paragraph",
    "Place",
    "Policy",
    "Quarantined",
    "Removed",
    "Repeat",
    "Result",
    "Scheme",
    "Settings",
    "Signatures",
    "Span",
    "Summary",
    "Texts",
    "Verdict",
    "clean_page",
    "compare",
    "deduplicate",
    "explain",
    "fingerprint",
    "open_index",
    "unique",
]

logging.getLogger("dedup").addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used: `import dedup` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dedup' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"dedup.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
