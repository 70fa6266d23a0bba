"""How well a network finds what it never learned from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.vectors import RGB
from recto_lab.training.augment import light_view, photo_view, plain_view
from recto_lab.training.batches import NEIGHBOURS, photo_options
from recto_lab.training.config import Config
from recto_lab.training.inputs import Colours, as_input
from recto_lab.training.sources import Images

BATCH = 64


class Judge:
    """Judges networks by the held-out pictures of a run; the same ones each time.

    Of covers, a simulated photo of each of the first ones is searched among all. Of classes, each picture among the
    others: found when the nearest is of its class; or, with a classifier, when that names its class first.
    """

    def __init__(self, config: Config, held_out: Images, colours: Colours) -> None:
        self.config, self.held_out, self.colours = config, held_out, colours

    def recall(
        self,
        network: nn.Module,
        size: tuple[int, int],
        dtype: torch.dtype,
        classifier: nn.Module | None = None,
    ) -> dict[str, float]:
        """Recall@1 and @10 with inputs of that height and width."""
        pictures, labels = self.held_out.open(), torch.from_numpy(self.held_out.labels)
        catalogue = self.embed(network, (plain_view(picture, *size) for picture in pictures), dtype)
        if classifier is not None:
            scores, of_columns, asked = (
                classify(classifier, catalogue),
                torch.arange(len(self.held_out.names)),
                labels,
            )
        else:
            catalogue, of_columns = functional.normalize(catalogue, dim=1), labels
            if self.config.has_classes:
                scores, asked = (catalogue @ catalogue.T).fill_diagonal_(-2), labels
            else:
                photos = functional.normalize(self.embed(network, self.photos(pictures, size), dtype), dim=1)
                scores, asked = photos @ catalogue.T, labels[: len(photos)]
        same = asked[:, None] == of_columns[None]
        own = scores.masked_fill(~same, -torch.inf).amax(1, keepdim=True)
        rank = ((scores > own) & ~same).sum(1)
        return {f"recall_{depth}": float((rank < depth).float().mean()) for depth in (1, 10)}

    def photos(self, pictures: RGB, size: tuple[int, int]) -> Iterator[RGB]:
        """One view of each of the first pictures, as the training sees them."""
        rng, augmentation = np.random.default_rng(0), self.config.augmentation
        options = photo_options(augmentation)
        for picture in pictures[: self.config.validation.queries]:
            others = [pictures[other] for other in rng.integers(0, len(pictures), NEIGHBOURS)]
            if augmentation.kind == "light":
                yield light_view(picture, rng, *size)
            else:
                yield photo_view(picture, others, rng, *size, options)

    @torch.no_grad()
    def embed(self, network: nn.Module, images: Iterator[RGB], dtype: torch.dtype) -> Tensor:
        """Images of the network's size -> (N, dimension) float32 on the CPU, not normalised."""
        network.eval()
        rows: list[Tensor] = []
        batch: list[RGB] = []
        for image in images:
            batch.append(image)
            if len(batch) == BATCH:
                rows.append(self._rows(network, batch, dtype))
                batch = []
        if batch:
            rows.append(self._rows(network, batch, dtype))
        return torch.cat(rows)

    def _rows(self, network: nn.Module, images: list[RGB], dtype: torch.dtype) -> Tensor:
        device = next(network.parameters()).device
        tensor = torch.from_numpy(np.stack(images)).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
            embedded: Tensor = network(as_input(tensor, self.colours))
        return embedded.float().cpu()


@torch.no_grad()
def classify(classifier: nn.Module, embeddings: Tensor) -> Tensor:
    """Scores (N, classes) of embeddings (N, dimension) on the CPU."""
    scores: Tensor = classifier(embeddings.to(next(classifier.parameters()).device))
    return scores.cpu()
