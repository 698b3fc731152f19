"""Keys of pieces, and the contexts that they stand in -> which pieces a site repeats around different articles."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from dedup.kernels.sorting import sort_part

_STEP = uint64(0x9FB21C651E98DF25)
_SITE = uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def _slot(key, site, mask):  # type: ignore[no-untyped-def]
    """The key of a piece of a site, and its slot in a table."""
    k = (key ^ (uint64(site + 1) * _SITE)) * _STEP
    k ^= k >> uint64(32)
    return k, (k * _SITE >> uint64(24)) & mask


@njit(nogil=True, cache=True)
def contexts(titles, title_ends, tokens, starts, pieces, piece_ends, least, out):  # type: ignore[no-untyped-def]
    """out[i] (u32[2, width], zeros behind): distinct words of the title of text i, and of its opening.

    The opening is the first piece of at least `least` tokens, or the last piece.
    """
    width = out.shape[2]
    title = 0
    piece = 0
    for d in range(len(title_ends)):
        out[d] = 0
        n = 0
        for i in range(title, title_ends[d]):
            n = _add(out[d, 0], n, titles[i], width)
        title = title_ends[d]
        begin = starts[d]
        n = 0
        while piece < piece_ends[d]:
            if n == 0 and (pieces[piece] - begin >= least or piece == piece_ends[d] - 1):
                for i in range(begin, pieces[piece]):
                    n = _add(out[d, 1], n, tokens[i], width)
            begin = pieces[piece]
            piece += 1


@njit(nogil=True, cache=True)
def _add(row, n, value, limit):  # type: ignore[no-untyped-def]
    """Adds a value to the first n of a row unless it is there or the row is full; returns how many there are."""
    if n >= limit or value == 0:
        return n
    for k in range(n):
        if row[k] == value:
            return n
    row[n] = value
    return n + 1


@njit(nogil=True, cache=True)
def tally(keys, piece_ends, sites, table, limit):  # type: ignore[no-untyped-def]
    """Counts every piece of a site in its slot of `table` (u8, a power of two), up to `limit`."""
    mask = uint64(len(table) - 1)
    p = 0
    for d in range(len(piece_ends)):
        while p < piece_ends[d]:
            _, slot = _slot(keys[p], sites[d], mask)
            table[slot] = min(limit, table[slot] + 1)
            p += 1


@njit(nogil=True, cache=True)
def spread(keys, piece_ends, sites, table, limit, shift, counts):  # type: ignore[no-untyped-def]
    """Counts the pieces whose slot reached `limit` by the first bits of their keys at their site: what `shift` leaves of them."""
    mask = uint64(len(table) - 1)
    p = 0
    for d in range(len(piece_ends)):
        while p < piece_ends[d]:
            key, slot = _slot(keys[p], sites[d], mask)
            if table[slot] >= limit:
                counts[key >> shift] += 1
            p += 1


@njit(nogil=True, cache=True)
def collect(keys, piece_ends, sites, numbers, table, limit, low, high, out_keys, out_numbers):  # type: ignore[no-untyped-def]
    """Writes the pieces whose slot reached `limit` as (key of the piece at its site, number of the row), for keys from `low` to
    `high`; returns how many.
    """
    mask = uint64(len(table) - 1)
    p = 0
    found = 0
    for d in range(len(piece_ends)):
        while p < piece_ends[d]:
            key, slot = _slot(keys[p], sites[d], mask)
            if table[slot] >= limit and low <= key and key <= high:
                out_keys[found] = key
                out_numbers[found] = numbers[d]
                found += 1
            p += 1
    return found


@njit(nogil=True, cache=True)
def order_rows(keys, numbers):  # type: ignore[no-untyped-def]
    """Sorts the `numbers` of each of the `keys` (sorted)."""
    start = 0
    for i in range(1, len(keys) + 1):
        if i == len(keys) or keys[i] != keys[start]:
            sort_part(numbers, start, i)
            start = i


@njit(nogil=True, cache=True)
def share_few(a, b):  # type: ignore[no-untyped-def]
    """Whether two sets of words (zeros behind) share less than half of the smaller one."""
    na = nb = shared = 0
    for i in range(len(a)):
        nb += b[i] != 0
        if a[i] != 0:
            na += 1
            for j in range(len(b)):
                if a[i] == b[j]:
                    shared += 1
                    break
    return 2 * shared < max(1, min(na, nb))


@njit(nogil=True, cache=True)
def mostly_shared(keys, lengths, heads, a, b):  # type: ignore[no-untyped-def]
    """Whether at least half of the words of the shorter one of two rows lie in pieces that the other has too."""
    whole_a = np.sum(lengths[heads[a] : heads[a + 1]])
    whole_b = np.sum(lengths[heads[b] : heads[b + 1]])
    order_a = heads[a] + np.argsort(keys[heads[a] : heads[a + 1]])
    order_b = heads[b] + np.argsort(keys[heads[b] : heads[b + 1]])
    shared = 0
    i = 0
    j = 0
    while i < len(order_a) and j < len(order_b):
        x = keys[order_a[i]]
        y = keys[order_b[j]]
        if x == y:
            shared += lengths[order_a[i]]
            i += 1
            j += 1
        elif x < y:
            i += 1
        else:
            j += 1
    return 2 * shared >= min(whole_a, whole_b)


@njit(nogil=True, cache=True)
def unlike(contexts, keys, lengths, heads, a, b):  # type: ignore[no-untyped-def]
    """Whether two rows are different articles: unlike in their titles, and in their openings or texts; where one has no title,
    unlike in their openings and texts.
    """
    openings = share_few(contexts[a, 1], contexts[b, 1])
    if contexts[a, 0, 0] != 0 and contexts[b, 0, 0] != 0:
        if not share_few(contexts[a, 0], contexts[b, 0]):
            return False
        return openings or not mostly_shared(keys, lengths, heads, a, b)
    return openings and not mostly_shared(keys, lengths, heads, a, b)


@njit(nogil=True, cache=True)
def many_titles(contexts, rows, need):  # type: ignore[no-untyped-def]
    """Whether `need` of the rows have titles that are mutually unlike."""
    chosen = np.empty(need, np.int64)
    picked = 0
    for row in rows:
        new = contexts[row, 0, 0] != 0
        for c in range(picked):
            new = new and share_few(contexts[row, 0], contexts[chosen[c], 0])
        if new:
            chosen[picked] = row
            picked += 1
            if picked == need:
                return True
    return False


@njit(nogil=True, cache=True)
def many_contexts(found_keys, rows, contexts, keys, lengths, heads, sites, need, out):  # type: ignore[no-untyped-def]
    """Writes each of `found_keys` (sorted, with the row of each) that stands in `need` mutually unlike rows; how many.

    With `sites`, of different sites as well; without (empty), of any.
    """
    found = 0
    start = 0
    for i in range(1, len(found_keys) + 1):
        if i == len(found_keys) or found_keys[i] != found_keys[start]:
            picked = 0
            chosen = rows[start : start + need].copy()
            for k in range(start, i):
                new = True
                for c in range(picked):
                    if len(sites) and sites[rows[k]] == sites[chosen[c]]:
                        new = False
                        break
                    if not unlike(contexts, keys, lengths, heads, rows[k], chosen[c]):
                        new = False
                        break
                if new:
                    chosen[picked] = rows[k]
                    picked += 1
                    if picked == need:
                        break
            if picked == need:
                out[found] = found_keys[start]
                found += 1
            start = i
    return found


@njit(nogil=True, cache=True)
def _holds(ordered, key):  # type: ignore[no-untyped-def]
    """Whether a sorted array holds a key."""
    low = 0
    high = len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < len(ordered) and ordered[low] == key


@njit(nogil=True, cache=True)
def mark(keys, piece_ends, sites, table, limit, known, marks, marked):  # type: ignore[no-untyped-def]
    """Sets marks[p] (u8) of every piece p that is among the `known` keys (sorted) of its site, and `marked[d]` of its row d."""
    mask = uint64(len(table) - 1)
    p = 0
    for d in range(len(piece_ends)):
        while p < piece_ends[d]:
            key, slot = _slot(keys[p], sites[d], mask)
            if table[slot] >= limit and _holds(known, key):
                marks[p] = 1
                marked[d] = True
            p += 1


@njit(nogil=True, cache=True)
def strip(tokens, lengths, marks, out):  # type: ignore[no-untyped-def]
    """Writes the tokens of the pieces (`lengths` of each, one after another in `tokens`) that are not marked; how many."""
    n = 0
    at = 0
    for p in range(len(lengths)):
        if marks[p] == 0:
            for i in range(at, at + lengths[p]):
                out[n] = tokens[i]
                n += 1
        at += lengths[p]
    return n


@njit(nogil=True, cache=True)
def strip_rows(tokens, base, starts, heads, lengths, marks, marked, out, out_ends):  # type: ignore[no-untyped-def]
    """Writes the tokens of rows one after another, `tokens[base:]`, to `out`, where a `marked` one has only those of its pieces
    that are not marked, and leftovers behind them; its new end is in `out_ends`. Row i's pieces begin at `heads[i]`.
    """
    out[: len(out)] = tokens[base : base + len(out)]
    for d in range(len(starts)):
        if marked[d]:
            own = slice(heads[d], heads[d + 1])
            out_ends[d] = starts[d] + strip(tokens[starts[d] :], lengths[own], marks[own], out[starts[d] - base :])
