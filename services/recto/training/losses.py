"""The loss: contrast against the batch and a memory, and a term that spreads the embeddings."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.05


class Memory:
    """Catalogue embeddings of the last steps as further negatives (cross-batch memory, Wang et al., CVPR 2020)."""

    def __init__(self, size: int, dimension: int) -> None:
        self.embeddings = torch.zeros(size, dimension)
        self.covers = torch.full((size,), -1, dtype=torch.int64)
        self.filled = 0

    def add(self, embeddings: Tensor, covers: Tensor) -> None:
        """Put in the newest rows and drop the oldest."""
        size = len(self.embeddings)
        self.embeddings = torch.cat([embeddings.detach(), self.embeddings])[:size]
        self.covers = torch.cat([covers, self.covers])[:size]
        self.filled = min(size, self.filled + len(covers))

    def newest(self) -> tuple[Tensor, Tensor]:
        """Embeddings (M, D) and cover numbers (M,) that have been put in."""
        return self.embeddings[: self.filled], self.covers[: self.filled]


def contrast(photos: Tensor, catalogue: Tensor, covers: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
    """InfoNCE over unit rows (B, D) in both directions, and the share of photos whose own cover is nearest.

    A memorised view of a cover of this batch is no negative, whatever was done to its colours.
    """
    remembered, remembered_covers = memory.newest()
    own = torch.arange(len(photos))
    among_batch = photos @ catalogue.T / TEMPERATURE
    among_memory = photos @ remembered.T / TEMPERATURE
    among_memory = among_memory.masked_fill(covers[:, None] == remembered_covers[None], -torch.inf)
    found = functional.cross_entropy(torch.cat([among_batch, among_memory], 1), own)
    back = functional.cross_entropy(among_batch.T, own)
    right = (among_batch.argmax(1) == own).float().mean()
    return (found + back) / 2, right


def spread(embeddings: Tensor) -> Tensor:
    """KoLeo entropy estimate of unit rows (B, D): minus the mean logarithm of the distance to the nearest other row
    (Sablayrolles et al., ICLR 2019; used for copy detection by Pizzi et al., CVPR 2022)."""
    similarity = embeddings @ embeddings.T
    nearest = similarity.masked_fill(torch.eye(len(embeddings), dtype=torch.bool), -1).argmax(1)
    distance = (embeddings - embeddings[nearest]).norm(dim=1)
    return -torch.log(distance + 1e-6).mean()
