"""What a camera does to whole batches of scenes: light, lens, sensor, compression, as in `recto_lab.training.camera`.

Images are (B, 3, H, W) float32, 0 to 255. Changes happen in place where a function gives nothing back.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from recto_lab.training.device_constants import constant
from recto_lab.training.device_draws import Draws
from recto_lab.training.device_filters import gaussian, low_resolution, motion, separable, smooth_field
from recto_lab.training.device_jpeg import jpeg
from recto_lab.training.device_options import Shares
from recto_lab.training.device_warp import ellipse_distance, polygon

LUMINANCE = (0.299, 0.587, 0.114)


def camera(scenes: Tensor, draws: Draws, shares: Shares) -> None:
    """Light, lens and sensor."""
    draws.split(shares.tone)[0].change(scenes, lambda part, draws: tone(part, draws, 1.0))
    draws.split(shares.uneven_light)[0].change(scenes, _uneven_light)
    draws.split(shares.shadow)[0].change(scenes, _shadow)
    draws.split(shares.glare)[0].change(scenes, _glare)
    defocus, motion_blur, small = draws.split(shares.defocus, shares.motion, shares.low_resolution)
    defocus.change(scenes, _defocus)
    motion_blur.change(scenes, _motion)
    small.change(scenes, _small)
    draws.split(shares.noise)[0].change(scenes, _noise)
    draws.split(shares.grey)[0].change(scenes, _grey)
    draws.split(shares.jpeg)[0].change(scenes, lambda part, draws: jpeg(part, draws.integers(25, 90).float()))


def tone(scenes: Tensor, draws: Draws, strength: float) -> Tensor:
    """Exposure, contrast, gamma and colour cast."""
    gamma = draws.normal(0.3 * strength, 1, 1, 1).exp()
    gain = (draws.normal(0.2 * strength, 1, 1, 1) + draws.normal(0.12 * strength, 3, 1, 1)).exp()
    lift = draws.uniform(-0.1, 0.2, 1, 1, 1) * strength
    return (((scenes / 255) ** gamma * (gain * (1 - lift)) + lift) * 255).clamp(0, 255)


def _uneven_light(scenes: Tensor, draws: Draws) -> Tensor:
    field = 1 + 0.25 * smooth_field(draws, scenes.shape[2], scenes.shape[3], most=4)
    return (scenes * field).clamp(0, 255)


def _shadow(scenes: Tensor, draws: Draws) -> Tensor:
    """A shadow with an edge: what lies within all sides of a random quadrangle."""
    height, width = scenes.shape[2:]
    corners = draws.uniform(-0.5, 1.5, 4, 2) * constant((width, height), scenes.device)
    spokes = corners - corners.mean(1, keepdim=True)
    order = torch.atan2(spokes[:, :, 1], spokes[:, :, 0]).argsort(1)  # clockwise, as y points down
    corners = corners.gather(1, order[:, :, None].expand(-1, -1, 2))
    shade = polygon(corners, height, width, draws.uniform(1, 15))
    return scenes * (1 - shade * (1 - draws.uniform(80, 200, 1, 1, 1) / 255))


def _glare(scenes: Tensor, draws: Draws) -> Tensor:
    """An ellipse of light with soft edges: about what a Gaussian blur of a filled one gives."""
    height, width = scenes.shape[2:]
    centre = draws.uniform(0, 1, 2) * constant((width, height), scenes.device)
    axes = draws.uniform(8, max(9.0, 0.4 * width), 2)
    deviation = draws.uniform(4, 20, 1, 1, 1)
    radius = axes.min(1).values[:, None, None, None]
    inside = (1 - ellipse_distance(centre, axes, draws.uniform(0, math.pi), height, width)) * radius
    peak = 1 - torch.exp(-axes.prod(1)[:, None, None, None] / (2 * deviation**2))
    profile = (1 + torch.erf(inside / (deviation * math.sqrt(2)))) / (
        1 + torch.erf(radius / (deviation * math.sqrt(2)))
    )
    return (scenes + draws.uniform(80, 255, 1, 1, 1) * peak * profile).clamp(0, 255)


def _defocus(scenes: Tensor, draws: Draws) -> Tensor:
    height, width = scenes.shape[2:]
    deviation = draws.uniform(0.4, 1.6)
    return separable(scenes, gaussian(height, deviation), gaussian(width, deviation))


def _motion(scenes: Tensor, draws: Draws) -> Tensor:
    """Smeared along a line between two random places in a square of 3 to 7 pixels."""
    length = draws.integers(3, 8, 1)
    ends = (draws.uniform(0, 1, 2, 2) * length[:, None]).floor()
    return motion(scenes, (ends[:, 0] - ends[:, 1]) / 2)


def _small(scenes: Tensor, draws: Draws) -> Tensor:
    height, width = scenes.shape[2:]
    factor = draws.uniform(0.35, 0.8)
    return separable(scenes, low_resolution(height, factor), low_resolution(width, factor))


def _noise(scenes: Tensor, draws: Draws) -> Tensor:
    deviation = draws.uniform(1, 12, 1, 1, 1)
    return (scenes + draws.noise(*scenes.shape[1:]) * deviation).clamp(0, 255)


def _grey(scenes: Tensor, draws: Draws) -> Tensor:
    weights = constant(LUMINANCE, scenes.device)[:, None, None]
    return (scenes * weights).sum(1, keepdim=True).expand_as(scenes)
