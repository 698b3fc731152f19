"""Words of a page -> the stretch of its text that goes with them."""

from __future__ import annotations

import re
from typing import Final

from dedup.paragraphs import BREAKS, Layout
from dedup.repeats import Stretch

_SPACE: Final = re.compile(r"\s*")
_BLANKS: Final = re.compile(rf"[^\S{BREAKS}]*")
_BREAK: Final = re.compile(f"[{BREAKS}]")


def printed(layout: Layout, first: int, last: int) -> Stretch:
    """Where words stand, with the punctuation that touches them, in code points."""
    text, starts, ends = layout.text, layout.words.starts, layout.words.ends
    before = int(ends[first - 1]) if first else 0
    gap = text[before : int(starts[first])]
    opening = len(gap) - max((k + 1 for k, c in enumerate(gap) if c.isspace()), default=0 if first == 0 else len(gap))
    after = int(starts[last]) if last < len(starts) else len(text)
    end = int(ends[last - 1])
    closing = next((k for k, c in enumerate(text[end:after]) if c.isspace()), after - end)
    return int(starts[first]) - opening, end + closing


def with_space(text: str, span: Stretch) -> Stretch:
    """A stretch with the white space that goes with it: whole lines with their breaks, else the blanks on one side."""
    start, end = span
    line = start
    while line > 0 and text[line - 1].isspace() and not _BREAK.match(text[line - 1]):
        line -= 1
    opens = line == 0 or _BREAK.match(text[line - 1]) is not None
    blanks = _end(_BLANKS, text, end)
    closes = blanks == len(text) or _BREAK.match(text, blanks) is not None
    if opens and closes:
        rest = _end(_SPACE, text, end)
        if rest == len(text):
            while line > 0 and text[line - 1].isspace():
                line -= 1
            return line, rest
        while not _BREAK.match(text[rest - 1]):
            rest -= 1
        return line, rest
    return (line, end) if closes else (start, blanks)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start
