"""Images as the networks take them: resized by Pillow, cut or squeezed, normalised."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from recto.encoders.card import Card
from recto.vectors import RGB


def preprocess(image: RGB, card: Card) -> Tensor:
    """RGB image of any size -> (3, height, width) float32, normalised as the card says.

    A `squeeze` card gives (3, 192, 144) for an image that is taller than wide and (3, 144, 192) for a wider one.
    """
    picture = Image.fromarray(image)
    if card.resize == "squeeze":
        picture = picture.resize(_squeezed(picture, card), Image.Resampling.BILINEAR)
    else:
        # What torchvision's `Weights.transforms()` does with a Pillow image; a test compares them.
        picture = _centre_crop(picture, card)
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous().float() / 255
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (card.mean, card.std))
    return pixels.sub_(mean).div_(deviation)


def _centre_crop(picture: Any, card: Card) -> Any:
    # Slow to import, and the default encoder does without. Its annotations leave out that it takes Pillow images.
    import torchvision.transforms.functional as transforms
    from torchvision.transforms import InterpolationMode

    resized = transforms.resize(picture, [card.shorter_side], InterpolationMode(card.interpolation))
    return transforms.center_crop(resized, list(card.input_size))


def _squeezed(picture: Image.Image, card: Card) -> tuple[int, int]:
    """Width and height of the input; its longer side lies along the longer side of the picture."""
    height, width = card.input_size
    return (width, height) if picture.height >= picture.width else (height, width)
