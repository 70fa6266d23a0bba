"""The losses: what is asked of the embeddings of a batch.

Each is a module with one call: rows (2B, D), not normalised, and their batch -> the loss, and the share of photos that
are nearest to their own. What a loss has to remember lies in its buffers, so that a checkpoint holds it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from recto_lab.training.config import Loss
from recto_lab.training.inputs import Batch

Result = tuple[Tensor, Tensor]


class Contrastive(nn.Module):
    """InfoNCE in both directions against the batch and a memory, and a term that spreads the embeddings.

    After SSCD (Pizzi et al., CVPR 2022); the memory is that of Wang et al., CVPR 2020.
    """

    covers: Tensor
    embeddings: Tensor
    filled: Tensor
    steps: Tensor

    def __init__(self, config: Loss, dimension: int) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("embeddings", torch.zeros(config.memory, dimension))
        self.register_buffer("covers", torch.full((config.memory,), -1, dtype=torch.int64))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, rows: Tensor, batch: Batch) -> Result:
        """See the module."""
        unit = functional.normalize(rows, dim=1)
        catalogue, photos = unit[batch.catalogue], unit[batch.photos]
        loss, right = self.contrast(photos, catalogue, batch.labels)
        self.steps += 1
        if self.config.memory and int(self.steps) >= self.config.memory_from:
            self.add(catalogue, batch.labels)
        return loss + self.config.spread * (spread(photos) + spread(catalogue)) / 2, right

    def contrast(self, photos: Tensor, catalogue: Tensor, labels: Tensor) -> Result:
        """InfoNCE over unit rows (B, D). A view with the same label, remembered or of this batch, is no negative."""
        filled, own = int(self.filled), torch.arange(len(photos), device=photos.device)
        same = (labels[:, None] == labels[None]).fill_diagonal_(False)
        among_batch = (photos @ catalogue.T / self.config.temperature).masked_fill(same, -torch.inf)
        among_memory = photos @ self.embeddings[:filled].T / self.config.temperature
        among_memory = among_memory.masked_fill(labels[:, None] == self.covers[None, :filled], -torch.inf)
        found = functional.cross_entropy(torch.cat([among_batch, among_memory], 1), own)
        back = functional.cross_entropy(among_batch.T, own)
        right = (among_batch.argmax(1) == own).float().mean()
        return (found + back) / 2, right

    def add(self, embeddings: Tensor, labels: Tensor) -> None:
        """Put the newest rows into the memory and drop the oldest."""
        size = len(self.embeddings)
        self.embeddings = torch.cat([embeddings.detach(), self.embeddings])[:size]
        self.covers = torch.cat([labels, self.covers])[:size]
        self.filled.add_(len(labels)).clamp_(max=size)


class Triplet(nn.Module):
    """A photo is nearer to its own than to another by a margin (Schroff et al., CVPR 2015)."""

    def __init__(self, config: Loss) -> None:
        super().__init__()
        self.config = config

    def forward(self, rows: Tensor, batch: Batch) -> Result:
        """See the module."""
        unit = functional.normalize(rows, dim=1)
        catalogue, photos = unit[batch.catalogue], unit[batch.photos]
        to_own = (photos - catalogue).pow(2).sum(1).clamp(min=1e-12).sqrt()
        distances = torch.cdist(photos, catalogue, compute_mode="donot_use_mm_for_euclid_dist")
        other = batch.labels[:, None] != batch.labels[None]
        usable = other.any(1)
        chosen = self._mine(distances.detach(), to_own.detach(), other)
        to_other = distances.gather(1, chosen[:, None])[:, 0]
        hinge = (to_own - to_other + self.config.margin).clamp(min=0)
        nearest = distances.masked_fill(~other, torch.inf).amin(1)
        return hinge[usable].sum() / usable.sum().clamp(min=1), (to_own < nearest).float().mean()

    def _mine(self, distances: Tensor, to_own: Tensor, other: Tensor) -> Tensor:
        """The negative of each photo, (B,): the nearest; the nearest that is further than its own; or the next one
        that is another's."""
        far = distances.masked_fill(~other, torch.inf)
        if self.config.mining == "hardest":
            return far.argmin(1)
        if self.config.mining == "random":
            count = len(other)
            turned = torch.arange(count, device=other.device)[:, None] + torch.arange(
                1, count + 1, device=other.device
            )
            order = turned % count
            return order.gather(1, other.gather(1, order).int().argmax(1)[:, None])[:, 0]
        behind = far.masked_fill(far <= to_own[:, None], torch.inf)
        return torch.where(
            behind.isinf().all(1), far.masked_fill(~other, -torch.inf).argmax(1), behind.argmin(1)
        )


class Siamese(nn.Module):
    """Pairs of the same are drawn together, others pushed apart to a margin (Hadsell et al., CVPR 2006).

    As many pairs of the one kind as of the other: each photo with its own, and with the cover of the next pair.
    """

    def __init__(self, config: Loss) -> None:
        super().__init__()
        self.config = config

    def forward(self, rows: Tensor, batch: Batch) -> Result:
        """See the module."""
        unit = functional.normalize(rows, dim=1)
        catalogue, photos = unit[batch.catalogue], unit[batch.photos]
        to_own = (photos - catalogue).pow(2).sum(1)
        to_other = (photos - catalogue.roll(1, 0)).pow(2).sum(1).clamp(min=1e-12)
        differs = batch.labels != batch.labels.roll(1, 0)
        pushed = (self.config.margin - to_other.sqrt()).clamp(min=0).pow(2)[
            differs
        ].sum() / differs.sum().clamp(min=1)
        right = (photos @ catalogue.T).argmax(1)
        return (to_own.mean() + pushed) / 2, (batch.labels[right] == batch.labels).float().mean()


class Classification(nn.Module):
    """Cross entropy of a linear classifier over the embeddings; `right` is the share of images named rightly."""

    def __init__(self, config: Loss, dimension: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.classifier = nn.Linear(dimension, classes)

    def forward(self, rows: Tensor, batch: Batch) -> Result:
        """See the module."""
        scores = self.classifier(rows[torch.cat([batch.catalogue, batch.photos])])
        labels = batch.labels.repeat(2)
        loss = functional.cross_entropy(scores, labels, label_smoothing=self.config.label_smoothing)
        return loss, (scores.argmax(1) == labels).float().mean()


def make_loss(config: Loss, dimension: int, labels: int) -> nn.Module:
    """The loss of a configuration for embeddings of that dimension and so many labels."""
    if config.kind == "classification":
        return Classification(config, dimension, labels)
    if config.kind == "contrastive":
        return Contrastive(config, dimension)
    return Triplet(config) if config.kind == "triplet" else Siamese(config)


def spread(embeddings: Tensor) -> Tensor:
    """KoLeo entropy estimate of unit rows (B, D): minus the mean logarithm of the distance to the nearest other row
    (Sablayrolles et al., ICLR 2019; used for copy detection by Pizzi et al., CVPR 2022)."""
    similarity = embeddings @ embeddings.T
    itself = torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    nearest = similarity.masked_fill(itself, -1).argmax(1)
    distance = (embeddings - embeddings[nearest]).norm(dim=1)
    return -torch.log(distance + 1e-6).mean()
