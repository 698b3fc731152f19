"""Boilerplate: what a site repeats around different articles is set aside, and nothing that one article repeats."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import boilerplate, sources
from dedup.boilerplate import CONTEXTS, Cores, cores, digests
from dedup.corpus import CONTEXT, OPENING, Corpus, read, silent
from dedup.kernels import boilerplate as kernel
from dedup.settings import Settings
from dedup.sources import RecordSource
from dedup.spool import Workspace
from tests import reference, reference_pieces
from tests.hostile import article
from tests.reference_pieces import Context
from tests.test_corpus import Record

LANGUAGES: Final[dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "cases/boilerplate.json").read_text("utf-8")
)
ENGLISH: Final = LANGUAGES["English"]["articles"]
FURNITURE: Final = LANGUAGES["English"]["furniture"]
LONG: Final = (
    "All photographs on this page were taken by readers of the Courier, who sent them in during the month of May: the "
    "pier at dawn, two seals, a wedding on the beach, the mayor on a horse, and the storm that took the roof of the hall."
)
BANNER: Final = "We and our partners use cookies to show you better content and advertising on this page."

quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def found_in(given: Sequence[Record], folder: Path | None = None, pool: Executor | None = None) -> tuple[Corpus, Cores]:
    """What is known of records, with the tokens as they were, and their cores."""
    with Workspace(folder) as workspace:
        source = RecordSource(given, Settings().fields)
        corpus = read(source, Settings(), workspace, None, silent)
        whole = replace(corpus, tokens=corpus.tokens._replace(values=corpus.tokens.values.copy()))
        return whole, cores(source, corpus, workspace, pool)


def marked(given: Sequence[Record]) -> list[list[int]]:
    """Which pieces of every record are set aside, by their places in it; checks the cores as it goes."""
    corpus, found = found_in(given)
    check(corpus, found)
    if found.marks is None:
        return [[] for _ in given]
    return [np.flatnonzero(found.marks[a:b]).tolist() for a, b in itertools.pairwise(corpus.piece_heads)]


def check(corpus: Corpus, found: Cores) -> None:
    """The tokens of every core are those of the text without the marked pieces."""
    if found.marks is None:
        for ours, theirs in zip(found.tokens, corpus.tokens, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        return
    assert found.marks.dtype == np.uint8
    assert len(found.marks) == len(corpus.piece_keys)
    assert found.marks.max() == 1
    for row in range(len(corpus.lengths)):
        text = corpus.tokens.values[corpus.tokens.starts[row] : corpus.tokens.ends[row]]
        pieces = slice(corpus.piece_heads[row], corpus.piece_heads[row + 1])
        left = np.repeat(found.marks[pieces] == 0, corpus.piece_lengths[pieces])
        assert text[left].tolist() == found.tokens.values[found.tokens.starts[row] : found.tokens.ends[row]].tolist()


def site(name: str | None, articles: Sequence[Sequence[str]], layout: str = "{}") -> list[dict[str, Any]]:
    """Articles (title, text) of a site, each within its layout."""
    where = {} if name is None else {"url": f"https://{name}/news"}
    return [{"title": title, "text": layout.replace("{}", text), **where} for title, text in articles]


def last(given: Sequence[Record]) -> list[list[int]]:
    """For each record its last piece, alone."""
    return [[len(reference_pieces.pieces(r if isinstance(r, str) else r["text"])) - 1] for r in given]


# What is set aside


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("layout", ["{}\nX", "X\n{}", "{} X", "X {}", "{}\n\nX\r\n"])
def test_furniture_of_three_articles_is_set_aside(language: str, layout: str) -> None:
    furniture, articles = LANGUAGES[language]["furniture"], LANGUAGES[language]["articles"][:3]
    given = site("one.example", articles, layout.replace("X", furniture))
    assert marked(given) == ([[0]] * 3 if layout.startswith("X") else last(given))


@pytest.mark.parametrize("language", LANGUAGES)
def test_furniture_of_two_articles_is_not(language: str) -> None:
    furniture, articles = LANGUAGES[language]["furniture"], LANGUAGES[language]["articles"]
    assert marked(site("one.example", articles[:2], "{}\n" + furniture)) == [[], []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_articles_without_furniture_are_whole(language: str) -> None:
    assert marked(site("one.example", LANGUAGES[language]["articles"])) == [[]] * len(LANGUAGES[language]["articles"])


def test_furniture_of_another_site_is_not() -> None:
    given = [
        *site("one.example", ENGLISH[:2], "{}\n" + FURNITURE),
        *site("two.example", ENGLISH[2:], "{}\n" + FURNITURE),
    ]
    assert marked(given) == [[]] * 4
    given = [
        *site("one.example", ENGLISH[:3], "{}\n" + FURNITURE),
        *site("two.example", ENGLISH[3:], "{}\n" + FURNITURE),
    ]
    assert marked(given) == [*last(given)[:3], []]


def test_all_of_the_site_is_marked_once_it_is_known() -> None:
    """In other records too, whatever their contexts."""
    same = {**site("one.example", ENGLISH[:1])[0], "text": f"Home\n{FURNITURE}\n{article(4)}"}
    given = [*site("one.example", ENGLISH[:3], "{}\n" + FURNITURE), same, same]
    assert marked(given) == [*last(given)[:3], [1], [1]]


def test_a_glued_sentence_within_a_line_is_found() -> None:
    layouts = [
        f"Ellery. {FURNITURE} {{}}",
        f"{{}} {FURNITURE} More of it follows on the next page.",
        f"{{}} {FURNITURE}",
    ]
    given = [site("one.example", [one], layout)[0] for one, layout in zip(ENGLISH, layouts, strict=False)]
    glued = [f"Ellery. {FURNITURE}", FURNITURE, FURNITURE]
    found = marked(given)
    pieces = [reference_pieces.pieces(r["text"]) for r in given]
    key = reference_pieces.pieces(FURNITURE)[0]
    assert reference_pieces.pieces(glued[0])[0] != key  # the short sentence before it takes it in: another piece
    assert found == [[]] * 3
    given[0] = site("one.example", ENGLISH[:1], f"Ellery is a town in the far North. {FURNITURE} {{}}")[0]
    pieces[0] = reference_pieces.pieces(given[0]["text"])
    assert marked(given) == [[piece.index(key)] for piece in pieces]


def test_a_gallery_under_three_articles_is_set_aside() -> None:
    """Several lines, of nearly as many words as the articles."""
    articles = [(title, f"{text}\n{article(i, 230)}") for i, (title, text) in enumerate(ENGLISH[:3])]
    given = site("one.example", articles, "{}\n" + f"{LONG}\n{article(11, 100)}\n{article(12, 100)}")
    found = marked(given)
    ends = [len(reference_pieces.pieces(r["text"])) for r in given]
    assert found == [list(range(end - 3, end)) for end in ends]


def test_articles_that_share_half_of_their_words_are_one() -> None:
    """Whatever their titles are, if they begin alike; under unlike titles and openings, what they share may be long."""
    articles = [(title, f"{article(i, 50)}\n") for i, (title, _) in enumerate(ENGLISH[:3])]
    assert marked(site("one.example", articles, article(11, 49) + "\n{}")) == [[0]] * 3
    assert marked(site("one.example", articles, article(11, 50) + "\n{}")) == [[]] * 3
    assert marked(site("one.example", articles, "{}\n" + article(11, 90))) == [[1]] * 3
    bare = [
        {k: v for k, v in r.items() if k != "title"} for r in site("one.example", articles, "{}\n" + article(11, 50))
    ]
    assert marked(bare) == [[]] * 3


def test_a_banner_of_many_words_above_the_articles() -> None:
    articles = [(title, f"{text}\n{article(i)}") for i, (title, text) in enumerate(ENGLISH)]
    given = site("one.example", articles, f"{BANNER}\n{{}}\n{FURNITURE}")
    assert marked(given) == [[0, *end] for end in last(given)]


def test_furniture_is_found_however_it_is_written() -> None:
    written = [FURNITURE, FURNITURE.upper(), FURNITURE.replace(" ", "  ").removesuffix(".") + "!"]
    given = [site("one.example", [one], "{}\n" + f)[0] for one, f in zip(ENGLISH, written, strict=False)]
    assert marked(given) == last(given)


# What is not


def test_an_article_crawled_many_times_is_whole() -> None:
    title, text = ENGLISH[0]
    copies = [{"title": title, "text": text + f"\nRead {i} times", "url": "https://one.example/1"} for i in range(50)]
    assert marked(copies) == [[]] * 50
    assert marked([{**copies[0], "title": f"{title} | {i} | Ellery Courier"} for i in range(50)]) == [[]] * 50


def test_an_article_under_other_titles_is_whole() -> None:
    """Its copies are edited further down; they all open alike."""
    text = ENGLISH[0][1]
    titles = [title for title, _ in ENGLISH]
    copies = [{"title": title, "text": f"{text} Edited {i}.", "site": "x"} for i, title in enumerate(titles)]
    assert marked(copies) == [[]] * 4


def test_articles_under_one_title_are_whole() -> None:
    """A live blog, whose openings change, and whose older parts do not."""
    old = f"{LONG}\n{article(7)}"
    assert marked([{"title": "Storm, live", "text": f"{text}\n{old}", "site": "x"} for _, text in ENGLISH]) == [[]] * 4


def test_titles_that_share_half_of_their_words_are_alike() -> None:
    layout = "{}\n" + FURNITURE
    titles = ["Storm one two", "Storm one three", "Storm four one"]
    texts = [text for _, text in ENGLISH]
    assert marked(site("x.example", list(zip(titles, texts, strict=False)), layout)) == [[]] * 3
    titles[2] = "Storm four five"
    assert marked(site("x.example", list(zip(titles, texts, strict=False)), layout)) == [[]] * 3
    titles[1] = "Storm six seven"
    given = site("x.example", list(zip(titles, texts, strict=False)), layout)
    assert marked(given) == last(given)


def test_a_sentence_that_one_text_repeats_is_no_boilerplate() -> None:
    given = [{"title": ENGLISH[0][0], "text": f"{ENGLISH[0][1]}\n" + f"{FURNITURE}\n" * 20, "site": "x"}]
    assert marked(given) == [[]]


# Titles and sites that are not known


def test_records_without_titles_are_told_by_their_openings() -> None:
    layout = "{}\n" + FURNITURE
    given = [{k: v for k, v in record.items() if k != "title"} for record in site("one.example", ENGLISH[:3], layout)]
    assert marked(given) == last(given)
    opened = [{**record, "text": f"{LONG} {record['text']}"} for record in given]
    assert marked(opened) == [[]] * 3
    given[1]["title"] = given[2]["title"] = "One title"
    assert marked(given) == [[]] * 3


def test_records_without_a_site_are_of_one_unknown_site() -> None:
    layout = "{}\n" + FURNITURE
    given: list[Record] = [*site(None, ENGLISH[:2], layout), ENGLISH[2][1] + "\n" + FURNITURE]
    assert marked(given) == last(given)
    known = site("one.example", ENGLISH[3:], layout)
    assert marked([*given, *known]) == [*last(given), []]
    assert marked([*given[:2], *known]) == [[]] * 3


# Whole texts


def test_a_whole_text_under_three_titles_is_furniture() -> None:
    """A consent page, served in the place of articles."""
    page = f"{LONG}\n{FURNITURE}\nClose"
    given = [{"title": title, "text": page, "url": "https://one.example"} for title, _ in ENGLISH]
    assert marked(given[:3]) == [list(range(len(reference_pieces.pieces(page))))] * 3
    assert marked(given[:2]) == [[]] * 2
    assert marked([{**record, "title": "One title"} for record in given]) == [[]] * 4
    assert marked([{"text": page, "url": "https://one.example"} for _ in given]) == [[]] * 4
    assert marked([*given[:2], {**given[2], "url": "https://two.example"}]) == [[]] * 3


def test_a_whole_text_is_furniture_where_it_is_a_part_too() -> None:
    page = f"{LONG}\n{FURNITURE}"
    given = [{"title": title, "text": page, "site": "x"} for title, _ in ENGLISH[:3]]
    other = {"title": "Other", "text": f"{ENGLISH[3][1]}\n{page}", "site": "x"}
    pieces = len(reference_pieces.pieces(page))
    whole = len(reference_pieces.pieces(other["text"]))
    assert marked([*given, other]) == [*[list(range(pieces))] * 3, list(range(whole - pieces, whole))]


def test_short_whole_texts_are_furniture() -> None:
    given = [{"title": title, "text": "Please log in!", "site": "x"} for title, _ in ENGLISH[:3]]
    assert marked(given) == [[0]] * 3


# Order, batches, chunks, slots


def mixed() -> list[Record]:
    """Sites in all languages with furniture, bare pages, and an article crawled often."""
    found: list[Record] = [{"text": ENGLISH[0][1], "title": ENGLISH[0][0], "site": "crawled"}] * 5
    for name, case in LANGUAGES.items():
        articles = [(title, f"{text}\n{article(len(text))}") for title, text in case["articles"]]
        found += site(f"{name}.example", articles, "{}\n" + case["furniture"] + f"\n{LONG}")
        found += site(None, case["articles"][:1], case["furniture"] + "\n{}\n" + FURNITURE)
    found += [{"text": FURNITURE, "title": title, "site": "bare"} for title, _ in ENGLISH]
    return [*found, "", {"text": ""}]


@settings(quick, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_input_is_nothing(shuffler: random.Random) -> None:
    given = mixed()
    expected = marked(given)
    assert sum(map(len, expected)) > 40
    order = list(range(len(given)))
    shuffler.shuffle(order)
    assert marked([given[i] for i in order]) == [expected[i] for i in order]


@pytest.mark.parametrize("size", [1, 500, 3_000])
def test_borders_of_batches_are_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = marked(mixed())
    monkeypatch.setattr(sources, "BATCH_BYTES", size)
    assert marked(mixed()) == expected


@pytest.mark.parametrize(("name", "size"), [("_SLOTS", 1), ("_PART", 1), ("_PART", 50), ("_BITS", 1), ("_BITS", 12)])
def test_sizes_of_working_data_are_nothing(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, found = found_in(mixed())
    monkeypatch.setattr(boilerplate, name, size)
    again, other = found_in(mixed())
    check(again, other)
    for ours, theirs in zip((*found.tokens, found.marks), (*other.tokens, other.marks), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert corpus.spool.size > 0


def test_few_slots_are_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that share a slot are told apart by their keys."""
    expected = marked(mixed())
    real = kernel.tally

    def crowded(keys: Any, ends: Any, sites: Any, table: NDArray[np.uint8], limit: int) -> None:
        real(keys, ends, sites, table, limit)
        table[:] = limit

    monkeypatch.setattr(kernel, "tally", crowded)
    assert marked(mixed()) == expected


@pytest.mark.parametrize("size", [1, 60])
@pytest.mark.parametrize("threads", [1, 3])
def test_stretches_and_threads_are_nothing(
    size: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_in(mixed())[1]
    monkeypatch.setattr("dedup.stretches.STRETCH", size)
    with ThreadPoolExecutor(threads) as pool:
        for folder in (None, tmp_path):
            whole, other = found_in(mixed(), folder, pool)
            check(whole, other)
            for one, another in zip((*found.tokens, found.marks), (*other.tokens, other.marks), strict=True):
                np.testing.assert_array_equal(one, another)


def test_a_folder_is_nothing(tmp_path: Path) -> None:
    ours, theirs = found_in(mixed())[1], found_in(mixed(), tmp_path)[1]
    for one, other in zip((*ours.tokens, ours.marks), (*theirs.tokens, theirs.marks), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_to_set_aside() -> None:
    for records in ([], ["", ""], ["a"], ["one", "two", "three"]):
        corpus, found = found_in(records)
        check(corpus, found)
        assert found.marks is None


# Defects


def test_bare_pages_do_not_hide_furniture() -> None:
    """Five articles have it; the pages, of little else, come first by their digests now and then."""
    articles = [(title, f"{text}\n{article(i)}") for i, (title, text) in enumerate([*ENGLISH, ("Another one", "Ok.")])]
    given = site("one.example", articles, "{}\n" + FURNITURE)
    for n in range(20):
        bare = site("one.example", [(article(n, 5), f"Photo {n}\n{FURNITURE}")])
        assert marked([*given, *bare])[:5] == last(given)


def test_rows_of_one_context_are_told_by_what_they_are() -> None:
    """Two texts of one title and opening, of which one holds most of the next article."""
    for n in range(10):
        titles = [article(500 + 10 * n + i, 5) for i in range(3)]
        first, second, third = (article(10 * n + i, 60) for i in range(3))
        given = site(
            "one.example",
            [
                (titles[0], f"{LONG}\n{second}"),
                (titles[0], f"{LONG}\n{first}"),
                (titles[1], f"{second}\nOnly here: {n}"),
                (titles[2], third),
            ],
            "{}\n" + FURNITURE,
        )
        order = [1, 0, 2, 3]
        found = marked(given)
        assert marked([given[i] for i in order]) == [found[i] for i in order]


def test_a_whole_text_that_is_cut_into_other_lines() -> None:
    page = article(5, 24)
    words = page.split()
    cuts = [page, *(" ".join(words[:n]) + "\n" + " ".join(words[n:]) for n in (9, 15))]
    given = [{"title": title, "text": text, "site": "x"} for (title, _), text in zip(ENGLISH, cuts, strict=False)]
    assert [len(found) for found in marked(given)] == [1, 2, 2]


# Against the twins

few = st.lists(st.integers(1, 9), max_size=6, unique=True)
sentence = st.sampled_from([(1,), (2, 2), (3, 3, 3), (4, 4, 4, 4), (5,) * 9, (6,) * 2])
contexts = st.builds(Context, few, few, st.lists(sentence, max_size=6))


def row_of(context: Context, width: int = 6) -> list[list[int]]:
    return [words + [0] * (width - len(words)) for words in context[:2]]


def rows_of(found: Sequence[Context]) -> NDArray[np.uint32]:
    return np.array([row_of(context) for context in found], np.uint32).reshape(-1, 2, 6)


def texts_of(found: Sequence[Context]) -> tuple[Any, ...]:
    """Contexts as the kernels take them: words, keys and lengths of pieces, heads."""
    pieces = [piece for context in found for piece in context.pieces]
    keys = np.array([2**64 - 1 - piece[0] for piece in pieces], np.uint64)
    heads = np.concatenate(([0], np.cumsum([len(context.pieces) for context in found]))).astype(np.int64)
    return rows_of(found), keys, np.array([len(piece) for piece in pieces], np.uint32), heads


@quick
@given(few, few)
def test_share_few_is_that_of_the_twin(a: list[int], b: list[int]) -> None:
    (left, right) = rows_of([Context(a, b)])[0]
    assert kernel.share_few(left, right) == kernel.share_few(right, left) == reference_pieces.share_few(a, b)


@quick
@given(contexts, contexts)
def test_unlike_is_that_of_the_twin(a: Context, b: Context) -> None:
    words, keys, lengths, heads = texts_of([a, b])
    for i, j in ((0, 1), (1, 0)):
        assert kernel.mostly_shared(keys, lengths, heads, i, j) == reference_pieces.mostly_shared(a, b)
        assert kernel.unlike(words, keys, lengths, heads, i, j) == reference_pieces.unlike(a, b)


@quick
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 2**63, 2**64 - 1]), st.integers(0, 5)), max_size=14),
    st.lists(contexts, min_size=6, max_size=6),
    st.integers(1, 4),
)
def test_many_contexts_are_those_of_the_twin(entries: list[tuple[int, int]], made: list[Context], need: int) -> None:
    entries.sort()
    keys, rows = np.array([k for k, _ in entries], np.uint64), np.array([r for _, r in entries], np.int32)
    out = np.empty(len(keys) // need + 1, np.uint64)
    words, piece_keys, lengths, heads = texts_of(made)
    found = out[: kernel.many_contexts(keys, rows, words, piece_keys, lengths, heads, np.empty(0, np.int32), need, out)]
    assert found.tolist() == reference_pieces.many_contexts(keys.tolist(), [made[r] for r in rows], need)


@quick
@given(st.lists(contexts, min_size=1, max_size=8), st.integers(1, 4))
def test_many_titles_are_those_of_the_twin(made: list[Context], need: int) -> None:
    rows = np.arange(len(made))[::-1].copy()
    assert kernel.many_titles(rows_of(made), rows, need) == reference_pieces.many_titles(made[::-1], need)


@quick
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 30), max_size=25),
            st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=25), max_size=5),
        ),
        max_size=5,
    ),
    st.integers(1, 14),
)
def test_contexts_are_those_of_the_twin(given: list[tuple[list[int], list[list[int]]]], least: int) -> None:
    def flat(parts: Sequence[Sequence[int]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        values = [value for part in parts for value in part]
        return np.array(values, np.uint32), np.cumsum([len(part) for part in parts], dtype=np.int64)

    titles, title_ends = flat([title for title, _ in given])
    tokens, pieces = flat([piece for _, text in given for piece in text])
    ends = np.cumsum([sum(map(len, text)) for _, text in given], dtype=np.int64)
    starts = ends - np.array([sum(map(len, text)) for _, text in given], np.int64)
    piece_ends = np.cumsum([len(text) for _, text in given], dtype=np.int64)
    out = np.full((len(given), 2, CONTEXT), 77, np.uint32)
    kernel.contexts(titles, title_ends, tokens, starts, pieces, piece_ends, least, out)
    for row, (title, text) in enumerate(given):
        expected = reference_pieces.context(title, text, least, CONTEXT)
        assert out[row].tolist() == row_of(expected, CONTEXT)


def test_digests_are_of_what_contexts_are() -> None:
    made = np.random.default_rng(1).integers(0, 3, (500, 2, 4)).astype(np.uint32)
    found = digests(made)
    assert found.dtype == np.uint64
    assert digests(made[::-1].copy())[::-1].tolist() == found.tolist()
    for row, value in zip(made[:20], found[:20].tolist(), strict=True):
        a, b = reference.text_hash(row.ravel().tolist())
        assert value == a ^ b
    assert len(np.unique(found)) == len(np.unique(made.reshape(500, -1), axis=0))
    assert digests(made[:0]).tolist() == []


def may_be_set_aside(given: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The pieces of records with title, text and site for which so many articles, or titles of a whole text, exist."""
    pieces = [[tuple(piece) for piece in reference_pieces.pieces(r["text"])] for r in given]
    titles = [[word.value for word in reference.tokenize(r["title"])] for r in given]
    made = [reference_pieces.context(t, p, OPENING, CONTEXT) for t, p in zip(titles, pieces, strict=True)]
    known = set()
    for name in {r["site"] for r in given}:
        mine = [row for row, r in enumerate(given) if r["site"] == name]
        for piece in {piece for row in mine for piece in pieces[row]}:
            stands = [made[row] for row in mine if piece in pieces[row]]
            if any(
                all(reference_pieces.unlike(a, b) for a, b in itertools.combinations(some, 2))
                for some in itertools.combinations(stands, CONTEXTS)
            ):
                known.add((name, piece))
        for text in {tuple(pieces[row]) for row in mine}:
            whole = [made[row] for row in mine if tuple(pieces[row]) == text]
            if any(reference_pieces.many_titles(some, CONTEXTS) for some in itertools.combinations(whole, CONTEXTS)):
                known |= {(name, piece) for piece in text}
    return [[i for i, p in enumerate(pieces[row]) if (r["site"], p) in known] for row, r in enumerate(given)]


LINES: Final = [article(n, 14) for n in range(5)] + ["Share", "Read more now", FURNITURE, "Close"]


@quick
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "title": st.sampled_from(["", *(title for title, _ in ENGLISH), "Ferry stays in harbour"]),
                "text": st.lists(st.sampled_from(LINES), max_size=5).map("\n".join),
                "site": st.sampled_from(["one", "two"]),
            }
        ),
        max_size=14,
    )
)
def test_what_is_set_aside_may_be(given: list[dict[str, Any]]) -> None:
    """Which of several articles that share much are chosen is left to the kernel."""
    for found, possible in zip(marked(given), may_be_set_aside(given), strict=True):
        assert set(found) <= set(possible)


TITLES = (
    "Bridge reopens",
    "Mayor resigns at last",
    "Storm over the lake",
    "School gets a roof",
    "Ferries stay in port",
)


def test_agency_lines_are_set_aside_across_sites() -> None:
    """Five articles at five sites have the line; at four sites it is text."""
    line = "This report was written by the Northern News Agency and may not be reprinted without its consent."
    for count in (4, 5):
        rows = [
            {
                "id": n,
                "site": f"s{n}.example",
                "title": TITLES[n],
                "text": f"{article(n)}\n{line}",
            }
            for n in range(count)
        ]
        assert [set_aside(rows)] == [count >= 5]


def set_aside(rows: list[dict[str, object]]) -> bool:
    """Whether anything was seen as boilerplate."""
    import dedup

    return bool(dedup.deduplicate(rows).boilerplate())
