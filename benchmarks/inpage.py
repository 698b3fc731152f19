"""What `clean_page` makes of pages in which something stands twice, how fast it is, and what hostile pages cost.

    python benchmarks/inpage.py --markdown
    python benchmarks/inpage.py --pages PAGES --name "news pages" --markdown

Doubled pages are made from the articles of the sample (`tests/doubles.py`). A page is fixed when every body is whole in what
is left of it (98 % of its runs of four words), and at most a tenth of it is there twice.

PAGES: one JSON page a line (also .gz). `page`: its id; `text`; `role`: `clean_negative` for a page in which nothing stands
twice, any other word otherwise; `runs`: the stretches that stand twice, each with its two places, `first` and `second`
(`[start, end]` in code points of the text), with `kind` (`body`, `excerpt`, or something else, as `nav`), with `drop` (`yes`:
one copy should go; `ok`: it may; `no`: both are to stay) and with `keep` (the copy to stay: `first`, `second`, `either` or
`both`); `loose`: more stretches, with `first` and `second` only, of which anything may go.

A run with `drop: yes` is found when 80 % of the copy that should go is dropped and less than 50 % of the other; the wrong
copy went when it is the other way round. Words are harmed that go though they are in no run but those with `drop: no`, and in
no loose one; so are pages with more than 10 of them.

Every hostile page is a process of its own; its MB are those above a process that imports and compiles the same and cleans
nothing. All of it runs in one thread.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from harness import HERE, Table, child, finish, machine, parser, say, script

ROUNDS: Final = 3
PLAIN_PAGES: Final = 2_000
PARAGRAPH: Final = 50
"""Words in a paragraph."""

FOUND, STAYS, HARMED = 0.8, 0.5, 10
"""See above."""

KINDS: Final = {"body": "bodies", "excerpt": "excerpts"}
WITH_EXCERPTS: Final = (
    "60,000 equal lines of 25 words",
    "12,000 paragraphs, each twice in a row (10 MB)",
    "100 articles, drawn 1,600 times (10 MB)",
)
"""The hostile pages that are cleaned of excerpts too."""


class Writer:
    """Random words of a made vocabulary."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        letters = "abcdefghijklmnoprstuvw"
        self.vocabulary = ["".join(self.draw.choices(letters, k=self.draw.randint(3, 9))) for _ in range(20_000)]

    def line(self, words: int) -> str:
        """So many words."""
        return " ".join(self.draw.choices(self.vocabulary, k=words))

    def paragraphs(self, words: int) -> str:
        """So many words, in paragraphs."""
        return "\n\n".join(self.line(min(PARAGRAPH, words - at)) for at in range(0, words, PARAGRAPH))

    def chinese(self, paragraphs: int) -> str:
        """So many paragraphs of 200 characters."""
        characters = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]
        sentences = ("".join(self.draw.choices(characters, k=19)) + "。" for _ in range(10 * paragraphs))
        return "\n\n".join("".join(ten) for ten in zip(*[sentences] * 10, strict=True))


def _draws(writer: Writer) -> str:
    articles = [writer.paragraphs(880) for _ in range(100)]
    return "\n\n".join(writer.draw.choices(articles, k=1_600))


def _in_a_row(writer: Writer) -> str:
    return "\n\n".join("\n\n".join([writer.line(58)] * 2) for _ in range(12_000))


def _twice(text: str) -> str:
    return f"{text}\n\n{text}"


HOSTILE: Final[dict[str, Callable[[Writer], str]]] = {
    "one word, a million times": lambda writer: "again " * 1_000_000,
    "100,000 equal lines": lambda writer: f"{writer.line(6)}\n" * 100_000,
    "60,000 equal lines of 25 words": lambda writer: f"{writer.line(25)}\n" * 60_000,
    "10 MB of random words, in paragraphs": lambda writer: writer.paragraphs(1_430_000),
    "10 MB of random words, in one line": lambda writer: writer.line(1_430_000),
    "an article of 5 MB, twice": lambda writer: _twice(writer.paragraphs(715_000)),
    "12,000 paragraphs, each twice in a row (10 MB)": _in_a_row,
    "100 articles, drawn 1,600 times (10 MB)": _draws,
    "1.6 million Chinese characters, twice": lambda writer: _twice(writer.chinese(8_000)),
}


def _doubles() -> Any:
    sys.path.insert(0, str(HERE.parent))
    from tests import doubles

    return doubles


def warm_up() -> None:
    """Imports and compiles all that cleaning takes."""
    from dedup import clean_page

    writer = Writer(0)
    words = [writer.line(20) for _ in range(20)]
    edited = " ".join([*words[:10], writer.line(30), *words[12:]])
    for text in (" ".join(words) + "\n\n" + edited, _twice(writer.chinese(2))):
        for excerpts in (False, True):
            clean_page(text, excerpts=excerpts, merge=True)


def doubled() -> list[dict[str, Any]]:
    """A row for each doubled page."""
    from dedup import clean_page

    doubles = _doubles()
    rows = []
    for page in doubles.pages():
        cleaned = clean_page(page.text)
        rows.append(
            {
                "kind": page.kind,
                "language": page.language,
                "fixed": doubles.fixed(page, cleaned.text),
                "repeats": len(cleaned.repeats),
            }
        )
    return rows


def _covered(text: str, spans: Iterable[Sequence[int]]) -> Any:
    """Which code points of a text are in one of the stretches."""
    import numpy as np

    inside = np.zeros(len(text), bool)
    for start, end in spans:
        inside[start:end] = True
    return inside


def _outcome(run: dict[str, Any], shares: tuple[float, float]) -> str:
    """`found`, `wrong` or `missed`. `shares`: how much of the two copies went."""
    first, second = shares
    went = [copy for copy, a, b in (("first", first, second), ("second", second, first)) if a >= FOUND and b < STAYS]
    if not went:
        return "missed"
    return "wrong" if went[0] == run["keep"] else "found"


def judged(page: dict[str, Any], *, excerpts: bool) -> dict[str, Any]:
    """What became of a labelled page."""
    from dedup import clean_page
    from dedup.words import locate

    text = page["text"]
    repeats = clean_page(text, excerpts=excerpts).repeats
    gone = _covered(text, [(repeat.dropped.start, repeat.dropped.end) for repeat in repeats])

    def share(span: Sequence[int]) -> float:
        return float(gone[slice(*span)].mean())

    runs = [
        {"kind": run["kind"], "outcome": _outcome(run, (share(run["first"]), share(run["second"])))}
        for run in page["runs"]
        if run["drop"] == "yes" and run["kind"] in KINDS
    ]
    may = [run for run in page["runs"] if run["drop"] != "no"] + page["loose"]
    harm = gone & ~_covered(text, [run[copy] for run in may for copy in ("first", "second")])
    return {
        "runs": runs,
        "harm": int(harm[locate(text).starts].sum()),
        "clean": page["role"] == "clean_negative",
        "repeats": len(repeats),
    }


def labelled(path: Path) -> list[dict[str, Any]]:
    """The scores of a labelled file, without and with excerpts."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        pages = [json.loads(line) for line in lines]
    results = []
    for excerpts in (False, True):
        every = [judged(page, excerpts=excerpts) for page in pages]
        runs = [run for page in every for run in page["runs"]]
        harms = [page["harm"] for page in every]
        clean = [page for page in every if page["clean"]]
        row: dict[str, Any] = {"with": excerpts, "pages": len(pages)}
        for kind, name in KINDS.items():
            outcomes = [run["outcome"] for run in runs if run["kind"] == kind]
            row[name] = {"wanted": len(outcomes), "found": outcomes.count("found"), "wrong": outcomes.count("wrong")}
        row |= {"harmed": sum(harm > HARMED for harm in harms), "words": sum(harms), "clean": len(clean)}
        results.append({**row, "touched": sum(page["repeats"] > 0 for page in clean)})
    return results


def speed() -> list[dict[str, Any]]:
    """Pages a second: the least time of some rounds."""
    from dedup import clean_page

    writer = Writer(1)
    sets = {
        "500 words, nothing twice": [writer.paragraphs(500) for _ in range(PLAIN_PAGES)],
        "doubled pages": [page.text for page in _doubles().pages()],
    }
    results = []
    for name, texts in sets.items():
        times = []
        for _ in range(ROUNDS + 1):
            start = perf_counter()
            for text in texts:
                clean_page(text)
            times.append(perf_counter() - start)
        characters = sum(map(len, texts))
        results.append({"pages": name, "count": len(texts), "characters": characters, "seconds": min(times[1:])})
    return results


def clean(path: Path, excerpts: bool) -> dict[str, Any]:
    """Cleans the page in a file."""
    from dedup import clean_page

    text = path.read_text("utf8")
    start = perf_counter()
    page = clean_page(text, excerpts=excerpts)
    return {"seconds": perf_counter() - start, "repeats": len(page.repeats), "complete": page.complete}


def part(name: str, arguments: Sequence[str]) -> object:
    """What a child process does."""
    if name == "write":
        path, page = arguments
        text = HOSTILE[page](Writer(2))
        Path(path).write_text(text, "utf8")
        return {"bytes": len(text.encode())}
    warm_up()
    if name == "idle":
        return {}
    if name == "clean":
        return clean(Path(arguments[0]), arguments[1] == "excerpts")
    if name == "labelled":
        return labelled(Path(arguments[0]))
    return {"doubled": doubled, "speed": speed}[name]()


def run_part(name: str, *arguments: str | Path) -> tuple[Any, int]:
    """What a child process gives, and its peak of memory."""
    ran = child(script("inpage", "--part", name, *arguments), threads=1)
    return json.loads(ran.output), ran.peak


def hostile(work: Path) -> list[dict[str, Any]]:
    """A row for each hostile page, without and with excerpts."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "page.txt"
    idle = min(run_part("idle")[1] for _ in range(ROUNDS))
    results = []
    for name in HOSTILE:
        size = run_part("write", path, name)[0]["bytes"]
        for excerpts in (False, True) if name in WITH_EXCERPTS else (False,):
            found, peak = run_part("clean", path, "excerpts" if excerpts else "bodies")
            results.append({"page": name, "excerpts": excerpts, "bytes": size, **found, "peak": peak - idle})
            say(f"{name}: {found['seconds']:.2f} s, {(peak - idle) / 1e6:.0f} MB")
    path.unlink()
    return results


def doubled_table(title: str, key: str, pages: list[dict[str, Any]]) -> Table:
    """A row for each kind or language, and one for all."""

    def row(name: str, of: list[dict[str, Any]]) -> tuple[str, ...]:
        fixed = sum(page["fixed"] for page in of)
        repeats = sum(page["repeats"] for page in of)
        return name, f"{len(of):,}", f"{fixed:,}", f"{fixed / len(of):.1%}", f"{repeats:,}"

    names = dict.fromkeys(page[key] for page in pages)
    rows = [row(name, [page for page in pages if page[key] == name]) for name in names]
    return Table(title, (key, "pages", "fixed", "share", "repeats found"), [*rows, row("all", pages)])


def labelled_table(name: str, results: list[dict[str, Any]]) -> Table:
    """A row without excerpts and one with them."""
    first = results[0]
    head = ["`clean_page`"]
    for kind in KINDS.values():
        head += [f"{kind} found ({first[kind]['wanted']:,})", "wrong copy"]
    head += ["pages harmed", "words harmed", f"clean pages touched ({first['clean']:,})"]
    rows = []
    for result in results:
        counts = [result[kind][count] for kind in KINDS.values() for count in ("found", "wrong")]
        counts += [result[key] for key in ("harmed", "words", "touched")]
        rows.append([f"excerpts={result['with']}", *(f"{count:,}" for count in counts)])
    return Table(f"Labelled pages: {name}, {first['pages']:,} pages", head, rows)


def speed_table(results: list[dict[str, Any]]) -> Table:
    """A row for each set of pages."""
    rows = [
        (
            r["pages"],
            f"{r['count']:,}",
            f"{r['characters'] / r['count']:,.0f}",
            f"{r['count'] / r['seconds']:,.0f}",
            f"{r['seconds'] / r['count'] * 1e6:,.0f}",
        )
        for r in results
    ]
    title = f"Speed: `clean_page` of pages in memory, one thread, best of {ROUNDS}"
    return Table(title, ("page", "pages", "characters a page", "pages/s", "µs a page"), rows)


def hostile_table(results: list[dict[str, Any]]) -> Table:
    """A row for each page."""
    rows = [
        (
            r["page"] + (", `excerpts=True`" if r["excerpts"] else ""),
            f"{r['bytes'] / 1e6:.1f}",
            f"{r['seconds']:.2f}",
            f"{r['peak'] / 1e6:,.0f}",
            f"{r['repeats']:,}",
            "yes" if r["complete"] else "no",
        )
        for r in results
    ]
    head = ("page", "MB of text", "s", "peak MB", "repeats found", "complete")
    return Table("Hostile pages: peak memory above a process that cleans nothing", head, rows)


def measure(options: argparse.Namespace) -> tuple[list[Table], dict[str, Any]]:
    """All tables, and what is in them."""
    run_part("idle")  # compiles the kernels
    pages = run_part("doubled")[0]
    say(f"{sum(page['fixed'] for page in pages)} of {len(pages)} doubled pages fixed")
    tables = [
        doubled_table("Doubled pages, by kind", "kind", pages),
        doubled_table("Doubled pages, by language", "language", pages),
    ]
    data: dict[str, Any] = {"doubled": {}, "languages": {}}
    for key, part_of in (("kind", data["doubled"]), ("language", data["languages"])):
        for page in pages:
            entry = part_of.setdefault(page[key], {"pages": 0, "fixed": 0, "repeats": 0})
            entry["pages"] += 1
            entry["fixed"] += page["fixed"]
            entry["repeats"] += page["repeats"]
    if options.pages:
        data["labelled"] = run_part("labelled", options.pages)[0]
        tables.append(labelled_table(options.name, data["labelled"]))
    data["speed"] = run_part("speed")[0]
    data["hostile"] = hostile(options.work)
    return [*tables, speed_table(data["speed"]), hostile_table(data["hostile"])], data


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--pages", type=Path, metavar="PAGES", help="a labelled file")
    arguments.add_argument("--name", default="labelled set", help="of the labelled file, in its title")
    arguments.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.part:
        print(json.dumps(part(options.part[0], options.part[1:])))
        raise SystemExit
    before = machine()
    tables, data = measure(options)
    # Where a set lies is nobody's business.
    shown = argparse.Namespace(**{k: v for k, v in vars(options).items() if k not in ("pages", "part")})
    finish("inpage", shown, before, tables, data)
