"""A page and its repeats -> the strip of its paragraphs that a person reads, in a terminal or a notebook."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final, NamedTuple

from dedup.model import Paragraph, Repeat
from dedup.terminal import printable
from dedup.words import locate

_START: Final = 200

BAR: Final = 16
"""The longest bar, in characters."""

_SIGNS: Final = {"kept": "█", "dropped": "░", "": "·"}
_STYLES: Final = {"kept": "green", "dropped": "red", "": "dim"}
_COLOURS: Final = {"kept": "#e6f4ea", "dropped": "#fce8e6", "": "transparent"}


class Row(NamedTuple):
    """Paragraphs `first` to `last` (counted from 1), which have one fate: `state` is `kept`, `dropped` or empty; `name`s a copy
    that stays, and those that repeat it; `note`: what the repeat is, and why the other copy stays.
    """

    first: int
    last: int
    words: int
    state: str
    name: str
    note: str
    paragraphs: tuple[Paragraph, ...]


def strip(paragraphs: Sequence[Paragraph], repeats: Sequence[Repeat]) -> list[Row]:
    """The paragraphs of a page in rows; neighbours of one fate share a row."""
    starts = [paragraph.start for paragraph in paragraphs]
    fates = [("", "", "")] * len(paragraphs)
    names: dict[tuple[int, int], str] = {}
    for repeat in repeats:
        names.setdefault((repeat.kept.start, repeat.kept.end), _letters(len(names)))
    for (start, end), name in names.items():
        for i in _touched(paragraphs, starts, start, end):
            fates[i] = "kept", name, ""
    for repeat in repeats:
        name = names[repeat.kept.start, repeat.kept.end]
        note = f"{repeat.kind}, similarity {repeat.similarity:.2f}; {name} stays: {repeat.reason}"
        for i in _touched(paragraphs, starts, repeat.dropped.start, repeat.dropped.end):
            part = (paragraphs[i].start, paragraphs[i].end) != (
                max(paragraphs[i].start, repeat.dropped.start),
                min(paragraphs[i].end, repeat.dropped.end),
            )
            fates[i] = "dropped", name, f"part of the paragraph; {note}" if part else note
    rows = []
    at = 0
    for fate, group in groupby(fates):
        size = len(list(group))
        part_of = tuple(paragraphs[at : at + size])
        words = sum(len(locate(paragraph.text).tokens) for paragraph in part_of)
        rows.append(Row(at + 1, at + size, words, *fate, part_of))
        at += size
    return rows


def _touched(paragraphs: Sequence[Paragraph], starts: list[int], start: int, end: int) -> range:
    """The paragraphs that have some of a stretch."""
    first = max(0, bisect(starts, start) - 1)
    if first < len(paragraphs) and paragraphs[first].end <= start:
        first += 1
    return range(first, bisect_left(starts, end))


def _letters(number: int) -> str:
    """A, B, ... Z, AA, AB, ...

    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    found = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        found = chr(ord("A") + letter) + found
    return found


def print_map(paragraphs: Sequence[Paragraph], repeats: Sequence[Repeat], console_width: int | None = None) -> None:
    """Draws the strip on standard output: a row for neighbouring paragraphs of one fate, its bar as long as their words."""
    from rich.cells import cell_len, set_cell_size
    from rich.console import Console
    from rich.text import Text

    console = Console(width=console_width, highlight=False, markup=False, emoji=False)
    rows = strip(paragraphs, repeats)
    longest = max((row.words for row in rows), default=1)
    lines = [_cells(row, longest) for row in rows]
    widths = [max((cell_len(line[k]) for line in lines), default=0) for k in range(4)]
    for row, line in zip(rows, lines, strict=True):
        cells = [" " * (widths[k] - cell_len(line[k])) + line[k] if k in (0, 2) else line[k] for k in range(4)]
        shown = "  ".join([*map(set_cell_size, cells, widths), line[4]])
        if cell_len(shown) > console.width:
            shown = set_cell_size(shown, console.width - 1).rstrip() + "…"
        console.print(
            Text(shown.rstrip().encode(console.encoding, "replace").decode(console.encoding), _STYLES[row.state])
        )


def _cells(row: Row, longest: int) -> tuple[str, ...]:
    number = str(row.first) if row.first == row.last else f"{row.first}-{row.last}"
    bar = _SIGNS[row.state] * max(1, round(BAR * row.words / max(1, longest)))
    shown = " ".join(printable(paragraph.text[:_START]) for paragraph in row.paragraphs[:3])
    return (
        number,
        bar,
        f"{row.words:,} words",
        f"{row.state} {row.name}".strip(),
        ": ".join(filter(None, (row.note, shown))),
    )


def to_html(paragraphs: Sequence[Paragraph], repeats: Sequence[Repeat]) -> str:
    """The strip as HTML, for notebooks: what stays and what goes in full, what is neither as a count. Struck out is what goes."""
    dropped = sorted((repeat.dropped.start, repeat.dropped.end) for repeat in repeats)
    out = ['<div style="font: 13px/1.4 sans-serif; max-width: 60em">']
    for row in strip(paragraphs, repeats):
        if not row.state:
            many = f"{len(row.paragraphs):,} {'paragraph' if len(row.paragraphs) == 1 else 'paragraphs'}, {row.words:,} words"
            out.append(f'<p style="margin: 2px 0; color: #777">{many}</p>')
            continue
        text = "".join(f'<div dir="auto">{_struck(paragraph, dropped)}</div>' for paragraph in row.paragraphs)
        head = escape(f"{row.state} {row.name}" + (f": {row.note}" if row.note else ""))
        out.append(
            f'<div style="margin: 4px 0; padding: 4px 8px; color: #222; background: {_COLOURS[row.state]}">'
            f"<b>{head}</b>{text}</div>"
        )
    return "\n".join([*out, "</div>"])


def _struck(paragraph: Paragraph, dropped: list[tuple[int, int]]) -> str:
    """A paragraph as HTML, with what was dropped of it (stretches of the page, in order) struck out."""
    out, at = [], paragraph.start
    for start, end in dropped[max(0, bisect(dropped, (at,)) - 1) : bisect_left(dropped, (paragraph.end,))]:
        first, last = max(at, start), min(paragraph.end, end)
        if first < last:
            texts = (
                escape(paragraph.text[a - paragraph.start : b - paragraph.start])
                for a, b in ((at, first), (first, last))
            )
            out.append("{}<del>{}</del>".format(*texts))
            at = last
    return "".join([*out, escape(paragraph.text[at - paragraph.start :])])
