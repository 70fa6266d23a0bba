"""How well a network finds held-out drawn covers by simulated photos of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recto.encoders.small_network import SmallNetwork
from recto.training.augment import PhotoOptions, photo_view
from recto.training.batches import width_of
from recto.training.covers import map_covers
from recto.training.inputs import as_input
from recto.vectors import RGB

QUERIES = 300


def recall_on_held_out(network: SmallNetwork, path: Path, height: int) -> dict[str, float]:
    """Recall@1 and @10 of one fast simulated photo of each of the first covers among all of the file."""
    covers = map_covers(path)
    rng = np.random.default_rng(0)
    size = (height, width_of(height))
    catalogue = _embed(
        network, [cv2.resize(cover, size[::-1], interpolation=cv2.INTER_AREA) for cover in covers]
    )
    photos = []
    for cover in covers[:QUERIES]:
        others = [covers[other] for other in rng.integers(0, len(covers), 3)]
        photos.append(photo_view(cover, others, rng, *size, PhotoOptions()))
    similarity = _embed(network, photos) @ catalogue.T
    own = similarity.diagonal()[:, None]
    rank = (similarity > own).sum(1)
    return {"recall_1": float((rank < 1).float().mean()), "recall_10": float((rank < 10).float().mean())}


def _embed(network: SmallNetwork, images: list[RGB]) -> Tensor:
    network.eval()
    rows = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(images), 64):
            rows.append(network(as_input(np.stack(images[start : start + 64]))))
    return functional.normalize(torch.cat(rows), dim=1)
