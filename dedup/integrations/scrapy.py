"""Items of a Scrapy crawl -> those that are new: an add-on, and the item pipeline that it enables.

    ADDONS = {"dedup.integrations.scrapy.DedupAddon": 500}

Items pass that hold no text, that the request asks to skip (`meta={"dedup_skip": True}`), or that could not be checked; each is
counted. Nothing else in Scrapy is changed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from dedup import kernels
from dedup.errors import DedupError, MissingExtra
from dedup.index import Index
from dedup.integrations.pending import Pending
from dedup.integrations.scrapy_options import PREFIX, Options, truth
from dedup.model import Verdict
from dedup.opening import open_index

try:
    from itemadapter import ItemAdapter
    from scrapy import Spider, signals
    from scrapy.crawler import Crawler
    from scrapy.exceptions import CloseSpider, DropItem, NotConfigured
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
    from scrapy.utils.asyncio import is_asyncio_available
    from scrapy.utils.job import job_dir
except ImportError as error:
    raise MissingExtra("scrapy", "dedup.integrations.scrapy (Scrapy 2.14 or later)") from error

T = TypeVar("T")

log = logging.getLogger("dedup.scrapy")

ORDER: Final = 500
"""Where the pipeline stands among the others, unless ITEM_PIPELINES names it: behind what completes items, before what stores
them.
"""

LONG: Final = 50_000
"""Texts of so many characters are compared in a thread, as the crawl would stand still meanwhile."""

TOLD: Final = 10
"""So many errors are logged with their traceback; all are counted."""

SKIPPED: Final = "_dedup_skipped"
"""The attribute of a crawler that holds the items of responses with `dedup_skip`, by identity, until the pipeline sees them."""


@dataclasses.dataclass(slots=True)
class _Passed:
    """An item that was passed on to the pipelines behind. `over`: it is known what became of it."""

    id: str
    over: bool = False


_current: ContextVar[_Passed | None] = ContextVar("dedup_passed", default=None)
"""The item that the pipelines are at work on: Scrapy awaits them, and tells the outcome, in one context. Pipelines behind may
exchange the item for another one, so that its identity does not tell.
"""


class DuplicateArticle(DropItem):
    """An item repeats one that is kept. Attribute: `verdict`, with the id of that one, the relation and the reason."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(told(verdict), log_level="DEBUG")
        self.verdict = verdict


def told(verdict: Verdict) -> str:
    """A verdict in a line."""
    if verdict.duplicate:
        return f"duplicate of {verdict.duplicate_of}: {verdict.relation}, {verdict.reason}"
    better = f"a better copy of {', '.join(verdict.replaces)}, which was passed on before"
    again = f"; none of its copies after all, and was dropped before: {', '.join(verdict.restored)}"
    return f"{better}: {verdict.relation}, {verdict.reason}{again if verdict.restored else ''}"


class DedupAddon:
    """Enables `DedupPipeline`, and `meta={"dedup_skip": True}`."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Adds both to the components, where the project does not name them itself."""
        if not truth("DEDUP_ENABLED", settings.get("DEDUP_ENABLED", True)):
            raise NotConfigured
        settings.setdefault_in_component_priority_dict("ITEM_PIPELINES", DedupPipeline, ORDER)
        settings.setdefault_in_component_priority_dict("SPIDER_MIDDLEWARES", SkipMiddleware, ORDER)


class SkipMiddleware(BaseSpiderMiddleware):
    """Notes the items of responses whose request says `meta={"dedup_skip": True}`."""

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """The item as it is."""
        if response is not None and response.request is not None and response.meta.get("dedup_skip"):
            self.crawler.__dict__.setdefault(SKIPPED, {})[id(item)] = item
        return item


class DedupPipeline:
    """Drops, or tags, items that repeat an earlier one.

    An index that cannot be opened closes the spider. An item that could not be checked passes, and is counted in
    `dedup/errors`. One that a later pipeline drops or fails on is forgotten, so that its next copy passes.
    """

    def __init__(self, crawler: Crawler) -> None:
        assert crawler.stats is not None
        self._crawler, self._stats = crawler, crawler.stats
        name = getattr(crawler.spidercls, "name", None) or "spider"
        self.options = Options.read(dict(crawler.settings), job_dir(crawler.settings), name)
        if not self.options.enabled:
            raise NotConfigured
        self._index: Index | None = None
        self._pending = Pending(None)
        self._busy = 0
        self._errors = 0
        self._untold: set[type] = set()
        self._thread = ThreadPoolExecutor(1, "dedup")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DedupPipeline:
        """Made by Scrapy. Raises SettingsError for unknown or impossible settings."""
        pipeline = cls(crawler)
        for handler, signal in (
            (pipeline._arrived, signals.item_scraped),
            (pipeline._failed, signals.item_dropped),
            (pipeline._failed, signals.item_error),
        ):
            crawler.signals.connect(handler, signal=signal)
        return pipeline

    def open_spider(self, spider: Spider | None = None) -> None:
        """Opens the index, and compiles what compares. Raises CloseSpider."""
        options = self.options
        try:
            reset = options.reset or truth("dedup_reset", getattr(self._crawler.spider, "dedup_reset", False))
            self._pending = Pending(options.pending)
            self._index = open_index(options.index, options.settings, durability=options.durability)
            if reset:
                self._index.expire(before=time.time() + 1.0)
            lost = [id for id in self._pending.left() if self._index.discard(id)]
            self._pending.clear()
            if lost:
                self._count("forgotten", len(lost))
                self._say("%d articles were under way when the last crawl ended; they count as new", len(lost))
            if kernels.cold():
                log.warning(kernels.COMPILING)
            self._index.check("words " * 2 * options.settings.min_tokens)
        except (DedupError, OSError) as error:
            log.error("The crawl is not started, as articles cannot be compared: %s", error, extra=self._extra)
            raise CloseSpider("dedup_index") from error
        self._say("Articles are compared with the %d of %s", len(self._index), options.index)

    def close_spider(self, spider: Spider | None = None) -> None:
        """Closes the index."""
        self._thread.shutdown()
        if self._index is not None:
            self._stats.set_value("dedup/index/articles", len(self._index))
            self._index.close()
            self._index = None
        self._pending.close()

    async def process_item(self, item: Any, spider: Spider | None = None) -> Any:
        """The item, if it is new; its text has each body once. Raises DuplicateArticle."""
        _current.set(None)
        if self._crawler.__dict__.get(SKIPPED, {}).pop(id(item), None) is not None:
            self._count("skipped")
            return item
        index = self._index
        if index is None:
            return self._could_not(item, RuntimeError("the index is closed"))
        try:
            given, verdict = await self._run(item, index)
            if verdict.status == "quarantined":
                return self._without_text(item, verdict)
            if given is not item:
                given = self._once(item, given)
                self._count("in_page_removed")
        except Exception as error:
            return self._could_not(item, error)
        if verdict.duplicate:
            self._count("duplicates")
            self._count(f"duplicates/{verdict.relation}")
            self._say("%s: %s", verdict.id, told(verdict))
            if self.options.action == "drop":
                raise DuplicateArticle(verdict)
            self._tag(given, verdict)
            return given
        self._count("unique")
        if verdict.replaces:
            self._count("replaced", len(verdict.replaces))
            self._count("restored", len(verdict.restored))
            self._say("%s: %s", verdict.id, told(verdict))
        if verdict.replaces or self.options.action == "tag":
            self._tag(given, verdict)
        _current.set(_Passed(verdict.id))
        return given

    # How it is compared

    async def _run(self, item: Any, index: Index) -> tuple[Any, Verdict]:
        """The item and its verdict; in a thread when that takes long, or when the thread is at work already."""
        text = self.options.settings.fields.text_of(item)
        if not self._busy and not (isinstance(text, str) and len(text) >= LONG):
            return self._compare(item, index)
        self._busy += 1
        try:
            return await _finished(self._thread.submit(self._compare, item, index))
        finally:
            self._busy -= 1

    def _compare(self, item: Any, index: Index) -> tuple[Any, Verdict]:
        """Adds an item to the index. A new one counts as under way before it is stored."""
        with index.transaction():
            given, verdict = next(index.stream([item]))
            if verdict.new:
                self._pending.add(verdict.id)
        return given, verdict

    def _once(self, item: Any, given: Any) -> Any:
        """The very item, with the text of its cleaned copy; the copy where items of its kind cannot be changed."""
        name = self.options.settings.fields.text_name(item).split(".")[0]
        if not ItemAdapter.is_item(item):
            return given
        try:
            ItemAdapter(item)[name] = ItemAdapter(given)[name]
        except (AttributeError, KeyError, TypeError, ValueError):
            return given
        return item

    # What becomes of items that were passed on

    def _arrived(self) -> None:
        """All pipelines have let an item pass."""
        passed = _current.get()
        if passed is not None and not passed.over:
            passed.over = True
            self._pending.done(passed.id)

    def _failed(self) -> None:
        """A later pipeline has dropped an item, or failed: a copy that comes later is the first that anybody gets."""
        passed = _current.get()
        if passed is None or passed.over:
            return
        passed.over = True
        if self._index is not None:
            self._count("forgotten", self._index.discard(passed.id))
        self._pending.done(passed.id)

    # What is told

    def _tag(self, item: Any, verdict: Verdict) -> None:
        """Writes the verdict into a field of the item, where it can have one."""
        if not self.options.field:
            return
        try:
            ItemAdapter(item)[self.options.field] = dataclasses.asdict(verdict)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self._count("untagged")
            if type(item) not in self._untold:
                self._untold.add(type(item))
                log.warning(
                    "A %s has no field %s to tell the verdict in (%r): declare it, or set DEDUP_FIELD",
                    *(type(item).__name__, self.options.field, error),
                    extra=self._extra,
                )

    def _without_text(self, item: Any, verdict: Verdict) -> Any:
        self._count("no_text")
        if type(item) not in self._untold:
            self._untold.add(type(item))
            self._say("A %s is passed on unchecked: %s (DEDUP_TEXT_FIELD)", type(item).__name__, verdict.reason)
        return item

    def _could_not(self, item: Any, error: Exception) -> Any:
        """An item passes that could not be checked."""
        self._count("errors")
        self._count(f"errors/{type(error).__name__}")
        self._errors += 1
        if self._errors <= TOLD:
            log.error("An item is passed on unchecked: %r", error, exc_info=error, extra=self._extra)
        return item

    @property
    def _extra(self) -> dict[str, Any]:
        return {"spider": self._crawler.spider}

    def _say(self, message: str, *values: object) -> None:
        log.info(message, *values, extra=self._extra)

    def _count(self, name: str, times: int = 1) -> None:
        if times:
            self._stats.inc_value(f"{PREFIX[:-1].lower()}/{name}", times)


async def _finished(work: Future[T]) -> T:
    """The result of work in a thread, with either of Twisted's kinds of reactor, or none."""
    if is_asyncio_available():
        return await asyncio.wrap_future(work)
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    done: Deferred[None] = Deferred()
    work.add_done_callback(lambda _: reactor.callFromThread(done.callback, None))
    await done
    return work.result()
