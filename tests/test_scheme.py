"""The scheme: what it refuses, when two are equal, and that its fingerprint never changes unnoticed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import Scheme
from dedup.errors import DedupError, SettingsError
from dedup.scheme import TEXT_REVISION

schemes = st.builds(
    Scheme,
    shingle=st.integers(1, 32),
    permutations=st.integers(16, 4096),
    seed=st.integers(0, 2**32 - 1),
    revision=st.integers(1, 9),
)


def test_defaults() -> None:
    assert dataclasses.asdict(Scheme()) == {"shingle": 5, "permutations": 128, "seed": 1, "revision": TEXT_REVISION}


@pytest.mark.parametrize(
    ("scheme", "fingerprint"),
    [
        (Scheme(5, 128, 1, 1), "c2e19c8184fb92db"),
        (Scheme(3, 64, 42, 1), "f99f33efe6642aa8"),
        (Scheme(32, 4096, 2**32 - 1, 2), "487bd3e80f4eb517"),
    ],
)
def test_fingerprint_is_stable(scheme: Scheme, fingerprint: str) -> None:
    """Stored signatures carry it: a changed fingerprint makes all of them unreadable."""
    assert scheme.fingerprint == fingerprint


@given(schemes)
@settings(deadline=None)
def test_fingerprint_is_sixteen_hexadecimal_digits(scheme: Scheme) -> None:
    assert len(scheme.fingerprint) == 16
    assert 0 <= int(scheme.fingerprint, 16) < 2**64
    assert scheme.fingerprint == scheme.fingerprint.lower()


@given(schemes, schemes)
@settings(deadline=None)
def test_equal_exactly_when_all_fields_are(a: Scheme, b: Scheme) -> None:
    equal = dataclasses.astuple(a) == dataclasses.astuple(b)
    assert (a == b) == equal == (a.fingerprint == b.fingerprint)
    assert not equal or hash(a) == hash(b)


@given(schemes)
@settings(deadline=None)
def test_a_copy_is_equal_and_each_field_counts(scheme: Scheme) -> None:
    copy = dataclasses.replace(scheme)
    assert copy == scheme
    assert hash(copy) == hash(scheme)
    assert copy.fingerprint == scheme.fingerprint
    for field in dataclasses.fields(Scheme):
        value = getattr(scheme, field.name)
        other = dataclasses.replace(scheme, **{field.name: value - 1 if value > 16 else value + 1})
        assert other != scheme
        assert other.fingerprint != scheme.fingerprint


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scheme().seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shingle", 0),
        ("shingle", -1),
        ("shingle", 33),
        ("permutations", 0),
        ("permutations", 15),
        ("permutations", 4097),
        ("seed", -1),
        ("seed", 2**32),
    ],
)
def test_out_of_range_is_refused_by_name_and_value(field: str, value: int) -> None:
    with pytest.raises(SettingsError, match=f"{field} is {value}: give ") as caught:
        Scheme(**{field: value})
    assert isinstance(caught.value, DedupError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("field", "value"),
    [("shingle", 1), ("shingle", 32), ("permutations", 16), ("permutations", 4096), ("seed", 0), ("seed", 2**32 - 1)],
)
def test_ends_of_the_ranges_are_allowed(field: str, value: int) -> None:
    assert getattr(Scheme(**{field: value}), field) == value
