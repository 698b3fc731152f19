"""Gzip files, member by member: as gzip reads them, and on behind a damaged member."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import deduplicate
from dedup.members import Members
from dedup.settings import Limits, Settings
from tests.hostile import article, balanced, run, shell
from tests.test_readers import html, put, warc_record

RECORDS: Final = [warc_record(str(i), html(article(i))) for i in range(9)]
MEMBERS: Final = [gzip.compress(record, mtime=0) for record in RECORDS]
BAD: Final = 4
"""The number of the member that is damaged, from 0."""

START: Final = sum(map(len, MEMBERS[:BAD]))
END: Final = START + len(MEMBERS[BAD])


def flipped(at: int, bit: int = 3) -> bytes:
    """The archive with one bit of the damaged member flipped; below 0 from its end."""
    data = bytearray(b"".join(MEMBERS))
    data[(START if at >= 0 else END) + at] ^= 1 << bit
    return bytes(data)


def without(head: int, tail: int, instead: bytes = b"") -> bytes:
    """The archive with other bytes in the place of some of the damaged member's."""
    data = b"".join(MEMBERS)
    return data[: START + head] + instead + data[END - tail :]


SIZE: Final = END - START
DAMAGE: Final[dict[str, bytes]] = {
    **{f"bit {bit} of byte {at}": flipped(at, bit) for at in (0, 1, 2, 10, 12, 20) for bit in (0, 5)},
    **{f"a bit in the middle, {i}": flipped(SIZE * i // 7) for i in range(1, 7)},
    "a bit of the checksum": flipped(-8),
    "a bit of the length": flipped(-1),
    "cut within": without(SIZE // 2, 0),
    "cut within the header": without(5, 0),
    "cut before the checksum": without(SIZE - 8, 0),
    "without its head": without(0, SIZE // 2),
    "without its middle": without(SIZE // 3, SIZE // 3),
    "garbage in its middle": without(SIZE // 3, SIZE // 3, random.Random(1).randbytes(SIZE // 3)),
    "garbage in its place": without(0, 0, random.Random(2).randbytes(5_000)),
    "garbage behind it": without(SIZE // 2, 0, random.Random(3).randbytes(300_000)),
    "text in its place": without(0, 0, b"Not Found\n" * 100),
    "zeros in its middle": without(SIZE // 3, SIZE // 3, b"\0" * (SIZE - 2 * (SIZE // 3))),
    "zeros from its head on": without(0, SIZE // 2, b"\0" * (SIZE // 2)),
    "zeros to its end": without(SIZE // 2, 0, b"\0" * (SIZE // 2)),
    "a member in its place that is no record": without(0, 0, gzip.compress(b"words " * 50)[:-4]),
    "what looks like members": without(SIZE // 2, 0, b"\x1f\x8b\x08" * 5_000 + MEMBERS[0][:30]),
}


@pytest.mark.parametrize("case", DAMAGE)
@pytest.mark.parametrize("name", ["in.warc.gz", "in"])
def test_a_damaged_member_costs_no_other_one(tmp_path: Path, case: str, name: str) -> None:
    path = put(tmp_path / name, DAMAGE[case])
    result = run(path, tmp_path / "out.warc")
    assert (tmp_path / "out.warc").read_bytes() == b"".join(RECORDS[:BAD] + RECORDS[BAD + 1 :])
    [damaged] = result.quarantined
    assert (damaged.reason, damaged.place.line) == ("damaged", BAD + 1)
    assert f"the gzip member at byte {damaged_from(case):,} is damaged (" in damaged.detail
    assert "reading goes on at byte" in damaged.detail
    assert balanced(result.summary())
    at = int(damaged.detail.rsplit(" ", 1)[1].replace(",", ""))
    assert DAMAGE[case][at:] == b"".join(MEMBERS[BAD + 1 :])


def damaged_from(case: str) -> int:
    """Where the member is that is told; zeros before it are padding."""
    return START + (SIZE // 2 if case == "zeros from its head on" else 0)


def test_records_before_a_damaged_member_are_kept_whatever_their_lengths_say(tmp_path: Path) -> None:
    """A length that is wrong reaches into the damage behind; what stands between is no part of either."""
    for length in (len(RECORDS[0]) * 3, 1 << 30, 1 << 40):
        wrong = gzip.compress(warc_record("wrong", html(article(50)), length=length), mtime=0)
        data = MEMBERS[0] + wrong + DAMAGE["a bit in the middle, 3"]
        result = run(put(tmp_path / "in.warc.gz", data), tmp_path / "out.warc")
        assert [q.place.line for q in result.quarantined] == [2, BAD + 3]
        assert balanced(result.summary())
        expected = RECORDS[0] + b"".join(RECORDS[:BAD] + RECORDS[BAD + 1 :])
        kept = (tmp_path / "out.warc").read_bytes()
        assert kept == expected.replace(RECORDS[0], b"", 1)  # it is there twice
        (tmp_path / "out.warc").unlink()


def test_members_of_several_records(tmp_path: Path) -> None:
    """Of a damaged one what was read before the damage may be lost; of the others nothing is."""
    members = [gzip.compress(b"".join(RECORDS[i : i + 3]), mtime=0) for i in (0, 3, 6)]
    data = bytearray(b"".join(members))
    data[len(members[0]) + len(members[1]) - 8] ^= 1
    result = run(put(tmp_path / "in.warc.gz", bytes(data)), tmp_path / "out.warc")
    kept = (tmp_path / "out.warc").read_bytes()
    assert kept.startswith(b"".join(RECORDS[:3]))
    assert kept.endswith(b"".join(RECORDS[6:]))
    [damaged] = result.quarantined
    assert f"at byte {len(members[0]):,} is damaged" in damaged.detail
    assert balanced(result.summary())


def test_damage_at_several_places(tmp_path: Path) -> None:
    data = bytearray(b"".join(MEMBERS))
    starts = [sum(map(len, MEMBERS[:i])) for i in range(len(MEMBERS))]
    for i in (0, 3, 4, 7):
        data[starts[i] + len(MEMBERS[i]) // 2] ^= 255
    result = run(put(tmp_path / "in.warc.gz", bytes(data)), tmp_path / "out.warc.gz")
    told = [(q.place.line, q.detail.split(" is damaged")[0]) for q in result.quarantined]
    assert told == [(i + 1, f"the gzip member at byte {starts[i]:,}") for i in (0, 3, 4, 7)]
    kept = gzip.decompress((tmp_path / "out.warc.gz").read_bytes())
    assert kept == b"".join(record for i, record in enumerate(RECORDS) if i not in (0, 3, 4, 7))


@pytest.mark.parametrize("cut", [len(MEMBERS[-1]) // 2, 8, 1])
def test_the_last_member_cut(tmp_path: Path, cut: int) -> None:
    data = b"".join(MEMBERS)
    result = run(put(tmp_path / "in.warc.gz", data[:-cut]), tmp_path / "out.warc")
    [damaged] = result.quarantined
    start = len(data) - len(MEMBERS[-1])
    assert damaged.detail.startswith("the rest of the file cannot be read: the gzip member at byte")
    assert f"byte {start:,} is damaged" in damaged.detail
    assert damaged.detail.endswith("no record follows")
    assert (tmp_path / "out.warc").read_bytes() == b"".join(RECORDS[:-1])


def test_one_stream_cannot_be_read_behind_its_damage(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(b"".join(RECORDS * 30), mtime=0))
    data[len(data) // 2] ^= 255
    [damaged] = deduplicate(put(tmp_path / "in.warc.gz", bytes(data))).quarantined
    assert "the gzip member at byte 0 is damaged" in damaged.detail
    assert "one gzip stream, which cannot be read behind the damage" in damaged.detail


def test_a_pipe_cannot_be_read_again(tmp_path: Path) -> None:
    command = ("run", "-", "-o", tmp_path / "out.warc", "--quarantined", tmp_path / "q")
    done = shell(*command, stdin=DAMAGE["a bit in the middle, 3"])
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "out.warc").read_bytes() == b"".join(RECORDS[:BAD])
    assert "a pipe cannot be read again: give the file" in (tmp_path / "q").read_text()


def test_limits_hold_behind_damage(tmp_path: Path) -> None:
    bomb = gzip.compress(warc_record("bomb", b"\0" * 9_000_000), mtime=0)
    data = flipped(SIZE // 2) + bomb + MEMBERS[0]
    limits = Limits(record_bytes=1 << 20, expansion=20)
    result = deduplicate(put(tmp_path / "in.warc.gz", data), settings=Settings(limits=limits))
    assert [q.reason for q in result.quarantined] == ["damaged", "too_long", "too_large"]
    assert len(result.kept) == len(RECORDS) - 1


def test_members_in_members_cost_what_the_limits_allow(tmp_path: Path) -> None:
    """Each head opens a member that runs to the end of the file; all of them together are stopped by the ratio."""
    stored = b"\0" + (40).to_bytes(2, "little") + (65535 - 40).to_bytes(2, "little") + b"WARC/1.0\r\n" + b"x" * 30
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    data = MEMBERS[0] + (head + stored) * 3_000
    result = deduplicate(put(tmp_path / "in.warc.gz", data), settings=Settings(limits=Limits(record_bytes=1 << 20)))
    assert len(result.kept) == 1
    assert balanced(result.summary())


def read(stream: Members, size: int) -> bytes:
    return b"".join(iter(lambda: stream.read1(size), b""))


@given(
    parts=st.lists(st.binary(max_size=300), max_size=6),
    zeros=st.lists(st.integers(0, 5), min_size=6, max_size=6),
    size=st.integers(1, 500),
)
def test_members_are_read_as_gzip_reads_them(parts: list[bytes], zeros: list[int], size: int) -> None:
    data = b"".join(gzip.compress(part) + b"\0" * count for part, count in zip(parts, zeros, strict=False))
    assert read(Members(io.BytesIO(data)), size) == gzip.decompress(data) == b"".join(parts)


@given(part=st.binary(max_size=300), cut=st.integers(1, 400), change=st.integers(0, 400))
def test_damage_is_an_error_as_for_gzip(part: bytes, cut: int, change: int) -> None:
    data = gzip.compress(part, mtime=0)
    for broken in (data[: max(1, len(data) - cut)], data[:change] + b"\xff" + data[change + 1 :], data + b"garbage"):
        try:
            expected: bytes | None = gzip.decompress(broken)
        except (OSError, EOFError, zlib.error):
            expected = None
        stream = Members(io.BytesIO(broken))
        if expected is None:
            with pytest.raises((OSError, EOFError, zlib.error)):
                read(stream, 100)
        else:
            assert read(stream, 100) == expected
