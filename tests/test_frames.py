"""Frames of pandas, polars and pyarrow: what comes in comes out, of its kind, and the decisions are those on records."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, assert_type

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dedup.pandas
import dedup.polars
from dedup import Article, Fields, FrameResult, Result, Settings, deduplicate
from dedup.errors import InputError, NoTextField
from dedup.frames import FrameTable, plain
from dedup.model import Place
from dedup.table_source import PART, TableSource
from tests.hostile import article, balanced, edited, environment
from tests.test_cleaning import CLEANED, DOUBLED

SAMPLE: Final = Path(__file__).resolve().parent.parent / "data" / "sample.jsonl.gz"

Columns = Mapping[str, Sequence[Any]]

MAKERS: Final[dict[str, Callable[[Columns], Any]]] = {
    "pandas": lambda columns: pd.DataFrame(dict(columns)),
    "pandas-object": lambda columns: pd.DataFrame(dict(columns), dtype=object),
    "pandas-arrow": lambda columns: pa.table(dict(columns)).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda columns: pl.DataFrame(dict(columns)),
    "pyarrow": lambda columns: pa.table(dict(columns)),
}
"""Frames by the name of their kind."""

every_kind = pytest.mark.parametrize("kind", MAKERS)

STORY: Final = article(1)


def listed(frame: Any, name: str) -> list[Any]:
    """The values of a column of any frame, None where they are missing."""
    [cells] = FrameTable(frame).part(0, len(frame), [name])
    return cells


def told(result: Result | FrameResult[Any]) -> list[tuple[object, ...]]:
    """All that is said of the removed rows, but for where they stand."""
    return [(r.id, r.duplicate_of, r.relation, r.resemblance, r.containment, r.reason) for r in result.removed]


@pytest.fixture(scope="module")
def sample() -> list[dict[str, Any]]:
    with gzip.open(SAMPLE) as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def expected() -> Result:
    return deduplicate(SAMPLE)


def columns_of(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


@pytest.mark.parametrize("kind", ["records", "pandas", "polars", "pyarrow"])
def test_the_sample_gives_the_same_in_every_form(kind: str, sample: list[dict[str, Any]], expected: Result) -> None:
    ids = [record["id"] for record in expected.kept]
    if kind == "records":
        plain_run = deduplicate(sample)
        assert [record["id"] for record in plain_run.kept] == ids
        assert told(plain_run) == told(expected)
        return
    frame = MAKERS[kind](columns_of(sample))
    result = deduplicate(frame)
    assert type(result.kept) is type(frame)
    assert listed(result.kept, "id") == ids
    assert told(result) == told(expected)
    assert result.kept_rows == [i for i, record in enumerate(sample) if record["id"] in set(ids)]
    ours, theirs = result.summary(), expected.summary()
    assert balanced(ours)
    assert (ours.kept, ours.relations, ours.undated) == (theirs.kept, theirs.relations, theirs.undated)


@every_kind
def test_what_became_of_every_row(kind: str) -> None:
    texts = [STORY, article(2), edited(STORY), None, " ", STORY.upper()]
    frame = MAKERS[kind](
        {
            "id": ["a", "b", "c", None, "e", "f"],
            "url": [None, None, None, "https://one.example/d", None, None],
            "text": texts,
        }
    )
    result = deduplicate(frame, keep="first")
    assert type(result.decisions) is type(frame)
    assert listed(result.decisions, "row") == [0, 1, 2, 3, 4, 5]
    assert listed(result.decisions, "id") == ["a", "b", "c", "https://one.example/d", "e", "f"]
    assert listed(result.decisions, "status") == [
        "kept",
        "kept",
        "removed",
        "quarantined",
        "quarantined",
        "removed",
    ]
    assert listed(result.decisions, "duplicate_of") == [None, None, "a", None, None, "a"]
    assert listed(result.decisions, "duplicate_of_row") == [None, None, 0, None, None, 0]
    assert listed(result.decisions, "relation") == [None, None, "near", None, None, "exact"]
    assert listed(result.decisions, "resemblance") == [None, None, result.removed[0].resemblance, None, None, 1.0]
    assert listed(result.decisions, "containment") == [None, None, result.removed[0].containment, None, None, 1.0]
    assert listed(result.decisions, "reason") == [
        None,
        None,
        result.removed[0].reason,
        "no_text: no value in text",
        "empty: the text has no words",
        "equal words; kept by first",
    ]
    assert result.kept_rows == [0, 1]
    assert listed(result.kept, "text") == texts[:2]
    assert [(q.place, q.reason) for q in result.quarantined] == [
        (Place("<frame>", 4), "no_text"),
        (Place("<frame>", 5), "empty"),
    ]
    assert [(c.canonical, [m.id for m in c.members]) for c in result.clusters] == [("a", ["c", "f"])]
    assert balanced(result.summary())
    assert repr(result) == "<FrameResult: 2 kept, 2 removed, 2 quarantined>"


@every_kind
def test_all_that_a_result_of_records_has(kind: str) -> None:
    frame = MAKERS[kind]({"id": ["a", "b", "c"], "text": [STORY, edited(STORY, 4), article(2)]})
    result = deduplicate(frame)
    assert len(result.removed) == 1
    stricter = result.rethreshold(0.999)
    assert type(stricter) is FrameResult
    assert listed(stricter.kept, "id") == ["a", "b", "c"]
    assert set(listed(stricter.decisions, "status")) == {"kept"}
    assert result.explain("a", "b").match.relation == "near"
    assert result.explain("a", "b").texts == (STORY, edited(STORY, 4))
    assert result.borderline(1)[0].ids == ("a", "b")
    assert result.boilerplate() == []
    assert result.unstated == ()
    assert [place for place, _ in result.additions()] == []


@every_kind
def test_a_frame_without_a_text_column(kind: str) -> None:
    frame = MAKERS[kind]({"Body": [STORY], "id": ["a"]})
    with pytest.raises(
        NoTextField, match=r"<frame>: no record has a text in articleBody.*keys seen: Body, id"
    ) as caught:
        deduplicate(frame)
    assert caught.value.keys == ["Body", "id"]
    with pytest.raises(NoTextField, match="in story; keys seen: Body, id"):
        deduplicate(frame, text="story")
    assert listed(deduplicate(frame, text="Body").kept, "id") == ["a"]
    assert listed(deduplicate(frame, settings=Settings(fields=Fields(text=("x", "Body")))).kept, "id") == ["a"]


@pytest.mark.parametrize(
    ("labels", "seen"),
    [([0, 1], "0, 1"), (pd.MultiIndex.from_tuples([("a", "text"), ("a", "id")]), "('a', 'id'), ('a', 'text')")],
)
def test_columns_whose_names_are_no_strings(labels: Any, seen: str) -> None:
    with pytest.raises(NoTextField) as caught:
        deduplicate(pd.DataFrame([[STORY, "x"]], columns=labels))
    assert f"keys seen: {seen}." in str(caught.value)


def test_text_names_a_field_of_records_too() -> None:
    given = [{"lead": STORY, "text": "decoy"}, {"lead": STORY + "!", "text": "another"}]
    assert len(deduplicate(given, text="lead").kept) == 1
    assert len(deduplicate(given).kept) == 2


@every_kind
def test_no_text_in_any_row_is_no_error(kind: str) -> None:
    result = deduplicate(MAKERS[kind]({"text": pa.nulls(2, pa.string()).to_pylist(), "id": ["a", "b"]}))
    assert [q.reason for q in result.quarantined] == ["no_text", "no_text"]
    assert (len(result.kept), listed(result.decisions, "id")) == (0, ["a", "b"])


@every_kind
def test_a_text_column_of_another_type(kind: str) -> None:
    with pytest.raises(InputError, match="<frame>: no row has a text in text: row 1: the text is an int"):
        deduplicate(MAKERS[kind]({"text": [1, 2]}))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"text": []}),
        pd.DataFrame({"other": []}, index=pd.DatetimeIndex([])),
        pl.DataFrame(),
        pl.DataFrame({"text": []}),
        pl.DataFrame(schema={"text": pl.String, "date": pl.Datetime}),
        pa.table({}),
        pa.table({"text": pa.array([], pa.string())}),
    ],
    ids=repr,
)
def test_empty_frames(frame: Any) -> None:
    result = deduplicate(frame)
    assert type(result.kept) is type(result.decisions) is type(frame)
    assert result.kept.shape == frame.shape
    assert list(result.kept.columns) == list(frame.columns)
    assert (len(result.decisions), result.kept_rows, result.removed, result.quarantined) == (0, [], [], [])
    assert result.summary().records == 0


INDEXES: Final[dict[str, Callable[[int], pd.Index[Any]]]] = {
    "plain": pd.RangeIndex,
    "repeated": lambda n: pd.Index([7] * n),
    "named": lambda n: pd.Index([f"k{i}" for i in range(n)], name="key"),
    "missing": lambda n: pd.Index([None] * n),
    "moments": lambda n: pd.DatetimeIndex([dt.datetime(2024, 1, 1)] * n, tz="Europe/Paris", name="when"),
    "levels": lambda n: pd.MultiIndex.from_tuples([("a", i // 2) for i in range(n)], names=["x", None]),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_the_index_survives(kind: str) -> None:
    texts = [STORY, DOUBLED, STORY + "!", article(3), None]
    frame = pd.DataFrame({"text": texts, "n": [1, 2, 3, 4, 5]}, index=INDEXES[kind](5))
    frame.attrs["from"] = "crawl"
    result = deduplicate(frame, keep="first")
    wanted = frame.iloc[[0, 1, 3]].copy()
    wanted.isetitem(0, [STORY, CLEANED, article(3)])
    pd.testing.assert_frame_equal(result.kept, wanted, check_index_type=True)
    assert result.kept.attrs == frame.attrs
    pd.testing.assert_index_equal(result.decisions.index, frame.index, exact=True)
    pd.testing.assert_frame_equal(frame[result.decisions["status"] == "kept"], frame.iloc[[0, 1, 3]])


def test_no_type_changes() -> None:
    frame = pd.DataFrame(
        {
            "text": [STORY, STORY + "!", article(2)],
            "int8": np.array([1, 2, 3], np.int8),
            "nullable": pd.array([1, None, 3], "Int64"),
            "flag": pd.array([True, None, False], "boolean"),
            "kind": pd.Categorical(["a", "b", "a"], categories=["b", "a"], ordered=True),
            "zoned": pd.to_datetime(["2024-01-01"] * 3).tz_localize("Asia/Tokyo"),
            "span": pd.to_timedelta([1, 2, 3], unit="D"),
            "list": [[1], [2], [3]],
            0: [1.5, 2.5, None],
        }
    )
    kept = deduplicate(frame, keep="first").kept
    pd.testing.assert_frame_equal(kept, frame.iloc[[0, 2]])


DTYPES: Final[dict[str, Callable[[list[str | None]], Any]]] = {
    "pandas object": lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype=object)}),
    "pandas str": lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype="str")}),
    "pandas string": lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype="string")}),
    "pandas category": lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype="category")}),
    "pandas arrow": lambda texts: pd.DataFrame({"text": pd.Series(texts, dtype=pd.ArrowDtype(pa.large_string()))}),
    "pandas ordered": lambda texts: pd.DataFrame({"text": pd.Categorical(texts, ordered=True)}),
    "polars String": lambda texts: pl.DataFrame({"text": texts}),
    "polars Categorical": lambda texts: pl.DataFrame({"text": pl.Series(texts, dtype=pl.Categorical)}),
    "polars Enum": lambda texts: pl.DataFrame({"text": pl.Series(texts, dtype=pl.Enum([t for t in texts if t]))}),
    "arrow string": lambda texts: pa.table({"text": pa.array(texts)}),
    "arrow large_string": lambda texts: pa.table({"text": pa.array(texts, pa.large_string())}),
    "arrow dictionary": lambda texts: pa.table({"text": pa.array(texts).dictionary_encode()}),
    "arrow described": lambda texts: pa.table(
        [pa.array(texts)], pa.schema([pa.field("text", pa.string(), True, {"m": "x"})])
    ),
    "arrow chunks": lambda texts: pa.table({"text": pa.chunked_array([[t] for t in texts])}),
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_a_doubled_body_changes_a_text(dtype: str) -> None:
    texts = [article(1), None, DOUBLED, article(2)]
    frame, same = DTYPES[dtype](texts), DTYPES[dtype](texts)
    result = deduplicate(frame)
    assert listed(result.kept, "text") == [article(1), CLEANED, article(2)]
    assert listed(frame, "text") == texts
    assert frame.equals(same)
    before, after = (FrameTable(f)._column("text").dtype for f in (frame, result.kept))
    assert type(before) is type(after)
    if isinstance(frame, pa.Table):
        assert result.kept.schema.equals(frame.schema, check_metadata=True)
    assert str(getattr(result.kept, "dtypes", "")).split("(")[0] == str(getattr(frame, "dtypes", "")).split("(")[0]
    (found,) = result.page_repeats()
    assert (found.field, found.place.line) == ("text", 3)
    for pages in ("keep", "off"):
        assert listed(deduplicate(frame, settings=Settings(pages=pages)).kept, "text") == [*texts[:1], *texts[2:]]


def test_a_doubled_body_in_a_column_of_objects_of_polars() -> None:
    frame = pl.DataFrame({"text": pl.Series([article(1), DOUBLED], dtype=pl.Object)})
    kept = deduplicate(frame).kept
    assert kept["text"].to_list() == [article(1), CLEANED]
    assert kept.schema == frame.schema


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_texts_in_nested_columns(kind: str) -> None:
    pages = [{"body": STORY, "n": 1}, {"body": DOUBLED, "n": 2}, {"body": STORY + "?", "n": 3}, None]
    frame = MAKERS[kind]({"page": pages})
    result = deduplicate(frame, text="page.body", keep="first")
    assert listed(result.kept, "page") == [pages[0], {"body": CLEANED, "n": 2}]
    assert listed(frame, "page") == pages
    assert listed(result.decisions, "status") == ["kept", "kept", "removed", "quarantined"]
    if kind != "pandas":
        assert result.kept["page"].type if kind == "pyarrow" else result.kept.schema == frame.schema


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, np.datetime64("NaT")], ids=repr)
def test_a_missing_value_is_unknown(missing: Any) -> None:
    columns = {name: pd.Series([missing, missing], dtype=object) for name in ("id", "title", "url", "date", "site")}
    frame = pd.DataFrame({**columns, "text": pd.Series([STORY, missing], dtype=object)})
    result = deduplicate(frame)
    [name] = result._source.facts.ids
    assert name.startswith("text-")
    assert set(result._source.facts.stated.values()) == {0}
    assert listed(result.decisions, "id") == [name, None]
    assert [q.reason for q in result.quarantined] == ["no_text"]
    found = result._source.article(0)
    assert (found.title, found.url, found.published, found.site) == (None, None, None, None)


def test_objects_behind_many_missing_values_are_found() -> None:
    pages: list[Any] = [None] * 500 + [{"url": "https://one.example/a"}]
    frame = pd.DataFrame({"text": [article(i, 5) for i in range(501)], "metadata": pages})
    assert listed(deduplicate(frame).decisions, "id")[500] == "https://one.example/a"


def test_whole_numbers_with_gaps_are_ids() -> None:
    frame = pd.DataFrame({"id": [1, None, 3], "text": [STORY, STORY + "!", article(2)]})
    assert frame["id"].dtype == np.float64
    assert listed(deduplicate(frame).decisions, "id")[::2] == ["1", "3"]


DAYS: Final = (dt.datetime(2024, 1, 1, 12), dt.datetime(2024, 3, 1, 12))
_FAR: Final = 10**18

DATES: Final[dict[str, Callable[[], Any]]] = {
    "pandas datetime": lambda: pd.Series(DAYS),
    "pandas ns": lambda: pd.Series(DAYS).astype("datetime64[ns]"),
    "pandas zoned": lambda: pd.Series(DAYS).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
    "pandas objects": lambda: pd.Series([DAYS[0], np.datetime64(DAYS[1])], dtype=object),
    "pandas text": lambda: pd.Series([day.isoformat() for day in DAYS]),
    "pandas seconds": lambda: pd.Series([day.replace(tzinfo=dt.UTC).timestamp() for day in DAYS]),
    "pandas arrow": lambda: pd.Series(DAYS, dtype=pd.ArrowDtype(pa.timestamp("ns"))),
    "polars ms": lambda: pl.Series(DAYS).cast(pl.Datetime("ms")),
    "polars zoned": lambda: pl.Series(DAYS).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
    "arrow ns": lambda: pa.array(DAYS, pa.timestamp("ns")),
    "arrow zoned": lambda: pa.array([day.replace(tzinfo=dt.UTC) for day in DAYS], pa.timestamp("s", "America/Lima")),
}


def dated(kind: str, dates: Any) -> Any:
    columns = {"date": dates, "text": [STORY, STORY]}
    return MAKERS[{"arrow": "pyarrow"}.get(kind.split()[0], kind.split()[0])](columns)


@pytest.mark.parametrize("kind", DATES)
def test_dates_of_every_type(kind: str) -> None:
    frame = dated(kind, DATES[kind]())
    source = deduplicate(frame)._source
    noon = [day.replace(tzinfo=dt.UTC).timestamp() for day in DAYS]
    assert [source.facts.published(row) for row in (0, 1)] == noon
    assert [source.article(row).published for row in (0, 1)] == noon
    assert len(deduplicate(frame).kept) == 1
    assert len(deduplicate(frame, settings=Settings(window="30d")).kept) == 2


@pytest.mark.parametrize(
    ("dates", "unknown"),
    [
        (lambda: pl.Series([dt.date(2024, 1, 1), None]), 1),
        (lambda: pl.Series([-719_529, 2**31 - 1]).cast(pl.Int32).cast(pl.Date), 2),
        (lambda: pl.Series([_FAR, -_FAR]).cast(pl.Datetime("us")), 2),
        (lambda: pa.array([-719_529, 19_723], pa.date32()), 1),
        (lambda: pa.array([_FAR, None], pa.timestamp("us")), 2),
        (lambda: pa.array([86_400_000, None], pa.date64()), 1),
    ],
)
def test_days_and_dates_that_python_does_not_have(dates: Callable[[], Any], unknown: int) -> None:
    made = dates()
    assert deduplicate(dated("polars" if isinstance(made, pl.Series) else "arrow", made)).summary().undated == unknown


def test_the_frame_is_held_as_it_was() -> None:
    frame = pd.DataFrame({"text": [STORY, STORY + "!", article(2)]})
    result = deduplicate(frame, keep="first")
    frame["text"] = "other"
    frame["more"] = 1
    assert list(result.kept.columns) == ["text"]
    assert listed(result.kept, "text") == [STORY, article(2)]
    result.kept["text"] = "mine"
    assert listed(frame, "text") == ["other"] * 3
    lazy = pl.DataFrame({"text": [STORY, article(2)]})
    kept = deduplicate(lazy)
    lazy.insert_column(0, pl.Series("more", [1, 2]))
    assert kept.kept.columns == ["text"]


def test_own_policies_see_the_row() -> None:
    def least(found: Article) -> int:
        assert isinstance(found.record, Mapping)
        assert list(found.record) == ["text", "rank", "when"]
        assert len(found.record) == 3
        assert found.record.get("none") is None
        assert found.record["when"] == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
        return int(found.record["rank"])

    when = pd.Series([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)] * 2)
    result = deduplicate(pd.DataFrame({"text": [STORY, STORY], "rank": [2, 1], "when": when}), keep=least)
    assert result.kept_rows == [1]


def test_frames_that_are_refused() -> None:
    with pytest.raises(InputError, match=r"a polars LazyFrame has no rows yet; give what its collect\(\) returns"):
        deduplicate(pl.LazyFrame({"text": [STORY]}))  # type: ignore[call-overload]
    with pytest.raises(InputError, match="columns that share a name"):
        deduplicate(pd.DataFrame([[STORY, "x"]], columns=["text", "text"]))


def test_accessors() -> None:
    options: Any = {"threshold": 0.9, "keep": "first", "text": "story"}
    columns = {"story": [STORY, STORY + "!"]}
    frames: list[Any] = [pd.DataFrame(columns), pl.DataFrame(columns)]
    for frame in frames:
        result = frame.dedup.articles(**options)
        assert type(result) is FrameResult
        assert (result.kept_rows, result.settings.threshold) == ([0], 0.9)
    assert pd.DataFrame.dedup is dedup.pandas.Accessor  # type: ignore[attr-defined]
    assert isinstance(frames[1].dedup, dedup.polars.Namespace)


def test_types_are_told() -> None:
    columns = {"text": [STORY]}
    assert_type(deduplicate(pd.DataFrame(columns)), FrameResult[pd.DataFrame])
    assert_type(deduplicate(pl.DataFrame(columns)).kept, pl.DataFrame)
    assert_type(deduplicate([{"text": STORY}]), Result)
    assert_type(deduplicate(pd.DataFrame(columns)).rethreshold(0.9).kept, pd.DataFrame)


class Watched(FrameTable):
    """Counts the rows that are read at once."""

    def __init__(self, frame: Any) -> None:
        super().__init__(frame)
        self.parts: list[tuple[int, list[str]]] = []

    def part(self, start: int, stop: int, names: Sequence[str]) -> list[list[Any]]:
        self.parts.append((stop - start, list(names)))
        return super().part(start, stop, names)


def test_columns_are_read_in_parts_and_only_those_that_count() -> None:
    count = 2 * PART + 7
    columns = {"text": ["some words"] * count, "html": ["<p>"] * count, "other": [1] * count, "url": ["x"] * count}
    table = Watched(pl.DataFrame(columns))
    source = TableSource(table, Fields())
    assert source.expected == count
    assert sum(len(rows.texts) for rows in source.batches()) == source.records == count
    assert table.parts == [(PART, ["text", "url"]), (PART, ["text", "url"]), (7, ["text", "url"])]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(np.str_("a"), "a"), (np.float32(0.5), 0.5), (np.array([1, 2]), [1, 2]), (True, True), (0, 0), ("", "")],
)
def test_plain_values(value: Any, wanted: Any) -> None:
    found = plain(value)
    assert found == wanted
    assert type(found) is type(wanted)


MISSING: Final = """
import sys
sys.modules["narwhals"] = sys.modules["narwhals.stable"] = sys.modules["narwhals.stable.v2"] = None
import pandas, dedup
try:
    dedup.deduplicate(pandas.DataFrame({"text": ["a"]}))
except dedup.DedupError as error:
    print(error)
"""


def test_a_missing_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, env=environment())
    assert done.stdout.strip() == 'a data frame needs an optional part: pip install "article-dedup[frames]"', (
        done.stderr
    )


def test_a_result_at_another_threshold_reads_its_file(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": STORY}) + "\n")
    assert list(deduplicate(path).rethreshold(0.9).kept) == [{"text": STORY}]
