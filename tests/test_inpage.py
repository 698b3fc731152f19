"""Pages with bodies that stand twice: what goes, what stays, and that nothing else is touched."""

from __future__ import annotations

import html
import json
import random
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import Page, Span, clean_page
from dedup.cuts import STAYS
from dedup.inpage import ROUNDS
from dedup.paragraphs import paragraphs
from dedup.sections import TITLE
from tests import doubles
from tests.doubles import Article, articles, fixed, glued, pages, sentences, shortened

CASES = Path(__file__).parent / "cases"
NATURAL: list[dict[str, Any]] = [
    case for path in sorted(CASES.glob("natural_*.json")) for case in json.loads(path.read_text("utf8"))
]
DOUBLED: list[dict[str, Any]] = json.loads((CASES / "doubled.json").read_text("utf8"))
STAYING = [case for case in NATURAL if not case.get("known")]
ENGLISH = [article for article in articles() if article.language == "en"]
LANGUAGES = ("zh", "ja", "th", "ar", "hi", "ru", "ko", "am")


def rebuilt(page: Page) -> str:
    """The input without what was dropped."""
    left, at = [], 0
    for repeat in page.repeats:
        assert at <= repeat.dropped.start < repeat.dropped.end
        left.append(page.source[at : repeat.dropped.start])
        at = repeat.dropped.end
    return "".join([*left, page.source[at:]])


def aggregated(main: Article, *others: Article, extra: str = "") -> str:
    """A page as aggregators print it: the article, furniture, and related articles, each in one line; the last is it again."""
    cards = [*others, main]
    lines = [main.title, main.text, "Hashtags", "", "Comments", "No comments yet...", "Related Articles", ""]
    for card in cards:
        lines += [
            "The Courier",
            "2 hours ago",
            "- The Courier",
            card.title,
            (extra if card is main else "") + glued(card),
        ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def doubled() -> list[tuple[doubles.Doubled, Page]]:
    return [(page, clean_page(page.text)) for page in pages()]


def test_doubled_pages_are_fixed(doubled: list[tuple[doubles.Doubled, Page]]) -> None:
    good = [fixed(page, found.text) for page, found in doubled]
    assert len(good) > 1400
    assert sum(good) >= 0.99 * len(good)


@pytest.mark.parametrize("kind", doubles.KINDS)
def test_every_kind_of_double_is_fixed(doubled: list[tuple[doubles.Doubled, Page]], kind: str) -> None:
    good = [fixed(page, found.text) for page, found in doubled if page.kind == kind]
    assert sum(good) >= 0.97 * len(good)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_fixed_like_english(doubled: list[tuple[doubles.Doubled, Page]], language: str) -> None:
    good = [fixed(page, found.text) for page, found in doubled if page.language == language]
    assert len(good) >= len(doubles.KINDS)
    assert sum(good) >= 0.94 * len(good)


@pytest.mark.parametrize("case", DOUBLED, ids=lambda case: str(case["name"]))
def test_a_body_with_furniture_between_its_copies_stays_once(case: dict[str, Any]) -> None:
    page = clean_page(case["text"])
    assert [case["text"].count(sentence) for sentence in case["once"]] == [2] * len(case["once"])
    assert [page.text.count(sentence) for sentence in case["once"]] == [1] * len(case["once"])


def test_what_is_left_is_the_input_without_the_dropped_spans(doubled: list[tuple[doubles.Doubled, Page]]) -> None:
    for page, found in doubled:
        assert rebuilt(found) == found.text
        assert found.source == page.text
        assert found.complete
        for repeat in found.repeats:
            assert repeat.kept.end <= repeat.dropped.start or repeat.dropped.end <= repeat.kept.start


def test_a_cleaned_page_is_clean(doubled: list[tuple[doubles.Doubled, Page]]) -> None:
    for _, found in doubled:
        assert clean_page(found.text).text == found.text


def test_an_aggregator_page_keeps_the_article_and_the_other_cards() -> None:
    main, one, two = ENGLISH[:3]
    shared = sentences(main.text)[3].strip()
    one = one._replace(text=one.text + "\n\n" + shared)
    extra = "The town had waited for this news since the spring, when the first plans were laid before its council. "
    text = aggregated(main, one, two, extra=extra)
    page = clean_page(text)
    (repeat,) = page.repeats
    assert repeat.kind == "body"
    assert repeat.reason == "in paragraphs"
    assert repeat.kept.start == text.index(main.text)
    assert repeat.kept.end == repeat.kept.start + len(main.text.rstrip())
    assert text[repeat.dropped.start : repeat.dropped.end].strip() == glued(main)
    assert [part.text for part in repeat.unique] == [extra.rstrip(" .")]
    for stays in (main.text, glued(one), glued(two), extra.strip()):
        assert stays in page.text


def test_a_page_without_repeats_is_the_input_itself() -> None:
    for article in articles():
        page = clean_page(article.text)
        assert page.text is article.text
        assert page.repeats == ()


@pytest.mark.parametrize("case", STAYING, ids=lambda case: f"{case['kind']}-{case['name']}")
def test_natural_repetition_stays(case: dict[str, Any]) -> None:
    page = clean_page(case["text"])
    assert page.text == case["text"], page.repeats


@pytest.mark.parametrize("case", [case for case in NATURAL if case.get("known")], ids=lambda case: str(case["name"]))
@pytest.mark.xfail(strict=True, reason="not told from a body that was scraped twice yet")
def test_natural_repetition_that_is_taken_for_a_copy(case: dict[str, Any]) -> None:
    assert clean_page(case["text"]).text == case["text"]


def test_there_are_natural_texts_of_many_kinds() -> None:
    assert len(STAYING) >= 60
    assert len({case["kind"] for case in STAYING}) >= 9
    assert len({case["language"] for case in STAYING}) >= 6


QUOTED = (
    (
        "The council of Tarn said:",
        "We have read the four reports of the engineers and we have walked the wall ourselves",
    ),
    (
        "It went on to say:",
        "The wall will stand this winter, and the gate below the mill stays shut until the end of May",
    ),
    (
        "Of the costs it said:",
        "Nobody who lives behind the wall will pay for it, whatever the county decides in the spring",
    ),
    (
        "Its last words were:",
        "Come to the hall on the ninth with your questions, and bring the children who play there",
    ),
    ("And in a note:", "The lamps on the upper path are mended first, as the school has asked for them since autumn"),
)


@pytest.mark.parametrize(
    ("first", "second", "copies"),
    [
        pytest.param("{by} “{said}.”", "{said}.", 2, id="an article that quotes a statement, and the statement"),
        pytest.param("{by} “{said}.”", "{by} {said}.", 1, id="an article, and its copy without marks"),
        pytest.param("{by} {said}.", "> {by} {said}.", 2, id="a mail, and what an answer cites of it"),
        pytest.param("{by} {said}.", "{by} {said} > 9.", 1, id="a mark in a line cites nothing"),
    ],
)
def test_a_quotation_stays_and_a_copy_without_marks_goes(first: str, second: str, copies: int) -> None:
    blocks = ["\n".join(form.format(by=by, said=said) for by, said in QUOTED) for form in (first, second)]
    for order in (blocks, blocks[::-1]):
        page = clean_page("Menu\n\n" + "\n\nShare\nPrint\nMore\n\n".join(order) + "\n\nImprint\n")
        assert [page.text.count(said) for _, said in QUOTED] == [copies] * len(QUOTED)


def test_a_body_goes_on_behind_other_articles() -> None:
    long = sorted(ENGLISH, key=lambda article: -len(article.text))
    parts = [part.strip() for article in long[:2] for part in sentences(article.text) if part.strip()]
    halves = [" ".join(half) for half in (parts[: len(parts) // 2], parts[len(parts) // 2 :])]
    main, others, between = "\n\n".join(parts), [glued(article) for article in long[2:8]], "\n\nShare\nPrint\nMore\n\n"
    page = clean_page(between.join([main, halves[0], *others, halves[1]]))
    assert len(page.repeats) == 2
    assert page.text.startswith(main)
    assert all(other in page.text for other in others)
    assert not any(half in page.text for half in halves)


def test_natural_repetition_that_lost_its_line_breaks_mostly_stays() -> None:
    texts = [" ".join(case["text"].split()) for case in STAYING]
    assert sum(clean_page(text).text != text for text in texts) <= 0.04 * len(texts)


REMARKS = (
    "Nonsense.",
    "I was there, and it was not so.",
    "Who pays for this?",
    "Well said.",
    "We found no source for that.",
)


@pytest.mark.parametrize(
    ("remarks", "stays"),
    [
        pytest.param(REMARKS, True, id="an article and what its readers say to each paragraph"),
        pytest.param(("Advertisement", "Photo: A. Brandt", "Read on", "Figure 3", "Video 02:13"), False, id="captions"),
        pytest.param(("The story goes on below.",), False, id="one notice"),
        pytest.param(("1.", "2.", "3.", "4.", "5."), False, id="numbers"),
    ],
)
def test_a_text_with_remarks_between_its_paragraphs_is_no_copy(remarks: tuple[str, ...], *, stays: bool) -> None:
    for article in ENGLISH[:5]:
        parts = doubles.paragraphs(article.text)
        answered = "\n".join(f"{part}\n{remarks[i % len(remarks)]}" for i, part in enumerate(parts))
        for order in ((article.text, answered), (answered, article.text)):
            text = "Menu\n\n" + "\n\nShare\nPrint\nMore\n\n".join(order) + "\n\nImprint\n"
            assert (clean_page(text).text == text) == stays, article.title


def test_an_article_with_captions_is_told_from_one_with_remarks_by_its_glued_copy() -> None:
    for article in ENGLISH[:5]:
        parts = doubles.paragraphs(article.text)
        main = "\n".join(f"{part}\n{REMARKS[i % len(REMARKS)]}" for i, part in enumerate(parts))
        page = clean_page(f"Menu\n\n{main}\n\nShare\nPrint\nMore\n\n{glued(article)}\n\nImprint\n")
        assert page.text == f"Menu\n\n{main}\n\nShare\nPrint\nMore\n\nImprint\n"


def test_a_new_sentence_in_a_line_of_its_own_stays() -> None:
    for article in ENGLISH[:6]:
        parts = doubles.paragraphs(article.text)
        second = "\n".join([*parts[:2], "The mayor has since resigned.", "Photo: A. Brandt", *parts[2:]])
        page = clean_page(f"Menu\n\n{article.text}\n\nShare\nPrint\nMore\n\n{second}\n\nImprint\n")
        assert page.text.count(parts[-1]) == 1
        assert "\nThe mayor has since resigned.\n" in page.text
        assert "A. Brandt" not in page.text


@pytest.mark.parametrize("cut", [1.0, 0.6])
def test_cards_with_nothing_but_a_title_between_them(cut: float) -> None:
    """The card of the article follows a longer one, from which it is told by the title that stands over the article, too."""
    long = sorted((article for article in ENGLISH if len(article.title.split()) >= TITLE), key=lambda a: len(a.text))
    *_, after, main, before = long
    card = shortened(glued(main), cut)
    cards = "\n".join([before.title, glued(before), main.title, card, after.title, glued(after)])
    page = clean_page(f"Menu\n\n{main.title}\n{main.text}\n\nShare\nPrint\nRelated\n\n{cards}\n\nImprint\n")
    assert main.text in page.text
    assert card not in page.text
    assert glued(before) in page.text
    assert glued(after) in page.text


def test_one_long_notice_under_one_heading_stays_in_both_articles() -> None:
    one, two, notice = sorted(ENGLISH, key=lambda article: len(article.text))[-5:-2]
    heading = "About the foundation that paid for this report"
    ends = "\n".join([heading, glued(notice)])
    releases = [f"{article.title}\n{article.text}\n{ends}" for article in (one, two)]
    text = "Menu\n\n" + "\n\nShare\nPrint\nMore\n\n".join(releases) + "\n\nImprint\n"
    assert clean_page(text).text == text


def test_the_more_complete_copy_stays() -> None:
    main = ENGLISH[3]
    short = doubles.shortened(main.text, 0.6)
    above = clean_page(f"Menu\n\n{short}\n\nRead on\nSign in\n\n{main.text}\n")
    assert above.repeats[0].reason == "more complete"
    assert above.text.count(main.text) == 1
    below = clean_page(f"Menu\n\n{main.text}\n\nRead on\nSign in\n\n{short}\n")
    assert below.text.count(main.text) == 1


def test_new_sentences_of_the_dropped_copy_stay() -> None:
    main, other = ENGLISH[4], ENGLISH[5]
    parts = sentences(main.text)
    new = max(sentences(other.text), key=len).strip()
    assert len(new.split()) > STAYS
    second = glued(main._replace(text="".join([*parts[:4], f" {new} ", *parts[4:]])))
    page = clean_page(f"Top\n\n{main.text}\n\nRelated\nMore\n\n{second}\n")
    assert new in page.text
    assert main.text in page.text
    assert len(page.repeats) == 2
    assert rebuilt(page) == page.text


def test_words_of_the_dropped_copy_are_told_or_kept() -> None:
    main = ENGLISH[6]
    parts = sentences(main.text)
    words = parts[2].split()
    changed = " ".join([*words[:4], "quite", "unlike", "what", "anyone", "had", "said", *words[4:]]) + " "
    second = glued(main._replace(text="".join([*parts[:2], changed, *parts[3:]])))
    text = f"Top\n\n{main.text}\n\nRelated\nMore\n\n{second}\n"
    plain, merged = clean_page(text), clean_page(text, merge=True)
    assert [part.text for part in plain.repeats[0].unique] == ["quite unlike what anyone had said"]
    assert "quite unlike what anyone" not in plain.text
    assert changed.strip() in merged.text
    assert merged.text.count(max(parts[4:], key=len).strip()) == 1


def test_excerpts_go_when_asked_for() -> None:
    main = next(article for article in ENGLISH if len(doubles.paragraphs(article.text)[0].split()) > 25)
    teaser = doubles.paragraphs(main.text)[0]
    text = f"{main.title}\n{main.text}\n\nMost read\nWeather\n{teaser}\nSport\nContact\n"
    assert clean_page(text).repeats == ()
    found = clean_page(text, excerpts=True)
    assert [repeat.kind for repeat in found.repeats] == ["excerpt"]
    assert main.text in found.text
    assert found.text.count(teaser) == 1


@pytest.mark.parametrize("width", [40, 60, 72, 100])
def test_line_breaks_play_no_part(width: int) -> None:
    for main in ENGLISH[8:16]:
        wrapped = "\n\n".join(textwrap.fill(part, width) for part in doubles.paragraphs(main.text))
        for first, second in (
            (main.text, glued(main)),
            (main.text, wrapped),
            (wrapped, wrapped),
            (wrapped, glued(main)),
        ):
            page = clean_page(f"{first}\n\nShare\nPrint\n\n{second.replace(chr(10), chr(13) + chr(10))}")
            assert len(page.text) < 1.3 * len(main.text) + 60
            assert main.text.split()[-1] in page.text


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*"abc \n.", "word ", "The end. ", "\r\n", "\u2028"]), max_size=400), st.booleans())
def test_any_text_is_cut_at_its_spans(parts: list[str], excerpts: bool) -> None:
    text = "".join(parts)
    page = clean_page(text + text, excerpts=excerpts)
    assert rebuilt(page) == page.text


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=False), st.integers(2, 6))
def test_blocks_in_any_order_lose_no_block(draw: random.Random, count: int) -> None:
    chosen = draw.sample(ENGLISH, 3)
    blocks = [draw.choice(chosen) for _ in range(count)]
    text = "\n\nShare\nPrint\n\n".join(draw.choice((article.text, glued(article))) for article in blocks)
    page = clean_page(text)
    for article in set(blocks):
        wanted = doubles.shingles(article.text)
        assert sum(1 for run in wanted if doubles.shingles(page.text)[run]) >= 0.98 * len(wanted)
    assert rebuilt(page) == page.text


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200_000,
        "The quick brown fox jumps over the lazy dog again today.\n" * 20_000,
        "aa bb " * 50_000,
        "\n" * 500_000,
        "漢字" * 100_000,
        "\x00\ud800 " * 1_000,
        "",
    ],
    ids=["word", "lines", "two words", "breaks", "han", "surrogates", "empty"],
)
def test_hostile_pages_come_back(text: str) -> None:
    page = clean_page(text)
    assert page.text == text
    assert rebuilt(clean_page(text, excerpts=True)) is not None


def test_many_pairs_are_all_found() -> None:
    draw = random.Random(3)
    words = ["".join(draw.choice("abcdefghij") for _ in range(6)) for _ in range(4_000)]
    lines = [" ".join(draw.choice(words) for _ in range(60)) + "." for _ in range(1_500)]
    page = clean_page("\n".join(line for part in lines for line in (part, part)))
    assert len(page.repeats) == len(lines)
    assert page.text == "\n".join(lines)


def test_what_was_kept_first_and_dropped_later_names_the_last_copy() -> None:
    main = ENGLISH[9]
    parts = [doubles.shortened(main.text, 0.5), doubles.shortened(main.text, 0.75), main.text]
    page = clean_page("\n\nShare\nPrint\n\n".join(parts))
    assert main.text.strip() in page.text
    gone = [repeat.dropped for repeat in page.repeats]
    for repeat in page.repeats:
        assert not any(span.start < repeat.kept.end and repeat.kept.start < span.end for span in gone)


def test_rounds_are_bounded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ENGLISH[9]
    parts = [doubles.shortened(main.text, 0.5), doubles.shortened(main.text, 0.75), main.text]
    monkeypatch.setattr("dedup.inpage.ROUNDS", 1)
    page = clean_page("\n\nShare\nPrint\n\n".join(parts))
    assert not page.complete
    assert ROUNDS > 1


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="give a text, or html="):
        clean_page()
    with pytest.raises(TypeError, match="give a text, or html="):
        clean_page("a", html="b")
    with pytest.raises(TypeError, match="bytes"):
        clean_page(b"a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="html is an int, not a str or bytes"):
        clean_page(html=3)  # type: ignore[arg-type]


def test_html_is_read_by_its_blocks() -> None:
    pytest.importorskip("html_text")
    main = ENGLISH[0]
    body = "".join(f"<p>{part}</p>" for part in doubles.paragraphs(main.text))
    page = clean_page(
        html=f"<html><body><h1>{main.title}</h1>{body}<ul><li>Share<li>Print</ul><div>{body}</div></body></html>"
    )
    assert len(page.repeats) == 1
    assert page.text.count(sentences(main.text)[0].strip()) == 1


def test_paragraphs_are_those_of_the_input() -> None:
    text = aggregated(*ENGLISH[:2])
    page = clean_page(text)
    assert page.paragraphs == paragraphs(text)


def test_a_notebook_shows_what_goes() -> None:
    main = ENGLISH[1]._replace(title="<script>alert(1)</script>")
    page = clean_page(aggregated(main, ENGLISH[2], extra="One & only. "))
    shown = page._repr_html_()
    assert "dropped A: part of the paragraph; body" in shown
    assert "One &amp; only.<del>" in shown
    struck = "".join(re.findall("<del>(.*?)</del>", shown))
    assert html.unescape(struck).strip() == "".join(
        page.source[r.dropped.start : r.dropped.end].strip() for r in page.repeats
    )
    assert "<script>" not in shown
    assert repr(clean_page("a")) == "<Page: 0 repeats, 0 words dropped>"


def test_the_public_names() -> None:
    assert dedup.Span is Span
    page = dedup.clean_page(aggregated(*ENGLISH[:2]))
    assert isinstance(page, dedup.Page)
    assert isinstance(page.repeats[0], dedup.Repeat)
    assert isinstance(page.paragraphs[0], dedup.Paragraph)
