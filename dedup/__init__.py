"""Removes repeated articles from scraped news and web pages."""

from __future__ import annotations

import logging

from dedup.bands import Bands
from dedup.canonical import Policy
from dedup.errors import DedupError
from dedup.fields import Article, Fields
from dedup.model import Cluster, Match, Place, Quarantined, Removed, Summary
from dedup.result import Result, deduplicate
from dedup.scheme import Scheme
from dedup.settings import Limits, Settings
from dedup.signatures import Signatures, Texts, fingerprint
from dedup.verify import compare

__version__ = "0.1.0"

__all__ = [
    "Article",
    "Bands",
    "Cluster",
    "DedupError",
    "Fields",
    "Limits",
    "Match",
    "Place",
    "Policy",
    "Quarantined",
    "Removed",
    "Result",
    "Scheme",
    "Settings",
    "Signatures",
    "Summary",
    "Texts",
    "compare",
    "deduplicate",
    "fingerprint",
]

logging.getLogger("dedup").addHandler(logging.NullHandler())
