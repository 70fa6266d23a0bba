"""Projections: what they do to embeddings, when they are refused, and that a file says what it was learned for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from recto.encoders import pca
from recto.errors import BadInput, WrongFormat
from recto.vectors import Floats, unit_rows

DIMENSION = 48


def _embeddings(count: int, seed: int = 0) -> Floats:
    """Unit vectors that vary a thousand times more along some directions than along others."""
    random = np.random.default_rng(seed)
    mixing = random.standard_normal((DIMENSION, DIMENSION)) * np.geomspace(1, 0.03, DIMENSION)
    rows = random.standard_normal((count, DIMENSION)) @ mixing.T + 3
    return unit_rows(rows.astype(np.float32))


@pytest.fixture(scope="module")
def projection() -> pca.Projection:
    return pca.learn([_embeddings(2000)], 16, DIMENSION, "drawn")


def test_the_directions_are_those_of_a_singular_value_decomposition(projection: pca.Projection) -> None:
    rows = _embeddings(2000).astype(np.float64)
    directions = np.linalg.svd(rows - rows.mean(0), full_matrices=False)[2][:16]
    learned = projection.matrix / np.linalg.norm(projection.matrix, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs((learned * directions).sum(1)), 1, atol=1e-4)


def test_whitened_embeddings_vary_alike_in_every_direction(projection: pca.Projection) -> None:
    whitened = (_embeddings(2000) - projection.mean) @ projection.matrix.T
    covariance = np.cov(whitened.T)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.01
    assert np.diag(covariance).min() > 0.3  # the floor keeps weak directions below 1
    assert np.diag(covariance).max() < 1.1


def test_projected_embeddings_have_unit_length_also_that_of_the_mean(projection: pca.Projection) -> None:
    lengths = np.linalg.norm(projection.apply(_embeddings(50, seed=1)), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)
    assert np.isfinite(projection.apply(projection.mean[None])).all()


def test_batches_of_any_size_give_the_same_projection(projection: pca.Projection) -> None:
    rows = _embeddings(2000)
    pieces = [rows[:1], rows[1:700], rows[700:]]
    again = pca.learn(pieces, 16, DIMENSION, "drawn")
    np.testing.assert_allclose(again.matrix, projection.matrix, rtol=1e-4, atol=1e-3)


def test_the_same_embeddings_give_the_same_file(projection: pca.Projection) -> None:
    again = pca.learn([_embeddings(2000)], 16, DIMENSION, "drawn")
    assert pca.save(again) == pca.save(projection)


def test_memory_does_not_grow_with_the_number_of_embeddings() -> None:
    def peak(batches: int) -> int:
        passing: Iterator[Floats] = (_embeddings(256, seed) for seed in range(batches))
        tracemalloc.start()
        pca.learn(passing, 16, DIMENSION, "drawn")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(40) < 1.2 * peak(4)


@pytest.mark.parametrize("size", [0, 49])
def test_a_size_that_does_not_fit_the_dimension_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="can be projected to 1 to 48"):
        pca.learn([_embeddings(200)], size, DIMENSION, "drawn")


def test_too_few_covers_are_refused_with_what_can_be_had() -> None:
    with pytest.raises(BadInput, match=r"to 40 numbers needs 80 covers.*there are 50: at most 25"):
        pca.learn([_embeddings(50)], 40, DIMENSION, "drawn")


def test_embeddings_too_long_for_memory_are_refused_before_any_is_read() -> None:
    with pytest.raises(BadInput, match="25088 numbers are too long"):
        pca.learn(iter(()), 256, 25088, "vgg16-flat")


def test_a_file_gives_the_projection_back(projection: pca.Projection) -> None:
    again = pca.load(pca.save(projection))
    assert (again.spec, again.samples) == ("drawn", 2000)
    np.testing.assert_array_equal(again.apply(_embeddings(5)), projection.apply(_embeddings(5)))


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"PK\x03\x04 half a file"])
def test_what_is_no_file_of_a_projection_is_refused(damage: bytes) -> None:
    with pytest.raises(WrongFormat, match="not a projection"):
        pca.load(damage)


def test_a_file_whose_numbers_do_not_fit_each_other_is_refused(projection: pca.Projection) -> None:
    broken = pca.Projection("drawn", 9, projection.mean[:-1], projection.matrix)
    with pytest.raises(WrongFormat, match="damaged"):
        pca.load(pca.save(broken))


def _pairs(count: int, seed: int) -> tuple[Floats, Floats]:
    """Two views of things: what they share is weak, and each view adds much along a few directions of its own."""
    random = np.random.default_rng(seed)
    shared = random.standard_normal((count, DIMENSION))
    views = []
    for _ in range(2):
        noise = random.standard_normal((count, DIMENSION)) * 0.3
        noise[:, :8] += random.standard_normal((count, 8)) * 6
        views.append(unit_rows((shared + noise).astype(np.float32)))
    return views[0], views[1]


def test_what_is_learned_from_pairs_finds_the_other_view_of_things_never_seen() -> None:
    batches = [_pairs(500, seed) for seed in range(4)]
    learned = pca.learn_from_pairs(iter(batches), 32, DIMENSION, "drawn")
    plain = pca.learn([one for one, _ in batches], 32, DIMENSION, "drawn")
    one, other = _pairs(300, 99)
    found = [
        float(np.mean((first @ second.T).argmax(1) == np.arange(300)))
        for first, second in ((one, other), *((p.apply(one), p.apply(other)) for p in (plain, learned)))
    ]
    assert found[2] > 0.95
    assert found[2] > max(found[:2]) + 0.2


def test_pairs_that_are_too_few_are_refused() -> None:
    with pytest.raises(BadInput, match="96 are needed, 50 are here"):
        pca.learn_from_pairs([_pairs(50, 0)], 32, DIMENSION, "drawn")


def test_the_same_pairs_give_the_same_projection() -> None:
    files = [pca.save(pca.learn_from_pairs([_pairs(500, 1)], 8, DIMENSION, "drawn")) for _ in range(2)]
    assert files[0] == files[1]
