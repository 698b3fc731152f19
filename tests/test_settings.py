"""Settings: ranges, messages that say what to give, nothing that changes afterwards."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from dedup import Bands, Fields, Limits, Policy, Scheme, Settings, deduplicate
from dedup.errors import DedupError, SettingsError
from dedup.settings import default_jaccard


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 0.49}, "threshold is 0.49: give 0.5 to 1"),
        ({"threshold": 1.01}, "threshold is 1.01: give 0.5 to 1"),
        ({"threshold": 80}, "threshold is 80: give 0.5 to 1"),
        ({"threshold": float("nan")}, "threshold is nan: give 0.5 to 1"),
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"min_tokens": 4}, "min_tokens is 4: give at least the shingle, 5"),
        ({"min_tokens": 0}, "min_tokens is 0"),
        ({"min_tokens": 7, "scheme": Scheme(shingle=8)}, "min_tokens is 7: give at least the shingle, 8"),
        ({"jobs": 0}, "jobs is 0: give at least 1"),
        ({"jobs": -2}, "jobs is -2: give at least 1"),
        ({"candidate_jaccard": 0.0}, "jaccard 0.0 and recall 0.99 must lie between 0 and 1"),
        ({"candidate_jaccard": 1.5}, "jaccard 1.5"),
        ({"candidate_jaccard": 0.01}, "128 permutations cannot reach recall 0.99 at Jaccard 0.01"),
        ({"keep": "best"}, "no policy is called 'best'"),
        ({"keep": "source"}, "the policy source needs a ranked list of sites"),
    ],
)
def test_what_is_out_of_range(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    assert message in str(caught.value)
    assert isinstance(caught.value, DedupError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"record_bytes": 1023}, "record_bytes is 1023: give at least 1024"),
        ({"bucket": 1}, "bucket is 1: give at least 2"),
        ({"bucket": -1}, "bucket is -1: give at least 2"),
    ],
)
def test_limits_out_of_range(given: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Limits(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"threshold": 0.5},
        {"threshold": 1.0},
        {"threshold": 1},
        {"min_tokens": 5},
        {"min_tokens": 32, "scheme": Scheme(shingle=32)},
        {"jobs": 64},
        {"candidate_jaccard": 1.0},
        {"candidate_jaccard": 0.3},
        {"limits": Limits(record_bytes=1024, bucket=2)},
    ],
)
def test_the_ends_of_the_ranges(given: dict[str, Any]) -> None:
    made = Settings(**given)
    for name, value in given.items():
        assert getattr(made, name) == value


def test_the_defaults() -> None:
    made = Settings()
    assert (made.threshold, made.min_tokens, made.jobs, made.sources) == (0.8, 25, 1, ())
    assert made.policy.names == ("complete", "earliest", "id")
    assert made.scheme == Scheme()
    assert made.fields == Fields()
    assert made.limits == Limits()
    assert made.bands == Bands.choose(default_jaccard(0.8))
    assert made.bands.recall(default_jaccard(0.8)) >= 0.99
    assert made == Settings()


def test_settings_do_not_change() -> None:
    made = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.threshold = 0.9  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.limits.bucket = 9  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        made.colour = "red"  # type: ignore[attr-defined]


def test_unknown_settings() -> None:
    with pytest.raises(TypeError, match="treshold"):
        Settings(treshold=0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="buckets"):
        Limits(buckets=9)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Settings(0.9)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="tresh"):
        deduplicate([], tresh=1)  # type: ignore[call-arg]


def test_derived_settings_are_not_given() -> None:
    with pytest.raises(TypeError):
        Settings(bands=Bands(1, 1))  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Settings(policy=Policy.parse("id"))  # type: ignore[call-arg]


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_bands_follow_the_threshold(threshold: float) -> None:
    made = Settings(threshold=threshold)
    assert made.bands == Bands.choose(default_jaccard(threshold), 128)
    assert default_jaccard(threshold) <= threshold / (2 - threshold)  # one stretch that differs
    assert made.bands.recall(default_jaccard(threshold)) >= 0.99
    assert made.bands.count * made.bands.rows <= 128
    assert Settings(threshold=threshold, candidate_jaccard=0.9).bands == Bands.choose(0.9, 128)


def test_a_change_derives_anew() -> None:
    made = dataclasses.replace(Settings(), threshold=0.95, keep="longest")
    assert made.bands == Settings(threshold=0.95).bands
    assert made.policy.names == ("longest", "id")
    with pytest.raises(SettingsError):
        dataclasses.replace(Settings(), threshold=2.0)
