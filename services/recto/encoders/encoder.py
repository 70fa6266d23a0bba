"""The encoder: a loaded network that embeds images. Imports torch; reach it through `recto.encoders.load_encoder`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import torch

from recto.encoders.added import is_added, known_card, stored_weights
from recto.encoders.card import Card
from recto.encoders.networks import build_network
from recto.encoders.pca import Projection
from recto.encoders.preprocess import preprocess
from recto.encoders.projections import load_projection
from recto.encoders.runners import runner_for, threads
from recto.encoders.spec import Spec
from recto.encoders.table import card_of_whole
from recto.encoders.torch_runner import Runner
from recto.encoders.weights import State, load_weights, read_state
from recto.settings import Settings
from recto.storage.blobs import Blobs, open_blobs
from recto.vectors import RGB, Floats

_loaded: WeakValueDictionary[tuple[Spec, str, str, str, Path], Encoder] = WeakValueDictionary()
"""What somebody in this process holds: an encoder that a re-index replaced gives its memory back."""
_loading = threading.Lock()


class Encoder:
    """Embeds images; one per process and spec, safe to use from several threads.

    `card` has the name and the dimension of the whole; `network` is the card of the network inside, which says how
    images are prepared.
    """

    is_broken = False
    """True once its device failed, see `recto.encoders.device`."""

    def __init__(
        self, card: Card, network: Card, run: Runner, projection: Projection | None, parts: Mapping[str, str]
    ) -> None:
        self.card = card
        self._network = network
        self._run = run
        self._projection = projection
        self._parts = parts

    def embed(self, images: Sequence[RGB]) -> Floats:
        """RGB images of any size -> (N, card.dimension) float32, rows of length 1.

        Errors are torch's or OpenVINO's own; `recto.encoders.device.embed` says what they mean.
        """
        rows = np.zeros((len(images), self._network.dimension), np.float32)
        upright = [image.shape[0] >= image.shape[1] for image in images]
        order = sorted(range(len(images)), key=upright.__getitem__)  # images of one shape can pass together
        for _, same_shape in groupby(order, key=upright.__getitem__):
            places = list(same_shape)
            size = self._run.batch
            for batch in (places[start : start + size] for start in range(0, len(places), size)):
                rows[batch] = self._run(
                    torch.stack([preprocess(images[place], self._network) for place in batch])
                )
        return rows if self._projection is None else self._projection.apply(rows)

    def projected(self, projection: Projection) -> Encoder:
        """The same network with a projection behind it."""
        card = replace(self.card, dimension=len(projection.matrix))
        return Encoder(card, self._network, self._run, projection, self._parts)

    @property
    def view_side(self) -> int:
        """Pixels that the shorter side of an image should have at least: with fewer, it is enlarged."""
        return max(self._network.shorter_side, *self._network.input_size)

    def fingerprint(self) -> dict[str, str]:
        """What makes these embeddings comparable with each other only: the card of the network, the weights really
        loaded, the projection, and the backend where the spec names one."""
        return {**self._network.fingerprint(), **self._parts}


def load(spec: Spec, settings: Settings) -> Encoder:
    """The encoder of a spec, from memory when this process has it already."""
    key = (spec, settings.weights_dir, settings.device, settings.backend, settings.data_dir)
    with _loading:
        encoder = _loaded.get(key)
        if encoder is None:
            encoder = _loaded[key] = _open(spec, settings)
        return encoder


def _open(spec: Spec, settings: Settings) -> Encoder:
    blobs = open_blobs(settings)
    network = known_card(spec.network, blobs)
    torch.set_num_threads(threads(settings))
    projection, parts = None, {}
    if spec.pca_size:  # before the weights: they take longer to load than to find that this is missing
        projection, parts["pca"] = load_projection(spec, network.dimension, blobs)
    state, parts["weights"] = _weights(network, blobs, settings)
    if spec.backend:
        parts["backend"] = spec.backend
    run = runner_for(spec, network, build_network(network, state), settings)
    return Encoder(card_of_whole(spec, network), network, run, projection, parts)


def _weights(network: Card, blobs: Blobs, settings: Settings) -> tuple[State, str]:
    """The state dict of a network and the SHA-256 of the file it came from."""
    if not is_added(network.name):
        return load_weights(network, settings)
    return read_state(stored_weights(network, blobs), network.weights), network.weights_sha256
