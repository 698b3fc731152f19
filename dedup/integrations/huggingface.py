"""Datasets of Hugging Face: the rows to keep, as a selection; and signatures, as a function to map.

A dataset is read in parts, as Arrow has it: its texts are never all in memory. Nothing is remembered from row to row but by
`deduplicate` itself, so that no result depends on how many processes `map` uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Unpack

from dedup.deduplication import Options, chosen, run
from dedup.errors import InputError, MissingExtra, NoTextField, kind_of
from dedup.fields import Fields
from dedup.frame_result import FrameResult, Maker
from dedup.frames import FrameTable, plain
from dedup.scheme import Scheme
from dedup.signatures import Texts, fingerprint
from dedup.table_source import TableSource

try:
    import pyarrow as pa
    from datasets import ClassLabel, Dataset, DatasetDict, IterableDataset, IterableDatasetDict, Value
except ImportError as error:
    raise MissingExtra("huggingface", "dedup.integrations.huggingface") from error

_KINDS: Final = {int: pa.int64(), float: pa.float64(), str: pa.string()}

_NAME: Final = "<dataset>"


class DatasetTable:
    """A dataset as a `Table`; what its format decodes (images, tensors) is left alone."""

    name: Final = _NAME

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._arrow = dataset.with_format("arrow")
        self.rows: int = len(dataset)
        self.columns = {name: not isinstance(kind, (Value, ClassLabel)) for name, kind in dataset.features.items()}
        self.labels = list(self.columns)
        self._views: dict[tuple[str, ...], Any] = {}
        self._row: tuple[int, Any] | None = None

    def part(self, start: int, stop: int, names: Sequence[str]) -> list[list[Any]]:
        """The values of some columns in the rows from `start` to before `stop`."""
        key = tuple(names)
        if key not in self._views:
            self._views[key] = self._arrow.select_columns(list(names))
        return FrameTable(self._views[key][start:stop]).part(0, stop - start, names)

    def cell(self, row: int, name: str) -> Any:
        """One value."""
        if self._row is None or self._row[0] != row:
            self._row = row, self._arrow[row : row + 1]
        column = self._row[1].column(name)
        return column[0].as_py() if pa.types.is_string(column.type) else FrameTable(self._row[1]).cell(0, name)

    def chosen(self, rows: Sequence[int], changes: Mapping[str, Mapping[int, Any]]) -> Dataset:
        """A selection of these rows; where there are changes, a copy of it with them."""
        kept = self._dataset.select(rows)
        if not changes:
            return kept
        place = {row: i for i, row in enumerate(rows)}
        new = {name: {place[row]: cell for row, cell in of_rows.items()} for name, of_rows in changes.items()}
        return kept.map(_Exchange(new), with_indices=True, batched=True, input_columns=list(new))

    def made(self, columns: Mapping[str, tuple[type, Sequence[Any]]]) -> Dataset:
        """A new dataset in memory: columns by name, of `int`, `float` or `str`, with None where a value is missing."""
        return Dataset(pa.table({name: pa.array(cells, _KINDS[kind]) for name, (kind, cells) in columns.items()}))


@dataclass(frozen=True)
class _Exchange:
    """Puts other values in the place of some, by column, then by row."""

    new: Mapping[str, Mapping[int, Any]]

    def __call__(self, *columns_and_rows: Sequence[Any]) -> dict[str, list[Any]]:
        *columns, rows = columns_and_rows
        return {
            name: [of_rows.get(row, cell) for row, cell in zip(rows, cells, strict=True)]
            for (name, of_rows), cells in zip(self.new.items(), columns, strict=True)
        }


class DatasetResult(FrameResult[Dataset]):
    """What a run decided about the rows of a dataset, numbered from 0. `decisions` is a dataset in memory."""

    @property
    def kept(self) -> Dataset:
        """The rows to keep, in order: a selection (`Dataset.select`), so no data are copied and texts are as they were; see
        `cleaned`.
        """
        return self._rows.table.chosen(self.kept_rows, {})

    def cleaned(self) -> Dataset:
        """The rows to keep, each text with every body once, unless `pages` are kept: a copy of `kept` in the cache of datasets
        where any text holds a body twice, else `kept`.
        """
        return self._rows.table.chosen(self.kept_rows, self._changes())


def deduplicate(dataset: Dataset, **options: Unpack[Options]) -> DatasetResult:
    """Finds repeated articles in a dataset; takes the options of `dedup.deduplicate`. Raises what that does."""
    if isinstance(dataset, (DatasetDict, IterableDatasetDict)):
        raise InputError(_NAME, f"several datasets; give one of them, or join them: {', '.join(map(str, dataset))}")
    if isinstance(dataset, IterableDataset):
        raise InputError(
            _NAME, "an IterableDataset is a stream; dedup.unique passes on the articles of it that are new"
        )
    given = options.get("settings"), options.get("text"), options.get("threshold"), options.get("keep")
    settings = chosen(*given)
    source: TableSource[Maker] = TableSource(DatasetTable(dataset), settings.fields)
    return run(lambda _: source, DatasetResult, settings, options.get("work_dir"), options.get("progress"))


@dataclass(frozen=True)
class Signer:
    """A function for `Dataset.map(..., batched=True)`: adds the MinHash signature of every text, and a hash of its words.

    `column` holds the texts; None: the first column that is called as texts often are. The columns `dedup_signature`
    (`scheme.permutations` numbers, u32) and `dedup_hash` (32 hexadecimal digits, equal for equal words; empty for a text that is
    missing or has none) depend on the text of the row alone. It can be pickled, and its fingerprint is the same in every process
    and changes with the scheme, so that `datasets` finds what it has cached.
    """

    column: str | None = None
    scheme: Scheme = field(default_factory=Scheme)

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """The two columns for a batch. Raises NoTextField; InputError for values that are no texts, and batches that are no
        mappings: of these (formats `pandas`, `polars`, `arrow`) `map` would drop all other columns.
        """
        if not isinstance(batch, Mapping):
            raise InputError(_NAME, f"a batch is {kind_of(batch)}: map dataset.with_format(None)")
        wanted = (self.column,) if self.column is not None else Fields().text
        name = next((name for name in wanted if name in batch), None)
        if name is None:
            raise NoTextField(_NAME, map(str, batch), wanted)
        texts = ["" if (cell := plain(given)) is None else cell for given in batch[name]]
        strange = next((kind_of(cell) for cell in texts if not isinstance(cell, str)), None)
        if strange is not None:
            raise InputError(_NAME, f"{name} holds {strange}, not a text")
        found = fingerprint(Texts.of(texts), self.scheme)
        starts = [0, *found.ends.tolist()]
        hashes = [
            f"{high:016x}{low:016x}" if end > start else ""
            for (high, low), start, end in zip(found.hashes.tolist(), starts[:-1], starts[1:], strict=True)
        ]
        return {"dedup_signature": found.signatures.values, "dedup_hash": hashes}


signatures: Final = Signer()
"""The usual `Signer`: `dataset.map(signatures, batched=True, num_proc=2)`."""
