"""A whole run: every removal is justified, nothing depends on order, threads or hash seeds, floods stay cheap."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import Limits, Result, Settings, batch, compare, deduplicate
from tests.hostile import WORDS, article, balanced, environment

STORIES: Final = [article(seed, words) for seed, words in ((501, 60), (502, 90), (503, 140), (504, 26))]
OTHER: Final = article(505, 200).split()
Record = dict[str, Any]


def damaged(story: int, kind: str, seed: int) -> str:
    """A copy of a story with damage of one kind."""
    draw = random.Random(seed)
    words = STORIES[story].split()
    if kind == "upper":
        return "  ".join(words).upper() + "!"
    if kind == "edit":
        for _ in range(draw.randint(1, max(1, len(words) // 10))):
            words[draw.randrange(len(words))] = draw.choice(OTHER)
    elif kind == "cut":
        words = words[: draw.randint(len(words) // 3, len(words))]
    elif kind == "extend":
        start = draw.randrange(150)
        words += OTHER[start : start + draw.randint(1, 40)]
    elif kind == "turn":
        at = draw.randrange(len(words))
        words = words[at:] + words[:at]
    return " ".join(words)


KINDS: Final = ("copy", "upper", "edit", "edit", "cut", "extend", "turn")

COPIES: Final = st.tuples(st.integers(0, len(STORIES) - 1), st.sampled_from(KINDS), st.integers(0, 30))
TEXTS: Final = st.one_of(
    COPIES.map(lambda copy: damaged(*copy)),
    COPIES.map(lambda copy: damaged(*copy)),
    COPIES.map(lambda copy: damaged(*copy)),
    st.sampled_from(["", "...", "Yes.", "yes.", "Yes?", "a few words only", "A few words - only"]),
)


@st.composite
def corpora(draw: st.DrawFn) -> list[Record]:
    """Up to 14 records of unique ids, some dated, some without a date."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=14))
    days = draw(st.lists(st.integers(0, 3), min_size=len(texts), max_size=len(texts)))
    return [
        {"id": f"r{i}", "text": text, "date": f"2024-01-0{day}" if day else None}
        for i, (text, day) in enumerate(zip(texts, days, strict=True))
    ]


def chosen(result: Result) -> tuple[list[str], list[tuple[Any, ...]], list[str]]:
    """The kept ids, what became of the removed ones, and why records were set aside; all sorted."""
    kept = sorted(record["id"] for record in result.kept if not isinstance(record, str))
    removed: list[tuple[Any, ...]] = sorted((r.id, r.duplicate_of, r.relation, r.resemblance) for r in result.removed)
    return kept, removed, sorted(q.reason for q in result.quarantined)


def speakers(records: Sequence[Record]) -> dict[str, Record]:
    """By id the record that speaks for all of its text: the one that the default policy keeps of it."""
    crowds: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        crowds[" ".join(record["text"].lower().strip("!").split())].append(record)
    first = [min(crowd, key=lambda r: (r.get("date") or "3", r["id"])) for crowd in crowds.values()]
    return {record["id"]: best for crowd, best in zip(crowds.values(), first, strict=True) for record in crowd}


def check(result: Result, records: Sequence[Record]) -> None:
    """What must hold of any run over records of unique ids."""
    given = {record["id"]: record for record in records}
    speaker = speakers(records)
    assert balanced(result.summary())
    kept = {record["id"] for record in result.kept if not isinstance(record, str)}
    gone = {removed.id for removed in result.removed}
    assert len(kept) + len(gone) + len(result.quarantined) == len(records)
    assert not kept & gone
    for removed in result.removed:
        assert removed.duplicate_of in kept
        pair = given[removed.id], given[removed.duplicate_of]
        if removed.relation != "exact":
            pair = speaker[removed.id], speaker[removed.duplicate_of]
        match = compare(*pair, result.settings)
        assert match.relation == removed.relation
        assert removed.reason.startswith(f"{match.reason}; kept by ")
        assert match.duplicate
        assert removed.resemblance == round(match.resemblance, 4)
        assert removed.containment == round(match.containment, 4)
        assert removed.relation != "near" or match.resemblance >= result.settings.threshold
        assert removed.relation != "extended"  # the text that is cut goes, whatever the policy
    for cluster in result.clusters:
        assert cluster.canonical in kept
        assert cluster.members
        assert {member.id for member in cluster.members} <= gone
    members = Counter(member.id for cluster in result.clusters for member in cluster.members)
    assert members == Counter(gone)
    assert all(record["text"].strip() for record in records if record["id"] in kept)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), st.randoms(use_true_random=False), st.sampled_from([0.6, 0.8, 0.9]))
def test_what_holds_of_every_run(records: list[Record], draw: random.Random, threshold: float) -> None:
    result = deduplicate(records, threshold=threshold)
    check(result, records)
    again = deduplicate(list(result.kept), threshold=threshold)
    assert again.removed == []
    assert list(again.kept) == list(result.kept)
    shuffled = draw.sample(records, len(records))
    turned = deduplicate(shuffled, threshold=threshold)
    assert chosen(turned) == chosen(result)
    order = [record["id"] for record in shuffled]
    assert [order.index(r["id"]) for r in turned.kept if not isinstance(r, str)] == sorted(
        order.index(r["id"]) for r in turned.kept if not isinstance(r, str)
    )
    threads = deduplicate(records, settings=Settings(threshold=threshold, jobs=2))
    assert chosen(threads) == chosen(result)
    assert threads.removed == result.removed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), st.randoms(use_true_random=False))
def test_the_same_with_buckets_that_overflow(records: list[Record], draw: random.Random) -> None:
    made = Settings(threshold=0.6, limits=Limits(bucket=2))
    result = deduplicate(records, settings=made)
    check(result, records)
    assert deduplicate(list(result.kept), settings=made).removed == []
    assert chosen(deduplicate(draw.sample(records, len(records)), settings=made)) == chosen(result)


@pytest.mark.parametrize("keep", ["longest", "earliest", "latest", "id", "complete"])
def test_order_of_the_input_is_nothing_to_any_policy(keep: str) -> None:
    draw = random.Random(7)
    records = [
        {"id": f"r{i}", "text": damaged(i % 4, draw.choice(KINDS), i), "date": f"2024-01-{1 + i % 9:02d}"}
        for i in range(80)
    ]
    first = chosen(deduplicate(records, keep=keep))
    assert first[1]
    for _ in range(3):
        draw.shuffle(records)
        assert chosen(deduplicate(records, keep=keep)) == first


def test_threads_change_nothing_when_there_are_many_batches() -> None:
    """Batches are half a megabyte of text, so that these are about six."""
    draw = random.Random(11)
    stories = [article(9000 + i, 400) for i in range(600)]
    texts = [*stories, *(" ".join(s.split()[: draw.randint(300, 400)]) for s in stories)]
    draw.shuffle(texts)
    records = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    alone = deduplicate(records)
    both = deduplicate(records, settings=Settings(jobs=2))
    assert alone.summary().bytes > 4 * (1 << 19)
    assert len(alone.removed) > 500
    assert both.removed == alone.removed
    assert list(both.kept) == list(alone.kept)


# Chains


def spelled(number: int) -> str:
    """A word of its own for every number, without a digit."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def chain(steps: int, words: int = 200, share: float = 0.03) -> list[Record]:
    """Every text differs from the one before in that share of its words, each time in others."""
    draw = random.Random(99)
    text = article(600, words).split()
    places = draw.sample(range(words), words)
    found = [{"id": f"c{0:02d}", "text": " ".join(text)}]
    change = int(words * share)
    for step in range(1, steps + 1):
        for _ in range(change):
            place = places.pop() if places else draw.randrange(words)
            text[place] = f"new{spelled(step)}x{spelled(place)}"  # numbers have rules of their own
        found.append({"id": f"c{step:02d}", "text": " ".join(text)})
    return found


@pytest.mark.parametrize("keep", ["id", "longest", "complete,earliest,id"])
def test_a_chain_of_edits_does_not_merge_its_ends(keep: str) -> None:
    links = chain(30)
    for a, b in itertools.pairwise(links):
        assert compare(a["text"], b["text"]).relation == "near"
    assert compare(links[0]["text"], links[-1]["text"]).relation == "different"
    result = deduplicate(links, keep=keep)
    check(result, links)
    assert result.removed
    keeper = {record["id"]: record["id"] for record in links} | {r.id: r.duplicate_of for r in result.removed}
    assert keeper["c00"] != keeper["c30"]
    stars = defaultdict(list)
    for link, head in keeper.items():
        stars[head].append(int(link[1:]))
    assert len(stars) >= 3
    assert deduplicate(list(result.kept), keep=keep).removed == []


# Hash seeds

SEEDED: Final = """
from dedup import deduplicate
from tests.test_batch import KINDS, damaged
texts = [damaged(i % 4, KINDS[i % len(KINDS)], i) for i in range(60)]
result = deduplicate([{"id": str(i), "text": text} for i, text in enumerate(texts)])
print([r["id"] for r in result.kept], [(r.id, r.duplicate_of, r.reason) for r in result.removed])
"""


def test_hash_seed_changes_nothing() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", SEEDED],
            capture_output=True,
            check=True,
            text=True,
            env=environment(PYTHONHASHSEED=seed, PYTHONPATH=":".join(p for p in sys.path if p)),
        ).stdout
        for seed in ("0", "1", "random")
    ]
    assert len(found[0]) > 100
    assert found[0] == found[1] == found[2]


# Floods


def test_flood_of_identical_texts() -> None:
    text = article(700)
    result = deduplicate([{"id": f"{i:04d}", "text": text} for i in range(3000)])
    summary = result.summary()
    assert [record["id"] for record in result.kept if not isinstance(record, str)] == ["0000"]
    assert (summary.removed, summary.relations["exact"], summary.clusters) == (2999, 2999, 1)
    assert (summary.candidates, summary.verified, summary.capped_buckets) == (0, 0, 0)


@pytest.mark.parametrize("text", ["", " \n\t ", "?! ... —", "\u200b\u00ad"])
def test_flood_of_empty_texts(text: str) -> None:
    result = deduplicate([{"id": str(i), "text": text} for i in range(3000)])
    summary = result.summary()
    assert (summary.kept, summary.removed, summary.quarantined) == (0, 0, 3000)
    assert summary.quarantined_by_reason == {"empty": 3000}
    assert (summary.candidates, summary.verified, summary.clusters) == (0, 0, 0)


def test_flood_of_nearly_identical_texts() -> None:
    words = article(701, 100).split()
    count = 2000
    records = [
        {"id": f"{i:04d}", "text": " ".join([*words[:50], spelled(10_000 + i), *words[50:]])} for i in range(count)
    ]
    made = Settings()
    result = deduplicate(records, settings=made)
    summary = result.summary()
    assert summary.kept == 1
    assert summary.relations["near"] == count - 1
    assert summary.capped_buckets > 0
    # Not quite limit * count: texts whose own word decides a band's minimum leave the full bucket for small ones.
    assert summary.candidates <= 2 * made.limits.bucket * count
    assert summary.verified <= summary.candidates
    assert {removed.resemblance for removed in result.removed} == {round(200 / 202, 4)}


def test_flood_of_texts_that_differ_in_a_number() -> None:
    """Whether these are copies or notices of one template, they cost no more."""
    words = article(702, 100).split()
    count = 2000
    records = [{"id": f"{i:04d}", "text": " ".join([*words[:50], str(10_000 + i), *words[50:]])} for i in range(count)]
    made = Settings()
    result = deduplicate(records, settings=made)
    summary = result.summary()
    assert balanced(summary)
    assert summary.capped_buckets > 0
    assert summary.candidates <= 2 * made.limits.bucket * count
    assert deduplicate(list(result.kept), settings=made).removed == []


def test_flood_with_a_small_bucket_finds_the_same() -> None:
    """Full buckets hide pairs; the search goes on among the kept ones until nothing new is found."""
    records = [{"id": f"{i:03d}", "text": damaged(i % 4, "edit", i)} for i in range(300)]
    wide = deduplicate(records, settings=Settings(limits=Limits(bucket=1000))).summary()
    narrow = deduplicate(records, settings=Settings(limits=Limits(bucket=2)))
    check(narrow, records)
    assert wide.capped_buckets == 0 < narrow.summary().capped_buckets
    assert deduplicate(list(narrow.kept), settings=narrow.settings).removed == []
    assert narrow.summary().candidates < wide.candidates


# Short and empty texts, identical ids


def test_short_texts_that_differ_are_all_kept() -> None:
    draw = random.Random(5)
    texts: set[str] = set()
    while len(texts) < 20_000:
        words = draw.choices(WORDS, k=draw.randint(2, 24))
        other = list(words)
        other[draw.randrange(len(words))] = f"{draw.choice(WORDS)}q"
        texts |= {" ".join(words), " ".join(other)}
    result = deduplicate(sorted(texts))
    assert result.removed == []
    assert len(result.kept) == len(texts)


def test_identical_ids_fall_back_to_content() -> None:
    a = {"id": "same", "text": STORIES[1], "title": "a title, first"}
    b = {"id": "same", "text": STORIES[1], "title": "a title, second"}
    c = {"id": "same", "text": damaged(1, "edit", 3), "title": "a title, third"}
    first = deduplicate([a, b, c])
    assert len(first.kept) == 1
    for records in ([b, a, c], [c, b, a], [a, c, b]):
        assert list(deduplicate(records).kept) == list(first.kept)


def test_progress_names_its_stages() -> None:
    seen: list[tuple[str, int, int]] = []
    deduplicate([STORIES[0], STORIES[0], damaged(0, "edit", 1)], progress=lambda *step: seen.append(step))
    stages = {stage for stage, _, _ in seen}
    assert {"read", "sign", "compare", "choose"} <= stages <= {"read", "sign", "compare", "choose", "compile"}
    assert [done for stage, done, _ in seen if stage == "read"][-1] == 3


def test_nothing_at_all() -> None:
    result = deduplicate([])
    assert balanced(result.summary())
    assert (list(result.kept), result.removed, result.clusters, result.quarantined) == ([], [], [], [])


def turned(seed: int) -> tuple[str, str]:
    """Two equally long texts of four different words that consist of much the same stretches."""
    draw = random.Random(seed)
    words = [draw.choice(WORDS[:4]) for _ in range(60)]
    i, j = sorted(draw.sample(range(60), 2))
    other = words[i:j] + words[:i] + words[j:]
    for _ in range(draw.randint(2, 10)):
        other[draw.randrange(60)] = draw.choice(words)
    return " ".join(words), " ".join(other)


def test_compare_says_what_a_run_does_about_texts_of_equal_length() -> None:
    for seed in range(200, 400):
        result = deduplicate(list(turned(seed)))
        if result.summary().verified:
            assert compare(*turned(seed)).duplicate == bool(result.removed)


@pytest.mark.parametrize("passages", [True, False])
@pytest.mark.parametrize("size", [1, 7])
def test_sizes_of_chunks_are_nothing(passages: bool, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        {"id": f"{i}{kind}", "text": damaged(i, kind, 3)} for i in range(3) for kind in ("copy", "edit", "extend")
    ]
    made = Settings(passages=passages)
    whole = chosen(deduplicate(records, settings=made))
    assert len(whole[0]) <= 5
    monkeypatch.setattr(batch, "_CHUNK", size)
    assert chosen(deduplicate(records, settings=made)) == whole
