"""Preprocessing equals torchvision's own, number by number; ours shows the network the whole cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from recto.encoders import CARDS, Card
from recto.encoders.preprocess import preprocess
from recto.encoders.torchvision_cards import torchvision_cards
from recto.encoders.torchvision_models import published
from recto.vectors import RGB


def _one_of_each_kind() -> list[Card]:
    """Cards that differ in what is done to an image."""
    kinds: dict[Card, Card] = {}
    for card in torchvision_cards().values():
        same = {
            "name": "",
            "architecture": "",
            "weights": "",
            "weights_sha256": "",
            "summary": "",
            "licence": "",
        }
        kinds.setdefault(replace(card, dimension=0, pooling="avg", **same), card)  # type: ignore[arg-type]
    return list(kinds.values())


@pytest.mark.parametrize("card", _one_of_each_kind(), ids=lambda card: card.name)
def test_a_torchvision_card_prepares_images_exactly_as_torchvision(card: Card, images: list[RGB]) -> None:
    transforms = published(card.architecture).transforms()
    for image in images:
        assert torch.equal(preprocess(image, card), transforms(Image.fromarray(image)))


def test_our_network_sees_the_whole_of_a_tall_cover_upright() -> None:
    cover = np.zeros((600, 400, 3), np.uint8)
    cover[:30], cover[-30:] = (255, 0, 0), (0, 0, 255)
    prepared = preprocess(cover, CARDS["recto_small"])
    assert prepared.shape == (3, 192, 144)
    assert prepared[0, 0].mean() == 2  # red above: (1 - 0.5) / 0.25
    assert prepared[2, -1].mean() == 2


def test_our_network_gets_a_wide_photo_lying() -> None:
    assert preprocess(np.zeros((300, 400, 3), np.uint8), CARDS["recto_small"]).shape == (3, 144, 192)
