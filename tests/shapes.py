"""One article as each tool of the ecosystem hands it over: made by the real packages, without a network."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

import pytest

URL: Final = "https://www.ellery-post.example/news/ferry-stays-7"
PARAGRAPHS: Final = (
    "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is expected to "
    "bring waves of up to six metres to the strait in the early hours of the morning.",
    "Passengers can take the bus to Sund instead, where boats leave from noon on, or wait for Tuesday. Tickets stay valid, "
    "and the office has asked owners to move small boats to the inner basin before dark & to double their lines.",
    "The harbour master said that the last storm of this kind had damaged eleven boats and the northern pier, which was "
    "repaired in the spring at the cost of the town. Nobody was hurt then, and nobody should be now, he said.",
)
TEXT: Final = "\n".join(PARAGRAPHS)
BODY: Final = "".join(f"<p>{p.replace('&', '&amp;')}</p>" for p in PARAGRAPHS)
TITLE: Final = "Ferry stays in port"
DATE: Final = "2026-01-31T08:00:00+00:00"
LINKED: Final = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": TITLE,
    "datePublished": DATE,
    "mainEntityOfPage": {"@type": "WebPage", "@id": URL},
    "publisher": {"@type": "Organization", "name": "The Ellery Post"},
    "author": [{"@type": "Person", "name": "A. Writer"}],
    "inLanguage": "en",
    "articleBody": TEXT,
}
PAGE: Final = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>
<link rel="canonical" href="{URL}"><meta property="og:title" content="{TITLE}"><meta property="og:url" content="{URL}">
<meta property="article:published_time" content="{DATE}">
<script type="application/ld+json">{json.dumps(LINKED)}</script></head>
<body><article><h1>{TITLE}</h1>{BODY}</article></body></html>"""
FEED: Final = f"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>The Ellery Post</title><link>https://www.ellery-post.example/</link><item><title>{TITLE}</title><link>{URL}</link>
<guid isPermaLink="false">ellery-7</guid><pubDate>Sat, 31 Jan 2026 08:00:00 GMT</pubDate>
<description>A &lt;b&gt;storm&lt;/b&gt;</description>
<content:encoded><![CDATA[{BODY}]]></content:encoded></item></channel></rss>"""


class Shape(NamedTuple):
    """`needs`: the package that makes it. `make`: the object, of a text. `keeps`: it can be given back with another text."""

    name: str
    needs: str | None
    make: Callable[[str], Any]
    url: str | None = URL
    title: str | None = TITLE
    site: str | None = "ellery-post.example"
    published: float | None = 1769846400.0
    keeps: bool = True

    def made(self, text: str = TEXT) -> Any:
        """The object; the test is skipped where the package is not installed."""
        if self.needs is not None:
            pytest.importorskip(self.needs, exc_type=ImportError)
        return self.make(text)


def _lines(text: str) -> str:
    return "".join(f"<p>{line.replace('&', '&amp;')}</p>" for line in text.split("\n"))


def _page(text: str) -> str:
    return PAGE.replace(BODY, _lines(text))


def _of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@dataclasses.dataclass(frozen=True, slots=True)
class Story:
    """Somebody's own class."""

    title: str
    content: str
    link: str
    published: datetime


class Row(NamedTuple):
    title: str
    text: str
    url: str
    date: str


def _zyte(text: str) -> Any:
    kind = _of("zyte_common_items", "Article")
    return kind(url=URL, articleBody=text, headline=TITLE, datePublished=DATE.replace("+00:00", "Z"), inLanguage="en")


def _zyte_html(text: str) -> Any:
    return _of("zyte_common_items", "Article")(
        url=URL, articleBodyHtml=_lines(text), headline=TITLE, datePublished=DATE
    )


def _scrapy_item(text: str) -> Any:
    scrapy = importlib.import_module("scrapy")
    kind = type("Story", (scrapy.Item,), {name: scrapy.Field() for name in ("url", "title", "text", "date", "dedup")})
    return kind(url=URL, title=TITLE, text=text, date=DATE)


def _newspaper(text: str) -> Any:
    article = _of("newspaper", "Article")(URL)
    article.download(input_html=_page(text))
    article.parse()
    return article


def _newsplease(text: str) -> Any:
    return _of("newsplease", "NewsPlease").from_html(_page(text), url=URL)


def _newsplease_item(text: str) -> Any:
    item = _of("newsplease.crawler.items", "NewscrawlerItem")()
    item.update(url=URL, article_title=TITLE, article_text=text, article_publish_date="2026-01-31 08:00:00")
    item["source_domain"] = b"ellery-post.example"
    return item


def _trafilatura_json(text: str) -> Any:
    extract = _of("trafilatura", "extract")
    return json.loads(extract(_page(text), url=URL, output_format="json", with_metadata=True))


def _trafilatura(text: str) -> Any:
    return _of("trafilatura", "bare_extraction")(_page(text), url=URL, with_metadata=True)


def _extruct(text: str) -> Any:
    found = _of("extruct", "extract")(PAGE.replace(json.dumps(TEXT), json.dumps(text)), syntaxes=["json-ld"])
    return found["json-ld"][0]


def _feedparser(text: str) -> Any:
    return _of("feedparser", "parse")(FEED.replace(BODY, _lines(text))).entries[0]


def _feed_summary(text: str) -> Any:
    parts = FEED.partition("<content:encoded>")
    feed = parts[0].replace("A &lt;b&gt;storm&lt;/b&gt;", f"<![CDATA[{_lines(text)}]]>") + "</item></channel></rss>"
    return _of("feedparser", "parse")(feed).entries[0]


def _datatrove(text: str) -> Any:
    return _of("datatrove.data", "Document")(
        text=text, id="part/7", metadata={"url": URL, "date": "2026-01-31T08:00:00Z", "title": TITLE}
    )


def _datasets(text: str) -> Any:
    rows = [{"text": text, "url": URL, "date": DATE, "title": TITLE}]
    return next(iter(_of("datasets", "Dataset").from_list(rows)))


def _attrs(text: str) -> Any:
    kind = _of("attr", "make_class")("Story", ["title", "text", "url", "date"], frozen=True, slots=True)
    return kind(title=TITLE, text=text, url=URL, date=DATE)


def _pydantic(text: str) -> Any:
    pydantic = importlib.import_module("pydantic")
    kind = pydantic.create_model("Story", title=str, body=str, url=pydantic.HttpUrl, published=datetime)
    return kind(title=TITLE, body=text, url=URL, published=datetime.fromisoformat(DATE))


def _fundus(text: str) -> Any:
    html = importlib.import_module("fundus.scraping.html")
    parser = importlib.import_module("fundus.parser.data")
    info = html.SourceInfo("The Ellery Post")
    sections = [
        parser.ArticleSection(headline=parser.TextSequence([]), paragraphs=parser.TextSequence(text.split("\n")))
    ]
    body = parser.ArticleBody(summary=parser.TextSequence([]), sections=sections)
    page = html.HTML(requested_url=URL, responded_url=URL, content=PAGE, crawl_date=datetime.now(), source_info=info)
    kind = _of("fundus.scraping.article", "Article")
    return kind(html=page, title=TITLE, body=body, publishing_date=datetime.fromisoformat(DATE))


def _firecrawl(text: str) -> Any:
    """As its client and its API answer; the package is not needed to make it."""
    meta = {"title": TITLE, "sourceURL": URL, "statusCode": 200, "publishedTime": DATE, "language": "en"}
    return {"markdown": text, "metadata": meta}


def _crawl4ai(text: str) -> Any:
    """As `CrawlResult.model_dump()` is."""
    return {
        "url": URL,
        "html": PAGE,
        "markdown": {"raw_markdown": text, "fit_markdown": ""},
        "metadata": {"title": TITLE},
    }


def _json_feed(text: str) -> Any:
    return {"content_html": _lines(text), "url": URL, "title": TITLE, "date_published": DATE}


SHAPES: Final = (
    Shape("zyte-common-items", "zyte_common_items", _zyte),
    Shape("zyte-common-items, HTML only", "zyte_common_items", _zyte_html, keeps=False),
    Shape("scrapy item", "scrapy", _scrapy_item),
    Shape("news-please", "newsplease", _newsplease),
    Shape("news-please in its pipeline", "newsplease", _newsplease_item),
    Shape("newspaper4k", "newspaper", _newspaper),
    Shape("fundus", "fundus", _fundus, site="The Ellery Post", keeps=False),
    Shape("trafilatura, JSON", "trafilatura", _trafilatura_json, published=1769817600.0),
    Shape("trafilatura, Document", "trafilatura", _trafilatura, published=1769817600.0),
    Shape("extruct", "extruct", _extruct),
    Shape("feedparser", "feedparser", _feedparser, keeps=False),
    Shape("feedparser, summary only", "feedparser", _feed_summary, keeps=False),
    Shape("datatrove", "datatrove", _datatrove),
    Shape("datasets", "datasets", _datasets),
    Shape("attrs", "attr", _attrs),
    Shape("pydantic", "pydantic", _pydantic),
    Shape("firecrawl", None, _firecrawl),
    Shape("crawl4ai", None, _crawl4ai, published=None),
    Shape("dataclass", None, lambda text: Story(TITLE, text, URL, datetime.fromisoformat(DATE))),
    Shape("named tuple", None, lambda text: Row(TITLE, text, URL, DATE)),
    Shape("crawlee", None, lambda text: {"loaded_url": URL, "text": text, "title": TITLE, "date": DATE}),
    Shape(
        "JSON Feed",
        None,
        lambda text: {"content_html": _lines(text), "url": URL, "title": TITLE, "date_published": DATE},
        keeps=False,
    ),
)
