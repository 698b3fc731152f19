"""A diff -> what a person reads in a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dedup.diff import Piece
from dedup.terminal import printable
from dedup.words import locate

CONTEXT: Final = 12
"""Words shown at the start and at the end of an equal stretch of more than three times as many; the rest is counted."""

_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "),
        **dict.fromkeys([0xAD, *range(0x200B, 0x200E), 0x2060, 0xFEFF], ""),
        **dict.fromkeys([0x2028, 0x2029], "\n"),
    }
)
"""Every space is a space, every end of a line one; what is invisible stays so."""


class _Look(NamedTuple):
    """A style for terminals with colours, and the marks that stand for it elsewhere."""

    style: str
    opening: str
    closing: str


_REMOVED: Final = _Look("red strike", "[-", "-]")
_ADDED: Final = _Look("green", "{+", "+}")
_GONE: Final = _Look("dim blue", "[~", "~]")
_COME: Final = _Look("blue", "{~", "~}")
_EQUAL: Final = _Look("", "", "")


def print_diff(a: str, b: str, pieces: Sequence[Piece], console_width: int | None = None) -> None:
    """The pieces that `diff.diff` found in a and b, on standard output: colours on a terminal that has them, else marks.

    `[-removed-]`, `{+added+}`; what has moved is shown where it stood in a, `[~so~]`, and where it stands in b, `{~so~}`.
    Equal stretches are shown as a has them.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(width=console_width, highlight=False, markup=False, emoji=False)
    marks = console.no_color or console.color_system is None
    shown = Text()
    for part, look in _parts(a, b, pieces):
        text = part.encode(console.encoding, "replace").decode(console.encoding)
        if marks:
            shown.append(look.opening + text + look.closing)
        else:
            shown.append(text, look.style)
    shown.rstrip()
    console.print(shown)


def _parts(a: str, b: str, pieces: Sequence[Piece]) -> Iterator[tuple[str, _Look]]:
    """All that is shown, in order."""
    coming = deque(sorted(piece.b for piece in pieces if piece.kind == "moved"))
    for piece in pieces:
        if piece.kind == "moved":
            yield from _part(_shortened(a[slice(*piece.a)]), _GONE)
            continue
        while coming and coming[0] < piece.b:
            yield from _part(_shortened(b[slice(*coming.popleft())]), _COME)
        old, new = a[slice(*piece.a)], b[slice(*piece.b)]
        space = _space(old) or _space(new)
        if piece.kind == "equal":
            yield from _part(_shortened(old.rstrip()) + space, _EQUAL)
        else:
            yield from _part(old.rstrip(), _REMOVED)
            yield from _part(new.rstrip() + space, _ADDED)
    for span in coming:
        yield from _part(_shortened(b[slice(*span)]), _COME)


def _part(text: str, look: _Look) -> Iterator[tuple[str, _Look]]:
    """A text to be shown, and the white space behind it without its look."""
    words = text.rstrip()
    if words:
        yield _readable(words), look
    yield _readable(_space(text)), _EQUAL


def _space(text: str) -> str:
    """The white space that a text ends with."""
    return text[len(text.rstrip()) :]


def _shortened(text: str) -> str:
    """The text with its middle replaced by a count when it is long.

    >>> _shortened(" ".join(map(str, range(1, 51))))
    '1 2 3 4 5 6 7 8 9 10 11 12 … 26 words … 39 40 41 42 43 44 45 46 47 48 49 50'
    """
    words = locate(text)
    count = len(words.tokens)
    if count <= 3 * CONTEXT:
        return text
    return f"{text[: words.ends[CONTEXT - 1]]} … {count - 2 * CONTEXT:,} words … {text[words.starts[-CONTEXT] :]}"


def _readable(text: str) -> str:
    """The text in its lines, control characters shown as symbols.

    >>> _readable("a\\xa0b\\x1b[1m\\r\\nsoft\\xadly")
    'a b␛[1m\\nsoftly'
    """
    return "\n".join(printable(line) for line in text.replace("\r\n", "\n").translate(_PLAIN).split("\n"))
