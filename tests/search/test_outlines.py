from __future__ import annotations

import numpy as np
import pytest

from recto.features.verify import area, shared_part
from recto.search.outlines import find_outlines, is_inside, rectify
from recto.vectors import Floats
from recto_lab.synthetic import EASY, draw_covers, photograph_table


def overlap(first: Floats, second: Floats) -> float:
    shared = shared_part(first, second) * min(area(first), area(second))
    return shared / (area(first) + area(second) - shared)


Table = tuple[np.ndarray, np.ndarray]
SEEDS = range(4)


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """Photos of six covers each, on different grounds, with the true outlines."""
    covers = [draw_covers(index, seed=5, height=600) for index in range(20, 26)]
    photos = [
        photograph_table(covers, np.random.default_rng(seed), options=EASY, size=(1024, 768))
        for seed in SEEDS
    ]
    return [(np.asarray(photo.image), photo.outlines) for photo in photos]


def test_most_covers_on_a_table_are_outlined(tables: list[Table]) -> None:
    shares = [
        np.mean([max(overlap(each, outline) for each in find_outlines(pixels)) > 0.8 for outline in truth])
        for pixels, truth in tables
    ]
    assert np.mean(shares) > 0.5, shares


def test_outlines_run_clockwise_and_lie_in_the_photo(tables: list[Table]) -> None:
    pixels, _ = tables[0]
    for outline in find_outlines(pixels):
        assert area(outline) > 0
        assert outline.min() >= 0
        assert outline[:, 0].max() <= pixels.shape[1]
        assert outline[:, 1].max() <= pixels.shape[0]


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_photo_has_no_outlines(shade: int) -> None:
    assert find_outlines(np.full((300, 400, 3), shade, np.uint8)) == []


def test_a_photo_smaller_than_any_cover_has_no_outlines() -> None:
    assert find_outlines(np.zeros((3, 2, 3), np.uint8)) == []


def test_the_corners_of_a_rectified_cover_come_from_the_corners_of_its_outline() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    outline = np.array([[40, 30], [150, 50], [140, 170], [30, 150]], np.float32)
    pixels[30:34, 38:44] = 255  # something at the first corner
    flat, to_photo = rectify(pixels, outline)
    assert flat[:20, :20].max() > 200
    assert flat[-20:, -20:].max() == 0
    corner = to_photo @ np.array([flat.shape[1], flat.shape[0], 1.0])
    assert np.allclose(corner[:2] / corner[2], outline[2], atol=0.01)


def test_points_inside_an_outline_are_told_from_those_outside() -> None:
    outline = np.array([[0, 0], [10, 0], [12, 10], [0, 10]], np.float32)
    points = np.array([[5, 5], [11, 9], [11, 1], [-1, 5]], np.float32)
    assert is_inside(points, outline).tolist() == [True, True, False, False]
