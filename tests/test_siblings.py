"""Issues of one template, whole runs: different articles stay, whatever of them is printed again and again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Final

import pytest

from dedup import deduplicate

CASES: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases" / "different.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_different_articles_stay(case: dict[str, Any]) -> None:
    records = case["records"]
    assert len(deduplicate(records).kept) == len(records)
    turned = random.Random(1).sample(records, len(records))
    assert len(deduplicate(turned).kept) == len(records)


@pytest.mark.parametrize("case", [c for c in CASES if c["name"] != "press releases"], ids=lambda case: case["name"])
def test_their_copies_go(case: dict[str, Any]) -> None:
    """The same at another site, within the hour, in other letters: a copy of each is one too many.

    Not so for the press releases: beside the boilerplate that is printed in all of them, too few words are left to tell.
    """
    records = case["records"]
    copies = [
        {
            **r,
            "id": f"{r['id']}-copy",
            "text": r["text"].upper(),
            "url": f"https://copy.example/{i}",
            "site": "copy.example",
        }
        for i, r in enumerate(records)
    ]
    assert len(deduplicate([*records, *copies]).kept) == len(records)
