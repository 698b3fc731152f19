"""Pages in which an article stands twice, made from articles: what a scraper meets, with the truth known."""

from __future__ import annotations

import html
import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dedup.words import locate

ARTICLES: Final = Path(__file__).resolve().parent.parent / "data" / "articles"
SPACELESS: Final = frozenset({"zh", "ja", "th"})
MENU: Final = "Home\nNews\nSport\nCulture\nWeather\nContact\n\n"
BETWEEN: Final = "\n\nShare\nComments\nNo comments yet\nRelated articles\n\n"
FOOT: Final = "\n\nAbout us\nPrivacy\nImprint\n"


class Article(NamedTuple):
    """An article of the sample data."""

    language: str
    title: str
    text: str


def articles() -> list[Article]:
    """All originals of the sample, 16 languages."""
    found = []
    for path in sorted(ARTICLES.glob("*.jsonl")):
        for line in path.read_text("utf8").splitlines():
            record = json.loads(line)
            found.append(Article(record["language"], record["title"], record["text"]))
    return found


def sentences(text: str) -> list[str]:
    """A text cut behind its full stops, the white space with the sentence before it."""
    return [part for part in re.split(r"(?<=[.!?…।።؟۔])(?=\s)|(?<=[。！？])|(?<=\n)", text) if part]


def glued(article: Article) -> str:
    """The text in one line."""
    return re.sub(r"\s*\n\s*", "" if article.language in SPACELESS else " ", article.text.strip())


def shortened(text: str, share: float) -> str:
    """Whole sentences from the start, about this share of the text."""
    kept = ""
    for sentence in sentences(text):
        if kept and len(kept) + len(sentence) > share * len(text):
            break
        kept += sentence
    return kept.strip()


def edited(article: Article, text: str, share: float, draw: random.Random) -> str:
    """The text with this share of its words changed: replaced by another word of it, dropped, or doubled."""
    words = locate(text)
    spans = list(zip(words.starts.tolist(), words.ends.tolist(), strict=True))
    out, at = [], 0
    for start, end in spans:
        out.append(text[at:start])
        word = text[start:end]
        if draw.random() < share:
            other = text[slice(*draw.choice(spans))]
            word = draw.choice((other, "", word + ("" if article.language in SPACELESS else " ") + other))
        out.append(word)
        at = end
    return "".join([*out, text[at:]])


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text."""
    return [part for part in re.split(r"\n+", text) if part.strip()]


def _interleaved(article: Article, other: Article, draw: random.Random) -> str:
    return MENU + "\n\n".join(part for p in paragraphs(article.text) for part in (p, p)) + FOOT


def _without_a_paragraph(text: str) -> str:
    parts = paragraphs(text)
    return "\n\n".join(parts[:1] + parts[2:]) if len(parts) > 3 else text


def _without_stops(text: str) -> str:
    return re.sub(r"[.。।።](?=\s|$)", "", text)


def _without_marks(text: str) -> str:
    """Apostrophes and hyphens within words stay."""
    marks = [unicodedata.category(letter).startswith("P") for letter in text]
    within = [before.isalpha() and after.isalpha() for before, after in zip(f" {text}", f"{text[1:]} ", strict=False)]
    return "".join(c for c, mark, inside in zip(text, marks, within, strict=True) if not mark or inside)


Maker = Callable[[Article, Article, random.Random], str]


def _page(first: str, second: str) -> str:
    return MENU + first + BETWEEN + second + FOOT


KINDS: Final[dict[str, Maker]] = {
    "twice": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n\n{a.text}"),
    "twice, nothing else": lambda a, b, r: f"{a.text}\n\n{a.text}",
    "twice in one line": lambda a, b, r: f"{glued(a)} {glued(a)}",
    "five times": lambda a, b, r: MENU + BETWEEN.join([f"{a.title}\n\n{a.text}"] * 5) + FOOT,
    "five times, nothing else": lambda a, b, r: "\n\n".join([a.text] * 5),
    "every paragraph twice": _interleaved,
    "two articles in turn": lambda a, b, r: MENU + BETWEEN.join(f"{x.title}\n\n{x.text}" for x in (a, b, a, b)) + FOOT,
    "glued below": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"Site\n2 hours ago\n- Site\n{a.title}\n{glued(a)}"),
    "glued above": lambda a, b, r: MENU + f"{a.title}\n{glued(a)}\n{a.title}\n\n{a.text}" + FOOT,
    "glued, extra first sentence": lambda a, b, r: _page(
        f"{a.title}\n\n{a.text}", f"Site\n{a.title}\n{sentences(b.text)[0].strip()} {glued(a)}"
    ),
    "edited": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{b.title}\n\n{edited(a, a.text, 0.05, r)}"),
    "edited and glued": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n{edited(a, glued(a), 0.05, r)}"),
    "truncated below": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n\n{shortened(a.text, 0.6)}"),
    "truncated and glued": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n{shortened(glued(a), 0.6)}"),
    "truncated above": lambda a, b, r: _page(f"{a.title}\n\n{shortened(a.text, 0.6)}", f"{a.title}\n\n{a.text}"),
    "without a paragraph": lambda a, b, r: _page(
        f"{a.title}\n\n{a.text}", f"{a.title}\n\n{_without_a_paragraph(a.text)}"
    ),
    "without full stops": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n{_without_stops(glued(a))}"),
    "without marks": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n{_without_marks(glued(a))}"),
    "with references": lambda a, b, r: _page(f"{a.title}\n\n{a.text}", f"{a.title}\n{html.escape(glued(a))}"),
}


class Doubled(NamedTuple):
    """A page, and the bodies that are to stand in it once."""

    kind: str
    language: str
    text: str
    bodies: tuple[str, ...]


def pages(seed: int = 1) -> Iterator[Doubled]:
    """Every article doubled in every way."""
    every = articles()
    for i, article in enumerate(every):
        same = [other for other in every if other.language == article.language and other is not article]
        other = (same or every)[i % len(same or every)]
        for kind, maker in KINDS.items():
            bodies = (article.text, other.text) if kind == "two articles in turn" else (article.text,)
            yield Doubled(kind, article.language, maker(article, other, random.Random(f"{seed} {kind} {i}")), bodies)


def shingles(text: str, size: int = 4) -> Counter[tuple[int, ...]]:
    """How often every run of words stands in a text."""
    tokens = locate(text).tokens.tolist()
    return Counter(tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))


def fixed(page: Doubled, cleaned: str) -> bool:
    """Whether a cleaned page has every body whole (98 % of its runs of words), and at most a tenth of them twice."""
    found = shingles(cleaned)
    for body in page.bodies:
        wanted = shingles(body)
        here = sum(1 for run in wanted if found[run])
        again = sum(1 for run, count in wanted.items() if found[run] > count)
        if here < 0.98 * len(wanted) or again > 0.1 * len(wanted):
            return False
    return True
