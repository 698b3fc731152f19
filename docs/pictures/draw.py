"""Draws the pictures of the documentation with what the library itself finds: `python docs/pictures/draw.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from dedup import Bands, Settings, clean_page, compare
from dedup.diff import diff
from dedup.words import locate

WIDTH = 720
INK, FAINT, RULE = "#1f2937", "#6b7280", "#d1d5db"
BLUE, RED, GREEN, AMBER, GREY = "#2563eb", "#dc2626", "#15803d", "#b45309", "#9ca3af"
WASH = {"equal": "#dbeafe", "removed": "#fee2e2", "added": "#dcfce7", "replaced": "#fee2e2", "moved": "#fef3c7"}
LETTER = 7.25
"""The width of a letter of the typewriter face at 12 pixels, with some air."""

ONE = (
    "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is expected to bring "
    "waves of six metres to the strait. Passengers can take the bus to Sund, where boats leave from noon on. Tickets stay "
    "valid for a week, and nobody has to rebook."
)
OTHER = (
    "PORT ELLERY. Tickets stay valid for a week, and nobody has to rebook. The ferry to Port Ellery will not sail on Monday, "
    "the port authority said, because of a storm that is expected to bring waves of six metres to the strait. Passengers can "
    "take the coach to Sund, where boats leave from noon on."
)
BODY = (
    "The ferry to Port Ellery will not sail on Monday, the harbour office said, because of a storm that is expected to bring "
    "waves of up to six metres to the strait in the early hours of the morning.",
    "Passengers can take the bus to Sund instead, where boats leave from noon on, or wait for Tuesday. Tickets stay valid.",
    "The office has asked owners to move small boats to the inner basin before dark, and to double the lines of those that "
    "stay outside. A year ago eleven of them sank in one night.",
)
HEAD = ("Port Ellery Courier", "News  Weather  Tides", "Ferry stays in port")
FOOT = ("Lighthouse gets a new lamp", "Contact  Imprint")
PAGE = "\n\n".join((*HEAD, *BODY, "Share", "Related articles", HEAD[-1], " ".join(BODY), *FOOT))


def main(folder: Path) -> None:
    """Writes all pictures."""
    for name, drawn in (("bands", bands()), ("alignment", alignment()), ("star", star()), ("page", page())):
        (folder / f"{name}.svg").write_text(drawn, "utf-8")


def svg(height: int, title: str, parts: Iterable[str]) -> str:
    """A picture on a light ground, which stays readable where pages are dark."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
        f'font-size="13" fill="{INK}"><title>{escape(title)}</title>\n'
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fbfcfe" stroke="{RULE}"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, words: str, *, fill: str = INK, anchor: str = "start", more: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def line(x: float, y: float, to_x: float, to_y: float, stroke: str = RULE, more: str = "") -> str:
    """A straight line."""
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{stroke}"{more}/>'


def bands() -> str:
    """How likely two texts are compared at all, by the Jaccard similarity of their shingles."""
    left, top, wide, high = 60, 30, 460, 260
    chosen = Settings().bands
    curves = (
        (chosen, BLUE, f"dedup: {chosen.count} bands of {chosen.rows} rows"),
        (Bands.choose(0.8), AMBER, "99 % at Jaccard 0.8: 16 of 6"),
        (Bands(9, 13), GREY, "fewest errors at 0.8: 9 of 13"),
    )

    def place(jaccard: float, chance: float) -> tuple[float, float]:
        return left + wide * jaccard, top + high * (1 - chance)

    parts = []
    for step in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(step, step)
        parts += [line(left, y, left + wide, y), text(left - 8, y + 4, f"{step:.0%}", fill=FAINT, anchor="end")]
        parts += [line(x, top, x, top + high), text(x, top + high + 18, f"{step:g}", fill=FAINT, anchor="middle")]
    for number, (cut, colour, name) in enumerate(curves):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in cut.curve()))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        y = top + 16 + 52 * number
        parts += [line(540, y - 4, 564, y - 4, colour, ' stroke-width="2.5"'), *label(572, y, name)]
    x, y = place(0.5, chosen.recall(0.5))
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{BLUE}"/>']
    parts += [text(x + 10, y + 20, f"{chosen.recall(0.5):.1%} at 0.5", fill=BLUE)]
    x, y = place(0.8, Bands(9, 13).recall(0.8))
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{GREY}"/>']
    parts += [text(x - 10, y + 4, f"{Bands(9, 13).recall(0.8):.0%} at 0.8", fill=FAINT, anchor="end")]
    parts += [
        text(left + wide / 2, top + high + 38, "Jaccard similarity of the shingles of two texts", anchor="middle")
    ]
    parts += [text(left, 20, "chance that the two are compared")]
    return svg(345, "The chance that two texts are compared, by their Jaccard similarity", parts)


def label(x: float, y: float, words: str) -> list[str]:
    """A name in two lines at a colon."""
    head, _, rest = words.partition(": ")
    return [text(x, y, head), text(x, y + 16, rest, fill=FAINT)]


def alignment() -> str:
    """Two copies, their words coloured by what the alignment makes of them."""
    pieces = diff(ONE, OTHER)
    found = compare(ONE, OTHER)
    parts = []
    sides = (
        ("one", ONE, [(p.kind, p.a) for p in pieces if p.kind != "added"], 20),
        (
            "the other",
            OTHER,
            [("added" if p.kind == "replaced" else p.kind, p.b) for p in pieces if p.kind != "removed"],
            370,
        ),
    )
    lowest = 0.0
    for name, whole, spans, left in sides:
        parts.append(text(left, 28, name, fill=FAINT))
        drawn, bottom = washed(whole, sorted(spans, key=lambda span: span[1]), left, 50, 330)
        parts += drawn
        lowest = max(lowest, bottom)
    legend = (("equal", "in a common run"), ("removed", "only here"), ("added", "only there"), ("moved", "moved"))
    x = 20.0
    for kind, name in legend:
        parts += [f'<rect x="{x}" y="{lowest + 18:.1f}" width="14" height="14" rx="3" fill="{WASH[kind]}"/>']
        parts += [text(x + 20, lowest + 30, name, fill=FAINT)]
        x += 44 + 6.6 * len(name)
    told = (
        f"{found.aligned} of {found.words[0]} and {found.words[1]} words aligned: resemblance {found.resemblance:.2f}"
    )
    parts.append(text(20, lowest + 58, told))
    return svg(int(lowest + 76), "Two copies of a notice, aligned word by word", parts)


def washed(
    whole: str, spans: Sequence[tuple[str, tuple[int, int]]], left: float, top: float, wide: float
) -> tuple[list[str], float]:
    """The words of a text in lines, each on the ground of its piece; and where the last line ends."""
    found = locate(whole)
    parts = []
    x, y = left, top
    for number, (start, end) in enumerate(zip(found.starts.tolist(), found.ends.tolist(), strict=True)):
        until = found.starts[number + 1] if number + 1 < len(found.starts) else len(whole)
        word = whole[start:until].strip()
        kind = next((kind for kind, (head, tail) in spans if head <= start and end <= tail), "equal")
        size = LETTER * (len(word) + 1)
        if x + size > left + wide:
            x, y = left, y + 22
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 14:.1f}" width="{size - 2:.1f}" height="19" rx="3" fill="{WASH[kind]}"/>'
        )
        parts.append(text(x + 3, y, word, more=' font-family="ui-monospace, monospace" font-size="12"'))
        x += size
    return parts, y


def star() -> str:
    """Why a cluster is a star: in a chain the ends need not have anything in common."""
    parts = [text(20, 28, "A chain: each is compared with the next", fill=FAINT)]
    names = "ABCD"
    for i, name in enumerate(names):
        x = 50 + 75 * i
        if i:
            parts += [
                line(x - 58, 120, x - 17, 120, GREY, ' stroke-width="2"'),
                text(x - 37, 110, "0.85", fill=FAINT, anchor="middle"),
            ]
        parts += node(x, 120, name, RED if i else GREEN)
    parts += [
        f'<path d="M50 140 Q162 215 275 140" fill="none" stroke="{RED}" stroke-dasharray="5 4"/>',
        text(162, 208, "A and D were never compared: 0.4", fill=RED, anchor="middle"),
        line(360, 20, 360, 230),
        text(380, 28, "dedup: a star around the kept copy", fill=FAINT),
    ]
    centre = (470, 120)
    for (x, y), name, share in (((400, 70), "B", "0.85"), ((400, 175), "C", "0.81")):
        parts += [line(*centre, x, y, GREY, ' stroke-width="2"')]
        parts += [text((x + centre[0]) / 2 + 4, (y + centre[1]) / 2 - 8, share, fill=FAINT, anchor="middle")]
        parts += node(x, y, name, RED)
    parts += [*node(*centre, "A", GREEN), *node(600, 120, "D", GREEN)]
    parts += [line(490, 120, 580, 120, GREY, ' stroke-width="2" stroke-dasharray="5 4"')]
    parts += [text(535, 110, "0.4", fill=FAINT, anchor="middle"), text(600, 160, "stays", fill=GREEN, anchor="middle")]
    parts += [text(470, 160, "kept", fill=GREEN, anchor="middle")]
    return svg(245, "A chain of edits against a star of compared copies", parts)


def node(x: float, y: float, name: str, colour: str) -> list[str]:
    """An article."""
    return [
        f'<circle cx="{x}" cy="{y}" r="17" fill="#fff" stroke="{colour}" stroke-width="2.5"/>',
        text(x, y + 5, name, anchor="middle"),
    ]


def page() -> str:
    """A page with two bodies, as a strip of its paragraphs."""
    found = clean_page(PAGE)
    parts = []
    rows: dict[str, list[float]] = {"kept": [], "dropped": []}
    y = 24.0
    for paragraph in found.paragraphs:
        words = len(locate(paragraph.text).tokens)
        state = ""
        for repeat in found.repeats:
            for name, span in (("kept", repeat.kept), ("dropped", repeat.dropped)):
                if span.start <= paragraph.start < span.end:
                    state = name
        if state:
            rows[state].append(y + 8)
        colour = {"kept": GREEN, "dropped": RED, "": GREY}[state]
        opacity = "" if state else ' opacity="0.5"'
        parts.append(
            f'<rect x="150" y="{y}" width="{max(6, 2.1 * words):.1f}" height="16" rx="3" fill="{colour}"{opacity}/>'
        )
        parts.append(text(140, y + 13, state, fill=colour, anchor="end"))
        shown = paragraph.text if len(paragraph.text) < 40 else paragraph.text[:36].rstrip() + " …"
        parts.append(text(158 + max(6, 2.1 * words), y + 13, f"{shown}  ({words})", fill=FAINT, more=' font-size="12"'))
        y += 24
    kept, dropped = (sum(rows[name]) / len(rows[name]) for name in ("kept", "dropped"))
    parts.append(
        f'<path d="M70 {dropped:.0f} C20 {dropped:.0f} 20 {kept:.0f} 94 {kept:.0f}" fill="none" stroke="{INK}"/>'
    )
    [repeat] = found.repeats
    parts.append(text(150, y + 20, f"similarity {repeat.similarity:.2f}; the copy stays that is {repeat.reason}"))
    return svg(int(y + 40), "A page that holds its article twice; the second copy goes", parts)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
