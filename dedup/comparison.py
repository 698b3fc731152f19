"""Two records -> what they have in common, and what follows from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import corpus
from dedup.alignment import Tokens
from dedup.boilerplate import Cores
from dedup.corpus import Corpus
from dedup.errors import InputError
from dedup.evidence import Evidence
from dedup.model import Match, Relation
from dedup.relations import judge
from dedup.settings import Settings
from dedup.shapes import Record
from dedup.signals import Cards, RowSignals
from dedup.signatures import shingles
from dedup.sources import RecordSource
from dedup.spool import Workspace
from dedup.verify import measure_all


class Side(NamedTuple):
    """One of two rows of a source: its `core` words (u32), and how many words its `text` has; `hash` of all of them."""

    row: int
    core: NDArray[np.uint32]
    words: int
    hash: tuple[int, ...]


def compare(a: Record, b: Record, settings: Settings | None = None) -> Match:
    """What two articles have in common, and whether one would be removed as a copy of the other.

    Texts, or records or objects with a text (title, URL, site and date are taken into account as in a run). Boilerplate is
    not known here. Raises InputError for a record without a text.

    >>> compare("Same words, other marks!", "same words other marks").relation
    'different'

    (Texts under `min_tokens` words must be equal to the punctuation.)
    """
    settings = settings or Settings()
    with Workspace(None) as workspace:
        source = RecordSource([a, b], settings.fields)
        known = corpus.read(source, settings, workspace, None, corpus.silent)
        for record in source.quarantined:
            raise InputError(source.name, f"record {record.place.line}: {record.detail}")
        plain = Cores(known.tokens, None)
        return match(Cards(source), side(known, plain, 0), side(known, plain, 1), settings)


def side(known: Corpus, cores: Cores, row: int) -> Side:
    """A row of a corpus."""
    values, starts, ends = cores.tokens
    core = values[starts[row] : ends[row]].copy()
    return Side(row, core, int(known.lengths[row]), tuple(known.hashes[row].tolist()))


def match(cards: Cards, a: Side, b: Side, settings: Settings) -> Match:
    """What two rows of a source have in common; `cards`: what stands beside its texts."""
    first, second = sorted((a, b), key=lambda side: (-len(side.core), side.hash))
    found = measure_all(Tokens.of(first.core, second.core), np.array([[0, 1]]))
    lengths = np.array([len(first.core), len(second.core)])
    left = lengths / np.maximum(1, [first.words, second.words])
    evidence = found.evidence(0, lengths, left)
    signals = RowSignals(cards, (first.row, second.row), found.names.get(0, ()))
    relation, reason = _verdict(evidence, signals, a, b, settings)
    shares = [set(shingles(side.core, settings.scheme.shingle).tolist()) for side in (first, second)]
    union = len(shares[0] | shares[1])
    equal = relation == "exact"
    return Match(
        relation=relation,
        reason=reason,
        resemblance=1.0 if equal else evidence.resemblance,
        containment=1.0 if equal else evidence.share_shorter,
        share_longer=1.0 if equal else evidence.share_longer,
        jaccard=len(shares[0] & shares[1]) / union if union else float(equal),
        aligned=len(first.core) if equal else evidence.aligned,
        words=(len(a.core), len(b.core)),
        lead=evidence.lead,
        numbers=evidence.numbers,
        swaps=evidence.swaps,
        titles=signals.titles(),
        gap=signals.gap,
        same_site=signals.same_site,
        same_page=signals.same_page(),
        boilerplate=(a.words - len(a.core), b.words - len(b.core)),
    )


def _verdict(evidence: Evidence, signals: RowSignals, a: Side, b: Side, settings: Settings) -> tuple[Relation, str]:
    window, gap = settings.window_hours, signals.gap
    if a.words and a.hash == b.hash:
        if window is not None and gap is not None and gap > window:
            return "related", f"equal words; hours apart {gap:.4g} >= {window:.4g}"
        return "exact", "equal words"
    if min(len(a.core), len(b.core)) < settings.min_tokens:
        return "different", f"fewer than {settings.min_tokens} words to compare"
    found = judge(evidence, signals, settings.rules)
    relation: Relation = found.relation
    if relation == "truncated" and len(a.core) > len(b.core):
        relation = "extended"
    return relation, found.reason
