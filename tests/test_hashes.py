"""Hashes of shingles, pieces and texts: bit for bit those of the slow twins, and of what they are said to be of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.kernels import hashes as kernel
from dedup.signatures import Texts, shingles, split, starts_of, text_hashes
from tests import reference

token = st.integers(0, reference.MASK32) | st.sampled_from([0, 1, 2**31, reference.MASK32])
tokens = st.lists(token, max_size=60)
quick = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


def array(values: Sequence[int]) -> NDArray[np.uint32]:
    return np.array(values, np.uint32)


def shingle(values: Sequence[int], size: int) -> list[int]:
    """What the kernel writes, into an array that is as long as it must be and no longer."""
    out = np.zeros(len(values) + 1, np.uint32)
    count = kernel.shingle(array(values), size, out[: len(values)])
    assert not out[count:].any()
    found: list[int] = out[:count].tolist()
    return found


def text_hash(values: Sequence[int]) -> tuple[int, int]:
    a, b = kernel.text_hash(array(values))
    return int(a), int(b)


def piece_keys(values: Sequence[int], ends: Sequence[int]) -> list[int]:
    keys = np.zeros(len(ends), np.uint64)
    kernel.piece_keys(array(values), np.array(ends, np.int64), keys)
    found: list[int] = keys.tolist()
    return found


def key(piece: Sequence[int]) -> int:
    a, b = reference.text_hash(piece)
    return a ^ b


@quick
@given(tokens, st.integers(1, 32))
def test_shingles_are_those_of_the_twin(values: list[int], size: int) -> None:
    expected = reference.shingles(values, size)
    assert shingle(values, size) == expected
    assert shingles(array(values), size).tolist() == expected
    assert len(expected) == max(0, len(values) - size + 1)


@quick
@given(tokens)
def test_text_hash_is_that_of_the_twin(values: list[int]) -> None:
    assert text_hash(values) == reference.text_hash(values)


@quick
@given(tokens, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_hash_of_any_stretch_is_that_of_the_twin(values: list[int], stretches: list[tuple[int, int]]) -> None:
    """Stretches may overlap, be empty, and stand in any order."""
    bounds = [sorted((min(a, len(values)), min(b, len(values)))) for a, b in stretches]
    starts, ends = np.array(bounds, np.int64).reshape(-1, 2).T
    found = text_hashes(array(values), starts, ends)
    assert found.dtype == np.uint64
    assert found.shape == (len(bounds), 2)
    assert list(map(tuple, found.tolist())) == [reference.text_hash(values[a:b]) for a, b in bounds]


@quick
@given(st.lists(st.lists(token, max_size=12), max_size=8))
def test_keys_of_pieces_are_those_of_the_twin(pieces: list[list[int]]) -> None:
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64).tolist()
    assert piece_keys([t for piece in pieces for t in piece], ends) == [key(piece) for piece in pieces]


@quick
@given(st.lists(tokens, min_size=1, max_size=6))
def test_a_sequence_is_hashed_by_what_it_is_and_not_by_where_it_stands(sequences: list[list[int]]) -> None:
    ends = np.cumsum([len(s) for s in sequences], dtype=np.int64)
    found = text_hashes(array([t for s in sequences for t in s]), starts_of(ends), ends)
    assert list(map(tuple, found.tolist())) == [text_hash(s) for s in sequences]


@quick
@given(tokens, tokens)
def test_only_equal_sequences_have_equal_hashes(a: list[int], b: list[int]) -> None:
    assert (text_hash(a) == text_hash(b)) == (a == b)
    assert (key(a) == key(b)) == (a == b)


def test_order_length_and_zeros_matter() -> None:
    cases = [[], [0], [0, 0], [1], [1, 0], [0, 1], [1, 2], [2, 1], [1, 2, 0], [1, 1, 2], [1, 2, 2]]
    hashes = [text_hash(case) for case in cases]
    for lane in zip(*hashes, strict=True):
        assert len(set(lane)) == len(cases)
    assert len({key(case) for case in cases}) == len(cases)
    assert len({shingle(case, 2)[0] for case in cases if len(case) == 2}) == 5


@pytest.mark.parametrize("size", [1, 2, 6, 31])
def test_a_rolled_hash_is_that_of_its_window(size: int) -> None:
    values = np.random.default_rng(size).integers(0, 2**32, 5_000).tolist()
    assert shingle(values, size) == [shingle(values[i : i + size], size)[0] for i in range(5_000 - size + 1)]


def test_hashes_of_neighbours_spread() -> None:
    """Sequences that differ in one bit of one token differ in about half of the bits of each lane, and of the key."""
    values = list(range(40))
    for lane in range(3):
        flips = []
        for place in (0, 20, 39):
            for bit in range(0, 32, 5):
                other = values[:]
                other[place] ^= 1 << bit
                ours, theirs = ([*text_hash(v), key(v)][lane] for v in (values, other))
                flips.append((ours ^ theirs).bit_count())
        assert 24 < float(np.mean(flips)) < 40
        assert min(flips) > 8


def test_many_sequences_have_as_many_hashes() -> None:
    count = 200_000
    values = np.arange(count, dtype=np.uint32)
    ends = np.arange(1, count + 1)
    found = text_hashes(values, starts_of(ends), ends)
    assert all(len(np.unique(found[:, lane])) == count for lane in (0, 1))
    keys = np.empty(count, np.uint64)
    kernel.piece_keys(values, ends, keys)
    assert len(np.unique(keys)) == count


@given(st.lists(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), max_size=4), max_size=5))
def test_texts_and_their_pieces_are_hashed_at_once_as_apart(texts: list[list[list[int]]]) -> None:
    values = array([v for text in texts for piece in text for v in piece])
    pieces = np.cumsum([len(piece) for text in texts for piece in text], dtype=np.int64)
    piece_ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    ends = np.concatenate(([0], pieces))[piece_ends]
    hashes, keys, apart = (
        np.empty((len(ends), 2), np.uint64),
        np.empty(len(pieces), np.uint64),
        np.empty(len(pieces), np.uint64),
    )
    kernel.hash_texts(values, ends, pieces, piece_ends, hashes, keys)
    kernel.piece_keys(values, pieces, apart)
    assert keys.tolist() == apart.tolist()
    assert hashes.tolist() == text_hashes(values, starts_of(ends), ends).tolist()


def test_pieces_of_texts() -> None:
    """Equal sentences have equal keys, however they are written and wherever they stand."""
    found = split(
        Texts.of(["Read more in our daily letter. The ferry stays in port.", "READ MORE in our daily letter\nYes"])
    )
    keys = piece_keys(found.tokens.tolist(), found.pieces.tolist())
    assert len(keys) == 4
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3


def test_nothing_to_hash() -> None:
    assert shingle([], 6) == shingle([1] * 5, 6) == []
    assert piece_keys([], []) == []
    assert text_hashes(array([]), np.empty(0, np.int64), np.empty(0, np.int64)).shape == (0, 2)
