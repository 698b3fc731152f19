"""Texts of a batch -> those that hold a body twice, with each body once; and records, with their text exchanged."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

import numpy as np

from dedup import kernels
from dedup.alignment import RUN
from dedup.inpage import GLANCE, clean_page
from dedup.signatures import Pieces, encode

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COLON: Final = re.compile(rb"\s*:")


class Cleaned(NamedTuple):
    """The texts of a batch that hold a body twice: by their number, the text with each body once, and how many went.
    `unfinished`: pages that `inpage.ROUNDS` were not enough for.
    """

    texts: dict[int, bytes]
    repeats: dict[int, int]
    unfinished: int


def clean(texts: list[bytes], split: Pieces) -> Cleaned:
    """Looks through texts (UTF-8), of which `split` are the tokens."""
    run, least = GLANCE
    repeated = np.empty(len(texts), np.bool_)
    kernels.inpage.repeated_in_all(split.tokens, split.ends, RUN, run, least, repeated)
    found = Cleaned({}, {}, 0)
    for i in repeated.nonzero()[0].tolist():
        page = clean_page(texts[i].decode("utf-8", "surrogatepass"))
        if page.repeats:
            found.texts[i] = encode(page.text)
            found.repeats[i] = len(page.repeats)
            found = found._replace(unfinished=found.unfinished + (not page.complete))
    return found


def exchanged(line: bytes, record: dict[str, Any], old: str, new: str) -> bytes:
    """A line of JSON with one text in the place of another; `record` is the line with the new one.

    Everything else stays byte for byte where the old text stands in the line once. Where another field holds it, too, the
    record is written anew.
    """
    places = [
        found.span()
        for found in _STRING.finditer(line)
        if len(found[0]) > len(old) and not _COLON.match(line, found.end()) and json.loads(found[0]) == old
    ]
    if len(places) != 1:
        return _json(record)
    start, end = places[0]
    return line[:start] + _json(new) + line[end:]


def _json(value: str | dict[str, Any]) -> bytes:
    """A value as JSON; escaped throughout where UTF-8 cannot hold it."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()
