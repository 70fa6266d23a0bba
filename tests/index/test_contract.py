"""What every engine of the index does: writing, reading back, paging, deleting, versions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.index.conftest import Opened
from tests.index.shelves import DIMENSION, SPARSE, make_points, make_version

from recto.errors import BadInput, NotFound, RecipeMismatch
from recto.index import CoverPoint, Index, LocalSpec, SparseWords
from recto.records import Side, Where
from recto.versions import Version

FRONT, BACK = Side.FRONT, Side.BACK


def test_a_new_version_is_empty(index: Index, version: Version) -> None:
    assert [index.count(version, side) for side in Side] == [0, 0]
    assert index.scroll(version, FRONT, 10) == ([], None)
    assert index.nearest(version, FRONT, np.ones((1, DIMENSION), np.float32), None, 10).embedding == []


def test_what_was_written_is_read_back(index: Index, version: Version) -> None:
    points = make_points(5)
    index.upsert(version, FRONT, points)
    stored = {cover.cover_id: cover for cover in index.get(version, FRONT, [p.cover_id for p in points])}
    for point in points:
        cover = stored[point.cover_id]
        assert cover.book_id == point.fields["book_id"]
        assert cover.fields == point.fields
        assert cover.embedding is not None
        np.testing.assert_allclose(cover.embedding, point.embedding, atol=1e-6)
        assert isinstance(cover.local, SparseWords)
        assert isinstance(point.local, SparseWords)
        np.testing.assert_array_equal(cover.local.indices, point.local.indices)
        np.testing.assert_allclose(cover.local.values, point.local.values, rtol=1e-6)


def test_features_of_many_covers_come_in_one_read_and_missing_ones_are_left_out(
    index: Index, version: Version
) -> None:
    points = make_points(700)
    index.upsert(version, FRONT, points)
    absent = make_points(1, prefix="absent")[0].cover_id
    found = index.features(version, FRONT, [absent, *(point.cover_id for point in points)])
    assert found == {point.cover_id: point.features for point in points}
    assert index.features(version, FRONT, []) == {}


def test_the_same_cover_twice_is_one_point_with_the_last_content(index: Index, version: Version) -> None:
    [point] = make_points(1)
    changed = replace(point, fields={"book_id": "book-0", "year": 2001}, features=b"new")
    index.upsert(version, FRONT, [point])
    index.upsert(version, FRONT, [changed])
    assert index.count(version, FRONT) == 1
    assert index.get(version, FRONT, [point.cover_id])[0].fields == {"book_id": "book-0", "year": 2001}
    assert index.features(version, FRONT, [point.cover_id]) == {point.cover_id: b"new"}


def test_the_sides_are_apart(index: Index, version: Version) -> None:
    fronts, backs = make_points(3), make_points(2, side=BACK)
    index.upsert(version, FRONT, fronts)
    index.upsert(version, BACK, backs)
    assert (index.count(version, FRONT), index.count(version, BACK)) == (3, 2)
    assert index.get(version, BACK, [fronts[0].cover_id]) == []


def test_pages_follow_the_ids_and_end(index: Index, version: Version) -> None:
    points = make_points(25)
    index.upsert(version, FRONT, points)
    pages: list[list[str]] = []
    after: str | None = None
    while not pages or after:
        page, after = index.scroll(version, FRONT, 10, after)
        pages.append([cover.cover_id for cover in page])
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [cover for page in pages for cover in page] == sorted(point.cover_id for point in points)


def test_paging_repeats_and_hides_nothing_while_covers_come_and_go(index: Index, version: Version) -> None:
    points = make_points(60)
    steady, going = points[:40], points[40:]
    index.upsert(version, FRONT, points)
    seen: list[str] = []
    after: str | None = None
    for round_number in range(100):
        page, after = index.scroll(version, FRONT, 7, after)
        seen += [cover.cover_id for cover in page]
        if after is None:
            break
        index.upsert(version, FRONT, make_points(5, prefix=f"late {round_number}", seed=round_number))
        index.delete_covers(version, FRONT, [seen[-1], *(cover.cover_id for cover in going[:3])])
        going = going[3:]
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert {point.cover_id for point in steady} <= set(seen)


def test_deleted_covers_are_gone_with_their_features(index: Index, version: Version) -> None:
    points = make_points(10)
    ids = [point.cover_id for point in points]
    index.upsert(version, FRONT, points)
    index.delete_covers(version, FRONT, ids[:4])
    index.delete_covers(version, FRONT, ids[:4])  # again is no error
    assert index.count(version, FRONT) == 6
    assert index.get(version, FRONT, ids[:4]) == []
    assert set(index.features(version, FRONT, ids)) == set(ids[4:])
    found = index.nearest(version, FRONT, points[0].embedding[None], points[0].local, 10)
    assert not {hit.cover_id for hit in found.embedding + found.local} & set(ids[:4])


def test_a_deleted_book_leaves_both_sides_of_every_version(index: Index, version: Version) -> None:
    other = make_version("other")
    index.ensure(other, DIMENSION, SPARSE)
    for each in (version, other):
        index.upsert(each, FRONT, make_points(5))
        index.upsert(each, BACK, make_points(5, side=BACK))
    index.delete_book("book-3")
    for each in (version, other):
        for side in Side:
            books = {cover.book_id for cover in index.scroll(each, side, 100)[0]}
            assert books == {"book-0", "book-1", "book-2", "book-4"}


def test_a_book_with_thousands_of_covers_is_deleted_whole(index: Index, version: Version) -> None:
    points = [replace(point, fields={"book_id": "one"}) for point in make_points(2500)]
    index.upsert(version, FRONT, points)
    index.delete_book("one")
    assert index.count(version, FRONT) == 0
    assert index.features(version, FRONT, [points[0].cover_id]) == {}


def test_everything_is_found_again_after_opening_anew(opened: Opened, version: Version) -> None:
    points = make_points(300)
    opened.index.upsert(version, FRONT, points)
    index = opened.reopen()
    assert index.versions() == [version]
    for point in points[::10]:
        found = index.nearest(version, FRONT, point.embedding[None], point.local, 5)
        assert found.embedding[0].cover_id == found.local[0].cover_id == point.cover_id
        assert found.embedding[0].score == pytest.approx(1.0, abs=1e-5)
    assert index.features(version, FRONT, [points[7].cover_id]) == {points[7].cover_id: points[7].features}


def test_ensuring_twice_changes_nothing(index: Index, version: Version) -> None:
    index.upsert(version, FRONT, make_points(3))
    index.ensure(version, DIMENSION, SPARSE)
    assert index.count(version, FRONT) == 3


@pytest.mark.parametrize(
    ("dimension", "local"),
    [(DIMENSION + 1, SPARSE), (DIMENSION, LocalSpec("sparse")), (DIMENSION, LocalSpec("dense", 8))],
)
def test_a_version_is_not_ensured_with_other_vectors(
    index: Index, version: Version, dimension: int, local: LocalSpec
) -> None:
    with pytest.raises(RecipeMismatch, match="was made for"):
        index.ensure(version, dimension, local)


@pytest.mark.parametrize(
    ("dimension", "local"),
    [
        (0, SPARSE),
        (8, LocalSpec("dense")),
        (8, LocalSpec("dense", 8, datatype="uint8", quantization="binary")),
    ],
)
def test_a_version_for_vectors_that_no_search_could_tell_apart_is_refused(
    index: Index, dimension: int, local: LocalSpec
) -> None:
    with pytest.raises(BadInput):
        index.ensure(make_version(), dimension, local)


def test_a_vector_of_another_recipe_is_refused_on_writing_and_nothing_is_written(
    index: Index, version: Version
) -> None:
    good, bad = make_points(3), make_points(1, dimension=DIMENSION * 2, prefix="wide")
    with pytest.raises(RecipeMismatch, match="another encoder"):
        index.upsert(version, FRONT, good + bad)
    assert index.count(version, FRONT) == 0
    assert index.features(version, FRONT, [good[0].cover_id]) == {}


def test_a_vector_of_another_recipe_is_refused_on_reading(index: Index, version: Version) -> None:
    with pytest.raises(RecipeMismatch, match="another encoder"):
        index.nearest(version, FRONT, np.ones((2, DIMENSION + 1), np.float32), None, 5)
    with pytest.raises(RecipeMismatch, match="another kind"):
        index.nearest(version, FRONT, np.ones((1, DIMENSION), np.float32), np.ones(8, np.float32), 5)
    with pytest.raises(RecipeMismatch, match="holds vectors of small, not large"):
        index.count(replace(version, encoder="large"), FRONT)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 0.0])
def test_a_call_with_one_unusable_vector_writes_nothing(
    index: Index, version: Version, number: float
) -> None:
    points = make_points(600)
    points[-1].embedding[:] = number
    with pytest.raises(BadInput, match=points[-1].cover_id):
        index.upsert(version, FRONT, points)
    assert index.count(version, FRONT) == 0


def test_a_cover_without_keypoints_is_found_by_its_embedding_alone(index: Index, version: Version) -> None:
    first, second = make_points(2)
    nothing = SparseWords(np.empty(0, np.uint32), np.empty(0, np.float32))
    index.upsert(version, FRONT, [replace(first, local=None), replace(second, local=nothing)])
    found = index.nearest(version, FRONT, first.embedding[None], first.local, 5)
    assert len(found.embedding) == 2
    assert found.local == []
    assert index.nearest(version, FRONT, first.embedding[None], nothing, 5).local == []


def test_a_version_without_collections_is_named(index: Index) -> None:
    absent = make_version()
    with pytest.raises(NotFound, match=absent.collection(BACK)):
        index.count(absent, BACK)
    with pytest.raises(NotFound, match=absent.recipe_id):
        index.publish(absent)


def test_versions_are_published_and_dropped(index: Index, version: Version) -> None:
    other = make_version("other")
    index.ensure(other, DIMENSION, SPARSE)
    assert {version, other} <= set(index.versions())
    index.publish(version)
    assert index.published() == version
    index.publish(other)
    assert index.published() == other
    index.drop(other)
    assert index.published() is None
    assert other not in index.versions()
    assert version in index.versions()
    index.drop(other)  # again is no error


def test_a_dropped_version_comes_back_empty(index: Index, version: Version) -> None:
    index.upsert(version, FRONT, make_points(3))
    index.drop(version)
    index.ensure(version, DIMENSION + 5, LocalSpec("dense", 8))
    assert index.count(version, FRONT) == 0


def test_filters_count_too(index: Index, version: Version) -> None:
    points: list[CoverPoint] = make_points(50)
    index.upsert(version, FRONT, points)
    expected = sum(point.fields["language"] == "de" for point in points)
    assert index.count(version, FRONT, Where(language="de")) == expected
    assert index.count(version, FRONT, Where(side=BACK)) == 0
    assert index.count(version, FRONT, Where(side=FRONT)) == 50
