"""Signatures: bit for bit datasketch's, unbiased, independent of batching, and never compared across schemes."""

from __future__ import annotations

import functools
import hashlib
import math

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import Scheme, Signatures, Texts, fingerprint
from dedup.errors import SchemeMismatch
from dedup.kernels import hashes as hash_kernel
from dedup.kernels import minhash as kernel
from dedup.signatures import PADDING, encode, permutations, shingles, tokenize
from tests import reference

SCHEMES = [Scheme(permutations=p, seed=s) for p in (64, 128, 256) for s in (0, 1, 42, 2**32 - 1)]

TEXTS = (
    "The cabinet approved the new budget on Tuesday after three days of debate in parliament.",
    "THE CABINET approved the new budget on Tuesday, after three days of debate in Parliament!",
    "Don’t miss it: 1,000 runners, 42.195 km, and a “record” crowd of 250,000 in the streets.",
    "Le président a annoncé mercredi une réforme des retraites, dès l’été prochain.",
    "Der Außenminister reist am Montag nach Straßburg, um über Zölle zu sprechen.",
    "El Gobierno aprobará mañana la subida del salario mínimo interprofesional.",
    "O governo anunciou nesta sexta-feira a redução de impostos para pequenas empresas.",
    "Il presidente del Consiglio è atteso a Bruxelles per il vertice di domani.",
    "Prezydent podpisał ustawę o łączności; wejdzie w życie w przyszłym miesiącu.",
    "Başbakan, İstanbul’da ısınan hava yüzünden açıklanan önlemleri yarın görüşecek.",
    "Thủ tướng Chính phủ đã ký quyết định về phát triển kinh tế số ở Việt Nam.",
    "Правительство ещё не объявило, когда вступит в силу новый закон о йоде.",
    "Уряд України оголосив про нові заходи з підтримки малого бізнесу цього року.",
    "Η κυβέρνηση ανακοίνωσε νέα μέτρα για τους πολίτες της Θεσσαλονίκης.",
    "أعلنت الحكومة اليوم الثلاثاء عن خطة جديدة لدعم الاقتصاد في عام ٢٠٢٤.",
    "السَّلامُ عَلَيْكُم ورحمة الله وبركاته في هذا اليوم",
    "دولت امروز می‌خواهد برنامهٔ تازهٔ خود را به مجلس ارائه دهد.",
    "הממשלה אישרה הבוקר את תקציב המדינה לשנה הבאה לאחר דיון ארוך.",
    "सरकार ने मंगलवार को नई शिक्षा नीति की घोषणा की और हिन्दी में जानकारी दी।",
    "የኢትዮጵያ መንግሥት ዛሬ አዲስ አበባ ውስጥ አዲስ ዕቅድ አስታወቀ።",
    "中国国家统计局周二公布，2024年国内生产总值增长5.0%。",
    "政府は火曜日、東京タワーの近くに新しいデータセンターを建設すると発表した。",
    "대한민국 정부는 오늘 서울에서 새로운 경제 정책을 발표했다.",
    "รัฐบาลประกาศมาตรการใหม่เพื่อช่วยเหลือประชาชนในกรุงเทพ ๒๕๖๗",
    "រដ្ឋាភិបាលបានប្រកាសគោលនយោបាយថ្មីនៅភ្នំពេញ",
    "မြန်မာနိုင်ငံ အစိုးရသည် ယနေ့ ကြေညာခဲ့သည်",
    "ﬁnal oﬃce ＦＵＬＬ ｗｉｄｔｈ x² ½ Ⅷ co\u00adope\u00adration zero\u200bwidth",
    "🚀 to the 🌕: 👨‍👩‍👧 1️⃣ 2️⃣ 3️⃣ go go go go",
    "𠀀𠮷𪚥 planes two and three",
    "too few words",
    "",
)


def words_of(text: str | bytes) -> NDArray[np.uint32]:
    return tokenize(Texts.of([text]))[0]


def datasketch_of(hashes: NDArray[np.uint32], scheme: Scheme) -> MinHash:
    sketch = MinHash(num_perm=scheme.permutations, seed=scheme.seed, scheme="affine32", hashfunc=int)
    sketch.update_batch(hashes.tolist())
    return sketch


def sign(texts: list[str | bytes] | list[str], scheme: Scheme) -> Signatures:
    return fingerprint(Texts.of(texts), scheme).signatures


def direct(hashes: NDArray[np.uint32], scheme: Scheme) -> NDArray[np.uint32]:
    """The signature of a set of hashes, straight through the kernels."""
    mixed = hashes.copy()
    out = np.empty(scheme.permutations, np.uint32)
    kernel.premix(mixed, len(mixed))
    kernel.minimum(mixed, len(mixed), *permutations(scheme), out)
    return out


u32 = st.integers(0, reference.MASK32)
u32s = st.lists(u32, max_size=60) | st.lists(st.sampled_from([0, 1, 2**31, 2**32 - 1]), max_size=40)
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


# Against datasketch


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_permutations_are_those_of_datasketch(scheme: Scheme) -> None:
    theirs = MinHash(num_perm=scheme.permutations, seed=scheme.seed, scheme="affine32").permutations
    for ours, expected in zip(permutations(scheme), theirs, strict=True):
        assert ours.dtype == np.uint32
        np.testing.assert_array_equal(ours, expected)
    assert (permutations(scheme)[0] & 1).all()


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_signatures_are_those_of_datasketch(scheme: Scheme) -> None:
    signatures = sign(list(TEXTS), scheme)
    assert signatures.values.shape == (len(TEXTS), scheme.permutations)
    assert signatures.values.dtype == np.uint32
    for text, values in zip(TEXTS, signatures.values, strict=True):
        hashes = shingles(words_of(text), scheme.shingle)
        np.testing.assert_array_equal(values, datasketch_of(hashes, scheme).hashvalues)


@pytest.mark.parametrize("text", ["", " ", "four words are few", "…!?"])
def test_text_without_a_shingle_has_the_empty_signature(text: str) -> None:
    for scheme in SCHEMES:
        values = sign([text], scheme).values[0]
        np.testing.assert_array_equal(values, MinHash(scheme.permutations, scheme.seed, scheme="affine32").hashvalues)
        assert sign([text], scheme).to_datasketch(0).is_empty()


@quick
@given(u32s, st.sampled_from(SCHEMES))
def test_any_set_of_hashes_is_signed_as_by_datasketch(hashes: list[int], scheme: Scheme) -> None:
    array = np.array(hashes, np.uint32)
    np.testing.assert_array_equal(direct(array, scheme), datasketch_of(array, scheme).hashvalues)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_round_trip_to_datasketch_and_back(scheme: Scheme) -> None:
    ours = sign(list(TEXTS), scheme)
    theirs = [ours.to_datasketch(i) for i in range(len(TEXTS))]
    assert {(m.scheme, m.seed, m.num_perm) for m in theirs} == {("affine32", scheme.seed, scheme.permutations)}
    back = Signatures.from_datasketch(theirs, scheme)
    assert back.scheme == scheme
    assert back.values.dtype == np.uint32
    np.testing.assert_array_equal(back.values, ours.values)
    assert theirs[0].jaccard(theirs[1]) == ours.jaccard(0, back, 1)


def test_what_datasketch_gets_is_a_copy() -> None:
    ours = sign(list(TEXTS), Scheme())
    before = ours.values.copy()
    ours.to_datasketch(0).update(b"another shingle")
    ours.to_datasketch(1).hashvalues[:] = 0
    np.testing.assert_array_equal(ours.values, before)


def test_from_no_sketches() -> None:
    assert Signatures.from_datasketch([], Scheme()).values.shape == (0, 128)


@pytest.mark.parametrize(
    "other",
    [
        MinHash(num_perm=128, seed=2, scheme="affine32"),
        MinHash(num_perm=64, seed=1, scheme="affine32"),
        MinHash(num_perm=128, seed=1, scheme="legacy"),
        MinHash(num_perm=128, seed=1, scheme="affine64"),
    ],
    ids=["seed", "permutations", "legacy", "affine64"],
)
def test_sketches_of_another_scheme_are_refused(other: MinHash) -> None:
    right = MinHash(num_perm=128, seed=1, scheme="affine32")
    for sketches in ([other], [right, other]):
        with pytest.raises(SchemeMismatch, match="fingerprint the texts again") as caught:
            Signatures.from_datasketch(sketches, Scheme())
        assert caught.value.expected == ("affine32", 128, 1)
        assert caught.value.found == (other.scheme, other.num_perm, other.seed)


def test_an_index_of_datasketch_finds_the_near_copy() -> None:
    article = " ".join(f"word{i}" for i in range(300))
    texts = [
        article,
        article.replace("word150 ", "another ").upper(),
        *(" ".join(f"text{n}word{i}" for i in range(300)) for n in range(20)),
    ]
    signatures = sign(texts, Scheme())
    index = MinHashLSH(threshold=0.8, num_perm=128)
    for i in range(len(texts)):
        if i != 1:
            index.insert(i, signatures.to_datasketch(i))
    assert index.query(signatures.to_datasketch(1)) == [0]


# Against the slow twins


@quick
@given(u32s, st.integers(1, 32))
def test_shingles_are_those_of_the_twin(tokens: list[int], size: int) -> None:
    assert shingles(np.array(tokens, np.uint32), size).tolist() == reference.shingles(tokens, size)


@quick
@given(u32s)
def test_text_hash_is_that_of_the_twin(tokens: list[int]) -> None:
    assert tuple(map(int, hash_kernel.text_hash(np.array(tokens, np.uint32)))) == reference.text_hash(tokens)


@quick
@given(u32s)
def test_premix_is_that_of_the_twin(hashes: list[int]) -> None:
    mixed = np.array(hashes, np.uint32)
    kernel.premix(mixed, len(mixed) // 2)
    half = len(hashes) // 2
    assert mixed.tolist() == [reference.premix(h) for h in hashes[:half]] + hashes[half:]


@quick
@given(u32s, st.lists(st.tuples(u32, u32), min_size=1, max_size=8))
def test_minimum_is_that_of_the_twin(hashes: list[int], maps: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, np.uint32) for column in zip(*maps, strict=True))
    mixed = np.array([reference.premix(h) for h in hashes], np.uint32)
    out = np.empty(len(maps), np.uint32)
    kernel.minimum(mixed, len(mixed), a, b, out)
    assert out.tolist() == reference.signature(hashes, a.tolist(), b.tolist())


@pytest.mark.parametrize("scheme", [Scheme(), Scheme(shingle=1, permutations=16), Scheme(shingle=3, seed=9)], ids=str)
def test_fingerprints_are_those_of_the_twin(scheme: Scheme) -> None:
    found = fingerprint(Texts.of(TEXTS), scheme)
    a, b = (p.tolist() for p in permutations(scheme))
    start = 0
    for i, text in enumerate(TEXTS):
        tokens = [word.value for word in reference.tokenize(text)]
        assert found.tokens[start : found.ends[i]].tolist() == tokens
        assert tuple(found.hashes[i].tolist()) == reference.text_hash(tokens)
        assert found.signatures.values[i].tolist() == reference.signature(
            reference.shingles(tokens, scheme.shingle), a, b
        )
        start = int(found.ends[i])
    assert start == len(found.tokens)


def test_text_hashes_differ_unless_the_tokens_are_equal() -> None:
    texts = [*TEXTS[1:], *(f"{i}" for i in range(2000)), *("a " * n for n in range(1, 500)), "a b", "b a"]
    hashes = fingerprint(Texts.of(texts), Scheme()).hashes
    assert len({tuple(h) for h in hashes.tolist()}) == len(texts)
    assert len(np.unique(hashes[:, 0])) == len(np.unique(hashes[:, 1])) == len(texts)
    first, second = fingerprint(Texts.of(TEXTS[:2]), Scheme()).hashes.tolist()
    assert first == second


# Batches


def test_texts_are_laid_end_to_end() -> None:
    texts = Texts.of(["aé", b"\xff\x00", "", "漢\ud800"])
    assert texts.buffer.tobytes() == b"a\xc3\xa9\xff\x00\xe6\xbc\xa2\xed\xa0\x80" + PADDING
    assert texts.offsets.tolist() == [0, 3, 5, 5, 11]
    assert texts.buffer.dtype == np.uint8
    assert texts.offsets.dtype == np.int64


@quick
@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_encoding_never_fails_and_is_utf8(text: str) -> None:
    assert encode(text).decode("utf-8", "surrogatepass") == text
    assert encode(text) == text.encode("utf-8", "surrogatepass")


def test_str_and_its_bytes_are_one() -> None:
    as_str = fingerprint(Texts.of(TEXTS), Scheme())
    as_bytes = fingerprint(Texts.of([t.encode() for t in TEXTS]), Scheme())
    for a, b in zip((as_str.tokens, as_str.hashes), (as_bytes.tokens, as_bytes.hashes), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(as_str.signatures.values, as_bytes.signatures.values)


def test_lone_surrogates_separate_words() -> None:
    found = fingerprint(Texts.of(["one\udc80two three\ud800 four five", "one two three four five"]), Scheme())
    np.testing.assert_array_equal(found.signatures.values[0], found.signatures.values[1])
    assert found.hashes[0].tolist() == found.hashes[1].tolist()


def test_no_texts() -> None:
    found = fingerprint(Texts.of([]), Scheme(permutations=64))
    assert [len(found.tokens), len(found.ends)] == [0, 0]
    assert found.signatures.values.shape == (0, 64)
    assert found.hashes.shape == (0, 2)


@pytest.mark.parametrize("texts", [[""], ["", ""], ["", b"", " ", "\u0301"]])
def test_empty_texts(texts: list[str | bytes]) -> None:
    found = fingerprint(Texts.of(texts), Scheme())
    assert found.ends.tolist() == [0] * len(texts)
    assert (found.signatures.values == reference.MASK32).all()
    assert len(np.unique(found.hashes, axis=0)) == 1


@quick
@given(st.lists(st.sampled_from(TEXTS) | st.text(max_size=80), max_size=8), st.integers(0, 8))
def test_batching_changes_nothing(texts: list[str], cut: int) -> None:
    scheme = Scheme(shingle=2, permutations=16)
    whole = fingerprint(Texts.of(texts), scheme)
    for parts in ([[t] for t in texts], [texts[:cut], texts[cut:]]):
        found = [fingerprint(Texts.of(part), scheme) for part in parts]
        assert np.concatenate([np.empty(0, np.uint32), *(f.tokens for f in found)]).tolist() == whole.tokens.tolist()
        assert [v for f in found for v in f.signatures.values.tolist()] == whole.signatures.values.tolist()
        assert [h for f in found for h in f.hashes.tolist()] == whole.hashes.tolist()
    assert np.diff(whole.ends, prepend=0).tolist() == [len(words_of(t)) for t in texts]


# Similarity


def test_jaccard_is_the_share_of_equal_values() -> None:
    scheme = Scheme(permutations=16)
    values = np.zeros((2, 16), np.uint32)
    values[1, :4] = 1
    ours = Signatures(values, scheme)
    assert [ours.jaccard(0, ours, 0), ours.jaccard(0, ours, 1), ours.jaccard(1, ours, 0)] == [1.0, 0.75, 0.75]


@pytest.mark.parametrize(
    "other", [Scheme(seed=2), Scheme(shingle=4), Scheme(permutations=64), Scheme(revision=99)], ids=str
)
def test_jaccard_refuses_another_scheme(other: Scheme) -> None:
    a, b = sign(list(TEXTS), Scheme()), Signatures(np.zeros((1, other.permutations), np.uint32), other)
    with pytest.raises(SchemeMismatch) as caught:
        a.jaccard(0, b, 0)
    assert (caught.value.expected, caught.value.found) == (Scheme(), other)


@functools.cache
def estimates(jaccard: float, permutation_count: int) -> NDArray[np.float64]:
    """Estimates for 300 pairs of random sets of this Jaccard similarity."""
    scheme = Scheme(permutations=permutation_count)
    draw = np.random.default_rng(2024)
    union = 1000
    shared = round(jaccard * union)
    middle = shared + (union - shared) // 2
    out = np.empty(300)
    for i in range(len(out)):
        hashes = draw.choice(2**32, union, replace=False).astype(np.uint32)
        sides = hashes[:middle], np.concatenate([hashes[:shared], hashes[middle:]])
        signatures = Signatures(np.array([direct(side, scheme) for side in sides]), scheme)
        out[i] = signatures.jaccard(0, signatures, 1)
    return out


@pytest.mark.parametrize("permutation_count", [128, 256])
@pytest.mark.parametrize("jaccard", [0.2, 0.5, 0.8])
def test_estimate_is_unbiased_and_as_exact_as_promised(jaccard: float, permutation_count: int) -> None:
    found = estimates(jaccard, permutation_count)
    assert abs(found.mean() - jaccard) < 0.01
    assert found.std(ddof=1) == pytest.approx(math.sqrt(jaccard * (1 - jaccard) / permutation_count), rel=0.15)


def test_copies_are_alike_and_strangers_are_not() -> None:
    signatures = sign(list(TEXTS), Scheme())
    assert signatures.jaccard(0, signatures, 1) == 1.0
    full = [i for i, t in enumerate(TEXTS) if len(words_of(t)) >= 5]
    assert all(signatures.jaccard(i, signatures, j) < 0.1 for i in full for j in full if i < j and (i, j) != (0, 1))


# What is stored


@pytest.mark.parametrize(
    ("scheme", "tokens", "signatures", "hashes"),
    [
        (
            Scheme(),
            "74c6a19fd42e97111af6ced512d666dd",
            "7fda72f09db11a50d39e726e2e18f059",
            "deeb3bbe2efdc6e5c8b5cf4250f0abc7",
        ),
        (
            Scheme(shingle=3, permutations=64, seed=42),
            "74c6a19fd42e97111af6ced512d666dd",
            "0803c5a165cd0a1e64571b4e4db8d1f7",
            "deeb3bbe2efdc6e5c8b5cf4250f0abc7",
        ),
    ],
    ids=str,
)
def test_hashes_never_change_unnoticed(scheme: Scheme, tokens: str, signatures: str, hashes: str) -> None:
    """When this fails, stored fingerprints no longer fit: raise `dedup.scheme.TEXT_REVISION` on purpose, then these."""

    def digest(array: NDArray[np.uint32] | NDArray[np.uint64]) -> str:
        return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:32]

    found = fingerprint(Texts.of(TEXTS), scheme)
    assert (digest(found.tokens), digest(found.signatures.values), digest(found.hashes)) == (tokens, signatures, hashes)
