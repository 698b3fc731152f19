"""Build the labelled sample dump from the articles in ``data/articles``.

Every article is printed by its own site and by others: as it is, edited, syndicated, cut short, extended, updated; a site
prints its furniture around all of its articles, and shows many of them under several URLs. Series of template notices
that look alike but report different facts are added. The result is shuffled and written as ``sample.jsonl.gz`` with the
truth in ``sample_labels.jsonl.gz``. All choices come from one seeded generator, so that the files are reproducible byte
by byte.

Usage: ``python data/make_sample.py [--out DIR]``
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

SEED = 20261123
UTC = timezone(timedelta(0))
HERE = Path(__file__).resolve().parent
RECORDS = 2277
COPY_KINDS = ("exact", "edited", "syndicated", "truncated", "extended", "updated", "boilerplate")
OWN_SITE = {
    "exact": 0.45,
    "edited": 0.12,
    "syndicated": 0.0,
    "truncated": 0.35,
    "extended": 0.2,
    "updated": 0.65,
    "boilerplate": 0.15,
}
"""The share of copies of each kind that the site of the original prints."""
UNSPACED = frozenset({"zh", "ja", "th"})
CYRILLIC_OR_LATIN = frozenset({"en", "de", "es", "fr", "pt", "ru", "tr", "it", "pl", "nl", "el"})
UNPARSABLE = ("yesterday", "3 hours ago", "last updated Monday", "n/a", "this morning", "Spring 2026")
LEVELS = ("heavy", "bare", "light", "bare", "light")
"""How much furniture the sites of a language print, in turn."""
SECTIONS = ("local", "regions", "topics", "most-read", "archive/today")
TRACKING = (
    "utm_source=newsletter",
    "utm_source=social&utm_medium=post",
    "utm_source=feed",
    "utm_source=push&utm_campaign=morning",
    "utm_source=partner",
    "fbclid=4f9a1c",
)
SPELLINGS = {
    "centre": "center",
    "colour": "color",
    "harbour": "harbor",
    "labour": "labor",
    "neighbour": "neighbor",
    "neighbours": "neighbors",
    "metres": "meters",
    "kilometres": "kilometers",
    "millimetres": "millimeters",
    "theatre": "theater",
    "favour": "favor",
    "defence": "defense",
    "programme": "program",
    "grey": "gray",
    "cheques": "checks",
    "tyres": "tires",
    "percent": "per cent",
    "towards": "toward",
}
CURLY_TO_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"})
MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "pt": [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    "ru": [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
    "tr": [
        "Ocak",
        "Şubat",
        "Mart",
        "Nisan",
        "Mayıs",
        "Haziran",
        "Temmuz",
        "Ağustos",
        "Eylül",
        "Ekim",
        "Kasım",
        "Aralık",
    ],
    "ar": [
        "يناير",
        "فبراير",
        "مارس",
        "أبريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ],
    "hi": ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"],
    "pl": [
        "stycznia",
        "lutego",
        "marca",
        "kwietnia",
        "maja",
        "czerwca",
        "lipca",
        "sierpnia",
        "września",
        "października",
        "listopada",
        "grudnia",
    ],
    "el": [
        "Ιανουαρίου",
        "Φεβρουαρίου",
        "Μαρτίου",
        "Απριλίου",
        "Μαΐου",
        "Ιουνίου",
        "Ιουλίου",
        "Αυγούστου",
        "Σεπτεμβρίου",
        "Οκτωβρίου",
        "Νοεμβρίου",
        "Δεκεμβρίου",
    ],
    "th": [
        "มกราคม",
        "กุมภาพันธ์",
        "มีนาคม",
        "เมษายน",
        "พฤษภาคม",
        "มิถุนายน",
        "กรกฎาคม",
        "สิงหาคม",
        "กันยายน",
        "ตุลาคม",
        "พฤศจิกายน",
        "ธันวาคม",
    ],
}


@dataclass(frozen=True)
class Article:
    """One source article."""

    id: str
    language: str
    site: str
    title: str
    published: datetime
    event: str | None
    text: str
    extra: tuple[str, ...]

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs of the text."""
        return self.text.split("\n\n")


@dataclass(frozen=True)
class Site:
    """What a site prints around each of its articles, and how it dates them."""

    name: str
    language: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    related: int = 0
    caption: str = ""
    date_style: int = 0
    modified: bool = False

    @property
    def bare(self) -> bool:
        """Whether nothing is left around the articles, as where only they were extracted."""
        return not (self.before or self.after or self.related or self.caption)


@dataclass(frozen=True)
class Page:
    """How one site prints one article."""

    url: str
    title: str
    published: datetime


@dataclass(frozen=True)
class Draft:
    """A record before it is shuffled and numbered."""

    cluster: str
    kind: str
    url: str
    site: str
    title: str
    published: str | None
    language: str
    text: str


def load_articles(folder: Path) -> list[Article]:
    """Read all article files, sorted by file name."""
    articles: list[Article] = []
    for path in sorted(folder.glob("*.jsonl"), key=lambda p: p.name):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.strip():
                continue
            row: dict[str, Any] = json.loads(line)
            articles.append(
                Article(
                    id=row["id"],
                    language=row["language"],
                    site=row["site"],
                    title=row["title"],
                    published=datetime.fromisoformat(row["published"]),
                    event=row.get("event"),
                    text=row["text"],
                    extra=tuple(row.get("extra") or ()),
                )
            )
    return articles


def format_date(day: datetime, language: str) -> str:
    """Write day and month in the way of a language."""
    if language in ("zh", "ja"):
        return f"{day.month}月{day.day}日"
    if language == "ko":
        return f"{day.month}월 {day.day}일"
    months = MONTHS.get(language)
    if months is None:
        return f"{day.day}.{day.month}."
    name = months[day.month - 1]
    if language == "de":
        return f"{day.day}. {name}"
    if language in ("es", "pt"):
        return f"{day.day} de {name}"
    return f"{day.day} {name}"


def slug(title: str) -> str:
    """Make an address part from a headline, empty if it has too few Latin letters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    out = "-".join(words[:9])
    return out if len(out) >= 12 else ""


def split_words(text: str) -> list[str]:
    """Words at even places, the white space between them at odd ones."""
    return re.split(r"(\s+)", text)


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph."""
    return [part for part in re.split(r"(?<=[.!?।።])\s+|(?<=[。！？])", paragraph) if part]


def straighten(text: str) -> str:
    """Replace typographic quotes by straight ones."""
    return text.translate(CURLY_TO_STRAIGHT)


def curl(text: str) -> str:
    """Replace straight quotes by English typographic ones."""
    text = re.sub(r'(^|[\s(—–-])"', r"\1“", text, flags=re.M).replace('"', "”")
    text = re.sub(r"(^|[\s(“—–-])'", r"\1‘", text, flags=re.M)
    return text.replace("'", "’")


class Builder:
    """Makes the records of the sample."""

    def __init__(self, articles: list[Article], parts: dict[str, Any], seed: int) -> None:
        """Keep the source material and start the generator."""
        self.rng = random.Random(seed)
        self.articles = articles
        self.parts = parts
        self.drafts: list[Draft] = []
        self.urls: set[str] = set()
        self.titles: dict[str, list[str]] = {}
        self.pages: dict[tuple[str, str], Page] = {}
        self.printed: Counter[tuple[str, str]] = Counter()
        self.versions: dict[str, tuple[str, datetime]] = {}
        sites: dict[str, set[str]] = {}
        for article in articles:
            self.titles.setdefault(article.language, []).append(article.title)
            sites.setdefault(article.language, set()).add(article.site)
        self.sites: dict[str, Site] = {}
        self.homes = {article.site for article in articles}
        for language in sorted(sites):
            names = sorted(
                sites[language] | set(self.local(language)["partners"]), key=lambda s: zlib.crc32(s.encode())
            )
            for place, name in enumerate(names):
                self.sites[name] = self.make_site(name, language, LEVELS[place % len(LEVELS)])

    # -- sites ------------------------------------------------------------------------------------------------------

    def local(self, language: str) -> dict[str, Any]:
        """The set phrases of a language."""
        languages: dict[str, dict[str, Any]] = self.parts["languages"]
        return languages[language]

    def make_site(self, site: str, language: str, level: str) -> Site:
        """The ways of a site; they depend on nothing but its name and level."""
        draw = random.Random(zlib.crc32(site.encode()))  # hash() depends on PYTHONHASHSEED
        phrases = self.local(language)
        name = site.removesuffix(".example")
        own: dict[str, list[str]] = self.parts["sites"]
        pool = own.get(site) or [text.format(name=name) for text in phrases["furniture"]]
        # RFC 2822, UTC, local time, and none at all
        style = draw.choice((0, 1, 1, 2, 2, 2, 2, 3)) if site not in self.homes else draw.choice((0, 1, 1, 2, 2, 2))
        found = Site(name=site, language=language, date_style=style, modified=draw.random() < 0.5)
        if level == "bare":
            return found
        caption = draw.choice(phrases["caption"]).replace("{name}", name) if draw.random() < 0.6 else ""
        if level == "light":
            after = sorted(draw.sample(pool, draw.randint(1, 2)), key=pool.index)
            return replace(found, after=tuple(after), caption=caption, related=draw.choice((0, 0, 3)))
        # Of each pool, what invites and warns stands first, and what closes a page stands last.
        chosen = sorted(draw.sample(pool, min(len(pool), draw.randint(4, 6))), key=pool.index)
        cut = draw.randint(1, 2)
        box = [text.format(name=name) for text in phrases["signup"]]
        tail = [*box, *chosen[cut:-1], *phrases["comments"], chosen[-1]]
        return replace(
            found, before=tuple(chosen[:cut]), after=tuple(tail), caption=caption, related=draw.choice((3, 4, 5))
        )

    def furnish(self, text: str, site: Site, title: str) -> str:
        """Put the furniture of a site around a text; the teasers of related articles vary."""
        phrases = self.local(site.language)
        caption = [site.caption.format(place=self.rng.choice(phrases["places"]))] if site.caption else []
        blocks = [*site.before, *caption, text]
        if site.related:
            heads = [other for other in (*self.titles[site.language], *phrases["teasers"]) if other != title]
            blocks.append("\n".join([phrases["related"], *self.rng.sample(heads, site.related)]))
        return "\n\n".join([*blocks, *site.after])

    def choose_site(self, language: str, but: str, furnished: bool | None = None) -> Site:
        """Another site of a language, with or without furniture."""
        sites = [s for s in self.sites.values() if s.language == language and s.name != but]
        return self.rng.choice([s for s in sites if furnished is None or s.bare != furnished])

    def page(self, article: Article, site: Site) -> Page:
        """How a site prints an article: one title, one date, one URL; mostly within two days of the original."""
        key = article.id, site.name
        if key not in self.pages:
            title, roll = article.title, self.rng.random()
            if roll < 0.2:
                title = self.reword(title, article.language)
            elif roll < 0.4:
                form: str = self.rng.choice(self.local(article.language)["prefixes"])
                title = form.format(title=title, name=site.name.removesuffix(".example"))
            elif roll < 0.6:
                title = self.parts["headlines"][article.id]
            day = self.later(article.published)
            self.pages[key] = Page(self.make_url(site.name, title, day), title, day)
        return self.pages[key]

    def make_url(self, site: str, title: str, day: datetime) -> str:
        """A plausible address that is not in use yet."""
        name = slug(title)
        while True:
            number = self.rng.randint(100000, 999999)
            if not name:
                url = f"https://{site}/news/{day:%Y%m}/{number}.html"
            else:
                style = zlib.crc32(site.encode()) % 3
                if style == 0:
                    url = f"https://www.{site}/{day:%Y/%m/%d}/{name}"
                elif style == 1:
                    url = f"https://{site}/news/{name}-{number}"
                else:
                    url = f"https://{site}/{day:%Y}/{day.month}/{name}.html"
                if url in self.urls:
                    url = f"https://{site}/article/{number}/{name}"
            if url not in self.urls:
                return url

    def second_url(self, page: Page, site: str, section: bool = False) -> str:
        """Another address of a page: with tracking parameters, for phones, for print, in a section."""
        while True:
            roll = self.rng.random()
            number = self.rng.randint(100000, 999999)
            if section or roll >= 0.75:
                place = self.rng.choice(SECTIONS)
                url = f"https://{site}/{place}/{slug(page.title) or 'item'}-{number}"
            elif roll < 0.35:
                url = f"{page.url}?{self.rng.choice(TRACKING)}"
            elif roll < 0.45:
                url = f"{page.url.removesuffix('.html')}/amp"
            elif roll < 0.55:
                url = f"{page.url}?outputType=amp"
            elif roll < 0.65:
                url = f"{page.url}?print=1"
            else:
                url = f"https://{site}/print/{number}"
            if url not in self.urls:
                return url

    def add(self, draft: Draft) -> None:
        """Store a record and note its address."""
        self.urls.add(draft.url)
        self.drafts.append(draft)

    def write_date(self, day: datetime, site: Site, original: bool = False) -> str | None:
        """Write a date in the form of a site; now and then it cannot be read, but that of an original always can."""
        if not original and site.date_style == 3:
            return None
        if not original and self.rng.random() < 0.02:
            return self.rng.choice(UNPARSABLE)
        if site.date_style == 0:
            return format_datetime(day)
        if site.date_style == 1:
            return day.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return day.isoformat()

    def later(self, day: datetime, low_minutes: int = 3, high_minutes: int = 2880) -> datetime:
        """A moment after another one; most are soon after it."""
        span = high_minutes - low_minutes
        return day + timedelta(minutes=low_minutes + int(span * self.rng.random() ** 2))

    # -- changes to texts -------------------------------------------------------------------------------------------

    def edit(self, text: str, language: str, share: float) -> str:
        """Lightly change a share of the words (of the characters where words are not spaced)."""
        if language in UNSPACED:
            return self.edit_characters(text, share / 2)
        tokens = split_words(text)
        places = [i for i in range(0, len(tokens), 2) if len(tokens[i]) > 2 and any(map(str.isalpha, tokens[i]))]
        vocabulary = sorted({tokens[i].strip(".,;:!?\"'“”‘’«»()").lower() for i in places if len(tokens[i]) > 4})
        count = max(1, round(share * (len(tokens) // 2 + 1)))
        for i in sorted(self.rng.sample(places, min(count, len(places)))):
            word = tokens[i]
            roll = self.rng.random()
            if language == "en" and word in SPELLINGS:
                tokens[i] = SPELLINGS[word]
            elif roll < 0.3:
                tokens[i] = self.typo(word)
            elif roll < 0.5:
                tokens[i] = ""
                if i + 1 < len(tokens) and "\n" not in tokens[i + 1]:
                    tokens[i + 1] = ""
            elif roll < 0.7 and i + 2 < len(tokens) and "\n" not in tokens[i + 1]:
                tokens[i], tokens[i + 2] = tokens[i + 2], tokens[i]
            elif vocabulary:
                tail = word[len(word.rstrip('.,;:!?"”’»)')) :]
                tokens[i] = self.rng.choice(vocabulary) + tail
        return "".join(tokens)

    def typo(self, word: str) -> str:
        """Swap, drop or double a letter of a word."""
        places = [i for i in range(1, len(word) - 1) if word[i].isalpha() and word[i + 1].isalpha()]
        if not places:
            return word
        i = self.rng.choice(places)
        roll = self.rng.random()
        if roll < 0.4:
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        if roll < 0.7:
            return word[:i] + word[i + 1 :]
        return word[:i] + word[i] + word[i:]

    def edit_characters(self, text: str, share: float) -> str:
        """Change single letters of a text."""
        letters = list(text)
        places = [i for i, char in enumerate(letters) if unicodedata.category(char) == "Lo"]
        stock = sorted({text[i] for i in places})
        count = max(1, round(share * len(places)))
        for i in sorted(self.rng.sample(places, min(count, len(places)))):
            roll = self.rng.random()
            if roll < 0.4:
                letters[i] = self.rng.choice(stock)
            elif roll < 0.7:
                letters[i] = ""
            elif i + 1 < len(letters) and unicodedata.category(text[i + 1]) == "Lo":
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
            else:
                letters[i] = letters[i] * 2
        return "".join(letters)

    def reshape(self, text: str, language: str) -> str:
        """Change the form of a text but none of its words."""
        rng = self.rng
        spaced = language not in UNSPACED

        def nbsp(value: str) -> str:
            return re.sub(r"(?<=\S) (?=\S)", lambda _: "\u00a0" if rng.random() < 0.15 else " ", value)

        def double(value: str) -> str:
            return re.sub(r"(?<=\S) (?=\S)", lambda _: "  " if rng.random() < 0.1 else " ", value)

        def wrap(value: str) -> str:
            return "\n\n".join(self.wrap(paragraph) for paragraph in value.split("\n\n"))

        ways: list[Callable[[str], str]] = [
            lambda value: value.replace("\n\n", "\n"),
            lambda value: value.replace("\n\n", "\r\n\r\n"),
            lambda value: value.replace("\n\n", " \n\n\n\t") + "\n",
            lambda value: unicodedata.normalize("NFD", value),
            lambda value: unicodedata.normalize("NFC", value),
            straighten,
        ]
        if spaced:
            ways += [nbsp, double, wrap, lambda value: value.replace("\n\n", " ")]
        if language == "en":
            ways += [curl, curl]
        for way in rng.sample(ways, rng.randint(1, 3)):
            text = way(text)
        return text

    def wrap(self, paragraph: str) -> str:
        """Break the lines of a paragraph at a fixed width."""
        lines: list[str] = []
        current = ""
        for word in paragraph.split(" "):
            if current and len(current) + 1 + len(word) > 72:
                lines.append(current)
                current = word
            else:
                current = f"{current} {word}" if current else word
        lines.append(current)
        return "\n".join(lines)

    def reword(self, title: str, language: str) -> str:
        """A title with a word less, a clause less, or two words the other way round."""
        clauses = re.split(r"(?<=\w)[:：,،]\s*|\s[—–-]\s|　", title)
        if len(clauses) > 1 and self.rng.random() < 0.5:
            return max(clauses, key=len)
        words = title.split()
        if language in UNSPACED or len(words) < 4:
            at = self.rng.randint(2, len(title) - 3)
            return title[:at] + title[at + 1 :]
        at = self.rng.randint(1, len(words) - 2)
        if self.rng.random() < 0.6:
            del words[at]
        else:
            words[at], words[at + 1] = words[at + 1], words[at]
        return " ".join(words)

    def teaser(self, article: Article) -> str:
        """The first 40 to 80 words and a line that leads to the rest."""
        more: str = self.rng.choice(self.local(article.language)["more"])
        if article.language in UNSPACED:
            cut = article.text[: self.rng.randint(80, 160)]
        else:
            words = split_words(article.text)
            cut = "".join(words[: 2 * self.rng.randint(40, 80) - 1])
        if self.rng.random() < 0.3:
            return f"{cut.replace(chr(10) * 2, ' ')}… {more}"
        return f"{cut}…\n\n{more}"

    def truncate(self, article: Article) -> str:
        """The first 35 to 85 per cent of a text."""
        text, paragraphs = article.text, article.paragraphs
        ends = [len("\n\n".join(paragraphs[:count])) for count in range(1, len(paragraphs))]
        fitting = [end for end in ends if 0.35 * len(text) <= end <= 0.85 * len(text)]
        more: str = self.rng.choice(self.local(article.language)["more"])
        roll = self.rng.random()
        if roll < 0.5 and fitting:
            cut = text[: self.rng.choice(fitting)]
            return cut if roll < 0.25 else f"{cut}\n\n{more}"
        end = int(len(text) * self.rng.uniform(0.37, 0.85))
        cut = text[:end]
        if article.language not in UNSPACED:
            cut = cut.rsplit(None, 1)[0]
        cut = cut.rstrip()
        return f"{cut}…" if roll < 0.75 else f"{cut}… {more}"

    def extend(self, article: Article) -> str:
        """A text with one to three further paragraphs of background."""
        pool: list[str] = list(self.local(article.language)["background"])
        if article.extra and (article.language != "en" or self.rng.random() < 0.6):
            pool = list(article.extra)
        chosen = self.rng.sample(pool, min(self.rng.randint(1, 3), len(pool)))
        paragraphs = article.paragraphs
        if self.rng.random() < 0.75:
            return "\n\n".join([*paragraphs, *chosen])
        middle = self.rng.randint(2, len(paragraphs) - 1)
        return "\n\n".join([*paragraphs[:middle], *chosen, *paragraphs[middle:]])

    def phrase(self, form: str, language: str, day: datetime) -> str:
        """Fill times, dates, names and numbers into a set phrase."""
        rng, pools = self.rng, self.parts["pools"]
        return form.format(
            time=f"{day - timedelta(minutes=rng.randint(5, 50)):%H:%M}",
            date=format_date(day, language),
            n=rng.randint(3, 60),
            first=rng.choice(pools["firsts"]),
            last=rng.choice(pools["surnames"]),
            town=rng.choice(pools["towns"]),
            street=rng.choice(pools["streets"]),
        )

    def update(self, text: str, article: Article, day: datetime) -> str:
        """A later version: a few numbers changed, a sentence or two replaced, a paragraph added."""
        rng, language, phrases = self.rng, article.language, self.local(article.language)
        spots = [spot for spot in re.finditer(r"(?<![\d.,])[0-9]{1,3}(?![\d.,]*\d)", text) if int(spot[0]) > 1]
        chosen = rng.sample(spots, min(len(spots), rng.choice((1, 1, 2, 2, 3))))
        for spot in sorted(chosen, key=lambda found: found.start(), reverse=True):
            old = int(spot[0])
            new = old + max(1, round(old * rng.uniform(0.02, 0.2)))
            text = text[: spot.start()] + str(new) + text[spot.end() :]
        paragraphs = text.split("\n\n")
        joint = "" if language in ("zh", "ja") else " "
        places = rng.sample(range(len(paragraphs)), rng.randint(1, 2))
        for place, form in zip(places, rng.sample(phrases["changed"], len(places)), strict=True):
            parts = sentences(paragraphs[place])
            new_sentence = self.phrase(form, language, day)
            if len(parts) == 1:
                parts.append(new_sentence)
            else:
                parts[rng.randrange(1, len(parts))] = new_sentence
            paragraphs[place] = joint.join(parts)
        fresh = [extra for extra in article.extra if extra not in text]
        added = (
            rng.choice(fresh)
            if fresh and rng.random() < 0.6
            else self.phrase(rng.choice(phrases["added"]), language, day)
        )
        paragraphs.insert(rng.choice((0, 1, 1, 2, len(paragraphs))), added)
        if rng.random() < 0.4:
            note = self.phrase(rng.choice(phrases["updated"]), language, day)
            paragraphs.insert(rng.choice((0, len(paragraphs))), note)
        return "\n\n".join(paragraphs)

    # -- copies of articles -----------------------------------------------------------------------------------------

    def copy(self, article: Article, kind: str, original: Draft) -> Draft:
        """One copy of an article."""
        rng, language = self.rng, article.language
        own = rng.random() < OWN_SITE[kind]
        home = self.sites[article.site]
        if kind == "boilerplate":
            site = home if own and not home.bare else self.choose_site(language, article.site, furnished=True)
        elif kind == "exact":
            site = home if own else self.choose_site(language, article.site, furnished=False)
        else:
            site = home if own else self.choose_site(language, article.site)
        page = self.page(article, site)
        text, title, day = article.text, page.title, page.published
        again = self.printed[article.id, site.name] > 0
        self.printed[article.id, site.name] += 1
        url = self.second_url(page, site.name) if again else page.url
        if kind == "exact":
            if site is home:
                text = original.text
            if rng.random() < 0.5:
                text = self.reshape(text, language)
            if language in CYRILLIC_OR_LATIN and rng.random() < 0.15:
                title = title.upper()
            return self.draft(article, kind, url, site, title, day, text)
        if kind == "edited":
            text = self.edit(text, language, rng.uniform(0.01, 0.05))
        elif kind == "syndicated":
            if rng.random() < 0.5:
                text = self.edit(text, language, rng.uniform(0.002, 0.01))
            phrases = self.local(language)
            dateline: str = rng.choice(phrases["dateline"])
            place, date = rng.choice(phrases["places"]), format_date(article.published, language)
            text = f"{dateline.format(place=place, date=date)}{text}\n\n{rng.choice(phrases['agency'])}"
        elif kind == "truncated" and rng.random() < 0.5:
            text = self.teaser(article)
            if again:
                url = self.second_url(page, site.name, section=True)
        elif kind == "truncated":
            text = self.truncate(article)
        elif kind == "extended":
            text = self.extend(article)
            if site is home:
                day = self.later(day, 30, 1440) if home.modified else day
                url = page.url if rng.random() < 0.5 else url
        elif kind == "updated":
            latest = self.versions.get(f"{article.id} {site.name}", (text, day))
            changed = self.later(latest[1], 30, 720)
            text = self.update(latest[0], article, changed)
            self.versions[f"{article.id} {site.name}"] = text, changed
            if rng.random() < 0.3:
                title = self.reword(title, language)
            url = page.url if rng.random() < 0.85 else self.make_url(site.name, title, changed)
            day = changed if site.modified or url != page.url else day
        if kind in ("edited", "extended") and site is home and rng.random() < 0.15:
            day += timedelta(days=rng.randint(10, 40), minutes=rng.randint(0, 600))
            url = self.make_url(site.name, title, day)
        return self.draft(article, kind, url, site, title, day, self.furnish(text, site, article.title))

    def draft(self, article: Article, kind: str, url: str, site: Site, title: str, day: datetime, text: str) -> Draft:
        """A copy as a record."""
        date = self.write_date(day, site)
        return Draft(article.id, kind, url, site.name, title, date, article.language, text)

    def add_article(self, article: Article, copies: int) -> None:
        """Add an original and its copies."""
        site = self.sites[article.site]
        page = Page(self.make_url(article.site, article.title, article.published), article.title, article.published)
        self.pages[article.id, article.site] = page
        self.printed[article.id, article.site] = 1
        original = Draft(
            cluster=article.id,
            kind="event" if article.event else "original",
            url=page.url,
            site=article.site,
            title=article.title,
            published=self.write_date(article.published, site, original=True),
            language=article.language,
            text=self.furnish(article.text, site, article.title),
        )
        self.add(original)
        kinds = list(COPY_KINDS) * min(2, copies // len(COPY_KINDS))
        kinds += [self.rng.choice(COPY_KINDS) for _ in range(copies - len(kinds))]
        for kind in kinds:
            self.add(self.copy(article, kind, original))

    # -- template notices -------------------------------------------------------------------------------------------

    def fill(self, spec: str, taken: set[str], day: datetime) -> str:
        """Draw one fact of a template notice."""
        rng = self.rng
        name, _, rest = spec.partition(":")
        if name == "pool":
            pool: list[str] = self.parts["pools"][rest]
            value = rng.choice([word for word in pool if word not in taken])
            taken.add(value)
            return value
        if name == "opt":
            return rng.choice(rest.split("|"))
        if name == "int":
            low, high = rest.split(":")
            return str(rng.randint(int(low), int(high)))
        if name in ("dec", "decc"):
            least, most, digits = rest.split(":")
            number = f"{rng.uniform(float(least), float(most)):.{int(digits)}f}"
            return number.replace(".", ",") if name == "decc" else number
        if name == "time":
            return f"{rng.randint(6, 21):02d}:{rng.randrange(0, 60, 5):02d}"
        if name == "lotto":
            size, top = rest.split(":")
            return ", ".join(map(str, sorted(rng.sample(range(1, int(top) + 1), int(size)))))
        if name.startswith("date"):
            low, high = rest.split(":")
            return format_date(day + timedelta(days=rng.randint(int(low), int(high))), name.partition("_")[2] or "en")
        raise ValueError(f"unknown slot {spec!r}")

    def add_series(self, template: dict[str, Any]) -> None:
        """Add the series of notices of one template; each is an article of its own, but for corrections."""
        rng, series, slots = self.rng, template["series"], template["slots"]
        day = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=rng.randint(0, 9))
        twins = set(rng.sample(range(1, series["count"], 2), series["twins"]))  # pairs, no chains
        corrected = set(rng.sample(range(series["count"]), series["corrected"]))
        facts: dict[str, str] = {}
        due = rng.randint(*series["daily"])
        at = day
        for number in range(series["count"]):
            taken: set[str] = set()
            if number in twins:  # other names, the same numbers, the same day
                names = {slot for slot, spec in slots.items() if spec.startswith("pool:")}
                taken.update(facts.values())
                facts |= {slot: self.fill(slots[slot], taken, at) for slot in sorted(names)}
                at += timedelta(minutes=rng.randint(0, 20))
            else:
                if due == 0:
                    day += timedelta(days=rng.randint(*series["days"]))
                    due = rng.randint(*series["daily"])
                due -= 1
                hour = rng.randrange(24) if series["hour"] is None else series["hour"]
                at = day + timedelta(hours=hour, minutes=rng.randint(0, 50))
                facts = {slot: self.fill(spec, taken, at) for slot, spec in slots.items()}
            cluster = f"{template['key']}-{number + 1:02d}"
            first = self.notice(template, facts, at, cluster)
            self.add(first)
            if number in corrected:
                self.add(self.correction(template, facts, at, first))

    def notice(
        self, template: dict[str, Any], facts: dict[str, str], at: datetime, cluster: str, note: str = ""
    ) -> Draft:
        """A filled template, as its site prints it."""
        site = self.sites[template["site"]]
        title = template["title"].format(**facts)
        title = title[0].upper() + title[1:]
        paragraphs = [paragraph.format(**facts) for paragraph in template["text"]]
        if note:
            paragraphs.insert(self.rng.choice((0, len(paragraphs))), note)
        return Draft(
            cluster=cluster,
            kind="corrected" if note else "sibling",
            url=self.make_url(site.name, title, at),
            site=site.name,
            title=title,
            published=self.write_date(at, site) if template["series"]["dated"] else None,
            language=site.language,
            text=self.furnish("\n\n".join(paragraphs), site, title),
        )

    def correction(self, template: dict[str, Any], facts: dict[str, str], at: datetime, first: Draft) -> Draft:
        """The same notice hours later, with one number put right."""
        later = self.later(at, 40, 400)
        kinds = ("int", "dec", "decc", "time")
        numbers = [slot for slot, spec in template["slots"].items() if spec.partition(":")[0] in kinds]
        slot = self.rng.choice([slot for slot in numbers if f"{{{slot}}}" not in template["title"]])
        right = dict(facts)
        while right[slot] == facts[slot]:
            right[slot] = self.fill(template["slots"][slot], set(), at)
        note = self.rng.choice(self.local(template["language"])["corrected"]).format(time=f"{later:%H:%M}")
        found = self.notice(template, right, later, first.cluster, note)
        return replace(found, url=first.url) if self.rng.random() < 0.4 else found

    def build(self) -> list[Draft]:
        """Make all records in shuffled order."""
        for template in self.parts["templates"]:
            self.add_series(template)
        copies, more = divmod(RECORDS - len(self.drafts) - len(self.articles), len(self.articles))
        counts = [copies + (place < more) for place in range(len(self.articles))]
        for _ in range(len(counts)):  # some have more, some have fewer
            one, other = self.rng.sample(range(len(counts)), 2)
            counts[one], counts[other] = counts[one] + 1, counts[other] - 1
        for article, count in zip(self.articles, counts, strict=True):
            self.add_article(article, count)
        self.rng.shuffle(self.drafts)
        return self.drafts


def write_gzip(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as gzipped JSON lines without name and time in the header."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        for row in rows:
            stream.write((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8"))
    path.write_bytes(buffer.getvalue())


def main() -> None:
    """Build the sample and print the number of records of each kind."""
    parser = argparse.ArgumentParser(description="Build the labelled sample of news articles.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the two files (default: data)")
    out: Path = parser.parse_args().out
    parts: dict[str, Any] = json.loads((HERE / "parts.json").read_text(encoding="utf-8"))
    drafts = Builder(load_articles(HERE / "articles"), parts, SEED).build()
    out.mkdir(parents=True, exist_ok=True)
    named = [(f"a{number:04d}", draft) for number, draft in enumerate(drafts, start=1)]
    fields = ("url", "site", "title", "published", "language", "text")
    write_gzip(
        out / "sample.jsonl.gz",
        ({"id": name, **{field: getattr(draft, field) for field in fields}} for name, draft in named),
    )
    write_gzip(
        out / "sample_labels.jsonl.gz",
        ({"id": name, "cluster": draft.cluster, "kind": draft.kind} for name, draft in named),
    )
    totals = Counter(draft.kind for draft in drafts)
    for kind in ("original", "event", *COPY_KINDS, "sibling", "corrected"):
        print(f"{kind:12} {totals[kind]:5}")
    print(f"{'total':12} {len(drafts):5}")


if __name__ == "__main__":
    main()
