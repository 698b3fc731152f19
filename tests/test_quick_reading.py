"""Quick ways of reading give the records that the general ways give: their bytes, texts, facts, and what is set aside."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import DedupError
from dedup.fields import Fields
from dedup.json_values import as_json
from dedup.lines import LineSource
from dedup.readers import delimited, tables
from dedup.readers.columns import is_plain, most_json, records
from dedup.settings import Limits
from dedup.spool import Workspace
from tests.hostile import article, environment

FIELDS: Final = Fields()

LIMITS: Final = Limits(record_bytes=1024)
"""Short, so that rows over it occur; blocks and batches are longer."""


def everything(path: Path, limits: Limits, *, native: bool, fields: Fields = FIELDS) -> Any:
    """All that is known of a file that was read, or the error."""
    with Workspace(path.parent) as workspace:
        source = LineSource([path], fields, limits, workspace)
        source.uniform = native
        try:
            texts, titles = [], []
            for rows in source.batches():
                texts += rows.texts
                titles += rows.titles
        except DedupError as error:
            return str(error)
        count = range(len(texts))
        facts = source.facts
        return (
            *(texts, titles, facts.ids, list(facts.sites), facts.site_names, [facts.published(i) for i in count]),
            *(list(source.numbers), [source.raw(i) for i in count], [source.record(i) for i in count]),
            *(sorted(source.quarantined, key=lambda q: q.place.line), source.blank_lines, facts.stated),
        )


# --- rows of CSV in one go, or line by line

CSV: Final = st.lists(
    st.sampled_from(
        [
            *(b"a,words\n", b'b,"more ""words"""\n', b'c,"two\nlines"\n', b"\n", b"\r\n", b'd,"x\r\ny"\r\n', b"e\n"),
            *(b"f,g,h\n", b'"', b",", b"\xff", b"i,caf\xc3\xa9\n", b"\r", b"\0", b'j,"' + b"z" * 700 + b"\n"),
            *(b"k," + b"long " * 250 + b"\n", b'"', b'"\n', b"\xe2\x80\xa8", b"\x0b"),
            *(b'l,5" pipe\n', b'm,5" pipe\n\n', b'n"\n\n"o\n', b'p,""\n', b'"\n\n', b'q"",r\n'),
        ]
    ),
    max_size=25,
).map(b"".join)


@given(body=CSV, block=st.sampled_from([40, 100, 1 << 19]))
def test_rows_are_the_same_in_one_go_and_line_by_line(body: bytes, block: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "a.csv")
        path.write_bytes(b"id,text\n" + body)
        patch.setattr(delimited, "BATCH_BYTES", block)
        quick = everything(path, LIMITS, native=True)
        patch.setattr(delimited.Delimited, "_quick", lambda _: iter(()))
        assert everything(path, LIMITS, native=True) == quick


def test_most_rows_are_read_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n" + b"".join(b'%d,"one\ntwo ""three"""\n' % i for i in range(5_000)))
    calls = 0
    line = delimited.Delimited._line

    def counted(self: delimited.Delimited) -> object:
        nonlocal calls
        calls += 1
        return line(self)

    monkeypatch.setattr(delimited.Delimited, "_line", counted)
    monkeypatch.setattr(delimited, "BATCH_BYTES", 10_000)
    assert everything(path, Limits(), native=True)[6] == list(range(2, 10_002, 2))
    assert calls < 60  # two or three lines a block


# --- rows of Parquet with their texts apart, or through JSON

SCHEMAS: Final[dict[str, dict[str, pa.DataType]]] = {
    "strings": {"id": pa.string(), "text": pa.string(), "title": pa.large_string()},
    "numbers": {"id": pa.int64(), "text": pa.large_string(), "n": pa.float32(), "yes": pa.bool_(), "d": pa.date32()},
    "times": {
        "text": pa.string(),
        "published": pa.timestamp("ns", "UTC"),
        "at": pa.time64("us"),
        "l": pa.duration("s"),
    },
    "bytes": {"id": pa.binary(), "text": pa.binary(), "raw": pa.large_binary()},
    "lists": {"id": pa.string(), "text": pa.string(), "tags": pa.list_(pa.string()), "ns": pa.list_(pa.float64())},
    "two texts": {"id": pa.string(), "text": pa.string(), "articleBody": pa.string(), "content_html": pa.string()},
    "HTML": {"id": pa.string(), "content_html": pa.string()},
    "nothing": {"id": pa.string(), "text": pa.string(), "more": pa.null()},
    "no string": {"id": pa.string(), "text": pa.int32()},
    "records": {"text": pa.string(), "meta": pa.struct([("url", pa.string())])},
    "no columns of one name": {"id": pa.string(), "body": pa.string(), "url": pa.string(), "site": pa.string()},
}


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Values of a column, some of them null, hostile or long."""
    text = st.one_of(
        st.sampled_from(["", "\0" * 200, '"\\' * 20, "é" * 400, "<p>a & b</p>", "https://one.example/a"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    )
    found: st.SearchStrategy[Any]
    if kind in (pa.string(), pa.large_string()):
        found = text
    elif kind in (pa.binary(), pa.large_binary()):
        found = st.one_of(text.map(str.encode), st.just(b"\xff\xfe"))
    elif pa.types.is_list(kind):
        found = st.lists(values(kind.value_type), max_size=4)
    elif pa.types.is_struct(kind):
        found = st.fixed_dictionaries({field.name: values(field.type) for field in kind})
    elif pa.types.is_floating(kind):
        found = st.floats(width=32)
    elif pa.types.is_boolean(kind):
        found = st.booleans()
    elif pa.types.is_null(kind):
        return st.none()
    elif pa.types.is_time(kind):
        found = st.integers(0, 86_399_999_999)
    else:
        found = st.integers(-30_000, 30_000)
    return st.one_of(found, found, found, st.none())


def table(schema: dict[str, pa.DataType], rows: list[dict[str, Any]]) -> bytes:
    columns = [pa.array([row[name] for row in rows], kind) for name, kind in schema.items()]
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(schema, columns, strict=True))), out)
    return out.getvalue()


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=40)
@given(data=st.data())
def test_rows_of_a_table_are_the_same_without_json(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    row = st.fixed_dictionaries({column: values(kind) for column, kind in schema.items()})
    rows = data.draw(st.lists(row, min_size=1, max_size=8))
    limits = Limits(record_bytes=data.draw(st.sampled_from([1024, 100_000])))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "a.parquet")
        path.write_bytes(table(schema, rows))
        patch.setattr(tables, "ROWS", 3)
        assert everything(path, limits, native=True) == everything(path, limits, native=False)


def test_pandas_is_not_imported_for_tables(tmp_path: Path) -> None:
    """pyarrow.array would: a quarter of a second, where it is installed."""
    rows = [{"id": str(i), "text": article(i % 5)} for i in range(10)]
    (tmp_path / "a.parquet").write_bytes(table({"id": pa.string(), "text": pa.string()}, rows))
    code = "import sys; from dedup.cli import main\ntry: main()\nfinally: assert 'pandas' not in sys.modules"
    command: list[str | Path] = [
        sys.executable,
        "-c",
        code,
        "run",
        tmp_path / "a.parquet",
        "-o",
        tmp_path / "b.parquet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "b.parquet").num_rows == 5


def test_strings_that_are_no_utf8_are_set_aside_alike(tmp_path: Path) -> None:
    good = pa.array([b"one", b"two \xff", b"three", None], pa.binary())
    bad = pa.Array.from_buffers(pa.string(), 4, good.buffers())
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a", "b", "c", "d"], "text": bad}), path)
    quick = everything(path, Limits(), native=True)
    assert quick == everything(path, Limits(), native=False)
    assert quick[6] == [1, 3]


def test_a_field_that_is_asked_for_more_than_the_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["2024-01-31", "x"], "url": ["https://one.example/a", None]}), path)
    for other in ("published", "title", "id", "url", "site"):
        fields = replace(Fields(), **{other: ("text",)})
        found = everything(path, Limits(), native=True, fields=fields)
        assert found == everything(path, Limits(), native=False, fields=fields)


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if all(map(is_plain, schema.values()))])
@given(data=st.data())
def test_no_row_is_longer_as_json_than_was_foreseen(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    row = data.draw(st.fixed_dictionaries({column: values(kind) for column, kind in schema.items()}))
    batch = pa.RecordBatch.from_arrays([pa.array([row[c]], k) for c, k in schema.items()], names=list(schema))
    [record] = records(batch, list(schema))
    assert len(as_json(record)) <= most_json(batch, list(schema))  # type: ignore[arg-type]
