"""Two texts that are copies by their words -> why they are issues of one template with other facts, if they are."""

from __future__ import annotations

from typing import Final

from dedup.evidence import ISSUE_HOURS, LATE_HOURS, ONE_TITLE, TITLE, UNLIKE_TITLE, Decision, Evidence, Signals, known

DENSE: Final = 0.25
"""A text with this share of numbers among its words is a table."""

SWAPPED: Final = 1 / 9
"""More than this share of the numbers swapped: another issue of one template. `CORRECTED`: the same for a text that is no
table, within `ISSUE_HOURS` or at one URL, where a correction is as likely."""

CORRECTED: Final = 1 / 5

NOTICE: Final = 100
"""In a near copy of so few words a number is no correction where more than one word in `DENSELY` is another one."""

SPELLED: Final = 3
"""So many numbers that stand in the place of words, and hardly any in common: facts that one text writes out in words, unless
both have `ONE_TITLE` and lie close."""

SHARED: Final = 0.51
"""A version has this share, more than half, of the numbers of the text that has fewer, if it has two: its other passages
bring new ones, but the facts of the piece stand in both. So has a near copy, if a number is swapped: without a swap, they may be
furniture."""

REPLACED: Final = 100
"""Of two texts of one site that lie `ISSUE_HOURS` apart, one place in so many words with other names makes another issue."""

UNTITLED: Final = 50
"""Of two texts of one site without titles, two places with other capitals, and one in so many words, make another issue: in
scripts without capitals nothing tells a name from a word that was edited. At two URLs, two places with other names do."""

ALIKE: Final = 0.8
"""Texts that resemble each other so much are one text, with other words in some places: what these are tells, at any sites."""

INSIDE: Final = 50
"""Of texts that are so alike, two places with other names, and one in so many words, make another issue: who prints a piece
again may put another byline before it, but no other names into it. In a table, they are its heads."""

DENSELY: Final = 30
"""Of two texts at two URLs of one site, three places with other words, and one in so many, make another issue: who prints a
piece again changes less of it. Where URLs are not known, places with other capitals do, but in a table."""

EDIT: Final = 150
"""Of two texts of which neither title nor date is known, a place in so many words where they differ is an edit, whatever
stands there."""


def other_issue(e: Evidence, s: Signals, found: Decision) -> Decision | None:
    """The reason why the two are issues of one template with other facts, if they are."""
    if e.swaps == e.lone == e.replaced == e.passages == 0:
        return None
    facts = _other_facts(_unframed(e, s), s, found)
    if facts is None or not s.same_page():
        return facts
    later = s.gap is None or s.gap >= ISSUE_HOURS  # a page of the day has one URL, and other news tomorrow
    return facts if later and found.relation == "revised" else None


def _unframed(e: Evidence, s: Signals) -> Evidence:
    """Without the numbers of frames, where two sites print one title within `ISSUE_HOURS`. Anywhere else they may be facts: some
    templates have all of theirs in the first or the last words.
    """
    if e.frames == (0, 0) or s.same_site is not False or s.gap is None or s.gap >= ISSUE_HOURS:
        return e
    if known(s.titles()) < ONE_TITLE:
        return e
    return e._replace(swaps=e.swaps - e.frames[0], lone=e.lone - e.frames[1])


def _other_facts(e: Evidence, s: Signals, found: Decision) -> Decision | None:
    """The reason why the two tell other facts, if they do."""
    return _later(e, s) or _retold(e, s) or _numbers(e, s, found) or _names(e, s)


def _later(e: Evidence, s: Signals) -> Decision | None:
    """Two texts of one site that lie a day apart: a copy is the same, another issue has something else somewhere."""
    if s.same_site is False or s.gap is None or s.gap < ISSUE_HOURS:
        return None
    places = e.replaced if e.passages == 0 or s.gap >= LATE_HOURS else 0
    named = places * REPLACED >= e.words[1] and s.renamed_places() * REPLACED >= e.words[1]
    if e.swaps or e.lone or named:
        return Decision("sibling", "hours between two texts of one site with other facts", s.gap, ISSUE_HOURS)
    if e.replaced + e.passages and known(s.titles()) < UNLIKE_TITLE:
        return Decision("sibling", "similarity of the titles, a day apart,", known(s.titles()), UNLIKE_TITLE)
    return None


def _retold(e: Evidence, s: Signals) -> Decision | None:
    """Two pages of one site that do not have one title, nor dates that lie close: a passage in the place of another one is news,
    whatever background they share.
    """
    if e.passages == 0 or s.same_site is False or (s.gap is not None and s.gap < ISSUE_HOURS):
        return None
    titles = s.titles()
    if titles is None or titles >= TITLE or not s.other_page():
        return None
    return Decision("sibling", "similarity of the titles, with other passages,", titles, TITLE)


def _numbers(e: Evidence, s: Signals, found: Decision) -> Decision | None:
    """Numbers in the place of others, and those of a part or of a version that the other text does not have at all."""
    few = e.numbers > 1 and e.common / e.numbers < SHARED
    if found.relation == "revised" and few:
        return Decision("sibling", "share of the numbers in common", e.common / e.numbers, SHARED)
    table = _table(e)
    lacking = found.relation == "truncated" or (found.relation == "near" and few and e.swaps > 0)
    missing = e.numbers - e.common if lacking else 0
    moved = table and found.relation == "revised" and e.common < e.numbers
    if e.swaps == e.lone == missing == 0 and not moved:
        return None
    here, title = s.same_site is not False, known(s.titles())
    soon = s.gap is not None and s.gap < ISSUE_HOURS
    close = soon and not table
    limit = CORRECTED if close and (found.relation != "revised" or title >= ONE_TITLE) else SWAPPED
    facts = max(e.swaps + (e.lone if table else 0), missing)
    notice = found.relation == "near" and e.words[1] <= NOTICE
    single = max(e.swaps, missing) == 1 and not (
        notice and (e.words[1] - e.aligned) * DENSELY > max(e.words[1], DENSELY)
    )
    corrected = single and close and title >= (ONE_TITLE if here else TITLE)
    reprinted = soon and title >= TITLE and facts > limit * e.numbers and s.values_apart() <= limit
    if facts > limit * e.numbers and not (corrected or reprinted or _bare_edit(e, s, found)):
        return Decision("sibling", "share of the numbers swapped", facts / max(1, e.numbers), limit)
    if table and title < TITLE and (e.swaps or moved):
        return Decision("sibling", "numbers swapped in a table, without one title,", max(1, e.swaps), 1)
    if here and e.swaps and s.titles() is not None and title < TITLE:
        return Decision("sibling", "similarity of the titles, with numbers swapped,", title, TITLE)
    if e.lone >= SPELLED and e.lone > e.numbers and not (close and title >= ONE_TITLE):
        return Decision("sibling", "numbers in the place of words", e.lone, SPELLED)
    return None


def _table(e: Evidence) -> bool:
    return e.numbers >= DENSE * e.words[1]


def _bare_edit(e: Evidence, s: Signals, found: Decision) -> bool:
    """Whether two texts of which nothing else is known are long, and differ in a place or two."""
    places = max(e.swaps, e.replaced + e.passages)
    return found.relation == "near" and s.titles() is None and s.gap is None and places * EDIT <= e.words[1]


def _names(e: Evidence, s: Signals) -> Decision | None:
    """Names in the place of others."""
    alike = e.resemblance >= ALIKE and not _table(e)
    if alike and e.replaced > 1 and e.replaced * INSIDE >= e.words[1]:
        least = e.words[1] / INSIDE
        places = s.other_names(max(2, least))
        if places:
            return Decision("sibling", "places with other names inside the body", places, least)
    if alike and e.replaced and s.retitled():
        return Decision("sibling", "words of the titles swapped", 1.0, 1.0)
    here = s.same_site is not False
    apart = here and e.replaced > 1 and s.other_page()
    if apart or (here and e.replaced > 1 and e.passages == 0 and s.titles() is None):
        places = s.renamed_places() if apart else s.capital_places()
        if places > 1 and places * UNTITLED >= e.words[1]:
            return Decision("sibling", "places with other names", places, e.words[1] / UNTITLED)
    if here and e.replaced > 2 and e.replaced * DENSELY >= e.words[1] and (apart or not _table(e)):
        places = e.replaced if apart else s.capital_places()
        if places > 2 and places * DENSELY >= e.words[1]:
            quantity = "places with other words, at two URLs," if apart else "places with other names"
            return Decision("sibling", quantity, places, e.words[1] / DENSELY)
    if s.renamed() or (here and s.other_subject()):
        return Decision("sibling", "names swapped", 1.0, 1.0)
    return None
