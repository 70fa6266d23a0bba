"""Batches and photos made on the CPU by the simulator for devices, with the effects that a test asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from recto_lab.training.augment import PhotoOptions
from recto_lab.training.device_camera import camera
from recto_lab.training.device_covers import take
from recto_lab.training.device_draws import Draws
from recto_lab.training.device_options import Shares
from recto_lab.training.device_scene import OTHERS, photo_views
from recto_lab.training.device_views import make_pairs_on_device
from recto_lab.training.inputs import Batch

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
HEIGHT, WIDTH = 128, 96
NOTHING = Shares(**dict.fromkeys(Shares.__dataclass_fields__, 0.0))
PLAIN = replace(NOTHING, flat=1.0)
STRAIGHT = PhotoOptions(turn=0, quarter_turn=0, any_turn=0, smallest=0.9, largest=0.9, perspective=0)
CPU = torch.device("cpu")


def make_batch(covers: Tensor, step: int = 3, size: tuple[int, int] = (96, 64), **changes: object) -> Batch:
    chosen = torch.arange(32)
    return make_pairs_on_device(covers, (1, step), chosen, size, PhotoOptions(), 0.35, **changes)  # type: ignore[arg-type]


def make_photos(
    covers: Tensor,
    shares: Shares = PLAIN,
    options: PhotoOptions = STRAIGHT,
    seed: int = 0,
    bank: Tensor | None = None,
) -> Tensor:
    """A photo of each cover, (B, 3, HEIGHT, WIDTH)."""
    bank = covers if bank is None else bank
    draws = Draws((seed, 0), len(covers), CPU)
    others = torch.randint(len(bank), (len(covers), OTHERS), generator=torch.Generator().manual_seed(seed))
    images, upright = take(covers, torch.arange(len(covers))), torch.zeros(len(covers), dtype=torch.int64)
    return photo_views(images, upright, bank, others, draws, (HEIGHT, WIDTH), options, shares)


def film(scenes: Tensor, **shares: float) -> Tensor:
    """What a camera with some effects makes of scenes."""
    scenes = scenes.clone()
    camera(scenes, Draws((5, 5), len(scenes), CPU), replace(NOTHING, **shares))
    return scenes


def energy(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, (B,)."""
    across, down = images.diff(dim=3), images.diff(dim=2)
    return (across**2).mean((1, 2, 3)) + (down**2).mean((1, 2, 3))


def image_of(pairs: Batch, row: int) -> Floats:
    before = len(pairs.portrait)
    image = pairs.portrait[row] if row < before else pairs.landscape[row - before]
    return image.numpy().astype(np.float64)
