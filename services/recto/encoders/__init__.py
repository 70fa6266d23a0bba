"""Encoders: networks that turn images into unit vectors. Importing this package loads no torch; `load_encoder` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recto.encoders.card import Card
from recto.encoders.table import CARDS, card

if TYPE_CHECKING:
    from recto.encoders.encoder import Encoder
    from recto.settings import Settings

__all__ = ["CARDS", "Card", "Encoder", "card", "load_encoder"]


def load_encoder(name: str, settings: Settings) -> Encoder:
    """The encoder of that name, loaded once per process and settings; safe to call from several threads.

    Raises:
        BadInput: there is no encoder of that name, or its weights do not fit.
        BadSetting: the device or the folder of weights cannot be used.
        WeightsMissing: the weights are neither here nor to be downloaded; the message says the ways out.
    """
    chosen = card(name)
    from recto.encoders.encoder import load

    return load(chosen, settings)


def __getattr__(name: str) -> object:
    """`recto.encoders.Encoder`, for those who name the type: imported on first use, because it imports torch."""
    if name != "Encoder":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recto.encoders.encoder import Encoder

    return Encoder
