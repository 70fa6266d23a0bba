"""A photo compared with a cover, on drawn pictures: what differs, what does not, what cannot be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.comparison.photo_cover.drawn import PLAIN, cover, pixels, shoot, with_sticker

from recto.comparison.photo_cover.align import is_usable, outline_of
from recto.comparison.photo_cover.compare import Comparison, compare
from recto.comparison.photo_cover.rectify import refine
from recto.vectors import RGB


def found(photo: RGB, page: RGB) -> Comparison:
    comparison = compare(photo, page)
    assert comparison is not None
    return comparison


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_unchanged_cover_shows_no_difference(seed: int) -> None:
    photo = shoot(cover(), seed)
    comparison = found(pixels(photo), cover())
    assert comparison.regions == []
    assert comparison.inside.mean() > 0.95
    outline = outline_of(comparison.homography, cover())
    assert np.abs(outline - photo.outline).max() < 4  # pixels of a photo of 960


@pytest.mark.parametrize(
    ("box", "place"),
    [((0.08, 0.06, 0.26, 0.14), "top left"), ((0.62, 0.8, 0.28, 0.13), "bottom right")],
)
def test_a_sticker_is_one_region_in_its_place(box: tuple[float, float, float, float], place: str) -> None:
    comparison = found(pixels(shoot(with_sticker(cover(), box), 4)), cover())
    assert [region.place for region in comparison.regions] == [place]
    region = comparison.regions[0]
    assert np.abs(np.array(region.box) - np.array(box)).max() < 0.08  # shares of the cover
    assert region.share == pytest.approx(box[2] * box[3], rel=0.8)


def test_light_exposure_and_shadow_are_no_difference() -> None:
    lit = replace(PLAIN, uneven=0.6, shadow=1.0, exposure=0.5, cast=0.4)
    for seed in (1, 2, 3):
        assert found(pixels(shoot(cover(), seed, lit)), cover()).regions == []


def test_what_lies_outside_the_photo_is_not_judged() -> None:
    photo = pixels(shoot(cover(), 1))
    cut = np.ascontiguousarray(photo[: round(0.6 * photo.shape[0])])
    comparison = found(cut, cover())
    assert 0.4 < comparison.inside.mean() < 0.8
    assert not (comparison.judged & ~comparison.inside).any()
    assert comparison.regions == []


def test_a_soft_spot_of_light_is_glare_and_no_difference() -> None:
    page = cover()
    rows, columns = np.indices(page.shape[:2])
    middle = np.array(page.shape[:2]) * (0.45, 0.5)
    far = ((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2) / (0.09 * page.shape[0]) ** 2
    share = np.clip(1.5 * np.exp(-far), 0, 1)[..., None]
    shining = (page + share * (255.0 - page)).astype(np.uint8)
    comparison = found(shining, page)
    assert comparison.glare.mean() > 0.01
    assert comparison.regions == []


def test_another_cover_cannot_be_laid_over_the_photo() -> None:
    assert compare(pixels(shoot(cover(8), 1)), cover()) is None


def test_a_photo_without_anything_in_it_cannot_be_compared() -> None:
    assert compare(np.full((400, 300, 3), 128, np.uint8), cover()) is None


@pytest.mark.parametrize(
    "homography",
    [
        np.zeros((3, 3)),
        np.array([[1.0, 0, 0], [1, 0, 0], [0, 0, 1]]),  # everything on one line
        np.array([[-1.0, 0, 400], [0, 1, 0], [0, 0, 1]]),  # mirrored
        np.array([[1.0, 0, 0], [0, 1, 0], [0, -0.004, 1]]),  # folded at the horizon
        np.full((3, 3), np.nan),
    ],
    ids=["zero", "line", "mirrored", "folded", "nan"],
)
def test_a_degenerate_homography_is_refused(homography: np.ndarray) -> None:
    assert not is_usable(homography, cover(), pixels(shoot(cover(), 1)))


def test_refinement_keeps_what_it_was_given_where_nothing_fits() -> None:
    start = np.eye(3)
    nothing = np.full(cover().shape, 90, np.uint8)
    assert np.array_equal(refine(nothing, cover(), start), start)


def test_the_same_pictures_give_the_same_answer() -> None:
    photo = pixels(shoot(with_sticker(cover(), (0.1, 0.1, 0.3, 0.1)), 6))
    first, second = found(photo, cover()), found(photo, cover())
    assert first.regions == second.regions
    assert np.array_equal(first.apart, second.apart)
