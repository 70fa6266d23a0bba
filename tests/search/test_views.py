from __future__ import annotations

import numpy as np
import pytest

from recto.images.views import CENTRE, VIEW_SIDE, views
from recto.vectors import RGB


@pytest.fixture
def picture() -> RGB:
    """400 x 600, another colour in each corner."""
    pixels = np.full((400, 600, 3), 128, np.uint8)
    pixels[:80, :80], pixels[:80, -80:] = (255, 0, 0), (0, 255, 0)
    pixels[-80:, :80], pixels[-80:, -80:] = (0, 0, 255), (255, 255, 0)
    return pixels


def test_there_are_four_turns_of_the_whole_and_of_the_centre(picture: RGB) -> None:
    assert len(views(picture)) == 8


def test_views_are_shrunk_and_turned(picture: RGB) -> None:
    whole = views(picture)[:4]
    assert [view.shape[:2] for view in whole] == [(VIEW_SIDE, 432), (432, VIEW_SIDE)] * 2
    assert all(view.flags["C_CONTIGUOUS"] and view.dtype == np.uint8 for view in views(picture))


def test_turning_back_gives_the_same_picture(picture: RGB) -> None:
    made = views(picture)
    for base in (0, 4):
        for turn in range(4):
            assert np.array_equal(np.rot90(made[base + turn], -turn), made[base])


def test_a_quarter_turn_moves_the_corners_against_the_clock(picture: RGB) -> None:
    turned = views(picture)[1]
    assert tuple(turned[-5, 5]) == (255, 0, 0)
    assert tuple(turned[5, 5]) == (0, 255, 0)


def test_the_centre_leaves_out_the_border(picture: RGB) -> None:
    centre = views(picture)[4]
    assert CENTRE < 1
    assert tuple(centre[0, 0]) == (255, 0, 0)  # what is left of the corner: 30 of 80 pixels across, 5 of 75
    assert centre.shape[1] / centre.shape[0] == pytest.approx(1.5, abs=0.01)
    assert (centre == 128).mean() > (views(picture)[0] == 128).mean()


def test_views_for_a_large_input_are_larger(picture: RGB) -> None:
    enlarged = views(np.tile(picture, (3, 3, 1)), 2 * VIEW_SIDE)[:4]
    assert {min(view.shape[:2]) for view in enlarged} == {2 * VIEW_SIDE}


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (3, 2)])
def test_a_tiny_photo_has_views_too(shape: tuple[int, int]) -> None:
    assert all(view.size for view in views(np.zeros((*shape, 3), np.uint8)))
