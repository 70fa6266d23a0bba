"""Drawn covers and a simulated photo of one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from recto.features import LocalFeatures, describe
from recto.vectors import RGB
from recto_lab.synthetic import draw_covers, photograph

COVERS = 6
OTHERS = 4
"""The first covers, without those that lie around the first one in the photo."""


@dataclass(frozen=True)
class Scene:
    """A photo of the first cover; `outline` (4, 2) in pixels of the photo, as the simulator knows it."""

    covers: list[RGB]
    photo: RGB
    outline: npt.NDArray[np.floating]


@pytest.fixture(scope="session")
def scene() -> Scene:
    drawn = [draw_covers(index, seed=11, height=600) for index in range(0, 3 * COVERS, 3)]
    photo = photograph(drawn[0], np.random.default_rng(4), others=drawn[OTHERS:])
    pixels = [np.asarray(cover.convert("RGB")) for cover in drawn]
    return Scene(pixels, np.asarray(photo.image), photo.outline)


@pytest.fixture(scope="session")
def covers(scene: Scene) -> list[LocalFeatures]:
    return [describe(cover, photo=False) for cover in scene.covers]


@pytest.fixture(scope="session")
def photo(scene: Scene) -> LocalFeatures:
    return describe(scene.photo, photo=True)


@pytest.fixture(scope="session")
def scene_photo(scene: Scene) -> RGB:
    return scene.photo
