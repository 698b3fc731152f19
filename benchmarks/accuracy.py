"""What a run merges of a labelled set, beside the same run with parts of it switched off.

    python benchmarks/accuracy.py DOCUMENTS PAIRS --name "US news pages" --text-field text --markdown

DOCUMENTS: one JSON article a line (also .gz): `id`, `text`, and `url`, `title`, `site`, `published` where they are known.
PAIRS: one JSON pair a line (also .gz): `a` and `b`, ids; `label`: `same` (one article), `sibling` (one template, other
facts), `partial` (shares prose, is another article) or `different`; other labels are left out. Where known, `kind` (how
a pair is the same), `borderline` (true where careful readers would differ) and `split`.

Two articles are called the same when both point to, or are, the same kept article. Precision counts a merged pair of any
other label as false; `proposed` is the share of the `same` pairs whose two texts are equal or were candidates, before
anything was compared; `unlabelled` counts removed articles whose pair with the kept one is not in PAIRS.
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from harness import Table, finish, machine, parser, say

from dedup import Fields, Result, Settings
from dedup.batch import Decider, decide
from dedup.lines import LineSource
from dedup.spool import Workspace

LABELS: Final = ("same", "sibling", "partial", "different")
SETTINGS: Final[dict[str, dict[str, bool]]] = {
    "all of it": {},
    "without boilerplate": {"boilerplate": False},
    "without passages": {"passages": False},
    "without templates": {"templates": False},
    "without all three": {"boilerplate": False, "passages": False, "templates": False},
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled pair of articles; `kind` is empty where it is unknown."""

    a: str
    b: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Score:
    """What a run made of the pairs: `kinds` and `labels` hold (merged, all), of `same` pairs by kind, of others by label."""

    precision: float | None
    recall: float | None
    f1: float | None
    kinds: dict[str, tuple[int, int]]
    labels: dict[str, tuple[int, int]]
    proposed: float | None
    articles: int
    dated: int
    candidates: int
    removed: int
    unlabelled: int


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from map(orjson.loads, lines)


def wanted(path: Path, clear: bool, split: str | None) -> tuple[list[Pair], set[frozenset[str]]]:
    """The pairs that are asked for, and the ids of all of them."""
    pairs, known = [], set()
    for pair in read(path):
        a, b = str(pair["a"]), str(pair["b"])
        known.add(frozenset((a, b)))
        if pair["label"] not in LABELS or (clear and pair.get("borderline")):
            continue
        if split is None or pair.get("split") in (None, split):
            pairs.append(Pair(a, b, pair["label"], (pair.get("kind") or "") if pair["label"] == "same" else ""))
    return pairs, known


class Run:
    """A run on the documents, and what it made of pairs of them."""

    def __init__(self, documents: Path, settings: Settings, workspace: Workspace) -> None:
        source = LineSource([documents], settings.fields, settings.limits, workspace)
        self.decider: Decider = decide(source, settings, workspace)
        self.result = Result(source, self.decider, settings, 0.0)
        self.ids = source.facts.ids
        self.rows = {name: row for row, name in enumerate(self.ids)}
        if len(self.rows) < len(self.ids):
            raise SystemExit(f"{documents}: {len(self.ids) - len(self.rows)} ids stand there twice")
        self.keeper = self.decider.decisions.keeper.tolist()
        self.of = self.decider.nodes.of.tolist()
        self.seen = set(self.decider.seen.tolist())

    def kept(self, name: str) -> str:
        """The id of the article that is kept for one; its own when it is kept or empty."""
        keeper = self.keeper[self.rows[name]]
        return name if keeper < 0 else self.ids[keeper]

    def merged(self, pair: Pair) -> bool:
        """Whether the two are called the same."""
        return self.kept(pair.a) == self.kept(pair.b)

    def proposed(self, pair: Pair) -> bool:
        """Whether the two texts are equal or were candidates."""
        a, b = sorted((self.of[self.rows[pair.a]], self.of[self.rows[pair.b]]))
        return a >= 0 and (a == b or (a << 32 | b) in self.seen)

    def score(self, pairs: list[Pair], known: set[frozenset[str]]) -> Score:
        """How right the run was."""
        same = [pair for pair in pairs if pair.label == "same"]
        other = [pair for pair in pairs if pair.label != "same"]
        true, false = sum(map(self.merged, same)), sum(map(self.merged, other))
        recall = true / len(same) if same else None
        precision = true / (true + false) if same and true + false else None
        names = Counter(pair.kind for pair in same)
        removed = [(self.ids[row], self.kept(self.ids[row])) for row in self.decider.decisions.removed.tolist()]
        return Score(
            precision=precision,
            recall=recall,
            f1=2 * true / (len(same) + true + false) if same else None,
            kinds={kind: self._share([p for p in same if p.kind == kind]) for kind, _ in names.most_common()},
            labels={
                label: self._share([p for p in other if p.label == label])
                for label in LABELS
                if any(p.label == label for p in other)
            },
            proposed=sum(map(self.proposed, same)) / len(same) if same else None,
            articles=len(self.ids),
            dated=len(self.ids) - self.result.summary().undated,
            candidates=len(self.seen),
            removed=len(removed),
            unlabelled=sum(frozenset(ids) not in known for ids in removed),
        )

    def _share(self, pairs: list[Pair]) -> tuple[int, int]:
        return sum(map(self.merged, pairs)), len(pairs)

    def errors(self, pairs: list[Pair]) -> Iterator[str]:
        """A line for each pair that was decided against its label, with the library's own reason."""
        for pair in pairs:
            merged = self.merged(pair)
            if merged == (pair.label == "same"):
                continue
            match = self.result.explain(pair.a, pair.b).match
            third = self.kept(pair.a) if merged else ""
            notes = [f"both for {third}"] if third not in ("", pair.a, pair.b) else []
            notes += [] if self.proposed(pair) else ["not proposed"]
            yield (
                f"{'merged' if merged else 'missed'} {pair.label} {pair.kind}".rstrip()
                + f": {pair.a} {pair.b}: {match.relation}: {match.reason}"
                + "".join(f" ({note})" for note in notes)
            )


def table(title: str, scores: dict[str, Score]) -> Table:
    """A row for each of the settings."""
    first = next(iter(scores.values()))
    kinds = [kind for kind in first.kinds if kind]
    head = ["settings", *(("precision", "recall", "F1") if first.recall is not None else ())]
    head += [f"{kind.replace('_', ' ')} ({first.kinds[kind][1]:,})" for kind in kinds]
    head += [f"{label} merged ({of:,})" for label, (_, of) in first.labels.items()]
    head += ["proposed"] if first.proposed is not None else []
    head += ["candidates an article", "removed", "unlabelled"]
    rows = []
    for name, score in scores.items():
        row = [name]
        if first.recall is not None:
            row += ["" if share is None else f"{share:.1%}" for share in (score.precision, score.recall, score.f1)]
        row += [f"{score.kinds[kind][0] / score.kinds[kind][1]:.1%}" for kind in kinds]
        row += [f"{merged:,}" for merged, _ in score.labels.values()]
        row += [] if score.proposed is None else [f"{score.proposed:.1%}"]
        row += [f"{score.candidates / score.articles:.2f}", f"{score.removed:,}", f"{score.unlabelled:,}"]
        rows.append(row)
    return Table(title, head, rows)


def fields_of(options: argparse.Namespace) -> Fields:
    """The fields that are read."""
    fields = Fields()
    if options.text_field:
        fields = replace(fields, text=(options.text_field,))
    if options.date_field:
        fields = replace(fields, published=(options.date_field,))
    return fields


def measure(options: argparse.Namespace) -> tuple[dict[str, Score], int, list[str]]:
    """The scores by settings, the number of pairs, and the errors of the first of them."""
    pairs, known = wanted(options.pairs, options.clear, options.split)
    scores: dict[str, Score] = {}
    errors: list[str] = []
    for name, off in SETTINGS.items():
        with Workspace(None) as workspace:
            run = Run(options.documents, Settings(fields=fields_of(options), **off), workspace)  # type: ignore[arg-type]
            there = [pair for pair in pairs if pair.a in run.rows and pair.b in run.rows]
            if len(there) < len(pairs) and not scores:
                say(f"{len(pairs) - len(there)} pairs are left out: an article is not there or has no text")
            scores[name] = run.score(there, known)
            if options.errors and not off:
                errors = list(run.errors(there))
        say(f"{name}: {scores[name].removed} of {scores[name].articles} removed")
    return scores, len(there), errors


def variant(options: argparse.Namespace, dated: int) -> list[str]:
    """What of a set was measured, in words."""
    return [
        *([f"field `{options.text_field}`"] if options.text_field else []),
        *([f"dates of `{options.date_field}`"] if options.date_field and dated else []),
        *([] if dated else ["without dates"]),
        *(["clear pairs"] if options.clear else []),
        *([f"split `{options.split}`"] if options.split else []),
    ]


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("documents", type=Path, metavar="DOCUMENTS")
    arguments.add_argument("pairs", type=Path, metavar="PAIRS")
    arguments.add_argument("--name", default="labelled set", help="of the set, in the title and in that of the results")
    arguments.add_argument("--text-field", metavar="NAME", help="where the text is")
    arguments.add_argument(
        "--date-field", metavar="NAME", help="where the date is; a field that no article has: no dates"
    )
    arguments.add_argument("--clear", action="store_true", help="leave out borderline pairs")
    arguments.add_argument("--split", help="pairs of this split, and those of none")
    arguments.add_argument("--errors", action="store_true", help="list the errors of the default settings")
    chosen = arguments.parse_args()
    before = machine()
    scores, count, errors = measure(chosen)
    first = scores["all of it"]
    words = [chosen.name, *variant(chosen, first.dated)]
    title = f"{', '.join(words)}: {first.articles:,} articles, {count:,} pairs"
    # Where a set lies is nobody's business.
    shown = argparse.Namespace(**{k: v for k, v in vars(chosen).items() if k not in ("documents", "pairs", "errors")})
    name = re.sub(r"\W+", "-", " ".join(["accuracy", *words]).lower()).strip("-")
    data = [{"settings": settings, "pairs": count, **asdict(score)} for settings, score in scores.items()]
    finish(name, shown, before, [table(title, scores)], data)
    print("".join(f"\n{line}" for line in errors), end="\n" if errors else "")
