"""The HTML of a page -> its text, in a child process with limits.

HTML is parsed by C code that others wrote, and pages are hostile: what hangs or crashes is the child, which is ended and
replaced. One child is kept between calls. Requests and answers are frames with their length ahead.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from dedup.encodings import decode
from dedup.errors import InputError, MissingExtra, SettingsError

SECONDS: Final = 10.0
"""Extraction from one page is stopped after so long."""

SIZE: Final = 32_000_000
"""A page has at most so many bytes, a str as UTF-8."""

DEPTH: Final = 2_000
"""Elements are nested at most so deep. libxml2 gives up at 2,048, and drops the rest of the page without an exception."""

LONGEST: Final = 86_400.0
"""The most seconds that can be asked for."""

START: Final = 60.0
"""The child has so many seconds to start, which do not count as time for the page."""

RENEWED: Final = 32_000_000
"""A child ends after about so many bytes, as it keeps every name that it has seen, and the memory of its largest page."""

BLOCKS: Final = frozenset(
    {
        "address",
        "caption",
        "center",
        "dialog",
        "dir",
        "hgroup",
        "menu",
        "optgroup",
        "option",
        "search",
        "section",
        "summary",
    }
)
"""Blocks of the HTML standard that html-text takes for inline."""

NAME: Final = "<html>"
"""Stands for the path in errors."""

_REQUEST: Final = struct.Struct(">?dQ")
"""Whether the page is bytes, the seconds for it, and its length."""

_ANSWER: Final = struct.Struct(">cQ")
"""One of the four below, and the length of what follows."""

_READY: Final = b"r"
_MISSING: Final = b"m"
_TEXT: Final = b"t"
_ERROR: Final = b"e"

_SPACES: Final = bytes.maketrans(b"\x0b\x0c\x1c\x1d\x1e\x1f", b" " * 6)
_CONTROLS: Final = bytes([*range(9), *range(0x0E, 0x1C), 0x7F])
_INVALID: Final = re.compile(
    rb"\xef\xbf[\xbe\xbf]"  # U+FFFE and U+FFFF in UTF-8
    rb"|&#0*(?:[0-8]|1[1-24-9]|2\d|3[01]|127|6553[45])(?!\d);?"
    rb"|&#[xX]0*(?:[0-8b-cB-Ce-fE-F]|1[\da-fA-F]|7[fF]|[fF]{3}[e-fE-F])(?![\da-fA-F]);?"
)
"""Characters, and references to them, that lxml cannot move from one element to another."""


def page_text(html: str | bytes, *, seconds: float = SECONDS) -> str:
    """All text of a page, its blocks as lines; nothing is left out for being furniture.

    The encoding of bytes is told by a byte order mark or by the page itself, else it is UTF-8. Raises InputError for a page
    that is too large, too deep, takes too long or ends the process that reads it, and MissingExtra without html-text.
    A page that cannot be read whole has no text at all.
    """
    if not 0 < seconds <= LONGEST:
        raise SettingsError(f"seconds is {seconds!r}: give more than 0, at most {LONGEST:,.0f}")
    page = _encode(html) if isinstance(html, str) else html
    if len(page) > SIZE:
        raise InputError(
            NAME,
            f"has {len(page):,} bytes, at most {SIZE:,} are read; take embedded images and scripts out, or split it",
        )
    if find_spec("html_text") is None:
        raise MissingExtra("html", "reading HTML")
    return _reader.read(isinstance(html, bytes), page, seconds)


class _Child:
    """A process that reads pages until its input ends."""

    def __init__(self) -> None:
        self._left = RENEWED
        self._expired = threading.Event()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dedup.html"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={**os.environ, "PYTHONPATH": _path()},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise InputError(NAME, f"no process to read it can be started: {error.strerror or error}") from error
        try:
            kind, body = self._exchange((), START)
            if kind == _MISSING:
                raise MissingExtra("html", "reading HTML") from ImportError(body.decode())
        except BaseException:
            self.end()
            raise

    @property
    def usable(self) -> bool:
        """Whether another page can be asked for."""
        return self._left > 0 and not self._expired.is_set() and self._process.poll() is None

    def read(self, encoded: bool, page: bytes, seconds: float) -> tuple[bytes, bytes]:
        """The kind and the body of the answer to a page. After an error the child must be ended."""
        self._left -= len(page)
        return self._exchange((_REQUEST.pack(encoded, seconds, len(page)), page), seconds)

    def _exchange(self, request: tuple[bytes, ...], seconds: float) -> tuple[bytes, bytes]:
        timer = threading.Timer(seconds, self._expire)
        timer.start()
        try:
            for part in request:
                _write(self._input, part)
            kind, size = _ANSWER.unpack(_read(self._output, _ANSWER.size))
            return kind, _read(self._output, size)
        except (OSError, EOFError) as error:
            code = self._process.wait()
            if self._expired.is_set():
                why = f"took over {seconds:g} seconds to read and was stopped; allow more seconds, or leave it out"
                raise InputError(NAME, why) from None
            why = f"the process that reads it died ({_ending(code)}); leave it out if that happens again"
            raise InputError(NAME, why) from error
        finally:
            timer.cancel()
            timer.join()

    def _expire(self) -> None:
        self._expired.set()
        self._process.kill()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._close()

    def disown(self) -> None:
        """For a process forked from the one that owns the child: the pipes are not its own, nor is the child."""
        self._process.returncode = 0
        self._close()

    def _close(self) -> None:
        self._input.close()
        self._output.close()


class _Reader:
    """The one child of this process. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.child: _Child | None = None

    def read(self, encoded: bool, page: bytes, seconds: float) -> str:
        """The text of a page, which is text in UTF-8 unless it is `encoded` in some way that it tells."""
        with self._lock:
            if self.child is None or not self.child.usable:
                self.close()
                self.child = _Child()
            try:
                kind, body = self.child.read(encoded, page, seconds)
            except BaseException:  # an answer that was not read would be taken for the next one
                self.close()
                raise
            if not self.child.usable:
                self.close()
        if kind != _TEXT:
            raise InputError(NAME, body.decode())
        return body.decode()

    def close(self) -> None:
        """Ends the child."""
        child, self.child = self.child, None
        if child is not None:
            child.end()

    def forked(self) -> None:
        """In a forked process: starts anew."""
        self._lock = threading.Lock()
        child, self.child = self.child, None
        if child is not None:
            child.disown()


_reader = _Reader()
atexit.register(_reader.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reader.forked)


def _path() -> str:
    """Where this process finds modules, and this package; not the working folder, where anything may lie."""
    folders = [str(folder) for folder in sys.path if folder]
    return os.pathsep.join([*folders, str(Path(__file__).absolute().parent.parent)])


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _encode(text: str) -> bytes:
    """UTF-8; lone surrogates, which it cannot hold, become U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _write(stream: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view.nbytes:  # an unbuffered stream may take less than it is given
        view = view[stream.write(view) :]


def _read(stream: IO[bytes], size: int) -> bytes:
    """Exactly so many bytes. Raises EOFError where there are fewer."""
    parts = []
    while size:
        part = stream.read(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _serve() -> None:
    """The child: answers until its input ends. A page that is still being read when the parent is gone ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt from the keyboard ends
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        import html_text  # noqa: F401
    except ImportError as error:
        _answer(answers, _MISSING, str(error))
        return
    _answer(answers, _READY, "")
    while True:
        encoded, seconds, size = _REQUEST.unpack(_read(requests, _REQUEST.size))
        page = _read(requests, size)
        faulthandler.dump_traceback_later(seconds + 1, exit=True)
        try:
            kind, text = _TEXT, _text(_encode(decode(page)) if encoded else page)
        except InputError as error:
            kind, text = _ERROR, str(error).removeprefix(f"{NAME}: ")
        except Exception as error:
            kind, text = _ERROR, f"cannot be read ({type(error).__name__}: {error}); leave it out"
        faulthandler.cancel_dump_traceback_later()
        _answer(answers, kind, text)


def _answer(stream: IO[bytes], kind: bytes, text: str) -> None:
    body = text.encode("utf-8", "replace")
    stream.write(_ANSWER.pack(kind, len(body)))
    stream.write(body)
    stream.flush()


def _text(page: bytes) -> str:
    """The text of a page in UTF-8, as `html_text.extract_text` gives it, but of the whole page or not at all."""
    import html_text
    import lxml.etree
    import lxml.html

    page = _INVALID.sub(b"", page.translate(_SPACES, _CONTROLS)).strip()
    if not page:
        return ""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = lxml.etree.fromstring(page, parser)
    if root is not None and root.xpath(f"boolean({'/*' * (DEPTH + 1)})"):
        raise InputError(NAME, f"has elements more than {DEPTH:,} deep; leave it out")
    for entry in parser.error_log.filter_from_fatals():
        raise InputError(NAME, f"cannot be read beyond line {entry.line} ({entry.message}); leave it out")
    if root is None:  # nothing but comments
        return ""
    texts = []
    for part in [root, *root.itersiblings("*")]:  # what follows </html> is a root of its own
        for element in part.iter("applet", "frameset"):  # the cleaner drops them with all that they hold
            element.tag = "div"
        html_text.cleaner(part)
        texts.append(html_text.etree_to_text(part, newline_tags=html_text.NEWLINE_TAGS | BLOCKS))
    return "\n\n".join(filter(None, texts))


if __name__ == "__main__":
    try:
        _serve()
    except (EOFError, OSError):
        os._exit(0)
