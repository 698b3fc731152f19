"""Settings: ranges, messages that say what to give, nothing that changes afterwards."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import Bands, Fields, Limits, Policy, Result, Scheme, Settings, deduplicate
from dedup.boilerplate import spans
from dedup.errors import DedupError, SettingsError
from dedup.evidence import Rules
from dedup.settings import VERSIONS, Versions, default_jaccard
from tests.hostile import article, balanced


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 0.49}, "threshold is 0.49: give 0.5 to 1"),
        ({"threshold": 1.01}, "threshold is 1.01: give 0.5 to 1"),
        ({"threshold": 80}, "threshold is 80: give 0.5 to 1"),
        ({"threshold": float("nan")}, "threshold is nan: give 0.5 to 1"),
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"min_tokens": 4}, "min_tokens is 4: give at least the shingle, 5"),
        ({"min_tokens": 0}, "min_tokens is 0"),
        ({"min_tokens": 7, "scheme": Scheme(shingle=8)}, "min_tokens is 7: give at least the shingle, 8"),
        ({"jobs": 0}, "jobs is 0: give at least 1"),
        ({"jobs": -2}, "jobs is -2: give at least 1"),
        ({"candidate_jaccard": 0.0}, "jaccard 0.0 and recall 0.99 must lie between 0 and 1"),
        ({"candidate_jaccard": 1.5}, "jaccard 1.5"),
        ({"candidate_jaccard": 0.01}, "128 permutations cannot reach recall 0.99 at Jaccard 0.01"),
        ({"keep": "best"}, "no policy is called 'best'"),
        ({"keep": 3}, "keep is 3: give names of policies, or functions of an Article"),
        ({"keep": ["id", 3]}, "keep is ['id', 3]"),
        ({"keep": "source"}, "the policy source needs a ranked list of sites"),
        ({"versions": "newest"}, "versions is 'newest': give policy, latest, earliest, all"),
        ({"window": "soon"}, "'soon'"),
        ({"window": "-3d"}, "'-3d'"),
    ],
)
def test_what_is_out_of_range(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    assert message in str(caught.value)
    assert isinstance(caught.value, DedupError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"record_bytes": 1023}, "record_bytes is 1023: give at least 1024"),
        ({"bucket": 1}, "bucket is 1: give at least 2"),
        ({"bucket": -1}, "bucket is -1: give at least 2"),
        ({"passage": 1}, "passage is 1: give at least 2"),
    ],
)
def test_limits_out_of_range(given: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Limits(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"threshold": 0.5},
        {"threshold": 1.0},
        {"threshold": 1},
        {"min_tokens": 5},
        {"min_tokens": 32, "scheme": Scheme(shingle=32)},
        {"jobs": 64},
        {"candidate_jaccard": 1.0},
        {"candidate_jaccard": 0.3},
        {"limits": Limits(record_bytes=1024, bucket=2, passage=2)},
        {"versions": "all"},
        {"window": "2w"},
    ],
)
def test_the_ends_of_the_ranges(given: dict[str, Any]) -> None:
    made = Settings(**given)
    for name, value in given.items():
        assert getattr(made, name) == value


def test_the_defaults() -> None:
    made = Settings()
    assert (made.threshold, made.min_tokens, made.jobs, made.sources) == (0.8, 25, 1, ())
    assert (made.boilerplate, made.passages, made.templates) == (True, True, True)
    assert (made.versions, made.window, made.window_hours) == ("policy", None, None)
    assert made.rules == Rules(0.8, True, True, None)
    assert made.policy.names == ("complete", "earliest", "id")
    assert made.scheme == Scheme()
    assert made.fields == Fields()
    assert made.limits == Limits()
    assert made.bands == Bands.choose(default_jaccard(0.8))
    assert made.bands.recall(default_jaccard(0.8)) >= 0.99
    assert made == Settings()


def test_rules_follow_the_settings() -> None:
    made = Settings(threshold=0.9, versions="all", templates=False, window="2d")
    assert (made.window_hours, made.rules) == (48.0, Rules(0.9, False, False, 48.0))
    assert all(Settings(versions=name).rules.revised for name in ("policy", "latest", "earliest"))
    assert [Settings(window=window).window_hours for window in ("30d", "12h", "2w")] == [720.0, 12.0, 336.0]


def test_settings_do_not_change() -> None:
    made = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.threshold = 0.9  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.limits.bucket = 9  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        made.colour = "red"  # type: ignore[attr-defined]


def test_unknown_settings() -> None:
    with pytest.raises(TypeError, match="treshold"):
        Settings(treshold=0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="buckets"):
        Limits(buckets=9)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Settings(0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="tresh"):
        deduplicate([], tresh=1)  # type: ignore[call-overload]


def test_derived_settings_are_not_given() -> None:
    with pytest.raises(TypeError):
        Settings(bands=Bands(1, 1))  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Settings(policy=Policy.parse("id"))  # type: ignore[call-arg]


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_follow_the_threshold(threshold: float) -> None:
    made = Settings(threshold=threshold)
    assert made.bands == Bands.choose(default_jaccard(threshold), 128)
    assert default_jaccard(threshold) <= threshold / (2 - threshold)  # one stretch that differs
    assert made.bands.recall(default_jaccard(threshold)) >= 0.99
    assert made.bands.count * made.bands.rows <= 128
    assert Settings(threshold=threshold, candidate_jaccard=0.9).bands == Bands.choose(0.9, 128)


def test_a_change_derives_anew() -> None:
    made = dataclasses.replace(Settings(), threshold=0.95, keep="longest")
    assert made.bands == Settings(threshold=0.95).bands
    assert made.policy.names == ("longest", "id")
    with pytest.raises(SettingsError):
        dataclasses.replace(Settings(), threshold=2.0)


# End to end: what each setting changes in a run

SITE: Final = "https://courier.example"

ENGLISH: Final = [
    "The harbour council of Port Ellery voted on Tuesday to close the old ferry pier for repairs that will last all winter.",
    "Engineers had found rust in most of the piles below the waiting hall, and the insurer refused to cover another storm.",
    "Boats will leave from the fish market instead, where a tent with heaters is to be put up before the first frost.",
    "Fishermen complained that nobody had asked them, and that lorries already stand in the way of the morning auction.",
    "The mayor promised to look for a second place to unload, and said that the pier would open again before Easter.",
]
GERMAN: Final = [
    "Der Hafenrat von Port Ellery hat am Dienstag beschlossen, den alten Fähranleger den ganzen Winter über zu sperren.",
    "Fachleute hatten an den meisten Pfählen unter der Wartehalle Rost gefunden, und die Versicherung wollte nicht mehr haften.",
    "Die Boote legen nun am Fischmarkt ab, wo vor dem ersten Frost ein geheiztes Zelt aufgestellt werden soll.",
    "Die Fischer beklagen, dass niemand sie gefragt habe und dass schon jetzt Lastwagen der Auktion im Weg stehen.",
]
ARABIC: Final = [
    "قرر مجلس ميناء إليري يوم الثلاثاء إغلاق رصيف العبارات القديم طوال فصل الشتاء من أجل إصلاحه قبل العواصف.",
    "وكان المهندسون قد عثروا على الصدأ في معظم الأعمدة تحت قاعة الانتظار ورفضت شركة التأمين تغطية عام آخر.",
    "وسوف تغادر القوارب من سوق السمك حيث تنصب خيمة دافئة قبل أول صقيع بحسب ما قاله رئيس البلدية للصحفيين.",
    "واشتكى الصيادون من أن أحدا لم يسألهم عن رأيهم وقالوا إن الشاحنات تقف منذ الآن في طريق مزاد الصباح.",
    "ووعد رئيس البلدية بالبحث عن مكان آخر لتفريغ الحمولة وقال إن الرصيف سيفتح من جديد قبل بداية الربيع.",
]
CHINESE: Final = [
    "埃勒里港务委员会周二投票决定，旧渡轮码头将在整个冬季关闭，以便进行维修。",
    "工程师在候船大厅下方的大部分桩柱上发现了锈迹，保险公司拒绝再承保一年。",
    "渡船将改从鱼市出发，那里将在第一次霜冻之前搭起一顶有暖气的帐篷。",
]
LANGUAGES: Final = {"English": ENGLISH, "German": GERMAN, "Arabic": ARABIC, "Chinese": CHINESE}


def day(number: float) -> str:
    """A date of so many days after a first one."""
    return (datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(days=number)).isoformat()


def page(name: str, text: str, at: float = 0.0, **more: Any) -> dict[str, Any]:
    """A record of the site."""
    return {"id": name, "url": f"{SITE}/{name}", "text": text, "date": day(at), **more}


def left(records: Sequence[dict[str, Any]], **made: Any) -> list[str]:
    """The ids that stay; what must hold of every run does: nothing depends on order or threads, and again is once."""
    given = Settings(**made)
    result = deduplicate(records, settings=given)
    assert balanced(result.summary())
    kept = [r["id"] for r in result.kept if not isinstance(r, str)]
    assert {r.duplicate_of for r in result.removed} <= set(kept)
    turned = deduplicate(random.Random(5).sample(list(records), len(records)), settings=Settings(**made, jobs=2))
    assert decided(turned) == decided(result)
    again = deduplicate(list(result.kept), settings=given)
    assert again.removed == []
    return sorted(kept)


def decided(result: Result) -> list[tuple[Any, ...]]:
    return sorted((r.id, r.duplicate_of, r.relation, r.reason) for r in result.removed)


def story(paragraphs: Sequence[str]) -> str:
    return "\n".join(paragraphs)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("edit", ["", " Zusatz!"], ids=["equal", "edited"])
def test_the_window(language: str, edit: str) -> None:
    text = story(LANGUAGES[language])
    for apart, kept in ((29, ["a"]), (30, ["a"]), (31, ["a", "b"])):
        assert left([page("a", text), page("b", text + edit, apart)], window="30d", keep="id") == kept
        assert left([page("a", text), page("b", text + edit, apart)], keep="id") == ["a"]
    assert left([page("a", text), page("b", text, date="someday")], window="1h", keep="id") == ["a"]


def test_lots_of_a_window() -> None:
    """Each lot begins with its first date, and keeps one of its texts."""
    text = story(ENGLISH)
    records = [page(f"r{i:02d}", text, at) for i, at in enumerate((0, 1, 9, 11, 12, 40, 40.5))]
    assert left(records, window="10d", keep="id") == ["r00", "r03", "r05"]


def test_a_lot_that_an_undated_text_joins_to_another_keeps_one() -> None:
    """The undated one speaks for the first lot, and joins the second to it: of that one, too, one is enough."""
    text = story(ENGLISH)
    records = [page("a", text, date=None), page("b", text), page("c", text, 40), page("d", text, 41)]
    kept = [r["id"] for r in deduplicate(records, keep="earliest", settings=Settings(window="10d")).kept]
    assert len(kept) == 2
    assert {"c", "d"} & set(kept) != {"c", "d"}


# Versions


def versions() -> list[dict[str, Any]]:
    """Three states of one story, within a day."""
    first = [*ENGLISH[:3], "Nobody at the insurer could be reached, and the port office was closed for the evening."]
    second = [
        *ENGLISH[:3],
        ENGLISH[4],
        "The insurer said later that it had warned the council of the rust for three years.",
    ]
    third = [*ENGLISH[:3], "In the end the council gave in, and will pay for the lorries to go around the market hall."]
    return [
        page(name, story(text), at, title="Ferry pier to close for the winter")
        for name, text, at in (("a", first, 0.0), ("b", second, 0.2), ("c", third, 0.4))
    ]


def test_versions() -> None:
    records = versions()
    result = deduplicate(records)
    assert {r.relation for r in result.removed} == {"revised"}
    assert left(records, versions="all") == ["a", "b", "c"]
    for keep in ("id", "longest", "earliest", "latest"):
        assert left(records, versions="latest", keep=keep) == ["c"]
        assert left(records, versions="earliest", keep=keep) == ["a"]
    assert [left(records, keep=keep) for keep in ("id", "longest", "latest")] == [["a"], ["b"], ["c"]]
    assert deduplicate(records, settings=Settings(versions="all")).summary().versions == 3
    for wanted in ("latest", "earliest"):
        removed = deduplicate(records, settings=Settings(versions=wanted)).removed
        assert {r.reason.split("; ")[1] for r in removed} == {f"kept by versions {wanted}"}


def test_a_version_without_a_date_is_neither_the_latest_nor_the_earliest() -> None:
    records = [{k: v for k, v in r.items() if k != "date" or r["id"] != "a"} for r in versions()]
    for record in records:
        record["url"] = f"{SITE}/pier"
    assert left(records, versions="latest", keep="id") == ["c"]
    assert left(records, versions="earliest", keep="id") == ["b"]


def test_versions_are_no_policy_for_copies() -> None:
    """`versions` chooses among revised ones only."""
    text = story(ENGLISH)
    records = [page("a", text), page("b", text + " Zusatz!", 0.1)]
    for wanted in VERSIONS:
        assert left(records, versions=wanted, keep="id") == ["a"]
        assert left(records, versions=wanted, keep="latest") == ["b"]


@pytest.mark.parametrize("keep", ["id", "earliest", "latest", "first", "longest", "complete", "canonical-url"])
@pytest.mark.parametrize("wanted", VERSIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_truncated_copy_never_displaces_the_longer_text(language: str, wanted: Versions, keep: str) -> None:
    whole = story(LANGUAGES[language])
    cut = whole[: len(whole) * 2 // 5]
    for early, late in ((whole, cut), (cut, whole)):
        records = [page("a", early, title="The pier"), page("b", late, 0.2, title="The pier")]
        result = deduplicate(records, settings=Settings(keep=keep, versions=wanted))
        assert [r["text"] for r in result.kept if not isinstance(r, str)] == [whole]
        assert [(r.relation, r.reason.split("; ")[1]) for r in result.removed] == [("truncated", "kept by complete")]


def test_passages_find_what_is_cut_to_a_part() -> None:
    """Few shingles are in common: no bucket is."""
    whole = article(40, 900)
    cut = " ".join(whole.split()[:110])
    records = [page("a", whole, title="The pier"), page("b", cut, 0.2, title="The pier")]
    assert left(records) == ["a"]
    assert left(records, passages=False) == ["a", "b"]
    found = deduplicate(records, settings=Settings(passages=False)).summary()
    assert (found.candidates, found.hot_passages) == (0, 0)


def test_hot_passages_are_counted_and_nothing_is_missed() -> None:
    whole = article(41, 400)
    cuts = [" ".join(whole.split()[: 100 + 5 * i]) for i in range(20)]
    records = [page("z", whole, title="T")] + [page(f"c{i:02d}", cut, 0.1, title="T") for i, cut in enumerate(cuts)]
    assert left(records, limits=Limits(passage=2), keep="id") == ["z"]
    assert deduplicate(records, settings=Settings(limits=Limits(passage=2))).summary().hot_passages > 0
    assert deduplicate(records, settings=Settings(limits=Limits(passage=500))).summary().hot_passages == 0


# Templates


def notice(weekday: str, wave: int, boats: int, hour: int) -> str:
    """A notice of one template."""
    return (
        f"The ferry to Port Ellery will not sail on {weekday}, the harbour office says, because waves of {wave} metres are "
        f"expected in the strait. Passengers of {boats} boats can take the bus over the bridge, which leaves at {hour} from the "
        "fish market and needs about two hours. Tickets stay valid until the end of the month and are taken back at the pier."
    )


@pytest.mark.parametrize(
    ("more", "count"),
    [({}, 1), ({"site": "one.example"}, 2), ({"date": "2021-03-05"}, 2), ({"title": "Bus over the bridge"}, 2)],
    ids=["two sites", "one site", "days apart", "another title"],
)
def test_one_notice_in_two_frames(more: dict[str, str], count: int) -> None:
    text = notice("Monday", 6, 4, 9)
    one = {"id": "a", "site": "one.example", "title": "No ferry to Port Ellery", "date": "2021-03-01T09:00:00Z"}
    two = {**one, "id": "b", "site": "two.example", **more}
    framed = [
        {**one, "text": f"By Staff Reporter, updated March 1, 2021 10:15\n{text}"},
        {**two, "text": f"Posted 5 hours ago, 220 shares so far\n{text}"},
    ]
    assert len(left(framed)) == count


@pytest.mark.parametrize("facts", [("Holtby 3, Port Marston 1", "New Farleigh 2, Ellery 0"), ("3 5 8 21 40", "2 9 17")])
def test_facts_in_the_last_words_of_a_notice_stay_at_two_sites(facts: tuple[str, str]) -> None:
    text = notice("Monday", 6, 4, 9)
    told = [
        {
            "id": fact,
            "site": f"{i}.example",
            "date": f"2021-03-01T0{i}:00:00Z",
            "title": "Results",
            "text": f"{text}\n{fact}",
        }
        for i, fact in enumerate(facts)
    ]
    assert len(left(told)) == 2


def test_notices_of_one_template_on_two_days_stay() -> None:
    records = [page("a", notice("Monday", 6, 4, 9)), page("b", notice("Thursday", 7, 5, 8), 3)]
    assert left(records) == ["a", "b"]
    assert len(left(records, templates=False)) == 1
    for more in ({}, {"title": "No ferry today"}):
        assert left([{**record, **more} for record in records]) == ["a", "b"]
    assert deduplicate(records).summary().siblings == 1
    assert deduplicate(records, settings=Settings(templates=False)).summary().siblings == 0


def test_a_correction_within_hours_is_removed() -> None:
    title = "No ferry on Monday"
    records = [
        page("a", notice("Monday", 6, 4, 9), title=title),
        page("b", notice("Monday", 6, 4, 8), 0.1, title=title),
    ]
    assert left(records, keep="latest") == ["b"]
    assert left(records, keep="earliest") == ["a"]
    far = [records[0], {**records[1], "date": day(1)}]
    assert left(far) == ["a", "b"]


# Boilerplate

FURNITURE: Final = [
    "Sign up for the morning letter of the Courier and get the news of the coast before breakfast.",
    "Share this story with friends, print it, or send it by post to somebody who has no screen.",
    "All rights reserved. No part of this page may be copied without leave of the Courier and its owners.",
    "Photograph: the harbour seen from the old signal tower, with the island of Harrow in the distance.",
    "Read more of our reports from the islands, and tell us what we have missed there this week.",
]


def others(count: int, seed: int = 1000) -> list[tuple[str, str]]:
    """Titles and texts that have nothing in common."""
    return [
        (article(seed + i, 7), "\n".join(article(seed + 100 * i + k, 30) + "." for k in range(4))) for i in range(count)
    ]


def dressed(text: str, draw: random.Random, teasers: Sequence[str]) -> str:
    """A text with things around it that are others every time."""
    head = draw.sample([*FURNITURE[:3], *draw.sample(list(teasers), 4)], 4)
    tail = draw.sample([*FURNITURE[3:], *draw.sample(list(teasers), 5)], 5)
    lines = text.split("\n")
    lines.insert(draw.randrange(1, len(lines)), draw.choice(FURNITURE))
    return "\n".join([*head, *lines, *tail])


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_article_crawled_five_hundred_times(language: str) -> None:
    """On other days, with other boilerplate around it: one is left, and none of its paragraphs is boilerplate."""
    draw = random.Random(3)
    body = story(LANGUAGES[language])
    rest = others(40)
    teasers = [f"{title}: {text.split('.')[0]}." for title, text in rest]
    records = [
        page(f"crawl{i:03d}", dressed(body, draw, teasers), draw.uniform(0, 60), title="The pier", url=f"{SITE}/pier")
        for i in range(500)
    ]
    records += [page(f"other{i}", dressed(text, draw, teasers), i, title=title) for i, (title, text) in enumerate(rest)]
    draw.shuffle(records)
    result = deduplicate(records)
    kept = [r["id"] for r in result.kept if not isinstance(r, str)]
    assert len([name for name in kept if name.startswith("crawl")]) == 1
    assert {name for name in kept if name.startswith("other")} == {f"other{i}" for i in range(40)}
    known = result._decider
    assert known.cores.marks is not None
    for row, record in enumerate(records):
        marked = spans(record["text"], known.corpus, known.cores, row)
        own = body if record["id"].startswith("crawl") else rest[int(record["id"][5:])][1]
        for start, end in marked:
            assert not any(line in record["text"][start:end] for line in own.split("\n"))
        said = " ".join(record["text"][start:end] for start, end in marked)
        assert all(line.rstrip(".") in said for line in record["text"].split("\n") if line in FURNITURE)
    assert result.summary().boilerplate_words > 500 * 20
    assert {piece.text.rstrip(".") for piece in result.boilerplate()} >= {line.rstrip(".") for line in FURNITURE}


def test_one_article_crawled_often_at_other_urls() -> None:
    """The same at an archive that gives every crawl a URL of its own, with the date of the article."""
    draw = random.Random(4)
    body = story(ENGLISH)
    rest = others(30)
    teasers = [f"{title}: {text.split('.')[0]}." for title, text in rest]
    records = [
        page(f"crawl{i:03d}", dressed(body, draw, teasers), draw.uniform(0, 0.8), title="The pier closes for winter")
        for i in range(100)
    ]
    records += [page(f"other{i}", dressed(text, draw, teasers), i, title=title) for i, (title, text) in enumerate(rest)]
    kept = left(records)
    assert len([name for name in kept if name.startswith("crawl")]) == 1
    assert len([name for name in kept if name.startswith("other")]) == 30


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("titled", [True, False])
def test_articles_that_share_a_long_gallery_all_stay(titled: bool, dated: bool) -> None:
    gallery = "\n".join(article(7000 + i, 25) + "." for i in range(60))
    records = []
    for i, (title, text) in enumerate(others(6)):
        record = page(f"a{i}", f"{text}\n{gallery}", i, title=title)
        records.append({k: v for k, v in record.items() if (k != "title" or titled) and (k != "date" or dated)})
    assert left(records) == [f"a{i}" for i in range(6)]
    assert left(records[:2]) == ["a0", "a1"]  # two are not enough to see that it is boilerplate


def test_articles_of_two_sites_that_share_a_long_gallery_all_stay() -> None:
    gallery = "\n".join(article(7000 + i, 25) + "." for i in range(60))
    records = [
        page(f"a{i}", f"{text}\n{gallery}", 0.1, title=title, url=f"https://s{i % 2}.example/{i}")
        for i, (title, text) in enumerate(others(4))
    ]
    assert left(records) == [f"a{i}" for i in range(4)]


def test_boilerplate_is_set_aside_or_not() -> None:
    tail = "\n".join(FURNITURE)
    records = [page(f"a{i}", f"{text}\n{tail}", i, title=title) for i, (title, text) in enumerate(others(5))]
    short = article(90, 60)
    records += [page("b", f"{short}\n{tail}", 9, title="The pier"), page("c", short, 9.1, title="The pier")]
    with_it = deduplicate(records)
    assert [(r.id, r.duplicate_of, r.relation, r.resemblance) for r in with_it.removed] == [("c", "b", "near", 1.0)]
    assert with_it.summary().boilerplate_words == 6 * len(tail.split())
    plain = deduplicate(records, settings=Settings(boilerplate=False))
    assert [(r.id, r.duplicate_of, r.relation) for r in plain.removed] == [("c", "b", "truncated")]
    assert (plain.summary().boilerplate_words, plain.summary().boilerplate_only, plain.boilerplate()) == (0, 0, [])


def test_pages_of_boilerplate_only_stay_apart_unless_they_name_one_url() -> None:
    wall = "\n".join(FURNITURE)
    full = [page(f"a{i}", f"{text}\n{wall}", i, title=title) for i, (title, text) in enumerate(others(5))]
    bare = [page(f"b{i}", wall, i, title=title) for i, (title, _) in enumerate(others(4, seed=5000))]
    assert left([*full, *bare]) == sorted(r["id"] for r in [*full, *bare])
    assert deduplicate([*full, *bare]).summary().boilerplate_only == 3
    twins = [{**record, "id": f"{record['id']}-again"} for record in bare]
    assert left([*full, *bare, *twins], keep="id") == sorted(r["id"] for r in [*full, *bare])
    without = left([*full, *bare], boilerplate=False)
    assert len({r["id"] for r in bare} & set(without)) <= 1
    assert {r["id"] for r in full} <= set(without)


# What holds of any dump


@st.composite
def dumps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to 16 pages of two sites: stories that are cut, edited or dressed, and notices, with and without what stands beside."""
    found = []
    for i in range(draw(st.integers(1, 16))):
        kind = draw(st.sampled_from(["whole", "cut", "edited", "dressed", "notice", "turned"]))
        paragraphs = draw(st.sampled_from(list(LANGUAGES.values())))
        text = story(paragraphs)
        if kind == "cut":
            text = text[: len(text) * draw(st.integers(3, 9)) // 10]
        elif kind == "edited":
            text = text.replace(draw(st.sampled_from(text.split())), "changed")
        elif kind == "dressed":
            text = "\n".join([*draw(st.permutations(FURNITURE)), text])
        elif kind == "notice":
            text = notice(
                draw(st.sampled_from(["Monday", "Friday"])), draw(st.integers(4, 6)), 3, draw(st.integers(7, 9))
            )
        elif kind == "turned":
            text = story(paragraphs[::-1])
        site = draw(st.sampled_from(["one", "two"]))
        record = {"id": f"r{i:02d}", "text": text, "url": f"https://{site}.example/{draw(st.integers(0, 9))}"}
        record["title"] = draw(st.sampled_from(["The pier closes", "No ferry on Monday", "Rust below the hall"]))
        record["date"] = day(draw(st.sampled_from([0.0, 0.2, 1.0, 3.0, 40.0])))
        for part in draw(st.sets(st.sampled_from(["url", "title", "date"]))):
            del record[part]
        found.append(record)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    dumps(), st.sampled_from(VERSIONS), st.booleans(), st.sampled_from([None, "10d"]), st.randoms(use_true_random=False)
)
def test_what_holds_of_any_dump(
    records: list[dict[str, Any]], wanted: Versions, templates: bool, window: str | None, draw: random.Random
) -> None:
    made = Settings(versions=wanted, templates=templates, window=window)
    result = deduplicate(records, settings=made)
    assert balanced(result.summary())
    kept = {r["id"] for r in result.kept if not isinstance(r, str)}
    assert kept | {r.id for r in result.removed} == {r["id"] for r in records}
    given = {r["id"]: r for r in records}
    for removed in result.removed:
        assert removed.duplicate_of in kept
        dates = [given[name].get("date") for name in (removed.id, removed.duplicate_of)]
        if window and all(dates):
            first, last = sorted(datetime.fromisoformat(str(d)) for d in dates)
            assert last - first <= timedelta(days=10)
    turned = deduplicate(draw.sample(records, len(records)), settings=dataclasses.replace(made, jobs=2))
    assert decided(turned) == decided(result)
    if window is None and not result.summary().boilerplate_words:  # what was furniture may be seen in too few, then
        assert deduplicate(list(result.kept), settings=made).removed == []


def test_titles_of_one_url_count_once_for_furniture() -> None:
    text = story(ENGLISH)
    named = [("a", "The pier closes", "x"), ("b", "No ferry on Monday", "x"), ("c", "Rust below the hall", "y")]
    left([page(name, text, title=title, url=f"{SITE}/{url}") for name, title, url in named])
