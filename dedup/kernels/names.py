"""Names of boilerplate (u64) -> whether they are known: an open hash table (linear probing, Knuth 6.4)."""

from __future__ import annotations

from numba import njit, uint32, uint64

from dedup.kernels.table import slot_of

_MIX = uint64(0x9FB21C651E98DF25)


@njit(nogil=True, cache=True)
def put_names(slots, names):  # type: ignore[no-untyped-def]
    """Puts names (u64; 0 is left out) in a hash table that has room for them; 0 is a free slot."""
    size = uint64(len(slots))
    for name in names:
        slot = slot_of(uint32((name * _MIX) >> uint64(32)), size)
        while slots[slot] != 0 and slots[slot] != name:
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        slots[slot] = name


@njit(nogil=True, cache=True)
def have_names(slots, names, out):  # type: ignore[no-untyped-def]
    """Which names are in the table (bool[n]); 0 never is."""
    size = uint64(len(slots))
    for i in range(len(names)):
        slot = slot_of(uint32((names[i] * _MIX) >> uint64(32)), size)
        while slots[slot] != 0 and slots[slot] != names[i]:
            slot += uint64(1)
            if slot == size:
                slot = uint64(0)
        out[i] = names[i] != 0 and slots[slot] == names[i]
