"""HTML or Markdown inside a record -> its words as lines: what a tag or a link says of them is left out.

This is for the fragments that feeds and extractors hand over; pages as they come from the net are read by `html`, with limits.
Both functions go through the text once, whatever it holds.
"""

from __future__ import annotations

import html
import re
from typing import Final

_TAG: Final = re.compile("/?([a-zA-Z][a-zA-Z0-9-]*)|[/!?]")

_INLINE: Final = frozenset(
    {
        *(
            "a",
            "abbr",
            "acronym",
            "b",
            "bdi",
            "bdo",
            "big",
            "cite",
            "code",
            "data",
            "del",
            "dfn",
            "em",
            "font",
            "i",
            "img",
        ),
        *("ins", "kbd", "label", "mark", "q", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"),
        *("time", "tt", "u", "var", "wbr"),
    }
)
"""Elements that do not end a line; all others do."""

_UNREAD: Final = frozenset({"script", "style", "template"})
"""Elements whose content nobody reads."""

_TARGET: Final = re.compile(r"\]\([^()\n]{0,2000}(?:\([^()\n]{0,2000}\)[^()\n]{0,2000}){0,3}\)")
"""What stands behind the words of a link: `](https://one.example/ "title")`."""

_DEFINITION: Final = re.compile(r"(?m)^ {0,3}\[[^\]\n]{1,200}\]:[ \t]{0,9}\S+[^\n]*$|<https?://[^\s<>]+>")
"""`[1]: https://one.example/`, and `<https://one.example/>`."""


def from_html(fragment: str) -> str:
    """The text of a fragment of HTML; every block is a line of its own.

    >>> from_html("<p>Ferry <b>stays</b>&nbsp;in port</p><!-- <p>No</p> --><p>1 < 2<br>R&amp;D</p>")
    'Ferry stays in port\\n1 < 2\\nR&D'
    """
    head, *rest = fragment.split("<")
    parts = [_plain(head)]
    until = ""
    for piece in rest:
        if until == "-->":
            _, found, piece = piece.partition(until)
            if not found:
                continue
            until = ""
            parts.append(_plain(piece))
            continue
        tag = _TAG.match(piece)
        if until:
            if tag is None or piece[: len(until)].lower() != until:
                continue
            until = ""
        if tag is None:
            parts.append("<" + _plain(piece))
        elif piece.startswith("!--"):
            _, found, after = piece.partition("-->")
            until = "" if found else "-->"
            parts.append(_plain(after))
        else:
            name = (tag[1] or "").lower()
            if name in _UNREAD and not piece.startswith("/"):
                until = "/" + name
                continue
            parts.append("" if name in _INLINE | _UNREAD else "\n")
            parts.append(_plain(piece.partition(">")[2]))
    lines = ("".join(parts)).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _plain(text: str) -> str:
    """A stretch without tags, on one line."""
    return html.unescape(text).replace("\n", " ").replace("\r", " ")


def from_markdown(text: str) -> str:
    """Markdown without the targets of its links and images. Its other marks are no words anyhow, and stay.

    >>> from_markdown("**Ferry** [stays](https://one.example/stays-7 'more') in port ![](a.jpg)\\n\\n[1]: https://one.example/")
    '**Ferry** [stays] in port ![]\\n\\n'
    """
    return _DEFINITION.sub("", _TARGET.sub("]", text))
