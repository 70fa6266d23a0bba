from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recto_lab.synthetic import CLUTTERED, EASY, HARD, TYPICAL, Photo, PhotoOptions, draw_covers, photograph

PRESETS = {"easy": EASY, "typical": TYPICAL, "cluttered": CLUTTERED, "hard": HARD}


@cache
def cover(index: int) -> Image.Image:
    return draw_covers(index, seed=4, height=400)


def take(index: int, options: PhotoOptions, *, size: tuple[int, int] | int = 640) -> Photo:
    others = [cover(index + step) for step in (100, 200)]
    return photograph(cover(index), np.random.default_rng(index), options=options, size=size, others=others)


def rectified(photo: Photo, size: tuple[int, int]) -> NDArray[np.float32]:
    """The part of the photo inside the outline, warped back to the cover's width and height, grey and smoothed."""
    width, height = size
    edge = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(photo.outline, edge)
    back = cv2.warpPerspective(np.asarray(photo.image.convert("L"), np.float32), matrix, size)
    return np.asarray(cv2.GaussianBlur(back, (0, 0), 3), np.float32)


def likeness(photo: Photo, page: Image.Image, *, mirrored: bool = False) -> float:
    grey = cv2.GaussianBlur(np.asarray(page.convert("L"), np.float32), (0, 0), 3)
    back = rectified(photo, page.size)
    return float(np.corrcoef(grey.ravel(), (back[:, ::-1] if mirrored else back).ravel())[0, 1])


def clockwise(outline: NDArray[np.float32]) -> bool:
    """Whether the corners run clockwise as seen (y down), which a mirror image would turn round."""
    following = np.roll(outline, -1, axis=0)
    return float((outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]).sum()) > 0


def test_the_cover_lies_where_the_outline_says() -> None:
    matches = [likeness(take(index, EASY), cover(index)) for index in range(30)]
    assert float(np.median(matches)) > 0.95
    assert sorted(matches)[3] > 0.5  # a few have gloss or a label over a plain cover


def test_the_cover_lies_where_the_outline_says_when_turned_any_way() -> None:
    turning = replace(EASY, turn=180.0, quarter_turns=0.5, tilt=25.0)
    matches = [likeness(take(index, turning), cover(index)) for index in range(30)]
    assert float(np.median(matches)) > 0.95


@pytest.mark.parametrize("name", PRESETS)
def test_no_photo_is_mirrored(name: str) -> None:
    photos = [take(index, PRESETS[name], size=320) for index in range(15)]
    assert all(clockwise(photo.outline) for photo in photos)
    straight = [likeness(photo, cover(index)) for index, photo in enumerate(photos)]
    mirrored = [likeness(photo, cover(index), mirrored=True) for index, photo in enumerate(photos)]
    assert float(np.mean(straight)) > float(np.mean(mirrored)) + 0.05


def test_the_same_random_state_gives_the_same_photo() -> None:
    first, again = take(3, HARD), take(3, HARD)
    assert first.image.tobytes() == again.image.tobytes()
    assert np.array_equal(first.outline, again.outline)


def test_photos_are_turned_by_any_angle() -> None:
    outlines = [take(index, TYPICAL, size=160).outline for index in range(60)]
    angles = [np.degrees(np.arctan2(*(corners[1] - corners[0])[::-1])) for corners in outlines]
    quarters = {round(float(angle) / 90) % 4 for angle in angles}
    assert quarters == {0, 1, 2, 3}


def test_a_typical_photo_holds_the_whole_cover_mostly() -> None:
    frame = np.array([480, 360])
    inside = [
        bool(((corners > -1) & (corners < frame + 1)).all())
        for corners in (take(index, TYPICAL, size=(480, 360)).outline for index in range(60))
    ]
    assert 0.85 < float(np.mean(inside)) < 1.0


def test_a_photo_has_the_size_asked_for() -> None:
    assert take(1, EASY, size=(480, 360)).image.size == (480, 360)
    assert max(take(1, EASY, size=400).image.size) == 400
    assert {take(index, EASY, size=200).image.size for index in range(12)} == {(200, 150), (150, 200)}


def test_outlines_are_four_corners_as_single_precision() -> None:
    outline = take(2, TYPICAL).outline
    assert outline.shape == (4, 2)
    assert outline.dtype == np.float32


def test_harder_photos_keep_less_of_the_cover() -> None:
    means = [
        float(np.mean([likeness(take(index, options), cover(index)) for index in range(25)]))
        for options in (EASY, TYPICAL, HARD)
    ]
    assert means[0] > means[1] > means[2]
