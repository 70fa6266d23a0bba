"""Simulated photos of covers for whole batches: background, neighbours, the cover, what is before it, the camera.

Images are (B, 3, H, W) float32, 0 to 255, as in `recto_lab.training.augment`, whose ranges these are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from recto_lab.training.augment import PhotoOptions
from recto_lab.training.device_camera import camera
from recto_lab.training.device_constants import constant
from recto_lab.training.device_covers import rectangle, take
from recto_lab.training.device_draws import Draws
from recto_lab.training.device_filters import smooth_field
from recto_lab.training.device_options import Shares
from recto_lab.training.device_warp import ellipse_distance, pixel_centres, polygon, pyramid, warp

OTHERS = 3
"""Covers that a photo's background and neighbours are made of."""
SKIN = (200.0, 150.0, 120.0)


def photo_views(
    covers: Tensor,
    quarters: Tensor,
    bank: Tensor,
    others: Tensor,
    draws: Draws,
    size: tuple[int, int],
    options: PhotoOptions,
    shares: Shares,
) -> Tensor:
    """Photos (B, 3, *size) of covers (B, 3, R, C) that lie turned anticlockwise by quarters (B,), 0 when upright.

    Background and neighbours are the covers `others` (B, OTHERS) int64 of the bank (N, R, C, 3) uint8.
    """
    scenes = _backgrounds(bank, others[:, 0], draws, size, shares)
    both, one = draws.split(shares.two_neighbours, shares.one_neighbour)
    for part, place in ((both, 1), (one, 1), (both, 2)):
        if len(part.rows):
            neighbours = pyramid(take(bank, others[part.rows, place]))
            corners = place_covers(part.draws, size, options, visible=False)
            part.change(scenes, lambda part, draws: _lay(part, neighbours, corners, draws, shares))  # noqa: B023
    corners = place_covers(draws, size, options, visible=True, quarters=quarters)
    covers = covers.clone()
    draws.split(shares.stickers)[0].change(covers, _stickers)
    scenes = _lay(scenes, pyramid(covers), corners, draws, shares)
    draws.split(shares.occluder)[0].change(scenes, _occluder)
    camera(scenes, draws, shares)
    return scenes


def _backgrounds(bank: Tensor, others: Tensor, draws: Draws, size: tuple[int, int], shares: Shares) -> Tensor:
    """A flat colour, a texture, or a piece of another cover, sharp or out of focus."""
    colour = (draws.uniform(0, 255, 1) + draws.normal(15, 3)).clamp(0, 255)
    scenes = colour[:, :, None, None].expand(-1, -1, *size).contiguous()
    rest = 1 - shares.flat - shares.textured - shares.blurred
    _, textured, blurred, sharp = draws.split(shares.flat, shares.textured, shares.blurred, rest + 1e-6)
    textured.change(scenes, _texture)
    blurred.change(scenes, lambda part, draws: _piece(bank, others[blurred.rows], draws, size, blur=3))
    sharp.change(scenes, lambda part, draws: _piece(bank, others[sharp.rows], draws, size, blur=0))
    return scenes


def _piece(bank: Tensor, others: Tensor, draws: Draws, size: tuple[int, int], blur: int) -> Tensor:
    """A square part of other covers, stretched over the frame."""
    covers = take(bank, others)
    rows, columns = covers.shape[2:]
    side = draws.uniform(0.15, 0.9) * min(rows, columns)
    top, left = draws.uniform(0, 1) * (rows - side), draws.uniform(0, 1) * (columns - side)
    scale = constant(size[::-1], covers.device) / side[:, None]
    unit = constant(((0, 0), (columns, 0), (columns, rows), (0, rows)), covers.device)
    corners = (unit - torch.stack([left, top], 1)[:, None]) * scale[:, None]
    return warp(pyramid(covers), corners, *size, blur=blur)


def _texture(scenes: Tensor, draws: Draws) -> Tensor:
    """Cloudy and striped brightness on a colour, from cloth to the grain of wood."""
    height, width = scenes.shape[2:]
    field = smooth_field(draws, height, width, most=12)
    x, y = pixel_centres(height, width, scenes.device)
    angle, wave = draws.uniform(0, math.pi, 1, 1), draws.uniform(3, 40, 1, 1)
    phase = (x * angle.cos() + y * angle.sin())[:, None] * (2 * math.pi / wave[:, None])
    stripes = torch.sin(phase + field * draws.uniform(0, 3, 1, 1, 1))
    brightness = field * draws.uniform(0.02, 0.2, 1, 1, 1) + stripes * draws.uniform(0, 0.15, 1, 1, 1)
    return (scenes * (1 + brightness)).clamp(0, 255)


def place_covers(
    draws: Draws,
    size: tuple[int, int],
    options: PhotoOptions,
    visible: bool,
    quarters: Tensor | None = None,
) -> Tensor:
    """Where the corners of covers come to lie in photos, (B, 4, 2) pixels, clockwise from the cover's top left.

    A cover lies turned anticlockwise by quarters (B,), or stands. `visible` keeps it near the middle of the photo.
    """
    frame = constant(size[::-1], draws.device)
    area = draws.uniform(math.log(options.smallest), math.log(options.largest)).exp() * math.prod(size)
    aspect = draws.uniform(0.62, 0.8)
    if quarters is not None:
        aspect = torch.where(quarters % 2 == 1, 1 / aspect, aspect)
    half = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], 1) / 2
    corners = constant(((-1, -1), (1, -1), (1, 1), (-1, 1)), draws.device) * half[:, None]
    shift = draws.uniform(-options.perspective, options.perspective, 4, 2) * draws.uniform(0, 2, 1, 1)
    corners = (corners + shift * half[:, None]) @ _turns(draws, options)
    reach = 0.12 * frame + 0.35 * (half - frame / 2).abs() if visible else 0.6 * frame
    corners = corners + (frame / 2 + draws.uniform(-1, 1, 2) * reach)[:, None]
    if quarters is None:
        return corners
    order = (torch.arange(4, device=draws.device) - quarters[:, None]) % 4
    return corners.gather(1, order[:, :, None].expand(-1, -1, 2))


def _turns(draws: Draws, options: PhotoOptions) -> Tensor:
    """Matrices (B, 2, 2) that turn rows of points."""
    limit = torch.where(draws.happens(options.any_turn), 180.0, options.turn)
    quarters = draws.integers(1, 4) * draws.happens(options.quarter_turn)
    angle = torch.deg2rad(draws.uniform(-1, 1) * limit + 90 * quarters)
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)], 1)


def _lay(scenes: Tensor, atlas: Tensor, corners: Tensor, draws: Draws, shares: Shares) -> Tensor:
    """Covers of a pyramid on the scenes, over a dark rim now and then."""
    rim = corners + draws.uniform(-4, 4, 1, 2)
    part = draws.split(shares.rim)[0]
    part.change(scenes, lambda scenes, draws: _rim(scenes, rim[part.rows], draws))
    height, width = scenes.shape[2:]
    return torch.lerp(scenes, warp(atlas, corners, height, width), polygon(corners, height, width))


def _rim(scenes: Tensor, corners: Tensor, draws: Draws) -> Tensor:
    rim = polygon(corners, scenes.shape[2], scenes.shape[3], softness=7)
    return (scenes - rim * draws.uniform(16, 64, 1, 1, 1)).clamp(min=0)


def _stickers(covers: Tensor, draws: Draws) -> Tensor:
    """One to three labels, some with lines of print or bars."""
    rows, columns = covers.shape[2:]
    number = draws.integers(1, 4)
    for place in range(3):
        width = (draws.uniform(0.08, 0.35) * columns).floor()
        height = (draws.uniform(0.04, 0.15) * rows).floor()
        left = (draws.uniform(0, 1) * (columns - width)).floor()
        top = (draws.uniform(0, 1) * (rows - height)).floor()
        pale, gaudy = 255 - draws.uniform(0, 60, 3), draws.uniform(0, 255, 3)
        colour = torch.where(draws.happens(0.8, 1), pale, gaudy)[:, :, None, None]
        step, printed, upright = draws.integers(2, 6), draws.happens(0.6), draws.happens(0.5)
        bars = (torch.arange(columns, device=covers.device) - left[:, None]) % step[:, None] == 0
        lines = (torch.arange(rows, device=covers.device) - top[:, None]) % step[:, None] == 0
        dark = (
            torch.where(upright[:, None, None], bars[:, None, :], lines[:, :, None]) & printed[:, None, None]
        )
        label = torch.where(dark[:, None], colour / 3, colour)
        where = rectangle(rows, columns, top, left, height, width) & (number > place)[:, None, None, None]
        covers = torch.where(where, label, covers)
    return covers


def _occluder(scenes: Tensor, draws: Draws) -> Tensor:
    """A thumb or a cup at the edge of the photo, darker towards its rim."""
    height, width = scenes.shape[2:]
    frame = constant((width, height), scenes.device)
    along, end = draws.uniform(0, 1, 1), draws.integers(0, 2, 1).float()
    centre = (
        torch.where(draws.happens(0.5, 1), torch.cat([along, end], 1), torch.cat([end, along], 1)) * frame
    )
    axes = torch.cat([draws.uniform(0.05, 0.2, 1) * width, draws.uniform(0.1, 0.25, 1) * height], 1)
    distance = ellipse_distance(centre, axes, draws.uniform(0, math.pi), height, width)
    colour = (constant(SKIN, scenes.device) + draws.normal(50, 3)).clamp(0, 255)[:, :, None, None]
    shade = 1 - draws.uniform(0, 0.4, 1, 1, 1) * distance.clamp(0, 1) ** 2
    cover = ((1 - distance) * axes.min(1).values[:, None, None, None] + 0.5).clamp(0, 1)
    return torch.lerp(scenes, colour * shade, cover)
