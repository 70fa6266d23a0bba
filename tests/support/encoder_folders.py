"""Folders as `recto train` leaves them: a card and weights, here of networks with random weights."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from recto.encoders import CARDS, Card
from recto.encoders.card_document import write_card
from recto.encoders.small_network import SmallNetwork, fold
from recto.encoders.torchvision_models import models


def small_folder(folder: Path, *, seed: int = 1, name: str = "mine", **changes: Any) -> Path:
    """A folder with our small network in half precision; `changes` are fields of its card."""
    torch.manual_seed(seed)
    state = {key: value.half() for key, value in fold(SmallNetwork()).state_dict().items()}
    card = replace(CARDS["recto_small"], name=name, licence="none", summary="A test's own.")
    return write_folder(folder, card, state, **changes)


def squeezenet_folder(folder: Path) -> Path:
    """A folder with a network of torchvision."""
    torch.manual_seed(2)
    state = models.get_model("squeezenet1_1", weights=None).state_dict()
    return write_folder(folder, replace(CARDS["squeezenet1_1"], name="my_squeezenet"), state)


def write_folder(folder: Path, card: Card, state: dict[str, Any], **changes: Any) -> Path:
    """Write both files; the card has the SHA-256 of the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "weights.pt")
    sha256 = hashlib.sha256((folder / "weights.pt").read_bytes()).hexdigest()
    card = replace(card, **{"weights": "weights.pt", "weights_sha256": sha256, **changes})
    (folder / "card.json").write_bytes(write_card(card))
    return folder
