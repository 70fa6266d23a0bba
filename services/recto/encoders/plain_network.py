"""The network behind `recto_plain`: four convolutions and three dense layers, the textbook's CNN.

It stands for what a small network learns without tricks, in comparisons; `recto_small` is the better choice.
"""

from __future__ import annotations

from torch import Tensor, nn

WIDTHS = (32, 64, 128, 128)
HIDDEN = (512, 256)


class PlainNetwork(nn.Module):
    """Normalised images (N, 3, side, side) -> embeddings (N, dimension), not normalised.

    After each convolution the resolution is halved; three dense layers read all positions, so that the size of the
    input is fixed.
    """

    def __init__(self, side: int, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        positions = (side // 2 ** len(WIDTHS)) ** 2
        first, second = HIDDEN
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.dense = nn.Sequential(
            *(nn.Linear(WIDTHS[-1] * positions, first), nn.ReLU()), *(nn.Linear(first, second), nn.ReLU())
        )
        self.head = nn.Linear(second, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, side, side) -> (N, dimension)."""
        embedding: Tensor = self.head(self.dense(self.trunk(x)))
        return embedding.float()
