"""A scraped page -> the page with each of its bodies once, and what was dropped."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from dedup.alignment import RUN
from dedup.bodies import BODY, EXCERPT, Judged, Kind, judge
from dedup.paragraphs import Layout, Paragraph, paragraphs
from dedup.repeats import chains, repeated_runs

ROUNDS: Final = 32


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Repeat:
    kept: Span
    dropped: Span
    kind: Kind
    similarity: float
    unique: tuple[Paragraph, ...]
    reason: str


class Page:
    def __init__(self, source, repeats, text):
        self.source=source; self.repeats=repeats; self.text=text


def clean_page(text: str, *, excerpts: bool = False) -> Page:
    origin = [(0, 0)]  # (position in current, shift)
    current = text
    repeats = []
    segs = [(0, len(text))]
    for _ in range(ROUNDS):
        found = _round(current, excerpts)
        if not found:
            break
        cuts = []
        for j, ks, ds in found:
            repeats.append(Repeat(Span(_orig(segs, ks[0]), _orig(segs, ks[1]-1)+1), Span(_orig(segs, ds[0]), _orig(segs, ds[1]-1)+1), j.kind, j.resemblance, (), j.reason))
            cuts.append(ds)
        current, segs = _cut(current, segs, cuts)
    return Page(text, tuple(sorted(repeats, key=lambda r: r.dropped.start)), current)


def _orig(segs, p):
    at = 0
    for s, e in segs:
        if p < at + e - s:
            return s + p - at
        at += e - s
    return segs[-1][1]

def _cut(text, segs, cuts):
    cuts = sorted(cuts)
    out=[]; pos=0; new=[]
    for s,e in cuts+[(len(text),len(text))]:
        out.append(text[pos:s])
        # map
        p=pos
        at=0
        for a,b in segs:
            lo=max(p,at); hi=min(s,at+b-a)
            if lo<hi: new.append((a+lo-at,a+hi-at))
            at+=b-a
        pos=e
    return "".join(out), new

def _round(text, excerpts):
    layout = Layout.of(text)
    least = (EXCERPT if excerpts else BODY) * layout.unit
    runs = repeated_runs(layout.words.tokens, RUN * layout.unit)
    found = judge(layout, chains(runs, int(0.6*least)), excerpts=excerpts)
    role = np.zeros(len(layout.words.tokens), np.int8)
    out=[]
    for j in found:
        k=slice(j.kept.first,j.kept.last); d=slice(j.dropped.first,j.dropped.last)
        if role[d].any() or (role[k]==2).any(): continue
        role[d]=2; role[k]=np.where(role[k]==0,1,role[k])
        out.append((j,_span(layout,j.kept),_span(layout,j.dropped)))
        if (j.dropped.first,j.dropped.last)==j.chain.first: break
    return out

def _span(layout, c):
    return int(layout.words.starts[c.first]), int(layout.words.ends[c.last-1])
