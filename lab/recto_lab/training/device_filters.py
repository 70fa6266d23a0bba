"""Filters whose strength differs from image to image, as products with one matrix an image and axis."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recto_lab.training.device_draws import Draws


def separable(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Images (B, 3, H, W) with columns multiplied by (B, H, H) and rows by (B, W, W)."""
    return down[:, None] @ images @ across[:, None].mT


def gaussian(size: int, deviation: Tensor) -> Tensor:
    """Gaussian blur of an axis, (B, size, size), its deviation (B,) in pixels."""
    place = torch.arange(size, device=deviation.device, dtype=torch.float32)
    steps = (place[:, None] - place) / deviation[:, None, None]
    return functional.normalize(torch.exp(-0.5 * steps**2), p=1, dim=2)


def low_resolution(size: int, factor: Tensor) -> Tensor:
    """Reduction of an axis to a factor (B,) below 1 of its length by areas, and back, linearly, (B, size, size)."""
    small = (factor * size).round().clamp(min=2)
    pixel = torch.arange(size, device=factor.device, dtype=torch.float32)
    step = (size / small)[:, None, None]
    start = pixel[:, None] * step
    overlap = (torch.minimum(pixel + 1, start + step) - torch.maximum(pixel, start)).clamp(min=0) / step
    return tents(size, small, size) @ overlap


def tents(size: int, knots: Tensor, most: int) -> Tensor:
    """Linear interpolation of (B,) knots, `most` at most, to an axis of `size` pixels, (B, size, most)."""
    pixel = (torch.arange(size, device=knots.device) + 0.5) / size
    place = (pixel * knots[:, None] - 0.5).clamp(min=0).minimum(knots[:, None] - 1)
    return (1 - (place[:, :, None] - torch.arange(most, device=knots.device)).abs()).clamp(min=0)


def smooth_field(draws: Draws, height: int, width: int, most: int) -> Tensor:
    """Normal numbers at a grid of 2 to `most` knots a side, linear between them, (B, 1, H, W)."""
    knots = draws.integers(2, most + 1, 2).float()
    grid = draws.normal(1, most, most)
    return (tents(height, knots[:, 0], most) @ grid @ tents(width, knots[:, 1], most).mT)[:, None]


def motion(images: Tensor, ends: Tensor) -> Tensor:
    """Images (B, 3, H, W) smeared along a line around the pixel that ends at plus and minus (B, 2), 3 at most."""
    place = torch.arange(-3, 4, device=images.device, dtype=torch.float32)
    points = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1)  # (7, 7, 2): x, y
    share = (points @ ends[:, None, :, None]).squeeze(-1) / (ends**2).sum(1).clamp(min=1e-6)[:, None, None]
    nearest = share.clamp(-1, 1)[..., None] * ends[:, None, None]
    kernels = (1 - (points - nearest).norm(dim=3)).clamp(min=0)
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    count, channels, height, width = images.shape
    padded = functional.pad(images, (3, 3, 3, 3), mode="reflect").reshape(
        1, count * channels, height + 6, width + 6
    )
    smeared = functional.conv2d(
        padded, kernels.repeat_interleave(channels, 0)[:, None], groups=count * channels
    )
    return smeared.reshape(images.shape)
