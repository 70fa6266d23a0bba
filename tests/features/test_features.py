from __future__ import annotations

import numpy as np
import pytest

from recto.errors import BadInput
from recto.features import LocalFeatures, describe, fingerprint, pack, unpack
from recto.features.features import COVER, PHOTO, QUANTUM
from recto.vectors import RGB

SIZES = [(1, 1), (1, 500), (500, 1), (2, 2), (7, 900), (40, 30)]


def same(first: LocalFeatures, second: LocalFeatures) -> bool:
    arrays = ("points", "sizes", "descriptors")
    equal = all(np.array_equal(getattr(first, name), getattr(second, name)) for name in arrays)
    return equal and (first.width, first.height) == (second.width, second.height)


def test_a_cover_has_features_that_lie_within_the_described_image(covers: list[LocalFeatures]) -> None:
    for cover in covers:
        assert 20 < len(cover) <= COVER.points
        assert max(cover.width, cover.height) in COVER.sides
        assert (cover.points >= 0).all()
        assert (cover.points < [cover.width, cover.height]).all()


def test_a_photo_may_have_more_features_than_a_cover(photo: LocalFeatures) -> None:
    assert len(photo) <= PHOTO.points
    assert max(photo.width, photo.height) in PHOTO.sides


def test_descriptors_are_unit_vectors_in_bytes(photo: LocalFeatures) -> None:
    lengths = np.linalg.norm(photo.descriptors / QUANTUM, axis=1)
    assert photo.descriptors.dtype == np.int8
    assert np.abs(lengths - 1).max() < 0.02


def test_describing_twice_gives_the_same(scene_photo: RGB) -> None:
    assert same(describe(scene_photo, photo=True), describe(scene_photo.copy(), photo=True))


def test_a_plain_cover_is_described_at_the_finer_side() -> None:
    plain = np.full((800, 560, 3), 235, np.uint8)
    plain[100:140, 100:400:20] = 30
    assert describe(plain, photo=False).height == COVER.sides[1]


def test_packing_loses_nothing(covers: list[LocalFeatures], photo: LocalFeatures) -> None:
    for features in (*covers, photo):
        assert same(unpack(pack(features)), features)


def test_a_packed_cover_takes_at_most_22_kilobytes(covers: list[LocalFeatures]) -> None:
    assert max(len(pack(cover)) for cover in covers) <= 22 * 1024


def test_features_of_nothing_can_be_packed() -> None:
    nothing = describe(np.zeros((50, 40, 3), np.uint8), photo=False)
    assert same(unpack(pack(nothing)), nothing)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"\x09" + data[1:]]
)
def test_damaged_bytes_are_refused(covers: list[LocalFeatures], damage: object) -> None:
    assert callable(damage)
    with pytest.raises(BadInput):
        unpack(damage(pack(covers[0])))


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("photo", [True, False])
def test_tiny_and_uniform_images_have_no_features(shape: tuple[int, int], photo: bool) -> None:
    assert len(describe(np.full((*shape, 3), 128, np.uint8), photo=photo)) == 0


@pytest.mark.parametrize("shape", SIZES)
def test_noise_of_any_shape_is_described_without_a_crash(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    features = describe(noise, photo=True)
    assert features.descriptors.shape == (len(features.points), 48)


def test_the_fingerprint_names_codebook_and_parameters() -> None:
    parts = fingerprint()
    assert len(parts["codebook"]) == 64
    assert "rootsift" in parts["features"]
