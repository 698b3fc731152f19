"""Arrays of JSON: the values that `json.loads` finds, each on one line, wherever they are cut when they are read."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import IO, Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.errors import InputError
from dedup.json_values import parse
from dedup.readers import json_array
from dedup.settings import Limits, Settings
from tests.hostile import article, invoke, objects, run

TEXTS = [article(number, 60) for number in range(4)]
RECORDS = [{"id": str(i), "text": text, "n": [1, {"a": None}]} for i, text in enumerate(TEXTS)]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at once."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = data, step

    def read(self, size: int = -1) -> bytes:
        part, self._data = self._data[: self._step], self._data[self._step :]
        return part


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def kept(path: Path, out: Path, **options: Any) -> tuple[list[Any], Any]:
    result = run(path, out, Settings(keep="first", **options))
    return objects(out.read_bytes()), result


def values(data: bytes, step: int) -> list[tuple[Any, str]]:
    """All values, with their sources."""
    text = json_array._Text(cast("IO[bytes]", Dripping(data, step)), 1 << 20)
    reader = json_array.JsonArray.__new__(json_array.JsonArray)
    reader._text = text
    return list(reader._values())


@settings(deadline=None)
@example([[None], 0.0], None, False, "", 1)
@example([1e30, 5], None, False, "", 1)
@given(
    st.lists(VALUES, max_size=6),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff", " \r\n"]),
    st.integers(1, 40),
)
def test_values_are_those_of_the_standard_library(
    found: list[Any], indent: int | str | None, plain: bool, before: str, step: int
) -> None:
    data = (before + json.dumps(found, indent=indent, ensure_ascii=plain) + "\n").encode("utf-8", "surrogatepass")
    if any("\ud800" <= c <= "\udfff" for c in data.decode("utf-8", "surrogatepass")):
        return  # not UTF-8: another test
    read = values(data, step)
    assert [value for value, _ in read] == found
    assert [parse(json_array._BREAK.sub("", source).encode()) for _, source in read] == found


LINED = b"[\n" + b",\n".join(json.dumps(r).encode() for r in RECORDS) + b"\n]"


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.data", "a.json.gz"])
def test_records_of_an_array_are_kept_as_lines(tmp_path: Path, name: str, indent: int | None) -> None:
    data = LINED if indent is None else json.dumps(RECORDS, indent=indent).encode()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    found, result = kept(put(tmp_path / name, data), tmp_path / "out.jsonl")
    assert found == RECORDS
    assert result.summary().records == 4
    if indent is None:
        lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
        assert lines == [json.dumps(r).encode() for r in RECORDS]  # byte for byte


def test_an_array_may_come_from_a_pipe_and_goes_out_as_lines(tmp_path: Path) -> None:
    done = invoke("run", "-", "-q", stdin=LINED)
    assert done.exit_code == 0
    assert objects(done.stdout_bytes) == RECORDS
    path = put(tmp_path / "a.json", LINED)
    assert objects(invoke("run", path, "-o", tmp_path / "b.json", "-q").stdout_bytes) == []
    assert objects((tmp_path / "b.json").read_bytes()) == RECORDS


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (LINED[:-40], "Unterminated string"),
        (LINED[:-2], "expected , or ], found the end"),
        (LINED[:-1] + b",]", "expected a value behind the last comma"),
        (LINED + b"{}", "more follows behind the end of the array"),
        (LINED.replace(b",\n", b"\n"), "expected , or ], found {"),
        (LINED[:-1] + b", {'id': 4}]", "property name"),
        (LINED[:-1] + b", nul, 4]", "Expecting value"),
        (LINED[:-1] + b"," + b"[" * 100_000, "recursion"),
    ],
)
def test_what_stands_before_damage_is_kept(tmp_path: Path, data: bytes, why: str) -> None:
    found, result = kept(put(tmp_path / "a.json", data), tmp_path / "out.jsonl")
    assert found == RECORDS[: len(found)]
    assert len(found) >= 1
    (lost,) = result.quarantined
    assert (lost.place.line, lost.reason) == (len(found) + 1, "damaged")
    assert why in lost.detail


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (b'{"id": "x", "text": "caf\xe9 au lait"}', "not_utf8", "the byte 0xe9"),
        (b'["a", "list"]', "not_an_object", "a list"),
        (b"12", "not_an_object", "an int"),
        (b'{"id": "x", "text": "' + b"long " * 1000 + b'"}', "too_long", "over 2048 bytes"),
        (b'{"id": "x"}', "no_text", "keys seen: id"),
    ],
)
def test_one_value_that_is_no_record_costs_no_other(tmp_path: Path, value: bytes, reason: str, detail: str) -> None:
    first, *rest = [json.dumps(r).encode() for r in RECORDS]
    path = put(tmp_path / "a.json", b"[" + b",".join((first, value, *rest)) + b"]")
    found, result = kept(path, tmp_path / "out.jsonl", limits=Limits(record_bytes=2048))
    assert found == RECORDS
    (lost,) = result.quarantined
    assert (lost.place.line, lost.reason) == (2, reason)
    assert detail in lost.detail


def test_a_value_that_goes_on_and_on_is_given_up(tmp_path: Path) -> None:
    data = LINED[:-1] + b', {"id": "x", "text": "' + b"long " * 100_000
    found, result = kept(put(tmp_path / "a.json", data), tmp_path / "out.jsonl", limits=Limits(record_bytes=2048))
    assert found == RECORDS
    assert "a value of over 2048 bytes" in result.quarantined[0].detail


@pytest.mark.parametrize("data", [b"[]", b" [ ] \n"])
def test_an_empty_array_has_no_records(tmp_path: Path, data: bytes) -> None:
    found, result = kept(put(tmp_path / "a.json", data), tmp_path / "out.jsonl")
    assert (found, result.quarantined) == ([], [])


def test_an_array_without_records_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no value is a record with a text: value 1: not_an_object"):
        kept(put(tmp_path / "a.json", b"[1, 2]"), tmp_path / "out.jsonl")
