"""New covers from drawn ones, and their catalogue views, for whole batches.

Images are (B, 3, H, W) float32, 0 to 255.
"""

from __future__ import annotations

import torch
from torch import Tensor

from recto_lab.training.device_camera import tone
from recto_lab.training.device_draws import Draws
from recto_lab.training.device_jpeg import jpeg
from recto_lab.training.device_options import Shares
from recto_lab.training.device_warp import pyramid, warp


def take(bank: Tensor, numbers: Tensor) -> Tensor:
    """Covers `numbers` (B,) of the bank (N, R, C, 3) uint8 as (B, 3, R, C) float32."""
    return bank[numbers].permute(0, 3, 1, 2).float()


def composites(covers: Tensor, others: Tensor, draws: Draws) -> Tensor:
    """As `recto_lab.training.augment.composite`: a part of the other cover on the one, or one over the other."""
    kind = draws.uniform(0, 1)[:, None, None, None]
    share = draws.uniform(0.3, 0.7)[:, None, None, None]
    printed = torch.where(kind < 0.2, torch.minimum(covers, others), torch.maximum(covers, others))
    printed = torch.where(kind < 0.3, printed, covers * share + others * (1 - share))
    return torch.where(kind < 0.4, printed, _pasted(covers, others, draws))


def _pasted(covers: Tensor, others: Tensor, draws: Draws) -> Tensor:
    """A rectangle of the other cover, from another height of it."""
    rows, columns = covers.shape[2:]
    height = (draws.uniform(0.2, 0.75) * rows).floor()
    width = (draws.uniform(0.4, 1) * columns).floor()
    width = torch.where(draws.happens(0.5), float(columns), width)
    top, from_top = ((draws.uniform(0, 1) * (rows - height + 1)).floor() for _ in range(2))
    left = (draws.uniform(0, 1) * (columns - width + 1)).floor()
    row = torch.arange(rows, device=covers.device)
    source = (row + (from_top - top).long()[:, None]).clamp(0, rows - 1)
    moved = others.gather(2, source[:, None, :, None].expand_as(others))
    return torch.where(rectangle(rows, columns, top, left, height, width), moved, covers)


def rectangle(rows: int, columns: int, top: Tensor, left: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """True in rectangles given by (B,) numbers, (B, 1, rows, columns)."""
    row = torch.arange(rows, device=top.device)[None, :] - top[:, None]
    column = torch.arange(columns, device=top.device)[None, :] - left[:, None]
    down = (row >= 0) & (row < height[:, None])
    across = (column >= 0) & (column < width[:, None])
    return (down[:, :, None] & across[:, None, :])[:, None]


def identities(covers: Tensor, draws: Draws, shares: Shares) -> Tensor:
    """As `recto_lab.training.augment.identity`: new covers, mirrored, upside down or recoloured; `covers` is used up.

    Both views of a pair are made from the result, so that a photo is never mirrored against its catalogue view.
    """
    draws.split(shares.mirrored)[0].change(covers, lambda covers, _: covers.flip(3))
    draws.split(shares.upside_down)[0].change(covers, lambda covers, _: covers.flip(2))
    identity = torch.eye(3, device=covers.device).expand(len(covers), 3, 3)
    order = draws.uniform(0, 1, 3).argsort(1)
    colours = _chosen(draws.happens(shares.permuted), identity.gather(1, order[:, :, None].expand(-1, 3, 3)))
    inverted = draws.happens(shares.inverted)
    colours = colours * torch.where(inverted, -1.0, 1.0)[:, None, None]
    mixing = identity + draws.uniform(-0.35, 0.35, 3, 3)
    mixing = mixing / mixing.sum(2, keepdim=True)
    colours = _chosen(draws.happens(shares.recoloured), mixing) @ colours
    share = draws.uniform(0.4, 1)[:, None, None]
    pale = share / 3 + identity * (1 - share)
    colours = _chosen(draws.happens(shares.pale), pale) @ colours
    mixed = torch.matmul(colours, covers.flatten(2)).view(covers.shape)
    return (mixed + 255 * _each(inverted)).clamp(0, 255)  # rows of the later mixings sum to one


def _each(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None]


def _chosen(flags: Tensor, matrices: Tensor) -> Tensor:
    return torch.where(flags[:, None, None], matrices, torch.eye(3, device=matrices.device))


def catalogue_views(
    covers: Tensor, quarters: Tensor | None, draws: Draws, height: int, width: int, shares: Shares
) -> Tensor:
    """As `recto_lab.training.augment.catalogue_view`: upright covers (B, 3, R, C) at (B, 3, height, width), or, where
    quarters (B,) say that they lie, turned anticlockwise by 1 or 3 quarters to (B, 3, width, height)."""
    margins = draws.uniform(0, 0.03, 4) * draws.happens(shares.margins)[:, None]
    left, top, right, bottom = margins.unbind(1)
    scale_x, scale_y = width / (1 - left - right), height / (1 - top - bottom)
    ends_x = (-left * scale_x, (1 - left) * scale_x)
    ends_y = (-top * scale_y, (1 - top) * scale_y)
    corners = torch.stack(
        [torch.stack([ends_x[i], ends_y[j]], 1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], 1
    )
    views = warp(pyramid(covers), corners, height, width)
    if quarters is not None:
        views = torch.where(_each(quarters == 1), views.rot90(1, (2, 3)), views.rot90(3, (2, 3)))
    draws.split(shares.catalogue_tone)[0].change(views, lambda part, draws: tone(part, draws, 0.3))
    draws.split(shares.catalogue_jpeg)[0].change(
        views, lambda part, draws: jpeg(part, draws.integers(25, 90).float())
    )
    return views
