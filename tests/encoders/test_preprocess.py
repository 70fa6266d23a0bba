"""Preprocessing equals torchvision's own, number by number; ours shows the network the whole cover."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from recto.encoders import CARDS
from recto.encoders.preprocess import preprocess
from recto.encoders.torchvision_models import PUBLISHED
from recto.vectors import RGB

TORCHVISION = [name for name, card in CARDS.items() if card.architecture in PUBLISHED]


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_torchvision_card_prepares_images_exactly_as_torchvision(name: str, images: list[RGB]) -> None:
    transforms = PUBLISHED[CARDS[name].architecture].transforms()
    for image in images:
        assert torch.equal(preprocess(image, CARDS[name]), transforms(Image.fromarray(image)))


def test_our_network_sees_the_whole_of_a_tall_cover_upright(images: list[RGB]) -> None:
    cover = np.zeros((600, 400, 3), np.uint8)
    cover[:30], cover[-30:] = (255, 0, 0), (0, 0, 255)
    prepared = preprocess(cover, CARDS["recto_small"])
    assert prepared.shape == (3, 192, 144)
    assert prepared[0, 0].mean() == 2  # red above: (1 - 0.5) / 0.25
    assert prepared[2, -1].mean() == 2


def test_our_network_gets_a_wide_photo_lying() -> None:
    assert preprocess(np.zeros((300, 400, 3), np.uint8), CARDS["recto_small"]).shape == (3, 144, 192)
