"""The Scrapy add-on: crawls of a site on this machine, in processes that are stopped, killed and begun again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

pytest.importorskip("scrapy")

from itemadapter import ItemAdapter
from scrapy.exceptions import CloseSpider, DropItem, NotConfigured
from scrapy.utils.test import get_crawler

from dedup import open_index
from dedup.errors import SettingsError
from dedup.integrations import scrapy as integration
from dedup.integrations.pending import Pending
from dedup.integrations.scrapy import DedupAddon, DedupPipeline, DuplicateArticle
from dedup.integrations.scrapy_options import NAMES, Options
from tests.crawl_spider import Story
from tests.hostile import article, environment
from tests.shapes import PARAGRAPHS, TEXT

SPIDER: Final = Path(__file__).parent / "crawl_spider.py"
ADDON: Final = {"ADDONS": {"dedup.integrations.scrapy.DedupAddon": 500}}
NOTICE: Final = (
    "The water level at the {} gauge stood at {} centimetres this morning, the river authority said, and {} cubic metres "
    "a second passed the weir. The authority expects {} centimetres by the evening and asks owners of boats to check "
    "their lines before dark, as it does whenever the level is above {} centimetres."
)

Pages = list[tuple[str, str, str, str]]
"""Path, title, text, and what the link says (`rel`)."""


class Site:
    """Pages on a free port of this machine; the page at `/` links to all, in their order."""

    def __init__(self, pages: Pages, delay: float = 0.0) -> None:
        links = "".join(
            f"<a href='/{path}' rel='{rel}' rev='{len(pages) - i}'>x</a>" for i, (path, _, _, rel) in enumerate(pages)
        )
        bodies = {f"/{path}": f"<h1>{title}</h1>" + _paragraphs(text) for path, title, text, _ in pages}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (links if self.path == "/" else bodies.get(self.path, "")).encode()
                time.sleep(delay)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{line.replace('&', '&amp;')}</p>" for line in text.split("\n") if line)


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(pages: Pages, delay: float = 0.0) -> Site:
        made.append(Site(pages, delay))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Crawl:
    """A crawl in a process of its own; `out` has its items, `log` what it said."""

    def __init__(self, folder: Path, site: Site, *arguments: str, **settings: object) -> None:
        self.out, self._folder = folder / "out.jsonl", folder
        given = {
            "SITE": site.url,
            "OUT": self.out,
            "ITEM_PIPELINES": json.dumps({"tests.crawl_spider.Written": 800}),
            "ADDONS": json.dumps(ADDON["ADDONS"]),
            "CONCURRENT_REQUESTS": 1,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "INFO",
            **settings,
        }
        words = [word for name, value in given.items() for word in ("-s", f"{name}={value}")]
        command = [sys.executable, "-m", "scrapy", "runspider", str(SPIDER), *words, *arguments]
        root = str(SPIDER.parent.parent)
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(PYTHONPATH=root), stderr=self._log, stdout=subprocess.DEVNULL
        )

    def wait(self) -> Crawl:
        """Until it ends."""
        self.process.wait(120)
        self._log.close()
        return self

    def stop(self, number: int, items: int) -> Crawl:
        """Sends a signal when so many items were written."""
        while self.process.poll() is None and len(self.items) < items:
            time.sleep(0.01)
        assert self.process.poll() is None, self.log
        self.process.send_signal(number)
        return self.wait()

    @property
    def items(self) -> list[dict[str, Any]]:
        text = self.out.read_text("utf-8") if self.out.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    @property
    def paths(self) -> list[str]:
        return [item["url"].rpartition("/")[2] for item in self.items]

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8")

    def stat(self, name: str) -> int:
        found = [line for line in self.log.splitlines() if f"'dedup/{name}':" in line]
        return int(found[-1].rpartition(":")[2].strip(" ,}")) if found else 0


STORY, OTHER, CUT, LOST = article(1, 120), article(2, 120), article(3, 120), article(4, 120)
DOUBLED: Final = "\n".join(("Menu", *PARAGRAPHS, "Share", "Related articles", "Ferry stays in port", *PARAGRAPHS))
SITE: Final[Pages] = [
    ("story", "A story", STORY, ""),
    ("again", "A story", STORY.upper(), ""),
    ("other", "Another", OTHER, ""),
    ("cut", "A long one", " ".join(CUT.split()[:90]), ""),
    ("whole", "A long one", CUT, ""),
    ("double", "Ferry stays in port", DOUBLED, ""),
    ("notice-1", "Water level on Monday", NOTICE.format("Sund", 312, 140, 330, 300), ""),
    ("notice-2", "Water level on Friday", NOTICE.format("Vale", 275, 118, 260, 250), ""),
    ("spoiled", "Lost at first", LOST, ""),
    ("plain", "Lost at first", LOST, ""),
    ("wanted", "Another", OTHER, "skip"),
    ("nothing", "No text", "", ""),
    ("long", "A book", article(5, 12_000), ""),
]
NEW: Final = ["story", "other", "cut", "whole", "double", "notice-1", "notice-2", "plain", "wanted", "nothing", "long"]


REACTORS: Final = ("asyncioreactor.AsyncioSelectorReactor", "selectreactor.SelectReactor")


@pytest.mark.parametrize("reactor", REACTORS)
def test_a_crawl(tmp_path: Path, site: Callable[..., Site], reactor: str) -> None:
    crawl = Crawl(tmp_path, site(SITE), TWISTED_REACTOR=f"twisted.internet.{reactor}").wait()
    assert crawl.process.returncode == 0
    assert crawl.paths == NEW
    items = dict(zip(crawl.paths, crawl.items, strict=True))
    assert items["double"]["text"].count(PARAGRAPHS[0]) == 1
    assert items["whole"]["dedup"]["replaces"] == [items["cut"]["url"]]
    assert [name for name in items if "dedup" in items[name]] == ["whole"]
    counts = (
        "unique",
        "duplicates",
        "duplicates/exact",
        "replaced",
        "in_page_removed",
        "forgotten",
        "skipped",
        "no_text",
    )
    assert [crawl.stat(name) for name in counts] == [10, 1, 1, 1, 1, 1, 1, 1]
    assert "'item_dropped_reasons_count/DuplicateArticle': 1" in crawl.log
    assert f"again: duplicate of {items['story']['url']}: exact, equal words; kept by" in crawl.log
    assert "a better copy of" in crawl.log
    assert crawl.stat("errors") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "out.jsonl"]


def test_items_may_be_tagged_and_left_as_they_are(tmp_path: Path, site: Callable[..., Site]) -> None:
    crawl = Crawl(tmp_path, site(SITE), DEDUP_ACTION="tag", DEDUP_PAGES="keep").wait()
    items = dict(zip(crawl.paths, crawl.items, strict=True))
    assert set(items) == {path for path, *_ in SITE} - {"spoiled"}
    assert items["again"]["dedup"]["status"] == "duplicate"
    assert items["again"]["dedup"]["duplicate_of"] == items["story"]["url"]
    assert items["story"]["dedup"]["status"] == "new"
    assert items["double"]["text"].count(PARAGRAPHS[0]) == 2


def test_a_setting_that_does_not_exist_stops_the_crawl(tmp_path: Path, site: Callable[..., Site]) -> None:
    crawl = Crawl(tmp_path, site(SITE), DEDUP_TRESHOLD=0.9).wait()
    assert "no setting is called DEDUP_TRESHOLD: did you mean DEDUP_THRESHOLD?" in crawl.log
    assert crawl.items == []


def test_an_index_that_cannot_be_opened_closes_the_spider(tmp_path: Path, site: Callable[..., Site]) -> None:
    (tmp_path / "seen.db").write_bytes(b"no index at all" * 300)
    crawl = Crawl(tmp_path, site(SITE), DEDUP_INDEX="seen.db").wait()
    assert crawl.items == []
    assert "articles cannot be compared: sqlite:seen.db" in crawl.log
    assert "dedup_index" in crawl.log


STORIES: Final = 20

TWICE: Final[Pages] = [
    *((f"first-{i}", f"Story {i}", article(100 + i, 120), "") for i in range(STORIES)),
    *((f"second-{i}", f"Story {i}", article(100 + i, 120), "") for i in range(STORIES)),
]


def stories(crawl: Crawl) -> Counter[str]:
    return Counter(path.partition("-")[2] for path in crawl.paths)


def test_a_crawl_that_was_stopped_goes_on(tmp_path: Path, site: Callable[..., Site]) -> None:
    pages = site(TWICE, 0.02)
    stopped = Crawl(tmp_path, pages, JOBDIR="job").stop(signal.SIGINT, 5)
    assert 5 <= len(stopped.items) < STORIES
    assert not (tmp_path / "job" / "dedup" / "pending").exists()
    again = Crawl(tmp_path, pages, JOBDIR="job").wait()
    assert (tmp_path / "job" / "dedup" / "seen.db").exists()
    assert stories(again) == {str(i): 1 for i in range(STORIES)}
    assert again.stat("duplicates") >= STORIES - 1
    assert "Articles are compared with the" in again.log


@pytest.mark.parametrize("where", [{"JOBDIR": "job"}, {"DEDUP_INDEX": "seen.db"}], ids=["job", "index"])
def test_a_crawl_that_was_killed_begins_again(tmp_path: Path, site: Callable[..., Site], where: dict[str, str]) -> None:
    """Scrapy itself loses what it had under way, and cannot read its queue any more: the second crawl visits all pages again.
    What had not arrived passes then.
    """
    pages = site(TWICE, 0.02)
    killed = Crawl(tmp_path, pages, **where).stop(signal.SIGKILL, 5)
    assert 5 <= len(killed.items) < STORIES
    for path in (tmp_path / "job").glob("requests.*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = Crawl(tmp_path, pages, **where).wait()
    found = stories(again)
    assert set(found) == {str(i) for i in range(STORIES)}
    assert found.total() <= STORIES + 1  # the one that was written and not reported yet
    with open_index(
        "sqlite:" + str(tmp_path / ("seen.db" if "DEDUP_INDEX" in where else "job/dedup/seen.db"))
    ) as index:
        assert index.verify() == []
        assert len(index) == STORIES
    if "DEDUP_INDEX" in where:
        reset = Crawl(tmp_path, pages, "-a", "dedup_reset=1", **where).wait()
        assert stories(reset).total() == found.total() + STORIES


# The pipeline alone


def pipeline(**settings: Any) -> DedupPipeline:
    crawler = get_crawler(settings_dict={"TELNETCONSOLE_ENABLED": False, **settings})
    crawler.spider = crawler._create_spider("stories")
    made = DedupPipeline.from_crawler(crawler)
    made.open_spider(crawler.spider)
    return made


def stats(made: DedupPipeline) -> dict[str, int]:
    found = made._crawler.stats
    assert found is not None
    return {name.removeprefix("dedup/"): n for name, n in found.get_stats().items() if name.startswith("dedup/")}


def run(made: DedupPipeline, *items: Any) -> list[Any]:
    """What becomes of items, one after another: the item, or the exception that dropped it."""

    async def process() -> list[Any]:
        done: list[Any] = []
        for item in items:
            try:
                done.append(await made.process_item(item))
            except DropItem as dropped:
                done.append(dropped)
        return done

    return asyncio.run(process())


@pytest.fixture(autouse=True)
def _no_reactor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integration, "is_asyncio_available", lambda: True)


def test_both_signatures_of_pipelines() -> None:
    made = pipeline()
    first = {"text": TEXT, "id": "a"}

    async def both() -> list[Any]:
        return [await made.process_item(first), await made.process_item({"text": STORY}, made._crawler.spider)]

    assert asyncio.run(both())[0] is first
    made.close_spider(made._crawler.spider)
    assert stats(made) == {"unique": 2, "index/articles": 2}


def test_what_is_dropped_tells_why() -> None:
    made = pipeline()
    _, dropped = run(made, {"text": TEXT, "id": "a"}, Story(text=TEXT.upper(), url="https://one.example/b"))
    assert isinstance(dropped, DuplicateArticle)
    assert dropped.verdict.duplicate_of == "a"
    assert str(dropped).startswith("duplicate of a: exact, equal words; kept by ")
    assert dropped.log_level == "DEBUG"


def test_long_texts_do_not_stop_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run while a long text is compared; short ones wait for it without blocking."""
    made = pipeline()
    compare, entered, release = made._compare, threading.Event(), threading.Event()
    threads: dict[str, str] = {}

    def slow(item: Any, index: Any) -> Any:
        threads[item["id"]] = threading.current_thread().name
        if item["id"] == "long":
            entered.set()
            assert release.wait(60)
        return compare(item, index)

    monkeypatch.setattr(made, "_compare", slow)

    async def process() -> list[Any]:
        long = asyncio.create_task(made.process_item({"id": "long", "text": article(9, integration.LONG // 4)}))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        short = asyncio.create_task(made.process_item({"id": "short", "text": STORY}))
        await asyncio.sleep(0.01)  # the loop runs
        assert not long.done()
        release.set()
        found = [await long, await short]
        found.append(await made.process_item({"id": "later", "text": OTHER}))
        return found

    assert [item["id"] for item in asyncio.run(process())] == ["long", "short", "later"]
    assert [threads[name].startswith("dedup") for name in ("long", "short", "later")] == [True, True, False]
    made.close_spider()


def test_errors_let_items_pass_and_are_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = pipeline()

    def broken(*_: Any) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(made, "_compare", broken)
    given = [{"id": str(i), "text": STORY} for i in range(integration.TOLD + 3)]
    assert run(made, *given) == given
    assert stats(made) == {"errors": len(given), "errors/OSError": len(given)}
    assert caplog.text.count("An item is passed on unchecked: OSError('disk full')") == integration.TOLD
    made.close_spider()
    assert run(made, given[0]) == [given[0]]


def test_fields_that_an_item_has_not_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    made = pipeline(DEDUP_ACTION="tag", DEDUP_FIELD="verdict")
    first, second = Story(text=TEXT), Story(text=TEXT)
    assert run(made, first, second) == [first, second]
    assert stats(made) == {"unique": 1, "duplicates": 1, "duplicates/exact": 1, "untagged": 2}
    assert caplog.text.count("A Story has no field verdict") == 1


def test_items_of_other_kinds_pass(caplog: pytest.LogCaptureFixture) -> None:
    made = pipeline()
    with caplog.at_level("INFO"):
        assert run(made, {"name": "An author"}, {"name": "Another"}) == [{"name": "An author"}, {"name": "Another"}]
    assert stats(made) == {"no_text": 2}
    assert caplog.text.count("A dict is passed on unchecked: no_text: keys seen: name") == 1


def test_the_text_of_the_very_item_is_cleaned() -> None:
    made = pipeline(DEDUP_TEXT_FIELD="page.body")
    given: dict[str, Any] = {"page": {"body": DOUBLED, "other": 1}, "text": "decoy"}
    [item] = run(made, given)
    assert item is given
    assert item["page"]["body"].count(PARAGRAPHS[0]) == 1
    assert item["page"]["other"] == 1
    assert ItemAdapter(item)["text"] == "decoy"


def test_what_a_later_pipeline_drops_is_forgotten() -> None:
    made = pipeline()

    async def crawl() -> list[bool]:
        await made.process_item({"id": "a", "text": TEXT})
        made._failed()
        made._failed()  # of an item that an earlier pipeline dropped
        await made.process_item({"id": "b", "text": TEXT})
        made._arrived()
        made._failed()
        index = made._index
        assert index is not None
        return ["a" in index, "b" in index]

    assert asyncio.run(crawl()) == [False, True]
    assert stats(made) == {"unique": 2, "forgotten": 1}


# Settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DEDUP_TRESHOLD", 0.9, "did you mean DEDUP_THRESHOLD"),
        ("DEDUP_DIR", "x", "no setting is called DEDUP_DIR"),
        ("DEDUP_NONSENSE_OF_ALL_KINDS", 1, "there are DEDUP_ENABLED"),
        ("DEDUP_ACTION", "remove", "give drop or tag"),
        ("DEDUP_ENABLED", "maybe", "give True or False"),
        ("DEDUP_THRESHOLD", "much", "give a number"),
        ("DEDUP_THRESHOLD", 0.2, "give 0.5 to 1"),
        ("DEDUP_MIN_TOKENS", 10.5, "give a whole number"),
        ("DEDUP_KEEP", "nicest", "no policy is called 'nicest'"),
        ("DEDUP_PAGES", "fold", "give clean, keep, off"),
        ("DEDUP_SOURCES", 5, "give names"),
        ("DEDUP_DURABILITY", "lasting", "give process or power"),
    ],
)
def test_impossible_settings(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Options.read({name: value})


def test_settings_as_a_command_line_gives_them() -> None:
    found = Options.read(
        {
            "DEDUP_ENABLED": "1",
            "DEDUP_THRESHOLD": "0.9",
            "DEDUP_BOILERPLATE": "False",
            "DEDUP_TEXT_FIELD": "body, text",
            "DEDUP_DATE_FIELD": ["when"],
            "DEDUP_KEEP": "first",
            "DEDUP_WINDOW": None,
            "OTHER": 5,
        }
    )
    assert (found.enabled, found.settings.threshold, found.settings.boilerplate) == (True, 0.9, False)
    assert (found.settings.fields.text, found.settings.fields.published) == (("body", "text"), ("when",))
    assert found.settings.keep == "first"
    assert Options.read({}) == Options()
    assert set(NAMES) > {"DEDUP_ENABLED", "DEDUP_INDEX", "DEDUP_RESET", "DEDUP_URL_FIELD"}


@pytest.mark.parametrize(
    ("stated", "jobdir", "index", "pending"),
    [
        (None, None, "memory:", None),
        (None, "job", "sqlite:job/dedup/seen.db", "job/dedup/pending"),
        ("seen.db", None, "sqlite:seen.db", "seen.db-a-b.pending"),
        ("sqlite:seen.db", "job", "sqlite:seen.db", "job/dedup/pending"),
        ("memory:", "job", "memory:", None),
        ("redis://host", None, "redis://host", None),
        (Path("x/seen.db"), None, "sqlite:x/seen.db", "x/seen.db-a-b.pending"),
    ],
)
def test_where_the_index_is(stated: object, jobdir: str | None, index: str, pending: str | None) -> None:
    found = Options.read({"DEDUP_INDEX": stated}, jobdir, "a/b")
    assert (found.index, found.pending) == (index, Path(pending) if pending else None)


def test_switched_off() -> None:
    crawler = get_crawler(settings_dict={"DEDUP_ENABLED": False})
    with pytest.raises(NotConfigured):
        DedupPipeline.from_crawler(crawler)
    with pytest.raises(NotConfigured):
        DedupAddon().update_settings(crawler.settings)


def test_no_index_no_crawl(tmp_path: Path) -> None:
    with pytest.raises(CloseSpider):
        pipeline(DEDUP_INDEX=f"sqlite:{tmp_path}")


# What is under way


def test_what_is_under_way_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "pending"
    killed = Pending(path)
    for id_ in ("a", "b", "a", "line\nbreak", "c"):
        killed.add(id_)
    killed.done("b")
    killed.done("a")
    with path.open("ab") as file:
        file.write(b'[1, "cut o')
    assert Pending(path).left() == ["a", "c", "line\nbreak"]


def test_what_has_arrived_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pending"
    with Pending(path) as pending:
        for id_ in ("a", "b"):
            pending.add(id_)
            assert path.stat().st_size > 0
            pending.done(id_)
            assert path.stat().st_size == 0
    assert not path.exists()
    with Pending(None) as nowhere:
        nowhere.add("a")
        nowhere.done("a")
        assert nowhere.left() == []


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.integrations.pending.GROWN", 500)
    path = tmp_path / "pending"
    pending = Pending(path)
    pending.add("stays")
    for i in range(200):
        pending.add(str(i))
        pending.done(str(i))
        assert path.stat().st_size < 600
    assert Pending(path).left() == ["stays"]
    os.truncate(path, 0)
