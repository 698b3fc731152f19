"""An index in Redis: several who use it at once, a server that fails, and what is refused without a change."""

from __future__ import annotations

import itertools
import logging
import os
import random
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import redis
import trustme

from dedup import DedupError, Settings, open_index
from dedup.entries import Entry
from dedup.errors import IndexDamaged, IndexMismatch, MissingExtra, StoreError
from dedup.index import Index
from dedup.key_table import Digest
from dedup.keys import Lot, Span
from dedup.opening import inspect_index
from dedup.settings import Limits
from dedup.stores import Opening, open_store, shown
from dedup.stores import redis as module
from dedup.stores.redis import RedisStore
from dedup.stores.redis_address import Address
from dedup.stores.redis_rows import CHUNK
from tests.hostile import article, edited
from tests.redis_process import Redis
from tests.test_stores import HEADER, made

SECRET: Final = "s3cret:/@word"
QUOTED: Final = "s3cret%3A%2F%40word"


def record(seed: int, name: str = "a") -> dict[str, Any]:
    return {"id": f"{name}{seed}", "text": article(seed), "title": f"Title {seed}", "site": f"x{seed % 4}.example"}


def records(seed: int, count: int) -> list[dict[str, Any]]:
    """A stream with copies of every kind, better ones after worse ones, and lines that a site prints around its articles."""
    rng = random.Random(seed)
    made: list[dict[str, Any]] = []
    for i in range(count):
        known = rng.choice(made) if made and rng.random() < 0.5 else None
        if known is None:
            site = rng.randrange(3)
            furniture = "\n".join(article(900 + site, 30).split("\n")[:1])
            text = article(10 * seed + i) + "\n" + furniture
            made.append(
                {**record(i, f"s{seed}-"), "text": text, "site": f"x{site}.example", "title": article(50 + i, 6)}
            )
        else:
            text = known["text"]
            text = rng.choice((text, edited(text), text + "\n" + article(700 + i, 30), text[: len(text) // 2]))
            made.append({**known, "id": f"s{seed}-{i}", "text": text})
    return made


def content(server: Redis, prefix: str = "") -> dict[bytes, Any]:
    """All that the server keeps, but for locks."""
    with server.client() as client:
        reads: dict[bytes, Any] = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"set": client.smembers,
        }
        keys = [key for key in client.keys(f"{prefix}*") if not key.endswith(b":lock")]
        return {key: reads[client.type(key)](key) for key in keys}


def opened(server: Redis, prefix: str = "news", **options: object) -> RedisStore:
    uri = server.uri(prefix, **options)
    store = open_store(uri, lambda rest: Opening(rest, HEADER, frozenset(), Limits()))
    assert isinstance(store, RedisStore)
    return store


# Several who use it


@pytest.mark.parametrize("seed", range(4))
def test_it_decides_as_an_index_in_memory_does(redis_index: Redis, seed: int) -> None:
    """Two have it open and take turns; each sees all that the other one did."""
    stream = records(seed, 120)
    rng = random.Random(seed)
    with open_index("memory:") as memory, open_index(redis_index.uri()) as a, open_index(redis_index.uri()) as b:
        start = 0
        while start < len(stream):
            batch = stream[start : start + rng.choice((1, 3, 20))]
            start += len(batch)
            turn = rng.choice((a, b))
            assert turn.add_many(batch) == memory.add_many(batch)
            if rng.random() < 0.2:
                gone = rng.choice(stream[:start])["id"]
                assert rng.choice((a, b)).discard(gone) == memory.discard(gone)
            probe = {"id": "probe", "text": edited(rng.choice(stream)["text"])}
            assert a.check(probe) == b.check(probe) == memory.check(probe)
        for index in (a, b):
            assert [found.record for found in index.entries()] == [found.record for found in memory.entries()]
            assert index.verify() == []
            mine, theirs = index.stats(), memory.stats()
            assert (mine.articles, mine.stored_copies, mine.dropped) == (
                theirs.articles,
                theirs.stored_copies,
                theirs.dropped,
            )
            assert mine.boilerplate == theirs.boilerplate
            assert mine.disk > 0
        with open_index(redis_index.uri()) as again:
            assert again.stats().articles == memory.stats().articles
            assert again.verify() == []


def test_two_prefixes_do_not_see_each_other(redis_index: Redis) -> None:
    names = ("news", "news.old", "n")
    with open_index(redis_index.uri("news")) as one, open_index(redis_index.uri("news.old")) as two:
        assert one.add(record(1)).new
        assert two.add(record(1)).new
        assert two.discard("a1") == 1
        assert (len(one), len(two)) == (1, 0)
        with open_index(redis_index.uri("n")) as three:
            assert len(three) == 0
    assert {key.split(b":")[0].decode() for key in content(redis_index)} == set(names)


def test_who_lost_the_lock_is_refused(redis_index: Redis) -> None:
    with open_index(redis_index.uri()) as one, open_index(redis_index.uri()) as other:
        with pytest.raises(StoreError, match="others wrote meanwhile"), one.transaction():  # noqa: PT012
            assert one.add(record(1)).new
            with redis_index.client() as client:
                client.delete("news:lock")
            assert other.add(record(1, "b")).new
        assert one.add(record(1)).duplicate_of == "b1"
        assert len(one) == len(other) == 1
        assert one.verify() == []


def test_the_lock_of_a_process_that_lives_is_kept(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.stores.redis_server.LEASE", 0.3)
    with open_index(redis_index.uri()) as one, open_index(redis_index.uri()) as other:
        with one.transaction():
            one.add(record(1))
            waiting = threading.Thread(target=lambda: other.add(record(1, "b")))
            waiting.start()
            time.sleep(1.0)
            assert waiting.is_alive()
        waiting.join()
        assert [found.id for found in other.entries()] == ["a1"]


def test_a_lock_that_was_left_behind_ends(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        client.set("news:lock", "somebody", px=100)
        assert index.add(record(1)).new
        client.set("news:lock", "somebody")
        monkeypatch.setattr("dedup.stores.redis_server.BUSY", 0.05)
        with pytest.raises(StoreError, match="others have been writing"):
            index.add(record(2))
        assert len(index) == 1


def test_who_missed_too_much_reads_everything_anew(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HISTORY", 4)
    with open_index(redis_index.uri()) as one, open_index(redis_index.uri()) as other:
        for i in range(10):
            one.add(record(i))
        one.discard("a3")
        assert [found.id for found in other.entries()] == [f"a{i}" for i in range(10) if i != 3]
        with redis_index.client() as client:
            assert client.llen("news:changes") == 4


def test_a_long_history_is_cut(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HISTORY_BYTES", 100)
    with open_index(redis_index.uri()) as one, open_index(redis_index.uri()) as other, redis_index.client() as client:
        one.add_many((record(i) for i in range(3)), batch=1)
        assert len(other) == 3
        for _ in range(2):
            assert one.add_many(record(i, "b") for i in range(3))[0].duplicate_of == "a0"
        assert client.llen("news:changes") < 5
        assert other.stats().dropped == 6
        assert other.verify() == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_large_change_is_sent_in_parts(redis_index: Redis, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    monkeypatch.setattr(module, "STAGED", 40_000)
    stream = records(7, 300)
    with open_index("memory:") as memory, open_index(redis_index.uri()) as index, redis_index.client() as client:
        first = stream[:50]
        assert index.add_many(first) == memory.add_many(first)
        before = content(redis_index)
        try:
            with index.transaction():
                assert index.add_many(stream[50:], batch=20) == memory.add_many(stream[50:])
                assert len(client.keys("news:stage:*")) > 3
                assert index.discard(stream[60]["id"]) == memory.discard(stream[60]["id"])
                assert {key: data for key, data in content(redis_index).items() if b":stage:" not in key} == before
                if fails:
                    raise KeyError("stop")
        except KeyError:
            assert content(redis_index) == before
            return
        assert client.keys("news:stage:*") == []
        assert [found.record for found in index.entries()] == [found.record for found in memory.entries()]
        assert index.verify() == []
        with open_index(redis_index.uri()) as again:
            assert [found.record for found in again.entries()] == [found.record for found in memory.entries()]


def test_chunks_fill_empty_and_are_written_anew(redis_index: Redis) -> None:
    store, other = opened(redis_index), opened(redis_index)
    entries = [made(seed, text=b"one two three") for seed in range(3)]
    with store.write():
        for i in range(2 * CHUNK + 10):
            store.add(*entries[i % 3])
    other.refresh()
    with store.write():
        store.discard([*range(1, CHUNK + 1), *range(CHUNK + 1, 2 * CHUNK, 2)])
    with redis_index.client() as client:
        assert client.keys("news:*:0") == []
        before = client.strlen("news:keys:1")
        store.compact()
        assert client.strlen("news:keys:1") < before * 0.6
    left = [entry.row for entry in store.entries()]
    assert left == [*range(CHUNK + 2, 2 * CHUNK + 1, 2), *range(2 * CHUNK + 1, 2 * CHUNK + 11)]
    other.refresh()
    for each in (store, other, opened(redis_index)):
        assert [entry.row for entry in each.entries()] == left
        assert each.verify() == []
        assert each.tables.propose(entries[0][1]) == store.tables.propose(entries[0][1])
        with each.write():
            assert each.add(*entries[0]) > left[-1]
        each.close()


# Time to live


def test_what_is_older_than_the_ttl_is_forgotten(redis_index: Redis) -> None:
    store, other = opened(redis_index, ttl="1h"), opened(redis_index)
    now = time.time()
    with store.write():
        old, young = (store.add(*made(seed, seen=now - age)) for seed, age in ((1, 3500.0), (2, 0.0)))
        store.add(*made(3, seen=now, kept=old))
    assert store.count() == (2, 1, 0)
    store._mirror._ttl = 3400.0  # some minutes later
    store.refresh()
    assert [entry.row for entry in store.entries()] == [young]
    assert store.tables.propose(made(1)[1]) == []
    other.refresh()
    assert other.count() == (2, 1, 0)
    with store.write():  # whatever is written
        pass
    other.refresh()
    for each in (store, other):
        assert [entry.row for entry in each.entries()] == [young]
        assert each.verify() == []
        each.close()
    with redis_index.client() as client:
        assert client.hkeys("news:articles") == [str(young).encode()]


def test_who_forgets_first_does_not_matter(redis_index: Redis) -> None:
    one, other = (opened(redis_index, ttl="1h") for _ in range(2))
    now = time.time()
    with one.write():
        for seed in range(4):
            one.add(*made(seed, seen=now - 1000.0 * seed))
    other.refresh()
    for each in (one, other):
        each._mirror._ttl = 1500.0
        each.refresh()
    for each in (one, other, one):
        with each.write():
            each.add(*made(9 + each._mirror.last, seen=now))
        assert each.verify() == []
    one.refresh()
    other.refresh()
    assert [entry.row for entry in one.entries()] == [entry.row for entry in other.entries()] == [1, 2, 5, 6, 7]
    one.close()
    other.close()


# What the server may do


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Redis]:
    """A server that a test may end."""
    server = Redis(tmp_path, appendonly="yes", appendfsync="always")
    yield server
    server.kill()


@pytest.mark.parametrize("rounds", [3])
def test_what_was_acknowledged_survives_the_end_of_the_server(own: Redis, rounds: int) -> None:
    rng = random.Random(1)
    known: set[str] = set()
    with open_index(own.uri(), durability="power") as index:
        for round_ in range(rounds):
            ending = threading.Timer(rng.uniform(0.05, 0.4), own.kill)
            ending.start()
            batch: list[str] = []
            with pytest.raises(StoreError, match=r"cannot be reached|does not answer"):  # noqa: PT012
                for start in itertools.count(1000 * round_, 5):
                    batch = [f"a{i}" for i in range(start, start + 5)]
                    verdicts = index.add_many(record(i) for i in range(start, start + 5))
                    known |= {verdict.id for verdict in verdicts if verdict.new}
            ending.join()
            own.start()
            stored = {found.id for found in index.entries()}
            assert known <= stored
            assert stored - known in (set(), set(batch))
            known = stored
            assert index.verify() == []
            with open_index(own.uri()) as again:
                assert {found.id for found in again.entries()} == stored


@pytest.mark.parametrize("more", [0, 1, 9])
def test_a_server_that_went_back_in_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    """It starts again from an older copy, as a replica that lagged behind, and others write there before this one asks."""
    monkeypatch.setattr(module, "HISTORY", 4)
    server = Redis(tmp_path)
    try:
        with open_index(server.uri()) as index, server.client() as client:
            index.add(record(1))
            client.save()
            index.add(record(2))
            server.kill()
            server.start()
            with open_index(server.uri()) as other:
                other.add_many((record(i, "b") for i in range(10, 10 + more)), batch=1)
            before = content(server)
            for _ in range(2):
                with pytest.raises(IndexDamaged, match="went back to an older state"):
                    index.check(record(2))
            with pytest.raises(IndexDamaged, match="went back to an older state"):
                index.add(record(2))
            assert content(server) == before
        with open_index(server.uri()) as index:
            assert index.add(record(2)).new
            assert len(index) == 2 + more
            assert index.verify() == []
    finally:
        server.kill()


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_server_that_is_emptied_is_told(redis_index: Redis, made_anew: bool) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        index.add(record(1))
        client.flushall()
        if made_anew:
            with open_index(redis_index.uri()) as other:
                other.add(record(5))
        before = content(redis_index)
        for use in (lambda: index.check(record(1)), lambda: index.add(record(2)), lambda: len(index)):
            with pytest.raises(IndexDamaged, match="was emptied"):
                use()
        assert content(redis_index) == before


def test_a_server_that_is_emptied_during_a_change_stays_empty(redis_index: Redis) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        index.add(record(1))
        with pytest.raises(IndexDamaged, match="was emptied"), index.transaction():  # noqa: PT012
            index.add(record(2))
            client.flushall()
        assert content(redis_index) == {}


def test_a_user_who_may_do_little_can_use_it(redis_index: Redis) -> None:
    with redis_index.client() as client:
        client.execute_command(
            "ACL", "SETUSER", "little", "on", ">s3cret", "~news:*", "+@all", "-@dangerous", "-@admin"
        )
        try:
            uri = redis_index.uri().replace("//", "//little:s3cret@")
            with open_index(uri) as index:
                assert index.add(record(1)).new
                assert index.verify() == []
                assert index.stats().disk > 0
            with pytest.raises(StoreError, match="refuses access"):
                open_index(uri.replace("prefix=news", "prefix=other"))
        finally:
            client.execute_command("ACL", "DELUSER", "little")


def test_a_server_without_memory_is_told_and_nothing_is_stored(redis_index: Redis) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        index.add(record(1))
        before = content(redis_index)
        client.config_set("maxmemory", "1")
        try:
            with pytest.raises(StoreError, match=r"the server says: .*maxmemory"):
                index.add(record(2))
        finally:
            client.config_set("maxmemory", "0")
        assert content(redis_index) == before
        assert index.add(record(2)).new
        assert index.verify() == []


def test_a_server_that_drops_keys_is_warned_of(redis_index: Redis, caplog: pytest.LogCaptureFixture) -> None:
    with redis_index.client() as client:
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with caplog.at_level(logging.WARNING, "dedup"), open_index(redis_index.uri()):
                assert "allkeys-lru" in caplog.text
        finally:
            client.config_set("maxmemory", "0")
            client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("HDEL", "news:articles", "1"), "articles, names, sites are 3"),
        (("DEL", "news:articles"), "articles, names, sites are 0"),
        (("DEL", "news:sites"), "expected"),
        (("DEL", "news:changes"), "list of changes"),
        (("DEL", "news:state"), "emptied|no news:state"),
        (("SET", "news:articles", "x"), "holds another type"),
        (("SET", "news:state", "x"), "holds another type"),
        (("SET", "news:sites", "x"), "holds another type"),
        (("SET", "news:changes", "x"), "holds another type"),
        (("HSET", "news:lock", "x", "x"), "holds another type"),
    ],
)
def test_keys_that_others_changed_are_told_of_and_left(redis_index: Redis, command: tuple[str, ...], why: str) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        index.add_many(record(i) for i in range(4))
        if command[0] in ("SET", "HSET"):
            client.delete(command[1])
        client.execute_command(*command)
        before = content(redis_index)
        with pytest.raises(IndexDamaged, match=why):
            index.add(record(9))
        assert content(redis_index) == before
        if "lock" not in command[1]:
            with pytest.raises(IndexDamaged, match=why):
                open_index(redis_index.uri())
            assert content(redis_index) == before


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("DEL", "news:rows:0"), "chunk 0"),
        (("DEL", "news:keys:0"), "keys of the rows from 1 on"),
        (("DEL", "news:rows:0", "news:keys:0"), "chunk 0 is gone"),
        (("APPEND", "news:rows:0", "x"), "chunk 0"),
        (("APPEND", "news:keys:0", "x"), "keys of the rows from 1 on|has bytes"),
        (("SADD", "news:rows:0", "x"), "holds another type"),
        (("SADD", "news:keys:0", "x"), "holds another type"),
    ],
)
def test_chunks_that_others_changed_are_told_of_and_left(
    redis_index: Redis, command: tuple[str, ...], why: str
) -> None:
    with open_index(redis_index.uri()) as index, redis_index.client() as client:
        index.add_many(record(i) for i in range(4))
        if command[0] == "SADD":
            client.delete(command[1])
        client.execute_command(*command)
        before = content(redis_index)
        with pytest.raises(IndexDamaged):
            index.add(record(9))
        with pytest.raises(IndexDamaged, match=why):
            open_index(redis_index.uri())
        assert content(redis_index) == before


@pytest.mark.parametrize(
    ("commands", "error", "why"),
    [
        ([("SET", "news:header", "x")], IndexDamaged, "holds another type"),
        ([("SET", "news:articles", "x")], IndexDamaged, "is no index: there are other keys that begin with news:"),
        ([("HSET", "news:header", "application", "blog")], IndexDamaged, "is no index"),
        ([("HSET", "news:header", "application", "article-dedup", "version", "2")], IndexDamaged, "has format 2"),
    ],
)
def test_keys_of_another_program_are_refused_as_they_are(
    redis_index: Redis, commands: list[tuple[str, ...]], error: type[Exception], why: str
) -> None:
    with redis_index.client() as client:
        for command in commands:
            client.execute_command(*command)
    before = content(redis_index)
    with pytest.raises(error, match=why):
        open_index(redis_index.uri())
    assert content(redis_index) == before


def test_other_settings_are_refused_by_name(redis_index: Redis) -> None:
    with open_index(redis_index.uri()) as index:
        index.add(record(1))
    before = content(redis_index)
    with pytest.raises(IndexMismatch, match="made with min_tokens 25, opened with min_tokens 30"):
        open_index(redis_index.uri(), Settings(min_tokens=30))
    with inspect_index(redis_index.uri()) as index:
        assert index.made_by["min_tokens"] == "25"
        assert len(index) == 1
    with pytest.raises(StoreError, match="no index with the prefix other"):
        open_index(redis_index.uri("other"), create=False)
    assert content(redis_index) == before


def test_single_bits_that_flip_are_found(redis_index: Redis) -> None:
    """In whatever is kept of articles; what opens, is read and verified raises nothing but the library's own errors."""
    with open_index(redis_index.uri()) as index:
        index.add_many(records(1, 40))
    rng = random.Random(2)
    with redis_index.client() as client:
        places: list[tuple[bytes, bytes | None]] = [(b"news:rows:0", None), (b"news:keys:0", None)]
        places += [(b"news:articles", row) for row in client.hkeys("news:articles")]
        standing = open_index(redis_index.uri())
        for _ in range(250):
            key, field = rng.choice(places[:2]) if rng.random() < 0.5 else rng.choice(places[2:])
            data = client.get(key) if field is None else client.hget(key, field)
            assert isinstance(data, bytes)
            at, bit = rng.randrange(len(data)), rng.randrange(8)
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            _put(client, key, field, flipped)
            try:
                with open_index(redis_index.uri()) as index:
                    told = bool(index.verify())
            except DedupError:
                told = True
            assert told, (key, field, at, bit)
            assert standing.verify()
            _put(client, key, field, data)
        standing.close()
    with open_index(redis_index.uri()) as index:
        assert index.verify() == []


def test_articles_that_change_places_are_found(redis_index: Redis) -> None:
    """Of equal dates and equal keys, so that only the numbers of their rows tell."""
    store = opened(redis_index)
    with store.write():
        rows = [store.add(*made(1, seen=5.0)) for _ in range(3)]
    assert rows == [1, 2, 3]
    assert store.verify() == []
    with redis_index.client() as client:
        one, two = client.hmget("news:articles", "1", "2")
        assert isinstance(one, bytes)
        assert isinstance(two, bytes)
        client.hset("news:articles", mapping={"1": two, "2": one})
    assert store.verify() == [f"row {row}: the checksum does not match" for row in (1, 2)]
    store.close()


def test_who_reads_keys_has_those_of_who_wrote_them(redis_index: Redis) -> None:
    """In its tables: all that can be found in the one is found in the other, while they grow, and where each wrote a part."""
    one, two = (open_index(redis_index.uri()) for _ in range(2))
    stream = records(5, 240)
    for start in range(0, len(stream), 30):
        (one, two)[start // 30 % 2].add_many(stream[start : start + 30])
    asked = records(6, 120) + stream
    with open_index(redis_index.uri()) as three:
        told = [[index.check(record) for record in asked] for index in (one, two, three)]
        assert told[0] == told[1] == told[2]
        stats = [index.stats() for index in (one, two, three)]
        assert stats[0].articles == stats[1].articles == stats[2].articles > 30
    one.close()
    two.close()


def test_keys_of_an_article_take_at_most_400_bytes_of_the_server(redis_index: Redis) -> None:
    """Those of 36 bands, 36 passages and 21 pieces, as an article of 450 words has them, added 1,000 at once."""
    rng = np.random.default_rng(4)
    store = opened(redis_index)
    total = 4_000
    for first in range(0, total, 1_000):
        ends = [count * np.arange(1, 1_001) for count in (36, 36, 21)]
        drawn = [Digest.of(rng.integers(0, 1 << 63, int(end[-1]), np.uint64), kind) for kind, end in enumerate(ends)]
        lot = Lot(*(Span(keys, end - end[0], end) for keys, end in zip(drawn, ends, strict=True)))
        entries = [Entry(f"a{first + i}", b"text", seen=1.0) for i in range(1_000)]
        store.ahead(entries, lot)
        with store.write():
            at = 0
            while at < len(entries):
                at += len(store.admit(entries[at:], lot, at))
                if at < len(entries):  # a row that does not hold the key, now and then
                    store.add(entries[at], lot[at])
                    at += 1
    with redis_index.client() as client:
        taken = [client.memory_usage(key, samples=0) for key in client.keys("news:keys:*")]
    assert 360 * total < sum(size or 0 for size in taken) <= 400 * total
    assert store.verify() == []
    store.close()


def _put(client: redis.Redis, key: bytes, field: bytes | None, data: bytes) -> None:
    if field is None:
        client.set(key, data)
    else:
        client.hset(key, field, data)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(StoreError, match="cannot be reached"):
        open_index(f"redis://127.0.0.1:{port}/0?prefix=news")


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(StoreError, match="does not answer in time"):
            open_index(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0?prefix=news&timeout=0.1")


def test_the_loss_of_power_is_survived_only_where_the_server_says_so(redis_index: Redis) -> None:
    with pytest.raises(StoreError, match=r"takes appendonly yes, appendfsync always; it has .*'appendonly': 'no'"):
        open_index(redis_index.uri(), durability="power")
    assert content(redis_index) == {}


def test_an_index_is_not_used_behind_a_fork(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(redis_index.uri()) as index:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(StoreError, match="opened in another process"):
                index.add(record(1))
        assert index.add(record(1)).new


def test_a_missing_extra_is_named(redis_index: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtra, match=r'pip install "article-dedup\[redis\]"'):
        open_index(redis_index.uri())


# Addresses and secrets


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("//127.0.0.1/0", "has no prefix, which all keys"),
        ("//127.0.0.1/0?prefix=", "has no prefix"),
        ("//127.0.0.1/0?prefix=a:b", "the prefix is 'a:b'"),
        ("//127.0.0.1/0?prefix=" + "x" * 65, "up to 64"),
        ("//127.0.0.1/0?prefix=a&prefix=b", "has prefix twice"),
        ("//127.0.0.1/0?prefix=a&tll=1d", "knows no option 'tll'; there are prefix, ttl"),
        ("//127.0.0.1/0?prefix=a&ttl=soon", "ttl: 'soon' is no span of time"),
        ("//127.0.0.1/0?prefix=a&ttl=0d", "is no span of time"),
        ("//127.0.0.1/0?prefix=a&timeout=-1", "timeout is '-1'"),
        ("//127.0.0.1/0?prefix=a&timeout=nan", "timeout is 'nan'"),
        ("//127.0.0.1/0?prefix=a&insecure=yes", "insecure is 'yes'"),
        ("//127.0.0.1/0?prefix=a&ca=x.pem", "write rediss://"),
        ("//127.0.0.1/news?prefix=a", "the database is 'news'"),
        ("//127.0.0.1:99999/0?prefix=a", "its port is no number"),
        ("//127.0.0.1:x/0?prefix=a", "its port is no number"),
        ("//:s3cret@127.0.0.1:x/0?prefix=a", "its port is no number"),
        ("///0?prefix=a", "names no server"),
        ("127.0.0.1", "names no server"),
        ("//:a#b@127.0.0.1/0?prefix=a", "names no server|write %23"),
        ("//192.0.2.1/0?prefix=a", "is another machine, and no password"),
        ("//redis.example/0?prefix=a&insecure=0", "is another machine, and no password"),
        ("//:@redis.example/0?prefix=a", "is another machine, and no password"),
        ("//[2001:db8::1]/0?prefix=a", "is another machine, and no password"),
    ],
)
def test_addresses_that_are_refused(rest: str, why: str) -> None:
    with pytest.raises(StoreError, match=why) as caught:
        Address.of(rest, secure=False)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rest", "host", "more"),
    [
        ("//localhost?prefix=a", "localhost", (6379, 0, None, None)),
        ("//127.0.0.9:7000/3?prefix=a", "127.0.0.9", (7000, 3, None, None)),
        ("//[::1]/0?prefix=a", "::1", (6379, 0, None, None)),
        ("//me:s3cret@redis.example/1?prefix=a", "redis.example", (6379, 1, "me", "s3cret")),
        (f"//:{QUOTED}@redis.example?prefix=a", "redis.example", (6379, 0, None, SECRET)),
        ("//redis.example?prefix=a&insecure=1", "redis.example", (6379, 0, None, None)),
    ],
)
def test_addresses(rest: str, host: str, more: tuple[object, ...]) -> None:
    found = Address.of(rest, secure=False)
    assert found.host == host
    assert (found.port, found.db, found.user, found.password) == more
    assert "s3cret" not in repr(found)
    assert "s3cret" not in found.uri


@pytest.mark.parametrize(
    "uri",
    ["redis://:s3cret@x/0", "redis://me:s3cret@x/0", "redis://:s3c@ret@x/0", "redis://:s3/c@x", "nothing://:s3cret@x"],
)
def test_no_uri_is_shown_with_its_password(uri: str) -> None:
    assert "s3" not in shown(uri)
    with pytest.raises(StoreError) as caught:
        open_index(uri)
    assert "s3" not in str(caught.value)


def test_passwords_are_needed_and_never_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Redis(tmp_path, requirepass=SECRET)
    told: list[str] = []

    def attempt(uri: str) -> Index:
        try:
            return open_index(uri)
        except StoreError as error:
            told.extend((str(error), repr(error), error.uri, repr(error.__context__), repr(error.__cause__)))
            raise

    try:
        with caplog.at_level(logging.DEBUG):
            plain = server.uri()
            good = plain.replace("//", f"//:{QUOTED}@")
            with pytest.raises(StoreError, match="refuses access"):
                attempt(plain)
            with pytest.raises(StoreError, match="refuses access"):
                attempt(plain.replace("//", f"//:{QUOTED}x@"))
            with attempt(good) as index:
                assert index.add(record(1)).new
                told += [index.uri, repr(index), repr(index._session.store), str(vars(index._session.store))]
                server.kill()
                with pytest.raises(StoreError) as caught:
                    index.add(record(2))
                told += [str(caught.value), repr(caught.value)]
            with pytest.raises(StoreError):
                attempt(good)
    finally:
        server.kill()
    assert len(told) > 10
    assert all(secret not in text for text in (*told, caplog.text) for secret in (SECRET, QUOTED, "s3cret"))


class _Tunnel:
    """TLS in front of a server."""

    def __init__(self, server: Redis, context: ssl.SSLContext) -> None:
        self._server, self._context = server, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
                ours = self._context.wrap_socket(raw, server_side=True)
            except ssl.SSLError:
                raw.close()
                continue
            except OSError:
                return
            theirs = socket.create_connection(("127.0.0.1", self._server.port))
            self._open += [ours, theirs]
            for pair in ((ours, theirs), (theirs, ours)):
                self._threads.append(threading.Thread(target=_carry, args=pair))
                self._threads[-1].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def test_connections_with_tls(redis_index: Redis, tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name, ca in (("ours.pem", authority), ("others.pem", stranger)):
        ca.cert_pem.write_to_path(str(tmp_path / name))
    tunnel = _Tunnel(redis_index, context)
    try:
        uri = f"rediss://127.0.0.1:{tunnel.port}/0?prefix=news"
        with open_index(f"{uri}&ca={tmp_path / 'ours.pem'}") as index:
            assert index.add(record(1)).new
            assert index.uri.startswith("rediss://")
        for refused in (uri, f"{uri}&ca={tmp_path / 'others.pem'}"):
            with pytest.raises(StoreError, match="certificate verify failed"):
                open_index(refused)
    finally:
        tunnel.close()


def test_an_answer_that_was_not_waited_for_is_not_taken_for_the_next_one(
    redis_index: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt may come between a question and its answer, which is under way then."""
    connection = redis.connection.Connection

    def stop(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    with open_index(redis_index.uri()) as index:
        for i in range(5):
            with monkeypatch.context() as patch:
                patch.setattr(connection, "read_response", stop)
                with pytest.raises(KeyboardInterrupt):
                    index.add({"id": "lost", "text": article(100 + i)})
            with monkeypatch.context() as patch:
                patch.setattr(connection, "can_read", lambda *given, **options: False)  # it did not arrive yet
                assert index.add({"id": f"a{i}", "text": article(i)}).new
        assert [found.id for found in index.entries()] == [f"a{i}" for i in range(5)]
    with open_index(redis_index.uri()) as index:
        assert len(index) == 5
        assert index.verify() == []
