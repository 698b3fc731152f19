"""Files in, files out: the same bytes from every form of input and output, and every record accounted for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from dedup.json_values import dumps
from dedup.model import Removed
from dedup.settings import Limits, Settings
from dedup.sources import BATCH_BYTES
from tests.hostile import COMPRESSED, article, compress, decompress, edited, line, lines, names, objects, records, run

KEYS = (
    "id",
    "duplicate_of",
    "relation",
    "resemblance",
    "containment",
    "reason",
    "source",
    "line",
    "kept_source",
    "kept_line",
)


FILES = 7
"""Working files of a run on a compressed file without boilerplate."""


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_kept_records_are_the_lines_as_they_came(tmp_path: Path) -> None:
    """Odd spacing, escapes, the order of keys, NaN, CRLF and empty fields: none of it is written anew."""
    odd = [
        b'{ "z": 1,"text" :"%s" , "a":[ ] }' % article(1).encode(),
        b'{"text":"%s","score":NaN,"big":123456789012345678901234567890}\r' % article(2).encode(),
        b'\t{"\\u0074ext":"\\u0061%s \\/ \\ud83d\\ude00 \xf0\x9f\x98\x80"} ' % article(3).encode(),
        b'{"text":"%s","text":"%s"}' % (article(4).encode(), article(5).encode()),
        b'{"text":"%s","n":1.10,"m":-0,"e":1E5}' % article(6).encode(),
    ]
    path = put(tmp_path / "in.jsonl", b"\n".join(odd))
    assert run(path, tmp_path / "out.jsonl").summary().kept == len(odd)
    assert (tmp_path / "out.jsonl").read_bytes() == b"\n".join(odd) + b"\n"


@pytest.mark.parametrize("seed", range(5))
def test_kept_lines_are_copied_whole_over_batches_and_files(tmp_path: Path, seed: int) -> None:
    """Kept lines that follow one another are copied in stretches: they must not take along what lies between."""
    draw = random.Random(seed)
    inputs, wanted = [], []
    for part in range(3):
        data = []
        for i in range(400):
            kind = draw.random()
            own = line(id=f"{part}-{i}", text=article(1000 * part + i, 300))
            data.append(own if kind < 0.7 else b"\n" if kind < 0.8 else b"{bad\n" if kind < 0.9 else line(text=""))
        data[-1] = data[-1].rstrip(b"\n") if draw.random() < 0.5 else data[-1]
        wanted += [d.rstrip(b"\n") for d in data if d.startswith(b'{"id"')]
        inputs.append(put(tmp_path / f"{part}.jsonl{draw.choice(['', '.gz'])}", b"".join(data)))
        if inputs[-1].suffix == ".gz":
            inputs[-1].write_bytes(compress(inputs[-1].read_bytes(), ".gz"))
    kept = tmp_path / "out.jsonl"
    run(inputs, kept, quarantined=tmp_path / "aside.jsonl")
    assert kept.stat().st_size > 2 * BATCH_BYTES
    assert kept.read_bytes().splitlines() == wanted


def test_the_file_of_the_removed(tmp_path: Path) -> None:
    story = article(1)
    one = put(tmp_path / "one.jsonl", line(id="first", text=story) + b"\n" + line(id=7, text=story.title()))
    other = put(tmp_path / "other.jsonl", line(id="ed\x1b\u2028it", text=edited(story, 4)))
    removed = tmp_path / "removed.jsonl"
    result = run([one, other], None, Settings(keep="first"), removed=removed)
    found = objects(removed.read_bytes())
    assert [tuple(record) for record in found] == [KEYS] * 2
    assert found == [
        {
            "id": "7",
            "duplicate_of": "first",
            "relation": "exact",
            "resemblance": 1.0,
            "containment": 1.0,
            "reason": "equal words; kept by first",
            "source": str(one),
            "line": 3,
            "kept_source": str(one),
            "kept_line": 1,
        },
        {
            "id": "ed\x1b\u2028it",
            "duplicate_of": "first",
            "relation": "near",
            "resemblance": 0.95,
            "containment": 0.95,
            "reason": "resemblance 0.95 >= 0.8; kept by first",
            "source": str(other),
            "line": 1,
            "kept_source": str(one),
            "kept_line": 1,
        },
    ]
    assert [r.id for r in result.removed] == ["7", "ed\x1b\u2028it"]
    assert b"\x1b" not in removed.read_bytes()
    assert removed.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("suffix", ["", *COMPRESSED])
def test_outputs_are_compressed_by_suffix_and_reproducible(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path / "in.jsonl", lines(30) + b"{bad\n")
    plain, twice = [], []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        places: dict[str, Any] = {k: folder / f"{k}.jsonl{suffix}" for k in ("kept", "removed", "quarantined")}
        run(path, **places)
        twice.append([place.read_bytes() for place in places.values()])
        plain.append([decompress(data, suffix) for data in twice[-1]])
    assert twice[0] == twice[1]
    ids = [r["id"] for r in objects(plain[0][0])]
    assert len(ids) == 30
    assert {r["id"] for r in records(30)} - set(ids) == {r["id"] for r in objects(plain[0][1])}
    assert [r["reason"] for r in objects(plain[0][2])] == ["not_json"]


def who(removed: list[Removed]) -> set[tuple[str, str, str, float]]:
    return {(r.id, r.duplicate_of, r.relation, r.resemblance) for r in removed}


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_input_does_not_matter(tmp_path: Path, seed: int) -> None:
    given = lines(60).splitlines(keepends=True)
    expected = run(put(tmp_path / "in.jsonl", b"".join(given)), tmp_path / "out.jsonl")
    shuffled = random.Random(seed).sample(given, len(given))
    cut = len(given) // 3
    parts = [put(tmp_path / "a.jsonl", b"".join(shuffled[:cut])), put(tmp_path / "b.jsonl", b"".join(shuffled[cut:]))]
    result = run(parts, tmp_path / "same.jsonl")
    assert sorted((tmp_path / "same.jsonl").read_bytes().splitlines()) == sorted(
        (tmp_path / "out.jsonl").read_bytes().splitlines()
    )
    assert who(result.removed) == who(expected.removed) != set()
    assert len(expected.removed) == 20 + 12


def test_threads_do_not_matter(tmp_path: Path) -> None:
    data = b"".join(line(id=str(i), text=article(i % 700, 300)) for i in range(1000))
    path = put(tmp_path / "in.jsonl", data)
    assert len(data) > 2 * BATCH_BYTES
    written = []
    for jobs in (1, 2, 5):
        kept, removed = tmp_path / f"kept{jobs}", tmp_path / f"removed{jobs}"
        result = run(path, kept, Settings(jobs=jobs), removed=removed)
        summary = {k: getattr(result.summary(), k) for k in result.summary().__slots__ if k != "seconds"}
        written.append((kept.read_bytes(), removed.read_bytes(), summary))
    assert written[0] == written[1] == written[2]
    assert written[0][2]["removed"] == 300


def test_the_work_folder_is_used_and_left_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    used: list[Path] = []
    real = tempfile.TemporaryFile

    def noted(*args: Any, **options: Any) -> Any:
        used.append(Path(options["dir"]))
        return real(*args, **options)

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    (tmp_path / "work").mkdir()
    (tmp_path / "out").mkdir()
    path = put(tmp_path / "in.jsonl.gz", compress(lines(10), ".gz"))
    run(path, tmp_path / "out" / "kept", work_dir=tmp_path / "work")
    assert used == [tmp_path / "work"] * FILES
    assert (names(tmp_path / "work"), names(tmp_path / "out")) == ([], ["kept"])
    used.clear()
    run(path, tmp_path / "out" / "again")
    assert used == [tmp_path / "out"] * FILES
    used.clear()
    run(path, None)
    assert used == [Path(tempfile.gettempdir())] * FILES


def test_without_outputs_nothing_is_written(tmp_path: Path) -> None:
    path = put(tmp_path / "in.jsonl", lines(10))
    assert run(path, None).summary().kept == 10
    assert names(tmp_path) == ["in.jsonl"]


def test_the_summary_counts_what_there_is(tmp_path: Path) -> None:
    story = article(1)
    data = b"".join(
        [
            line(id="a", text=story),
            line(id="b", text=story.upper()),
            b"\n",
            line(id="c", text=edited(story)),
            line(id="d", text=article(2)),
            b"{bad\n",
            line(id="e", text=""),
            line(id="f", text="word " * 1000),
        ]
    )
    settings = Settings(limits=Limits(record_bytes=2000), keep="first")
    summary = run(put(tmp_path / "in.jsonl", data), None, settings).summary()
    assert (summary.records, summary.kept, summary.removed, summary.quarantined) == (7, 2, 2, 3)
    assert (summary.relations["exact"], summary.relations["near"]) == (1, 1)
    assert (summary.clusters, summary.blank_lines) == (1, 1)
    assert summary.quarantined_by_reason == {"empty": 1, "not_json": 1, "too_long": 1}
    assert summary.bytes == len(data)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": "é\x1b\n"}, '{"a":1,"b":"é\\u001b\\n"}'),
        ({"a": 1.5, "b": None, "c": {"d": 1}}, '{"a":1.5,"b":null,"c":{"d":1}}'),
        ({"a": "x\ud800y", "n": 1}, '{"a":"x\ufffdy","n":1}'),
    ],
)
def test_dumps(value: object, expected: str) -> None:
    assert dumps(value).decode() == expected


def test_ids_and_names_with_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    story = article(1).encode()
    data = b'{"id":"a\\ud800","text":"%s"}\n{"id":"b\\udc00","text":"%s"}\n' % (story, story)
    removed = tmp_path / "removed"
    run(put(tmp_path / "in.jsonl", data), tmp_path / "kept", Settings(keep="first"), removed=removed)
    [found] = objects(removed.read_bytes())
    assert (found["id"][0], found["duplicate_of"][0], found["kept_line"]) == ("b", "a", 1)
    assert (tmp_path / "kept").read_bytes() == data.splitlines(keepends=True)[0]
