"""How a signature is cut into bands of rows, chosen for recall at a Jaccard similarity."""

from __future__ import annotations

from dataclasses import dataclass

from dedup.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Bands:
    """`count` bands of `rows` signature values; two texts are candidates when one band is equal.

    Source: locality-sensitive hashing, Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, chapter 3.4.
    """

    count: int
    rows: int

    def recall(self, jaccard: float) -> float:
        """The chance that two texts of this Jaccard similarity share at least one bucket.

        >>> round(Bands(count=14, rows=8).recall(0.8), 3)
        0.924
        """
        return 1.0 - (1.0 - jaccard**self.rows) ** self.count

    def curve(self, points: int = 101) -> list[tuple[float, float]]:
        """(Jaccard, recall) at evenly spaced similarities from 0 to 1.

        >>> Bands(count=1, rows=1).curve(3)
        [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)]
        """
        return [(i / (points - 1), self.recall(i / (points - 1))) for i in range(points)]

    @classmethod
    def choose(cls, jaccard: float, permutations: int = 128, recall: float = 0.99) -> Bands:
        """The bands that propose the fewest unlike pairs among those that reach `recall` at `jaccard`.

        More rows propose fewer unlike pairs, so the most rows that reach the recall, and of these the fewest bands.
        Raises SettingsError when one row a band is not enough.

        >>> Bands.choose(0.8), Bands.choose(0.5)
        (Bands(count=16, rows=6), Bands(count=35, rows=3))
        """
        if not 0.0 < jaccard <= 1.0 or not 0.0 < recall < 1.0:
            raise SettingsError(f"jaccard {jaccard} and recall {recall} must lie between 0 and 1")
        for rows in range(permutations, 0, -1):
            for count in range(1, permutations // rows + 1):
                bands = cls(count, rows)
                if bands.recall(jaccard) >= recall:
                    return bands
        raise SettingsError(
            f"{permutations} permutations cannot reach recall {recall} at Jaccard {jaccard}: give more permutations"
        )
