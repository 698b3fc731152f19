"""The bytes of an HTML page -> its characters, in the encoding that the page tells."""

from __future__ import annotations


def decode(page: bytes) -> str:
    """As the HTML standard says: what is declared in ASCII is not UTF-16, and an encoding that is none does not count."""
    from w3lib.encoding import html_to_unicode, read_bom

    try:
        encoding, text = html_to_unicode(None, page, auto_detect_fun=_undeclared)
    except (LookupError, UnicodeError):
        return page.decode("utf-8", "replace")
    if encoding.startswith(("utf-16", "utf-32")) and read_bom(page)[0] is None:
        return page.decode("utf-8", "replace")
    return text


def _undeclared(page: bytes) -> str:
    """UTF-8; or what the HTML standard names for all else, if more is broken in UTF-8 than is read. Broken letters are lost, and
    pages that differ in nothing but these are equal.
    """
    read = page.decode("utf-8", "replace")
    broken, other = read.count("\ufffd"), len(read) - len(read.encode("ascii", "ignore"))
    return "windows-1252" if 2 * broken > other else "utf-8"
