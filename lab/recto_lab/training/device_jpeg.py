"""JPEG compression of whole batches, on any device: what it does to the pixels, without the bytes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from recto_lab.training.device_constants import constant

# ITU-T T.81, tables K.1 and K.2
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *[(99,) * 8] * 4,
)
# JFIF 1.02: luminance, blue and red difference of red, green, blue
TO_DIFFERENCES = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
TO_COLOURS = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))

COSINES = tuple(
    tuple(math.cos(math.pi / 8 * wave * (place + 0.5)) / (2 if wave else math.sqrt(8)) for place in range(8))
    for wave in range(8)
)
"""The orthonormal cosine transform of 8 numbers."""


def jpeg(images: Tensor, quality: Tensor) -> Tensor:
    """Images (B, 3, H, W) in 0 to 255 as a decoder gives them back; quality (B,) in 1 to 100 as libjpeg counts it.

    Colour is kept at half the resolution (4:2:0) and widened linearly, as libjpeg does.
    """
    height, width = images.shape[2:]
    padded = functional.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate")
    parts = torch.einsum("ij,bjhw->bihw", constant(TO_DIFFERENCES, images.device), padded.round()).round()
    luminance = _quantised(parts[:, :1] - 128, _table(LUMINANCE, quality)) + 128
    colour = _quantised(functional.avg_pool2d(parts[:, 1:], 2), _table(CHROMINANCE, quality))
    wide = functional.interpolate(colour, scale_factor=2.0, mode="bilinear", align_corners=False)
    decoded = torch.einsum(
        "ij,bjhw->bihw", constant(TO_COLOURS, images.device), torch.cat([luminance, wide], 1)
    )
    return decoded[:, :, :height, :width].round().clamp(0, 255)


def _table(base: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """Quantisation steps of each image, (B, 8, 8), as libjpeg derives them (jcparam.c)."""
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    table = constant(base, quality.device) * percent[:, None, None]
    return ((table + 50) / 100).floor().clamp(1, 255)


def _quantised(channels: Tensor, table: Tensor) -> Tensor:
    """Channels (B, C, H, W) after their cosine transform in blocks of 8 x 8 is rounded to multiples of (B, 8, 8)."""
    cosines = constant(COSINES, channels.device)
    count, kinds, height, width = channels.shape
    rows = cosines @ channels.reshape(count, kinds, height // 8, 8, width)
    blocks = rows.view(count, kinds, height // 8, 8, width // 8, 8) @ cosines.T
    steps = table[:, None, None, :, None, :]
    rounded = (blocks / steps).round_() * steps
    rows = (rounded @ cosines).view(count, kinds, height // 8, 8, width)
    return torch.matmul(cosines.T, rows).view(channels.shape)
