"""The rows of a store in SQLite -> what is wrong with them, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dedup.stores import sqlite_file as file
from dedup.stores import sqlite_keys

Ask = Callable[..., Iterator[tuple[Any, ...]]]
"""Gives the rows of a query: a statement, and its values."""


def given(ask: Ask, table: str) -> int:
    """How many numbers a table gave to rows so far; each is one more than the last."""
    return next((int(number) for (number,) in ask("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))), 0)


def missing(stored: int, gone: int, there: int) -> str:
    """What to say when rows are missing."""
    return f"{stored:,} articles were stored and {gone:,} forgotten, but {there:,} are there"


def problems(ask: Ask) -> list[str]:
    """What is damaged; nothing when all is well. Reads everything; `ask` gives text as bytes."""
    told = (str(line, "utf-8", "replace") for (line,) in ask("PRAGMA integrity_check(20)"))
    rows: set[int] = set()
    found = [line for line in told if line != "ok"]
    return [*found, *_articles(ask, rows), *_keys(ask, rows), *_boilerplate(ask)]


def _articles(ask: Ask, rows: set[int]) -> Iterator[str]:
    """What is wrong with articles; puts the rows that are there into `rows`."""
    kept: set[int] = set()
    copies: dict[int, int] = {}
    for row in ask("SELECT * FROM articles ORDER BY row"):
        rows.add(row[0])
        if not file.sound(row):
            yield f"row {row[0]}: the checksum does not match"
        elif row[2]:
            copies[row[0]] = row[2]
        else:
            kept.add(row[0])
    for copy, star in copies.items():
        if star not in kept:
            yield f"row {copy}: is a copy of row {star}, which is not kept"
    stored, gone = given(ask, "articles"), given(ask, "gone")
    if len(rows) != stored - gone:
        yield missing(stored, gone, len(rows))
    for (number,) in ask("SELECT row FROM gone WHERE row IN (SELECT row FROM articles)"):
        yield f"row {number}: is there, and in the list of those that are gone"


def _keys(ask: Ask, rows: set[int]) -> Iterator[str]:
    """Whether all that are there have their keys, and nothing else has."""
    keyed: set[int] = set()
    end = 0
    for segment in ask("SELECT * FROM keys ORDER BY last"):
        if segment[1] != end + 1:
            yield f"rows {end + 1} to {segment[1] - 1}: have no keys, or more than one lot of them"
        end = segment[0]
        if sqlite_keys.sound(segment):
            keyed.update(sqlite_keys.chunk_of(segment).rows.tolist())
        else:
            yield f"keys of rows {segment[1]} to {segment[0]}: the checksum does not match"
            keyed.update(row for row in rows if segment[1] <= row <= segment[0])
    keyed -= {number for (number,) in ask("SELECT row FROM gone")}
    yield from (f"row {row}: has no keys" for row in sorted(rows - keyed))
    yield from (f"row {row}: has keys, and is not there" for row in sorted(keyed - rows))


def _boilerplate(ask: Ask) -> Iterator[str]:
    there = 0
    for number, name, checksum in ask("SELECT number, name, checksum FROM boilerplate"):
        there += 1
        if not isinstance(name, int) or file.sum_of(name) != checksum:
            yield f"boilerplate {number}: the checksum does not match"
    if there != given(ask, "boilerplate"):
        yield f"{given(ask, 'boilerplate'):,} names of boilerplate were stored, but {there:,} are there"
