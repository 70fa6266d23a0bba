"""Batches as the network takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from recto.vectors import RGB
from recto_lab.training.batches import Pairs

Colours = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Mean and standard deviation of RGB in 0 to 1."""


@dataclass(frozen=True)
class Batch:
    """Views of B pictures on the device of the training, as `recto_lab.training.batches.Pairs` has them.

    `portrait` (P, height, width, 3) and `landscape` (L, width, height, 3) uint8; of the rows of the two put together,
    `catalogue[i]` (B,) is the catalogue's view of the picture with the label `labels[i]`, and `photos[i]` its photo.
    """

    portrait: Tensor
    landscape: Tensor
    labels: Tensor
    catalogue: Tensor
    photos: Tensor

    def groups(self) -> list[Tensor]:
        """The images in the order of the rows; those of one shape pass the network together."""
        return [images for images in (self.portrait, self.landscape) if len(images)]

    def with_rows(self, labels: Tensor, catalogue: Tensor, photos: Tensor) -> Batch:
        """The same images with other rows."""
        return replace(self, labels=labels, catalogue=catalogue, photos=photos)


def to_batch(pairs: Pairs, device: torch.device) -> Batch:
    """Pairs that a worker made, on the device."""
    arrays = (pairs.portrait, pairs.landscape, pairs.labels, pairs.catalogue, pairs.photos)
    return Batch(*(torch.from_numpy(array).to(device, non_blocking=True) for array in arrays))


def as_input(images: RGB | Tensor, colours: Colours) -> Tensor:
    """RGB images (N, H, W, 3) uint8 -> normalised (N, 3, H, W) float32 in channels-last memory."""
    pixels = images if isinstance(images, Tensor) else torch.from_numpy(images)
    mean, std = (torch.tensor(values, device=pixels.device).view(1, 3, 1, 1) * 255 for values in colours)
    return (pixels.permute(0, 3, 1, 2).float() - mean) / std
