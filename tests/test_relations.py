"""The decisions: a truth table from both sides of every limit, and what holds of all of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import evidence as values
from dedup import relations, siblings
from dedup.evidence import Decision, Evidence, Rules
from dedup.model import DUPLICATES
from dedup.relations import judge

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases" / "relations.json").read_text("utf-8"))

MODULES: Final = (values, relations, siblings)
LIMITS: Final = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, (int, float))
}


@dataclasses.dataclass(frozen=True)
class Beside:
    """Signals as a row of the table states them."""

    same_site: bool | None = None
    gap: float | None = None
    similarity: float | None = None
    page: bool = False
    names: bool = False
    places: int = 0
    subject: bool = False
    apart: float = 1.0
    other: bool = False
    inside: int = 0
    titled: bool = False

    def titles(self) -> float | None:
        return self.similarity

    def same_page(self) -> bool:
        return self.page

    def other_page(self) -> bool:
        return self.other and not self.page

    def renamed(self) -> bool:
        return self.names

    def renamed_places(self) -> int:
        return self.places

    def capital_places(self) -> int:
        return self.places

    def other_names(self, least: float) -> int:
        return self.inside if self.inside >= least else 0

    def retitled(self) -> bool:
        return self.titled

    def other_subject(self) -> bool:
        return self.subject

    def values_apart(self) -> float:
        return self.apart


def decided(case: dict[str, Any]) -> Decision:
    """What is decided of a row; what it does not state: 90 of 100 words, one opening, and nothing known beside them."""
    aligned = case.get("aligned", 90)
    evidence = Evidence(
        words=tuple(case.get("words", (100, 100))),
        aligned=aligned,
        lead=case.get("lead", 1.0),
        numbers=case.get("numbers", 0),
        swaps=case.get("swaps", 0),
        lone=case.get("lone", 0),
        replaced=case.get("replaced", 0),
        passages=case.get("passages", 0),
        inner=case.get("inner", aligned + 1),
        frames=tuple(case.get("frames", (0, 0))),
        common=case.get("common", case.get("numbers", 0)),
        left=case.get("left", 1.0),
    )
    beside = Beside(
        case.get("site"),
        case.get("gap"),
        case.get("titles"),
        case.get("page", False),
        case.get("renamed", False),
        case.get("places", 0),
        case.get("subject", False),
        case.get("apart", 1.0),
        case.get("other", False),
        case.get("inside", 0),
        case.get("titled", False),
    )
    rules = Rules(
        case.get("threshold", 0.8), case.get("revised", True), case.get("templates", True), case.get("window")
    )
    return judge(evidence, beside, rules)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_table(case: dict[str, Any]) -> None:
    found = decided(case)
    assert (found.relation, found.quantity) == (case["relation"], case["quantity"])
    sign = ">=" if found.value >= found.limit else "<"
    assert found.reason == f"{found.quantity} {found.value:.4g} {sign} {found.limit:.4g}"


def test_the_table_is_whole() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 60
    known = {"near", "truncated", "revised", "version", "sibling", "related", "different"}
    assert {case["relation"] for case in CASES} == known  # `exact` and `extended` are told elsewhere
    source = "".join(Path(module.__file__ or "").read_text("utf-8") for module in MODULES)
    assert all(f'"{case["quantity"]}"' in source for case in CASES)
    told = [line for line in source.splitlines() if "Decision(" in line and '"' in line]
    assert all(any(f'"{case["quantity"]}"' in line for case in CASES) for line in told if line.count('"') >= 4)


@pytest.mark.parametrize("factor", [0.99, 1.01])
@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_the_table_notices_when_a_limit_moves(limit: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is one per cent off, or one where it is a count, changes some row."""
    value = LIMITS[limit]
    moved = value * factor if isinstance(value, float) else value + (1 if factor > 1 else -1)
    for module in MODULES:
        monkeypatch.setattr(module, limit, moved, raising=False)
    assert any(decided(case).relation != case["relation"] for case in CASES)


def test_there_are_limits() -> None:
    assert {"LEAD", "HELD", "THIN", "SWAPPED", "ISSUE_HOURS", "REPLACED"} <= set(LIMITS)
    assert len(LIMITS) >= 24


# What holds of all decisions

SHARES: Final = st.sampled_from([0.0, 0.3, 0.4, 0.5, 0.59, 0.6, 0.7, 0.75, 0.95, 1.0])


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    short = draw(st.integers(25, 400))
    long = short + draw(st.integers(0, 1200))
    numbers = draw(st.integers(0, short // 2))
    swaps, lone = draw(st.integers(0, min(numbers, 5))), draw(st.integers(0, 5))
    return Evidence(
        words=(long, short),
        aligned=draw(st.integers(0, short)),
        lead=draw(SHARES),
        numbers=numbers,
        swaps=swaps,
        lone=lone,
        replaced=draw(st.integers(0, 5)),
        passages=draw(st.integers(0, 2)),
        inner=draw(st.sampled_from([0, 5, 1000])),
        frames=(draw(st.integers(0, swaps)), draw(st.integers(0, lone))),
        common=draw(st.integers(0, numbers)),
        left=draw(SHARES),
    )


BESIDE: Final = st.builds(
    Beside,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.0, 1.0, 19.9, 20.0, 36.0, 100.0, 168.0, 1000.0]),
    st.none() | SHARES,
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
    st.booleans(),
    SHARES,
    st.booleans(),
    st.integers(0, 5),
    st.booleans(),
)
THRESHOLDS: Final = st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])


@settings(max_examples=500, deadline=None)
@given(evidence(), BESIDE, THRESHOLDS)
def test_what_holds_of_every_decision(e: Evidence, beside: Beside, threshold: float) -> None:
    rules = Rules(threshold)
    found = judge(e, beside, rules)
    if found.relation == "near":
        assert e.resemblance >= threshold
    if found.relation == "truncated":
        assert e.share_shorter >= max(0.85, threshold)
    if found.relation == "revised":
        assert e.share_shorter >= 0.5
    if found.relation in DUPLICATES:
        assert found.value >= found.limit
    same = judge(e, dataclasses.replace(beside, page=True), rules)
    if found.relation in DUPLICATES:  # what names one page is a copy all the more
        assert same.relation in DUPLICATES or found.relation == "different"
    kept = judge(e, beside, rules._replace(revised=False))
    assert kept == (found._replace(relation="version") if found.relation == "revised" else found)
    told = judge(e, beside, rules._replace(templates=False))
    assert told == found if found.relation != "sibling" else told.relation in DUPLICATES
    if beside.gap is not None:
        assert judge(e, beside, rules._replace(window=beside.gap)) == found
        narrow = judge(e, beside, rules._replace(window=beside.gap - 0.001))
        assert narrow.relation not in DUPLICATES


def strict(e: Evidence, beside: Beside) -> list[bool]:
    """Whether it is a copy at thresholds that rise."""
    return [judge(e, beside, Rules(t)).relation in DUPLICATES for t in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)]


@settings(max_examples=500, deadline=None)
@given(evidence(), BESIDE)
@example(
    Evidence((41, 35), 30, 0.95, 1, 0, 2, 5, 0, 0, (0, 0), 0, 0.95),
    Beside(False, 36.0, None, False, False, 2, False, 0.0, False),
)
def test_a_higher_threshold_takes_no_more(e: Evidence, beside: Beside) -> None:
    taken = strict(e, beside)
    assert taken == sorted(taken, reverse=True)
