"""What every engine of the index finds: against brute force in numpy."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.index.conftest import Opened
from tests.index.shelves import DIMENSION, SPARSE, make_points, make_version

from recto.index import CoverPoint, Hit, Index, LocalSpec, SparseWords
from recto.records import Side, Where
from recto.versions import Version

FRONT = Side.FRONT
FILTERS = {
    "everything": Where(),
    "from a year": Where(year_from=1990),
    "to a year": Where(year_to=1950),
    "one year": Where(year_from=1960, year_to=1969),
    "one author": Where(authors=("author 2",)),
    "any of two authors": Where(authors=("author 1", "author 4")),
    "publisher": Where(publisher="publisher 3"),
    "language": Where(language="pt"),
    "tag": Where(tag="tag 0"),
    "side and language": Where(side=FRONT, language="de"),
    "all at once": Where(
        year_from=1930, year_to=2010, authors=("author 0", "author 1"), language="en", tag="tag 2"
    ),
    "nothing fits": Where(publisher="nobody"),
}


def fits(point: CoverPoint, where: Where) -> bool:
    fields: Any = point.fields
    year = fields.get("year")
    return (
        (where.year_from is None or (year is not None and year >= where.year_from))
        and (where.year_to is None or (year is not None and year <= where.year_to))
        and (not where.authors or bool(set(where.authors) & set(fields["authors"])))
        and where.publisher in ("", fields["publisher"])
        and where.language in ("", fields["language"])
        and (not where.tag or where.tag in fields["tags"])
    )


def word_score(query: SparseWords, cover: SparseWords, weights: dict[int, float]) -> float:
    """Dot product over common words; the query's side is weighted by the words' rarity."""
    values = dict(zip(cover.indices.tolist(), cover.values.tolist(), strict=True))
    pairs = zip(query.indices.tolist(), query.values.tolist(), strict=True)
    return float(sum(value * weights[word] * values[word] for word, value in pairs if word in values))


def best(scores: dict[str, float], limit: int) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda hit: -hit[1])[:limit]


def assert_same(hits: list[Hit], expected: list[tuple[str, float]]) -> None:
    assert [hit.cover_id for hit in hits] == [cover for cover, _ in expected]
    np.testing.assert_allclose(
        [hit.score for hit in hits], [score for _, score in expected], rtol=1e-4, atol=1e-5
    )


def assert_alike(hits: list[Hit], expected: list[tuple[str, float]]) -> None:
    """Shards of some hundred covers weigh the same word a little differently: most hits agree, also in score."""
    assert len(hits) == len(expected)
    common = {hit.cover_id: hit.score for hit in hits}.keys() & dict(expected).keys()
    assert len(common) >= 0.7 * len(expected)
    np.testing.assert_allclose([hit.score for hit in hits], [score for _, score in expected], rtol=0.3)


def inverse_frequencies(points: list[CoverPoint]) -> dict[int, float]:
    """The engine's IDF: ln(1 + (N - n + 0.5) / (n + 0.5)), 1 for a word in every other cover or so."""
    counts = Counter(word for point in points for word in words_of(point).indices.tolist())
    return {word: float(np.log((len(points) - n + 0.5) / (n + 0.5) + 1)) for word, n in counts.items()}


def words_of(point: CoverPoint) -> SparseWords:
    assert isinstance(point.local, SparseWords)
    return point.local


@pytest.mark.parametrize("name", FILTERS)
def test_both_witnesses_equal_brute_force_under_every_filter(
    opened: Opened, version: Version, name: str
) -> None:
    index, points, where = opened.index, make_points(400), FILTERS[name]
    index.upsert(version, FRONT, points)
    allowed = [point for point in points if fits(point, where)]
    weights = inverse_frequencies(points)
    query = make_points(1, seed=99)[0]
    found = index.nearest(version, FRONT, query.embedding[None], query.local, 20, where)
    by_embedding = {point.cover_id: float(point.embedding @ query.embedding) for point in allowed}
    by_words = {p.cover_id: word_score(words_of(query), words_of(p), weights) for p in allowed}
    assert_same(found.embedding, best(by_embedding, 20))
    expected = best({cover: score for cover, score in by_words.items() if score}, 20)
    if opened.sharded:
        assert_alike(found.local, expected)
    else:
        assert_same(found.local, expected)


def test_a_filter_for_the_other_side_finds_nothing(index: Index, version: Version) -> None:
    points = make_points(5)
    index.upsert(version, FRONT, points)
    found = index.nearest(
        version, FRONT, points[0].embedding[None], points[0].local, 5, Where(side=Side.BACK)
    )
    assert (found.embedding, found.local) == ([], [])


def test_a_cover_counts_once_with_its_best_view(index: Index, version: Version) -> None:
    points = make_points(100)
    index.upsert(version, FRONT, points)
    tilted = points[8].embedding + 0.2 * points[9].embedding  # two scores of 1 would be in no order
    views = np.stack([points[3].embedding, tilted / np.linalg.norm(tilted), -points[3].embedding])
    found = index.nearest(version, FRONT, views, None, 10)
    scores = np.stack([point.embedding for point in points]) @ views.T
    expected = {point.cover_id: float(row.max()) for point, row in zip(points, scores, strict=True)}
    assert_same(found.embedding, best(expected, 10))
    assert {hit.book_id for hit in found.embedding[:2]} == {"book-3", "book-8"}
    assert found.local == []


def test_a_shortlist_is_never_longer_than_asked(index: Index, version: Version) -> None:
    points = make_points(30)
    index.upsert(version, FRONT, points)
    found = index.nearest(version, FRONT, np.stack([p.embedding for p in points[:8]]), points[0].local, 5)
    assert len(found.embedding) == 5
    assert len(found.local) <= 5


def test_words_without_idf_score_by_their_dot_product(index: Index) -> None:
    version = make_version()
    index.ensure(version, DIMENSION, LocalSpec("sparse"))
    points = make_points(50)
    index.upsert(version, FRONT, points)
    query = words_of(points[0])
    ones = dict.fromkeys(range(1000), 1.0)
    expected = {point.cover_id: word_score(query, words_of(point), ones) for point in points}
    found = index.nearest(version, FRONT, points[0].embedding[None], query, 5)
    assert_same(found.local, best({cover: score for cover, score in expected.items() if score}, 5))


@pytest.mark.parametrize(
    ("datatype", "quantization"),
    [
        ("float32", "none"),
        ("float32", "binary"),
        ("float16", "turbo4"),
        ("uint8", "none"),
        ("uint8", "turbo4"),
    ],
)
def test_a_dense_local_vector_finds_its_cover(opened: Opened, datatype: Any, quantization: Any) -> None:
    if quantization != "none":
        opened.needs("quantization")
    version = make_version()
    opened.index.ensure(version, DIMENSION, LocalSpec("dense", 64, False, datatype, quantization))
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((40, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if datatype == "uint8":
        vectors = (vectors * 255 + 60).clip(0, 255).round()
    points = [
        CoverPoint(point.cover_id, point.embedding, vector, point.features, point.fields)
        for point, vector in zip(make_points(40), vectors, strict=True)
    ]
    opened.index.upsert(version, FRONT, points)
    expected = vectors @ vectors[5]  # in bytes, the brightest vector may beat the same one
    found = opened.index.nearest(version, FRONT, points[5].embedding[None], vectors[5], 3)
    assert found.local[0].cover_id == points[int(expected.argmax())].cover_id
    assert found.local[0].score == pytest.approx(float(expected.max()), rel=1e-2)


def test_quantized_search_of_real_size_equals_brute_force(opened: Opened) -> None:
    opened.needs("quantization")
    version = make_version()
    opened.index.ensure(version, 512, SPARSE)
    points = make_points(2000, dimension=512)
    opened.index.upsert(version, FRONT, points)
    stored = np.stack([point.embedding for point in points])
    rng = np.random.default_rng(5)
    agreed = 0
    for number in range(20):
        view = stored[number] + 0.05 * rng.standard_normal(512).astype(np.float32)
        found = opened.index.nearest(version, FRONT, view[None], None, 10)
        expected = {points[row].cover_id for row in np.argsort(-(stored @ view))[:10]}
        agreed += len(expected & {hit.cover_id for hit in found.embedding})
        assert found.embedding[0].cover_id == points[number].cover_id
    assert agreed >= 196  # of 200: random vectors are the hardest case for quantization


def test_two_threads_write_and_search_at_once(opened: Opened, version: Version) -> None:
    index, points, faults = opened.index, make_points(600), list[BaseException]()
    index.upsert(version, FRONT, points[:50])

    def write() -> None:
        try:
            for start in range(50, 600, 50):
                index.upsert(version, FRONT, points[start : start + 50])
                index.delete_covers(version, FRONT, [points[start].cover_id])
        except BaseException as error:  # handed to the thread that judges
            faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    searches = 0
    while writer.is_alive() or searches < 20:
        found = index.nearest(version, FRONT, points[1].embedding[None], points[1].local, 10)
        assert found.embedding[0].cover_id == points[1].cover_id
        assert index.features(version, FRONT, [points[2].cover_id])
        searches += 1
    writer.join()
    assert faults == []
    assert index.count(version, FRONT) == 600 - 11
