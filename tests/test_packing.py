"""Keys as bytes: they come back as tables know them, in as many bytes as their number says, and damage ends in no crash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.key_table import EXTRA, Digest
from dedup.keys import Keys, Lot, Span
from dedup.packing import Packed, packed, packed_alone, rooms, unpacked

SIZES = st.tuples(*(st.integers(0, 70) for _ in EXTRA))


def lot(sizes: list[tuple[int, ...]], seed: int) -> Lot:
    """Articles of so many keys of each kind, with some of them equal."""
    rng = np.random.default_rng(seed)
    spans = []
    for kind in range(len(EXTRA)):
        counts = np.array([own[kind] for own in sizes], np.int64)
        ends = np.cumsum(counts)
        keys = rng.integers(0, 1 << 63, int(counts.sum()), np.uint64)
        keys[rng.random(len(keys)) < 0.1] = 7
        spans.append(Span(Digest.of(keys, kind), ends - counts, ends))
    return Lot(*spans)


def told(keys: Keys) -> list[list[tuple[int, int]]]:
    """The keys of each kind, sorted."""
    return [sorted(zip(own.places.tolist(), own.marks.tolist(), strict=True)) for own in keys]


def joined(parts: list[Packed]) -> Keys:
    """The keys of several rows, one row after another."""
    return unpacked(b"".join(part.data for part in parts), table([part.sizes for part in parts]))


@settings(deadline=None)
@given(st.lists(SIZES, max_size=8), st.integers(0, 99), st.data())
def test_packed_keys_come_back(sizes: list[tuple[int, ...]], seed: int, data: st.DataObject) -> None:
    keys = lot(sizes, seed)
    first = data.draw(st.integers(0, len(sizes)))
    last = data.draw(st.integers(first, len(sizes)))
    found = packed(keys, first, last)
    assert [own.sizes for own in found] == sizes[first:last]
    assert [len(own.data) for own in found] == rooms(table(sizes[first:last])).tolist()
    for i, own in enumerate(found, first):
        assert own == packed_alone(keys[i])
        assert told(joined([own])) == told(keys[i])
    for kind, whole in enumerate(joined(found)):
        places = [joined([own])[kind].places.tolist() for own in found]
        assert whole.places.tolist() == [place for own in places for place in own]


def table(sizes: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    return np.array(sizes, np.int64).reshape(-1, len(EXTRA))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 31, 32, 33, 1_000, 70_000])
def test_many_keys_take_less_room_than_they_have_bits(count: int) -> None:
    for kind, extra in enumerate(EXTRA):
        sizes = tuple(count if other == kind else 0 for other in range(len(EXTRA)))
        (own,) = packed(lot([sizes], count), 0, 1)
        assert told(joined([own])) == told(lot([sizes], count)[0])
        saved = np.log2(count) - 2.5  # sorting n keys leaves n log2(n / e) bits to be told no more
        assert 8 * len(own.data) <= count * (32 + extra - max(saved, -2)) + 8


@pytest.mark.parametrize("wrong", [b"", b"\0", b"\xff" * 400])
def test_bytes_of_another_length_are_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="bytes of keys, 39 expected"):
        unpacked(wrong, table([(8, 0, 0)]))


def test_damage_is_refused_or_gives_other_keys() -> None:
    """Never as many keys as were asked for from other bytes than theirs, and never a read beyond them."""
    (own,) = packed(lot([(9, 4, 3)], 3), 0, 1)
    refused = 0
    for bit in range(8 * len(own.data)):
        data = bytearray(own.data)
        data[bit // 8] ^= 1 << bit % 8
        try:
            found = joined([Packed(own.sizes, bytes(data))])
        except ValueError:
            refused += 1
        else:
            assert told(found) != told(joined([own]))
    assert 0 < refused < 8 * len(own.data)
    rng = np.random.default_rng(1)
    for _ in range(200):
        try:
            found = unpacked(rng.bytes(len(own.data)), table([own.sizes]))
        except ValueError:
            continue
        assert [len(keys.places) for keys in found] == list(own.sizes)
