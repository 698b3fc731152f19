"""What was measured of two texts -> how one repeats the other: a short table of decisions."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from dedup.model import DUPLICATES, Relation

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
`TITLED`: under one title; `SHORTENED`: a short version, from the shorter's side. At a threshold of 0.8: 0.5, 0.45, 0.65."""

TITLED: Final = 2.75

SHORTENED: Final = 1.75

FLOOR: Final = 0.45
"""No revised version agrees less than this (mean of the shares of the two texts that are aligned), at any threshold."""

HALF: Final = 0.5
"""A revised version has at least this share of the shorter text in the longer; from here on, texts are `related`."""

SHORT_VERSION: Final = 0.65
"""A short version of a story has this share of its words in the long one, with title and opening in agreement."""

TITLE: Final = 0.7
"""Titles agree from this similarity on (rapidfuzz token set ratio); `UNLIKE_TITLE`: they disagree below that one."""

UNLIKE_TITLE: Final = 0.5

QUOTED: Final = 0.6
"""Texts that agree less than this are no versions under unlike titles: one may quote the other at length. Where dates are not
known, they need `ONE_TITLE`."""

ONE_TITLE: Final = 0.95

OPENING: Final = 0.5
"""Openings agree when this share of one is in the other; `SAME_OPENING`: without any other signal, this share."""

SAME_OPENING: Final = 0.75

TEASER: Final = 0.1
"""A truncated copy under this share of the longer text needs agreeing titles or one URL: an item at the head of a live
page opens it, too."""

THIN: Final = 0.6
"""Where less than this share of a text is left beside boilerplate, unlike titles forbid a match."""

STORY_HOURS: Final = 36.0
"""Versions of one story lie at most this far apart, unless they have one URL; at two sites under one title, `LATE_HOURS`."""

LATE_HOURS: Final = 168.0
"""Texts of one site that lie further apart are issues of one template even if they differ in whole passages, too."""

ISSUE_HOURS: Final = 20.0
"""Two issues of one template lie at least this far apart; corrections and copies on one site lie closer."""

DENSE: Final = 0.25
"""A text with this share of numbers among its words is a table."""

SWAPPED: Final = 1 / 9
"""More than this share of the numbers swapped: another issue of one template. `CORRECTED`: the same for a text that is no
table, within `ISSUE_HOURS` or at one URL, where a correction is as likely."""

CORRECTED: Final = 1 / 5

INNER: Final = 0.05
"""One body in two pages differs in so few words, as a share of those that are aligned, apart from what stands around it."""

SPELLED: Final = 3
"""So many numbers that stand in the place of words, and hardly any in common: facts that one text writes out in words."""

REPLACED: Final = 100
"""Of two texts of one site that lie `ISSUE_HOURS` apart, one place in so many words with other names makes another issue."""


class Signals(Protocol):
    """What stands beside two texts; unknown is None. `gap`: hours between their dates of publication."""

    @property
    def same_site(self) -> bool | None:
        """Whether both are of one site."""

    @property
    def gap(self) -> float | None:
        """Hours between the dates of publication."""

    def titles(self) -> float | None:
        """Similarity of the titles, 0 to 1."""

    def same_page(self) -> bool:
        """Whether both name the same URL."""

    def renamed(self) -> bool:
        """Whether a name of one text stands consistently in the place of another name of the other."""

    def renamed_places(self) -> int:
        """How many places have a name in one text and another name in the other."""

    def other_subject(self) -> bool:
        """Whether the title of each has a name that the other text does not mention."""


class Evidence(NamedTuple):
    """What was measured of two texts (without their boilerplate), the longer one first.

    `words` of both, `aligned` of them; `lead`: the share of the first 60 words of one that the first 250 of the other hold
    (the larger of the two directions); `numbers` in the text that has fewer, `swaps` of them that stand in the place of
    another number, `lone` ones that stand in the place of other words; `replaced`: places with a few other words;
    `passages`: places with more of them; `inner`: words of both between the first and the last words that they share, and
    not shared; `left`: the smaller share of a text that is not boilerplate.
    """

    words: tuple[int, int]
    aligned: int
    lead: float
    numbers: int
    swaps: int
    lone: int
    replaced: int
    passages: int
    inner: int
    left: float

    @property
    def resemblance(self) -> float:
        """Twice the aligned words over the words of both."""
        return 2.0 * self.aligned / max(1, sum(self.words))

    @property
    def share_shorter(self) -> float:
        """The share of the shorter text that is aligned."""
        return self.aligned / max(1, self.words[1])

    @property
    def share_longer(self) -> float:
        """The share of the longer text that is aligned."""
        return self.aligned / max(1, self.words[0])

    @property
    def agreement(self) -> float:
        """The mean of the two shares."""
        return (self.share_shorter + self.share_longer) / 2.0


class Rules(NamedTuple):
    """What a user set: `threshold`; `revised`: whether revised versions are duplicates; `templates`: whether texts of one
    template with other facts are told from copies; `window` in hours.
    """

    threshold: float = 0.8
    revised: bool = True
    templates: bool = True
    window: float | None = None


class Decision(NamedTuple):
    """How two texts are related, and the quantity that decided: its name, its value, and the limit it was held against."""

    relation: Relation
    quantity: str
    value: float
    limit: float

    @property
    def reason(self) -> str:
        """For people: `resemblance 0.9312 >= 0.8`."""
        sign = ">=" if self.value >= self.limit else "<"
        return f"{self.quantity} {self.value:.4g} {sign} {self.limit:.4g}"


def judge(evidence: Evidence, signals: Signals, rules: Rules) -> Decision:
    """How the two are related. The words propose; lead, title, URL, site confirm or forbid; numbers, names, dates forbid."""
    found = _kinship(evidence, signals, rules)
    if found.relation not in DUPLICATES:
        return found
    gap = signals.gap
    if rules.window is not None and gap is not None and gap > rules.window:
        return Decision("related", "hours apart", gap, rules.window)
    other = _other_issue(evidence, signals, found) if rules.templates else None
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
    if e.left < THIN and _known(s.titles()) < UNLIKE_TITLE:
        return Decision("related", "share beside boilerplate, under unlike titles,", e.left, THIN)
    if near.value >= near.limit:
        found: Decision | None = near
    elif e.share_shorter >= held and _cut(e, s):
        found = Decision("truncated", "share of the shorter", e.share_shorter, held)
    else:
        found = _version(e, s, rules.threshold)
    return _unrelated(e) if found is None else _stranger(e, s) or found


def _stranger(e: Evidence, s: Signals) -> Decision | None:
    """The reason why two texts are no copies however much they share, if neither opening nor title nor URL agrees."""
    titled: float | None = TITLE
    quantity, limit = "opening in common, under unlike titles,", LEAD
    if s.same_site is False:
        limit, titled = FOREIGN_LEAD, UNLIKE_TITLE
    elif s.gap is None:
        quantity, limit = "opening in common, without dates,", UNDATED_LEAD
        titled = TITLE if e.share_longer < HALF else None
    if e.lead >= limit or (titled is not None and _known(s.titles()) >= titled) or s.same_page():
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


def _version(e: Evidence, s: Signals, threshold: float) -> Decision | None:
    """Whether they are versions of one piece, which agree less than copies do, and which something else confirms."""
    body = _same_body(e, s)
    if e.share_shorter < HALF or not (body or _in_time(s)):
        return None
    if e.agreement < QUOTED and not body and not s.same_page():
        title = ONE_TITLE if s.gap is None else UNLIKE_TITLE
        if _known(s.titles()) < title:
            return None
    floor = max(FLOOR, _allowed(threshold, SLACK))
    opening = s.gap is not None and e.lead >= SAME_OPENING and e.agreement >= QUOTED
    if e.agreement >= floor and (body or opening or s.same_site is False or _agree(s)):
        return Decision("revised", "mean share, confirmed,", e.agreement, floor)
    floor = max(FLOOR, _allowed(threshold, TITLED))
    if e.agreement >= floor and _agree(s):
        return Decision("revised", "mean share, under one title,", e.agreement, floor)
    short = max(SHORT_VERSION, _allowed(threshold, SHORTENED))
    if e.share_shorter >= short and e.lead >= OPENING and _agree(s):
        return Decision("revised", "share of the short version", e.share_shorter, short)
    return None


def _same_body(e: Evidence, s: Signals) -> bool:
    """Whether two texts have one title, opening and body, with other things before and behind it, whatever their dates."""
    if e.inner > INNER * e.aligned or e.lead < SAME_OPENING:
        return False
    return bool(s.same_site) if s.titles() is None else _known(s.titles()) >= ONE_TITLE


def _allowed(threshold: float, times: float) -> float:
    """The share that must agree where so many times the difference of the threshold is allowed."""
    return round(1.0 - times * (1.0 - threshold), 6)


def _in_time(s: Signals) -> bool:
    """Whether the dates allow for two versions of one piece; on one site, they must be known."""
    if s.gap is None:
        return not s.same_site or s.same_page()
    if s.gap <= STORY_HOURS or s.same_page():
        return True
    return s.same_site is False and s.gap <= LATE_HOURS and _agree(s)


def _unrelated(e: Evidence) -> Decision:
    relation: Relation = "related" if e.share_shorter >= HALF else "different"
    return Decision(relation, "mean share", e.agreement, FLOOR)


def _agree(s: Signals) -> bool:
    """Whether title or URL say that it is the same piece."""
    return _known(s.titles()) >= TITLE or s.same_page()


def _known(similarity: float | None) -> float:
    """A similarity; between all limits where there is none."""
    return UNLIKE_TITLE if similarity is None else similarity


def _other_issue(e: Evidence, s: Signals, found: Decision) -> Decision | None:
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
    close = s.gap is not None and s.gap < ISSUE_HOURS and not table
    usual = found.relation != "revised" or _known(s.titles()) >= ONE_TITLE
    limit = CORRECTED if close and usual else SWAPPED
    facts = e.swaps + (e.lone if table else 0)
    titled = _known(s.titles()) >= TITLE
    if facts > limit * e.numbers and not (e.swaps == 1 and close and titled):
        return Decision("sibling", "share of the numbers swapped", facts / max(1, e.numbers), limit)
    if table and e.swaps and not titled:
        return Decision("sibling", "numbers swapped in a table, without one title,", e.swaps, 1)
    if here and e.swaps and s.titles() is not None and _known(s.titles()) < TITLE:
        return Decision("sibling", "similarity of the titles, with numbers swapped,", _known(s.titles()), TITLE)
    if e.lone >= SPELLED and e.lone > e.numbers:
        return Decision("sibling", "numbers in the place of words", e.lone, SPELLED)
    if s.renamed() or (here and s.other_subject()):
        return Decision("sibling", "names swapped", 1.0, 1.0)
    return None
