"""Writes `torchvision.tsv`, the cards of torchvision's networks, from what torchvision says of them.

    python -m recto.encoders.derive

The table is part of the package, so that cards need no torch and a new torchvision changes no recipe.
"""

from __future__ import annotations

import warnings
from pathlib import PurePosixPath

import torch
from torch import nn

from recto.encoders.torchvision_cards import TABLE
from recto.encoders.torchvision_models import SIGNED, cut, empty_model, names, published


def row(name: str) -> dict[str, str]:
    """The card of a network as a row of the table."""
    weights = published(name)
    transforms = weights.transforms()
    [side], [shorter] = transforms.crop_size, transforms.resize_size
    pooling = "own" if name.startswith(SIGNED) else "gem3"
    return {
        "name": name,
        "dimension": str(dimension(empty_model(name), pooling, side)),
        "input": str(side),
        "shorter_side": str(shorter),
        "interpolation": transforms.interpolation.value,
        "mean": _numbers(transforms.mean),
        "std": _numbers(transforms.std),
        "pooling": pooling,
        "weights": PurePosixPath(weights.url).name,
        "non_commercial": "yes" if "SWAG" in weights.meta.get("license", "") else "no",
        "gflops": f"{weights.meta['_ops']:.2f}",
        "megabytes": f"{weights.meta['_file_size']:.0f}",
    }


def dimension(model: nn.Module, pooling: str, side: int) -> int:
    """Numbers of an embedding: an image without contents passes a network without memory."""
    with torch.inference_mode():
        output = cut(model.to("meta"), pooling)(torch.empty(1, 3, side, side, device="meta"))
    return int(output.shape[1])


def _numbers(values: list[float]) -> str:
    return ",".join(str(value) for value in values)


def main() -> None:
    """Write the table."""
    warnings.simplefilter("ignore")  # old networks warn of their initialisation, which plays no part here
    rows = [row(name) for name in names()]
    lines = ["\t".join(cells) for cells in (rows[0], *(row.values() for row in rows))]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
