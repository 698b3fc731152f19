"""What two aligned texts differ in: against the slow twin, by hand, and on texts made to cost much."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.alignment import RUN, Tokens
from dedup.kernels import align
from dedup.kernels import contrast as kernel
from dedup.signatures import Texts, split, starts_of
from dedup.verify import FRAMING, GAP, LEAD_RUN, LEAD_WITHIN, LEAD_WORDS, NAMES, PLACE, measure_all
from tests import reference_align, reference_pieces
from tests.hostile import article

COUNTS: Final = 8

PLACES: Final = 4
"""So many of the counts are of places, or of what stands in them; behind them stand the inner words, then two of frames, and
last the common numbers."""

LEAD: Final = (LEAD_WORDS, LEAD_WITHIN, LEAD_RUN)

letters = st.lists(st.integers(1, 5), max_size=40)
quick = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


class Contrast(NamedTuple):
    """What `contrast_pairs` finds of a pair; of its counts the first four, which are of places, and the two of `frames`."""

    leads: tuple[float, float]
    counts: list[int]
    names: list[tuple[int, int, int]]
    frames: list[int] = [0, 0]  # noqa: RUF012


def array(values: Sequence[int]) -> NDArray[np.uint32]:
    found = np.array(values, np.uint32)
    found.flags.writeable = False
    return found


def measured(
    texts: Sequence[Sequence[int]],
    pairs: Sequence[tuple[int, int]],
    size: int = RUN,
    longest: int = GAP,
    short: int = PLACE,
    framing: int = FRAMING,
    lead: tuple[int, int, int] = LEAD,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Leads, counts and names of some pairs of texts, as the kernel writes them."""
    tokens = Tokens.of(*map(array, texts))
    leads = np.full((len(pairs), 2), np.nan)
    counts = np.full((len(pairs), COUNTS), -1, np.int64)
    names = np.full((len(pairs), NAMES, 3), -1, np.int64)
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    runs = runs_of(tokens, rows, size)
    kernel.contrast_pairs(
        tokens.values,
        tokens.starts,
        tokens.ends,
        rows,
        runs,
        size,
        (longest, short, framing),
        lead,
        leads,
        counts,
        names,
    )
    return leads, counts, names


def runs_of(tokens: Tokens, pairs: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], ...]:
    """The common runs of all pairs, where those of each begin, and where they end."""
    room = len(tokens.values) * max(1, len(pairs)) + 1
    found, ends = np.empty((room, 3), np.int64), np.empty(len(pairs), np.int64)
    gaps, gap_ends = np.empty((room, 5), np.int64), np.empty(len(pairs), np.int64)
    counted = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    align.align_pairs(
        tokens.values, tokens.starts, tokens.ends, pairs, size, 0, 0, *counted, found, ends, gaps, gap_ends
    )
    return found, starts_of(ends), ends


def contrasts(texts: Sequence[Sequence[int]], pairs: Sequence[tuple[int, int]], **sizes: int) -> list[Contrast]:
    """What the kernel finds of some pairs of texts."""
    found = zip(*(part.tolist() for part in measured(texts, pairs, **sizes)), strict=True)  # type: ignore[arg-type]
    return [
        Contrast((ours, theirs), counts[:PLACES], [(p, q, n) for p, q, n in names if n], counts[PLACES + 1 : -1])
        for (ours, theirs), counts, names in found
    ]


def inner(a: Sequence[int], b: Sequence[int], longest: int = GAP) -> int:
    """The words between the first run and the last one that are not matched."""
    return int(measured([a, b], [(0, 1)], longest=longest)[1][0, PLACES])


def contrast(a: Sequence[int], b: Sequence[int], **sizes: int) -> Contrast:
    return contrasts([a, b], [(0, 1)], **sizes)[0]


def words(text: str) -> list[int]:
    found: list[int] = split(Texts.of([text])).tokens.tolist()
    return found


def joined(parts: Iterable[Sequence[int]]) -> list[int]:
    return list(itertools.chain.from_iterable(parts))


def of_texts(a: str, b: str) -> Contrast:
    return contrast(words(a), words(b))


def mates_of(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The matching of the kernel, in scratch that is as large as it must be and no larger."""
    steps = np.full((len(a) + 1, len(b) + 1), 9_999, np.int16)
    mates = np.full(len(a), 9_999, np.int64)
    kernel.match_gap(array([0, *a]), 1, len(a) + 1, array([0, 0, *b]), 2, len(b) + 2, steps, mates)
    found: list[int] = mates.tolist()
    return found


def twin(a: Sequence[int], b: Sequence[int], size: int, longest: int, short: int, framing: int = FRAMING) -> Contrast:
    """What is right, but for the choice among longest common subsequences."""
    leads = reference_pieces.lead_share(a, b, *LEAD), reference_pieces.lead_share(b, a, *LEAD)
    if min(len(a), len(b)) < size:
        return Contrast(leads, [0, 0, 0, 0], [])
    runs = reference_align.common_runs(a, b, size)
    counts, names = reference_pieces.read_gaps(a, b, runs, longest, short, framing, mates_of, kernel._PAIRS)
    best = sorted(((p, q, n) for (p, q), n in names.items()), key=lambda name: -name[2])
    return Contrast(leads, counts[:PLACES], best[:NAMES], counts[PLACES:])


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A text of mostly different tokens, and a copy with tokens replaced, dropped, added, and a stretch moved."""
    shuffler = draw(st.randoms(use_true_random=False))
    a = [shuffler.randint(1, 300) for _ in range(draw(st.integers(0, 90)))]
    b = a[:]
    for _ in range(draw(st.integers(0, 12))):
        i = shuffler.randint(0, len(b))
        change = shuffler.choice(["replace", "names", "drop", "add", "move"])
        width = shuffler.randint(0, 5)
        if change == "move":
            stretch, b = b[i : i + 12], b[:i] + b[i + 12 :]
            at = shuffler.randint(0, len(b))
            b[at:at] = stretch
        elif change == "names":
            swap = {t: t + 1000 for t in b[i : i + 2]}
            b = [swap.get(t, t) for t in b]
        else:
            new = [] if change == "drop" else [shuffler.randint(1, 300) for _ in range(width)]
            b[i : i if change == "add" else i + width] = new
    return a, b


# Against the twin


@quick
@given(letters | st.lists(st.integers(), max_size=9), letters, *[st.integers(1, n) for n in (30, 40, 6)])
def test_lead_share_is_that_of_the_twin(a: list[int], b: list[int], first: int, within: int, run: int) -> None:
    left, right = ([t % 2**32 for t in text] for text in (a, b))
    found = kernel.lead_share(array(left), array(right), first, within, run)
    assert found == reference_pieces.lead_share(left, right, first, within, run)


@quick
@given(st.lists(st.integers(1, 4), max_size=25), st.lists(st.integers(1, 4), max_size=25))
def test_a_matching_is_a_longest_common_subsequence(a: list[int], b: list[int]) -> None:
    mates = mates_of(a, b)
    matched = [(i, j) for i, j in enumerate(mates) if j >= 0]
    assert set(mates) <= {-1, *range(len(b))}
    assert all(a[i] == b[j] for i, j in matched)
    assert [j for _, j in matched] == sorted({j for _, j in matched})
    assert len(matched) == reference_align.common(a, b)


@quick
@given(edited(), st.integers(2, 7), st.integers(4, 20), st.integers(1, 12), st.integers(0, 4))
def test_edited_texts_are_contrasted_as_by_the_twin(
    texts: tuple[list[int], list[int]], size: int, longest: int, short: int, framing: int
) -> None:
    a, b = texts
    sizes = (size, longest, min(short, longest), framing)
    found = contrast(a, b, **dict(zip(("size", "longest", "short", "framing"), sizes, strict=True)))
    assert found == twin(a, b, *sizes)


@quick
@given(letters, letters, st.integers(3, 7))
def test_texts_of_few_words_are_contrasted_as_by_the_twin(a: list[int], b: list[int], size: int) -> None:
    """At most fifteen places of a word, which are all tried."""
    left, right = ([t for i, t in enumerate(text) if text[:i].count(t) < 15] for text in (a, b))
    assert contrast(left, right, size=size) == twin(left, right, size, GAP, PLACE)


@quick
@given(st.lists(edited(), min_size=1, max_size=4), st.data())
def test_a_pair_does_not_depend_on_the_others(texts: list[tuple[list[int], list[int]]], data: st.DataObject) -> None:
    flat = [text for pair in texts for text in pair]
    number = st.integers(0, len(flat) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=6))
    assert contrasts(flat, pairs) == [contrast(flat[a], flat[b]) for a, b in pairs]


@quick
@given(edited())
def test_a_text_beside_itself(texts: tuple[list[int], list[int]]) -> None:
    for text in texts:
        found = contrast(text, text)
        assert found.counts == [0] * 4
        assert found.names == []
        assert found.leads == ((1.0, 1.0) if len(text) >= LEAD_RUN else (0.0, 0.0))


# By hand

COUNCIL: Final = (
    "The council of Port Ellery will spend {0} pounds on the old pier, said mayor {1} on Tuesday evening. Work starts on "
    "{2} and lasts for {3} weeks. After that, {1} told the meeting, the ferry will sail again every day until the winter. "
    "Nobody had asked how {1} came to know all of that."
)


def council(*facts: str) -> str:
    return COUNCIL.format(*facts)


def test_numbers_in_the_place_of_numbers() -> None:
    found = of_texts(council("400", "Anna Holt", "May 3", "12"), council("950", "Anna Holt", "May 17", "20"))
    assert found.counts == [3, 0, 3, 0]
    assert found.names == []


def test_a_number_in_the_place_of_a_word() -> None:
    found = of_texts(council("400", "Holt", "May 3", "12"), council("many", "Holt", "May 3", "a few"))
    assert found.counts == [0, 2, 2, 0]


def test_words_in_the_place_of_words() -> None:
    found = of_texts(council("some", "Holt", "Monday", "a few"), council("many", "Holt", "Friday", "a few"))
    assert found.counts == [0, 0, 2, 0]
    assert found.names == []  # each of them stands once


def test_names_that_are_replaced_throughout() -> None:
    found = of_texts(council("400", "Holt", "May 3", "12"), council("400", "Meyer", "May 3", "12"))
    assert found.counts == [0, 0, 3, 0]
    (holt,), (meyer,) = words("Holt"), words("Meyer")
    assert found.names == [(holt, meyer, 3)]


def test_names_of_two_words() -> None:
    found = of_texts(council("400", "Anna Holt", "May 3", "12"), council("400", "Otto Meyer", "May 3", "12"))
    pairs = {(p, q) for p in words("Anna Holt") for q in words("Otto Meyer")}
    assert {(p, q) for p, q, _ in found.names} == pairs
    assert {n for _, _, n in found.names} == {3}


def test_a_name_that_the_other_text_has_too_is_no_swap() -> None:
    other = council("400", "Meyer", "May 3", "12")
    found = of_texts(council("400", "Holt", "May 3", "12"), other + " The mayor before that was Holt.")
    assert found.counts[2] == 3
    assert found.names == []


def test_numbers_are_no_names() -> None:
    found = of_texts(council("4", "20", "May", "12"), council("4", "30", "May", "12"))
    assert found.counts == [3, 0, 3, 0]
    assert found.names == []


def test_a_name_replaced_by_several() -> None:
    """The pairs come by how often they are, then by where they stand first."""
    base = [list(range(n, n + 14, 2)) for n in range(1000, 3000, 100)]
    x, y, z = 20, 22, 24
    a = [t for part in base[:7] for t in [*part, x]]
    b = [t for part, name in zip(base[:7], [z, y, y, z, y, y, z], strict=True) for t in [*part, name]]
    assert contrast(a, b).names == [(x, y, 4), (x, z, 3)]


def test_the_most_consistent_names_are_given() -> None:
    base = [list(range(n, n + 14, 2)) for n in range(1000, 5000, 100)]
    times = [2, 5, 3, 2, 4, 6]
    swaps = [(20 + 4 * k, 22 + 4 * k) for k, n in enumerate(times) for _ in range(n)]
    a = [t for part, (x, _) in zip(base, swaps, strict=False) for t in [*part, x]]
    b = [t for part, (_, y) in zip(base, swaps, strict=False) for t in [*part, y]]
    assert [n for _, _, n in contrast(a, b).names] == [6, 5, 4, 3]


def test_added_and_dropped_words_replace_nothing() -> None:
    text = council("400", "Holt", "May 3", "12")
    assert (
        of_texts(text, text.replace("old pier", "pier").replace("every day", "again on every single day")).counts
        == [0] * 4
    )
    assert of_texts(text, "Harbour: " + text + " More soon 5.").counts == [0] * 4


def test_an_added_passage_is_counted() -> None:
    text = council("400", "Holt", "May 3", "12")
    passage = " ".join(f"new{i}" for i in range(PLACE + 1)).replace("1", "x")
    middle = text.replace("Work starts", passage + " Work starts")
    for longer in (middle, f"{passage} {text}", f"{text} {passage}"):
        assert of_texts(text, longer).counts == of_texts(longer, text).counts == [0, 0, 0, 1]
    assert of_texts(text, f"{passage} {middle} {passage}").counts == [0, 0, 0, 3]
    shorter = passage.rpartition(" ")[0]
    assert of_texts(text, f"{shorter} {text} {shorter}").counts == [0] * 4


def test_head_and_tail_are_read() -> None:
    middle = list(range(100, 140, 2))
    assert contrast([7, *middle, 9], [5, *middle, 8]).counts == [1, 1, 2, 0]
    assert contrast([*middle, 9], [5, *middle]).counts == [0] * 4


@pytest.mark.parametrize(("agreeing", "expected"), [(7, [7, 0, 7, 0]), (6, [0, 0, 0, 1])])
def test_a_longer_head_or_tail_is_read_if_half_of_it_agrees(agreeing: int, expected: list[int]) -> None:
    """Fourteen words a side: of so many, the head of a page is furniture unless it is the body, edited."""
    middle = list(range(100, 140, 2))

    def edge(side: int) -> list[int]:
        return [t for k in range(7) for t in (20 + 2 * k if k < agreeing else 200 + 4 * k + side, 1001 + 4 * k + side)]

    for left, right in (
        ([*edge(0), *middle], [*edge(2), *middle]),
        ([*middle, *edge(0)[::-1]], [*middle, *edge(2)[::-1]]),
    ):
        assert contrast(left, right).counts == contrast(right, left).counts == expected


BYLINE: Final = "By Staff Reporter, updated May 3, 2021 10:15"

STAMP: Final = "Posted 5 hours ago, 220 shares so far"


@pytest.mark.parametrize(
    ("edges", "frames"),
    [
        ((BYLINE, STAMP), [2, 2]),
        ((BYLINE, "Posted for our readers"), [0, 4]),
        ((BYLINE, "Posted 5 hours ago by a reader, 220 shares"), [0, 0]),
        ((BYLINE, "Posted here 5 hours ago: 220 shares, 17 remarks, 4 likes"), [0, 0]),
        ((BYLINE, "Posted 5 hours ago"), [0, 0]),
        (("Holtby 3, Marston 1", "Port Ellery 2, New Farleigh 0"), [0, 0]),
    ],
    ids=["frames", "numbers in one", "a word in both", "equally many numbers", "few words", "facts"],
)
def test_numbers_of_frames(edges: tuple[str, str], frames: list[int]) -> None:
    body = council("400", "Holt", "May 3", "12")
    for head in (True, False):
        one, two = (f"{edge}\n{body}" if head else f"{body}\n{edge}" for edge in edges)
        assert of_texts(one, two).frames == of_texts(two, one).frames == frames
    inside = [body.replace("Work starts", f"{edge}. Work starts") for edge in edges]
    assert of_texts(*inside).frames == [0, 0]


def test_of_equal_matchings_one_with_words_is_taken() -> None:
    """`at 6 past 8 3` and `at 9 past 4 6` have `at past` in common, and `at 6`: the number is equal by chance."""
    assert mates_of([2, 61, 4, 81, 31], [2, 91, 4, 41, 61]) == [0, -1, 2, -1, -1]
    assert mates_of([2, 91, 4, 41, 61], [2, 61, 4, 81, 31]) == [0, -1, 2, -1, -1]


def test_gaps_over_the_limit_are_counted_as_passages() -> None:
    """Words of both stand between the numbers, so that no place is long: only the length of the gap can tell."""
    run = list(range(10, 26, 2))

    def text(side: int, numbers: int) -> list[int]:
        gap = [t for n in range(GAP // 2 - 1) for t in (4 * n + side, 1000 + 2 * n)]
        return [*run, *gap, *[9_000 + side] * numbers, *run[::-1]]

    assert contrast(text(1, 2), text(3, 2)).counts == [GAP // 2 + 1, 0, GAP // 2, 0]
    assert contrast(text(1, 3), text(3, 2)).counts == [0, 0, 0, 1]
    assert contrast(text(1, 2), text(3, 3)).counts == [0, 0, 0, 1]


def test_moved_paragraphs_leave_no_gap() -> None:
    parts = [words(article(n, 30)) for n in range(4)]
    assert contrast(joined(parts), joined(parts[n] for n in (2, 0, 3, 1))).counts == [0] * 4
    added = [parts[2], parts[0], [5], parts[3], parts[1]]
    assert contrast(joined(parts), joined(added)).counts == [0] * 4


def test_a_gap_that_holds_a_moved_run_is_not_read() -> None:
    one, two, three = (list(range(n, n + 20, 2)) for n in (100, 200, 300))
    a, b = [*one, 7, *three, 8, *two], [*one, 5, *two, 8, *three]
    assert contrast(a, b).counts == twin(a, b, RUN, GAP, PLACE).counts == [0, 0, 0, 0]


@quick
@given(edited(), st.integers(4, 20))
def test_inner_words_are_those_between_the_runs_that_are_not_matched(
    texts: tuple[list[int], list[int]], longest: int
) -> None:
    a, b = texts
    runs = reference_align.common_runs(a, b) if min(len(a), len(b)) >= RUN else []
    starts = [j for _, j, _ in runs]
    if starts == sorted(starts):
        short = min(PLACE, longest)
        gaps = [gap for gap in reference_pieces.gaps(a, b, runs) if gap.inner]
        words = sum(a1 - a0 + b1 - b0 for a0, a1, b0, b1, _ in gaps)
        near = [(a[a0:a1], b[b0:b1]) for a0, a1, b0, b1, _ in gaps if max(a1 - a0, b1 - b0) <= longest]
        counts = measured([a, b], [(0, 1)], longest=longest, short=short)[1]
        assert counts[0, PLACES] == words - 2 * sum(reference_align.common(u, v) for u, v in near)


@quick
@given(edited())
def test_common_numbers(texts: tuple[list[int], list[int]]) -> None:
    a, b = texts
    shared = Counter(t for t in a if t % 2) & Counter(t for t in b if t % 2)
    assert measured([a, b], [(0, 1)])[1][0, -1] == shared.total()
    assert measured([b, a], [(0, 1)])[1][0, -1] == shared.total()


def test_common_numbers_may_stand_anywhere() -> None:
    assert measured([[3, 5, 2, 5], [5, 4, 3]], [(0, 1)])[1][0, -1] == 2
    assert measured([[2, 4], [2, 4]], [(0, 1)])[1][0, -1] == 0


def test_words_around_the_body_are_not_inner() -> None:
    body = list(range(100, 160, 2))
    assert inner([7, 9, *body, 11], [*body, 13, 15]) == 0
    assert inner([*body[:15], 7, 9, *body[15:]], [*body[:15], 8, *body[15:]]) == 3


def test_moved_paragraphs_have_no_inner_words() -> None:
    parts = [words(article(n, 30)) for n in range(4)]
    assert inner(joined(parts), joined(parts[n] for n in (2, 0, 3, 1))) == 0


def test_texts_with_nothing_in_common() -> None:
    a, b = list(range(2, 22, 2)), list(range(102, 122, 2))
    assert contrast(a, b) == Contrast((0.0, 0.0), [0, 0, 1, 0], [])
    assert contrast(a * 8, b * 8).counts == [0, 0, 0, 1]
    assert contrast(a[:5], b) == Contrast((0.0, 0.0), [0] * 4, [])
    assert contrast([], []) == contrast([], a) == Contrast((0.0, 0.0), [0] * 4, [])


def test_no_pairs() -> None:
    assert contrasts([[1, 2, 3]], []) == []


# Openings


@pytest.mark.parametrize(
    ("before", "share"),
    [
        (0, 1.0),
        (100, 1.0),
        (LEAD_WITHIN - LEAD_WORDS, 1.0),
        (LEAD_WITHIN - LEAD_WORDS + 10, 50 / 60),
        (LEAD_WITHIN, 0.0),
    ],
)
def test_an_opening_is_found_further_down(before: int, share: float) -> None:
    text, other = list(range(1000, 1400)), list(range(5000, 5000 + before))
    assert contrast(text, other + text).leads[0] == share
    assert contrast(other + text, text).leads[1] == share


def test_an_opening_in_shuffled_runs() -> None:
    text = list(range(1000, 1060))
    runs = [text[i : i + LEAD_RUN] for i in range(0, 60, LEAD_RUN)]
    random.Random(1).shuffle(runs)
    assert contrast(text, joined(runs)).leads == (1.0, 1.0)
    cut = [run[:-1] for run in runs]
    assert contrast(text, joined(cut)).leads == (0.0, 0.0)


def test_an_opening_of_which_a_part_is_edited() -> None:
    text = list(range(1000, 1200))
    other = [*text[:20], *range(5000, 5010), *text[30:]]
    assert contrast(text, other).leads == (50 / 60, 50 / 60)


def test_a_short_text_is_all_opening() -> None:
    text = list(range(1000, 1200))
    assert contrast(text[:30], text).leads == (1.0, 0.5)


# Hostile texts


def hostile(count: int) -> dict[str, tuple[list[int], list[int]]]:
    draw = random.Random(3)
    run = [draw.randint(0, 2**32 - 1) for _ in range(count)]
    parts = [run[i : i + 100] for i in range(0, count, 100)]
    return {
        "equal tokens": ([6] * count, [6] * count),
        "equal tokens, one of them odd": ([6] * count, [6] * (count // 2) + [7] + [6] * (count // 2)),
        "equal tokens of two kinds": ([6] * count, [8] * count),
        "a short cycle": ([6, 8] * (count // 2), [6, 8, 6] * (count // 3)),
        "parts backwards": (run, [t for part in parts[::-1] for t in part]),
        "numbers everywhere": ([t if i % 7 else 2 * i + 1 for i, t in enumerate(run)], run),
    }


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", hostile(100))
def test_hostile_texts_end(name: str) -> None:
    a, b = hostile(200_000)[name]
    found = contrast(a, b)
    assert min(found.counts) >= 0
    if name == "equal tokens":
        assert found == Contrast((1.0, 1.0), [0] * 4, [])


MANY_PLACES: Final = """
import numpy as np
from dedup.alignment import Tokens
from dedup.verify import PLACE, measure_all

blocks = {blocks}
base = np.random.default_rng(1).integers(0, 2**30, (blocks, 6)) * 2
texts = []
for side in (1, 2):
    names = 2 * (side * 10**6 + np.arange(blocks * PLACE) // 2).reshape(blocks, PLACE)
    texts.append(np.hstack((base, names)).ravel().astype(np.uint32))
print(measure_all(Tokens.of(*texts), np.array([[0, 1]])).counts[0, :4].tolist())
"""
"""Two texts with other names, each of which stands twice, behind every six words."""


def test_many_places_with_names() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_PLACES.format(blocks=50)], capture_output=True, text=True, check=True, timeout=200
    )
    assert done.stdout.strip() == "[0, 0, 50, 0]"


def test_many_places_with_names_end() -> None:
    """200,000 words; in a process of its own, as a kernel does not hear of a time limit."""
    done = subprocess.run(
        [sys.executable, "-c", MANY_PLACES.format(blocks=11_000)],
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert done.stdout.strip() == "[0, 0, 11000, 0]"


def test_what_is_measured_is_what_the_kernel_finds() -> None:
    texts = [
        council("400", "Holt", "May 3", "12"),
        council("950", "Meyer", "May 17", "20"),
        council("4", "Holt", "May 3", "9"),
    ]
    tokens = [words(text) for text in texts]
    pairs = [(0, 1), (0, 2), (1, 2)]
    found = measure_all(Tokens.of(*map(array, tokens)), np.array(pairs))
    expected = contrasts(tokens, pairs)
    assert found.counts[:, :PLACES].tolist() == [c.counts for c in expected]
    assert found.counts.shape == (len(pairs), COUNTS)
    assert found.leads.tolist() == [max(c.leads) for c in expected]
    assert found.names == {i: c.names for i, c in enumerate(expected) if c.names and c.names[0][2] > 1}
    assert set(found.names) == {0, 2}
