"""URLs: which name the same page, which do not, and what nobody can read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import urls
from dedup.urls import TRACKING, host, normal_url, page, same_page

TABLE: Final = json.loads((Path(__file__).parent / "cases" / "urls.json").read_text("utf-8"))


@pytest.mark.parametrize(("name", "a", "b"), TABLE["same"])
def test_same(name: str, a: str, b: str) -> None:
    assert normal_url(a) == normal_url(b)
    assert same_page(a, b)
    assert same_page(b, a)


@pytest.mark.parametrize(("name", "a", "b"), TABLE["different"])
def test_different(name: str, a: str, b: str) -> None:
    assert normal_url(a) != normal_url(b)
    assert not same_page(a, b)
    assert same_page(b, b)


@pytest.mark.parametrize("url", [None, *TABLE["home page"], *TABLE["unreadable"]])
def test_what_names_no_article_is_no_page(url: str | None) -> None:
    assert page(url) is None
    assert not same_page(url, url)
    assert not same_page(url, None)
    assert not same_page(None, "https://one.example/a")


@pytest.mark.parametrize(("url", "form"), TABLE["form"])
def test_form(url: str, form: str) -> None:
    assert normal_url(url) == form


@pytest.mark.parametrize("url", TABLE["unreadable"])
def test_what_cannot_be_read_stays(url: str) -> None:
    assert normal_url(url) == url


@pytest.mark.parametrize("name", sorted(TRACKING))
def test_every_tracking_parameter_is_dropped(name: str) -> None:
    assert name == name.lower()
    for spelt in (name, name.upper(), name.title()):
        assert normal_url(f"https://one.example/a?{spelt}=x&id=5") == "https://one.example/a?id=5"


CONTENT: Final = """
a aid article articleid cat category cid content date doc document file from id item key lang language m mc nid node number
offset p pageid page pg post print q query ref ref_src referrer s search section share sid source spm src start story
storyid t tag title topic type u url v var video view y year __s
"""


def test_names_that_sites_use_for_content_are_no_tracking() -> None:
    assert not TRACKING & set(CONTENT.split())
    assert not [name for name in TRACKING if len(name) < 4 and name not in ("_ga", "_gl", "_ke", "_kx")]


HOSTILE: Final = {
    "path": "https://one.example/" + "a" * 10_000,
    "steps": "https://one.example/" + "../" * 3_300,
    "slashes": "https://one.example" + "/" * 10_000,
    "escapes": "https://one.example/" + "%41" * 3_300,
    "broken escapes": "https://one.example/" + "%" * 10_000,
    "parameters": "https://one.example/?" + "&".join(f"k{i}=v" for i in range(1_200)),
    "tracking": "https://one.example/?" + "utm_a&" * 2_000,
    "labels": "https://" + "a." * 5_000 + "example/",
    "phones": "https://" + "m." * 5_000 + "example/a",
    "dots": "https://" + "." * 10_000 + "/a",
    "amp": "https://one.example/1" + "/amp" * 2_500,
    "amp not at the end": "https://one.example/1" + "/amp" * 2_500 + "x",
    "users": "https://" + "@" * 10_000,
    "brackets": "https://" + "[:" * 5_000,
    "fragments": "#" * 10_000,
    "port": "https://one.example:" + "1" * 10_000 + "/a",
    "letters": "https://one.example/" + "é" * 3_300,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_long_urls(name: str) -> None:
    url = HOSTILE[name]
    began = time.perf_counter()
    form = normal_url(url)
    assert time.perf_counter() - began < 1
    assert normal_url(form) == form


# Properties

NAMES: Final = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789_-.", min_size=1, max_size=12).filter(
    lambda name: not name.lower().startswith("utm_") and name.lower() not in {*TRACKING, "amp", "outputtype"}
)
VALUES: Final = st.text("abcXYZ0123456789_-.", max_size=8)
QUERY: Final = st.lists(st.tuples(NAMES, VALUES), max_size=5)
DROPPED: Final = st.lists(st.tuples(st.sampled_from([*sorted(TRACKING), "utm_source", "utm_x"]), VALUES), max_size=5)
PIECES: Final = st.lists(
    st.sampled_from(
        [
            *"abé5/.;?#&=%:;@[]! \t\\+~ß。",
            *(
                "http://",
                "https://",
                "HTTPS:",
                "www.",
                "m.",
                "amp.",
                "one.example",
                ":80",
                ":443",
                ":8080",
                "[::1]",
                "xn--",
            ),
            *("/", "//", "/amp", ".amp", ".html", "..", "%2F", "%25", "%3F", "%26", "%5F", "#!/a"),
            *("&amp;", "utm_source=", "fbclid", "amp=1"),
        ]
    ),
    max_size=14,
).map("".join)
URLS: Final = st.one_of(st.text(), PIECES, PIECES.map("https://one.example/".__add__), PIECES.map("https://".__add__))


def joined(query: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in query)


@given(URLS)
def test_nothing_raises_and_twice_is_once(url: str) -> None:
    form = normal_url(url)
    assert normal_url(form) == form
    assert page(url) in (None, form)
    assert same_page(url, url) == same_page(url, form) == (page(url) is not None)
    host(url)


@given(QUERY)
def test_unknown_parameters_survive(query: list[tuple[str, str]]) -> None:
    form = normal_url(f"https://one.example/a?{joined(query)}")
    assert form.partition("?")[2] == joined(sorted(query))


@given(QUERY, DROPPED, st.randoms(use_true_random=False))
def test_tracking_parameters_anywhere_do_not_matter(
    query: list[tuple[str, str]], dropped: list[tuple[str, str]], draw: object
) -> None:
    mixed = [*query, *dropped]
    draw.shuffle(mixed)  # type: ignore[attr-defined]
    assert normal_url(f"http://www.one.example/a/?{joined(mixed)}") == normal_url(
        f"https://one.example/a?{joined(query)}"
    )


@given(URLS, URLS)
def test_the_same_page_has_one_form(a: str, b: str) -> None:
    assert same_page(a, b) == same_page(b, a)
    assert not same_page(a, b) or normal_url(a) == normal_url(b)


@given(st.from_regex(urls._PLAIN, fullmatch=True))
def test_plain_urls_are_canonical_as_they_are(url: str) -> None:
    assert urls._canonical(url) == url
