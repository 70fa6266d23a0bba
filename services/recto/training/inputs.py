"""Images as the network takes them."""

from __future__ import annotations

import torch
from torch import Tensor

from recto.encoders.table import CARDS
from recto.vectors import RGB


def as_input(images: RGB) -> Tensor:
    """RGB images (N, H, W, 3) uint8 -> normalised (N, 3, H, W) float32 in channels-last memory."""
    card = CARDS["recto_small"]
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (card.mean, card.std))
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - mean) / std
