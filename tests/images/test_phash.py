"""The perceptual hash: near for the same picture, far for others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recto.images import encode_jpeg
from recto.images.phash import distance, phash
from recto.vectors import RGB


def _picture(seed: int) -> RGB:
    """Soft blots of colour, as printed pictures have them."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 6, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (300, 450), interpolation=cv2.INTER_CUBIC), np.uint8)


def _smaller(picture: RGB) -> RGB:
    return np.asarray(cv2.resize(picture, (150, 225), interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(picture: RGB) -> RGB:
    data = np.frombuffer(encode_jpeg(picture, 1024), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


@pytest.mark.parametrize("change", [_smaller, _encoded], ids=["smaller", "encoded anew"])
@pytest.mark.parametrize("seed", range(4))
def test_the_same_picture_has_nearly_the_same_hash(change: object, seed: int) -> None:
    assert callable(change)
    assert distance(phash(_picture(seed)), phash(change(_picture(seed)))) <= 4


def test_other_pictures_have_other_hashes() -> None:
    hashes = [phash(_picture(seed)) for seed in range(12)]
    assert min(distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) >= 14


def test_a_blank_picture_has_a_hash_too() -> None:
    assert len(phash(np.full((40, 30, 3), 200, np.uint8))) == 16
