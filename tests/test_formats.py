"""Bytes to blocks of lines and back: nothing is lost, shifted or invented, whatever the bytes and the block size."""

from __future__ import annotations

import gzip
import io
import time
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dedup.errors import InputError
from dedup.formats import BOM, SUFFIXES, Damaged, blocks, compressor, open_input
from tests.hostile import COMPRESSED, compress, decompress, lines

PIECES = st.one_of(
    st.sampled_from([b"\n", b"\n", b"\r\n", b"a", b"long line", BOM, b"\0", b"\xff"]), st.binary(max_size=40)
)
DATA = st.lists(PIECES, max_size=30).map(b"".join)


def numbered(data: bytes) -> dict[int, tuple[int, bytes]]:
    """The model: every line by its number, with where it starts; what follows the last newline is a line unless empty."""
    at = len(BOM) if data.startswith(BOM) else 0
    found = {}
    for number, line in enumerate(data[at:].split(b"\n"), 1):
        found[number] = at, line
        at += len(line) + 1
    if not found[len(found)][1]:
        del found[len(found)]
    return found


@given(data=DATA, size=st.integers(3, 60), longest=st.integers(0, 50))
@example(data=b"", size=3, longest=5)
@example(data=BOM, size=3, longest=5)
@example(data=BOM + b"\n" + BOM, size=3, longest=5)
@example(data=b"\n\n\n", size=3, longest=0)
@example(data=b"abcdef", size=3, longest=2)  # too long, and without an end
@example(data=b"abcdef\nx", size=3, longest=2)
@example(data=b"abcdefghi\nabcdefghi\nx\n", size=4, longest=5)  # too long twice, end to end
def test_blocks_are_the_lines_of_the_input(data: bytes, size: int, longest: int) -> None:
    cut = list(blocks(io.BytesIO(data), longest, size))
    model = numbered(data)
    assert b"".join(block.data for block in cut) == data
    number = 0
    for block in cut:
        at = block.start
        for line in block.lines:
            number += 1
            assert model.pop(number) == (at, line)
            assert data[at : at + len(line)] == line
            at += len(line) + 1
        if block.too_long:
            number += 1
            assert len(model.pop(number)[1]) > longest
    assert model == {}


@given(data=DATA, size=st.integers(1, 2))
def test_blocks_of_a_byte_or_two_lose_nothing(data: bytes, size: int) -> None:
    assume(not data.startswith(BOM))  # no block is long enough to hold the mark
    cut = list(blocks(io.BytesIO(data), 1000, size))
    assert [line for block in cut for line in block.lines] == [line for _, line in numbered(data).values()]


@given(data=DATA, longest=st.integers(0, 50))
def test_blocks_of_one_read_hold_every_line_of_the_input(data: bytes, longest: int) -> None:
    """A long line that ends in the block it starts in is handed on; the limit only keeps lines from piling up."""
    cut = list(blocks(io.BytesIO(data), longest, 10_000))
    found = [line for block in cut for line in block.lines]
    expected = [line for _, line in numbered(data).values()]
    assert found == (expected[:-1] if any(block.too_long for block in cut) else expected)


def test_a_line_over_the_limit_does_not_pile_up() -> None:
    """A block that ends within a line over the limit gives the line up: the next one starts with nothing in hand."""
    data = b"x" * 1000 + b"\nshort\n"
    cut = list(blocks(io.BytesIO(data), 50, 100))
    assert [block.too_long for block in cut].count(True) == 1
    assert [line for block in cut for line in block.lines] == [b"short"]


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_what_the_compressor_writes_is_what_open_input_reads(tmp_path: Path, suffix: str) -> None:
    data = lines(20)
    path = tmp_path / f"a.jsonl{suffix}"
    with path.open("wb") as file:
        stream = compressor(file, path.name)
        stream.write(data)
        if stream is not file:
            stream.close()
    assert decompress(path.read_bytes(), suffix) == data
    with open_input(str(path)) as opened:
        assert b"".join(block.data for block in blocks(opened.stream, 10_000, 1000)) == data
        assert opened.seekable is (suffix == "")
    assert (path.read_bytes() == data) is (suffix == "")


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_the_compressor_writes_the_same_bytes_at_any_time(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for hour, name in enumerate(("one", "other")):
        monkeypatch.setattr(time, "time", lambda hour=hour: 1_700_000_000.0 + 3600 * hour)
        with (tmp_path / name).open("wb") as file, compressor(file, f"{name}.jsonl{suffix}") as stream:
            stream.write(lines(5))
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_the_suffixes_are_the_ones_tested() -> None:
    assert SUFFIXES == COMPRESSED


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("damage", ["truncated", "clobbered", "not that format", "cut in the header"])
def test_damage_is_told(tmp_path: Path, suffix: str, damage: str) -> None:
    whole = compress(lines(60), suffix)
    half = len(whole) // 2
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(
        {
            "truncated": whole[:-20],
            "clobbered": whole[:half] + b"\xff" * 400 + whole[half + 400 :],
            "not that format": b'{"text": "plain after all"}\n',
            "cut in the header": whole[:3],
        }[damage]
    )
    with open_input(str(path)) as opened, pytest.raises(Damaged):
        list(blocks(opened.stream, 10_000, 1000))


def test_gzip_members_follow_one_another(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"") + gzip.compress(b"o\nthree\n"))
    with open_input(str(path)) as opened:
        found = [line for block in blocks(opened.stream, 100, 1000) for line in block.lines]
    assert found == [b"one", b"two", b"three"]


@pytest.mark.parametrize("name", ["", "folder", "folder.gz"])
def test_a_folder_is_no_input(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError, match="is a folder") as caught:
        open_input(str(folder))
    assert caught.value.path == str(folder)


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match="No such file") as caught:
        open_input(str(tmp_path / f"none{suffix}"))
    assert caught.value.path == str(tmp_path / f"none{suffix}")
