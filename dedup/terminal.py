"""Data -> what a terminal may be given."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with control characters shown as symbols, so that data cannot steer a terminal.

    >>> printable("a\\x1b[31mb\\n")
    'a␛[31mb␊'
    """
    return "".join(
        chr(0x2400 + ord(c)) if c < " " else "␡" if c == "\x7f" else "\ufffd" if not c.isprintable() and c != " " else c
        for c in text
    )
