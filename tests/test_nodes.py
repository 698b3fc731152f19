"""Nodes: equal texts are one, unless they are other pages or of other times; their numbers depend on what they are."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import boilerplate, nodes
from dedup.alignment import Tokens
from dedup.boilerplate import Cores
from dedup.corpus import Corpus, read
from dedup.nodes import Nodes
from dedup.relations import THIN
from dedup.settings import Settings
from dedup.sources import RecordSource
from dedup.spool import Workspace
from tests import reference
from tests.hostile import article

Record = Mapping[str, Any]

FURNITURE: Final = (
    "All rights reserved by the Ellery Courier and its partners.\n"
    "Sign up for our letter, never miss news from here.\n"
    "Share this story with your friends and with all others.\n"
)
"""Lines of fewer words than an opening has."""

quick = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


def gathered(
    given: Sequence[Record | str], made: Settings | None = None, bare: bool = True
) -> tuple[Nodes, Corpus, Cores]:
    """The nodes of some records; `bare`: after their boilerplate was set aside."""
    made, workspace = made or Settings(), Workspace(None)
    source = RecordSource(given, made.fields)
    corpus = read(source, made, workspace, None, lambda stage, done, total: None)
    cores = boilerplate.cores(source, corpus, workspace) if bare else Cores(corpus.tokens, None)
    return nodes.gather(source, corpus, cores, made), corpus, cores


def groups(found: Nodes) -> list[list[int]]:
    """The rows of every node."""
    return [found.rows[a:b].tolist() for a, b in zip(found.heads, found.heads[1:], strict=False)]


def partition(found: Nodes) -> set[frozenset[int]]:
    return set(map(frozenset, groups(found)))


def texts_of(tokens: Tokens) -> list[list[int]]:
    return [tokens.values[a:b].tolist() for a, b in zip(tokens.starts, tokens.ends, strict=True)]


def check(found: Nodes, lengths: NDArray[np.int64], least: int) -> None:
    """What holds of any nodes."""
    count = len(found.heads) - 1
    rows = groups(found)
    assert all(rows)
    assert sorted(row for group in rows for row in group) == np.flatnonzero(lengths).tolist()
    assert [found.of[row] for group in rows for row in group] == [i for i, group in enumerate(rows) for _ in group]
    assert (found.of[lengths == 0] == -1).all()
    assert found.first.tolist() == [group[0] for group in rows]
    assert len(found.lengths) == len(found.left) == count
    assert (np.diff(found.lengths) <= 0).all()
    assert found.long == sum(size >= least for size in found.lengths.tolist())
    assert ((found.left >= 0) & (found.left <= 1)).all()


def bare(site: str, count: int, own: str = "", **more: Any) -> list[Record]:
    """Records of one site that hold no more than its furniture, under as many titles, and with it three articles."""
    articles = [
        {
            "text": FURNITURE + article(900 + i),
            "title": article(800 + i, 5),
            "site": site,
            "url": f"https://{site}/a{i}",
        }
        for i in range(3)
    ]
    pages = [
        {"text": FURNITURE + own, "title": article(700 + i, 5), "site": site, "url": f"https://{site}/p-{i}", **more}
        for i in range(count)
    ]
    return [*articles, *pages]


# Equal texts


def test_equal_texts_are_one_node() -> None:
    one, two = article(1), article(2, 60)
    found, corpus, _ = gathered([one, two, "", one.upper() + "!", {"text": f" {one}"}, two.replace(" ", "\n"), " …"])
    check(found, corpus.lengths, 25)
    assert groups(found) == [[0, 3, 4], [1, 5]]
    assert found.of.tolist() == [0, 1, -1, 0, 0, 1, -1]
    assert found.left.tolist() == [1.0, 1.0]
    assert (found.long, found.thin) == (2, 0)


def test_nodes_are_numbered_by_length_and_then_by_hash() -> None:
    texts = [article(n, 30 + 10 * (n % 3)) for n in range(30)]
    found, corpus, _ = gathered(texts)
    tokens = texts_of(corpus.tokens)
    expected = sorted(range(30), key=lambda row: (-len(tokens[row]), reference.text_hash(tokens[row])))
    assert [row for (row,) in groups(found)] == expected
    assert texts_of(found.tokens) == [tokens[row] for row in expected]
    assert found.lengths.tolist() == sorted((len(t) for t in tokens), reverse=True)


@quick
@given(
    st.lists(st.sampled_from([(n, w) for n in range(4) for w in (0, 3, 10, 25, 40)]), max_size=20), st.integers(5, 41)
)
def test_nodes_are_the_distinct_texts(given: list[tuple[int, int]], least: int) -> None:
    found, corpus, _ = gathered([article(n, w) for n, w in given], Settings(min_tokens=least))
    check(found, corpus.lengths, least)
    expected = defaultdict(set)
    for row, text in enumerate(given):
        if text[1]:
            expected[text].add(row)
    assert partition(found) == set(map(frozenset, expected.values()))


@quick
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_nothing(shuffler: random.Random) -> None:
    given = [
        *bare("one.example", 4),
        *bare("two.example", 2),
        *({"text": article(n % 7, 20 + n % 7)} for n in range(12)),
    ]
    found = gathered(given)[0]
    order = list(range(len(given)))
    shuffler.shuffle(order)
    again = gathered([given[i] for i in order])[0]
    assert [sorted(order[row] for row in group) for group in groups(again)] == [
        sorted(group) for group in groups(found)
    ]
    assert texts_of(again.tokens) == texts_of(found.tokens)
    assert again.left.tolist() == found.left.tolist()
    assert (again.long, again.thin) == (found.long, found.thin)


def test_short_texts_are_told_by_their_signs_and_long_ones_are_not() -> None:
    assert len(groups(gathered(["C", "C++", "c", "(C)"])[0])) == 3
    text = article(1, 30)
    assert len(groups(gathered([text, f"({text})", text + "++"])[0])) == 1


def test_rows_of_a_node_stand_in_input_order_where_they_are_of_one_site() -> None:
    text = article(5)
    found = gathered([{"text": text, "id": i, "site": "x.example"} for i in range(9)])[0]
    assert groups(found) == [list(range(9))]


def test_the_longest_core_stands_for_a_node() -> None:
    """A text that is bare on one site, and whole on another."""
    furniture = FURNITURE + article(42, 60)
    given = [
        *bare("one.example", 0),
        {"text": furniture, "site": "one.example"},
        {"text": furniture, "site": "two.example"},
    ]
    found, corpus, cores = gathered(given)
    node = found.of[3]
    assert found.of[4] == node
    sizes = cores.tokens.ends - cores.tokens.starts
    assert sizes[3] < sizes[4] == corpus.lengths[4] == found.lengths[node]
    assert found.left[node] == 1.0
    assert found.first[node] == 4


def test_nothing() -> None:
    for records in ([], ["", " "]):
        found, corpus, _ = gathered(records)
        check(found, corpus.lengths, 25)
        assert (groups(found), found.long, found.thin) == ([], 0, 0)


# Texts of which nothing but boilerplate is left


def test_bare_texts_of_other_pages_are_apart_and_counted() -> None:
    found, corpus, cores = gathered(bare("one.example", 4))
    check(found, corpus.lengths, 25)
    assert {frozenset([row]) for row in (3, 4, 5, 6)} <= partition(found)
    assert found.thin == 3
    assert found.left[found.of[3:]].tolist() == [0.0] * 4
    assert (cores.tokens.ends - cores.tokens.starts)[3:].tolist() == [0] * 4


def test_bare_texts_of_one_page_are_one() -> None:
    given = [*bare("one.example", 2), *bare("one.example", 2)[3:]]
    given[5] = {**given[5], "url": "http://www.one.example/p-0/?utm_source=x", "title": "Another title of that page"}
    found = gathered(given)[0]
    assert {frozenset([3, 5]), frozenset([4, 6])} <= partition(found)
    assert found.thin == 1


def test_bare_texts_without_a_url_are_parted_by_title() -> None:
    pages = [{k: v for k, v in record.items() if k != "url"} for record in bare("one.example", 3)]
    found = gathered([*pages, pages[-1]])[0]
    assert {frozenset([3]), frozenset([4]), frozenset([5, 6])} <= partition(found)
    assert found.thin == 2


def test_bare_texts_of_a_home_page_are_parted_by_title() -> None:
    pages = bare("one.example", 3)
    given = [*pages[:3], *({**page, "url": "https://one.example/"} for page in pages[3:])]
    assert gathered(given)[0].thin == 2


def test_bare_texts_with_neither_are_parted_by_all_of_the_record() -> None:
    text = {"text": FURNITURE, "site": "one.example"}
    given = [*bare("one.example", 0), *({**text, "note": note} for note in (1, 2, 2, 3))]
    found = gathered(given)[0]
    assert {frozenset([3]), frozenset([4, 5]), frozenset([6])} <= partition(found)
    assert found.thin == 2


def test_bare_texts_with_some_words_of_their_own_are_parted_by_title_first() -> None:
    """The title then confirms that they are the same, wherever they stand."""
    own = article(77, 30)
    furniture = FURNITURE * 2
    articles = [{**record, "text": furniture + article(60 + i)} for i, record in enumerate(bare("one.example", 0))]
    pages = [
        {"text": furniture + own, "title": title, "site": "one.example", "url": f"https://one.example/{i}-x"}
        for i, title in enumerate(["One", "One", "Two"])
    ]
    found, corpus, cores = gathered([*articles, *pages])
    sizes = cores.tokens.ends - cores.tokens.starts
    assert sizes[3:].tolist() == [30] * 3
    assert THIN * corpus.lengths[3] > 30
    assert {frozenset([3, 4]), frozenset([5])} <= partition(found)
    assert found.thin == 1


def test_texts_of_which_enough_is_left_are_one() -> None:
    found = gathered(bare("one.example", 2, own=article(78, 200)))[0]
    assert frozenset([3, 4]) in partition(found)
    assert found.thin == 0


def test_without_boilerplate_nothing_is_parted() -> None:
    given = bare("one.example", 3)
    found = gathered(given, bare=False)[0]
    assert frozenset([3, 4, 5]) in partition(found)
    assert found.thin == 0


def test_bare_texts_of_two_sites_are_apart() -> None:
    given = [*bare("one.example", 1), *bare("two.example", 1)]
    found = gathered(given)[0]
    assert {frozenset([3]), frozenset([7])} <= partition(found)
    assert found.thin == 1


# Dates


def dated(*dates: str | None, text: str | None = None) -> list[Record]:
    return [{"text": text or article(1), "id": str(i), "published": date} for i, date in enumerate(dates)]


def test_equal_texts_of_other_times_are_apart() -> None:
    given = dated("2024-01-01", "2024-01-20", "2024-03-01", None, "2024-03-31", "2024-01-31")
    assert partition(gathered(given, Settings(window="30d"))[0]) == {frozenset([0, 1, 3, 5]), frozenset([2, 4])}
    assert partition(gathered(given)[0]) == {frozenset(range(6))}
    assert gathered(given, Settings(window="30d"))[0].thin == 0


def test_a_lot_begins_with_the_first_that_lies_outside_the_last() -> None:
    """Not a chain: each is no more than the window behind the first of its lot."""
    given = dated("2024-01-01", "2024-01-25", "2024-02-05", "2024-02-20")
    assert partition(gathered(given, Settings(window="30d"))[0]) == {frozenset([0, 1]), frozenset([2, 3])}


def test_the_window_is_exact_to_the_second() -> None:
    given = dated("2024-01-01T00:00:00Z", "2024-01-31T00:00:00Z", "2024-01-31T00:00:01Z")
    assert partition(gathered(given, Settings(window="30d"))[0]) == {frozenset([0, 1]), frozenset([2])}


def test_undated_texts_are_with_the_first() -> None:
    given = dated(None, "2024-03-01", None, "2024-01-01", "no date")
    assert partition(gathered(given, Settings(window="30d"))[0]) == {frozenset([0, 2, 3, 4]), frozenset([1])}
    assert partition(gathered(dated(None, None), Settings(window="30d"))[0]) == {frozenset([0, 1])}


def test_many_lots() -> None:
    given = dated(*(f"2024-{month:02d}-01" for month in range(1, 13)))
    found = gathered(given, Settings(window="10d"))[0]
    assert partition(found) == {frozenset([row]) for row in range(12)}


@quick
@given(st.lists(st.integers(1, 40), max_size=8), st.randoms(use_true_random=False))
def test_lots_do_not_depend_on_the_order(days: list[int], shuffler: random.Random) -> None:
    """Two lots of fifteen days at the most, and one text of another kind."""
    given = [
        *dated(*(f"2024-01-{day:02d}" if day < 32 else None for day in days)),
        *dated("2024-01-01", text=article(2)),
    ]
    found = gathered(given, Settings(window="15d"))[0]
    order = list(range(len(given)))
    shuffler.shuffle(order)
    again = gathered([given[i] for i in order], Settings(window="15d"))[0]
    assert [sorted(order[row] for row in group) for group in groups(again)] == [
        sorted(group) for group in groups(found)
    ]


def test_dates_part_only_equal_texts() -> None:
    given = [*dated("2024-01-01", "2024-06-01"), *dated("2024-06-01", text=article(2))]
    found, corpus, _ = gathered(given, Settings(window="1d"))
    check(found, corpus.lengths, 25)
    assert len(groups(found)) == 3
    assert texts_of(found.tokens).count(texts_of(corpus.tokens)[0]) == 2
