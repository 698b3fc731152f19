"""The spider of `test_scrapy.py`, with pipelines before and behind `dedup`; run by `scrapy runspider` in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class Story(scrapy.Item):
    url = scrapy.Field()
    title = scrapy.Field()
    text = scrapy.Field()
    dedup = scrapy.Field()


class Written:
    """Appends every item that arrives to a file; what is written survives a kill."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", encoding="utf-8", buffering=1)

    @classmethod
    def from_crawler(cls, crawler: Any) -> Written:
        return cls(crawler.settings["OUT"])

    def process_item(self, item: Any) -> Any:
        if "spoiled" in item["url"]:
            raise ValueError("nobody wants it")
        self._file.write(json.dumps(dict(item)) + "\n")
        return dict(item)


class Stories(scrapy.Spider):
    name = "stories"

    async def start(self) -> Any:
        yield scrapy.Request(self.settings["SITE"], dont_filter=True)

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        for link in response.css("a"):
            skip = link.attrib.get("rel") == "skip"
            yield response.follow(
                link.attrib["href"],
                self.story,
                priority=int(link.attrib.get("rev", 0)),
                meta={"dedup_skip": skip},
            )

    def story(self, response: Response) -> Iterator[Any]:
        fields = {
            "url": response.url,
            "title": response.css("h1::text").get(),
            "text": "\n".join(response.css("p::text").getall()),
        }
        yield fields if "plain" in response.url else Story(fields)
