"""Names that two texts swap, in several scripts: other people and places are other news, other spellings are not."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.names import other_names, other_subject, renamed, retitled, spelled_alike, swapped_too, title_swaps
from tests import reference

RIVAL: Final = " Otto, who left the board last year, could not be reached."


def token(word: str) -> int:
    return reference.value(word.casefold())


def report(name: str, other: str = "Ellery") -> str:
    return (
        f"The council of {other} heard on Tuesday evening that {name} wants to leave the board of the harbour before "
        f"the end of the year. According to the clerk, {name} had asked for it twice, and nobody objected to that."
    )


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("Gaddafi", "Kadhafi", True),
        ("Müller", "Mueller", True),
        ("Anna", "ANNA", True),
        ("Anna", "Otto", False),
        ("Ellery", "Harrow", False),
        ("علي", "عمر", False),
        ("محمد", "محمود", True),
        ("李", "王", False),
    ],
)
def test_spelled_alike(a: str, b: str, alike: bool) -> None:
    assert spelled_alike(a, b) is spelled_alike(b, a) is alike


@pytest.mark.parametrize(
    ("a", "b", "old", "new", "times", "expected"),
    [
        ("Anna called. Then Anna left.", "Otto called. Then Otto left.", "anna", "otto", 2, True),
        ("Anna called. Then Anna left.", "Otto called. Then Otto left.", "anna", "otto", 1, False),
        ("the bus came, a bus went", "the tram came, a tram went", "bus", "tram", 2, False),
        ("Bus to town. The bus went.", "Otto to town. The Otto went.", "bus", "otto", 2, False),
        ("Gaddafi spoke, Gaddafi said", "Kadhafi spoke, Kadhafi said", "gaddafi", "kadhafi", 2, False),
        ("ANNA called. Then Anna left.", "OTTO called. Then Otto left.", "anna", "otto", 2, True),
        ("Der Bus kam, der Bus fuhr.", "Der Zug kam, der Zug fuhr.", "bus", "zug", 2, True),  # nouns look like names
        ("اتصل علي ثم غادر علي", "اتصل عمر ثم غادر عمر", "علي", "عمر", 2, True),  # no letter is lower case
        ("李来了，李走了。", "王来了，王走了。", "李", "王", 2, True),
        ("Sales 12 mln. Sales 9 mln.", "Revs 12 mln. Revs 9 mln.", "sales", "revs", 2, False),
        ("Sales 12 mln. Sales fell.", "Revs 12 mln. Revs fell.", "sales", "revs", 2, True),
        ("Anna 12. Anna 9.", "Otto 12. Otto left.", "anna", "otto", 2, True),
    ],
    ids=[
        "names",
        "once",
        "words",
        "a word too",
        "spelled alike",
        "capitals",
        "German nouns",
        "Arabic",
        "Chinese",
        "heads of a table",
        "heads in prose",
        "a head in one text only",
    ],
)
def test_renamed(a: str, b: str, old: str, new: str, times: int, expected: bool) -> None:
    assert renamed([(token(old), token(new), times)], a, b) is expected
    assert renamed([(token(new), token(old), times)], b, a) is expected


def test_one_pair_of_names_is_enough() -> None:
    a, b = "the bus came and Anna left, a bus and Anna", "the tram came and Otto left, a tram and Otto"
    swaps = [(token("bus"), token("tram"), 2), (token("anna"), token("otto"), 2)]
    assert renamed(swaps, a, b)
    assert not renamed(swaps[:1], a, b)
    assert not renamed([], a, b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("Anna leaves the board", report("Anna")), ("Otto leaves the board", report("Otto")), True),
        (("Anna leaves the board", report("Anna")), ("Anna leaves the board", report("Anna")), False),
        (("Anna leaves the board", report("Anna")), ("A board without Anna", report("Anna")), False),
        (("Board loses a member", report("Anna")), ("Harbour board is smaller", report("Otto")), False),
        (("Anna leaves the board", report("Anna")), ("Harbour board is smaller", report("Otto")), False),  # one only
        (("Kadhafi leaves", report("Kadhafi")), ("Gaddafi leaves", report("Gaddafi")), False),
        (("Anna leaves", report("anna")), ("Otto leaves", report("otto")), False),  # a headline in other words
        (("Anna goes", report("anna")), ("It is Otto who goes", report("otto")), False),  # printed in lower case
        (("Anna leaves", report("nobody")), ("Otto leaves", report("no one")), False),  # the texts do not use them
        (("", report("Anna")), ("Otto leaves", report("Otto")), False),
        (("Anna leaves the board", report("Anna") + RIVAL), ("Otto leaves the board", report("Otto")), True),
        (
            ("Anna leaves the board", report("Anna") + RIVAL),
            ("Otto leaves the board", report("Otto") + " Anna."),
            False,
        ),
        (("Anna <AN> leaves the board", report("Anna") + RIVAL), ("Otto <OT> leaves the board", report("Otto")), True),
        (
            ("Anna leaves, a board shrinks", report("Anna") + RIVAL),
            ("Otto goes from the harbour", report("Otto")),
            False,
        ),
        (("Anna leaves the board", report("Anna")), ("Ann leaves the board", report("Ann")), False),
    ],
)
def test_other_subject(a: tuple[str, str], b: tuple[str, str], expected: bool) -> None:
    assert other_subject(a, b) is other_subject(b, a) is expected


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        ("{}离开港务局", "周二晚上，市议会得知{}将在年底前离开港务局。书记说，{}已经两次提出申请。", ("李", "王")),
        (
            "{} يغادر المجلس",
            "علم المجلس أن {} سيغادر الميناء قبل نهاية العام. وقال الكاتب إن {} طلب ذلك.",
            ("علي", "عمر"),
        ),
        ("{} verlässt den Rat", "Der Rat erfuhr, dass {} im Dezember geht. {} hatte darum gebeten.", ("Anna", "Otto")),
    ],
    ids=["Chinese", "Arabic", "German"],
)
def test_other_subjects_in_other_scripts(title: str, text: str, names: tuple[str, str]) -> None:
    one, other = ((title.format(name), text.format(name, name)) for name in names)
    assert other_subject(one, other)
    assert not other_subject(one, one)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_too_odd(title: str, text: str, other_title: str, other: str) -> None:
    found = other_subject((title, text), (other_title, other))
    assert found == other_subject((other_title, other), (title, text))
    swaps = [(p.value, q.value, 2) for p in reference.tokenize(text) for q in reference.tokenize(other)]
    assert renamed(swaps, text, other) == renamed([(q, p, n) for p, q, n in swaps], other, text)


def recipe(name: str) -> tuple[str, str]:
    """Title and text."""
    return f"{name.capitalize()} soup", f"Peel the {name}, fry an onion, add the {name} and a litre of stock, and stir."


@pytest.mark.parametrize(
    ("a", "b", "times", "found"),
    [
        (recipe("carrot"), recipe("parsnip"), 2, True),
        (recipe("carrot"), recipe("parsnip"), 1, False),
        (recipe("carrot"), recipe("carrots"), 2, False),
        (recipe("carrot"), ("Soup", recipe("parsnip")[1]), 2, False),
        (recipe("carrot"), (recipe("parsnip")[0], recipe("parsnip")[1] + " Or take a carrot."), 2, False),
        (recipe("b12"), recipe("c14"), 2, False),
    ],
)
def test_words_that_titles_and_texts_swap(a: tuple[str, str], b: tuple[str, str], times: int, found: bool) -> None:
    one, other = (side[1].split()[2].strip(",") for side in (a, b))
    assert retitled([(token(one), token(other), times)], a, b) == found
    assert retitled([(token(other), token(one), times)], b, a) == found
    assert not retitled([], a, b)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (("Anna Holt", "Otto Finch"), 1),
        (("heard Anna", "saw Otto"), 1),
        (("Anna", "the clerk"), 0),
        (("a bus", "the tram"), 0),
        (("Gaddafi", "Kadhafi"), 0),
        (("MI", "Michigan"), 0),
        (("Anna Holt", "Anna Finch"), 1),
        (("12 March", "14 May"), 1),
        (("12", "14"), 0),
        (("Bus", "Tram"), 0),
        (("ANNA", "Otto"), 1),
        (("علي", "عمر"), 0),
        (("", "Otto"), 0),
    ],
)
def test_places_with_other_names(place: tuple[str, str], found: int) -> None:
    """A word that a text prints in lower case anywhere, as both do with bus and tram, is no name in it."""
    a, b = (f"{words} came, and a bus stood beside a tram. So it went on." for words in place)
    assert other_names([place], a, b) == other_names([place[::-1]], b, a) == found
    assert other_names([place, ("Bern", "Rome")], a + " It is in Bern.", b + " It is in Rome.") == found + 1
    assert other_names([], a, b) == 0


@pytest.mark.parametrize(
    ("capitals", "words", "found"),
    [(2, 7, 1), (3, 7, 0), (3, 11, 1), (3, 10, 0)],  # below 0.3 of them, or not
)
def test_where_all_nouns_have_capitals_they_are_no_names(capitals: int, words: int, found: int) -> None:
    rest = "Haus " * (capitals - 1) + "und " * (words - capitals)
    assert other_names([("Zug", "Bus")], f"Zug {rest}", f"Bus {rest}") == found


@pytest.mark.parametrize(
    ("a", "b", "swaps"),
    [
        ("Trail jacket, red", "Trail jacket, navy", {("red", "navy")}),
        ("Trail jacket, red", "TRAIL JACKET: navy!", {("red", "navy")}),
        ("Trail jacket, red", "Trail jacket, pale blue", {("red", "pale"), ("red", "blue")}),
        ("Lost cat in Redlake", "Lost dog in Harlan", {("cat", "dog"), ("redlake", "harlan")}),
        ("Trail jacket, red", "Trail jacket", set()),
        ("Red trail jacket", "Trail jacket, navy", set()),
        ("Trail jacket, 12", "Trail jacket, 14", set()),
        ("Cat in shed", "Dog at sea", set()),
        ("The cat and the dog sleep", "The dog and the cat sleep", set()),
        ("a b c d e f one two three four", "a b c d e f x", set()),  # four words for one
        ("", "", set()),
    ],
)
def test_words_in_the_place_of_others_in_titles(a: str, b: str, swaps: set[tuple[str, str]]) -> None:
    assert title_swaps(a, b) == {(token(p), token(q)) for p, q in swaps}
    assert title_swaps(b, a) == {(token(q), token(p)) for p, q in swaps}


def jacket(colour: str, more: str = "") -> tuple[str, str]:
    """Title and text."""
    return f"Trail jacket, {colour}", f"It keeps you dry. Colour: {colour}. Two pockets hold phone and keys.{more}"


HEADED: Final = ("Broadband fuels {0}", "Broadband fuels {0}\n\nMore people write diaries on the web than ever before.")


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (jacket("red"), jacket("navy"), True),
        (jacket("red", " Also in navy."), jacket("navy"), False),
        (jacket("grey"), jacket("gray"), False),
        (("Trail jacket, red", "It keeps you dry."), jacket("navy"), False),
        (tuple(part.format("change") for part in HEADED), tuple(part.format("diaries") for part in HEADED), False),
        (tuple(part.format("expression") for part in HEADED), tuple(part.format("change") for part in HEADED), False),
        (
            (HEADED[0].format("expression"), HEADED[1].format("expression") + " Expression is free."),
            (HEADED[0].format("change"), HEADED[1].format("change") + " Change is free."),
            True,
        ),
    ],
    ids=["swapped", "one names both", "spelled alike", "not in one text", "in a heading", "in headings alone", "below"],
)
def test_swaps_of_titles_that_texts_make_too(a: tuple[str, str], b: tuple[str, str], found: bool) -> None:
    words = [set(part.split()) for _, part in (a, b)]
    places = [(" ".join(words[0] - words[1]), " ".join(words[1] - words[0]))]
    assert swapped_too(title_swaps(a[0], b[0]), places, a, b) is found
    assert swapped_too(title_swaps(b[0], a[0]), [place[::-1] for place in places], b, a) is found
    assert not swapped_too(title_swaps(a[0], b[0]), [], a, b)
