"""Single pages: a .txt or .html file is one record; its path is the id."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Any, Final

from dedup.encodings import decode
from dedup.errors import InputError
from dedup.formats import DAMAGE, Damaged, Oversize
from dedup.html import page_text
from dedup.model import QuarantineReason
from dedup.readers import PAGES, TEXT, Job, Row, suffix_of
from dedup.readers.spooled import Spooled
from dedup.sources import BATCH_BYTES

_TITLE: Final = re.compile(rb"<title\b[^>]*>\s*[^<\s]", re.IGNORECASE)
_BODY: Final = re.compile(rb"<body\b", re.IGNORECASE)
_UNICODE: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


class Page(Spooled):
    """A file that is one record: `id` (its path), `title` where the page has one, and `text`. It has no date: when a file was
    changed tells nothing of its article.
    """

    stable: Final = False
    blank: Final = 0
    passed: Final = 0
    shape: Final = None

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.volume = 0

    def rows(self) -> Iterator[list[Row]]:
        """The one record. Raises Damaged for a packed file that cannot be read whole."""
        job, longest = self._job, self._job.limits.record_bytes
        data = b""
        stream = job.opened.stream
        read = stream.read1 if hasattr(stream, "read1") else stream.read
        try:
            while len(data) <= longest and (part := read(BATCH_BYTES)):
                data += part
        except (*DAMAGE, Oversize) as error:
            raise Damaged(error) from error
        self.volume = len(data)
        if len(data) > longest:
            job.aside(1, "too_long", f"over {longest} bytes")
            return
        suffix = suffix_of(job.path)
        is_html = (suffix in PAGES and suffix != TEXT) or (suffix not in PAGES and data.lstrip().startswith(b"<"))
        found = page(data) if is_html else plain(data)
        if isinstance(found, dict):
            yield self.spooled([(1, {"id": job.path, **found})])
        else:
            job.aside(1, *found)


def plain(data: bytes) -> dict[str, Any] | tuple[QuarantineReason, str]:
    """A plain text as a record, or why it is none."""
    try:
        return {"text": data.decode(next((c for mark, c in _UNICODE.items() if data.startswith(mark)), "utf-8"))}
    except UnicodeDecodeError as error:
        return "not_utf8", str(error)


def page(data: bytes | str) -> dict[str, Any] | tuple[QuarantineReason, str]:
    """An HTML page as a record: `title` and `text`, or why it is none. Raises MissingExtra without html-text."""
    try:
        text = page_text(data)
    except InputError as error:
        return "not_a_page", str(error)
    if isinstance(data, bytes) and data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        data = decode(data)
    head = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    body = _BODY.search(head)
    if not _TITLE.search(head, 0, body.start() if body else len(head)):
        return {"text": text}
    title, _, rest = text.partition("\n")  # the title of a page is the first of its text
    return {"title": title, "text": rest.strip("\n")}
