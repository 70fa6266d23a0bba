"""The cards of torchvision's networks, read from the table that `recto.encoders.derive` wrote. No torch here."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from recto.encoders.card import Card

TABLE = Path(__file__).parent / "torchvision.tsv"
LICENCE = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms allow research"
NON_COMMERCIAL = (
    "CC-BY-NC-4.0 (SWAG): not for commercial use; trained on ImageNet, whose terms allow research"
)


@cache
def torchvision_cards() -> Mapping[str, Card]:
    """Every network of torchvision that classifies images, with its first weights."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        cards = [_card(row) for row in csv.DictReader(file, delimiter="\t")]
    return MappingProxyType({card.name: card for card in cards})


def _card(row: dict[str, str]) -> Card:
    side = int(row["input"])
    return Card(
        name=row["name"],
        dimension=int(row["dimension"]),
        architecture=row["name"],
        input_size=(side, side),
        resize="centre_crop",
        shorter_side=int(row["shorter_side"]),
        mean=_rgb(row["mean"]),
        std=_rgb(row["std"]),
        interpolation=cast("Literal['bilinear', 'bicubic']", row["interpolation"]),
        pooling=cast("Literal['gem3', 'own']", row["pooling"]),
        weights=row["weights"],
        weights_sha256=row["weights"].split("-")[-1].removesuffix(".pth"),
        licence=NON_COMMERCIAL if row["non_commercial"] == "yes" else LICENCE,
        summary=f"{row['gflops']} GFLOP an image, {row['megabytes']} MB of weights.",
    )


def _rgb(text: str) -> tuple[float, float, float]:
    red, green, blue = (float(number) for number in text.split(","))
    return red, green, blue
