"""Two copies -> whether one of them quotes the other: in quotation marks, behind `>`, or line by line with remarks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup.bodies import PARAGRAPHS
from dedup.copies import Copy, Sides
from dedup.paragraphs import BREAKS, Layout
from dedup.repeats import Chain, Stretch

QUOTED: Final = (2, 3, 100)
"""A copy quotes the other when it opens at least so many quotations behind words of its own, so many times those of the other,
and one for so many words: what an article quotes, and prints in full elsewhere, stays at both places. Where marks stand behind
words of both, the other copy has only lost them."""

REMARKS: Final = 3
"""A copy that has so many lines more between its own, each of which ends as a sentence does, is a text with remarks: a speech
that is checked, an article that its readers answer. Both stay."""

_OPENING: Final = re.compile(r"""(?:^|(?<=[\s(\[.,;:!?—–\\-]))["'“„‟«‹「『‘‚‛](?=\w)""")
_CITED: Final = re.compile(rf"(?:^|[{BREAKS}])[^\S{BREAKS}]*>[^{BREAKS}]*$")
_CLOSED: Final = re.compile(r"""[.,;:!?…]*["'”“»«›‹」』’‘]""")


def quotation(layout: Layout, chain: Chain, words: int) -> bool:
    """Whether one of two copies quotes the other. The mark before the first word of a copy counts; what both quote does not."""
    sides = [_openings(layout, stretch, chain.runs[:, [k, 2]]) for k, stretch in enumerate((chain.first, chain.second))]
    least, times, apart = QUOTED
    return any(
        own >= max(least, times * (other - (every - own))) and own * apart >= words
        for (every, own), (other, _) in (sides, sides[::-1])
    )


def _openings(layout: Layout, stretch: Stretch, runs: NDArray[np.int64]) -> tuple[int, int]:
    """How many quotations a copy opens, and how many of them with common words behind words of its own; `runs` i64[n, 2]: first
    word, words.
    """
    first, last = stretch
    starts, ends = layout.words.starts, layout.words.ends
    marks = _OPENING.finditer(layout.text, max(0, int(starts[first]) - 1), int(ends[last - 1]))
    words = np.searchsorted(starts, [mark.end() for mark in marks])
    common = np.zeros(last - first + 1, bool)  # the last one stands for the word before the first
    for start, length in (runs - [first, 0]).tolist():
        common[start : start + length] = True
    return len(words), int(np.count_nonzero(common[words - first] & ~common[words - first - 1]))


def enclosed(layout: Layout, sides: Sides) -> bool:
    """Whether one of two copies stands in quotation marks, from its first word to its last, and the other in as many lines
    without; or in lines that all begin with `>`, as in mails, and the other does not.
    """
    if _cited(layout, sides[0]) != _cited(layout, sides[1]):
        return True
    if sides[0].lines != sides[1].lines:
        return False
    text, words = layout.text, layout.words
    opened = [
        bool(_OPENING.match(text, max(0, int(words.starts[side.first]) - 1)))
        and bool(_CLOSED.match(text, int(words.ends[side.last - 1])))
        for side in sides
    ]
    return opened[0] != opened[1]


def _cited(layout: Layout, side: Copy) -> bool:
    """Whether every line of a copy begins with `>`."""
    text, words, heads = layout.text, layout.words, layout.heads
    firsts = heads[layout.lines[side.first] : layout.lines[side.last - 1] + 1].tolist()
    return all(_CITED.search(text, int(words.ends[i - 1]) if i else 0, int(words.starts[i])) for i in firsts)


def commented(layout: Layout, chain: Chain) -> bool:
    """Whether one of two copies has remarks of its own between the lines of the other, which is not glued to fewer lines."""
    lines = [_common_lines(layout, chain, side) for side in (0, 1)]
    return any(
        lines[side] < PARAGRAPHS * lines[1 - side] and len(set(_remarks(layout, chain, side))) >= REMARKS
        for side in (0, 1)
    )


def _common_lines(layout: Layout, chain: Chain, side: int) -> int:
    """How many lines of a copy have words of a run."""
    found: set[int] = set()
    for first, words in chain.runs[:, [side, 2]].tolist():
        found.update(layout.lines[first : first + words].tolist())
    return len(found)


def _remarks(layout: Layout, chain: Chain, side: int) -> Iterator[tuple[int, ...]]:
    """The lines of a copy that no run touches and that end as a sentence does, as words that are no numbers; none that the
    other copy has.
    """
    tokens, lines, heads = layout.words.tokens, layout.lines, layout.heads
    other = tokens[slice(*(chain.second, chain.first)[side])].tobytes()
    ends = chain.runs[:, side] + chain.runs[:, 2] - 1
    for before, behind in zip(lines[ends[:-1]].tolist(), lines[chain.runs[1:, side]].tolist(), strict=True):
        for line in range(before + 1, behind):
            words = tokens[heads[line] : heads[line + 1]]
            named = tuple(words[words & 1 == 0].tolist())
            if named and layout.ends_sentence(line) and words.tobytes() not in other:
                yield named
