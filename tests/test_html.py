"""The text of a page is all of it or none, and what reads it may hang and crash without harm."""

from __future__ import annotations

import codecs
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import html as module
from dedup.errors import InputError, MissingExtra, SettingsError
from dedup.html import BLOCKS, DEPTH, LONGEST, SIZE, page_text

html_text = pytest.importorskip("html_text")

posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")

SLOW: Final = "<div>" * 1900 + "<param>" * 200_000
"""What html-text cleans in time that grows with the depth of every element."""


@pytest.fixture
def fresh() -> Iterator[None]:
    """A child that starts in the test, and ends with it."""
    module._reader.close()
    yield
    module._reader.close()


def pid() -> int:
    child = module._reader.child
    assert child is not None
    return child._process.pid


def alive(number: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    if Path("/proc/self/stat").exists():
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"
    states = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True).stdout
    return states.strip()[:1] not in ("", "Z")


def ends(number: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while alive(number) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(number)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        (" \n", ""),
        ("plain", "plain"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<section>one</section><section>two</section>", "one\ntwo"),
        ("<address>one</address>two", "one\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<table><caption>c</caption><tr><td>a<td>b<tr><td>c<td>d</table>", "c\na b\nc d"),
        ("<p>some <b>bold</b>, and <a href=x>linked</a> words.", "some bold, and linked words."),
        ("<p>  white \n\t space&nbsp; </p>", "white space"),
        ("<title>Title</title><h1>Head</h1>text", "Title\n\nHead\n\ntext"),
        ("<nav>menu</nav><article>text</article><footer>foot</footer>", "menu\ntext\nfoot"),
        ("<p>same</p><p>same</p>", "same\n\nsame"),
        ("<html><body>text</body>after</html>", "text after"),
        ("<html><body>text</body></html>after", "text\n\nafter"),
        (
            "<p>one</html><p>two</html><script>x</script></html><p>three<!-- x --></html>four",
            "one\n\ntwo\n\nthree\n\nfour",
        ),
        ("<p>one<applet>two<p>three", "one\ntwo\n\nthree"),
        ("<p>one<frameset>two<p>three", "one\n\ntwo\n\nthree"),
        ("<p>un<!-- comment -->broken", "unbroken"),
        ("<!-- only a comment -->", ""),
        ("<?xml version='1.0' encoding='latin-1'?><html xmlns='http://www.w3.org/1999/xhtml'><p>é</p></html>", "é"),
        ("<meta charset=latin-1><p>é 漢", "é 漢"),
    ],
)
def test_blocks_are_lines(html: str, text: str) -> None:
    assert page_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var word = '<p>';</script>",
        "<style>p { color: red }</style>",
        "<!-- a comment -->",
        "<link rel=stylesheet href=x><meta name=a content=b>",
        "<frameset><frame src=x></frameset>",
        "<img alt='a picture' src=x>",
    ],
)
def test_what_is_no_text_is_gone(hidden: str) -> None:
    assert page_text(f"<p>one</p>{hidden}<p>two</p>") == "one\n\ntwo"


@pytest.mark.parametrize(
    ("entity", "character"),
    [
        ("&amp;", "&"),
        ("&lt;p&gt;", "<p>"),
        ("&eacute;", "é"),
        ("&hellip;", "…"),
        ("&#233;", "é"),
        ("&#xE9;", "é"),
        ("&#x1F600;", "\N{GRINNING FACE}"),
        ("&#128;", "€"),
        ("&#12345;", "\u3039"),
        ("&unknown;", "&unknown;"),
        ("&amp;amp;", "&amp;"),
        ("&#xD800;", "\ufffd"),
    ],
)
def test_entities(entity: str, character: str) -> None:
    assert page_text(f"<p>a {entity} b") == f"a {character} b"


@pytest.mark.parametrize(
    "place", ["{0}", "<p>a{0}<!-- -->b", "<p>a<script>x</script>{0}b", "{0}<p>a<style>x</style>b{0}"]
)
@pytest.mark.parametrize(
    "character", [*map(chr, range(32)), "\x7f", "\ufffe", "\uffff", "&#1;", "&#x0B;", "&#31;", "&#xFFFE;", "&#65535;"]
)
def test_control_characters_are_no_text(place: str, character: str) -> None:
    text = page_text(place.format(character))
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert text.replace(" ", "") == page_text(place.format("")).replace(" ", "")


def test_lone_surrogates_become_replacement_characters() -> None:
    assert page_text("<p>a\ud800b \ud83d\ude00") == "a\ufffdb \N{GRINNING FACE}"


TEXT: Final = "naïve € café"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (codecs.BOM_UTF8 + f"<meta charset=latin-1><p>{TEXT} 漢".encode(), f"{TEXT} 漢"),
        (codecs.BOM_UTF16_LE + f"<meta charset=utf-8><p>{TEXT} 漢".encode("utf-16-le"), f"{TEXT} 漢"),
        (codecs.BOM_UTF16_BE + f"<p>{TEXT} 漢".encode("utf-16-be"), f"{TEXT} 漢"),
        (f"<meta charset=windows-1252><p>{TEXT}".encode("cp1252"), TEXT),
        (f"<meta charset='iso-8859-1'><p>{TEXT}".encode("cp1252"), TEXT),
        (f'<meta http-equiv="Content-Type" content="text/html; charset=cp1252"><p>{TEXT}'.encode("cp1252"), TEXT),
        (f"<?xml version='1.0' encoding='cp1252'?><html><p>{TEXT}".encode("cp1252"), TEXT),
        ("<meta charset=shift_jis><p>新聞の記事".encode("cp932"), "新聞の記事"),
        ("<meta charset=gb2312><p>新闻".encode("gb18030"), "新闻"),
        ("<meta charset=koi8-r><p>газета".encode("koi8-r"), "газета"),
        (f"<meta charset=utf-8><p>{TEXT}".encode(), TEXT),
        (f"<p>{TEXT}".encode(), TEXT),
        (f"<p>{TEXT}".encode("cp1252"), TEXT),
        (f"<meta charset=nonsense><p>{TEXT}".encode("cp1252"), TEXT),
        (f"<p>{TEXT} caf".encode() + b"\xe9 au lait", f"{TEXT} caf\ufffd au lait"),
        (b"<meta charset=utf-8><p>caf\xe9 au lait", "caf\ufffd au lait"),
        (f"<meta charset=nonsense><p>{TEXT}".encode(), TEXT),
        (f"<meta charset=utf-16><p>{TEXT}".encode(), TEXT),
        (f"<meta charset=utf-32-le><p>{TEXT}".encode(), TEXT),
        (f"<meta charset=idna><p>{TEXT}".encode(), TEXT),
        (f"<meta charset=zlib><p>{TEXT}".encode(), TEXT),
        (f"<meta charset=undefined><p>{TEXT}".encode(), TEXT),
        (b"", ""),
    ],
)
def test_bytes_tell_their_encoding(data: bytes, text: str) -> None:
    assert page_text(data) == text


def test_pages_without_an_encoding_are_not_equal_for_want_of_letters() -> None:
    one, other = (page_text(f"<p>{text}".encode("cp1251")) for text in ("Поезд в Тулу, 15", "Ветер в горах, 15"))
    assert one != other


TAGS: Final = "body title p div section h1 table tr td ul li b span a br hr pre script style select option form svg o:p"
pieces = st.one_of(
    st.sampled_from(TAGS.split()).map("<{}>".format),
    st.sampled_from(TAGS.split()).map("</{}>".format),
    st.sampled_from(["<!-- c -->", "<![CDATA[c]]>", "<p title='", "&amp;", "&#", "<", ">", "</", "<!", "<?x>"]),
    st.text("ab é漢 \n,.()"),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=20).map("".join))
def test_pages_read_as_the_library_reads_them(html: str) -> None:
    expected = html_text.extract_text(html, newline_tags=html_text.NEWLINE_TAGS | BLOCKS)
    assert page_text(html) == page_text(html.encode()) == expected


HOLDERS: Final = (
    "a applet article audio b body br button canvas caption center col dd details div dl dt "
    "font form frameset h1 head html img input label li link math meta noscript o:p object option "
    "p param pre section select span summary svg table tbody td template th thead tr ul unknown video"
)
"""Elements that may hold words that are seen."""


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["word", *(mark + name + ">" for mark in ("<", "</") for name in HOLDERS.split())]), max_size=30
    )
)
def test_no_word_is_lost(parts: list[str]) -> None:
    numbered = [f" word{i} " if part == "word" else part for i, part in enumerate(parts)]
    words = [part.strip() for part in numbered if part.startswith(" ")]
    assert page_text("".join(numbered)).split() == words


@pytest.mark.parametrize("html", ["<p>x", b"<p>x"])
def test_the_extra_is_missed(monkeypatch: pytest.MonkeyPatch, html: str | bytes) -> None:
    monkeypatch.setitem(sys.modules, "html_text", None)
    with pytest.raises(MissingExtra, match=r'reading HTML needs .*pip install "article-dedup\[html\]"') as caught:
        page_text(html)
    assert caught.value.extra == "html"


def test_the_extra_that_cannot_be_imported_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: None
) -> None:
    (tmp_path / "html_text.py").write_text("raise ImportError('no lxml')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra) as caught:
        page_text("<p>x")
    assert str(caught.value.__cause__) == "no lxml"
    assert module._reader.child is None


@pytest.mark.parametrize("depth", [200, 253, 254, 255, 256, 257, 300, 1000, DEPTH - 3])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_pages_are_read_whole(depth: int, closed: bool) -> None:
    """libxml2 drops what follows an element at the depth of 256 unless it is told otherwise."""
    html = "<html><body>" + "<div>" * depth + "inside" + "</div>" * depth * closed + "<br>after"
    assert page_text(html) == "inside\nafter"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * (DEPTH - 1) + "inside",
        "<div>" * 2046 + "inside",
        "<div>" * 2050 + "inside",
        "<div>" * 200_000 + "inside" + "</div>" * 200_000,
        "<b>" * 1_000_000,
        "<p></b></i><x y=1 y=2>&bogus;" * 300 + "<div>" * 5000 + "inside",  # more errors than libxml2 reports
    ],
    ids=["one more", "2046", "2050", "200,000", "1,000,000", "errors before"],
)
def test_a_page_that_is_too_deep(html: str) -> None:
    with pytest.raises(InputError, match=r"^<html>: has elements more than 2,000 deep; leave it out$") as caught:
        page_text(html)
    assert caught.value.path == "<html>"
    assert page_text("<p>next") == "next"


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "word " * 3_000_000 + "<p>after",
        "<p title='" + "x" * 11_000_000 + "'>before<p>after",
        "before<!--" + "x" * 11_000_000 + "--><p>after",
        "before<script>" + "x" * 11_000_000 + "</script><p>after",
        "<" + "x" * 100_000 + ">before<p>after",
        "before<p " + " ".join(f"x{i}" for i in range(5_000)) + "><p>after",
    ],
    ids=["text", "attribute", "comment", "script", "name", "attributes"],
)
def test_long_parts_are_read_whole(html: str) -> None:
    """Parts over 10 MB end a page unless libxml2 is told otherwise."""
    assert page_text(html).split("\n\n")[1:] == ["after"]


@pytest.mark.parametrize("html", ["x" * (SIZE + 1), b"x" * (SIZE + 1), "é" * (SIZE // 2 + 1)])
def test_a_page_that_is_too_large(html: str | bytes) -> None:
    with pytest.raises(InputError, match=r"^<html>: has 32,000,00[12] bytes, at most 32,000,000 are read; "):
        page_text(html)


def test_a_page_of_the_size_that_is_allowed() -> None:
    assert page_text("x" * SIZE) == "x" * SIZE


@pytest.mark.parametrize("html", [SLOW, "<p>a" * 5_000_000, b"<table><tr><td>" * 1_500_000])
def test_a_page_that_takes_too_long(html: str | bytes) -> None:
    page_text("<p>start")
    before = pid()
    start = time.monotonic()
    with pytest.raises(InputError, match=r"^<html>: took over 0\.02 seconds to read and was stopped; allow more"):
        page_text(html, seconds=0.02)
    assert time.monotonic() - start < 2
    assert not alive(before)
    assert page_text("<p>next") == "next"
    assert pid() != before


def test_starting_is_not_time_for_the_page(fresh: None) -> None:
    assert page_text("<p>first", seconds=0.05) == "first"


def test_a_child_that_does_not_start_in_time(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    monkeypatch.setattr(module, "START", 0.001)
    with pytest.raises(InputError, match=r"took over 0\.001 seconds"):
        page_text("<p>x")
    monkeypatch.undo()
    assert page_text("<p>next") == "next"


def test_a_child_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: None) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no process to read it can be started"):
        page_text("<p>x")
    monkeypatch.undo()
    assert page_text("<p>next") == "next"


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), LONGEST * 2])
def test_seconds_that_are_none(seconds: float) -> None:
    with pytest.raises(SettingsError, match="give more than 0, at most 86,400"):
        page_text("<p>x", seconds=seconds)


def test_one_child_reads_many_pages_until_it_is_renewed(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    monkeypatch.setattr(module, "RENEWED", 100)
    pids = []
    for i in range(29):
        assert page_text(f"<p>{i:07}") == f"{i:07}"  # ten bytes
        if module._reader.child is not None:
            pids.append(pid())
    assert [pids.count(number) for number in dict.fromkeys(pids)] == [9, 9, 9]
    assert not alive(pids[0])


@posix
def test_a_child_that_was_killed_is_replaced() -> None:
    page_text("<p>start")
    before = pid()
    os.kill(before, signal.SIGKILL)
    assert ends(before)
    assert page_text("<p>next") == "next"
    assert pid() != before


@posix
def test_a_child_that_dies_over_a_page() -> None:
    page_text("<p>start")
    killer = threading.Timer(0.2, os.kill, (pid(), signal.SIGSEGV))
    killer.start()
    with pytest.raises(InputError, match=r"^<html>: the process that reads it died \(SIGSEGV\); leave it out"):
        page_text(SLOW)
    killer.join()
    assert page_text("<p>next") == "next"


@posix
def test_an_interrupt_leaves_no_answer_behind() -> None:
    class Interrupt(BaseException):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupt

    page_text("<p>start")
    before = signal.signal(signal.SIGUSR1, interrupt)
    sender = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
    sender.start()
    try:
        with pytest.raises(Interrupt):
            page_text(SLOW)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert page_text("<p>next") == "next"


@posix
def test_an_interrupt_from_the_keyboard_does_not_end_the_child() -> None:
    page_text("<p>start")
    before = pid()
    os.kill(before, signal.SIGINT)
    assert page_text("<p>next") == "next"
    assert pid() == before


def test_threads_take_turns() -> None:
    def read(i: int) -> bool:
        if i % 40 == 39:
            try:
                page_text(SLOW, seconds=0.05)
            except InputError:
                return True
        return page_text(f"<p>{i}" * (i % 50 + 1)) == "\n\n".join([str(i)] * (i % 50 + 1))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(200)))
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def script(code: str, *arguments: str, cwd: Path | None = None, stdin: str = "") -> str:
    """What a program prints; it must end well and write nothing to stderr."""
    head = "import os, signal, sys, time\nfrom dedup import html\nfrom dedup.html import page_text\n"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", head + code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        input=stdin,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode in (0, -9)
    return done.stdout


START: Final = """
assert page_text("<p>start") == "start"
print(html._reader.child._process.pid, flush=True)
"""


@posix
@pytest.mark.parametrize(
    "end",
    ["", "sys.exit()", "os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)", "html._reader.close()"],
)
def test_no_child_outlives_the_program(end: str) -> None:
    assert ends(int(script(START + end)))


@posix
def test_no_child_that_hangs_outlives_the_program() -> None:
    code = """
import threading
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
page_text("<div>" * 1900 + "<param>" * 200_000, seconds=0.5)
"""
    assert ends(int(script(START + code)))


@posix
def test_a_program_that_ends_while_a_thread_reads() -> None:
    code = """
import threading
threading.excepthook = lambda failed: None
threading.Thread(target=page_text, args=("<div>" * 1900 + "<param>" * 200_000,), daemon=True).start()
time.sleep(0.2)
"""
    assert ends(int(script(START + code)))


@posix
def test_a_forked_process_has_a_child_of_its_own() -> None:
    code = """
forked = os.fork()
if forked == 0:
    assert html._reader.child is None
    assert page_text("<p>forked") == "forked"
    print(html._reader.child._process.pid, flush=True)
    sys.exit()
assert os.waitpid(forked, 0)[1] == 0
assert page_text("<p>next") == "next"
print(html._reader.child._process.pid, flush=True)
"""
    first, other, again = map(int, script(START + code).split())
    assert first == again != other
    assert ends(first)
    assert ends(other)


@posix
def test_a_forked_process_does_not_keep_the_child() -> None:
    code = """
forked = os.fork()
if forked == 0:
    os.close(1), os.close(2)
    time.sleep(60)
print(forked, flush=True)
os._exit(0)
"""
    child, forked = map(int, script(START + code).split())
    assert ends(child, 5)
    assert alive(forked)
    os.kill(forked, signal.SIGKILL)


@posix
def test_a_process_forked_while_a_thread_reads() -> None:
    code = """
import threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
def read():
    try:
        page_text("<div>" * 1900 + "<param>" * 200_000, seconds=0.5)
    except html.InputError:
        print("stopped", flush=True)
thread = threading.Thread(target=read)
thread.start()
time.sleep(0.2)
forked = os.fork()
if forked == 0:
    assert page_text("<p>forked") == "forked"
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 7
thread.join()
print(page_text("<p>next"))
"""
    assert script(START + code).split()[1:] == ["stopped", "next"]


def test_the_child_keeps_off_the_streams_of_the_program() -> None:
    code = "print(page_text('<p>text'), sys.stdin.readline())"
    assert script(code, stdin="a line\n") == "text a line\n\n"


@pytest.mark.parametrize("change", ["sys.path.clear()", "sys.path.insert(0, '')", "sys.path.insert(0, sys.argv[1])"])
def test_the_child_finds_its_modules(tmp_path: Path, change: str) -> None:
    code = f"import importlib.util, subprocess, html_text\n{change}\nprint(page_text('<p>text'))"
    assert script(code, str(tmp_path)) == "text\n"


def test_nothing_is_run_from_the_working_folder(tmp_path: Path) -> None:
    for name in ("html_text", "lxml", "w3lib", "struct", "html"):
        (tmp_path / f"{name}.py").write_text("open('run', 'w').close()")
    code = "print(page_text(b'<p>text'))"
    head = "import sys; sys.path.remove(''); sys.path.append(sys.argv[1]); from dedup.html import page_text; "
    done = subprocess.run(
        [sys.executable, "-c", head + code, str(Path(module.__file__).parent.parent)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout == "text\n"
    assert not (tmp_path / "run").exists()


def test_reading_imports_no_parser_into_the_program() -> None:
    code = "page_text('<p>x')\nprint([m for m in ('lxml', 'html_text', 'w3lib', 'numpy') if m in sys.modules])"
    assert script(code) == "[]\n"
