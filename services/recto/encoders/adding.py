"""Adding an encoder: a folder with a card and weights is tried out, then kept with the images. Imports torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from recto.encoders import pca
from recto.encoders.added import added_name
from recto.encoders.card import Card
from recto.encoders.card_document import MAX_BYTES, read_card, write_card
from recto.encoders.networks import build_network
from recto.encoders.preprocess import preprocess
from recto.encoders.spec import parse_spec
from recto.encoders.torch_runner import TorchRunner
from recto.encoders.weights import read_state
from recto.errors import BadInput, WrongFormat
from recto.storage.blobs import Blobs
from recto.vectors import Floats

CARD, WEIGHTS, PROJECTION = "card.json", "weights.pt", "projection.npz"
"""The files of such a folder, as `recto train` leaves it; the last one may be absent."""
MAX_PROJECTION = 128 * 1024**2
MAX_WEIGHTS = 1024**3
"""Bytes of weights: each process reads them from the store into memory; VGG16 has 0.5 GiB."""
TALL, WIDE = (240, 180, 3), (180, 240, 3)


@dataclass(frozen=True)
class Added:
    """What became of a folder."""

    card: Card
    """Under the name that specs have from now on."""
    spec: str
    """What to use: that name, with the projection where the folder has one."""
    dimension: int
    """Numbers of an embedding of `spec`."""
    is_new: bool
    """False where the store had it already."""


def add_encoder(folder: Path, name: str, blobs: Blobs) -> Added:
    """Keep the encoder of a folder in the store, under the name given or else the one on its card.

    The network is built and embeds two pictures first; nothing is stored of one that does not fit its card.

    Raises:
        BadInput: the folder holds no such files, or the weights do not fit the card; the message says what is wrong.
        WrongFormat: the card was written by another version of Recto.
        Unavailable: the store cannot be written.
    """
    card, weights = _read(folder, name)
    projection = _read_projection(folder, card)
    _try_out(card, weights)
    document = write_card(card)
    is_new = hashlib.sha256(document).hexdigest() not in blobs.list_models(MAX_BYTES)
    blobs.put_model(weights)  # before the card: whoever finds a card finds its weights
    blobs.put_model(document)
    added = replace(card, name=added_name(card.name, document))
    if projection is None:
        return Added(added, added.name, card.dimension, is_new)
    data, size = pca.save(replace(projection, spec=added.name)), len(projection.matrix)
    is_new = is_new or blobs.find_model(hashlib.sha256(data).hexdigest()) is None
    spec = parse_spec(added.name).projected(size, blobs.put_model(data))
    return Added(added, str(spec), size, is_new)


def _read(folder: Path, name: str) -> tuple[Card, bytes]:
    """The card and the weights of a folder; the card names the weights by their SHA-256."""
    card = read_card(_file(folder / CARD, MAX_BYTES))
    weights = _file(folder / WEIGHTS, MAX_WEIGHTS)
    sha256 = hashlib.sha256(weights).hexdigest()
    if card.weights_sha256 not in ("", sha256):
        raise BadInput(
            f"{folder / WEIGHTS} is not the file that {CARD} names: its SHA-256 is {sha256[:12]}..., not "
            f"{card.weights_sha256[:12]}... Copy the whole folder again."
        )
    kept = replace(card, name=name or card.name, weights=WEIGHTS, weights_sha256=sha256)
    return read_card(write_card(kept)), weights  # the name that was given is checked like that of a card


def _read_projection(folder: Path, card: Card) -> pca.Projection | None:
    """The projection of a folder, which fits the numbers of its card; None where there is none."""
    path = folder / PROJECTION
    if not path.exists():
        return None
    try:
        projection = pca.load(_file(path, MAX_PROJECTION))
    except WrongFormat as error:
        raise BadInput(f"{path}: {error}") from None
    if projection.matrix.shape[1] != card.dimension:
        raise BadInput(
            f"{path} is for embeddings of {projection.matrix.shape[1]} numbers; the card says {card.dimension}."
        )
    return projection


def _file(path: Path, most: int) -> bytes:
    try:
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise BadInput(f"{path} is not there; name the folder `encoder` that `recto train` leaves.")
        if size > most:
            raise BadInput(f"{path} has {size:,} bytes; {most:,} are the most.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}).") from None


def _try_out(card: Card, weights: bytes) -> None:
    """Embed a tall and a wide picture.

    Raises:
        BadInput: that fails, or gives other vectors than the card says.
    """
    try:
        network = build_network(card, read_state(weights, WEIGHTS))
        rows = _embeddings(card, TorchRunner(network, torch.device("cpu")))
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise BadInput(f"The network of this folder does not run as its card says: {said}") from error
    if rows.shape[1:] != (card.dimension,):
        raise BadInput(f"The network gives {rows.shape[1]} numbers an image; its card says {card.dimension}.")
    if not np.isfinite(rows).all() or (np.linalg.norm(rows, axis=1) < 0.5).any():
        raise BadInput(
            "The network gives embeddings that are no numbers, or nothing but 0: it is not trained."
        )


def _embeddings(card: Card, run: TorchRunner) -> Floats:
    chance = np.random.default_rng(1)
    pictures = [chance.integers(0, 256, shape, dtype=np.uint8) for shape in (TALL, WIDE)]
    return np.concatenate([run(preprocess(picture, card)[None]) for picture in pictures])
