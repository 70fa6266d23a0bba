"""Batches of view pairs made on the device: what `recto_lab.training.batches` teaches, for tens of millions of photos.

A batch is a function of the seed and the chosen covers, on every device the same up to rounding and noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from recto.errors import BadInput
from recto_lab.training.augment import PhotoOptions
from recto_lab.training.device_covers import catalogue_views, composites, identities, take
from recto_lab.training.device_draws import Draws
from recto_lab.training.device_options import Shares
from recto_lab.training.device_scene import OTHERS, photo_views
from recto_lab.training.inputs import Batch

CHUNK = 512
"""Pairs that are made at once; bounds the memory to about 3 GB at 160 x 112 pixels."""


@torch.no_grad()
def make_pairs_on_device(
    covers: Tensor,
    seed: tuple[int, ...],
    chosen: Tensor,
    size: tuple[int, int],
    options: PhotoOptions,
    mixed: float,
    shares: Shares | None = None,
) -> Batch:
    """Pairs of the covers `chosen` (B,) int64 of (N, R, C, 3) uint8, whose device they are made on; labels: `chosen`.

    A quarter of the covers lies on its side, a quarter of the photos is wider than tall, a share `mixed` of the covers
    is composites. `size`: height and width of an upright image; when they are equal, all images are in `portrait` and
    `landscape` is empty. BadInput when the covers have another form.
    """
    if covers.dtype != torch.uint8 or covers.ndim != 4 or covers.shape[1] % 16 or covers.shape[2] % 16:
        raise BadInput(
            "Give the covers as (count, height, width, 3) uint8, with sides that are multiples of 16."
        )
    height, width = size
    chosen = chosen.to(covers.device)
    place = torch.arange(len(chosen))
    stands, tall = place % 4 != 0, place // 4 % 4 != 0  # the cover; the photo
    shapes = torch.stack([stands, tall], 1).flatten() | (height == width)
    rows = _rows(shapes)
    count = int(shapes.sum())
    groups = _Groups(
        covers.new_empty(count, height, width, 3), covers.new_empty(len(shapes) - count, width, height, 3)
    )
    for start in range(0, len(place), CHUNK):
        chunk = place[start : start + CHUNK]
        draws = Draws((*seed, start), len(chunk), covers.device)
        maker = _Maker(covers, draws, size, options, shares or Shares())
        with torch.autocast(covers.device.type, enabled=False):
            new = maker.new_covers(chosen, chosen[start : start + CHUNK], mixed)
            for flags, number, views in maker.views(new, stands[chunk], tall[chunk]):
                groups.put(views, rows[chunk[flags] * 2 + number])
    catalogue, photos = rows.to(covers.device).view(-1, 2).unbind(1)
    return Batch(groups.portrait, groups.landscape, chosen, catalogue, photos)


def _rows(shapes: Tensor) -> Tensor:
    """Row of each image among portraits and landscapes put together, given which images are portraits (M,) bool."""
    return torch.where(shapes, shapes.cumsum(0) - 1, shapes.sum() + (~shapes).cumsum(0) - 1)


@dataclass(frozen=True)
class _Groups:
    portrait: Tensor
    landscape: Tensor

    def put(self, views: Tensor, rows: Tensor) -> None:
        """Images (M, 3, H, W) of one shape into their rows (M,), on the CPU, of the two groups put together."""
        if not len(rows):
            return
        before = len(self.portrait)
        group, first = (self.portrait, 0) if rows[0] < before else (self.landscape, before)
        pixels = views.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        group.index_copy_(0, (rows - first).to(group.device, non_blocking=True), pixels)


@dataclass(frozen=True)
class _Maker:
    """Makes the images of one chunk."""

    bank: Tensor
    draws: Draws
    size: tuple[int, int]
    options: PhotoOptions
    shares: Shares

    def new_covers(self, batch: Tensor, chosen: Tensor, mixed: float) -> Tensor:
        """Covers (B, 3, R, C); what composites take from other covers comes from the batch as often as from any."""
        draws = self.draws
        covers = take(self.bank, chosen)
        any_cover = draws.integers(0, len(self.bank))
        others = torch.where(draws.happens(0.5), batch[draws.integers(0, len(batch))], any_cover)
        part = draws.split(mixed)[0]
        part.change(
            covers, lambda covers, draws: composites(covers, take(self.bank, others[part.rows]), draws)
        )
        return identities(covers, draws, self.shares)

    def views(self, covers: Tensor, stands: Tensor, tall: Tensor) -> Iterator[tuple[Tensor, int, Tensor]]:
        """Flags (B,) of the covers, 0 for their catalogue views or 1 for their photos, and these (M, 3, H, W)."""
        quarters = self.draws.integers(0, 2) * 2 + 1
        for flags in (stands, ~stands):
            rows, draws = self.draws.part(flags)
            lying = None if flags is stands else quarters[rows]
            yield flags, 0, catalogue_views(covers[rows], lying, draws, *self.size, self.shares)
        quarters = quarters * ~stands.to(quarters.device)
        others = self.draws.integers(0, len(self.bank), OTHERS)
        for flags, size in ((tall, self.size), (~tall, self.size[::-1])):
            rows, draws = self.draws.part(flags)
            photos = photo_views(
                covers[rows], quarters[rows], self.bank, others[rows], draws, size, self.options, self.shares
            )
            yield flags, 1, photos
