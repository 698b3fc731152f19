"""Two texts that are copies by their words -> why they are issues of one template with other facts, if they are."""

from __future__ import annotations

from typing import Final

from dedup.evidence import ISSUE_HOURS, LATE_HOURS, ONE_TITLE, TITLE, Decision, Evidence, Signals, known

DENSE: Final = 0.25
"""A text with this share of numbers among its words is a table."""

SWAPPED: Final = 1 / 9
"""More than this share of the numbers swapped: another issue of one template. `CORRECTED`: the same for a text that is no
table, within `ISSUE_HOURS` or at one URL, where a correction is as likely."""

CORRECTED: Final = 1 / 5

SPELLED: Final = 3
"""So many numbers that stand in the place of words, and hardly any in common: facts that one text writes out in words, unless
both have `ONE_TITLE` and lie close."""

SHARED: Final = 0.5
"""A version has this share of the numbers of the text that has fewer, if it has two: its other passages bring new ones, but
the facts of the piece stand in both."""

REPLACED: Final = 100
"""Of two texts of one site that lie `ISSUE_HOURS` apart, one place in so many words with other names makes another issue."""


def other_issue(e: Evidence, s: Signals, found: Decision) -> Decision | None:
    """The reason why the two are issues of one template with other facts, if they are."""
    if e.swaps == e.lone == e.replaced == e.passages == 0:
        return None
    facts = _other_facts(e, s, found)
    return None if facts is None or s.same_page() else facts


def _other_facts(e: Evidence, s: Signals, found: Decision) -> Decision | None:
    """The reason why the two tell other facts, if they do."""
    here = s.same_site is not False
    if here and s.gap is not None and s.gap >= ISSUE_HOURS:
        places = e.replaced if e.passages == 0 or s.gap >= LATE_HOURS else 0
        named = places * REPLACED >= e.words[1] and s.renamed_places() * REPLACED >= e.words[1]
        if e.swaps or e.lone or named:
            return Decision("sibling", "hours between two texts of one site with other facts", s.gap, ISSUE_HOURS)
    table = e.numbers >= DENSE * e.words[1]
    soon = s.gap is not None and s.gap < ISSUE_HOURS
    close = soon and not table
    usual = found.relation != "revised" or known(s.titles()) >= ONE_TITLE
    limit = CORRECTED if close and usual else SWAPPED
    facts = e.swaps + (e.lone if table else 0)
    titled = known(s.titles()) >= TITLE
    if found.relation == "revised" and e.numbers > 1 and e.common < SHARED * e.numbers:
        return Decision("sibling", "share of the numbers in common", e.common / e.numbers, SHARED)
    corrected = e.swaps == 1 and close and known(s.titles()) >= (ONE_TITLE if here else TITLE)
    if facts > limit * e.numbers and not corrected and not (titled and soon and s.values_apart() <= limit):
        return Decision("sibling", "share of the numbers swapped", facts / max(1, e.numbers), limit)
    if table and not titled and (e.swaps or (found.relation == "revised" and e.common < e.numbers)):
        return Decision("sibling", "numbers swapped in a table, without one title,", max(1, e.swaps), 1)
    if here and e.swaps and s.titles() is not None and known(s.titles()) < TITLE:
        return Decision("sibling", "similarity of the titles, with numbers swapped,", known(s.titles()), TITLE)
    if e.lone >= SPELLED and e.lone > e.numbers and not (close and known(s.titles()) >= ONE_TITLE):
        return Decision("sibling", "numbers in the place of words", e.lone, SPELLED)
    if s.renamed() or (here and s.other_subject()):
        return Decision("sibling", "names swapped", 1.0, 1.0)
    return None
