from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from recto.features import LocalFeatures, describe
from recto.features.verify import (
    PreparedPhoto,
    area,
    corners,
    fit,
    is_plausible,
    match,
    match_again,
    same_size,
    shared_part,
    verify,
)
from recto.vectors import RGB

from .conftest import OTHERS, Scene

SIZE = (200, 300)
PHOTO_SIZE = (480, 360)


def homography_to(outline: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    """Homography that carries the corners of a cover of `SIZE` to an outline."""
    source = corners(*SIZE).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, np.array(outline, np.float32)), np.float64)


def square(left: float, top: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def turned(image: RGB, degrees: float) -> RGB:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.6)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderValue=(90, 90, 90)), np.uint8)


def test_a_photo_verifies_against_its_own_cover_only(
    photo: LocalFeatures, covers: list[LocalFeatures]
) -> None:
    found = [verify(photo, cover) for cover in covers]
    assert found[0] is not None
    assert found[0].inliers >= 25
    assert all(other is None or other.inliers < 8 for other in found[1:OTHERS])


def test_the_outline_is_right_within_a_few_pixels(
    scene: Scene, photo: LocalFeatures, covers: list[LocalFeatures]
) -> None:
    found = verify(photo, covers[0])
    assert found is not None
    scale = scene.photo.shape[1] / photo.width
    assert (
        np.abs(found.outline * scale - scene.outline).max() < 8
    )  # of 960: two pixels of the described photo


def test_matches_are_carried_by_the_homography(photo: LocalFeatures, covers: list[LocalFeatures]) -> None:
    found = verify(photo, covers[0])
    assert found is not None
    assert found.matches.shape[1] == 4
    assert len(np.unique(found.matches[:, 2:], axis=0)) == found.inliers
    carried = cv2.perspectiveTransform(found.matches[None, :, 2:], found.homography)[0]
    assert np.linalg.norm(carried - found.matches[:, :2], axis=1).max() < 8


@pytest.mark.parametrize("degrees", [0, 37, 90, 180, 251])
def test_a_cover_is_found_at_any_angle(scene: Scene, covers: list[LocalFeatures], degrees: float) -> None:
    found = verify(describe(turned(scene.covers[0], degrees), photo=True), covers[0])
    assert found is not None
    assert found.inliers >= 25


def test_a_mirrored_photo_is_refused(scene: Scene, covers: list[LocalFeatures]) -> None:
    mirrored = describe(np.ascontiguousarray(scene.photo[:, ::-1]), photo=True)
    found = verify(mirrored, covers[0])
    assert found is None or found.inliers < 8


def test_the_same_features_give_the_same_result(photo: LocalFeatures, covers: list[LocalFeatures]) -> None:
    first, second = verify(photo, covers[0]), verify(PreparedPhoto(photo), covers[0])
    assert first is not None
    assert second is not None
    assert np.array_equal(first.homography, second.homography)
    assert np.array_equal(first.matches, second.matches)


def test_keypoints_of_another_size_do_not_agree(photo: LocalFeatures, covers: list[LocalFeatures]) -> None:
    assert verify(photo, covers[0]) is not None
    assert verify(photo, replace(covers[0], sizes=covers[0].sizes * 3)) is None


def test_a_keypoint_is_as_large_as_the_homography_makes_it() -> None:
    points = np.array([[50, 50], [150, 250]], np.float32)
    cover = LocalFeatures(points, np.array([4, 4], np.float32), np.zeros((2, 48), np.int8), *SIZE)
    for enlarged, outline in ((3.0, square(10, 10, 600, 900)), (0.5, square(10, 10, 100, 150))):
        homography = homography_to(outline)
        photo = replace(cover, sizes=np.array([4 * enlarged, 12 * enlarged], np.float32))
        pairs = np.array([[0, 0], [1, 0], [1, 1]])
        assert same_size(photo, cover, pairs, homography).tolist() == [True, True, False]
        assert same_size(photo, cover, pairs, 7 * homography).tolist() == [True, True, False]


def test_more_matches_are_found_where_the_homography_leads(
    photo: LocalFeatures, covers: list[LocalFeatures]
) -> None:
    likeness = covers[0].descriptors.astype(np.float32) @ photo.descriptors.T.astype(np.float32)
    fitted = fit(photo, covers[0], match(likeness))
    assert fitted is not None
    homography, agreeing = fitted
    again = match_again(photo, covers[0], likeness, homography)
    assert len(again) > len(agreeing)
    assert all(len(np.unique(column)) == len(again) for column in again.T)  # no keypoint matches twice


def test_a_mark_alone_is_not_the_cover(
    scene: Scene, covers: list[LocalFeatures], monkeypatch: pytest.MonkeyPatch
) -> None:
    cover, features = scene.covers[4], covers[4]
    height, width = cover.shape[:2]
    places = features.points * (height / features.height)
    neighbours = [(np.abs(places - place) < [width / 12, height / 16]).all(axis=1).sum() for place in places]
    left, top = (places[int(np.argmax(neighbours))] - [width / 12, height / 16]).clip(0).astype(int)
    mark = cv2.resize(cover[top : top + height // 8, left : left + width // 6], None, fx=2, fy=2)
    page = np.full((700, 800, 3), 200, np.uint8)
    page[100 : 100 + mark.shape[0], 100 : 100 + mark.shape[1]] = mark
    photo = describe(page, photo=True)
    assert verify(photo, features) is None
    monkeypatch.setattr("recto.features.verify.SPREAD", 0)
    assert verify(photo, features) is not None  # it is the spread of its inliers that refuses it


def test_images_without_features_verify_against_nothing(
    photo: LocalFeatures, covers: list[LocalFeatures]
) -> None:
    nothing = describe(np.zeros((60, 40, 3), np.uint8), photo=True)
    assert verify(nothing, covers[0]) is None
    assert verify(photo, nothing) is None


def test_an_upright_turned_and_tilted_outline_is_plausible() -> None:
    for outline in (
        square(100, 50, 120, 180),
        [(300.0, 50.0), (300.0, 170.0), (120.0, 170.0), (120.0, 50.0)],  # a quarter turn
        [(120.0, 60.0), (240.0, 40.0), (260.0, 230.0), (100.0, 240.0)],  # tilted
        square(-200, -300, 900, 1300),  # a detail fills the photo
    ):
        assert is_plausible(homography_to(outline), SIZE, PHOTO_SIZE)


@pytest.mark.parametrize(
    ("fault", "outline"),
    [
        ("mirrored", [(220, 50), (100, 50), (100, 230), (220, 230)]),
        ("folded", [(100, 50), (220, 230), (220, 50), (100, 230)]),
        ("dented", [(100, 50), (220, 50), (130, 90), (100, 230)]),
        ("tiny", square(100, 100, 20, 30)),
        ("huge", square(-2000, -2000, 4000, 6000)),
        ("thin", square(100, 50, 300, 12)),
        ("squeezed", square(20, 150, 440, 120)),
        ("wedge", [(100, 100), (110, 100), (200, 250), (20, 250)]),
    ],
)
def test_a_degenerate_outline_is_refused(fault: str, outline: list[tuple[float, float]]) -> None:
    assert not is_plausible(homography_to(outline), SIZE, PHOTO_SIZE), fault


def test_a_cover_that_passes_behind_the_camera_is_refused() -> None:
    through = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.01, 0, -1.0]])
    assert not is_plausible(through, SIZE, PHOTO_SIZE)


def test_a_homography_of_not_a_number_is_refused() -> None:
    assert not is_plausible(np.full((3, 3), np.nan), SIZE, PHOTO_SIZE)


def test_shared_part_is_measured_on_the_smaller_outline() -> None:
    whole, quarter, away = (np.array(square(*box)) for box in ((0, 0, 10, 10), (5, 5, 5, 5), (20, 20, 5, 5)))
    assert shared_part(whole, quarter) == pytest.approx(1)
    assert shared_part(quarter, whole) == pytest.approx(1)
    assert shared_part(whole, away) == 0
    assert area(whole) == 100
