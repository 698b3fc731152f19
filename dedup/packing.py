"""Keys of rows -> few bytes for each row, in the order of the rows, and back: how a store writes them that has to send them.

The keys of a row come back in another order, which says nothing, and with what tables know of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup import kernels
from dedup.key_table import EXTRA, Digest
from dedup.keys import Keys, Lot, Span
from dedup.signatures import starts_of

_BITS: Final = np.array([32 + extra for extra in EXTRA], np.int64)


class Packed(NamedTuple):
    """The keys of one row as bytes; `sizes`: how many of each kind."""

    sizes: tuple[int, int, int]
    data: bytes


def rooms(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes that the keys of each row take, i64[n], of which there are `sizes` i64[n, kinds]."""
    out = np.empty(len(sizes), np.int64)
    kernels.packing.rooms(sizes, _BITS, out)
    return out


def packed(lot: Lot, first: int, last: int) -> list[Packed]:
    """The keys of entries `first:last`."""
    spans = [(span.digest, span.starts[first:last], span.ends[first:last]) for span in lot.spans]
    sizes = np.column_stack([ends - starts for _, starts, ends in spans])
    ends = np.cumsum(rooms(sizes))
    starts = starts_of(ends)
    out = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    at = starts.copy()
    for (digest, heads, tails), extra in zip(spans, EXTRA, strict=True):
        kernels.packing.pack(*digest, heads, tails, extra, at, out)
    data = out.tobytes()
    return [
        Packed((near, held, pieces), data[start:end])
        for (near, held, pieces), start, end in zip(sizes.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]


def packed_alone(keys: Keys) -> Packed:
    """The keys of one row."""
    nothing = np.zeros(1, np.int64)
    near, held, pieces = (Span(digest, nothing, np.array([len(digest.places)])) for digest in keys)
    return packed(Lot(near, held, pieces), 0, 1)[0]


def unpacked(data: bytes, sizes: NDArray[np.int64]) -> Keys:
    """The keys of rows, one row after another, of which there are `sizes` i64[n, kinds]. Raises ValueError where it cannot be."""
    room = rooms(sizes)
    if int(room.sum()) != len(data):
        raise ValueError(f"{len(data)} bytes of keys, {int(room.sum())} expected")
    at = np.cumsum(room) - room
    read = np.frombuffer(data, np.uint8)
    found = []
    for kind, extra in enumerate(EXTRA):
        own = np.ascontiguousarray(sizes[:, kind])
        total = int(own.sum())
        digest = Digest(np.empty(total, np.uint32), np.empty(total, np.uint32))
        if not kernels.packing.unpack(read, own, extra, at, *digest):
            raise ValueError("bytes that are no keys")
        found.append(digest)
    return Keys(found[0], found[1], found[2])
