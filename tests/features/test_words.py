from __future__ import annotations

from pathlib import Path

import numpy as np

from recto.features import LOCAL, LocalFeatures, describe, words
from recto.features.codebook import CODEBOOK_FILE, load_codebook, read_codebook, write_codebook
from recto.features.features import QUANTUM
from recto.vectors import Floats, SparseWords
from recto_lab.training.codebook import assign, k_means, learn


def likeness(photo: SparseWords, cover: SparseWords) -> float:
    _, first, second = np.intersect1d(photo.indices, cover.indices, return_indices=True)
    return float(photo.values[first] @ cover.values[second])


def test_words_are_ascending_positive_and_of_length_one(
    covers: list[LocalFeatures], photo: LocalFeatures
) -> None:
    for vector in (words(covers[0], photo=False), words(photo, photo=True)):
        assert (np.diff(vector.indices.astype(np.int64)) > 0).all()
        assert vector.indices.max() < load_codebook().words
        assert (vector.values > 0).all()
        assert abs(np.linalg.norm(vector.values) - 1) < 1e-5


def test_a_photo_shares_most_words_with_its_own_cover(
    covers: list[LocalFeatures], photo: LocalFeatures
) -> None:
    seen = words(photo, photo=True)
    scores = [likeness(seen, words(cover, photo=False)) for cover in covers]
    assert int(np.argmax(scores)) == 0


def test_a_feature_of_a_photo_votes_for_several_words(covers: list[LocalFeatures]) -> None:
    hard, soft = words(covers[0], photo=False), words(covers[0], photo=True)
    assert len(soft.indices) > 1.5 * len(hard.indices)


def test_an_image_without_features_has_no_words() -> None:
    nothing = words(describe(np.zeros((60, 40, 3), np.uint8), photo=True), photo=True)
    assert len(nothing.indices) == len(nothing.values) == 0


def test_the_index_is_asked_for_inverse_document_frequencies() -> None:
    assert LOCAL.kind == "sparse"
    assert LOCAL.idf


def test_nearest_words_are_those_of_an_exhaustive_search(photo: LocalFeatures) -> None:
    codebook = load_codebook()
    descriptors = (photo.descriptors / QUANTUM).astype(np.float32)
    found, distances = codebook.nearest(descriptors, 3)
    flat = codebook.centres.reshape(-1, descriptors.shape[1])
    exact = assign(descriptors, flat)
    assert (found[:, 0] >> codebook.directions.shape[1] == exact).mean() > 0.9
    assert (np.diff(distances, axis=1) >= 0).all()


def test_the_codebook_that_ships_is_below_a_megabyte() -> None:
    assert CODEBOOK_FILE.stat().st_size < 1_000_000


def test_a_codebook_is_written_and_read_back(tmp_path: Path) -> None:
    original = load_codebook()
    write_codebook(tmp_path / "first.npz", original)
    write_codebook(tmp_path / "second.npz", read_codebook(tmp_path / "first.npz"))
    again = read_codebook(tmp_path / "second.npz")
    assert np.abs(again.centres - original.centres).max() < 0.01
    assert np.array_equal(again.cells, original.cells)


def test_k_means_finds_separate_groups() -> None:
    rng = np.random.default_rng(0)
    groups: Floats = np.repeat(np.eye(4, dtype=np.float32), 50, axis=0)
    noisy = (groups + rng.normal(0, 0.05, groups.shape)).astype(np.float32)
    centres = k_means(noisy, 8, rng)
    assert np.linalg.norm(noisy - centres[assign(noisy, centres)], axis=1).max() < 0.4


def test_learning_twice_gives_the_same_codebook() -> None:
    rng = np.random.default_rng(1)
    images = [(rng.integers(0, 255, (120, 90, 3), np.uint8), bool(number % 2)) for number in range(8)]
    first, second = learn(images, seed=5), learn(images, seed=5)
    assert np.array_equal(first.centres, second.centres)
    assert np.array_equal(first.projection, second.projection)
