"""Datasets of Hugging Face: the kept rows are a selection, decisions are those on records, signatures depend on the row alone."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict, IterableDataset
from datasets.fingerprint import Hasher

import dedup
from dedup import Scheme, Settings, Signatures, deduplicate, fingerprint
from dedup.errors import InputError, NoTextField
from dedup.integrations import huggingface
from dedup.integrations.huggingface import DatasetResult, Signer, signatures
from dedup.signatures import Texts
from tests.hostile import article, balanced, edited, environment
from tests.test_cleaning import CLEANED, DOUBLED

SAMPLE: Final = Path(__file__).resolve().parent.parent / "data" / "sample.jsonl.gz"

STORY: Final = article(1)
ROWS: Final[list[dict[str, Any]]] = [
    {"id": "a", "text": STORY, "n": 1},
    {"id": "b", "text": DOUBLED, "n": 2},
    {"id": "c", "text": edited(STORY), "n": 3},
    {"id": "d", "text": None, "n": 4},
    {"id": "e", "text": article(2), "n": 5},
]


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """A dataset in a file, as it is when it was loaded from the hub."""
    Dataset.from_list(ROWS).save_to_disk(tmp_path / "rows")
    return Dataset.load_from_disk(tmp_path / "rows")


def test_the_sample_gives_the_same_as_a_dump() -> None:
    with gzip.open(SAMPLE) as lines:
        rows = [json.loads(line) for line in lines]
    expected = deduplicate(SAMPLE)
    result = huggingface.deduplicate(Dataset.from_list(rows))
    assert type(result) is DatasetResult
    assert result.kept["id"][:] == [record["id"] for record in expected.kept]
    assert [(r.id, r.duplicate_of, r.reason) for r in result.removed] == [
        (r.id, r.duplicate_of, r.reason) for r in expected.removed
    ]
    assert balanced(result.summary())


def test_the_kept_rows_are_a_selection(stored: Any) -> None:
    result = huggingface.deduplicate(stored, keep="first")
    assert result.kept_rows == [0, 1, 4]
    assert result.kept.to_list() == [ROWS[0], ROWS[1], ROWS[4]]
    assert result.kept.data.table.equals(stored.data.table)  # all of it, and row numbers beside it
    assert result.kept.cache_files == stored.cache_files
    assert result.decisions["status"][:] == ["kept", "kept", "removed", "quarantined", "kept"]
    assert result.decisions["id"][:] == ["a", "b", "c", "d", "e"]
    assert result.decisions["duplicate_of_row"][:] == [None, None, 0, None, None]
    assert result.rethreshold(1.0).kept["id"][:] == ["a", "b", "c", "e"]


def test_texts_are_cleaned_when_asked_for(stored: Any) -> None:
    result = huggingface.deduplicate(stored, keep="first")
    assert result.cleaned().to_list() == [ROWS[0], {**ROWS[1], "text": CLEANED}, ROWS[4]]
    assert result.cleaned().features == stored.features
    assert result.cleaned()._fingerprint == result.cleaned()._fingerprint
    assert stored["text"][1] == DOUBLED
    as_is = huggingface.deduplicate(stored, settings=Settings(pages="keep"))
    assert as_is.cleaned()["text"][1] == DOUBLED


@pytest.mark.parametrize("form", [None, "numpy", "pandas", "arrow"])
def test_formats_and_selections(stored: Any, form: str | None) -> None:
    given = stored.select([4, 2, 0, 0]).with_format(form)
    result = huggingface.deduplicate(given, keep="first")
    assert result.kept_rows == [0, 1]
    assert result.kept.format["type"] == form
    assert result.kept.with_format(None)["id"][:] == ["e", "c"]
    assert [r.duplicate_of for r in result.removed] == ["c", "c"]


def test_columns_that_hold_others() -> None:
    pages: list[dict[str, Any]] = [
        {"body": STORY, "links": ["x"]},
        {"body": STORY + "!", "links": []},
        {"body": DOUBLED, "links": None},
    ]
    given = Dataset.from_list([{"page": page, "when": pd.Timestamp("2024-01-01", tz="UTC")} for page in pages])
    result = huggingface.deduplicate(given, text="page.body", keep="first")
    assert result.kept_rows == [0, 2]
    assert result.cleaned()["page"][:] == [pages[0], {**pages[2], "body": CLEANED}]
    assert result.summary().undated == 3  # `when` is no name of a date
    assert huggingface.deduplicate(given.rename_column("when", "date"), text="page.body").summary().undated == 0


def test_what_is_refused(stored: Any) -> None:
    with pytest.raises(InputError, match=r"<dataset>: an IterableDataset is a stream; dedup\.unique"):
        huggingface.deduplicate(stored.to_iterable_dataset())
    with pytest.raises(InputError, match="<dataset>: several datasets; give one of them, or join them: train, test"):
        huggingface.deduplicate(DatasetDict({"train": stored, "test": stored}))
    with pytest.raises(NoTextField, match="<dataset>: no record has a text in body; keys seen: id, n, text"):
        huggingface.deduplicate(stored, text="body")
    empty = huggingface.deduplicate(Dataset.from_dict({}))
    assert (len(empty.kept), len(empty.decisions)) == (0, 0)


def test_a_stream_goes_through_unique(stored: Any) -> None:
    stream: IterableDataset = stored.to_iterable_dataset()
    assert [row["id"] for row in dedup.unique(stream)] == ["a", "b", "d", "e"]


def test_signatures_are_those_of_fingerprint(stored: Any) -> None:
    signed = stored.map(signatures, batched=True, batch_size=2)
    texts = [row["text"] or "" for row in ROWS]
    wanted = fingerprint(Texts.of(texts), Scheme())
    values = np.array(signed["dedup_signature"][:], np.uint32)
    assert (values == wanted.signatures.values).all()
    assert str(signed.features["dedup_signature"].feature.dtype) == "uint32"
    hashes = signed["dedup_hash"][:]
    assert [bool(found) for found in hashes] == [True, True, True, False, True]
    assert {len(found) for found in hashes} == {0, 32}
    again = stored.map(Signer("text"), batched=True)
    assert again["dedup_hash"][:] == hashes
    found = Signatures(values, Scheme())
    assert found.jaccard(0, found, 2) > 0.5 > found.jaccard(0, found, 4)


@pytest.mark.parametrize("form", [None, "numpy"])
def test_signatures_in_processes_and_formats(stored: Any, form: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ)  # datasets leaves a copy there, which nobody else reads
    one = stored.map(signatures, batched=True)
    two = stored.with_format(form).map(signatures, batched=True, num_proc=2)
    assert two.with_format(None).to_list() == one.to_list()


@pytest.mark.parametrize("form", ["pandas", "polars", "arrow"])
def test_formats_that_would_lose_columns(stored: Any, form: str) -> None:
    with pytest.raises(
        InputError, match=r"<dataset>: a batch is a (DataFrame|Table): map dataset\.with_format\(None\)"
    ):
        stored.with_format(form).map(signatures, batched=True)


def test_equal_words_have_equal_hashes() -> None:
    found = signatures({"text": [STORY, STORY.upper() + "!", edited(STORY)]})["dedup_hash"]
    assert found[0] == found[1] != found[2]


def test_signatures_of_what_is_no_text() -> None:
    with pytest.raises(NoTextField, match="<dataset>: no record has a text in body; keys seen: text"):
        Signer("body")({"text": ["a"]})
    with pytest.raises(InputError, match="<dataset>: text holds an int, not a text"):
        signatures({"text": ["a", 5]})


HASH: Final = """
from datasets.fingerprint import Hasher
from dedup import Scheme
from dedup.integrations.huggingface import Signer, signatures
print(Hasher.hash(signatures), Hasher.hash(Signer("body", Scheme(seed=7))))
"""


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", HASH],
            capture_output=True,
            text=True,
            check=True,
            env=environment(PYTHONHASHSEED=seed),
        ).stdout
        for seed in ("0", "1", "random")
    }
    others = Signer("text"), Signer("body"), Signer(scheme=Scheme(seed=7)), Signer("body", Scheme(seed=7)), Signer()
    names = [Hasher.hash(signer) for signer in others]
    assert printed == {f"{names[4]} {names[3]}\n"}
    assert len(set(names)) == len(names)


def test_what_was_mapped_is_found_in_the_cache(stored: Any) -> None:
    first = stored.map(signatures, batched=True)
    files = {entry["filename"] for entry in first.cache_files}
    assert {entry["filename"] for entry in stored.map(Signer(), batched=True).cache_files} == files
    assert not files & {entry["filename"] for entry in stored.map(Signer("text"), batched=True).cache_files}
