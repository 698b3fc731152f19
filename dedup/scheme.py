"""How text becomes fingerprints; two fingerprints may be compared only when their schemes are equal."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Final

from dedup.errors import SettingsError

TEXT_REVISION: Final = 1
"""Raised whenever a change to tokens or hashes makes old fingerprints incomparable."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything that a signature depends on beside the text.

    `shingle`: words per shingle. `permutations`: values per signature. `seed`: of datasketch's `affine32` permutations.
    """

    shingle: int = 5
    permutations: int = 128
    seed: int = 1
    revision: int = TEXT_REVISION

    def __post_init__(self) -> None:
        if not 1 <= self.shingle <= 32:
            raise SettingsError(f"shingle is {self.shingle}: give 1 to 32 words")
        if not 16 <= self.permutations <= 4096:
            raise SettingsError(f"permutations is {self.permutations}: give 16 to 4096")
        if not 0 <= self.seed < 2**32:
            raise SettingsError(f"seed is {self.seed}: give 0 to 4294967295")

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stand for the scheme in files and messages.

        >>> Scheme().fingerprint == Scheme(shingle=5).fingerprint != Scheme(seed=2).fingerprint
        True
        """
        fields = ";".join(f"{name}={value}" for name, value in sorted(dataclasses.asdict(self).items()))
        return hashlib.sha256(fields.encode()).hexdigest()[:16]
