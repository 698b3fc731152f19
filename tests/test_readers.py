"""Every format: what comes in is kept, removed or set aside, and kept records come out as they came."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from dedup import deduplicate, dump, readers
from dedup.cli import main
from dedup.errors import DedupError, InputError, MissingExtra, NoTextField, OutputError, SettingsError
from dedup.formats import SUFFIXES
from dedup.json_values import as_json
from dedup.readers import expand, kind_of
from dedup.readers.delimited import unlike
from dedup.settings import FORMATS, Limits, Settings
from tests.hostile import (
    COMPRESSED,
    article,
    balanced,
    compress,
    decompress,
    edited,
    invoke,
    line,
    lines,
    names,
    objects,
    records,
    run,
    shell,
)

SAMPLE: Final = Path(__file__).parent.parent / "data" / "sample.jsonl.gz"

DOUBLED: Final = article(900, 200) + "\n\n" + article(900, 200)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def as_csv(found: list[dict[str, Any]], delimiter: str = ",", end: str = "\r\n") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(
        out, list(dict.fromkeys(k for r in found for k in r)), delimiter=delimiter, lineterminator=end
    )
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue().encode()


def as_parquet(found: list[dict[str, Any]], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(found), out, **{"row_group_size": 10, **options})
    return out.getvalue()


def as_arrow(found: list[dict[str, Any]], stream: bool = False) -> bytes:
    out, table = io.BytesIO(), pa.Table.from_pylist(found)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return out.getvalue()


def warc_record(
    name: str,
    body: bytes,
    kind: str = "response",
    mime: str = "text/html; charset=utf-8",
    status: int = 200,
    length: int | None = None,
    http: str = "",
) -> bytes:
    """A record of an archive; `http`: more header lines of a response."""
    if kind == "response":
        body = f"HTTP/1.1 {status} OK\r\nContent-Type: {mime}\r\n{http}\r\n".encode() + body
        mime = "application/http; msgtype=response"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: 2024-01-31T00:00:00Z\r\n"
        f"WARC-Target-URI: https://one.example/{name}\r\nContent-Type: {mime}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def html(text: str, title: str = "A title") -> bytes:
    return f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>".encode()


def as_warc(found: list[dict[str, Any]]) -> bytes:
    return b"".join(warc_record(r["id"], html(r["text"], r["id"])) for r in found)


def as_wet(found: list[dict[str, Any]]) -> bytes:
    return b"".join(warc_record(r["id"], r["text"].encode(), "conversion", "text/plain") for r in found)


def as_lines(found: list[dict[str, Any]]) -> bytes:
    return b"".join(line(**r) for r in found)


WRITERS: Final[dict[str, Callable[[list[dict[str, Any]]], bytes]]] = {
    "a.jsonl": as_lines,
    "a.ndjson": as_lines,
    "a.csv": as_csv,
    "a.tsv": lambda found: as_csv(found, "\t"),
    "semicolon.csv": lambda found: as_csv(found, ";", "\n"),
    "tab.csv": lambda found: as_csv(found, "\t", "\n"),
    "a.parquet": as_parquet,
    "zstd.parquet": lambda found: as_parquet(found, compression="zstd"),
    "a.arrow": as_arrow,
    "a.arrows": lambda found: as_arrow(found, stream=True),
    "a.warc": as_warc,
    "a.wet": as_wet,
}
"""Files of every format, by a name that tells it."""

PACKED: Final = ("a.jsonl", "a.csv", "a.warc", "a.parquet")


def identities(path: Path) -> list[str]:
    """The ids of an output of any format, in order."""
    data = decompress(path.read_bytes(), path.suffix) if path.suffix in SUFFIXES else path.read_bytes()
    suffixes = [s for s in path.suffixes if s not in SUFFIXES]
    if suffixes[-1] in (".csv", ".tsv"):
        text = data.decode()
        mark = next(m for m in (",", ";", "\t") if f"id{m}" in text.splitlines()[0])
        return [r["id"] for r in csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)]
    if suffixes[-1] == ".parquet":
        return list(map(str, pq.read_table(io.BytesIO(data))["id"].to_pylist()))
    if suffixes[-1] in (".arrow", ".arrows"):
        return list(map(str, pa.ipc.open_file(io.BytesIO(data)).read_all()["id"].to_pylist()))
    if suffixes[-1] in (".warc", ".wet"):
        marks = data.split(b"WARC-Record-ID: <urn:uuid:")[1:]
        return [mark.split(b">")[0].decode() for mark in marks]
    return [r["id"].removeprefix("urn:uuid:") for r in objects(data)]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The ids that are kept of `records`."""
    folder = tmp_path_factory.mktemp("expected")
    run(put(folder / "in.jsonl", lines()), folder / "out.jsonl")
    return identities(folder / "out.jsonl")


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_records_are_kept_of_every_format(tmp_path: Path, name: str, expected: list[str]) -> None:
    path = put(tmp_path / name, WRITERS[name](records()))
    kept, as_json_lines = tmp_path / f"kept{path.suffix}", tmp_path / "kept.json"
    summary = run(path, kept).summary()
    run(path, as_json_lines)
    assert identities(kept) == identities(as_json_lines) == expected
    assert (summary.records, summary.quarantined) == (len(records()), 0)


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("name", PACKED)
def test_packed_files_are_read_and_written(tmp_path: Path, name: str, suffix: str, expected: list[str]) -> None:
    path = put(tmp_path / f"{name}{suffix}", compress(WRITERS[name](records()), suffix))
    kept = tmp_path / f"kept-{path.name}"
    run(path, kept)
    assert identities(kept) == expected


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet", "a.arrow", "a.arrows", "a.warc", "a.jsonl"])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_standard_input_is_told_by_its_first_bytes(name: str, suffix: str, expected: list[str]) -> None:
    data = compress(WRITERS[name](records()), suffix)
    done = invoke("run", "-", "--to", "jsonl", stdin=data)
    assert done.exit_code == 0, done.stderr
    assert [r["id"].removeprefix("urn:uuid:") for r in objects(done.stdout_bytes)] == expected


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.arrow", "a.warc"])
def test_standard_output_has_the_format_of_the_input(tmp_path: Path, name: str, expected: list[str]) -> None:
    path = put(tmp_path / name, WRITERS[name](records()))
    done = shell("run", path)
    assert identities(put(tmp_path / f"kept{path.suffix}", done.stdout)) == expected


def test_the_sample_gives_the_same_articles_through_every_format(tmp_path: Path) -> None:
    found = objects(gzip.decompress(SAMPLE.read_bytes()))
    kept = []
    for name in ("a.jsonl", "a.csv", "a.parquet", "a.arrow"):
        run(put(tmp_path / name, WRITERS[name](found)), tmp_path / f"kept-{name}")
        kept.append(identities(tmp_path / f"kept-{name}"))
    assert kept[1:] == kept[:1] * 3
    assert 100 < len(kept[0]) < len(found)


# --- CSV

TEXTS: Final = [article(i) for i in range(6)]
HEADER: Final = b"id,text\n"


def csv_run(tmp_path: Path, data: bytes, name: str = "in.csv", **settings: Any) -> tuple[bytes, list[tuple[int, str]]]:
    """What is kept of a file, and the places and reasons of what is set aside."""
    result = run(put(tmp_path / name, data), tmp_path / f"out-{name}", Settings(**settings))
    return (tmp_path / f"out-{name}").read_bytes(), [(q.place.line, q.reason) for q in result.quarantined]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_are_kept_with_their_quotes(tmp_path: Path, end: bytes) -> None:
    rows = [
        b'"id","text","n"',
        f'"a","{TEXTS[0]}",1'.encode(),
        f'b,"{TEXTS[1]}\n\nwith ""quotes"", and\r\nlines",'.encode(),
        f'"c",  {TEXTS[2]},"2"'.encode(),
        f"é,{TEXTS[3]},".encode(),
    ]
    data = end.join(rows) + end
    assert csv_run(tmp_path, data) == (data, [])


HOSTILE_CSV: Final = {
    "no end": (HEADER + f"a,{TEXTS[0]}".encode(), HEADER + f"a,{TEXTS[0]}\n".encode(), []),
    "a mark": (b"\xef\xbb\xbf" + HEADER + f"a,{TEXTS[0]}\n".encode(), HEADER + f"a,{TEXTS[0]}\n".encode(), []),
    "nothing": (b"", b"", []),
    "a header alone": (HEADER, HEADER, []),
    "blank lines": (HEADER + f"\na,{TEXTS[0]}\n\n".encode(), HEADER + f"a,{TEXTS[0]}\n".encode(), []),
    "short and long rows": (
        HEADER + f"a\nb,{TEXTS[0]}\nc,x,y\n".encode(),
        HEADER + f"b,{TEXTS[0]}\n".encode(),
        [(2, "not_a_row"), (4, "not_a_row")],
    ),
    "NUL": (HEADER + f"a,\0x\nb,{TEXTS[0]}\n".encode(), HEADER + f"a,\0x\nb,{TEXTS[0]}\n".encode(), []),
    "latin-1": (
        HEADER + f"a,{TEXTS[0]}\n".encode() + "b,café\n".encode("latin-1") + f"c,{TEXTS[1]}\n".encode(),
        HEADER + f"a,{TEXTS[0]}\nc,{TEXTS[1]}\n".encode(),
        [(3, "not_utf8")],
    ),
    "a quote never closed": (
        HEADER + f'a,{TEXTS[0]}\nb,"{TEXTS[1]}\nc,{TEXTS[2]}\nd,{TEXTS[3]}\n'.encode(),
        HEADER + f"a,{TEXTS[0]}\nc,{TEXTS[2]}\nd,{TEXTS[3]}\n".encode(),
        [(3, "not_a_row")],
    ),
    "a quote closed by the next row": (
        HEADER + f'b,"{TEXTS[1]}\nc,"{TEXTS[2]}"\n'.encode(),
        HEADER + f'c,"{TEXTS[2]}"\n'.encode(),
        [(2, "not_a_row")],
    ),
    "no text": (HEADER + f"a,\nb,{TEXTS[0]}\n".encode(), HEADER + f"b,{TEXTS[0]}\n".encode(), [(2, "empty")]),
    "one name twice": (
        b"id,text,text\n" + f"a,{TEXTS[0]},x\n".encode(),
        b"id,text,text\n" + f"a,{TEXTS[0]},x\n".encode(),
        [],
    ),
}


@pytest.mark.parametrize("case", HOSTILE_CSV)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_hostile_csv(tmp_path: Path, case: str, suffix: str) -> None:
    data, kept, aside = HOSTILE_CSV[case]
    found = csv_run(tmp_path, compress(data, suffix), f"in.csv{suffix}")
    assert (decompress(found[0], suffix), found[1]) == (kept, aside)


def test_a_row_of_ten_megabytes(tmp_path: Path) -> None:
    long = " ".join(article(i, 1000) for i in range(1500))
    data = HEADER + f'a,"{TEXTS[0]}"\nb,"{long}"\nc,{TEXTS[1]}\n'.encode()
    assert len(long) > 9_000_000
    assert csv_run(tmp_path, data) == (data, [])
    kept, aside = csv_run(tmp_path, data, "capped.csv", limits=Limits(record_bytes=1 << 20))
    assert kept == data.replace(f'b,"{long}"\n'.encode(), b"")
    assert aside == [(3, "too_long")]


def test_a_quote_never_closed_is_told_once_it_is_too_long(tmp_path: Path) -> None:
    data = HEADER + f'a,"{TEXTS[0]}\n'.encode() + f"b,{TEXTS[1]}\n".encode() + b"c,x y\n" * 1_000
    _, aside = csv_run(tmp_path, data, limits=Limits(record_bytes=2048))
    assert aside == [(2, "too_long")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"id,words\na,b\n", "keys seen: id, words"),
        (b"id\rtext\ra\r", "header cannot be read"),
        ("id,text\na,b\n".encode("utf-16"), "UTF-16"),
        (b'id,text\na,"b\n', "row 2: not_a_row"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises((InputError, NoTextField), match=message):
        csv_run(tmp_path, data)
    assert names(tmp_path) == ["in.csv"]


def test_cells_are_read_as_records(tmp_path: Path) -> None:
    path = put(
        tmp_path / "in.csv",
        b"id,published,text,x,x\n" + f"7,1700000000,{TEXTS[0]},,2\n,20240131,{TEXTS[1]},3,\n".encode(),
    )
    assert list(deduplicate(path).kept) == [
        {"id": "7", "published": 1_700_000_000, "text": TEXTS[0], "x": None, "x_2": "2"},
        {"id": None, "published": "20240131", "text": TEXTS[1], "x": "3", "x_2": None},
    ]
    assert unlike(["a", "a_2", "a", "a"]) == ["a", "a_2", "a_3", "a_4"]


# --- what is changed in kept records


def kept_texts(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path)["text"].to_pylist())
    if path.suffix == ".arrow":
        return list(pa.ipc.open_file(path).read_all()["text"].to_pylist())
    if path.suffix in (".csv", ".tsv"):
        mark = "," if path.suffix == ".csv" else "\t"
        return [r["text"] for r in csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), delimiter=mark)]
    return [r["text"] for r in objects(path.read_bytes())]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.arrow"])
def test_doubled_bodies_are_dropped_in_every_format(tmp_path: Path, name: str) -> None:
    found = [{"id": "a", "text": TEXTS[0]}, {"id": "b", "text": DOUBLED}, {"id": "c", "text": TEXTS[1]}]
    path = put(tmp_path / name, WRITERS[name](found))
    assert run(path, tmp_path / f"kept{path.suffix}").summary().page_repeats == 1
    assert kept_texts(tmp_path / f"kept{path.suffix}") == [TEXTS[0], article(900, 200), TEXTS[1]]
    run(path, tmp_path / f"whole{path.suffix}", Settings(pages="keep"))
    assert kept_texts(tmp_path / f"whole{path.suffix}") == [TEXTS[0], DOUBLED, TEXTS[1]]


def test_records_of_an_archive_stay_as_they_are(tmp_path: Path) -> None:
    data = as_wet([{"id": "a", "text": DOUBLED}])
    removed = tmp_path / "removed.jsonl"
    run(put(tmp_path / "in.wet", data), tmp_path / "kept.wet", removed=removed)
    assert (tmp_path / "kept.wet").read_bytes() == data
    assert [r["dropped"] for r in objects(removed.read_bytes())] == [False]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.arrow"])
def test_paragraphs_of_copies_are_merged_in_every_format(tmp_path: Path, name: str) -> None:
    more = article(77, 20)
    found = [
        {"id": "a", "text": f"{article(1, 120)}\n\n{article(2, 60)}"},
        {"id": "b", "text": f"{article(1, 120)}\n\n{more}"},
        {"id": "c", "text": article(3)},
    ]
    path = put(tmp_path / name, WRITERS[name](found))
    kept = tmp_path / f"kept{path.suffix}"
    run(path, kept, merge=True)
    wanted = [{"id": "b", "text": more}]
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(kept.read_bytes().decode(), newline="")))
        assert [row["dedup_merged"] for row in rows] == [json.dumps(wanted, separators=(",", ":")), ""]
    elif path.suffix == ".jsonl":
        assert [r.get("dedup_merged") for r in objects(kept.read_bytes())] == [wanted, None]
    else:
        table = pq.read_table(kept) if path.suffix == ".parquet" else pa.ipc.open_file(kept).read_all()
        assert table["dedup_merged"].to_pylist() == [wanted, None]
    assert kept_texts(kept) == [found[0]["text"], found[2]["text"]]


# --- tables


def test_a_table_keeps_its_columns_types_and_metadata(tmp_path: Path) -> None:
    count = 40
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), metadata={"unit": "number"}),
            pa.field("text", pa.large_string(), nullable=False),
            pa.field("when", pa.timestamp("ns", "UTC")),
            pa.field("day", pa.date32()),
            pa.field("tags", pa.list_(pa.string())),
            pa.field("meta", pa.struct([("url", pa.string()), ("n", pa.decimal128(9, 2))])),
            pa.field("raw", pa.binary()),
            pa.field("kind", pa.dictionary(pa.int32(), pa.string())),
            pa.field("nothing", pa.null()),
        ],
        metadata={"made by": "a test"},
    )
    rows = [
        {
            "id": i,
            "text": article(i % 30),
            "when": 1_700_000_000_000_000_001 + i,
            "day": 19_000 + i,
            "tags": None if i % 3 else ["a", None],
            "meta": {"url": f"https://one.example/{i}", "n": None},
            "raw": b"\xff\0",
            "kind": "news",
            "nothing": None,
        }
        for i in range(count)
    ]
    table = pa.Table.from_pylist(rows, schema)
    for suffix in (".parquet", ".arrow"):
        path = tmp_path / f"in{suffix}"
        if suffix == ".parquet":
            pq.write_table(table, path, row_group_size=16)
        else:
            with pa.ipc.new_file(path, schema) as writer:
                writer.write_table(table, max_chunksize=16)
        kept, text = tmp_path / f"out{suffix}", tmp_path / f"{suffix[1:]}.jsonl"
        run(path, kept, Settings(keep="first"))
        run(path, text, Settings(keep="first"))
        read = pq.read_table(kept) if suffix == ".parquet" else pa.ipc.open_file(kept).read_all()
        came = pq.read_table(path) if suffix == ".parquet" else table
        assert read.schema.equals(came.schema, check_metadata=True)
        assert read.schema.equals(schema)
        assert read.schema.metadata == schema.metadata
        assert read.equals(came.slice(0, 30))
        first = objects(text.read_bytes())[0]
        assert (first["when"], first["day"], first["raw"]) == ("2023-11-14 22:13:20.000000001Z", "2022-01-08", "/wA=")


def test_tables_become_each_other(tmp_path: Path, expected: list[str]) -> None:
    for one, other in (("a.parquet", "kept.arrow"), ("a.arrow", "kept.parquet")):
        run(put(tmp_path / one, WRITERS[one](records())), tmp_path / other)
        assert identities(tmp_path / other) == expected


def test_a_damaged_row_group_does_not_hide_the_others(tmp_path: Path) -> None:
    data = as_parquet([{"id": str(i), "text": article(i)} for i in range(40)], compression="zstd", use_dictionary=False)
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    at = metadata.row_group(1).column(1).data_page_offset
    broken = data[:at] + b"\xff" * 40 + data[at + 40 :]
    result = run(put(tmp_path / "in.parquet", broken), tmp_path / "out.parquet")
    [damaged] = result.quarantined
    assert (damaged.place.line, damaged.reason) == (11, "damaged")
    assert "rows 11 to 20" in damaged.detail
    assert identities(tmp_path / "out.parquet") == [str(i) for i in range(40) if not 10 <= i < 20]


def damages(data: bytes) -> Iterator[bytes]:
    """A file cut at many places, and with a stretch of it overwritten at many places."""
    for i in range(1, 8):
        yield data[: len(data) * i // 8]
        at = len(data) * i // 8
        yield data[:at] + bytes(255 - b for b in data[at : at + 50]) + data[at + 50 :]


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.arrows", "a.csv", "a.warc", "a.jsonl"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_damage_anywhere_is_told_or_costs_nothing_else(tmp_path: Path, name: str, suffix: str) -> None:
    data = compress(WRITERS[name](records(10)), suffix)
    told: list[bool] = []
    for i, broken in enumerate(damages(data)):
        path = put(tmp_path / f"{i}-{name}{suffix}", broken)
        try:
            result = deduplicate(path)
        except DedupError as error:
            told.append(str(path) in str(error))
            continue
        told.append(bool(result.quarantined) or result.summary().records <= len(records(10)))
        assert balanced(result.summary())
        assert len(result.kept) == result.summary().kept
    assert all(told)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_a_table_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    for data in (b"PAR1" + b"\xff" * 100 + b"PAR1", b"", b"ARROW1\0\0" + b"\xff" * 50, b"{}"):
        with pytest.raises(InputError, match=name):
            deduplicate(put(tmp_path / name, data))


def test_a_table_without_a_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTextField, match="keys seen: lead"):
        deduplicate(put(tmp_path / "a.parquet", as_parquet([{"lead": "x"}])))


def test_a_table_without_rows(tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    pq.write_table(schema.empty_table(), tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", tmp_path / "out.parquet").summary().records == 0
    assert pq.read_schema(tmp_path / "out.parquet").equals(schema)


def test_what_a_table_claims_is_not_believed(tmp_path: Path) -> None:
    """A gigabyte of one letter takes little room in a file."""
    table = pa.table({"text": pa.array(["x " * 500_000] * 64)})
    pq.write_table(table, tmp_path / "in.parquet", compression="zstd", use_dictionary=False)
    limits = Limits(record_bytes=1 << 20, expansion=100)
    with pytest.raises(InputError, match="is said to have"):
        run(tmp_path / "in.parquet", None, Settings(limits=limits))
    pq.write_table(table, tmp_path / "in.parquet", use_dictionary=True)
    result = deduplicate(tmp_path / "in.parquet", settings=Settings(limits=Limits(record_bytes=1 << 21, expansion=2)))
    assert [q.reason for q in result.quarantined] == ["too_large"]


# --- conversions

MIXED: Final[list[dict[str, Any]]] = [
    {"id": 1, "text": TEXTS[0], "n": 1, "big": 1 << 60, "flag": True, "tags": ["a", "é"], "none": None, "any": 1},
    {"id": 2, "text": DOUBLED, "n": 2.5, "big": 3, "more": 'line\nquote"', "any": "x", "huge": 1 << 70},
    {"id": 3, "text": "\ud83d " + TEXTS[1], "n": None, "tags": {"b": 1}},
]


@pytest.mark.parametrize("to", ["a.parquet", "a.arrow"])
def test_lines_become_tables(tmp_path: Path, to: str) -> None:
    path = put(tmp_path / "in.jsonl", b"".join(json.dumps(r).encode() + b"\n" for r in MIXED))
    run(path, tmp_path / to)
    table = pq.read_table(tmp_path / to) if to == "a.parquet" else pa.ipc.open_file(tmp_path / to).read_all()
    types = {field.name: str(field.type) for field in table.schema}
    assert types.pop("none") == "null"
    assert types.pop("flag") == "bool"
    assert [name for name, kind in types.items() if kind == "int64"] == ["id", "big"]
    assert [name for name, kind in types.items() if kind == "double"] == ["n", "huge"]
    assert [name for name, kind in types.items() if kind == "string"] == ["text", "tags", "any", "more"]
    first, second, third = table.to_pylist()
    assert (first["n"], first["big"], first["tags"], first["any"]) == (1.0, 1 << 60, '["a","é"]', "1")
    assert (second["text"], second["any"], second["huge"]) == (article(900, 200), '"x"', float(1 << 70))
    assert (third["text"], third["tags"], third["flag"]) == ("\ufffd " + TEXTS[1], '{"b":1}', None)


@pytest.mark.parametrize("to", ["out.csv", "out.tsv"])
def test_lines_become_rows(tmp_path: Path, to: str) -> None:
    path = put(tmp_path / "in.jsonl", b"".join(json.dumps(r).encode() + b"\n" for r in MIXED[:2]))
    run(path, tmp_path / to)
    text = (tmp_path / to).read_bytes().decode()
    first, second = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if to == "out.tsv" else ",")
    assert (first["id"], first["flag"], first["tags"], first["more"]) == ("1", "true", '["a","é"]', "")
    assert (second["n"], second["more"], second["text"]) == ("2.5", 'line\nquote"', article(900, 200))


@pytest.mark.parametrize("to", ["x.tsv.gz", "x.csv", "x.parquet", "x.arrow"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.arrows", "a.warc"])
def test_every_format_becomes_every_other_one(tmp_path: Path, name: str, to: str, expected: list[str]) -> None:
    run(put(tmp_path / name, WRITERS[name](records())), tmp_path / to)
    assert [i.removeprefix("urn:uuid:") for i in identities(tmp_path / to)] == expected


def test_merged_paragraphs_are_converted_too(tmp_path: Path) -> None:
    found = [
        {"id": "a", "text": f"{article(1, 120)}\n\n{article(2, 60)}"},
        {"id": "b", "text": f"{article(1, 120)}\n\n{article(77, 20)}"},
    ]
    run(put(tmp_path / "in.jsonl", as_lines(found)), tmp_path / "out.parquet", merge=True)
    [merged] = pq.read_table(tmp_path / "out.parquet")["dedup_merged"].to_pylist()
    assert json.loads(merged) == [{"id": "b", "text": article(77, 20)}]


# --- archives


def test_what_an_archive_holds(tmp_path: Path) -> None:
    parts = {
        "info": warc_record("info", b"software: a test", "warcinfo", "application/warc-fields"),
        "a": warc_record("a", html(TEXTS[0])),
        "image": warc_record("image", b"\x89PNG", mime="image/png"),
        "gone": warc_record("gone", html("not found"), status=404),
        "copy": warc_record("copy", html(TEXTS[0])),
        "request": warc_record("request", b"GET / HTTP/1.1\r\n\r\n", "request", "application/http; msgtype=request"),
        "plain": warc_record("plain", TEXTS[1].encode(), mime="text/plain"),
        "packed": warc_record("packed", gzip.compress(html(TEXTS[2])), http="Content-Encoding: gzip\r\n"),
        "chunked": warc_record("chunked", chunked(html(TEXTS[3])), http="Transfer-Encoding: chunked\r\n"),
        "cyrillic": warc_record(
            "cyrillic", html("волна " * 30).decode().encode("cp1251"), mime="text/html; charset=cp1251"
        ),
    }
    path = put(tmp_path / "in.warc", b"".join(parts.values()))
    result = run(path, tmp_path / "out.warc", Settings(keep="first"))
    summary = result.summary()
    assert (summary.records, summary.kept, summary.removed, summary.passed_over) == (6, 5, 1, 4)
    assert (tmp_path / "out.warc").read_bytes() == b"".join(p for name, p in parts.items() if name != "copy")
    run(path, tmp_path / "out.jsonl", Settings(keep="first"))
    found = {r["id"].removeprefix("urn:uuid:"): r for r in objects((tmp_path / "out.jsonl").read_bytes())}
    assert found["a"] == {
        "id": "urn:uuid:a",
        "url": "https://one.example/a",
        "published": "2024-01-31T00:00:00Z",
        "title": "A title",
        "text": TEXTS[0],
    }
    assert [found[name]["text"] for name in ("plain", "packed", "chunked")] == TEXTS[1:4]
    assert found["cyrillic"]["text"] == ("волна " * 30).strip()


def chunked(data: bytes) -> bytes:
    return (
        b"".join(b"%x\r\n%s\r\n" % (len(data[i : i + 90]), data[i : i + 90]) for i in range(0, len(data), 90))
        + b"0\r\n\r\n"
    )


BAD_RECORDS: Final = {
    "too short": (warc_record("bad", html(TEXTS[5]), length=9), "damaged"),
    "too long": (warc_record("bad", html(TEXTS[5]), length=900_000), "damaged"),
    "beyond the limit": (warc_record("bad", html(TEXTS[5]), length=1 << 40), "too_long"),
    "below nothing": (warc_record("bad", html(TEXTS[5]), length=-1), "damaged"),
    "no length": (warc_record("bad", html(TEXTS[5])).replace(b"Content-Length", b"X-Length"), "damaged"),
    "garbage": (b"\0\xff garbage" * 100 + b"\r\n\r\n", "damaged"),
    "not packed as said": (warc_record("bad", html(TEXTS[5]), http="Content-Encoding: gzip\r\n"), "damaged"),
    "no such encoding": (warc_record("bad", html(TEXTS[5]), http="Content-Encoding: aws\r\n"), "damaged"),
    "a bomb": (
        warc_record("bad", gzip.compress(b"\0" * 3_000_000), http="Content-Encoding: gzip\r\n"),
        "too_long",
    ),
    "not UTF-8": (warc_record("bad", b"\xff\xff words", mime="text/plain"), "not_utf8"),
    "too deep": (warc_record("bad", b"<div>" * 5_000 + b"words"), "not_a_page"),
    "no words": (warc_record("bad", html("", "")), "empty"),
}


@pytest.mark.parametrize("case", BAD_RECORDS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_bad_record_does_not_hide_the_others(tmp_path: Path, case: str, suffix: str) -> None:
    bad, reason = BAD_RECORDS[case]
    good = [warc_record(str(i), html(TEXTS[i])) for i in range(4)]
    parts = [good[0], good[1], bad, good[2], good[3]]
    data = b"".join(compress(part, suffix) for part in parts)
    path, kept = put(tmp_path / f"in.warc{suffix}", data), tmp_path / "out.warc"
    result = run(path, kept, Settings(limits=Limits(record_bytes=1 << 20)))
    assert [(q.place.line, q.reason) for q in result.quarantined] == [(3, reason)]
    assert kept.read_bytes() == b"".join(good)


def test_a_cut_archive_keeps_what_came_before(tmp_path: Path) -> None:
    good = [warc_record(str(i), html(TEXTS[i])) for i in range(3)]
    result = run(put(tmp_path / "in.warc", b"".join(good)[:-80]), tmp_path / "out.warc")
    assert [(q.place.line, q.reason) for q in result.quarantined] == [(3, "damaged")]
    assert (tmp_path / "out.warc").read_bytes() == b"".join(good[:2])


def test_every_record_of_a_packed_archive_is_a_member(tmp_path: Path) -> None:
    from fastwarc.warc import ArchiveIterator

    path = put(tmp_path / "in.warc", as_warc(records(5)))
    run(path, tmp_path / "out.warc.gz")
    run(path, tmp_path / "out.warc")
    packed = (tmp_path / "out.warc.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "out.warc").read_bytes()
    places = [record.stream_pos for record in ArchiveIterator(io.BytesIO(packed))]
    assert all(packed[place : place + 2] == b"\x1f\x8b" for place in places)
    assert len(set(places)) == len(identities(tmp_path / "out.warc"))


# --- folders, patterns, mixtures


def test_a_folder_of_pages(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "b").mkdir(parents=True)
    put(folder / "2.html", html(TEXTS[0], "Two").decode().encode("utf-16"))
    put(folder / "b" / "1.txt", TEXTS[1].encode("utf-16"))
    put(folder / "1.txt", b"\xef\xbb\xbf" + TEXTS[2].encode())
    put(folder / "4.txt", b"caf\xe9 words")
    put(folder / "3.HTM", html(TEXTS[0], "Three"))
    put(folder / "5.txt.html.gz", compress(html(TEXTS[3], "Five"), ".gz"))
    put(folder / "other.css", b"p {}")
    result = run(folder, tmp_path / "out.jsonl", Settings(keep="first"))
    found = objects((tmp_path / "out.jsonl").read_bytes())
    assert found == [
        {"id": str(folder / "1.txt"), "text": TEXTS[2]},
        {"id": str(folder / "2.html"), "title": "Two", "text": TEXTS[0]},
        {"id": str(folder / "5.txt.html.gz"), "title": "Five", "text": TEXTS[3]},
        {"id": str(folder / "b" / "1.txt"), "text": TEXTS[1]},
    ]
    assert [(q.place.source, q.reason) for q in result.quarantined] == [(str(folder / "4.txt"), "not_utf8")]
    assert result.summary().undated == 5


@pytest.mark.parametrize("data", [html(TEXTS[0]), TEXTS[0].encode()])
def test_a_page_from_standard_input(data: bytes) -> None:
    done = invoke("run", "-", "--format", "pages", stdin=data)
    assert [(r["id"], r["text"]) for r in objects(done.stdout_bytes)] == [("-", TEXTS[0])]


def test_a_folder_without_pages_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without"):
        run(tmp_path, None)


def test_patterns_are_expanded_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.csv"):
        put(tmp_path / name, b"")
    assert expand([tmp_path / "*.jsonl", "-"]) == [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"), "-"]
    for bad, why in (("none*.jsonl", "no file is named like that"), ("none.jsonl", "no such file")):
        with pytest.raises(InputError, match=why):
            expand([tmp_path / bad])
    with pytest.raises(InputError, match="given twice"):
        expand([tmp_path / "a.jsonl", tmp_path / "*.jsonl"])
    put(tmp_path / "odd[1].jsonl", b"")
    assert expand([tmp_path / "odd[1].jsonl"]) == [str(tmp_path / "odd[1].jsonl")]


def test_inputs_of_many_formats_are_one_dump(tmp_path: Path) -> None:
    story = [{"id": "x", "text": TEXTS[0]}]
    paths = [
        put(tmp_path / name, WRITERS[name](story)) for name in ("a.jsonl", "a.csv", "a.parquet", "a.warc", "a.arrow")
    ]
    result = run(paths, tmp_path / "out", Settings(keep="first"))
    assert objects((tmp_path / "out").read_bytes()) == story
    assert [r.place.source for r in result.removed] == [str(path) for path in paths[1:]]
    with pytest.raises(SettingsError, match=r"are not written as warc; give -o FILE\.jsonl"):
        run(paths, tmp_path / "out.warc")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.csv", as_csv([{"text": TEXTS[0], "id": "1"}])),
        ("a.csv", as_csv([{"id": "1", "text": TEXTS[0]}], ";")),
        ("a.parquet", as_parquet([{"id": 1, "text": TEXTS[0]}])),
    ],
)
def test_other_columns_need_another_output(tmp_path: Path, one: str, other: bytes) -> None:
    first = put(tmp_path / one, WRITERS[one]([{"id": "2", "text": TEXTS[1]}]))
    second = put(tmp_path / f"b{first.suffix}", other)
    with pytest.raises(InputError, match=r"has other columns than .*give -o FILE\.jsonl"):
        run([first, second], tmp_path / f"out{first.suffix}")
    run([first, second], tmp_path / "out.jsonl")
    assert [str(r["id"]) for r in objects((tmp_path / "out.jsonl").read_bytes())] == ["2", "1"]
    same, nothing = put(tmp_path / f"same{first.suffix}", first.read_bytes()), put(tmp_path / "none.csv", b"")
    run(
        [nothing, first, same] if first.suffix == ".csv" else [first, same],
        tmp_path / f"out{first.suffix}",
        Settings(keep="first"),
    )
    assert identities(tmp_path / f"out{first.suffix}") == ["2"]


@pytest.mark.parametrize(
    ("name", "head", "told"),
    [
        ("a.jsonl", b"PAR1", "is Parquet by its first bytes"),
        ("a.csv", b"WARC/1.0\r\n", "is WARC by its first bytes"),
        ("a.parquet", b"ARROW1", "is Arrow by its first bytes"),
        ("a.jsonl", b"PK\x03\x04", "zip"),
        ("a.jsonl", b"\xff\xfe{\0", "UTF-16"),
        ("a", b"SQLite format 3\0", "SQLite"),
    ],
)
def test_what_is_something_else_is_named(name: str, head: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        kind_of(name, head, None)


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_packed_under_another_name_is_named(tmp_path: Path, suffix: str, name: str) -> None:
    path = put(tmp_path / name, compress(WRITERS[name](records(3)), suffix))
    with pytest.raises(InputError, match=f"is packed by its first bytes; name it {name}{suffix}"):
        run(path, None)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.arrow", "a.warc"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_name_that_tells_nothing(tmp_path: Path, name: str, suffix: str, expected: list[str]) -> None:
    path = put(tmp_path / "dump", compress(WRITERS[name](records()), suffix))
    run(path, tmp_path / "out.jsonl")
    assert identities(tmp_path / "out.jsonl") == expected


def test_the_format_may_be_told(tmp_path: Path, expected: list[str]) -> None:
    path = put(tmp_path / "dump.data", as_csv(records(), "\t"))
    kept = tmp_path / "kept"
    assert invoke("run", path, "--format", "tsv", "-o", kept, "-q").exit_code == 0
    assert kept.read_bytes().startswith(b"id\turl\ttext")
    assert [kind for kind in FORMATS if kind not in ("json", "pages")] == list(
        next(p.type.choices for p in main.commands["run"].params if p.name == "to")  # type: ignore[attr-defined]
    )
    with pytest.raises(SettingsError, match="format is 'xml'"):
        Settings(format="xml")


# --- limits


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.wet"])
def test_a_bomb_is_stopped_and_what_came_before_is_kept(tmp_path: Path, suffix: str, name: str) -> None:
    data = WRITERS[name]([{"id": str(i), "text": TEXTS[i]} for i in range(5)]) + b"\n" + b" " * 20_000_000
    path, kept = put(tmp_path / f"{name}{suffix}", compress(data, suffix)), tmp_path / "out.jsonl"
    result = run(path, kept, Settings(limits=Limits(record_bytes=1 << 16, expansion=100)))
    assert result.quarantined[-1].reason == "too_large"
    assert "Limits.expansion" in result.quarantined[-1].detail
    assert len(identities(kept)) == 5
    assert result.summary().bytes < 5_000_000
    result = run(path, kept, Settings(limits=Limits(record_bytes=1 << 16, file_bytes=1_000_000)), force=True)
    assert "Limits.file_bytes" in result.quarantined[-1].detail
    assert len(identities(kept)) == 5


# --- manners


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("a.parquet", "pyarrow", "parquet"), ("a.warc", "fastwarc", "warc")]
)
def test_without_its_extra_a_format_says_what_to_install(tmp_path: Path, name: str, module: str, extra: str) -> None:
    path = put(tmp_path / name, WRITERS[name](records(2)))
    code = f"import sys; sys.modules[{module!r}] = None\nimport dedup\ndedup.deduplicate({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert f'pip install "article-dedup[{extra}]"'.encode() in done.stderr
    assert MissingExtra.__name__.encode() in done.stderr


def test_a_missing_extra_is_told_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("arrow", "tables"):
        monkeypatch.delitem(sys.modules, f"dedup.readers.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = put(tmp_path / "in.jsonl", lines(3))
    told: list[str] = []
    with pytest.raises(MissingExtra, match=r"article-dedup\[parquet\]"):
        dump.run(
            dump.Files(inputs=[str(path)], kept=str(tmp_path / "out.parquet")),
            Settings(),
            lambda *stage: told.append(""),
        )
    assert told == []
    assert names(tmp_path) == ["in.jsonl"]


def test_libraries_are_imported_for_their_formats_only(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", as_csv(records(2)))
    code = f"import sys, dedup\ndedup.deduplicate({str(path)!r})\nprint({{'pyarrow', 'fastwarc', 'lxml'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"set()"


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.warc", "a.arrow"])
def test_nothing_is_left_of_an_interrupted_run(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup import outputs

    def stop(self: object) -> None:
        raise KeyboardInterrupt

    path = put(tmp_path / name, WRITERS[name](records()))
    monkeypatch.setattr(outputs.Outputs, "commit", stop)
    with pytest.raises(KeyboardInterrupt):
        run(path, tmp_path / f"out{path.suffix}")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.warc"])
def test_an_input_that_changes_is_told(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, WRITERS[name](records()))
    told: list[str] = []

    def change(stage: str, done: int, total: int) -> None:
        if stage == "choose" and not told:
            told.append(stage)
            path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(InputError, match="changed while it was being read"):
        dump.run(dump.Files(inputs=[str(path)], kept=str(tmp_path / f"out{path.suffix}")), Settings(), change)
    assert names(tmp_path) == [name]


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", as_csv(records(2)))
    with pytest.raises(OutputError, match="is also an input"):
        run(tmp_path / "*.csv", path, force=True)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.warc"])
def test_a_run_against_an_index_writes_the_same_format(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, WRITERS[name](records(8)))
    first, second = tmp_path / f"new{path.suffix}", tmp_path / f"none{path.suffix}"
    for kept in (first, second):
        assert invoke("run", path, "-o", kept, "--index", tmp_path / "seen.db", "-q").exit_code == 0
    assert len(identities(first)) == 8
    assert identities(second) == []


def test_edited_copies_are_found_across_formats(tmp_path: Path) -> None:
    one = put(tmp_path / "a.parquet", as_parquet([{"id": "a", "text": TEXTS[0], "published": "2024-01-31"}]))
    other = put(tmp_path / "b.csv", as_csv([{"id": "b", "text": edited(TEXTS[0]), "published": "2024-01-31"}]))
    assert [(r.id, r.relation) for r in run([one, other], None, Settings(keep="first")).removed] == [("b", "near")]


def test_all_formats_have_a_reader() -> None:
    assert set(readers._HOMES) == set(FORMATS)
    assert as_json({"a": {1: 2}}) == b'{"a":{"1":2}}'
