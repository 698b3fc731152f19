"""The keys of rows -> few bytes, and back: sorted, the lower bits as they are, the steps between the upper ones in unary.

So their number alone tells how many bytes they take (Fano 1971, Elias 1974).
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint8, uint32, uint64

from dedup.kernels.sorting import sort_part
from dedup.kernels.table import marked

_LOWEST = np.array([0] + [(i & -i).bit_length() - 1 for i in range(1, 256)])
"""The lowest bit that is set in a byte."""


@njit(inline="always")
def _upper(count, bits):  # type: ignore[no-untyped-def]
    """How many upper bits each of so many keys of so many bits has."""
    upper = 0
    while count >> upper != 0 and upper < bits:
        upper += 1
    return upper


@njit(nogil=True, cache=True)
def room(count, bits):  # type: ignore[no-untyped-def]
    """Bytes that so many keys take."""
    if count == 0:
        return 0
    upper = _upper(count, bits)
    return (count * (bits - upper + 1) + (1 << upper) + 7) // 8


@njit(nogil=True, cache=True)
def rooms(sizes, bits, out):  # type: ignore[no-untyped-def]
    """Bytes that the keys of each row take: `sizes` i64[n, kinds] are their numbers, `bits` i64[kinds]."""
    for i in range(len(sizes)):
        out[i] = 0
        for kind in range(len(bits)):
            out[i] += room(sizes[i, kind], bits[kind])


@njit(nogil=True, cache=True)
def pack(places, marks, starts, ends, extra, at, out):  # type: ignore[no-untyped-def]
    """Writes the keys of one kind, those of row i at `starts[i]:ends[i]`, to `out` (u8, zeros) from byte `at[i]` on, and moves
    `at` behind them.
    """
    mask = uint32((1 << extra) - 1)
    bits = 32 + extra
    for i in range(len(starts)):
        count = ends[i] - starts[i]
        if count == 0:
            continue
        keys = np.empty(count, np.uint64)
        for k in range(count):
            key = (uint64(places[starts[i] + k]) << uint64(extra)) | uint64(marks[starts[i] + k] & mask)
            keys[k] = key
        sort_part(keys, 0, count)
        lower = bits - _upper(count, bits)
        low = (uint64(1) << uint64(lower)) - uint64(1)
        place = 8 * at[i]
        for key in keys:
            rest = (key & low) << uint64(place & 7)
            byte = place >> 3
            while rest != 0:
                out[byte] |= uint8(rest & uint64(255))
                rest >>= uint64(8)
                byte += 1
            place += lower
        for k in range(count):
            mark = place + k + np.int64(keys[k] >> uint64(lower))
            out[mark >> 3] |= uint8(1 << (mark & 7))
        at[i] += room(count, bits)


@njit(nogil=True, cache=True)
def unpack(data, sizes, extra, at, places, marks):  # type: ignore[no-untyped-def]
    """Reads what `pack` wrote: `sizes[i]` keys of row i from byte `at[i]` on, which moves behind them. Returns whether it can
    have been written so. `data` must have the bytes.
    """
    bits = 32 + extra
    mask = (uint64(1) << uint64(extra)) - uint64(1)
    done = 0
    for i in range(len(sizes)):
        count = sizes[i]
        if count == 0:
            continue
        upper = _upper(count, bits)
        lower = bits - upper
        low = (uint64(1) << uint64(lower)) - uint64(1)
        place = 8 * at[i]
        high = place + count * lower
        end = 8 * (at[i] + room(count, bits))
        last = high + count + (1 << upper)
        found = 0
        for at_byte in range(high >> 3, end >> 3):
            ones = int64(data[at_byte])
            if at_byte == high >> 3:
                ones &= 255 << (high & 7)
            while ones != 0:
                mark = 8 * at_byte + _LOWEST[ones]
                if found == count or mark >= last:
                    return False
                byte = place >> 3
                key = uint64(0)
                for k in range(min(6, len(data) - byte)):
                    key |= uint64(data[byte + k]) << uint64(8 * k)
                key = ((key >> uint64(place & 7)) & low) | (uint64(mark - high - found) << uint64(lower))
                places[done] = uint32(key >> uint64(extra))
                marks[done] = marked(places[done], key & mask, extra)
                ones &= ones - 1
                place += lower
                done += 1
                found += 1
        if found != count:
            return False
        at[i] += room(count, bits)
    return True
