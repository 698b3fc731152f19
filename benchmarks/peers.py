"""The engines that `speed.py` compares, one process each.

    python benchmarks/peers.py sign ENGINE DUMP --limit 20000     texts in memory -> signatures; prints seconds as JSON
    python benchmarks/peers.py run PIPELINE DUMP KEPT             a dump -> its kept lines

Texts become lower-cased words between white space, words become 5-grams; 128 permutations. Batches of 20 texts: larger
ones cost these engines up to a third more, because their token lists leave the processor's cache.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

PERMUTATIONS: Final = 128
SEED: Final = 42
BATCH: Final = 20
SPAN: Final = 1 << 21
"""Bytes of the dump that a worker process gets at once."""

Sign = Callable[[list[str]], Any]


def five_grams(text: str) -> list[str]:
    """Runs of five words."""
    words = text.lower().split()
    return list(map(" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))) or [
        " ".join(words)
    ]


def five_grams_bytes(text: str) -> list[bytes]:
    """Runs of five words, in UTF-8."""
    words = text.lower().encode().split()
    return list(map(b" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))) or [
        b" ".join(words)
    ]


def sign_dedup() -> Sign:
    """This library."""
    from dedup import Scheme, Texts, fingerprint

    scheme = Scheme(permutations=PERMUTATIONS)
    return lambda texts: fingerprint(Texts.of(texts), scheme)


def sign_rensa_strings() -> Sign:
    """5-grams joined in Python."""
    from rensa import RMinHash

    return lambda texts: RMinHash.digest_matrix_from_token_sets([five_grams(t) for t in texts], PERMUTATIONS, SEED)


def sign_rensa_words() -> Sign:
    """Words hashed in Rust, 5-grams of the hashes mixed in numpy."""
    import numpy as np
    from rensa import RMinHash

    def sign(texts: list[str]) -> Any:
        split = [t.lower().split() for t in texts]
        sizes = np.fromiter(map(len, split), np.int64, len(split))
        words = np.fromiter(RMinHash.hash_token_sets([[w for s in split for w in s]])[0], np.uint64)
        ends = np.cumsum(sizes)
        counts = np.maximum(sizes - 4, 0)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.uint64)
        size = max(0, len(words) - 4)
        mixed = words[:size].copy()
        for k in range(1, 5):
            mixed *= np.uint64(0x9E3779B97F4A7C15)
            mixed += words[k : size + k]
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        inside = np.ones(size, bool)  # and not across the end of a text
        for k in range(1, 5):
            crossing = ends - k
            inside[crossing[(crossing >= 0) & (crossing < size)]] = False
        return RMinHash.digest_matrix_from_flat_token_hashes(mixed[inside], offsets, PERMUTATIONS, SEED)

    return sign


def sign_datasketch_sha1() -> Sign:
    """Its default hash function."""
    from datasketch import MinHash

    return lambda texts: MinHash.bulk(map(five_grams_bytes, texts), num_perm=PERMUTATIONS)


def sign_datasketch_xxh32() -> Sign:
    """The fast hash function that its documentation recommends."""
    from datasketch import MinHash
    from xxhash import xxh32_intdigest

    return lambda texts: MinHash.bulk(map(five_grams_bytes, texts), num_perm=PERMUTATIONS, hashfunc=xxh32_intdigest)


SIGNERS: Final[dict[str, Callable[[], Sign]]] = {
    "dedup": sign_dedup,
    "rensa-words": sign_rensa_words,
    "rensa-strings": sign_rensa_strings,
    "datasketch-xxh32": sign_datasketch_xxh32,
    "datasketch-sha1": sign_datasketch_sha1,
}


def texts_of(lines: Iterable[bytes]) -> Iterator[list[str]]:
    """The texts of the lines, in batches."""
    source = iter(lines)
    while batch := [orjson.loads(line)["text"] for line in islice(source, BATCH)]:
        yield batch


def time_signing(engine: str, dump: Path, limit: int) -> dict[str, float]:
    """Seconds to sign the first `limit` texts, which are in memory; the first 500 also warm up."""
    with dump.open("rb") as lines:
        texts = [text for batch in texts_of(islice(lines, limit)) for text in batch]
    sign = SIGNERS[engine]()
    size = 200 if engine == "dedup" else BATCH  # what `dedup run` takes at once
    for start in range(0, min(500, len(texts)), size):
        sign(texts[start : start + size])
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(texts), size):
        sign(texts[start : start + size])
    return {"articles": len(texts), "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def first_of_bands(signatures: Any, jaccard: float) -> list[bool]:
    """Whether no earlier text has an equal band; bands as datasketch chooses them."""
    import numpy as np

    count, rows = {0.8: (9, 13), 0.7: (14, 9), 0.5: (25, 5)}[jaccard]
    first = np.ones(len(signatures), bool)
    for band in range(count):
        keys = np.full(len(signatures), band + 1, np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            keys ^= signatures[:, column]
            keys *= np.uint64(0xFF51AFD7ED558CCD)
            keys ^= keys >> np.uint64(32)
        _, firsts = np.unique(keys, return_index=True)
        seen = np.ones(len(keys), bool)
        seen[firsts] = False
        first &= ~seen
    return first.tolist()


def spans(dump: Path) -> Iterator[tuple[Path, int, int]]:
    """Stretches of whole lines."""
    start, size = 0, dump.stat().st_size
    with dump.open("rb") as stream:
        while start < size:
            stream.seek(min(size, start + SPAN))
            stream.readline()
            yield dump, start, stream.tell()
            start = stream.tell()


def matrices(span: tuple[Path, int, int], matrix: Callable[[], Callable[[list[str]], Any]]) -> Any:
    """The signatures of a stretch of the dump."""
    import numpy as np

    dump, start, end = span
    make = matrix()
    with dump.open("rb") as stream:
        stream.seek(start)
        return np.concatenate([make(texts) for texts in texts_of(stream.read(end - start).splitlines())])


def rensa_matrix() -> Callable[[list[str]], Any]:
    """Texts -> u32[n, permutations]."""
    import numpy as np

    sign = sign_rensa_words()
    return lambda texts: np.array(sign(texts).to_rows(), np.uint32)


def datasketch_matrix() -> Callable[[list[str]], Any]:
    """Texts -> u32[n, permutations]."""
    import numpy as np

    sign = sign_datasketch_xxh32()
    return lambda texts: np.stack([m.hashvalues for m in sign(texts)])


def all_matrices(dump: Path, matrix: Callable[[], Callable[[list[str]], Any]], processes: int) -> Iterator[Any]:
    """Signatures in order, by one or more processes."""
    if processes == 1:
        make = matrix()
        with dump.open("rb", buffering=1 << 20) as lines:
            yield from map(make, texts_of(lines))
        return
    pool = multiprocessing.get_context("fork").Pool(processes)
    yield from pool.imap(partial(matrices, matrix=matrix), spans(dump))
    pool.close()
    pool.join()  # so that the workers' time is counted


def run_rensa_bands(dump: Path, jaccard: float, processes: int) -> list[bool]:
    """Digest matrices, bands grouped in numpy."""
    import numpy as np

    return first_of_bands(np.concatenate(list(all_matrices(dump, rensa_matrix, processes))), jaccard)


def run_rensa_flags(dump: Path, jaccard: float, processes: int) -> list[bool]:
    """Digest matrices into its index, which flags every text that has a fellow by then, both of two of one batch."""
    from rensa import RMinHashLSH

    index = RMinHashLSH(jaccard, PERMUTATIONS, {0.8: 8, 0.7: 16, 0.5: 32}[jaccard])
    sign = sign_rensa_words()
    flags: list[bool] = []
    with dump.open("rb", buffering=1 << 20) as lines:
        for texts in texts_of(lines):
            flags += index.insert_matrix_and_query_duplicate_flags(sign(texts), len(flags))
    return [not flag for flag in flags]


def run_rensa_readme(dump: Path, jaccard: float, processes: int) -> list[bool]:
    """The way of its README."""
    from rensa import RMinHashDeduplicator

    deduplicator = RMinHashDeduplicator(jaccard, PERMUTATIONS, True)
    kept: list[bool] = []
    with dump.open("rb", buffering=1 << 20) as lines:
        for texts in texts_of(lines):
            pairs = [(str(i), five_grams(text)) for i, text in enumerate(texts, len(kept))]
            kept += deduplicator.add_pairs(pairs)
    return kept


def run_datasketch(dump: Path, jaccard: float, processes: int) -> list[bool]:
    """Its index; a text that it finds nothing for is kept, and goes into it."""
    from datasketch import MinHash, MinHashLSH
    from xxhash import xxh32_intdigest

    index = MinHashLSH(threshold=jaccard, num_perm=PERMUTATIONS)
    made = MinHash(num_perm=PERMUTATIONS, hashfunc=xxh32_intdigest)
    kept: list[bool] = []
    for matrix in all_matrices(dump, datasketch_matrix, processes):
        for values in matrix:
            signature = made.copy()
            signature.hashvalues = values
            kept.append(not index.query(signature))
            if kept[-1]:
                index.insert(len(kept), signature, check_duplication=False)
    return kept


def run_floor(dump: Path, jaccard: float, processes: int) -> list[bool]:
    """Reads and parses, and keeps everything."""
    with dump.open("rb", buffering=1 << 20) as lines:
        return [bool(text) for texts in texts_of(lines) for text in texts]


PIPELINES: Final[dict[str, Callable[[Path, float, int], list[bool]]]] = {
    "rensa-bands": run_rensa_bands,
    "rensa-flags": run_rensa_flags,
    "rensa-readme": run_rensa_readme,
    "datasketch": run_datasketch,
    "floor": run_floor,
}


def run(pipeline: str, dump: Path, kept: Path, jaccard: float, processes: int) -> None:
    """Decides, reads the dump again and writes the kept lines."""
    keep = PIPELINES[pipeline](dump, jaccard, processes)
    with dump.open("rb", buffering=1 << 20) as lines, kept.open("wb", buffering=1 << 20) as out:
        out.writelines(line for line, chosen in zip(lines, keep, strict=True) if chosen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    signing = commands.add_parser("sign")
    signing.add_argument("engine", choices=SIGNERS)
    signing.add_argument("dump", type=Path)
    signing.add_argument("--limit", type=int, default=20_000)
    running = commands.add_parser("run")
    running.add_argument("pipeline", choices=PIPELINES)
    running.add_argument("dump", type=Path)
    running.add_argument("kept", type=Path)
    running.add_argument("--jaccard", type=float, choices=(0.8, 0.7, 0.5), default=0.8)
    running.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    if options.command == "sign":
        print(json.dumps(time_signing(options.engine, options.dump, options.limit)))
    else:
        run(options.pipeline, options.dump, options.kept, options.jaccard, options.processes)
