"""Compares kept lines with the truth: `python benchmarks/score.py DUMP KEPT` prints shares as JSON.

`removed`: of the articles that a perfect run would remove (all but one of each cluster), the share that was. `by_kind`:
the same for clusters of two, by the kind of the copy. `lost`: clusters of which nothing was kept, `clusters` of them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
from corpus import KINDS, truth_of


def score(dump: Path, kept: Path) -> dict[str, Any]:
    """How right a run was, whichever copy it keeps."""
    with kept.open("rb") as lines:
        alive = {orjson.loads(line)["id"] for line in lines}
    members: dict[str, list[bool]] = defaultdict(list)
    kinds: dict[str, str] = {}
    with truth_of(dump).open("rb") as lines:
        for fact in map(orjson.loads, lines):
            members[fact["cluster"]].append(fact["id"] in alive)
            kinds[fact["cluster"]] = fact["kind"]
    wanted = sum(len(m) - 1 for m in members.values())
    removed = sum(min(m.count(False), len(m) - 1) for m in members.values())
    pairs: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for cluster, m in members.items():
        if len(m) == 2:
            pairs[kinds[cluster]].append(False in m)
    return {
        "removed": removed / max(1, wanted),
        "by_kind": {kind: sum(found) / max(1, len(found)) for kind, found in pairs.items()},
        "lost": sum(not any(m) for m in members.values()),
        "clusters": len(members),
    }


if __name__ == "__main__":
    print(json.dumps(score(Path(sys.argv[1]), Path(sys.argv[2]))))
