"""Which copies stand in two sections of one text."""

from __future__ import annotations

import pytest

from dedup.copies import copy_at, trimmed, walls_of
from dedup.paragraphs import Layout
from dedup.repeats import Chain, chains, repeated_runs
from dedup.sections import FRAME, PARALLEL, TITLE, framed, sections, titled

BODY = (
    "Switch it off at the front and pull the plug, then wait for ten minutes so that it can cool. "
    "Open the flap at the back with a coin and take out the filter. Wash it in lukewarm water without soap."
)
OTHER = "The harbour office has asked owners to move small boats to the inner basin before it is dark on Monday."
MENU = "Home\nNews\nSport\n\n"
TITLED = "Six words that are a title"


def the_chain(text: str) -> tuple[Layout, Chain]:
    """The chain of the body."""
    layout = Layout.of(text)
    (chain,) = chains(repeated_runs(layout.words.tokens), 30)
    found = trimmed(layout, chain, layout.prose)
    assert found is not None
    return layout, found


def in_sections(text: str) -> bool:
    return sections(*the_chain(text))


def in_frames(text: str) -> bool:
    layout, chain = the_chain(text)
    walls, _ = walls_of([chain], len(layout.words.tokens))
    first, second = (copy_at(layout, place, chain, walls, 0) for place in (chain.first, chain.second))
    return framed(layout, (first, second))


@pytest.mark.parametrize(
    ("above", "between", "below", "expected"),
    [
        pytest.param("Lemon curd", "Blood orange curd", "", True, id="one heading"),
        pytest.param(
            f"{MENU}Lemon curd", "Share\nPrint\nBlood orange curd", "", True, id="like headings, with buttons"
        ),
        pytest.param(f"{MENU}Lemon curd\n3 eggs", "Share\nPrint\nBlood orange curd\n3 eggs", "", True, id="a list"),
        pytest.param(f"{MENU}Model A\nCleaning", "Model B\nCleaning", "", True, id="a label"),
        pytest.param(f"{MENU}Baker", "Apply\nSave\nCashier", "Apply\nSave", True, id="items"),
        pytest.param(f"{MENU}Baker", "4 left\nCashier", "3 left\nBasket", True, id="items, but for numbers"),
        pytest.param(f"{MENU}Ferry", "NWA\nShare\nSite", "NWA\nBasket", True, id="the button stands over the second"),
        pytest.param(f"{MENU}Ferry", f"NWA\nShare\nPrint\n{OTHER}\nMore\nSite", "NWA\nBasket", False, id="an agency"),
        pytest.param(f"{MENU}一号楼\n五月六日", "分享\n打印\n七号楼\n五月九日", "", True, id="single characters"),
        pytest.param(f"{MENU}3 July\nBrass", "4 July\nVoices", "", True, id="dates"),
        pytest.param(f"{MENU}Ferry", "Share\nPrint", "", False, id="buttons"),
        pytest.param(f"{MENU}Ferry 7 sails", "Listen\n4 min", "", False, id="nothing but a number in common"),
        pytest.param(f"{MENU}Ferry", "Share\nPrint\nFerry", "Share\nPrint", False, id="a short title, and buttons"),
        pytest.param(f"{MENU}{TITLED}", f"Share\nNews of sport\n{TITLED}", "", False, id="a title"),
        pytest.param(f"{MENU}{TITLED}", f"Read on\n{TITLED} | Courier", "", False, id="a title and the site"),
        pytest.param(f"{MENU}The ferry stays in port", "Share\nPrint", "Share\nStop", False, id="a title and a button"),
        pytest.param("", "Share", "", False, id="nothing over the first"),
    ],
)
def test_sections_have_headings(above: str, between: str, below: str, expected: bool) -> None:
    assert in_sections(f"{above}\n{BODY}\n{between}\n{BODY}\n{below}") == expected


OWN = (
    "The youngest reads it at the door, and all the others stand with their hands on the rail.",
    "Nobody may sit until every lamp in this house has been put out by someone from next street.",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{0}\n{B}\nShare\nPrint\n{1}\n{B}", True, id="before both"),
        pytest.param("{B}\n{0}\nShare\nPrint\n{B}\n{1}", True, id="behind both"),
        pytest.param("{0}\n{B}\nShare\nPrint\n{B}\n{1}", True, id="one side each"),
        pytest.param("{B}\n{1}\n{B}", False, id="one and the same between them"),
        pytest.param("{0}\n{B}\nShare\nPrint\n{0} Yes.\n{B}", False, id="equal but for a word"),
        pytest.param("{0}\n{B}\nShare\nPrint\n{B}", False, id="one copy"),
        pytest.param("{T}\n{B}\n{0}\nShare\nPrint\n{T}\n{B}\n{1}", False, id="under one title"),
    ],
)
def test_prose_of_their_own_makes_two_texts(text: str, expected: bool) -> None:
    assert in_frames(text.format(*OWN, B=BODY, T=TITLED)) == expected


def test_a_title_has_some_words() -> None:
    for count, expected in ((TITLE - 1, False), (TITLE, True)):
        title = " ".join(["word"] * count)
        layout, chain = the_chain(f"{title}\n{BODY}\nShare\nPrint\n{title}\n{BODY}")
        assert titled(layout, chain.first, chain.second) == expected
    assert FRAME[0] > TITLE > PARALLEL
