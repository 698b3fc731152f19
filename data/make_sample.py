"""Build the labelled sample dump from the articles in ``data/articles``.

Every article is copied several times in the ways in which news texts are copied on the web (re-spaced, edited,
syndicated, cut short, extended, updated, wrapped in a site's furniture). Template notices that look alike but report
different facts are added. The result is shuffled and written as ``sample.jsonl.gz`` with the truth in
``sample_labels.jsonl.gz``. All choices come from one seeded generator, so that the files are reproducible byte by byte.

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
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

SEED = 20261123
UTC = timezone(timedelta(0))
HERE = Path(__file__).resolve().parent
TARGET_RECORDS = 2250
MIN_COPIES, MAX_COPIES = 10, 24
FURNITURE_SHARE = 0.28
COPY_KINDS = ("exact", "edited", "syndicated", "truncated", "extended", "updated", "boilerplate")
UNSPACED = frozenset({"zh", "ja", "th"})
CYRILLIC_OR_LATIN = frozenset({"en", "de", "es", "fr", "pt", "ru", "tr", "it", "pl", "nl", "el"})
UNPARSABLE = ("yesterday", "3 hours ago", "last updated Monday", "n/a", "this morning", "Spring 2026")
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
        sites: dict[str, set[str]] = {}
        for article in articles:
            self.titles.setdefault(article.language, []).append(article.title)
            sites.setdefault(article.language, set()).add(article.site)
        self.sites: dict[str, list[str]] = {}
        for language in sorted(sites):
            partners = parts["languages"].get(language, {}).get("partners", [f"news-{language}.example"])
            self.sites[language] = sorted(sites[language] | set(partners))

    # -- parts ------------------------------------------------------------------------------------------------------

    def local(self, language: str) -> dict[str, Any]:
        """The set phrases of a language, the English ones if there are none."""
        languages: dict[str, dict[str, Any]] = self.parts["languages"]
        return languages.get(language, languages["en"])

    def other_site(self, language: str, site: str) -> str:
        """A different site of the same language."""
        choices = [name for name in self.sites.get(language, []) if name != site]
        return self.rng.choice(choices) if choices else site

    def site_furniture(self, site: str, language: str) -> list[str]:
        """The fixed furniture paragraphs of a site."""
        own: dict[str, list[str]] = self.parts["sites"]
        if site in own:
            return own[site]
        name = site.removesuffix(".example")
        pool: list[str] = [text.format(name=name) for text in self.local(language)["furniture"]]
        # zlib.crc32 instead of hash(): it does not depend on PYTHONHASHSEED
        return random.Random(zlib.crc32(site.encode())).sample(pool, min(len(pool), 6))

    def furnish(self, text: str, site: str, language: str, title: str, count: int) -> str:
        """Put furniture paragraphs of a site before and after a text."""
        pool = list(self.site_furniture(site, language))
        others = [other for other in self.titles.get(language, []) if other != title]
        if len(others) >= 3:
            heads = self.rng.sample(others, 3)
            pool.append("\n".join([self.local(language)["related"], *(f"- {head}" for head in heads)]))
        chosen = self.rng.sample(pool, min(count, len(pool)))
        before = self.rng.randint(0, min(2, len(chosen)))
        return "\n\n".join([*chosen[:before], text, *chosen[before:]])

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

    def add(self, draft: Draft) -> None:
        """Store a record and note its address."""
        self.urls.add(draft.url)
        self.drafts.append(draft)

    def write_date(self, day: datetime, original: bool = False) -> str | None:
        """Write a date in one of several forms; that of an original can always be read."""
        roll = self.rng.random()
        if roll < 0.12:
            return format_datetime(day)
        if not original:
            if roll < 0.145:
                return self.rng.choice(UNPARSABLE)
            if roll < 0.17:
                return None
        if roll < 0.4:
            return day.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return day.isoformat()

    def later(self, day: datetime, low_minutes: int = 3, high_minutes: int = 28000) -> datetime:
        """A moment after another one; most are soon after it."""
        span = high_minutes - low_minutes
        return day + timedelta(minutes=low_minutes + int(span * self.rng.random() ** 4))

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

    def headline(self, article: Article) -> str:
        """Another headline, taken from a sentence of the text."""
        paragraph = self.rng.choice(article.paragraphs[:3])
        sentence = re.split(r"(?<=[.!?。！？।])\s*", paragraph.strip())[0].strip(" \"'“”‘’«»「」—–-.。।")
        if article.language in UNSPACED:
            return sentence[: self.rng.randint(16, 28)]
        return " ".join(sentence.split()[: self.rng.randint(6, 11)]).rstrip(",;:")

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
        known = article.language in self.parts["languages"]
        pool: list[str] = list(self.local(article.language)["background"]) if known else []
        if article.extra and (article.language != "en" or self.rng.random() < 0.6):
            pool = list(article.extra)
        if not pool:
            pool = [text for other in self.articles if other.language == article.language for text in other.extra]
        chosen = self.rng.sample(pool, min(self.rng.randint(1, 3), len(pool)))
        paragraphs = article.paragraphs
        if self.rng.random() < 0.75:
            return "\n\n".join([*paragraphs, *chosen])
        middle = self.rng.randint(2, len(paragraphs) - 1)
        return "\n\n".join([*paragraphs[:middle], *chosen, *paragraphs[middle:]])

    def update(self, article: Article, day: datetime) -> str:
        """A later version: new first paragraph, a number or two changed, one paragraph dropped."""
        paragraphs = article.paragraphs
        del paragraphs[self.rng.randint(2, len(paragraphs) - 1)]
        body = "\n\n".join(paragraphs)
        spots = [spot for spot in re.finditer(r"(?<![\d.,])[0-9]{1,3}(?![\d.,]*\d)", body) if int(spot[0]) > 1]
        chosen = self.rng.sample(spots, min(len(spots), self.rng.randint(1, 2)))
        for spot in sorted(chosen, key=lambda found: found.start(), reverse=True):
            old = int(spot[0])
            new = old + max(1, round(old * self.rng.uniform(0.02, 0.2)))
            body = body[: spot.start()] + str(new) + body[spot.end() :]
        if article.extra and self.rng.random() < 0.5:
            lead = self.rng.choice(article.extra)
        else:
            lead = self.rng.choice(self.local(article.language)["updated"])
            lead = lead.format(time=f"{day:%H:%M}", date=format_date(day, article.language))
        return f"{lead}\n\n{body}"

    # -- copies of articles -----------------------------------------------------------------------------------------

    def copy(self, article: Article, kind: str, original: Draft) -> Draft:
        """One copy of an article."""
        rng, language = self.rng, article.language
        site = article.site if rng.random() < 0.4 else self.other_site(language, article.site)
        title, text, url = article.title, article.text, ""
        day = self.later(article.published)
        if kind == "exact":
            roll = rng.random()
            if roll < 0.3:
                tracked = [f"{original.url}?{query}" for query in TRACKING]
                free = [choice for choice in tracked if choice not in self.urls]
                if free:
                    url, site = rng.choice(free), article.site
            if not url or rng.random() < 0.3:
                text = self.reshape(text, language)
                if language in CYRILLIC_OR_LATIN and rng.random() < 0.25:
                    title = title.upper()
        elif kind == "edited":
            text = self.edit(text, language, rng.uniform(0.01, 0.05))
            if rng.random() < 0.3:
                title = self.headline(article)
        elif kind == "syndicated":
            site = self.other_site(language, article.site)
            title = self.headline(article)
            if rng.random() < 0.5:
                text = self.edit(text, language, rng.uniform(0.002, 0.01))
            phrases = self.local(language)
            dateline: str = rng.choice(phrases["dateline"])
            place, date = rng.choice(phrases["places"]), format_date(article.published, language)
            text = f"{dateline.format(place=place, date=date)}{text}\n\n{rng.choice(phrases['agency'])}"
        elif kind == "truncated":
            text = self.truncate(article)
        elif kind == "extended":
            text = self.extend(article)
        elif kind == "updated":
            site = article.site if rng.random() < 0.7 else site
            day = self.later(article.published, 45, 6000)
            text = self.update(article, day)
        elif kind == "boilerplate":
            text = self.furnish(text, site, language, title, rng.randint(2, 5))
        # An exact copy keeps the same words, so it is the one kind that never gets furniture.
        if kind not in ("boilerplate", "exact") and rng.random() < FURNITURE_SHARE:
            text = self.furnish(text, site, language, article.title, rng.randint(1, 3))
        url = url or self.make_url(site, title, day)
        return Draft(article.id, kind, url, site, title, self.write_date(day), language, text)

    def add_article(self, article: Article, copies: int) -> None:
        """Add an original and its copies."""
        text = article.text
        if self.rng.random() < FURNITURE_SHARE:
            text = self.furnish(text, article.site, article.language, article.title, self.rng.randint(1, 3))
        original = Draft(
            cluster=article.id,
            kind="event" if article.event else "original",
            url=self.make_url(article.site, article.title, article.published),
            site=article.site,
            title=article.title,
            published=self.write_date(article.published, original=True),
            language=article.language,
            text=text,
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

    def add_template(self, template: dict[str, Any], count: int) -> None:
        """Add the filled notices of one template; each is an article of its own."""
        seen: set[str] = set()
        start = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
        while len(seen) < count:
            day = start + timedelta(minutes=self.rng.randrange(0, 290000, 5))
            taken: set[str] = set()
            facts = {slot: self.fill(spec, taken, day) for slot, spec in template["slots"].items()}
            text = "\n\n".join(paragraph.format(**facts) for paragraph in template["text"])
            if text in seen:
                continue
            seen.add(text)
            title = template["title"].format(**facts)
            site, language = template["site"], template["language"]
            if self.rng.random() < FURNITURE_SHARE:
                text = self.furnish(text, site, language, title, self.rng.randint(1, 3))
            self.add(
                Draft(
                    cluster=f"{template['key']}-{len(seen):02d}",
                    kind="sibling",
                    url=self.make_url(site, title, day),
                    site=site,
                    title=title,
                    published=self.write_date(day),
                    language=language,
                    text=text,
                )
            )

    def build(self) -> list[Draft]:
        """Make all records in shuffled order."""
        templates: list[dict[str, Any]] = self.parts["templates"]
        counts = [self.rng.randint(25, 40) for _ in templates]
        for template, count in zip(templates, counts, strict=True):
            self.add_template(template, count)
        share = (TARGET_RECORDS - sum(counts)) / max(1, len(self.articles)) - 1
        for article in self.articles:
            copies = round(share) + self.rng.randint(-2, 2)
            self.add_article(article, max(MIN_COPIES, min(MAX_COPIES, copies)))
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
    for kind in ("original", "event", *COPY_KINDS, "sibling"):
        print(f"{kind:12} {totals[kind]:5}")
    print(f"{'total':12} {len(drafts):5}")


if __name__ == "__main__":
    main()
