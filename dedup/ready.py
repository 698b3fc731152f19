"""Articles of an index, read and made ready to be placed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from dedup.keys import Keys, Lot
from dedup.learning import Learned, Printed, printed
from dedup.matching import Piece


class Ready(NamedTuple):
    """An article that is ready to be placed, and what it is found by."""

    piece: Piece
    keys: Keys


class Batch:
    """Articles that are ready to be placed one after another; `batch[i]` is article i. `known`: so many names of boilerplate
    (`learned`) were known when they were made ready; `changed`: articles that more of it was found in since.
    """

    def __init__(self, pieces: Sequence[Piece], keys: Lot, learned: Learned, known: int) -> None:
        self.pieces, self.keys, self.learned, self.known = pieces, keys, learned, known
        self.entries = [piece.entry for piece in pieces]
        self.changed: dict[int, Ready] = {}

    def part(self, first: int, last: int) -> Batch:
        """Articles `first:last` as a batch of their own, before any of them is placed."""
        return Batch(self.pieces[first:last], self.keys.part(first, last), self.learned, self.known)

    def __getitem__(self, i: int) -> Ready:
        return self.changed.get(i) or Ready(self.pieces[i], self.keys[i])

    @cached_property
    def printed(self) -> Printed:
        """All pieces of the articles."""
        return printed((entry.site for entry in self.entries), [piece.words for piece in self.pieces])
