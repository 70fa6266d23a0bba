"""Perspective warps of whole batches that do not alias, and soft-edged shapes. Images are (B, 3, H, W) float32.

A warp reads from the level of a mipmap (Williams, SIGGRAPH 1983) at which a pixel of the photo is at most 2.8 texels
wide, linearly at four points a pixel: sharper than trilinear filtering, and no texel is skipped.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recto_lab.training.device_constants import constant

LEVELS = 5


def pyramid(covers: Tensor) -> Tensor:
    """Covers (B, 3, R, C), sides multiples of 16, and their halvings to a sixteenth in one image (B, 3, R, C * 3 / 2).

    The halvings stand in a column to the right of the cover: images of one batch can be read at different levels.
    """
    count, channels, rows, columns = covers.shape
    atlas = covers.new_zeros(count, channels, rows, columns * 3 // 2)
    atlas[:, :, :, :columns] = covers
    top, level = 0, covers
    for _ in range(1, LEVELS):
        level = functional.avg_pool2d(level, 2)
        height, width = level.shape[2:]
        atlas[:, :, top : top + height, columns : columns + width] = level
        top += height
    return atlas


def warp(atlas: Tensor, corners: Tensor, height: int, width: int, blur: int = 0) -> Tensor:
    """A pyramid's covers with their corners at (B, 4, 2) pixels, clockwise from the cover's top left, (B, 3, H, W).

    Pixels beside the cover repeat its edge. `blur` reads so many levels further up, for a background out of focus.
    """
    rows, columns = atlas.shape[2], atlas.shape[3] * 2 // 3
    level = (_level(corners, rows, columns) + blur).clamp(0, LEVELS - 1)
    scale = torch.exp2(-level)[:, None]
    size = constant((columns, rows), atlas.device) * scale
    start = torch.cat([columns * (scale < 1), torch.where(scale < 1, rows * (1 - 2 * scale), 0.0)], 1)
    whole = constant((atlas.shape[3], rows), atlas.device)
    matrix = _to_unit_square(corners)
    far = matrix[:, 2:]
    texels = matrix[:, :2] * size[:, :, None] + start[:, :, None] * far
    matrix = torch.cat([texels * (2 / whole[:, None]) - far, far], 1)  # as grid_sample counts: -1 to 1
    places = _places(matrix, height * 2, width * 2)
    # Half a texel from the edge of the level none of its neighbours is seen.
    low, high = (((start + inner) * 2 / whole - 1)[:, None, None] for inner in (0.5, size - 0.5))
    places = places.clamp_(low, high)
    fine = functional.grid_sample(atlas, places, mode="bilinear", padding_mode="border", align_corners=False)
    return functional.avg_pool2d(fine, 2)


def _level(corners: Tensor, rows: int, columns: int) -> Tensor:
    """Level (B,) from which the side that is reduced most is reduced by 1.4 to 2.8."""
    top, right, bottom, left = (corners - corners.roll(-1, 1)).norm(dim=2).clamp(min=1).unbind(1)
    reduction = torch.maximum(columns / torch.minimum(top, bottom), rows / torch.minimum(left, right))
    return (reduction.log2() - 0.5).floor().clamp(min=0)


def _places(matrix: Tensor, rows: int, columns: int) -> Tensor:
    """Where a homography (B, 3, 3) takes points at half pixels, (B, rows, columns, 2)."""
    x = ((torch.arange(columns, device=matrix.device) + 0.5) / 2)[None, None, :]
    y = ((torch.arange(rows, device=matrix.device) + 0.5) / 2)[None, :, None]
    entries = matrix[:, :, :, None, None].unbind(1)
    across, down, depth = ((row[:, 0] * x + row[:, 2]) + row[:, 1] * y for row in entries)
    depth = depth.clamp_(min=1e-3)  # behind the horizon, where no cover is
    return torch.stack([across.div_(depth), down.div_(depth)], -1)


def _to_unit_square(corners: Tensor) -> Tensor:
    """Homographies (B, 3, 3) from quadrangles (B, 4, 2) to the unit square (Heckbert, 1989, section 2.2.3)."""
    first, second, third, fourth = corners.unbind(1)
    one, two, rest = second - third, fourth - third, first - second + third - fourth
    determinant = _cross(one, two)
    far_x, far_y = _cross(rest, two) / determinant, _cross(one, rest) / determinant
    across = second - first + far_x[:, None] * second
    down = fourth - first + far_y[:, None] * fourth
    columns = [
        torch.cat([across, far_x[:, None]], 1),
        torch.cat([down, far_y[:, None]], 1),
        torch.cat([first, torch.ones_like(far_x)[:, None]], 1),
    ]
    adjugate = torch.stack([torch.linalg.cross(columns[i - 2], columns[i - 1], dim=1) for i in range(3)], 1)
    return adjugate / (adjugate[:, 0] * columns[0]).sum(1)[:, None, None]


def _cross(one: Tensor, two: Tensor) -> Tensor:
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]


def polygon(corners: Tensor, height: int, width: int, softness: Tensor | float = 1.0) -> Tensor:
    """How much of each pixel lies in a convex polygon (B, N, 2), clockwise, (B, 1, H, W) in 0 to 1.

    `softness`, a number or (B,), is the width of the edge in pixels; at least 1.
    """
    x, y = pixel_centres(height, width, corners.device)
    inside: Tensor | None = None
    for start, end in zip(corners.unbind(1), corners.roll(-1, 1).unbind(1), strict=True):
        along = functional.normalize(end - start, dim=1)
        offset = _cross(along, start)[:, None, None]
        distance = (along[:, 0, None, None] * y - offset) - along[:, 1, None, None] * x
        inside = distance if inside is None else torch.minimum(inside, distance)
    assert inside is not None
    width_of_edge = softness[:, None, None] if isinstance(softness, Tensor) else softness
    return (inside / width_of_edge + 0.5).clamp(0, 1)[:, None]


def ellipse_distance(centre: Tensor, axes: Tensor, angle: Tensor, height: int, width: int) -> Tensor:
    """Distance from the centre in parts of an ellipse's radius, (B, 1, H, W): 1 on it. Centre and half axes (B, 2)
    in pixels, angle (B,) in radians."""
    x, y = pixel_centres(height, width, centre.device)
    x, y = x - centre[:, 0, None, None], y - centre[:, 1, None, None]
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along = (x * cosine + y * sine) / axes[:, 0, None, None]
    beside = (y * cosine - x * sine) / axes[:, 1, None, None]
    return torch.hypot(along, beside)[:, None]


def pixel_centres(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Coordinates x (1, 1, W) and y (1, H, 1) of pixels."""
    x = torch.arange(width, device=device) + 0.5
    y = torch.arange(height, device=device) + 0.5
    return x[None, None, :], y[None, :, None]
