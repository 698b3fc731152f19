"""What readers of HTML make of a page: whether all of the article is there, how much else, and what deduplication makes of it.

    pip install resiliparse trafilatura
    python benchmarks/extractors.py --markdown

Invented articles, each printed in layouts that occur on the web, each with the furniture of its site and with what is known to
trouble extractors. A block is a paragraph, item, cell or heading of the article; one is lost when its letters do not stand in
the text in one piece. `other words` are those of the text that are none of the article's. The pages of an article are copies of
each other: a perfect run of dedup over the texts, with site and title, keeps one of each; `articles lost` are those of which it
keeps none, and pages that went for one of another article. Time and memory are those of a process that reads every page.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, Final, NamedTuple

from harness import Table, child, finish, machine, parser, script

ARTICLES: Final = 20
COMMON: Final = tuple("the of and to in a that it was for on with as by at from this are had been".split())  # noqa: SIM905
ROUNDS: Final = 3
"""Pages are read so often for the time."""


class Page(NamedTuple):
    """A page: its article and layout, its HTML, and the blocks of the article."""

    article: int
    layout: str
    html: str
    blocks: list[str]


def words(rng: random.Random, count: int) -> str:
    """A sentence of invented words, of which a third are as frequent as those of a language."""
    made = [
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))
        for _ in range(count)
    ]
    found = [rng.choice(COMMON) if rng.random() < 1 / 3 else word for word in made]
    return " ".join(found).capitalize() + "."


def paragraph(rng: random.Random, size: int = 55) -> str:
    """A paragraph of about so many words."""
    return " ".join(words(rng, rng.randint(8, 18)) for _ in range(max(1, size // 13)))


def links(rng: random.Random, count: int, size: int = 3) -> str:
    """A list of links, as menus and rows of headlines are."""
    return "".join(f'<li><a href="/{i}">{words(rng, size)}</a></li>' for i in range(count))


def p(blocks: list[str], mark: str = "p") -> str:
    """Blocks as elements of a kind."""
    return "".join(f"<{mark}>{block}</{mark}>\n" for block in blocks)


def shell(site: random.Random, title: str, main: str, before: str = "", after: str = "") -> str:
    """A page with the furniture of its site."""
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title><style>p {{}}</style><script>var a = '<p>';</script></head>"
        f'<body>{before}<nav class="menu"><ul>{links(site, 14)}</ul></nav>{main}{after}'
        f"<footer><ul>{links(site, 9)}</ul><p>{words(site, 24)}</p></footer></body></html>"
    )


def _semantic(site: random.Random, b: list[str]) -> str:
    teasers = f"<aside><h2>{words(site, 2)}</h2><ul>{links(site, 6, 9)}</ul></aside>"
    return shell(site, b[0], f"<main><article><h1>{b[0]}</h1>{p(b[1:])}</article></main>", after=teasers)


def _divs(site: random.Random, b: list[str]) -> str:
    return shell(site, b[0], f'<div id="c"><div class="t">{b[0]}</div><div class="b">{p(b[1:], "div")}</div></div>')


def _breaks(site: random.Random, b: list[str]) -> str:
    return shell(site, b[0], f"<div class=story><b>{b[0]}</b><br><br>{'<br><br>'.join(b[1:])}</div>")


def _tables(site: random.Random, b: list[str]) -> str:
    inner = [block.replace(" the ", " <i>the</i> ").replace(" of ", " <b>of</b> ") for block in b[1:]]
    row = f"<tr><td width=150>{links(site, 12)}</td><td><h1>{b[0]}</h1>{p(inner)}</td></tr>"
    return shell(site, b[0], f"<table width=100%>{row}</table>")


def _lead(site: random.Random, b: list[str]) -> str:
    return shell(
        site,
        b[0],
        f'<article><h1>{b[0]}</h1><div class="teaser-content">{p(b[1:3])}</div><div>{p(b[3:])}</div></article>',
    )


def _paywall(site: random.Random, b: list[str]) -> str:
    rest = f'<div class="premium" style="display:none">{p(b[3:])}</div>'
    return shell(
        site, b[0], f"<article><h1>{b[0]}</h1>{p(b[1:3])}<div class=offer>{paragraph(site, 30)}</div>{rest}</article>"
    )


def _items(site: random.Random, b: list[str]) -> str:
    items = "".join(f"<li><span>{block}</span></li>" for block in b[2:])
    return shell(site, b[0], f"<div class=post><h1>{b[0]}</h1><p>{b[1]}</p><ol>{items}</ol></div>")


def _bare_list(site: random.Random, b: list[str]) -> str:
    return f"<title>{b[0]}</title><h1>{b[0]}</h1><p>{b[1]}</p><ul>{p(b[2:-1], 'li')}</ul><p>{b[-1]}</p><hr>{links(site, 5)}"


def _live(site: random.Random, b: list[str]) -> str:
    posts = "".join(f'<div class="post"><time>1{i}:30</time><div>{block}</div></div>' for i, block in enumerate(b[1:]))
    return shell(site, b[0], f'<section class="liveblog"><h1>{b[0]}</h1>{posts}</section>')


def _quotes(site: random.Random, b: list[str]) -> str:
    said = "".join(f"<h3>{words(site, 6)}</h3><blockquote>{block}</blockquote>" for block in b[2:])
    return shell(site, b[0], f"<article><h1>{b[0]}</h1><p>{b[1]}</p>{said}</article>")


def _comments(site: random.Random, b: list[str]) -> str:
    rng = random.Random(f"comments {b[0]}")
    said = "".join(f'<div class="comment"><b>{words(rng, 2)}</b><p>{paragraph(rng, 60)}</p></div>' for _ in range(25))
    return shell(site, b[0], f'<article><h1>{b[0]}</h1>{p(b[1:])}</article><section id="comments">{said}</section>')


def _scrolled(site: random.Random, b: list[str]) -> str:
    other = f"<article><h1>{words(site, 7)}</h1>{p([paragraph(site) for _ in range(9)])}</article>"
    return shell(site, b[0], f"<article><h1>{b[0]}</h1>{p(b[1:])}</article>{other}")


def _aside(site: random.Random, b: list[str]) -> str:
    return shell(site, b[0], f'<aside class="single-content"><h1>{b[0]}</h1>{p(b[1:])}</aside>', before=_cookies(site))


def _cookies(site: random.Random) -> str:
    return f'<div id="consent">{p([paragraph(site, 70) for _ in range(6)])}<button>{words(site, 2)}</button></div>'


def _banner(site: random.Random, b: list[str]) -> str:
    return shell(site, b[0], f"<div><h1>{b[0]}</h1>{p(b[1:])}</div>", before=_cookies(site))


def _deep(site: random.Random, b: list[str]) -> str:
    return shell(site, b[0], f"<article><h1>{b[0]}</h1>{'<div>' * 300}{p(b[1:])}{'</div>' * 300}</article>")


def _broken(site: random.Random, b: list[str]) -> str:
    return f"<html><ul>{links(site, 10)}</ul><h1>{b[0]}</h1>{''.join(f'<p>{block}' for block in b[1:4])}</body></html>{p(b[4:])}"


def _results(site: random.Random, b: list[str]) -> str:
    cells = "".join(f"<tr><th>{i}</th><td>{block}</td></tr>" for i, block in enumerate(b[2:]))
    return shell(site, b[0], f"<article><h1>{b[0]}</h1><p>{b[1]}</p><table>{cells}</table></article>")


def _mixed(site: random.Random, b: list[str]) -> str:
    boxes = (
        f'<div class="related"><a href="/x">{words(site, 9)}</a></div>',
        f"<figure><img><figcaption>{words(site, 12)}",
    )
    inner = "".join(
        f"<p>{block}</p>{boxes[i % 2]}{'</figcaption></figure>' * (i % 2)}" for i, block in enumerate(b[1:])
    )
    return shell(site, b[0], f'<div itemprop="articleBody"><h1>{b[0]}</h1>{inner}</div>')


LAYOUTS: Final[dict[str, Callable[[random.Random, list[str]], str]]] = {
    "article, aside": _semantic,
    "divs": _divs,
    "line breaks": _breaks,
    "layout by tables": _tables,
    "lead of class teaser": _lead,
    "hidden by a paywall": _paywall,
    "ordered list": _items,
    "bare page with a list": _bare_list,
    "live posts": _live,
    "interview in quotes": _quotes,
    "many comments": _comments,
    "next article below": _scrolled,
    "article in an aside": _aside,
    "long cookie notice": _banner,
    "300 levels deep": _deep,
    "broken markup": _broken,
    "table of results": _results,
    "boxes in the text": _mixed,
}


def pages() -> list[Page]:
    """Every article in every layout."""
    found = []
    for article in range(ARTICLES):
        rng = random.Random(f"article {article}")
        blocks = [words(rng, 7), *(paragraph(rng) for _ in range(rng.randint(6, 12)))]
        for layout, made in LAYOUTS.items():
            found.append(Page(article, layout, made(random.Random(f"site {layout}"), blocks), blocks))
    return found


def readers() -> dict[str, Callable[[], Callable[[str], str]]]:
    """The readers by name; each is imported when it is asked for."""

    def html_text() -> Callable[[str], str]:
        from dedup.html import _text

        _text(b"<p>x")
        return lambda html: _text(html.encode())

    def trafilatura(**options: Any) -> Callable[[str], str]:
        import trafilatura

        return lambda html: trafilatura.extract(html, **options) or ""

    def resiliparse(**options: Any) -> Callable[[str], str]:
        from resiliparse.extract.html2text import extract_plain_text

        return lambda html: str(extract_plain_text(html, preserve_formatting=True, list_bullets=False, **options))

    return {
        "html-text": html_text,
        "trafilatura": trafilatura,
        "trafilatura, recall": lambda: trafilatura(favor_recall=True),
        "resiliparse, main content": lambda: resiliparse(main_content=True),
        "resiliparse, all": resiliparse,
    }


def read(name: str) -> None:
    """Reads all pages; prints texts, seconds and bytes as JSON."""
    found = pages()
    reader = readers()[name]()
    reader(found[0].html)
    start = process_time()
    for _ in range(ROUNDS):
        texts = [reader(page.html) for page in found]
    seconds = (process_time() - start) / ROUNDS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    json.dump({"texts": texts, "seconds": seconds, "peak": peak * 1024}, sys.stdout)


def squeezed(text: str) -> str:
    """A text without its spaces."""
    return re.sub(r"\s", "", text)


def lost(page: Page, text: str) -> int:
    """How many blocks of the article are not in the text."""
    whole = squeezed(text)
    return sum(squeezed(block) not in whole for block in page.blocks)


def measure() -> tuple[list[Table], list[dict[str, Any]]]:
    """All readers, and the layouts in which each loses anything."""
    runs = {name: json.loads(child(script("extractors", "--read", name)).output) for name in readers()}
    import dedup  # after the processes whose memory is measured

    found = pages()
    rows, losses, data = [], [], []
    for name, took in runs.items():
        texts: list[str] = took["texts"]
        gone = [lost(page, text) for page, text in zip(found, texts, strict=True)]
        body = sum(len(block.split()) for page in found for block in page.blocks)
        extra = sum(map(len, map(str.split, texts))) - body
        result = dedup.deduplicate(
            [
                {"id": str(i), "text": text, "site": page.layout, "title": page.blocks[0]}
                for i, (page, text) in enumerate(zip(found, texts, strict=True))
            ]
        )
        kept = {found[int(record["id"])].article for record in result.kept}
        wrong = sum(found[int(r.id)].article != found[int(r.duplicate_of)].article for r in result.removed)
        copies = len(found) - ARTICLES
        rows.append(
            (
                name,
                f"{sum(map(bool, gone)):,}",
                f"{sum(gone) / sum(len(page.blocks) for page in found):.1%}",
                f"{max(0, extra) / body:.0%}",
                f"{1e3 * took['seconds'] / len(found):.2f}",
                f"{took['peak'] / 1e6:,.0f}",
                f"{len(result.removed) / copies:.1%}",
                f"{wrong + ARTICLES - len(kept):,}",
            )
        )
        by_layout = {layout: [0, 0] for layout in LAYOUTS}
        for page, count in zip(found, gone, strict=True):
            by_layout[page.layout][0] += count
            by_layout[page.layout][1] += len(page.blocks)
        losses.append([f"{a / b:.0%}" if a else "" for a, b in by_layout.values()])
        data.append({"reader": name, "lost": by_layout, **{k: v for k, v in took.items() if k != "texts"}})
    head = (
        "reader",
        "pages not whole",
        "blocks lost",
        "other words",
        "ms a page",
        "peak MB",
        "copies removed",
        "articles lost",
    )
    first = Table(f"{len(found):,} pages: {ARTICLES} articles in {len(LAYOUTS)} layouts", head, rows)
    second = Table(
        "Blocks of the article that are lost, by layout",
        ("layout", *readers()),
        [(layout, *cells) for layout, cells in zip(LAYOUTS, zip(*losses, strict=True), strict=True)],
    )
    return [first, second], data


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        sys.path.insert(0, str(Path(__file__).resolve().parent))
        read(sys.argv[2])
        sys.exit()
    options = parser(__doc__).parse_args()
    at_first = machine()
    tables, results = measure()
    finish("extractors", options, at_first, tables, results)
