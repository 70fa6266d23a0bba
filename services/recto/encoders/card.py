"""Model cards: what makes the embeddings of one network what they are. No torch here."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Literal

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
OWN_ARCHITECTURES = ("recto_small", "recto_plain")
"""Networks of Recto's own, beside those of torchvision."""


@dataclass(frozen=True)
class Card:
    """A network, its preprocessing and its pooling. Embeddings of two different cards are never compared."""

    name: str
    dimension: int
    architecture: str
    """`recto_small`, `recto_plain`, or the name of a function of `torchvision.models`."""
    input_size: tuple[int, int]
    """Height and width of the network's input in pixels."""
    resize: Literal["centre_crop", "squeeze"]
    """`centre_crop`: torchvision's own, shorter side to `shorter_side`, then the centre is cut out.
    `squeeze`: the whole image is made to fit `input_size`, turned by a quarter when the image is wider than tall."""
    shorter_side: int
    """Length of the shorter side before the centre crop; 0 where nothing is cropped."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    """Mean and standard deviation of RGB in 0 to 1."""
    interpolation: Literal["bilinear", "bicubic"]
    """Pillow's filter of that name, which averages over all pixels that fall together."""
    pooling: Literal["gem3", "avg", "flatten", "own"]
    """`gem3`: generalised mean with p = 3 (Radenovic et al., TPAMI 2018); `avg`: mean; `flatten`: every position;
    `own`: what the network hands to its last linear layer."""
    weights: str
    """File name of the weights, as their publisher calls it."""
    weights_sha256: str
    """SHA-256 of that file, or its first 8 digits, which torchvision puts into the file's name."""
    licence: str
    summary: str
    head: int | None = None
    """Numbers that a linear layer behind the pooling gives, 0 without one. A network of torchvision that has this was
    trained with Recto, and its weights are those of the embedding network, not of the complete model. None:
    torchvision's own; of `recto_small`, a layer of as many numbers as the embedding has."""

    def fingerprint(self) -> dict[str, str]:
        """Everything of the card that changes embeddings, for the recipe.

        A field at its default is left out, so that a field that is new in a card changes no older recipe.
        """
        shown = ("licence", "summary", "weights", "weights_sha256")
        usual = {field.name: field.default for field in fields(self) if field.default is not MISSING}
        return {
            key: str(value)
            for key, value in asdict(self).items()
            if key not in shown and not (key in usual and getattr(self, key) == usual[key])
        }
