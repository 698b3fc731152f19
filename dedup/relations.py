"""What was measured of two texts -> how one repeats the other: a short table of decisions."""

from __future__ import annotations

from typing import Final

from dedup.evidence import (
    ISSUE_HOURS,
    LATE_HOURS,
    ONE_TITLE,
    SAME_TITLE,
    TITLE,
    UNLIKE_TITLE,
    Decision,
    Evidence,
    Rules,
    Signals,
    known,
)
from dedup.model import DUPLICATES, Relation
from dedup.siblings import other_issue

LEAD: Final = 0.4
"""Copies on one site have this share of one opening in the other, or agreeing titles: two pages of one site may share a
gallery of thousands of words. `UNDATED_LEAD`: where dates are not known and cannot forbid, whatever the titles unless one is
a part of the other, as a new stage of the same matter has a new opening. `FOREIGN_LEAD`: on two sites, unless the titles
are alike at all."""

UNDATED_LEAD: Final = 0.6

FOREIGN_LEAD: Final = 0.1

HELD: Final = 0.85
"""A truncated copy has at least this share of its words, in order, in the longer text (or the threshold, if that is more)."""

SLACK: Final = 2.5
"""A version may differ by so many times the share that the threshold allows, when title, site or opening confirm it;
`TITLED`: under `SAME_TITLE`; `SHORTENED`: a short version, from the shorter's side. At a threshold of 0.8: 0.5, 0.45, 0.65."""

TITLED: Final = 2.75

SHORTENED: Final = 1.75

FLOOR: Final = 0.45
"""No revised version agrees less than this (mean of the shares of the two texts that are aligned), at any threshold."""

HALF: Final = 0.5
"""A revised version has at least this share of the shorter text in the longer; from here on, texts are `related`."""

SHORT_VERSION: Final = 0.65
"""A short version of a story has this share of its words in the long one, with title and opening in agreement."""

QUOTED: Final = 0.6
"""Texts that agree less than this are no versions under unlike titles: one may quote the other at length. Where dates are not
known, they need `ONE_TITLE`."""

OPENING: Final = 0.5
"""Openings agree when this share of one is in the other; `SAME_OPENING`: without any other signal, this share."""

SAME_OPENING: Final = 0.75

TEASER: Final = 0.1
"""A truncated copy under this share of the longer text needs agreeing titles or one URL: an item at the head of a live
page opens it, too."""

OTHER_TITLE: Final = 0.6
"""Two pages of one site are no copies under titles that are less alike, nor, where site or URL is not known, two short texts. Of
two headlines that have nothing to do with each other, one in fifty is as alike as `UNLIKE_TITLE`, which is one too many where a
hundred stubs stand in front of one wall; one in a thousand is as alike as this."""

REPRINT: Final = 0.95
"""So alike, and of `REPRINT_WORDS` words or more, two pages of one site are one article under another headline all the same: no
stub is so short beside its wall."""

REPRINT_WORDS: Final = 200
"""Texts of fewer words are short."""

THIN: Final = 0.6
"""Where less than this share of a text is left beside boilerplate, unlike titles forbid a match."""

STORY_HOURS: Final = 36.0
"""Versions of one story lie at most this far apart, unless they have one URL; at two sites under one title, `LATE_HOURS`."""

INNER: Final = 0.05
"""One body in two pages, or one statement at two sites, differs in so few words, as a share of those that are aligned, apart
from what stands around it."""


def judge(evidence: Evidence, signals: Signals, rules: Rules) -> Decision:
    """How the two are related. The words propose; lead, title, URL, site confirm or forbid; numbers, names, dates forbid."""
    found = _kinship(evidence, signals, rules)
    if found.relation not in DUPLICATES:
        return found
    gap = signals.gap
    if rules.window is not None and gap is not None and gap > rules.window:
        return Decision("related", "hours apart", gap, rules.window)
    other = other_issue(evidence, signals, found) if rules.templates else None
    if (
        other is None
        and rules.templates
        and found.relation == "revised"
        and HELD <= evidence.share_shorter < rules.threshold
    ):
        # A lower threshold calls it truncated: what forbids that forbids it here, so that a higher one takes no more.
        other = other_issue(evidence, signals, found._replace(relation="truncated"))
    if other is not None:
        return other
    if found.relation == "revised" and not rules.revised:
        return found._replace(relation="version")
    return found


def _kinship(e: Evidence, s: Signals, rules: Rules) -> Decision:
    """How much of the two is the same, and whether that is the same piece."""
    near = Decision("near", "resemblance", e.resemblance, rules.threshold)
    held = max(HELD, rules.threshold)
    possible = (
        near.value >= near.limit or e.share_shorter >= held or e.agreement >= FLOOR or e.share_shorter >= SHORT_VERSION
    )
    if not possible:
        return _unrelated(e)
    if e.left < THIN and known(s.titles()) < UNLIKE_TITLE:
        return Decision("related", "share beside boilerplate, under unlike titles,", e.left, THIN)
    if near.value >= near.limit:
        found = near
    elif e.share_shorter >= held and _cut(e, s):
        found = Decision("truncated", "share of the shorter", e.share_shorter, held)
    else:
        found = _version(e, s, rules.threshold)
    return _stranger(e, s) or found if found.relation in DUPLICATES else found


def _stranger(e: Evidence, s: Signals) -> Decision | None:
    """The reason why two texts are no copies however much they share, if neither opening nor title nor URL agrees. Under unlike
    titles, two pages of one site, or two short texts of which neither site nor URL is known, may be stubs of a sentence each, in
    front of one wall.
    """
    short = e.words[1] < REPRINT_WORDS
    if s.same_site is not False and (short or (s.same_site and e.resemblance < REPRINT)):
        titles = s.titles()  # asked for as late as can be, as records must be read for them
        if titles is not None and titles < OTHER_TITLE and not s.same_page():
            if s.same_site and s.other_page():
                return Decision("related", "similarity of the titles, at two URLs of one site,", titles, OTHER_TITLE)
            if short and not s.other_page():
                return Decision(
                    "related", "similarity of the titles, of short texts without URLs,", titles, OTHER_TITLE
                )
    titled: float | None = TITLE
    quantity, limit = "opening in common, under unlike titles,", LEAD
    if s.same_site is False:
        limit, titled = FOREIGN_LEAD, UNLIKE_TITLE
    elif s.gap is None:
        quantity, limit = "opening in common, without dates,", UNDATED_LEAD
        titled = TITLE if e.share_shorter >= HELD and e.share_longer < HALF else None
    if e.lead >= limit or (titled is not None and known(s.titles()) >= titled) or s.same_page():
        return None
    return Decision("related", quantity, e.lead, limit)


def _cut(e: Evidence, s: Signals) -> bool:
    """Whether a text that the longer one holds is a part of the same piece, and not one of many things on its page."""
    if _agree(s):
        return True
    if s.titles() is None:
        return e.lead >= SAME_OPENING and e.share_longer >= TEASER
    if e.lead < OPENING or e.share_longer < TEASER:
        return False
    return e.share_longer >= HALF or (s.same_site is False and (s.gap is None or s.gap < ISSUE_HOURS))


def _version(e: Evidence, s: Signals, threshold: float) -> Decision:
    """Whether they are versions of one piece, which agree less than copies do, and which something else confirms; if not,
    what speaks against it.
    """
    body = _same_body(e, s)
    if e.share_shorter < HALF:
        return _unrelated(e)
    against = None if body or s.same_page() else _too_late(e, s, threshold) or _quoted(e, s, threshold)
    if against is not None:
        return against
    if s.same_site is not False and s.other_page():
        if e.lead < SAME_OPENING:
            return Decision("related", "opening in common, at two URLs of one site,", e.lead, SAME_OPENING)
        if s.gap is not None and s.gap >= ISSUE_HOURS:
            return Decision("related", "hours between two pages of one site", s.gap, ISSUE_HOURS)
    if _statement(e, s):
        return Decision("related", "opening in common, of two sites that print one statement,", e.lead, SAME_OPENING)
    floor = max(FLOOR, _allowed(threshold, SLACK))
    opening = s.gap is not None and e.lead >= SAME_OPENING and e.agreement >= QUOTED and not _walled(e, s)
    if e.agreement >= floor and (body or opening or s.same_site is False or _agree(s)):
        return Decision("revised", "mean share, confirmed,", e.agreement, floor)
    if not _agree(s) and e.agreement >= floor:
        return _untitled(e, s, threshold) or Decision("related", "similarity of the titles", known(s.titles()), TITLE)
    one_title = known(s.titles()) >= SAME_TITLE or s.same_page()
    floor = max(FLOOR, _allowed(threshold, TITLED)) if one_title else floor
    if e.agreement >= floor:
        return Decision("revised", "mean share, under one title,", e.agreement, floor)
    short = max(SHORT_VERSION, _allowed(threshold, SHORTENED))
    if e.share_shorter >= short and e.lead >= OPENING and _agree(s):
        return Decision("revised", "share of the short version", e.share_shorter, short)
    return Decision("related", "mean share", e.agreement, floor)


def _too_late(e: Evidence, s: Signals, threshold: float) -> Decision | None:
    """The reason why dates do not allow for two versions of one piece; on one site, they must be known."""
    if s.gap is None:
        undated = Decision("related", "resemblance, on one site without dates,", e.resemblance, threshold)
        return undated if s.same_site else None
    limit = LATE_HOURS if s.same_site is False and s.gap > STORY_HOURS and _agree(s) else STORY_HOURS
    return Decision("related", "hours apart", s.gap, limit) if s.gap > limit else None


def _untitled(e: Evidence, s: Signals, threshold: float) -> Decision | None:
    """What is missing where there are no titles: without them, only a near copy counts."""
    short = Decision("related", "resemblance, without titles,", e.resemblance, threshold)
    return short if s.titles() is None else None


def _quoted(e: Evidence, s: Signals, threshold: float) -> Decision | None:
    """The reason why two texts that agree in part only may be one that quotes the other, if titles do not tell otherwise."""
    title = ONE_TITLE if s.gap is None else UNLIKE_TITLE
    if e.agreement >= QUOTED or known(s.titles()) >= title:
        return None
    return _untitled(e, s, threshold) or Decision(
        "related", "similarity of the titles, of texts that agree in part,", known(s.titles()), title
    )


def _statement(e: Evidence, s: Signals) -> bool:
    """Whether two sites print one stretch of text, unchanged, with other words around it, under titles and openings of their own:
    a statement, or a quotation.
    """
    titles = s.titles()
    if s.same_site is not False or titles is None or titles >= UNLIKE_TITLE:
        return False
    return e.lead < SAME_OPENING and e.inner <= INNER * e.aligned


def _same_body(e: Evidence, s: Signals) -> bool:
    """Whether two texts have one title, opening and body, with other things before and behind it. A column has one title and
    opening, too, every week: dates may not lie further apart than those of a story, and where they are not known, URLs must not
    differ.
    """
    if e.inner > INNER * e.aligned or e.lead < SAME_OPENING:
        return False
    if s.other_page() if s.gap is None else s.gap > STORY_HOURS:
        return False
    if s.titles() is None:
        return bool(s.same_site) and not _walled(e, s)
    return known(s.titles()) >= ONE_TITLE


def _walled(e: Evidence, s: Signals) -> bool:
    """Whether two short texts without titles, whose first words differ, may have nothing but a wall behind their first sentence
    in common: most of the words that count as their opening are the wall's.
    """
    return e.words[1] < REPRINT_WORDS and e.lead < 1.0 and s.titles() is None and not s.same_page()


def _allowed(threshold: float, times: float) -> float:
    """The share that must agree where so many times the difference of the threshold is allowed."""
    return round(1.0 - times * (1.0 - threshold), 6)


def _unrelated(e: Evidence) -> Decision:
    relation: Relation = "related" if e.share_shorter >= HALF else "different"
    return Decision(relation, "mean share", e.agreement, FLOOR)


def _agree(s: Signals) -> bool:
    """Whether title or URL say that it is the same piece."""
    return known(s.titles()) >= TITLE or s.same_page()
