"""The network behind `recto_small`: a compact residual CNN, generalised-mean pooling and a linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

DIMENSION = 256
WIDTHS = (32, 64, 144)
"""Channels at strides 4, 8 and 16. Dense 3 x 3 convolutions: on CPUs with bfloat16 they train twice as fast as
depthwise ones of a third of the arithmetic (238 against 112 images a second and core)."""
POOLED = 384


class ConvNorm(nn.Module):
    """Convolution and batch normalisation; folded into one biased convolution for shipping."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, folded: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=folded)
        self.norm: nn.Module = nn.Identity() if folded else nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        result: Tensor = self.norm(self.conv(x))
        return result


class Block(nn.Module):
    """Two convolutions around which the input is carried (He et al., CVPR 2016)."""

    def __init__(self, width: int, folded: bool) -> None:
        super().__init__()
        self.first = ConvNorm(width, width, 3, 1, folded)
        self.second = ConvNorm(width, width, 3, 1, folded)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class SmallNetwork(nn.Module):
    """Normalised images (N, 3, H, W) -> embeddings (N, dimension), not normalised. 1.2 million parameters.

    With the dimension 0 there is no linear layer, and the pooled activations (N, 384) are the embeddings.

    `folded` builds the shipped form without batch normalisation; `fold` turns a trained network into it.
    """

    def __init__(self, folded: bool = False, dimension: int = DIMENSION) -> None:
        super().__init__()
        self.dimension = dimension
        low, middle, high = WIDTHS
        self.trunk = nn.Sequential(
            *(ConvNorm(3, low, 7, 4, folded), nn.ReLU(), Block(low, folded)),
            *(ConvNorm(low, middle, 3, 2, folded), nn.ReLU(), Block(middle, folded), Block(middle, folded)),
            *(ConvNorm(middle, high, 3, 2, folded), nn.ReLU(), Block(high, folded), Block(high, folded)),
            *(ConvNorm(high, POOLED, 1, 1, folded), nn.ReLU()),
        )
        self.head: nn.Module = nn.Linear(POOLED, dimension) if dimension else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Pooling and head run in float32 also under autocast: cubes overflow half precision."""
        activations: Tensor = self.trunk(x)
        with torch.autocast(x.device.type, enabled=False):
            activations = activations.float()
            pooled = (activations * activations * activations).mean((2, 3)).clamp(min=1e-6).pow(1 / 3)
            embedding: Tensor = self.head(pooled)
        return embedding


def fold(network: SmallNetwork) -> SmallNetwork:
    """The same function with every batch normalisation folded into its convolution, in evaluation mode."""
    trained = {name: part for name, part in network.eval().named_modules() if isinstance(part, ConvNorm)}
    shipped = SmallNetwork(folded=True, dimension=network.dimension).eval()
    for name, part in shipped.named_modules():
        if isinstance(part, ConvNorm):
            norm = trained[name].norm
            assert isinstance(norm, nn.BatchNorm2d)
            part.conv.load_state_dict(fuse_conv_bn_eval(trained[name].conv, norm).state_dict())
    shipped.head.load_state_dict(network.head.state_dict())
    return shipped
