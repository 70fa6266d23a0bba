"""Encoders: networks that turn images into unit vectors. Importing this package loads no torch; `load_encoder` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recto.encoders.added import added_cards, known_card
from recto.encoders.card import Card
from recto.encoders.spec import Spec, parse_spec
from recto.encoders.table import CARDS, all_cards, card

if TYPE_CHECKING:
    from recto.encoders.encoder import Encoder
    from recto.encoders.learning import learn_pca
    from recto.settings import Settings

__all__ = [
    "CARDS",
    "Card",
    "Encoder",
    "Spec",
    "added_cards",
    "all_cards",
    "card",
    "known_card",
    "learn_pca",
    "load_encoder",
    "parse_spec",
]

_LATE = {"Encoder": "recto.encoders.encoder", "learn_pca": "recto.encoders.learning"}
"""What is imported on first use, because its module imports numpy or torch."""


def load_encoder(spec: str, settings: Settings) -> Encoder:
    """The encoder of a spec, loaded once per process and settings; safe to call from several threads.

    Raises:
        BadInput: there is no encoder of that name, or its weights or projection do not fit.
        BadSetting: the device, the backend or the folder of weights cannot be used.
        NotFound: the projection or the added network that the spec names is not in the store.
        WrongFormat: one of them is damaged there.
        WeightsMissing: the weights are neither here nor to be downloaded; the message says the ways out.
    """
    from recto.storage.blobs import open_blobs

    known_card(spec, open_blobs(settings))  # what is wrong with a name is said before torch is imported
    from recto.encoders.encoder import load

    return load(parse_spec(spec), settings)


def __getattr__(name: str) -> object:
    """`recto.encoders.Encoder` and `learn_pca`."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
