"""HTML and Markdown of fields: what is left are the words of the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.fields import Article, Fields
from dedup.markup import from_html, from_markdown
from dedup.signatures import Texts, tokenize


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ("plain words", "plain words"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>o</b>ne <i>t</i>wo", "one two"),
        ("<p>one\n two</p>", "one two"),
        ("a &lt;p&gt; b &amp; c&nbsp;d", "a <p> b & c d"),
        ("a<script>if (a < b) { x }</script>b", "ab"),
        ("a<style>p > b {}</style>b", "ab"),
        ("a<!-- <p>no</p> -->b", "ab"),
        ("a<!-- -->b<!---->c", "abc"),
        ("a<!-- never closed <p>b</p>", "a"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a<", "a<"),
        ("<", "<"),
        ("a<p", "a"),
        ("", ""),
        ("<P CLASS='x'>one</P>", "one"),
        ("<td>1</td><td>2</td>", "1\n2"),
        ("a<SCRIPT>x</SCRIPT>b", "ab"),
        ("<![CDATA[x]]>y", "y"),
    ],
)
def test_html(fragment: str, text: str) -> None:
    assert from_html(fragment) == text


@given(st.text(alphabet="<>/!-&;pb script=\"' \n", max_size=200))
def test_no_fragment_is_too_odd(fragment: str) -> None:
    text = from_html(fragment)
    assert text == text.strip()
    assert "\n\n" not in text


@given(st.lists(st.sampled_from(["ferry", "port", "storm"]), min_size=1), st.sampled_from(["b", "em", "a href='x'"]))
def test_words_are_all_there(words: list[str], tag: str) -> None:
    assert from_html(" ".join(f"<{tag}>{word}</{tag.split()[0]}>" for word in words)) == " ".join(words)


@pytest.mark.parametrize(
    "hostile", ["<" * 200_000, "<!--" * 100_000, "<script>" * 50_000, "&" * 200_000, "<p>" * 100_000]
)
def test_hostile_html_takes_one_pass(hostile: str) -> None:
    assert len(from_html(hostile)) <= len(hostile)


def tokens(text: str) -> list[int]:
    return list(tokenize(Texts.of([text]))[0].tolist())


@pytest.mark.parametrize(
    "marked",
    [
        "# Ferry stays",
        "**Ferry** _stays_",
        "__Ferry__ *stays*",
        "> Ferry stays",
        "- Ferry\n- stays\n\n---",
        "| Ferry | stays |\n|---|---|",
        "`Ferry` ~~stays~~",
        r"Ferry\_stays",
        "[Ferry](https://one.example/a-b_(c)?d=e) stays",
        "[Ferry](<https://one.example/> 'title words') stays",
        "Ferry stays ![](https://one.example/a.jpg)",
        "Ferry <https://one.example/a> stays\n\n[1]: https://one.example/b 'title'",
    ],
)
def test_marks_of_markdown_are_no_words(marked: str) -> None:
    assert tokens(from_markdown(marked)) == tokens("Ferry stays")
    assert tokens(Article("x", {"markdown": marked}, Fields()).text) == tokens("Ferry stays")


@pytest.mark.parametrize("hostile", ["](" * 100_000, "[1]: " * 100_000, "](a(" * 50_000, "<http://" * 50_000])
def test_hostile_markdown(hostile: str) -> None:
    assert len(from_markdown(hostile)) <= len(hostile)


def test_other_fields_keep_their_marks() -> None:
    assert Article("x", {"text": "<p>[a](b)</p>"}, Fields()).text == "<p>[a](b)</p>"
